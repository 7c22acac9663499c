"""Edits of channels through the API: one, many, numbers, taken back, tried before."""

import re
import uuid
from urllib.parse import quote

import pytest
from api_client import Client, administrator
from service import Service, ask, wait_until

NAMESPACE = uuid.UUID("c5c5c16f-5662-5ddf-b09b-279718742c62")
HOME = str(uuid.uuid5(NAMESPACE, "proxy:home"))
OTHER = str(uuid.uuid5(NAMESPACE, "proxy:other"))
NOBODY = "00000000-0000-0000-0000-000000000001"
NEW = {"If-None-Match": "*"}


def playlist(count, group="Few"):
    return "#EXTM3U\n" + "".join(
        f'#EXTINF:-1 tvg-id="{group}{i}" group-title="{group}",{group} {i}\nhttp://stream.example/{group}/{i}\n'
        for i in range(count))


@pytest.fixture(name="service", scope="module")
def a_service(tmp_path_factory):
    folder = tmp_path_factory.mktemp("edits")
    (folder / "few.m3u").write_text(playlist(8))
    (folder / "many.m3u").write_text(playlist(1500, "Many"))
    (folder / "service.toml").write_text(f"""
[service]
allowed_folders = ["{folder}"]
quiet_period = "1s"
[[sources]]
name = "few"
path = "{folder}/few.m3u"
[[sources]]
name = "many"
path = "{folder}/many.m3u"
[[proxies]]
name = "home"
sources = ["few"]
public = true
[[proxies]]
name = "other"
sources = ["few", "many"]
public = true
""")
    with Service(folder / "data", "--config", folder / "service.toml") as service:
        service.admin = administrator(service)
        service.config = folder / "service.toml"
        for proxy in (HOME, OTHER):
            wait_until(lambda proxy=proxy: service.admin.get(f"/proxies/{proxy}/channels").status == 200)
        made = service.admin.post("/tokens", {"name": "reader", "scopes": ["read"]})
        service.viewer = Client(service, made.json["token"])
        yield service


@pytest.fixture(name="admin")
def the_admin(service):
    """Begins with no edit, and as the sources say."""
    admin = service.admin
    yield admin
    for edit in admin.get("/edits?limit=500").json["items"]:
        if edit["managed_by"] == "user":
            scope = f"?proxy={edit['proxy']}" if edit["proxy"] else ""
            gone = admin.delete(f"/edits/{edit['channel']}{scope}", headers={"If-Match": "*"})
            assert gone.status == 204, gone.text


def channels(admin, proxy=HOME, **query):
    parameters = "".join(f"&{name}={quote(str(value))}" for name, value in query.items())
    return admin.get(f"/proxies/{proxy}/channels?limit=500{parameters}").json["items"]


def ids_of(admin, proxy=HOME, count=8):
    """Those of the source, whatever is published at this moment."""
    wait_until(lambda: [c["name"] for c in channels(admin, proxy)][:count] == [f"Few {i}" for i in range(count)])
    return [c["id"] for c in channels(admin, proxy)]


def test_an_edit_is_made_changed_and_taken_back(service, admin):
    first, second, *_ = ids_of(admin)
    where = f"/edits/{first}?proxy={HOME}"
    edit = {"number": "7.1", "name": "Mine", "group": "", "logo": "http://logo/x.png",
            "guide_id": "mine.tv", "place": {"after": second}}
    assert admin.put(where, edit).status == 428
    made = admin.put(where, edit, headers=NEW)
    assert made.status == 201, made.text
    assert edit.items() <= made.json.items()
    assert made.json["proxy"] == HOME and made.json["managed_by"] == "user" and "hidden" not in made.json
    wait_until(lambda: [c["name"] for c in channels(admin)][:2] == ["Few 1", "Mine"])
    shown = channels(admin)[1]
    assert (shown["number"], shown["group"], shown["guide_id"], shown["edited"]) == ("7.1", "", "mine.tv", True)
    assert [c["edited"] for c in channels(admin)].count(True) == 1
    assert "Mine" not in [c["name"] for c in channels(admin, OTHER)]
    seen = admin.get(where)
    assert seen.headers["etag"] == made.headers["etag"] == '"1"' and seen.json == made.json
    changed = admin.put(where, {"hidden": True}, headers={"If-Match": seen.headers["etag"]})
    assert changed.status == 200 and changed.json["revision"] == 2 and "name" not in changed.json
    wait_until(lambda: first not in [c["id"] for c in channels(admin)])
    assert admin.delete(where, headers={"If-Match": '"1"'}).status == 412
    assert admin.delete(where, headers={"If-Match": '"2"'}).status == 204
    assert admin.get(where).status == 404
    wait_until(lambda: channels(admin)[0]["name"] == "Few 0")


