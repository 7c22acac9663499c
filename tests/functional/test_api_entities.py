"""Sources, filters, rules and proxies through the API: made, changed, refused, published."""

import json
import re
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from api_client import PASSWORD, Client, administrator
from service import Service, ask, wait_until

PLAYLIST = "#EXTM3U\n" + "".join(
    f'#EXTINF:-1 tvg-id="c{i}" group-title="{"News" if i % 2 else "Sport"}",Channel {i}\n'
    f"http://provider.example/{i}\n" for i in range(10))


def make(admin, kind, name, config, status=201):
    answer = admin.post(f"/{kind}", {"name": name, "config": config})
    assert answer.status == status, answer.text
    return answer


@pytest.fixture(name="service", scope="module")
def a_service(tmp_path_factory):
    folder = tmp_path_factory.mktemp("api")
    (folder / "lists").mkdir()
    (folder / "lists" / "one.m3u").write_text(PLAYLIST)
    (folder / "outside.m3u").write_text(PLAYLIST)
    config = folder / "service.toml"
    config.write_text(f'[service]\nallowed_folders = ["{folder}/lists"]\nquiet_period = "1s"\n')
    with Service(folder / "data", "--config", config) as service:
        service.lists = folder / "lists"
        service.admin = administrator(service)
        yield service


def test_a_source_a_filter_and_a_proxy_make_a_playlist(service):
    admin = service.admin
    source = make(admin, "sources", "one", {"path": str(service.lists / "one.m3u")}).json
    make(admin, "filters", "news", {"action": "include", "expression": 'group_title equals "News"'})
    proxy = make(admin, "proxies", "home", {"sources": ["one"], "filters": ["news"]}).json
    wait_until(lambda: admin.get(f"/proxies/{proxy['id']}").json["status"]["generation"] >= 1)
    status = admin.get(f"/proxies/{proxy['id']}").json["status"]
    assert status["channels"] == 5
    assert ask(status["playlist_url"]).text.count("#EXTINF") == 5
    shown = admin.get(f"/sources/{source['id']}").json["status"]
    assert (shown["state"], shown["items"]) == ("fresh", 10)


def test_a_change_names_the_revision_that_was_seen(service):
    admin = service.admin
    made = make(admin, "filters", "revised", {"action": "include", "expression": "1 == 1"}, 422)
    assert made.json["errors"][0]["position"]["line"] == 1
    made = make(admin, "filters", "revised", {"action": "include", "expression": 'channel_name contains "a"'})
    where = made.headers["location"].removeprefix("/api/v1")
    change = {"name": "revised", "config": {"action": "include", "expression": 'channel_name contains "b"'}}
    assert admin.put(where, change).status == 428
    assert admin.put(where, change, headers={"If-Match": '"99"'}).status == 412
    put = admin.put(where, change, headers={"If-Match": made.headers["etag"]})
    assert put.status == 200 and put.json["revision"] == 2
    assert admin.put(where, change, headers={"If-Match": made.headers["etag"]}).status == 412
    assert admin.delete(where, headers={"If-Match": put.headers["etag"]}).status == 204
    assert admin.get(where).status == 404


def test_every_mistake_is_named_with_its_field(service):
    answer = make(service.admin, "proxies", "bad",
                  {"sources": ["nowhere"], "numbering": "odd", "nambering": 1}, 422)
    fields = {e["field"]: e for e in answer.json["errors"]}
    assert "config.sources[1]" in fields and "config.numbering" in fields
    assert "did you mean numbering?" in fields["config.nambering"]["hint"].replace('"', "")
    assert all("proxies[" not in e["message"] for e in answer.json["errors"])


def test_all_mistakes_of_an_expression_have_their_places(service):
    answer = make(service.admin, "filters", "bad", {"action": "include", "expression": 'chanel_name contains "ü" AND group_titel equals "x"'}, 422)
    errors = answer.json["errors"]
    assert [e["position"]["start"] for e in errors] == [0, 29]
    assert errors[0]["field"] == "config.expression" and "channel_name" in errors[0]["hint"]


