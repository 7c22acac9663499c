"""What schemathesis cannot know: who asks, a right password now and then, and how all stays as it was.

schemathesis imports it in an environment of its own, so it needs the standard library only. Environment:
SERVICE, the service's address; ADMIN_TOKEN, an administrator's; ACCOUNT and ACCOUNT_PASSWORD, of a user whose
sessions and password are changed here; AS, "nobody" or "admin".
"""

import http.client
import json
import os
import re
from itertools import count
from urllib.parse import urlsplit
from uuid import uuid4

import schemathesis

SERVICE = urlsplit(os.environ["SERVICE"])
TOKEN = os.environ["ADMIN_TOKEN"]
ACCOUNT = {"name": os.environ["ACCOUNT"], "password": os.environ["ACCOUNT_PASSWORD"]}
# Of a session, whatever else somebody has.
OF_SESSIONS = ("getSession", "logOut", "setPassword")
# A wrong password there makes the next one wait.
OF_PASSWORDS = ("setUp", "logIn", "setPassword")
turns = count()


def ask(method, path, body, **fields):
    """An answer of the service's, and its body."""
    connection = http.client.HTTPConnection(SERVICE.hostname, SERVICE.port, timeout=60)
    try:
        content = None if body is None else json.dumps(body)
        connection.request(method, f"{SERVICE.path}/api/v1{path}", content,
                           {"Content-Type": "application/json", **fields})
        answer = connection.getresponse()
        return answer, json.loads(answer.read() or b"null")
    finally:
        connection.close()


def as_admin(method, path, body=None, **fields):
    answer, content = ask(method, path, body, Authorization=f"Bearer {TOKEN}", **fields)
    assert answer.status in (200, 201), (method, path, answer.status, content)
    return content


def log_in():
    """A new session of the account, which also makes good the failures before it."""
    answer, session = ask("POST", "/session", ACCOUNT)
    assert answer.status == 200, (answer.status, session)
    return {"cookie": re.search(r"m3u_session=([^;]+)", answer.headers["Set-Cookie"])[1],
            "csrf": session["csrf_token"]}


def name_of(case):
    return case.operation.definition.raw["operationId"]


@schemathesis.serializer("application/toml")
def toml(_, value):
    return {"data": value if isinstance(value, bytes) else str(value).encode("utf-8", "replace")}


if os.environ["AS"] == "admin":
    @schemathesis.auth(refresh_interval=None)
    class Administrator:
        """By a token; where only a session will do, by a new one of the account."""

        def get(self, case, _):
            return log_in() if name_of(case) in OF_SESSIONS else {"token": TOKEN}

        def set(self, case, who, _):
            if "token" in who:
                case.headers["Authorization"] = f"Bearer {who['token']}"
            else:
                case.cookies["m3u_session"] = who["cookie"]
                case.headers["X-CSRF-Token"] = who["csrf"]


# Who asks, and by what: schemathesis tries ids that it has seen in answers.
STAYS = {one["id"] for path in ("/users", "/tokens") for one in as_admin("GET", path)["items"]}


@schemathesis.hook
def before_call(_, case, _arguments):
    """Nobody takes away what the run goes on with; every second time a right form is right altogether."""
    for name, value in dict(case.path_parameters or {}).items():
        if case.method != "GET" and str(value) in STAYS:
            case.path_parameters[name] = str(uuid4())
    if not case.meta or not case.meta.generation.mode.is_positive or next(turns) % 2:
        return
    if name_of(case) == "logIn":
        case.body = dict(ACCOUNT)
    elif name_of(case) == "setPassword":
        case.body = {**case.body, "old": ACCOUNT["password"]}


@schemathesis.hook
def after_call(_, case, response):
    """Nobody has to wait for somebody else's mistakes, and the account's password is what it was."""
    if name_of(case) not in OF_PASSWORDS:
        return
    if name_of(case) == "setPassword" and response.status_code == 200:
        account = next(user for user in as_admin("GET", "/users")["items"] if user["name"] == ACCOUNT["name"])
        as_admin("PUT", f"/users/{account['id']}", {**ACCOUNT, "role": account["role"]}, **{"If-Match": "*"})
    log_in()