def test_who_comes_second_hears_of_it(service, admin):
    where = f"/edits/{ids_of(admin)[0]}"
    assert admin.put(where, {"name": "A"}, headers=NEW).status == 201
    again = admin.put(where, {"name": "B"}, headers=NEW)
    assert again.status == 412 and "by now" in again.json["detail"]
    assert admin.put(where, {"name": "B"}, headers={"If-Match": '"1"'}).status == 200
    assert admin.put(where, {"name": "C"}, headers={"If-Match": '"1"'}).status == 412
    assert admin.put(where, {"name": "C"}, headers={"If-Match": "*"}).json["revision"] == 3
    assert admin.put(f"/edits/{NOBODY}", {"name": "C"}, headers={"If-Match": '"1"'}).status == 412


@pytest.mark.parametrize("edit,field,words", [
    ({"name": "a\nb"}, "name", "line breaks"),
    ({"name": ""}, "name", "needs a name"),
    ({"number": "7\n"}, "number", "line breaks"),
    ({"number": 0}, "number", "no number"),
    ({"number": 1.5}, "number", ""),
    ({"group": "x\u0000"}, "group", "line breaks"),
    ({"logo": "x" * 65537}, "logo", "too long"),
    ({"hidden": "yes"}, "hidden", ""),
    ({"nam": "x"}, "nam", "nam"),
    ({"channel": NOBODY}, "channel", "not known"),
    ({"before": NOBODY}, "before", "not known"),
    ({"place": {}}, "place", "before or after"),
    ({"place": {"before": NOBODY, "after": NOBODY}}, "place", "before or after"),
    ({"place": {"beside": NOBODY}}, "place.beside", "before or after"),
    ({"place": {"after": "nothing"}}, "place.after", "nothing"),
    ({"place": {"after": NOBODY}}, "place.after", "itself"),
])
def test_what_a_channel_cannot_become_is_refused(admin, edit, field, words):
    answer = admin.put(f"/edits/{NOBODY}", edit, headers=NEW)
    assert answer.status == 422, answer.text
    assert answer.json["errors"][0]["field"] == field
    assert words in answer.json["errors"][0]["message"]
    assert "edits[" not in answer.text and admin.get(f"/edits/{NOBODY}").status == 404


def test_an_edit_that_says_nothing_is_none(admin):
    assert admin.put(f"/edits/{NOBODY}", {}, headers=NEW).status == 422
    assert admin.put(f"/edits/{NOBODY}", {"name": None}, headers=NEW).status == 422
    assert admin.put(f"/edits/{NOBODY}?proxy={NOBODY}", {"name": "x"}, headers=NEW).status == 404
    assert admin.put(f"/edits/{NOBODY}?proxy=home", {"name": "x"}, headers=NEW).status == 422


def test_an_edit_waits_for_a_channel_that_nobody_has(admin):
    made = admin.put(f"/edits/{NOBODY}", {"name": "Later"}, headers=NEW)
    assert made.status == 201
    assert admin.get(f"/edits/{NOBODY}").json["name"] == "Later"