def test_what_is_in_use_stays(service):
    admin = service.admin
    used = make(admin, "filters", "used", {"action": "include", "expression": 'channel_name contains "x"'})
    make(admin, "sources", "two", {"path": str(service.lists / "one.m3u")})
    make(admin, "proxies", "uses", {"sources": ["two"], "filters": ["used"]})
    gone = admin.delete(f"/filters/{used.json['id']}", headers={"If-Match": "*"})
    assert gone.status == 409 and 'proxy "uses"' in gone.json["detail"]


def test_a_name_is_given_once(service):
    make(service.admin, "rules", "twice", {"expression": 'channel_name contains "x" SET group_title = "y"'})
    answer = make(service.admin, "rules", "twice",
                  {"expression": 'channel_name contains "x" SET group_title = "y"'}, 422)
    assert "twice" in answer.json["detail"]


def test_the_order_is_whole(service):
    admin = service.admin
    listed = admin.get("/sources")
    ids = [e["id"] for e in listed.json["items"]]
    seen = {"If-Match": listed.headers["etag"]}
    assert admin.put("/sources/order", {"ids": ids[:-1]}, headers=seen).status == 409
    assert admin.put("/sources/order", {"ids": ids[::-1]}, headers=seen).status == 204
    assert [e["id"] for e in admin.get("/sources").json["items"]] == ids[::-1]


def test_an_order_is_changed_by_who_has_seen_it(service):
    admin = service.admin
    for name in ("first", "second"):
        make(admin, "filters", name, {"action": "include", "expression": 'channel_name contains "x"'})
    listed = admin.get("/filters")
    ids = [e["id"] for e in listed.json["items"]]
    assert admin.put("/filters/order", {"ids": ids[::-1]}).status == 428
    seen = {"If-Match": listed.headers["etag"]}
    done = admin.put("/filters/order", {"ids": ids[::-1]}, headers=seen)
    assert done.status == 204 and done.headers["etag"] == admin.get("/filters").headers["etag"]
    for query in ("", "?dry_run=true"):
        assert admin.put(f"/filters/order{query}", {"ids": ids}, headers=seen).status == 412
    last = admin.get("/audit?limit=1").json["items"][0]
    assert (last["action"], last["detail"]["before"], last["detail"]["after"]) == (
        "filters.order", {"ids": ids}, {"ids": ids[::-1]})
    assert admin.put("/filters/order", {"ids": ids}, headers={"If-Match": done.headers["etag"]}).status == 204


def test_a_source_of_written_down_channels_is_made_changed_and_looked_at(service):
    admin = service.admin
    channels = [{"name": "Camera", "url": "rtsp://admin:hush-pw@192.168.1.5/1", "group": "Home"}]
    config = {"channels": channels}
    found = admin.post("/sources/validate", {"config": config})
    assert (found.status, found.json["usable"], found.json["items"]) == (200, True, 1), found.text
    made = make(admin, "sources", "written down", config)
    where = f"/sources/{made.json['id']}"
    channels.append({"name": "Radio", "url": "http://radio.example/stream"})
    put = admin.put(where, {"name": "written down", "config": {"channels": channels}},
                    headers={"If-Match": made.headers["etag"]})
    assert put.status == 200 and put.json["config"]["channels"] == channels
    proxy = make(admin, "proxies", "by hand", {"sources": ["written down"]}).json
    wait_until(lambda: admin.get(f"/proxies/{proxy['id']}").json["status"]["channels"] == 2)
    wrong = make(admin, "sources", "both", {**config, "url": "http://provider.example/x.m3u"}, 422)
    assert "channels beside" in wrong.json["errors"][0]["message"]
    assert make(admin, "sources", "empty", {"channels": []}, 422).json["errors"][0]["field"] == "config.channels"
    guide = make(admin, "epg-sources", "no guide", config, 422)
    assert {"config.url", "config.channels"} <= {e["field"] for e in guide.json["errors"]}
    assert "hush-pw" not in admin.get("/audit").text


