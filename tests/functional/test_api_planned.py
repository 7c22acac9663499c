"""What changes of other things than channels would do, asked by dry_run=true: the same as what they
do, refused as they are, and nothing is done."""

from contextlib import contextmanager

import pytest
from api_client import PASSWORD, Client, administrator
from postgres import lines_of
from service import Service, ask, wait_until
from test_serve import Source, configuration, names_in, playlist_of
from test_serve_logos import PNG, SVG

ANY = {"If-Match": "*"}
NOBODY = "00000000-0000-0000-0000-000000000001"
RAW = {"Content-Type": "application/octet-stream"}
ROWS = [
    "SELECT name || ' ' || role || ' ' || revision FROM users ORDER BY 1",
    "SELECT id || ' ' || name FROM tokens ORDER BY 1",
    "SELECT hash FROM sessions ORDER BY 1",
    "SELECT id || ' ' || revision FROM entities ORDER BY 1",
    "SELECT id || ' ' || state FROM source_snapshots ORDER BY 1",
    "SELECT proxy_id || ' ' || number || ' ' || state FROM generations ORDER BY 1",
    "SELECT proxy_id || ' ' || held FROM proxy_states ORDER BY 1",
    "SELECT id || ' ' || state FROM jobs ORDER BY 1",
    "SELECT channel_id || ' ' || revision FROM channel_edits ORDER BY 1",
    "SELECT key || ' ' || revision FROM settings ORDER BY 1",
    "SELECT id FROM logos ORDER BY 1",
    "SELECT id FROM audit_log ORDER BY 1",
]


@pytest.fixture(name="service")
def a_service(tmp_path):
    with Source(playlist_of(*"ABCDEFGH")) as source:
        (tmp_path / "config.toml").write_text(configuration(source.url))
        with Service(tmp_path / "data", "--config", tmp_path / "config.toml") as service:
            service.source = source
            service.admin = administrator(service)
            service.wait_for_generation(1)
            service.proxy = service.admin.get("/proxies").json["items"][0]["id"]
            service.tv = service.admin.get("/sources").json["items"][0]["id"]
            service.admin.get(f"/proxies/{service.proxy}")  # it has its token
            quiet(service)
            yield service


def quiet(service):
    wait_until(lambda: not any(service.admin.get(f"/jobs?state={state}").json["items"]
                               for state in ("queued", "running")))


def kept(service):
    files = sorted(str(file.relative_to(service.data)) for folder in ("logos", "backups")
                   for file in (service.data / folder).rglob("*"))
    return [lines_of(service.data, statement) for statement in ROWS] + [files]


@contextmanager
def nothing_done(service):
    before = kept(service)
    yield
    assert kept(service) == before


def tried(service, method, path, body=None, **options):
    """What somebody is told who asks first."""
    sign = "&" if "?" in path else "?"
    with nothing_done(service):
        answer = service.admin.ask(method, f"{path}{sign}dry_run=true", body, **options)
    assert answer.status == 200 and answer.json["dry_run"] is True, answer.text
    assert {"exact", "seconds", "proxies", "not_looked_at"} <= answer.json.keys()
    return answer.json


def impact_of(service, answer):
    """Channels before, after, added and removed of the only proxy."""
    impact, = answer["proxies"]
    assert (impact["id"], answer["exact"]) == (service.proxy, "note" not in impact)
    return tuple(impact[key] for key in ("channels_before", "channels_after", "added", "removed"))


def refused(service, method, path, body=None, **options):
    """Asked first or not, the answer is the same."""
    sign = "&" if "?" in path else "?"
    with nothing_done(service):
        first = service.admin.ask(method, f"{path}{sign}dry_run=true", body, **options)
        then = service.admin.ask(method, path, body, **options)
    assert then.status >= 400 and (first.status, first.json) == (then.status, then.json), first.text
    return then.status


# --- generations ----------------------------------------------------------------------------------


