"""Who comes in, and what they may do then: setup, login, CSRF, headers of every answer."""

import re
import stat

import pytest
from api_client import PASSWORD, Client, administrator
from service import Service


@pytest.fixture(name="service", scope="module")
def a_service(tmp_path_factory):
    with Service(tmp_path_factory.mktemp("api") / "data") as service:
        service.admin = administrator(service)
        yield service


def test_the_setup_link_works_once(tmp_path):
    with Service(tmp_path / "data") as service:
        file = tmp_path / "data" / "setup.token"
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
        secret = re.search(r"#/setup\?token=(\S+)", service.printed)[1]
        client = Client(service)
        assert client.get("/setup").json == {"needed": True}
        new = {"token": secret[::-1], "name": "anna", "password": PASSWORD}
        assert client.post("/setup", new).status == 403
        new["token"] = secret
        assert client.post("/setup", new).status == 200
        assert client.get("/setup").json == {"needed": False}
        assert not file.exists()
        assert client.post("/setup", {**new, "name": "eve"}).status == 403
    with Service(tmp_path / "data") as service:
        assert "setup" not in service.printed
        assert Client(service).log_in().get("/session").json["user"]["role"] == "admin"


def test_the_setup_link_stays_until_it_is_used(tmp_path):
    with Service(tmp_path / "data") as first:
        printed = re.search(r"#/setup\?token=(\S+)", first.printed)[1]
    with Service(tmp_path / "data") as second:
        assert re.search(r"#/setup\?token=(\S+)", second.printed)[1] == printed


def test_the_environment_can_name_the_first_administrator(tmp_path):
    (tmp_path / "password").write_text(PASSWORD + "\n")
    with Service(tmp_path / "data", extra={"M3U_PROXY_ADMIN_NAME": "otto",
                                           "M3U_PROXY_ADMIN_PASSWORD_FILE":
                                               str(tmp_path / "password")}) as service:
        assert "setup" not in service.printed
        assert Client(service).log_in("otto").get("/session").json["user"]["name"] == "otto"


def test_a_session_is_shown_and_ends(service):
    client = Client(service).log_in()
    shown = client.get("/session")
    assert shown.json["csrf_token"] == client.csrf
    assert client.delete("/session", headers={"X-CSRF-Token": "0" * 64}).status == 403
    assert client.delete("/session").status == 204
    assert client.get("/session").status == 401


def test_the_cookie_is_out_of_reach_of_pages(service):
    answer = Client(service).post("/session", {"name": "anna", "password": PASSWORD})
    cookie = answer.headers["set-cookie"]
    assert "HttpOnly" in cookie and "SameSite=Strict" in cookie and "Path=/" in cookie


def test_a_wrong_password_says_nothing_of_the_name(service):
    client = Client(service)
    wrong = client.post("/session", {"name": "anna", "password": "geheim, another password"})
    nobody = client.post("/session", {"name": "nobody", "password": "geheim, another password"})
    assert (wrong.status, wrong.json) == (nobody.status, nobody.json)
    assert wrong.status == 401
    assert wrong.headers["content-type"] == "application/problem+json"


def test_a_login_gives_a_session_of_its_own(service):
    """Session fixation: what came with the login is not what it gives."""
    client = Client(service)
    client.cookie, client.csrf = "A" * 43, "x"
    client.log_in()
    assert client.cookie != "A" * 43


def test_a_change_of_password_ends_the_other_sessions(tmp_path):
    with Service(tmp_path / "data") as service:
        one = administrator(service)
        other = Client(service).log_in()
        wrong = one.put("/session/password", {"old": "not this one", "new": "geheim, a newer password"})
        assert wrong.status == 422 and wrong.json["errors"][0]["field"] == "old"
        one.take_session(one.put("/session/password",
                                 {"old": PASSWORD, "new": "geheim, a newer password"}))
        assert one.get("/session").status == 200
        assert other.get("/session").status == 401


def test_the_audit_log_says_whose_token_it_was_and_that_a_password_is_new(service):
    made = service.admin.post("/tokens", {"name": "backup", "scopes": ["admin"]})
    program = Client(service, made.json["token"])
    user = {"name": "emil", "role": "viewer"}
    where = f"/users/{program.post('/users', {**user, 'password': PASSWORD}).json['id']}"
    for password in ({"password": "geheim, another password"}, {}):
        answer = program.put(where, {**user, **password}, headers={"If-Match": "*"})
        assert answer.status == 200 and "password_changed" not in answer.json
    last, with_password = program.get("/audit?limit=2").json["items"]
    assert (last["actor"], last["action"]) == ("token backup of anna", "users.change")
    assert with_password["detail"]["after"]["password_changed"] is True
    assert "password_changed" not in last["detail"]["after"]


def test_logins_that_fail_have_to_wait(tmp_path):
    with Service(tmp_path / "data") as service:
        administrator(service)
        client = Client(service)
        tries = [client.post("/session", {"name": "anna", "password": "wrong password"})
                 for _ in range(7)]
        assert [answer.status for answer in tries[:5]] == [401] * 5
        assert tries[-1].status == 429
        assert int(tries[-1].headers["retry-after"]) >= 1
        # Even the right one.
        assert client.post("/session", {"name": "anna", "password": PASSWORD}).status == 429


@pytest.mark.parametrize("body, status", [
    (b"{", 400), (b"[]", 400), (b'"x"', 400), (b"\xff", 400), (b"", 400),
    (b'{"name":1,"password":"x"}', 422), (b'{"name":"x"}', 422),
    (b'{"name":"x","password":"y","more":1}', 422),
    (b'{"name":"' + b"x" * 70_000 + b'"}', 413)])
def test_bodies_that_are_wrong_are_refused_with_a_problem(service, body, status):
    answer = Client(service).ask("POST", "/session", raw=body,
                                 headers={"Content-Type": "application/json"})
    assert answer.status == status, answer.text


def test_all_that_is_wrong_with_a_body_is_said_at_once(service):
    answer = Client(service).post("/session", {"name": 1, "pasword": "x"})
    assert [(e["field"], e["code"]) for e in answer.json["errors"]] == [
        ("name", "type"), ("password", "required"), ("pasword", "unknown")]
    assert answer.json["errors"][2]["hint"] == "did you mean password?"


def test_another_media_type_is_refused(service):
    answer = Client(service).ask("POST", "/session", raw=b"name=x",
                                 headers={"Content-Type": "application/x-www-form-urlencoded"})
    assert answer.status == 415


def test_every_answer_has_the_fields_that_protect_a_browser(service):
    for answer in (service.admin.get("/session"), Client(service).get("/session"),
                   Client(service).get("/openapi.json")):
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert "default-src 'none'" in answer.headers["content-security-policy"]
        assert answer.headers["cache-control"] == "no-store"


def test_a_host_that_is_not_ours_is_refused(service):
    """DNS rebinding: a page of evil.example reaches us under its own name."""
    assert service.admin.get("/session", headers={"Host": "evil.example"}).status == 421


def test_other_methods_are_named(service):
    answer = Client(service).ask("PATCH", "/session")
    assert answer.status == 405
    assert answer.headers["allow"] == "GET, HEAD, POST, DELETE, OPTIONS"
    nothing = Client(service).get("/nothing")
    assert nothing.status == nothing.json["status"] == 404


def test_the_document_is_served(service):
    document = Client(service).get("/openapi.json").json
    assert document["openapi"].startswith("3.1")
    assert document["paths"]["/session"]["post"]["operationId"] == "logIn"