def test_a_new_name_is_new_in_the_proxies_too(service):
    admin = service.admin
    source = make(admin, "sources", "old name", {"path": str(service.lists / "one.m3u")})
    kept = make(admin, "filters", "old filter", {"action": "include", "expression": 'group_title equals "News"'})
    proxy = make(admin, "proxies", "follows", {
        "sources": ["old name"], "filters": ["old filter"], "numbering": "ranges",
        "ranges": [{"source": "old name", "first": 100}]}).json
    base = f"/proxies/{proxy['id']}"
    wait_until(lambda: admin.get(base).json["status"]["channels"] == 5)
    body = {"name": "new name", "config": source.json["config"]}
    where = f"/sources/{source.json['id']}"
    tried = admin.put(f"{where}?dry_run=true", body, headers={"If-Match": source.headers["etag"]})
    assert tried.status == 200, tried.text
    impact, = tried.json["proxies"]
    assert (impact["name"], impact["removed"], impact["channels_after"]) == ("follows", 0, 5)
    put = admin.put(where, body, headers={"If-Match": source.headers["etag"]})
    assert (put.status, put.json["name"], put.json["revision"]) == (200, "new name", 2), put.text
    assert put.headers["etag"] == '"2"'
    admin.put(f"/filters/{kept.json['id']}", {"name": "new filter", "config": kept.json["config"]},
              headers={"If-Match": kept.headers["etag"]})
    config = admin.get(base).json["config"]
    assert (config["sources"], config["filters"]) == (["new name"], ["new filter"])
    assert config["ranges"] == [{"source": "new name", "first": 100}]
    changes = [(one["action"], one["target"]) for one in admin.get("/audit?limit=4").json["items"]]
    assert changes == [("proxies.change", proxy["id"]), ("filters.change", kept.json["id"]),
                       ("proxies.change", proxy["id"]), ("sources.change", source.json["id"])]
    assert admin.put(where, body, headers={"If-Match": source.headers["etag"]}).status == 412
    taken = admin.put(where, {**body, "name": "one"}, headers={"If-Match": put.headers["etag"]})
    assert taken.status == 422 and "twice" in taken.json["detail"]


def test_credentials_are_not_shown_and_stay_when_they_are_sent_back(service):
    admin = service.admin
    config = {"url": "http://anna:geheim-secret@provider.example/get.php?username=anna&password=geheim-secret",
              "headers": {"X-Key": "geheim-secret"}, "refresh": "manual"}
    made = make(admin, "sources", "account", config)
    assert "secret" not in made.text and "***" in made.json["config"]["url"]
    where = f"/sources/{made.json['id']}"
    shown = admin.get(where)
    put = admin.put(where, {"name": "account", "config": {**shown.json["config"], "user_agent": "x"}},
                    headers={"If-Match": shown.headers["etag"]})
    assert put.status == 200
    again = admin.put(where, {"name": "account", "config": put.json["config"]},
                      headers={"If-Match": put.headers["etag"]})
    assert again.status == 200 and again.json["config"] == put.json["config"]
    stored = json.dumps(admin.get("/audit").json) if admin.get("/audit").status == 200 else ""
    assert "secret" not in stored and "secret" not in service.log()


def test_viewers_see_no_account_in_any_address(tmp_path):
    """Written down channels and rules name streams as they are, which only editors see."""
    stream = "http://anna:hush-pw@provider.example/live/anna/hush-pw/1.ts"
    config = tmp_path / "service.toml"
    config.write_text(f"""
[[sources]]
name = "written"
[[sources.channels]]
name = "W"
url = "{stream}"
[[rules]]
name = "moved"
expression = 'channel_name equals "W" SET stream_url = "{stream}"'
[[proxies]]
name = "home"
sources = ["written"]
rules = ["moved"]
""")
    with Service(tmp_path / "data", "--config", config) as service:
        admin = administrator(service)
        source, rule, proxy = (admin.get(f"/{kind}").json["items"][0]["id"]
                               for kind in ("sources", "rules", "proxies"))
        wait_until(lambda: admin.get(f"/proxies/{proxy}/channels").status == 200)
        viewer, editor = (Client(service, admin.post("/tokens", {"name": scope, "scopes": [scope]}).json["token"])
                          for scope in ("read", "edit"))
        expression = "stream_url equals "
        question = {"expression": expression, "position": len(expression), "kind": "filter", "proxy": proxy}
        for path, body in (("/sources", None), (f"/sources/{source}", None), ("/rules", None),
                           (f"/rules/{rule}", None), (f"/proxies/{proxy}/channels", None),
                           ("/expressions/complete", question)):
            method = "POST" if body else "GET"
            seen = viewer.ask(method, path, body)
            assert seen.status == 200 and "provider.example/" in seen.text, seen.text
            assert "hush-pw" not in seen.text, path
            assert stream in editor.ask(method, path, body).text, path