def test_edits_are_listed_in_pages(admin):
    ids = sorted(ids_of(admin))
    for number, channel in enumerate(ids[:5]):
        assert admin.put(f"/edits/{channel}", {"number": number + 1}, headers=NEW).status == 201
    assert admin.put(f"/edits/{ids[0]}?proxy={HOME}", {"name": "Home"}, headers=NEW).status == 201
    assert admin.put(f"/edits/{ids[1]}?proxy={OTHER}", {"name": "Other"}, headers=NEW).status == 201
    every = admin.get("/edits?proxy=all").json
    assert [(e["channel"], e["proxy"]) for e in every["items"]] == [
        (ids[0], None), (ids[0], HOME), (ids[1], None), (ids[1], OTHER),
        (ids[2], None), (ids[3], None), (ids[4], None)]
    assert every["next_cursor"] is None
    own, cursor, pages = [], "", 0
    while cursor is not None:
        page = admin.get(f"/edits?proxy={HOME}&limit=2" + (f"&cursor={cursor}" if cursor else "")).json
        own += [(e["channel"], e["proxy"]) for e in page["items"]]
        cursor, pages = page["next_cursor"], pages + 1
    assert own == [(ids[0], None), (ids[0], HOME), *((i, None) for i in ids[1:5])] and pages >= 3
    assert admin.get("/edits?cursor=x").status == 422


def test_viewers_see_edits_and_change_none(service, admin):
    channel = ids_of(admin)[0]
    assert admin.put(f"/edits/{channel}", {"name": "x"}, headers=NEW).status == 201
    assert service.viewer.get(f"/edits/{channel}").status == 200
    assert service.viewer.put(f"/edits/{channel}", {"name": "y"}, headers={"If-Match": "*"}).status == 403
    assert service.viewer.post("/edits/bulk", {"set": {"hidden": True}}).status == 403


def test_changes_are_in_the_audit_log(admin):
    channel = ids_of(admin)[0]
    admin.put(f"/edits/{channel}", {"name": "one"}, headers=NEW)
    admin.put(f"/edits/{channel}", {"name": "two"}, headers={"If-Match": "*"})
    admin.delete(f"/edits/{channel}", headers={"If-Match": "*"})
    entries = [e for e in admin.get("/audit?limit=10").json["items"] if e["target"] == channel][:3]
    assert [e["action"] for e in entries] == ["edits.remove", "edits.change", "edits.create"]
    said = [((e["detail"].get("before") or {}).get("name"), (e["detail"].get("after") or {}).get("name"))
            for e in entries]
    assert said == [("two", None), ("one", "two"), (None, "one")]


def test_the_files_edits_are_changed_in_the_file(service, admin):
    channel = ids_of(admin)[2]
    text = service.config.read_text()
    try:
        service.config.write_text(text + f'\n[[edits]]\nchannel = "{channel}"\nname = "From the file"\n')
        wait_until(lambda: admin.get(f"/edits/{channel}").status == 200)
        assert admin.get(f"/edits/{channel}").json["managed_by"] == "file"
        both = [NOBODY, channel]
        for method, path, body in (
                ("PUT", f"/edits/{channel}", {"name": "x"}), ("DELETE", f"/edits/{channel}", None),
                ("POST", "/edits/renumber", {"channels": both, "start": 5}),
                ("POST", "/edits/bulk", {"channels": both, "set": {"group": "x"}}),
                ("POST", "/edits/write", {"items": [{"channel": channel, "revision": 1}]})):
            answer, asked = (admin.ask(method, path + query, body, headers={"If-Match": "*"})
                             for query in ("", "?dry_run=true"))
            assert answer.status == 409 and "configuration file" in answer.json["detail"], answer.text
            assert (asked.status, asked.json) == (409, answer.json), asked.text
        assert admin.get(f"/edits/{NOBODY}").status == 404
        assert admin.put(f"/edits/{channel}?proxy={HOME}", {"name": "Ours"}, headers=NEW).status == 201
        wait_until(lambda: channels(admin)[2]["name"] == "Ours")
    finally:
        service.config.write_text(text)
    wait_until(lambda: admin.get(f"/edits/{channel}").status == 404)


