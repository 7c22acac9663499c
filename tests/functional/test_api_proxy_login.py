"""Login by the word of a trusted proxy: who comes in, and what an attacker tries."""

import contextlib
import http.client
import json
import re
import socket
import time

import pytest
from api_client import PASSWORD, Client, administrator
from service import Answer, Service, wait_until

TRUSTED = "127.0.0.1"
ELSEWHERE = "127.0.0.2"


def configuration(folder, login, proxies=f'"{TRUSTED}"'):
    path = folder / "service.toml"
    path.write_text(f"[http]\ntrusted_proxies = [{proxies}]\n\n[login]\n{login}")
    return path


class Proxied(Client):
    """What a person does through a proxy that asked for the password."""

    def __init__(self, service, fields, source=TRUSTED):
        super().__init__(service)
        self.fields = fields
        self.source = source

    def ask(self, method, path, body=None, headers=None, raw=None):
        fields = {**self.fields, **(headers or {})}
        if self.cookie:
            fields.setdefault("Cookie", f"m3u_session={self.cookie}")
        if self.csrf:
            fields.setdefault("X-CSRF-Token", self.csrf)
        content = raw if body is None else json.dumps(body).encode()
        if body is not None:
            fields.setdefault("Content-Type", "application/json")
        connection = http.client.HTTPConnection(self.base.hostname, self.base.port, timeout=60,
                                                source_address=(self.source, 0))
        try:
            connection.request(method, f"/api/v1{path}", content, fields)
            answer = Answer(connection.getresponse())
        finally:
            connection.close()
        kind = answer.headers.get("content-type", "")
        answer.json = json.loads(answer.text) if "json" in kind and answer.body else None
        return answer

    def enter(self):
        shown = self.get("/session")
        assert shown.status == 200, shown.text
        self.csrf = shown.json["csrf_token"]
        return shown.json["user"]


def said(service, *fields, path="/api/v1/session", source=TRUSTED):
    """The status and the body of an answer to fields that are sent as they are."""
    with socket.create_connection((service.base_host, service.base_port), 10,
                                  source_address=(source, 0)) as stream:
        head = f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n".encode()
        stream.sendall(head + b"".join(field + b"\r\n" for field in fields) + b"\r\n")
        answer = b""
        while part := stream.recv(65536):
            answer += part
    return int(answer.split(b" ", 2)[1]), answer.split(b"\r\n\r\n", 1)[1].decode()


@pytest.fixture(name="service", scope="module")
def a_service(tmp_path_factory):
    folder = tmp_path_factory.mktemp("login")
    config = configuration(folder, 'user_header = "Remote-User"\nnew_users = "viewer"\n')
    with Service(folder / "data", "--config", config) as service:
        service.admin = administrator(service)
        service.base_host, service.base_port = service.admin.base.hostname, service.admin.base.port
        yield service


def test_who_the_proxy_names_is_in(service):
    maria = Proxied(service, {"Remote-User": "maria"})
    user = maria.enter()
    assert user["name"] == "maria" and user["role"] == "viewer"
    assert maria.enter() == user
    assert maria.get("/sources").status == 200
    assert maria.get("/users").status == 403
    # No password, so nobody comes in with one.
    row = next(one for one in service.admin.get("/users").json["items"] if one["name"] == "maria")
    assert not row["has_password"]
    assert Client(service).post("/session", {"name": "maria", "password": "x"}).status == 401
    assert maria.put("/session/password", {"old": "x", "new": "geheim, a longer password"}).status == 403
    # And without the proxy's word the login is over: nothing was left in the browser.
    assert "set-cookie" not in maria.get("/session").headers
    assert Client(service).get("/session").status == 401


def test_existing_users_keep_their_role_and_the_audit_log_says_how_they_came(service):
    anna = Proxied(service, {"Remote-User": "anna"})
    assert anna.enter()["role"] == "admin"
    new = {"name": "by a proxy", "config": {"action": "include", "expression": 'channel_name contains "x"'}}
    assert anna.post("/filters", new).status == 201
    assert service.admin.post("/filters", {**new, "name": "by a session"}).status == 201
    token = service.admin.post("/tokens", {"name": "t", "scopes": ["edit"]}).json["token"]
    assert Client(service, token).post("/filters", {**new, "name": "by a token"}).status == 201
    entries = service.admin.get("/audit").json["items"]
    logins = {one["detail"]["after"]["name"]: (one["actor"], one["detail"]["login"])
              for one in entries if one["action"] == "filters.create"}
    assert logins == {"by a proxy": ("anna", "proxy"), "by a session": ("anna", "session"),
                      "by a token": ("token t of anna", "token")}


def test_a_new_user_is_in_the_audit_log(service):
    Proxied(service, {"Remote-User": "otto"}).enter()
    entry = next(one for one in service.admin.get("/audit").json["items"]
                 if one["action"] == "users.create" and one["actor"] == "otto")
    assert entry["detail"]["login"] == "proxy" and entry["detail"]["after"]["role"] == "viewer"