@pytest.mark.parametrize("location", [
    "/etc/passwd", "{folder}/outside.m3u", "{folder}/lists/../outside.m3u", "-", "one.m3u",
    "file:///etc/passwd", "file://{folder}/lists/%2e%2e/outside.m3u", "{folder}/lists/link.m3u"])
def test_files_outside_of_the_folders_are_refused(service, location):
    folder = service.lists.parent
    link = service.lists / "link.m3u"
    if not link.is_symlink():
        link.symlink_to(folder / "outside.m3u")
    answer = make(service.admin, "sources", "outside", {"path": location.format(folder=folder)}, 422)
    assert answer.json["errors"][0]["code"] == "forbidden"


def test_an_upload_becomes_the_sources_content(service):
    admin = service.admin
    source = make(admin, "sources", "uploaded", {"url": "http://provider.example/x.m3u",
                                                 "refresh": "manual"}).json
    wait_until(lambda: admin.put(f"/sources/{source['id']}/content", raw=PLAYLIST.encode()).status == 200)
    assert admin.get(f"/sources/{source['id']}").json["status"]["items"] == 10
    assert admin.put(f"/sources/{source['id']}/content", raw=b"<html>no</html>").status == 422
    assert len(admin.get(f"/sources/{source['id']}/history").json["items"]) == 1
    assert admin.get(f"/sources/{source['id']}/schedule").json == {"runs": []}


def test_generations_are_compared_taken_back_and_released(service):
    admin = service.admin
    path = service.lists / "changing.m3u"
    path.write_text(PLAYLIST)
    made = make(admin, "sources", "changing", {"path": str(path), "refresh": "manual"}).json
    assert admin.post(f"/sources/{made['id']}/refresh").status == 202
    proxy = make(admin, "proxies", "changes", {"sources": ["changing"]}).json
    base = f"/proxies/{proxy['id']}"
    wait_until(lambda: admin.get(base).json["status"]["generation"] == 1)
    path.write_text(PLAYLIST.replace("Channel 3", "Channel three") +
                    "#EXTINF:-1,New\nhttp://provider.example/new\n")
    source = next(s for s in admin.get("/sources").json["items"] if s["name"] == "changing")
    job = admin.post(f"/sources/{source['id']}/refresh")
    assert job.status == 202 and job.json["target_name"] == "changing"
    wait_until(lambda: admin.get(base).json["status"]["generation"] == 2)
    diff = admin.get(f"{base}/diff").json
    assert (diff["from"], diff["to"], diff["added"]) == (1, 2, diff["removed"] + 1)
    assert "New" in {item["name"] for item in diff["items"] if item["change"] == "added"}
    page = admin.get(f"{base}/diff?limit=1").json
    assert len(page["items"]) == 1 and page["next_cursor"] == "1"
    assert admin.post(f"{base}/roll-back", {"generation": 99}).status == 409
    assert admin.post(f"{base}/roll-back", {"generation": 1}).json == {"current": 1, "held": True}
    assert admin.get(base).json["status"]["held"] is True
    assert admin.post(f"{base}/release").json == {"current": 2, "held": False}
    assert admin.post(f"{base}/release").status == 409
    listed = admin.get(f"{base}/generations").json["items"]
    assert [g["number"] for g in listed] == [2, 1]
    old = admin.get(f"{base}/generations/1/playlist.m3u")
    assert old.status == 200 and "Channel 3" in old.text and "changes-1-playlist.m3u" in old.headers["content-disposition"]
    for bad in ("1/lineup", "1/..%2fplaylist.m3u", "x/playlist.m3u", "99/playlist.m3u"):
        assert admin.get(f"{base}/generations/{bad}").status in (400, 404)