def test_few_channels_are_edited_one_by_one_together(admin):
    ids = ids_of(admin)
    assert admin.put(f"/edits/{ids[1]}?proxy={HOME}", {"name": "Kept"}, headers=NEW).status == 201
    wait_until(lambda: channels(admin)[1]["name"] == "Kept")
    body = {"proxy": HOME, "filter": 'name contains "Kept" OR name ends_with " 3"', "set": {"group": "Best"}}
    tried = admin.post("/edits/bulk", {**body, "dry_run": True})
    assert tried.status == 200, tried.text
    assert (tried.json["channels"], tried.json["made"], tried.json["exact"]) == (2, "edits", True)
    impact, = tried.json["proxies"]
    assert (impact["id"], impact["changed"], impact["added"], impact["removed"]) == (HOME, 2, 0, 0)
    assert {(s["before"]["group"], s["after"]["group"]) for s in impact["samples"]} == {("Few", "Best")}
    assert admin.get(f"/edits/{ids[3]}?proxy={HOME}").status == 404
    done = admin.post("/edits/bulk", body)
    assert done.status == 200 and done.json["channels"] == 2
    before = {i["channel"]: i["before"] for i in done.json["items"]}
    assert before[ids[3]] is None and before[ids[1]]["name"] == "Kept"
    assert admin.get(f"/edits/{ids[1]}?proxy={HOME}").json["name"] == "Kept"
    wait_until(lambda: [c["group"] for c in channels(admin)].count("Best") == 2)
    assert admin.get("/audit?limit=1").json["items"][0]["action"] == "edits.bulk"
    nothing = admin.post("/edits/bulk", {"filter": 'name equals "Nowhere"', "set": {"hidden": True}})
    assert nothing.status == 200 and nothing.json["channels"] == 0


def test_the_audit_log_has_what_was_before_a_change_of_a_thousand_channels(admin):
    several = [str(uuid.UUID(int=2**64 + i)) for i in range(1000)]

    def write(name, revision):
        items = [{"channel": one, "revision": revision, **({"edit": {"name": f"{name} {one}"}} if name else {})}
                 for one in several]
        done = admin.post("/edits/write", {"proxy": HOME, "items": items})
        assert done.status == 200, done.text
    start = admin.get("/audit?limit=1").json["items"][0]["id"]
    write("Old", 0)
    middle = admin.get("/audit?limit=1").json["items"][0]["id"]
    write("New", 1)
    last = admin.get("/audit?limit=1").json["items"][0]["id"]
    write(None, 2)
    assert admin.get("/audit?limit=1").json["items"][0]["detail"]["after"][-1] is None
    entries = [one for one in admin.get("/audit?limit=100").json["items"][::-1] if start < one["id"] <= last]
    assert {(one["action"], one["target"]) for one in entries} == {("edits.write", HOME)}
    first = [edit for one in entries if one["id"] <= middle for edit in one["detail"]["before"]]
    assert first == [None] * 1000
    for side, name in (("before", "Old"), ("after", "New")):
        edits = [edit for one in entries if one["id"] > middle for edit in one["detail"][side]]
        assert {edit["channel"]: edit["name"] for edit in edits} == {one: f"{name} {one}" for one in several}


@pytest.mark.parametrize("body,field", [
    ({"set": {}}, "set"), ({"set": {"name": "x"}}, "set.name"), ({"set": {"number": 5}}, "set.number"),
    ({"set": {"group": "a\tb"}}, "set.group"), ({"filter": "naem equals \"x\"", "set": {"group": "a"}}, "filter"),
    ({"set": {"hidden": True, "group": "x"}}, "set.hidden"), ({"set": {"group": "x"}, "filtr": ""}, "filtr"),
    ({"set": {"group": "x"}, "channels": []}, "channels"), ({"set": {"group": "x"}, "channels": ["x"]}, "channels"),
    ({"set": {"group": "x"}, "channels": [NOBODY, NOBODY]}, "channels"),
    ({"set": {"group": "x"}, "channels": [NOBODY], "filter": ""}, "channels")])
def test_bulk_edits_that_cannot_be_are_refused(admin, body, field):
    answer = admin.post("/edits/bulk", body)
    assert answer.status == 422 and answer.json["errors"][0]["field"] == field, answer.text