def test_changes_need_the_csrf_token(service):
    """The proxy adds its field to what any page has a browser send."""
    anna = Proxied(service, {"Remote-User": "anna"})
    own = anna.enter() and anna.csrf
    new = {"name": "csrf", "config": {"action": "include", "expression": 'channel_name contains "x"'}}
    for token in ("", "0" * 64):
        anna.csrf = token
        assert anna.post("/filters", new).status == 403
    maria = Proxied(service, {"Remote-User": "maria"})
    maria.enter()
    anna.csrf = maria.csrf
    assert anna.post("/filters", new).status == 403
    anna.csrf = own
    assert anna.post("/filters", new).status == 201


def test_the_field_from_elsewhere_is_ignored(service):
    stranger = Proxied(service, {"Remote-User": "anna"}, source=ELSEWHERE)
    assert stranger.get("/session").status == 401
    assert stranger.get("/users").status == 401
    # Nor does an address that it only claims help.
    stranger.fields |= {"X-Forwarded-For": TRUSTED, "Forwarded": f"for={TRUSTED}", "X-Real-IP": TRUSTED}
    assert stranger.get("/users").status == 401
    # A session goes on being one, of the same person.
    stranger.cookie = Client(service).log_in().cookie
    assert stranger.get("/session").json["user"]["name"] == "anna"
    stranger.fields["Remote-User"] = "maria"
    assert stranger.get("/session").json["user"]["name"] == "anna"


def test_two_names_are_nobody(service):
    for fields in ((b"Remote-User: maria", b"Remote-User: anna"), (b"Remote-User: anna", b"remote-user: anna"),
                   (b"Remote-User: ", b"Remote-User: anna")):
        status, body = said(service, *fields, path="/api/v1/users")
        assert status == 401 and "twice" in body, body
    status, body = said(service, b"Remote-User: anna, maria", path="/api/v1/users")
    assert status == 401 and "name" in body, body


@pytest.mark.parametrize("name", [b"x" * 101, b"an\x01na", b"\xff\xfe", b"anna,maria"])
def test_a_name_that_is_none_is_refused(service, name):
    status, body = said(service, b"Remote-User: " + name)
    assert status in (400, 401), body
    assert not any(len(one["name"]) > 100 or "," in one["name"] or not one["name"].isprintable()
                   for one in service.admin.get("/users").json["items"])


def test_an_empty_name_is_no_login(service):
    assert said(service, b"Remote-User:")[0] == 401
    assert said(service, b"Remote-User:    ", path="/api/v1/users")[0] == 401
    # Who has a session goes on with it.
    with_session = Proxied(service, {"Remote-User": ""})
    with_session.cookie = Client(service).log_in().cookie
    assert with_session.get("/session").json["user"]["name"] == "anna"


def test_other_spellings_are_other_fields(service):
    for field in (b"Remote_User: anna", b"REMOTE_USER: anna", b"HTTP_REMOTE_USER: anna", b"Remote-User-: anna",
                  b"X-Remote-User: anna", b"RemoteUser: anna"):
        assert said(service, field, path="/api/v1/users")[0] == 401, field
    for field in (b"Remote-User : anna", b" Remote-User: anna", b"X: y\r\n Remote-User: anna", b"X: y\nRemote-User: anna",
                  b"Remote-User\x00: anna", b"Remote-User\t: anna"):
        assert said(service, field, path="/api/v1/users")[0] == 400, field


def test_the_proxys_word_goes_before_another_persons_cookie(service):
    """Behind a login of its own a browser may still have the cookie of who used it before."""
    maria = Proxied(service, {"Remote-User": "maria"})
    maria.cookie = Client(service).log_in("anna").cookie
    assert maria.enter()["name"] == "maria"
    assert maria.get("/users").status == 403


def test_a_token_of_ours_goes_before_the_proxys_word(service):
    """It may do less, and who sent it meant it."""
    token = service.admin.post("/tokens", {"name": "reads", "scopes": ["read"]}).json["token"]
    anna = Proxied(service, {"Remote-User": "anna", "Authorization": f"Bearer {token}"})
    assert anna.get("/users").status == 403
    assert anna.get("/session").status == 401
    # What a proxy passes on of its own logins is not for us.
    for foreign in ("Basic YW5uYTp4", "Bearer eyJhbGciOiJIUzI1NiJ9.e30.x"):
        anna.fields["Authorization"] = foreign
        assert anna.enter()["name"] == "anna"
    anna.fields["Authorization"] = "Bearer m3u_revoked"
    assert anna.get("/users").status == 401


def test_a_disabled_user_stays_out(service):
    eve = Proxied(service, {"Remote-User": "eve"})
    row = eve.enter()
    change = {"name": "eve", "role": "viewer", "disabled": True}
    assert service.admin.put(f"/users/{row['id']}", change, headers={"If-Match": "*"}).status == 200
    answer = eve.get("/session")
    assert answer.status == 401 and "disabled" in answer.json["detail"]
    assert eve.get("/sources").status == 401
    assert eve.get("/setup").status == 200