def test_a_comparison_names_what_is_hidden_and_what_has_no_field(service):
    admin = service.admin
    path = service.lists / "account.m3u"
    text = ('#EXTM3U\n#EXTINF:-1 tvg-id="a",A\nhttp://provider.example/live/anna/{0}/1.ts\n'
            '#EXTINF:-1 tvg-id="b" catchup-days="{1}" radio="true",B\n#EXTVLCOPT:network-caching={1}\n'
            "http://provider.example/b.ts\n")
    path.write_text(text.format("old-pw", 3))
    source = make(admin, "sources", "with an account", {"path": str(path), "refresh": "manual"}).json
    admin.post(f"/sources/{source['id']}/refresh")
    base = f"/proxies/{make(admin, 'proxies', 'compared', {'sources': ['with an account']}).json['id']}"
    wait_until(lambda: admin.get(base).json["status"]["generation"] == 1)
    path.write_text(text.format("new-pw", 7))
    admin.post(f"/sources/{source['id']}/refresh")
    wait_until(lambda: admin.get(base).json["status"]["generation"] == 2)
    diff = admin.get(f"{base}/diff")
    assert "-pw" not in diff.text
    account, days = sorted(diff.json["items"], key=lambda item: item["name"])
    for side in ("before", "after"):
        assert account[side].keys() == {"url"} and "***" in account[side]["url"]
    assert days["before"] == {"attributes.catchup-days": "3", "directives": "1 lines"}
    assert days["after"] == {"attributes.catchup-days": "7", "directives": "1 lines"}


def test_output_tokens_open_and_close(service):
    admin = service.admin
    proxy = admin.get("/proxies").json["items"][0]
    base = f"/proxies/{proxy['id']}/tokens"
    made = admin.post(base, {"name": "living room"})
    assert made.status == 201
    wait_until(lambda: ask(made.json["playlist_url"]).status == 200)
    assert made.json["token"] not in admin.get(base).text
    rotated = admin.post(f"{base}/{made.json['id']}/rotate").json
    wait_until(lambda: ask(made.json["playlist_url"]).status == 404)
    wait_until(lambda: ask(rotated["playlist_url"]).status == 200)
    assert admin.delete(f"{base}/{rotated['id']}").status == 204
    wait_until(lambda: ask(rotated["playlist_url"]).status == 404)
    main = next(t for t in admin.get(base).json["items"] if t["name"] == "output")
    assert admin.delete(f"{base}/{main['id']}").status == 409
    old = admin.get(f"/proxies/{proxy['id']}").json["status"]["playlist_url"]
    assert admin.post(f"{base}/{main['id']}/rotate").status == 201
    wait_until(lambda: ask(old).status == 404)
    assert admin.post(base, {"name": "late", "expires": "2001-01-01T00:00:00Z"}).status == 422