def test_it_is_said_which_generation_would_be_served(service):
    admin, proxy = service.admin, f"/proxies/{service.proxy}"
    service.source.content = playlist_of(*"ABCDEFX")
    admin.post(f"/sources/{service.tv}/refresh")
    service.wait_for_generation(2)
    quiet(service)
    back = tried(service, "POST", f"{proxy}/roll-back", {"generation": 1})
    assert (back["current"], back["held"], back["served"]) == (1, True, 2)
    assert (back["channels_before"], back["channels_after"]) == (7, 8)
    difference = admin.get(f"{proxy}/diff?from=2&to=1").json
    assert back["diff"] == difference and (difference["added"], difference["removed"]) == (2, 1)
    assert impact_of(service, back) == (7, 8, 2, 1)
    assert {"G", "H", "X"} <= {one["name"] for one in back["proxies"][0]["samples"]}
    assert refused(service, "POST", f"{proxy}/release") == 409
    assert refused(service, "POST", f"{proxy}/roll-back", {"generation": 99}) == 409
    assert refused(service, "POST", f"{proxy}/roll-back", {"generation": "x"}) == 422
    done = admin.post(f"{proxy}/roll-back", {"generation": 1}).json
    assert done == {key: back[key] for key in ("current", "held")}
    wait_until(lambda: names_in(ask(service.playlist).text) == list("ABCDEFGH"))

    service.source.content = playlist_of(*"ABCDEFXY")
    admin.post(f"/sources/{service.tv}/refresh")
    wait_until(lambda: admin.get(f"{proxy}/generations").json["items"][0]["number"] == 3)
    quiet(service)
    on = tried(service, "POST", f"{proxy}/release")
    assert (on["current"], on["held"], on["served"], on["channels_after"]) == (3, False, 1, 8)
    assert (on["diff"]["added"], on["diff"]["removed"]) == (2, 2)
    assert impact_of(service, on) == (8, 8, 2, 2)
    assert admin.post(f"{proxy}/release").json == {key: on[key] for key in ("current", "held")}
    wait_until(lambda: names_in(ask(service.playlist).text) == list("ABCDEFXY"))


def test_it_is_said_what_would_be_made_now(service):
    impact, = tried(service, "POST", f"/proxies/{service.proxy}/generate")["proxies"]
    assert (impact["id"], impact["channels_before"], impact["channels_after"]) == (service.proxy, 8, 8)
    assert (impact["added"], impact["removed"], impact["changed"]) == (0, 0, 0)
    assert refused(service, "POST", f"/proxies/{NOBODY}/generate") == 404


# --- sources --------------------------------------------------------------------------------------


def test_it_is_said_what_would_be_believed(service):
    admin, source = service.admin, f"/sources/{service.tv}"
    assert refused(service, "POST", f"{source}/accept") == 409
    service.source.content = playlist_of("A")
    admin.post(f"{source}/refresh")
    wait_until(lambda: admin.get(source).json["status"]["state"] == "quarantined")
    quiet(service)
    would = tried(service, "POST", f"{source}/accept")
    assert (would["before"]["items"], would["after"]["items"]) == (8, 1)
    assert impact_of(service, would) == (8, 1, 0, 7)
    assert {(one["change"], one["name"]) for one in would["proxies"][0]["samples"]} >= {
        ("removed", name) for name in "BCDEFGH"}
    dropped = tried(service, "DELETE", f"{source}/quarantine")
    assert (dropped["before"], dropped["proxies"]) == (dropped["after"], [])
    assert admin.post(f"{source}/accept").json == {"accepted": 1}
    assert admin.get(source).json["status"]["items"] == 1


def test_an_upload_is_read_and_not_kept(service):
    source = f"/sources/{service.tv}"
    content = playlist_of("A", "B", "C").encode()
    would = tried(service, "PUT", f"{source}/content", raw=content, headers=RAW)
    assert (would["before"]["items"], would["after"]["items"]) == (8, 3)
    assert would["after"]["bytes"] == len(content)
    assert impact_of(service, would) == (8, 3, 0, 5)
    assert refused(service, "PUT", f"{source}/content", raw=b"<html>sorry</html>", headers=RAW) >= 400
    assert refused(service, "PUT", f"{source}/content", raw=b"#EXTM3U\n", headers=RAW) >= 400
    assert refused(service, "PUT", f"/sources/{NOBODY}/content", raw=content, headers=RAW) == 404
    status = service.admin.put(f"{source}/content", raw=content, headers=RAW).json["status"]
    assert (status["items"], status["bytes"]) == (3, len(content))


def test_a_refresh_is_not_begun(service):
    asked = len(service.source.requests)
    would = tried(service, "POST", f"/sources/{service.tv}/refresh")
    assert (would["before"]["items"], would["after"], would["joins"]) == (8, None, None)
    assert impact_of(service, would) == (8, 8, 0, 0) and "fetched" in would["proxies"][0]["note"]
    assert len(service.source.requests) == asked
    assert refused(service, "POST", f"/sources/{NOBODY}/refresh") == 404


# --- users and tokens -----------------------------------------------------------------------------


def without(shown, *names):
    return {key: value for key, value in shown.items() if key not in names}


STORED = ("id", "revision", "created", "updated")
NO_PROXY = {"exact": True, "seconds": 0, "proxies": [], "not_looked_at": []}