def test_only_who_is_known_comes_in_where_new_users_are_not_wanted(tmp_path):
    config = configuration(tmp_path, 'user_header = "X-Forwarded-User"\n')
    with Service(tmp_path / "data", "--config", config) as service:
        admin = administrator(service)
        stranger = Proxied(service, {"X-Forwarded-User": "nobody-knows"})
        answer = stranger.get("/session")
        assert answer.status == 401 and "no user" in answer.json["detail"]
        assert len(admin.get("/users").json["items"]) == 1
        assert Proxied(service, {"X-Forwarded-User": "anna"}).enter()["role"] == "admin"


def test_groups_decide_who_may_come_in_and_as_what(tmp_path):
    config = configuration(tmp_path, 'user_header = "X-authentik-username"\ngroups_header = "X-authentik-groups"\n'
                                     'admin_groups = ["tv admins"]\neditor_groups = ["tv"]\nviewer_groups = ["family"]\n')
    with Service(tmp_path / "data", "--config", config) as service:
        def role(groups):
            fields = {"X-authentik-username": "maria"}
            if groups is not None:
                fields["X-authentik-groups"] = groups
            answer = Proxied(service, fields).get("/session")
            return answer.json["user"]["role"] if answer.status == 200 else answer.status

        assert role("family|tv admins|tv") == "admin"
        assert Client(service).get("/setup").json == {"needed": False}
        assert role("staff, tv ,family") == "editor"
        assert role("family") == "viewer"
        assert role("TV admins") == 401
        assert role("tv admin") == 401
        assert role(None) == 401
        assert role("tv admins") == "admin"
        admin = Proxied(service, {"X-authentik-username": "maria", "X-authentik-groups": "tv admins"})
        actions = [(one["action"], one["detail"]["after"]["role"]) for one in admin.get("/audit").json["items"]]
        assert actions == [("users.change", "admin"), ("users.change", "viewer"), ("users.change", "editor"),
                           ("users.create", "admin")]


def test_an_open_stream_gives_no_role_back(tmp_path):
    config = configuration(tmp_path, 'user_header = "Remote-User"\ngroups_header = "Remote-Groups"\n'
                                     'admin_groups = ["admins"]\nviewer_groups = ["family"]\n')
    with Service(tmp_path / "data", "--config", config) as service:
        service.base_host, service.base_port = Client(service).base.hostname, Client(service).base.port
        with contextlib.ExitStack() as streams:
            for group in ("admins", "family", "admins"):
                stream = streams.enter_context(socket.create_connection(
                    (service.base_host, service.base_port), 10, source_address=(TRUSTED, 0)))
                stream.sendall(f"GET /api/v1/events HTTP/1.1\r\nHost: 127.0.0.1\r\nRemote-User: maria\r\n"
                               f"Remote-Groups: {group}\r\n\r\n".encode())
                assert b" 200 " in stream.recv(4096)
            link = re.search(r"#/setup\?token=(\S+)", service.printed)[1]
            assert Client(service).get("/setup").json == {"needed": False}
            maria = Proxied(service, {"Remote-User": "maria", "Remote-Groups": "family"})
            end = time.monotonic() + 1
            # What was known of maria when she opened them changes nothing, however often it is looked at.
            while time.monotonic() < end:
                assert maria.enter()["role"] == "viewer"
            admin = Proxied(service, {"Remote-User": "otto", "Remote-Groups": "admins"})
            changes = [one["action"] for one in admin.get("/audit").json["items"]]
            assert changes.count("users.change") == 3, changes
        # The link was over with the first administrator.
        used = Client(service).post("/setup", {"token": link, "name": "maria", "password": PASSWORD})
        assert used.status not in (200, 201), used.text


def test_the_setup_link_works_until_there_is_an_administrator(tmp_path):
    """A viewer whom the proxy let in before must not shut everybody out."""
    config = configuration(tmp_path, 'user_header = "Remote-User"\nnew_users = "viewer"\n')
    with Service(tmp_path / "data", "--config", config) as service:
        assert Proxied(service, {"Remote-User": "anna"}).enter()["role"] == "viewer"
        assert administrator(service).get("/session").json["user"]["role"] == "admin"
        assert Proxied(service, {"Remote-User": "anna"}).enter()["role"] == "admin"
        assert Client(service).log_in().get("/users").json["total"] == 1
        assert PASSWORD not in service.log()


def test_it_is_taken_over_while_the_service_runs(tmp_path):
    config = configuration(tmp_path, "", "")
    with Service(tmp_path / "data", "--config", config) as service:
        administrator(service)
        anna = Proxied(service, {"Remote-User": "anna"})
        assert anna.get("/session").status == 401
        configuration(tmp_path, 'user_header = "Remote-User"\n')
        wait_until(lambda: anna.get("/session").status == 200)
        configuration(tmp_path, 'user_header = "Remote-User"\n', f'"{ELSEWHERE}"')
        wait_until(lambda: anna.get("/session").status == 401)