def test_an_output_token_is_its_users_and_the_audit_log_says_which(service):
    admin = service.admin
    proxy = admin.get("/proxies").json["items"][0]
    base = f"/proxies/{proxy['id']}/tokens"
    people = {}
    for name in ("otto", "emil"):
        made = admin.post("/users", {"name": name, "role": "editor", "password": PASSWORD})
        people[name] = (made.json["id"], Client(service).log_in(name))
    otto, client = people["otto"]
    stranger = people["emil"][1]
    token = client.post(base, {"name": "bedroom", "user": otto}).json
    for query in ("", "?dry_run=true"):
        assert stranger.post(f"{base}/{token['id']}/rotate{query}").status == 403
        assert stranger.delete(f"{base}/{token['id']}{query}").status == 403
    rotated = client.post(f"{base}/{token['id']}/rotate")
    assert rotated.status == 201
    entry = admin.get("/audit?limit=1").json["items"][0]
    assert (entry["actor"], entry["action"], entry["target"]) == ("otto", "output-tokens.rotate", token["id"])
    before, after = entry["detail"]["before"], entry["detail"]["after"]
    assert (before["id"], after["id"]) == (token["id"], rotated.json["id"])
    for one in (before, after):
        assert (one["name"], one["user"]) == ("bedroom", otto)
        assert one["proxy"] == {"id": proxy["id"], "name": proxy["name"]}
    assert rotated.json["token"] not in admin.get("/audit").text
    assert admin.delete(f"{base}/{rotated.json['id']}").status == 204
    last = admin.get("/audit?limit=1").json["items"][0]["detail"]
    assert last["before"]["name"] == "bedroom" and "after" not in last
    # What is nobody's is every editor's.
    shared = client.post(base, {"name": "kitchen"}).json
    assert stranger.delete(f"{base}/{shared['id']}").status == 204


def test_an_output_token_ends_by_itself(service):
    admin = service.admin
    proxy = admin.get("/proxies").json["items"][0]
    end = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + 4))
    made = admin.post(f"/proxies/{proxy['id']}/tokens", {"name": "guest", "expires": end})
    assert made.status == 201 and made.json["expires"] == end
    wait_until(lambda: ask(made.json["playlist_url"]).status == 200, within=3)
    wait_until(lambda: ask(made.json["playlist_url"]).status == 404)


def test_an_address_is_looked_at_before_it_becomes_a_source(service):
    admin = service.admin
    found = admin.post("/sources/validate", {"config": {"path": str(service.lists / "one.m3u")}})
    assert found.status == 200, found.text
    assert (found.json["usable"], found.json["items"]) == (True, 10)
    assert found.json["groups"] == [{"name": "News", "count": 5}, {"name": "Sport", "count": 5}]
    wrong = admin.post("/sources/validate", {"config": {"url": "ftp://x", "reload": 1}})
    assert {e["field"] for e in wrong.json["errors"]} >= {"config.reload"}
    guide = admin.post("/epg-sources/validate", {"config": {"path": str(service.lists / "one.m3u")}})
    assert guide.json["usable"] is False and guide.json["problems"][0]["severity"] == "error"


def test_jobs_and_status_are_shown(service):
    admin = service.admin
    page = admin.get("/jobs?limit=2").json
    assert len(page["items"]) == 2 and page["next_cursor"]
    more = admin.get(f"/jobs?limit=2&cursor={page['next_cursor']}").json
    assert not {j["id"] for j in page["items"]} & {j["id"] for j in more["items"]}
    job = admin.get(f"/jobs/{page['items'][0]['id']}")
    assert job.status == 200
    assert admin.get("/jobs?state=odd").status == 422
    assert admin.post(f"/jobs/{page['items'][0]['id']}/cancel").status in (200, 409)
    status = admin.get("/status").json
    assert status["ready"] in (True, False) and re.match(r"\d+\.\d+", status["version"])
    assert status["memory"]["tags"]
    proxy = admin.get("/proxies").json["items"][0]["id"]
    assert admin.get(f"/history?proxy={proxy}").json["items"]


def test_what_the_file_manages_is_changed_in_the_file(tmp_path):
    (tmp_path / "one.m3u").write_text(PLAYLIST)
    (tmp_path / "m3u-proxy.toml").write_text('[[sources]]\nname = "one"\npath = "one.m3u"\n'
                                             '[[proxies]]\nname = "home"\nsources = ["one"]\n')
    with Service(tmp_path / "data", "--config", tmp_path / "m3u-proxy.toml") as service:
        admin = administrator(service)
        source = admin.get("/sources").json["items"][0]
        assert source["managed_by"] == "file"
        answer = admin.put(f"/sources/{source['id']}", {"name": "one", "config": {}},
                           headers={"If-Match": "*"})
        assert answer.status == 409 and answer.json["hint"] == "change it there"