def test_users_are_tried_as_they_are_made(service):
    admin = service.admin
    otto = {"name": "otto", "role": "viewer", "password": PASSWORD}
    new = tried(service, "POST", "/users", otto)
    assert (new["action"], new["before"]) == ("create", None)
    made = admin.post("/users", otto)
    assert new["after"] == without(made.json, *STORED)
    user = f"/users/{made.json['id']}"
    assert refused(service, "POST", "/users", otto) == 409
    assert refused(service, "POST", "/users", {**otto, "name": "new", "role": "king"}) == 422
    for short in ("short", "wdÍíØö"):  # six characters, ten bytes
        assert refused(service, "POST", "/users", {**otto, "name": "new", "password": short}) == 422
    anna = next(u for u in admin.get("/users").json["items"] if u["name"] == "anna")
    for body in ({"name": "anna", "role": "viewer"}, {"name": "anna", "role": "admin", "disabled": True}):
        assert refused(service, "PUT", f"/users/{anna['id']}", body, headers=ANY) == 409
    assert refused(service, "DELETE", f"/users/{anna['id']}", headers=ANY) == 409
    assert refused(service, "PUT", user, {"name": "anna", "role": "viewer"}, headers=ANY) == 409
    assert refused(service, "PUT", user, {"name": "otto", "role": "editor"}) == 428
    assert refused(service, "DELETE", user, headers={"If-Match": '"9"'}) == 412

    session = Client(service).log_in("otto")
    quick = tried(service, "PUT", user, {"name": "otto", "role": "viewer"}, headers=ANY)
    assert quick["before"] == quick["after"] and quick["ends"] == {"sessions": False, "tokens": 0}
    for body in ({"name": "otto", "role": "editor"},
                 {"name": "otto", "role": "viewer", "password": "geheim, another password"}):
        would = tried(service, "PUT", user, body, headers=ANY)
        assert would["ends"] == {"sessions": True, "tokens": 0}
    admin.post(f"/proxies/{service.proxy}/tokens", {"name": "tv", "user": made.json["id"]})
    would = tried(service, "PUT", user, {"name": "otto", "role": "viewer", "disabled": True}, headers=ANY)
    assert would["ends"] == {"sessions": True, "tokens": 1} and would["after"]["disabled"]
    assert session.get("/session").status == 200
    gone = tried(service, "DELETE", user, headers=ANY)
    assert gone == {"dry_run": True, "action": "remove", "before": new["after"], "after": None,
                    "ends": {"sessions": True, "tokens": 1}, **NO_PROXY}
    assert admin.delete(user, headers=ANY).status == 204
    assert session.get("/session").status == 401
    assert [t["name"] for t in admin.get(f"/proxies/{service.proxy}/tokens").json["items"]] == ["output"]


def test_tokens_are_tried_as_they_are_made(service):
    admin = service.admin
    body = {"name": "script", "scopes": ["read", "edit"], "expires": "2100-01-01T00:00:00Z"}
    new = tried(service, "POST", "/tokens", body)
    assert new["after"] == body and new["before"] is None
    made = admin.post("/tokens", body).json
    assert without(made, "id", "token", "created", "last_used") == new["after"]
    assert refused(service, "POST", "/tokens", {**body, "scopes": ["all"]}) == 422
    assert refused(service, "POST", "/tokens", {**body, "expires": "2001-01-01T00:00:00Z"}) == 422
    assert refused(service, "DELETE", f"/tokens/{NOBODY}") == 404
    assert tried(service, "DELETE", f"/tokens/{made['id']}")["before"] == body
    assert Client(service, made["token"]).get("/sources").status == 200
    assert admin.delete(f"/tokens/{made['id']}").status == 204


def test_output_tokens_are_tried_as_they_are_made(service):
    admin, tokens = service.admin, f"/proxies/{service.proxy}/tokens"
    body = {"name": "tv"}
    new = tried(service, "POST", tokens, body)
    assert new["after"] == {"name": "tv", "expires": None, "user": None}
    assert impact_of(service, new) == (8, 8, 0, 0) and not new["exact"]
    made = admin.post(tokens, body).json
    assert {key: made[key] for key in new["after"]} == new["after"]
    assert refused(service, "POST", tokens, {"name": "tv", "user": NOBODY}) == 422
    assert refused(service, "POST", tokens, {"name": ""}) == 422
    own = next(t["id"] for t in admin.get(tokens).json["items"] if t["name"] == "output")
    assert refused(service, "DELETE", f"{tokens}/{own}") == 409
    assert refused(service, "POST", f"{tokens}/{NOBODY}/rotate") == 404
    for token in (own, made["id"]):
        turned = tried(service, "POST", f"{tokens}/{token}/rotate")
        assert turned["before"] == turned["after"]
    assert ask(made["playlist_url"]).status == 200 and ask(service.playlist).status == 200
    assert tried(service, "DELETE", f"{tokens}/{made['id']}")["after"] is None
    assert admin.delete(f"{tokens}/{made['id']}").status == 204