def test_many_channels_get_a_rule(service, admin):
    body = {"proxy": OTHER, "filter": 'name contains "Many"', "set": {"group": 'All of "them" $1', "logo": ""}}
    files = admin.post("/edits/bulk", body)
    assert files.status == 409 and "SET group_title" in files.json["hint"], files.text
    proxy = admin.post("/proxies", {"name": "mine", "config": {"sources": ["many"], "public": True}})
    mine = proxy.json["id"]
    wait_until(lambda: admin.get(f"/proxies/{mine}/channels").status == 200)
    body["proxy"] = mine
    tried = admin.post("/edits/bulk", {**body, "dry_run": True}).json
    assert (tried["channels"], tried["made"], tried["proxies"][0]["changed"]) == (1500, "rule", 1500)
    assert admin.get("/rules").json["items"] == []
    done = admin.post("/edits/bulk", body)
    assert done.status == 200, done.text
    rule = admin.get(f"/rules/{done.json['rule']['id']}").json
    assert rule["config"]["expression"] == tried["rule"]["expression"] == done.json["rule"]["expression"]
    assert admin.get(f"/proxies/{mine}").json["config"]["rules"] == [rule["name"]]
    wait_until(lambda: channels(admin, mine)[0]["group"] == 'All of "them" $1')
    assert admin.get("/edits").json["items"] == []
    hidden = admin.post("/edits/bulk", {"proxy": mine, "filter": 'name ends_with "1"', "set": {"hidden": True}})
    assert hidden.status == 200 and hidden.json["made"] == "edits" and hidden.json["channels"] == 150
    wait_until(lambda: admin.get(f"/proxies/{mine}/channels").json["total"] == 1350)
    taken = admin.post("/edits/bulk", {"proxy": mine, "set": {"hidden": True}})
    assert taken.status == 200 and taken.json["made"] == "filter", taken.text
    admin.delete(f"/proxies/{mine}", headers={"If-Match": "*"})


def test_a_rule_of_two_bulk_edits_has_a_name_of_its_own(admin):
    proxy = admin.post("/proxies", {"name": "twice", "config": {"sources": ["many"]}}).json["id"]
    wait_until(lambda: admin.get(f"/proxies/{proxy}/channels").status == 200)
    names = [admin.post("/edits/bulk", {"proxy": proxy, "set": {"group": "Same"}}).json["rule"]["name"]
             for _ in range(2)]
    assert names[0] != names[1]
    assert admin.get(f"/proxies/{proxy}").json["config"]["rules"] == names
    admin.delete(f"/proxies/{proxy}", headers={"If-Match": "*"})


def test_channels_are_numbered_in_their_order(admin):
    ids = ids_of(admin)
    wanted = [ids[4], ids[0], ids[2]]
    assert admin.put(f"/edits/{ids[0]}?proxy={HOME}", {"name": "Kept"}, headers=NEW).status == 201
    body = {"proxy": HOME, "channels": wanted, "start": 100}
    tried = admin.post("/edits/renumber", {**body, "dry_run": True}).json
    assert tried["dry_run"] and tried["channels"] == 3 and tried["proxies"][0]["changed"] >= 3
    done = admin.post("/edits/renumber", body)
    assert done.status == 200 and done.json["channels"] == 3, done.text
    wait_until(lambda: {c["id"]: c["number"] for c in channels(admin)}.get(ids[2]) == "102")
    shown = {c["id"]: (c["number"], c["name"]) for c in channels(admin)}
    assert shown[ids[4]] == ("100", "Few 4") and shown[ids[0]] == ("101", "Kept")
    for wrong in ({"channels": [], "start": 1}, {"channels": [ids[0]] * 2, "start": 1},
                  {"channels": ids[:2], "start": 2147483647}, {"channels": ids[:2], "start": 0}):
        assert admin.post("/edits/renumber", wrong).status == 422


def back_of(answer):
    """What undoes it."""
    texts = ("number", "name", "group", "logo", "guide_id", "hidden", "place")
    return [{"channel": item["channel"], "revision": item["revision"],
             **({"edit": {key: item["before"][key] for key in texts if key in item["before"]}} if item["before"] else {})}
            for item in answer["items"]]