def test_of_two_changes_at_once_one_is_told_to_look_again(service):
    admin = service.admin
    made = make(admin, "filters", "raced", {"action": "include", "expression": 'channel_name contains "a"'})
    where = made.headers["location"].removeprefix("/api/v1")
    tag = made.headers["etag"]
    with ThreadPoolExecutor(8) as pool:
        for round_ in range(10):
            body = {"name": "raced", "config": {"action": "include", "expression": f'channel_name contains "{round_}"'}}
            seen = {"If-Match": tag}
            answers = list(pool.map(lambda _: admin.put(where, body, headers=seen), range(8)))  # noqa: B023
            assert sorted(answer.status for answer in answers) == [200] + [412] * 7
            tag = next(answer.headers["etag"] for answer in answers if answer.status == 200)


GUIDE = '<tv>{}</tv>'
SHOW = '<programme start="20261128120000 +0000" channel="{}"><title>T</title></programme>'


def quarantine(admin, kind, file, before, after):
    """A source that had `before` and whose reply of `after` waits; where it is."""
    file.write_text(before)
    made = make(admin, kind, file.name, {"path": str(file), "refresh": "manual"}).json
    where = f"/{kind}/{made['id']}"
    admin.post(f"{where}/refresh")
    wait_until(lambda: admin.get(where).json["status"]["items"])
    assert admin.get(f"{where}/quarantine").status == 409 == admin.delete(f"{where}/quarantine").status
    file.write_text(after)
    admin.post(f"{where}/refresh")
    wait_until(lambda: admin.get(where).json["status"]["quarantined"])
    return where


def test_a_reply_that_waits_says_what_it_would_change(service):
    admin, file = service.admin, service.lists / "shrinks.m3u"
    after = "#EXTM3U\n" + "".join(PLAYLIST.splitlines(keepends=True)[1:5]).replace("Sport", "Films") + (
        "#EXTINF:-1,Newcomer\nhttp://provider.example/new\n")
    where = quarantine(admin, "sources", file, PLAYLIST, after)
    answer = admin.get(f"{where}/quarantine?limit=3")
    assert answer.status == 200, answer.text
    found = answer.json
    assert [found[name] for name in ("was", "is", "added", "removed", "changed")] == [10, 3, 1, 8, 1]
    items = {kind: [one for one in found["items"] if one["change"] == kind] for kind in ("added", "removed", "changed")}
    assert items["added"] == [{"change": "added", "name": "Newcomer", "after": {"name": "Newcomer"}}]
    assert [one["name"] for one in items["removed"]] == ["Channel 2", "Channel 3", "Channel 4"]
    assert items["removed"][0]["before"] == {"name": "Channel 2", "group": "Sport", "guide_id": "c2"}
    assert items["changed"] == [{"change": "changed", "name": "Channel 0", "before": {"group": "Sport"}, "after": {"group": "Films"}}]
    assert len(admin.get(f"{where}/quarantine").json["items"]) == 10
    assert admin.get(f"{where}/quarantine?limit=101").status == 422
    # Dropped, it is as if it had not come, and the same again waits again.
    assert admin.delete(f"{where}/quarantine").status == 204
    status = admin.get(where).json["status"]
    assert (status["state"], status["items"], status["quarantined"]) == ("fresh", 10, None)
    admin.post(f"{where}/refresh")
    wait_until(lambda: admin.get(where).json["status"]["quarantined"])
    assert admin.get(where).json["status"]["quarantined"]["replies"] == 1


def test_a_guide_that_waits_names_the_channels_without_programmes(service):
    before = GUIDE.format("".join(SHOW.format(channel) for channel in "abcab"))
    after = GUIDE.format("".join(SHOW.format(channel) for channel in "ad"))
    where = quarantine(service.admin, "epg-sources", service.lists / "shrinks.xml", before, after)
    found = service.admin.get(f"{where}/quarantine").json
    assert [found[name] for name in ("was", "is", "added", "removed", "changed")] == [5, 2, 1, 2, 0]
    assert [(one["change"], one["name"]) for one in found["items"]] == [("added", "d"), ("removed", "b"), ("removed", "c")]