# --- logos, backups, jobs -------------------------------------------------------------------------


def test_logos_are_tried_as_they_are_uploaded(service):
    admin = service.admin
    for picture, kind in ((PNG, "image/png"), (SVG, "image/svg+xml")):
        would = tried(service, "POST", "/logos?name=News", raw=picture, headers={"Content-Type": kind})
        assert would["after"] == {"name": "News", "type": kind, "bytes": len(picture)}
    made = admin.post("/logos?name=News", raw=PNG, headers={"Content-Type": "image/png"}).json
    assert without(made, "id", "logo", "created") == {**would["after"], "type": "image/png", "bytes": len(PNG)}
    assert refused(service, "POST", "/logos?name=No", raw=b"<html>", headers=RAW) == 422
    assert refused(service, "POST", "/logos?name=", raw=PNG, headers=RAW) == 422
    assert refused(service, "POST", "/logos?name=No", raw=PNG, headers={"Content-Type": "text/html"}) == 415
    assert refused(service, "DELETE", f"/logos/{NOBODY}") == 404
    logo = f"/logos/{made['id']}"
    unused = tried(service, "DELETE", logo)
    assert unused["used_by"] == {"entities": [], "edits": 0} and unused["proxies"] == []
    rule = admin.post("/rules", {"name": "logo", "config": {
        "expression": f'channel_name equals "A" SET tvg_logo = "{made["logo"]}"'}}).json
    channel = admin.get(f"/proxies/{service.proxy}/channels").json["items"][0]["id"]
    edited = admin.put(f"/edits/{channel}", {"logo": made["logo"]}, headers={"If-None-Match": "*"})
    assert edited.status == 201
    service.wait_for_generation(2)
    quiet(service)
    gone = tried(service, "DELETE", logo)
    assert gone["before"] == made and gone["used_by"] == {
        "entities": [{"kind": "rules", "id": rule["id"], "name": "logo"}], "edits": 1}
    assert impact_of(service, gone) == (8, 8, 0, 0) and "picture" in gone["proxies"][0]["note"]
    assert admin.delete(logo).status == 204


def test_backups_and_jobs_are_tried(service):
    admin = service.admin
    assert tried(service, "POST", "/backups")["after"] == {"secrets": "key", "with_snapshots": False}
    body = {"passphrase": "open sesame", "with_snapshots": True}
    assert tried(service, "POST", "/backups", body)["after"] == {
        "secrets": "passphrase", "with_snapshots": True}
    assert refused(service, "POST", "/backups", {"passphrase": 7}) == 422
    made = admin.post("/backups").json
    for only_then in ("missing", "missing_names"):
        made.pop(only_then)
    assert tried(service, "DELETE", f"/backups/{made['name']}")["before"] == made
    assert admin.delete(f"/backups/{made['name']}").status == 204
    assert refused(service, "DELETE", f"/backups/{made['name']}") == 404
    job = admin.get("/jobs?state=done").json["items"][0]["id"]
    assert refused(service, "POST", f"/jobs/{job}/cancel") == 409
    assert refused(service, "POST", f"/jobs/{NOBODY}/cancel") == 404


def test_whatever_can_be_tried_says_which_proxies_it_concerns(service):
    document = service.admin.get("/openapi.json").json
    schemas, seen = document["components"]["schemas"], 0
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            parameters = operation.get("parameters", []) if isinstance(operation, dict) else []
            names = {one.get("name") or one["$ref"].rsplit("/", 1)[1] for one in parameters}
            if not {"DryRun", "dry_run"} & names:
                continue
            schema = operation["responses"]["200"]["content"]["application/json"]["schema"]
            choices = [schemas[one["$ref"].rsplit("/", 1)[1]] if "$ref" in one else one
                       for one in schema.get("anyOf", [schema])]
            assert any({"proxies", "not_looked_at"} <= choice.get("properties", {}).keys()
                       for choice in choices), (method, path)
            seen += 1
    assert seen > 40


def test_what_cannot_be_tried_says_so(service):
    admin = service.admin
    with nothing_done(service):
        for method, path in (("POST", "/setup"), ("POST", "/session"), ("DELETE", "/session"),
                             ("PUT", "/session/password")):
            body = {} if path in ("/setup", "/session", "/session/password") and method != "DELETE" else None
            answer = admin.ask(method, f"{path}?dry_run=true", body)
            assert answer.status == 422 and answer.json["errors"][0]["field"] == "dry_run", answer.text
    assert admin.get("/session").status == 200