def test_channels_that_are_named_are_changed_together_and_put_back_together(admin):
    ids = ids_of(admin)
    assert admin.put(f"/edits/{ids[1]}?proxy={HOME}", {"name": "Kept", "number": 40}, headers=NEW).status == 201
    body = {"proxy": HOME, "channels": [ids[3], ids[1], NOBODY], "set": {"group": "Best"}}
    tried = admin.post("/edits/bulk", {**body, "dry_run": True})
    assert (tried.json["channels"], tried.json["made"], tried.json["dry_run"]) == (3, "edits", True), tried.text
    done = admin.post("/edits/bulk", body)
    assert done.status == 200 and done.json["channels"] == 3, done.text
    wait_until(lambda: [c["group"] for c in channels(admin)].count("Best") == 2)
    undo = {"proxy": HOME, "items": back_of(done.json)}
    tried = admin.post("/edits/write", {**undo, "dry_run": True})
    assert tried.status == 200 and tried.json["proxies"][0]["changed"] == 2, tried.text
    put_back = admin.post("/edits/write", undo)
    assert put_back.status == 200, put_back.text
    assert [item["revision"] for item in put_back.json["items"]] == [0, 3, 0]
    assert admin.get(f"/edits/{ids[3]}?proxy={HOME}").status == 404
    kept = admin.get(f"/edits/{ids[1]}?proxy={HOME}").json
    assert (kept["name"], kept["number"], kept.get("group")) == ("Kept", "40", None)
    assert admin.get("/audit?limit=1").json["items"][0]["action"] == "edits.write"
    # What is there now is another revision: a second time nothing happens.
    again = admin.post("/edits/write", undo)
    assert again.status == 412, again.text
    # And the way back from the way back.
    forth = admin.post("/edits/write", {"proxy": HOME, "items": back_of(put_back.json)})
    assert forth.status == 200, forth.text
    assert admin.get(f"/edits/{ids[3]}?proxy={HOME}").json["group"] == "Best"


def test_of_edits_that_are_written_together_all_are_or_none(service, admin):
    ids = ids_of(admin)
    assert admin.put(f"/edits/{ids[1]}", {"name": "There"}, headers=NEW).status == 201
    items = [{"channel": ids[0], "revision": 0, "edit": {"name": "New"}},
             {"channel": ids[1], "revision": 0, "edit": {"name": "New too"}}]
    assert admin.post("/edits/write", {"items": items}).status == 412
    assert admin.post("/edits/write", {"items": items, "dry_run": True}).status == 412
    assert admin.get(f"/edits/{ids[0]}").status == 404
    items[1]["revision"] = 1
    assert admin.post("/edits/write", {"items": items}).status == 200
    assert admin.get(f"/edits/{ids[1]}").json["name"] == "New too"
    assert service.viewer.post("/edits/write", {"items": items}).status == 403
    for wrong, field in (([], "items"), ([7], "items[0]"), ([{"channel": "x", "revision": 0}], "items[0].channel"),
                         ([{"channel": ids[2]}], "items[0].revision"),
                         ([{"channel": ids[2], "revision": 0}] * 2, "items[1].channel"),
                         ([{"channel": ids[2], "revision": 0, "edit": {"name": "a\tb"}}], "items[0].edit.name"),
                         ([{"channel": ids[2], "revision": 0, "edit": {"nme": "a"}}], "items[0].edit.nme")):
        answer = admin.post("/edits/write", {"items": wrong})
        assert answer.status == 422 and answer.json["errors"][0]["field"] == field, answer.text


def test_a_dry_run_says_what_an_edit_would_do_and_does_nothing(admin):
    channel = ids_of(admin)[0]
    tried = admin.put(f"/edits/{channel}?dry_run=true", {"hidden": True}, headers=NEW)
    assert tried.status == 200 and tried.json["dry_run"] and tried.json["exact"], tried.text
    assert {p["id"]: (p["channels_before"], p["channels_after"], p["removed"]) for p in tried.json["proxies"]} == {
        HOME: (8, 7, 1), OTHER: (1508, 1507, 1)}
    assert admin.get(f"/edits/{channel}").status == 404
    assert admin.put(f"/edits/{channel}", {"name": "For all"}, headers=NEW).status == 201
    wait_until(lambda: channels(admin)[0]["name"] == "For all")
    own = admin.put(f"/edits/{channel}?proxy={HOME}&dry_run=true", {"group": "G"}, headers=NEW).json
    assert [p["id"] for p in own["proxies"]] == [HOME]
    sample, = own["proxies"][0]["samples"]
    assert sample["name"] == "For all" and sample["after"] == {"group": "G"}
    back = admin.delete(f"/edits/{channel}?dry_run=true", headers={"If-Match": "*"})
    assert back.status == 200 and back.json["proxies"][0]["samples"][0]["after"] == {"name": "Few 0"}
    assert admin.get(f"/edits/{channel}").status == 200


