"""A client of the API: logs in, sends the CSRF token, reads JSON."""

import http.client
import json
import math
import re
import time
from urllib.parse import urlsplit

from kept_secrets import PERSON as PASSWORD
from service import SOON, Answer, Service


class Client:
    """One person or program; every call is a connection of its own."""

    def __init__(self, service, token=None):
        self.base = urlsplit(service.address)
        self.token = token
        self.cookie = None
        self.csrf = None

    def ask(self, method, path, body=None, headers=None, raw=None):
        """`body` goes as JSON, `raw` as it is."""
        fields = dict(headers or {})
        content = raw
        if body is not None:
            content = json.dumps(body).encode()
            fields.setdefault("Content-Type", "application/json")
        if self.token:
            fields.setdefault("Authorization", f"Bearer {self.token}")
        if self.cookie:
            fields.setdefault("Cookie", f"m3u_session={self.cookie}")
            fields.setdefault("X-CSRF-Token", self.csrf)
        connection = http.client.HTTPConnection(self.base.hostname, self.base.port, timeout=2 * SOON)
        try:
            connection.request(method, f"{self.base.path}/api/v1{path}", content, fields)
            answer = Answer(connection.getresponse())
        finally:
            connection.close()
        kind = answer.headers.get("content-type", "")
        answer.json = json.loads(answer.text) if "json" in kind and answer.body else None
        return answer

    def get(self, path, **options):
        return self.ask("GET", path, **options)

    def post(self, path, body=None, **options):
        return self.ask("POST", path, body, **options)

    def put(self, path, body=None, **options):
        return self.ask("PUT", path, body, **options)

    def delete(self, path, **options):
        return self.ask("DELETE", path, **options)

    def take_session(self, answer):
        """Goes on as who has just logged in."""
        assert answer.status == 200, answer.text
        self.cookie = re.search(r"m3u_session=([^;]+)", answer.headers["set-cookie"])[1]
        self.csrf = answer.json["csrf_token"]
        return self

    def log_in(self, name="anna", password=PASSWORD):
        return self.take_session(self.post("/session", {"name": name, "password": password}))


class Events:
    """What somebody hears who listens to events, from now on; use it in a `with`."""

    def __init__(self, client, query=""):
        self.connection = http.client.HTTPConnection(client.base.hostname, client.base.port,
                                                     timeout=SOON)
        fields = {"Authorization": f"Bearer {client.token}"} if client.token else {
            "Cookie": f"m3u_session={client.cookie}"}
        self.connection.request("GET", f"{client.base.path}/api/v1/events{query}", headers=fields)
        self.answer = self.connection.getresponse()
        self.heard = []

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.connection.close()

    def next(self, end=math.inf):
        """The fields of the next event; `data` is read."""
        fields = {}
        while True:
            line = self.answer.readline().decode()
            assert line, "the service has closed the stream"
            assert time.monotonic() < end, f"it did not come after {self.heard[-1:]}"
            if line == "\n" and fields:
                self.heard.append({**fields, "data": json.loads(fields["data"])})
                return self.heard[-1]
            name, _, value = line.rstrip("\n").partition(": ")
            if name.strip(":"):  # else it only says that it is still there
                fields[name] = value

    def until(self, event, **wanted):
        """The data of the next event of that name in which `wanted` is so."""
        end = time.monotonic() + SOON
        while True:
            fields = self.next(end)
            if fields["event"] == event and wanted.items() <= fields["data"].items():
                return fields["data"]


def administrator(service: Service) -> Client:
    """Makes the first administrator, anna, by the link that the service printed."""
    client = Client(service)
    secret = re.search(r"#/setup\?token=(\S+)", service.printed)[1]
    return client.take_session(
        client.post("/setup", {"token": secret, "name": "anna", "password": PASSWORD}))