def test_a_dry_run_of_many_is_asked_for_like_any_other(admin):
    ids = ids_of(admin)
    for path, body in (("bulk", {"proxy": HOME, "filter": 'name ends_with " 3"', "set": {"hidden": True}}),
                       ("renumber", {"proxy": HOME, "channels": ids[:3], "start": 70}),
                       ("write", {"proxy": HOME, "items": [
                           {"channel": ids[0], "revision": 0, "edit": {"hidden": True}}]})):
        in_body = admin.post(f"/edits/{path}", {**body, "dry_run": True}).json
        in_query = admin.post(f"/edits/{path}?dry_run=true", body)
        assert in_query.status == 200 and in_query.json["dry_run"], in_query.text
        assert {**in_query.json, "seconds": 0} == {**in_body, "seconds": 0}
    assert admin.get("/edits").json["items"] == []


def test_edits_that_are_too_long_together_are_so_for_a_dry_run_too(admin):
    channels = [str(uuid.uuid5(NAMESPACE, str(i))) for i in range(1000)]
    body = {"channels": channels, "set": {"group": "g" * 3000}}
    done, asked = admin.post("/edits/bulk", body), admin.post("/edits/bulk?dry_run=true", body)
    assert done.status >= 400 and "too long" in done.json["detail"], done.text
    assert (asked.status, asked.json) == (done.status, done.json)


def test_a_dry_run_keeps_within_the_memory_limit(tmp_path):
    """What is said of the same channels for one proxy may be much more than what is tried for all."""
    (tmp_path / "few.m3u").write_text(playlist(8))
    config = tmp_path / "service.toml"
    config.write_text(f"""
[service]
allowed_folders = ["{tmp_path}"]
[[sources]]
name = "few"
path = "{tmp_path}/few.m3u"
[[proxies]]
name = "home"
sources = ["few"]
""")
    channels, each = [str(uuid.uuid5(NAMESPACE, str(i))) for i in range(700)], 14
    with Service(tmp_path / "data", "--config", config, "--memory-limit", "64MB") as service:
        admin = administrator(service)
        wait_until(lambda: admin.get(f"/proxies/{HOME}/channels").status == 200)
        for i in range(0, len(channels), each):
            items = [{"channel": channel, "revision": 0, "edit": {"logo": "http://h/" + "l" * 60_000}}
                     for channel in channels[i:i + each]]
            assert admin.post("/edits/write", {"proxy": HOME, "items": items}).status == 200
        body = {"channels": channels, "set": {"group": "Best"}, "dry_run": True}
        asked = admin.post("/edits/bulk", body)
        assert asked.status == 413 and "more memory than is free" in asked.json["detail"], asked.text
        fitting = int(re.search(r"try at most (\d+) channels", asked.text)[1])
        assert 10 < fitting < 700
        asked = admin.post("/edits/bulk", {**body, "channels": channels[:fitting]})
        assert asked.status == 200 and asked.json["channels"] == fitting, asked.text
        done = admin.post("/edits/bulk", {**body, "dry_run": False})
        assert done.status == 200 and done.json["channels"] == 700, done.text


def test_what_is_published_is_what_was_edited(admin):
    channel = ids_of(admin)[0]
    assert admin.put(f"/edits/{channel}", {"name": '<b>"x"</b>, y'}, headers=NEW).status == 201
    address = admin.get(f"/proxies/{HOME}").json["status"]["playlist_url"]
    wait_until(lambda: '<b>"x"</b>, y' in ask(address).text)
