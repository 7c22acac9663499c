"""What changes would do, asked by dry_run=true: the same as what they do, and nothing is done."""

import uuid

import pytest
from api_client import administrator
from service import Service, wait_until

PLAYLIST = "#EXTM3U\n" + "".join(
    f'#EXTINF:-1 tvg-id="c{i}" group-title="{"News" if i % 2 else "Sport"}",Channel {i}\n'
    f"http://provider.example/{i}\n" for i in range(30))
GUIDE = ('<tv><channel id="c1"><display-name>Channel 1</display-name></channel>'
         '<programme start="20300101000000 +0000" stop="20300101010000 +0000" channel="c1">'
         "<title>T</title></programme></tv>")
ANY = {"If-Match": "*"}


@pytest.fixture(name="service", scope="module")
def a_service(tmp_path_factory):
    folder = tmp_path_factory.mktemp("dry")
    (folder / "one.m3u").write_text(PLAYLIST)
    (folder / "guide.xml").write_text(GUIDE)
    config = folder / "service.toml"
    config.write_text(f'[service]\nallowed_folders = ["{folder}"]\nquiet_period = "1s"\n')
    with Service(folder / "data", "--config", config) as service:
        service.folder = folder
        admin = service.admin = administrator(service)
        service.ids = {}
        for kind, name, settings in [
                ("sources", "one", {"path": str(folder / "one.m3u")}),
                ("epg-sources", "guide", {"path": str(folder / "guide.xml")}),
                ("filters", "news", {"action": "include", "expression": 'group_title equals "News"'}),
                ("rules", "later", {"applies_to": "programmes", "expression": 'SET programme_title = "x"'}),
                ("proxies", "all", {"sources": ["one"]}),
                ("proxies", "some", {"sources": ["one"], "filters": ["news"], "rules": ["later"],
                                     "epg_sources": ["guide"]})]:
            made = admin.post(f"/{kind}", {"name": name, "config": settings})
            assert made.status == 201, made.text
            service.ids[name] = made.json["id"]
        for proxy in ("all", "some"):
            wait_until(lambda p=proxy: admin.get(f"/proxies/{service.ids[p]}/channels").status == 200)
        wait_until(lambda: total(service, "some") == 15)
        yield service


def total(service, proxy):
    answer = service.admin.get(f"/proxies/{service.ids[proxy]}/channels")
    return answer.json["total"] if answer.status == 200 else None


def everything(service):
    return [service.admin.get(f"/{kind}").json["items"] for kind in ("sources", "filters", "rules", "proxies")]


def counts(answer):
    assert answer.status == 200, answer.text
    assert answer.json["dry_run"] is True and answer.json["not_looked_at"] == []
    return {p["name"]: (p["channels_before"], p["channels_after"], p["added"], p["removed"], p["changed"])
            for p in answer.json["proxies"]}


def config_of(service, kind, name):
    return service.admin.get(f"/{kind}/{service.ids[name]}").json["config"]


def put(service, kind, name, settings, called=None):
    return service.admin.put(f"/{kind}/{service.ids[name]}?dry_run=true",
                             {"name": called or name, "config": settings}, headers=ANY)


def test_a_change_of_a_filter_concerns_the_proxies_that_have_it(service):
    before = everything(service)
    answer = put(service, "filters", "news", {"action": "include", "expression": 'name ends_with "1"'})
    # Two of the three that stay get other numbers.
    assert counts(answer) == {"some": (15, 3, 0, 12, 2)} and answer.json["exact"]
    impact, = answer.json["proxies"]
    changes = [s["change"] for s in impact["samples"]]
    assert (changes.count("removed"), changes.count("changed")) == (12, 2)
    assert impact["id"] == service.ids["some"]
    assert everything(service) == before


def test_what_it_says_is_what_then_happens(service):
    admin, id_ = service.admin, service.ids["some"]
    settings = config_of(service, "proxies", "some")
    changed = {**settings, "filters": []}
    assert counts(put(service, "proxies", "some", changed)) == {"some": (15, 30, 15, 0, 15)}
    assert admin.put(f"/proxies/{id_}", {"name": "some", "config": changed}, headers=ANY).status == 200
    wait_until(lambda: total(service, "some") == 30)
    assert counts(put(service, "proxies", "some", settings)) == {"some": (30, 15, 0, 15, 15)}
    assert admin.put(f"/proxies/{id_}", {"name": "some", "config": settings}, headers=ANY).status == 200
    wait_until(lambda: total(service, "some") == 15)


def test_a_new_name_of_a_source_shows_what_becomes_of_expressions_with_the_old_one(service):
    """They are not rewritten: a name can be in any text that is compared."""
    admin = service.admin
    made = [admin.post(f"/{kind}", {"name": "by source", "config": config}) for kind, config in (
        ("filters", {"action": "include", "expression": 'source_name equals "one" OR group_title equals "News"'}),
        ("proxies", {"sources": ["one"], "filters": ["by source"]}))]
    assert [answer.status for answer in made] == [201, 201], made[-1].text
    places = [f"/filters/{made[0].json['id']}", f"/proxies/{made[1].json['id']}"]
    wait_until(lambda: admin.get(places[1]).json["status"]["channels"] == 30)
    tried = put(service, "sources", "one", {"path": str(service.folder / "one.m3u")}, called="another")
    assert counts(tried)["by source"][:4] == (30, 15, 0, 15)
    for place in reversed(places):
        assert admin.delete(place, headers=ANY).status == 204


def test_a_new_proxy_and_one_that_goes(service):
    admin = service.admin
    new = admin.post("/proxies?dry_run=true", {"name": "new", "config": {"sources": ["one"]}})
    assert counts(new) == {"new": (0, 30, 30, 0, 0)}
    gone = admin.delete(f"/proxies/{service.ids['all']}?dry_run=true", headers=ANY)
    assert counts(gone) == {"all": (30, 0, 0, 30, 0)}
    named = put(service, "proxies", "all", config_of(service, "proxies", "all"), called="everything")
    assert counts(named) == {"everything": (30, 30, 0, 0, 0)}
    assert [p["name"] for p in admin.get("/proxies").json["items"]] == ["all", "some"]


def test_what_no_proxy_has_concerns_none(service):
    admin = service.admin
    for kind, settings in [("rules", {"expression": 'SET group_title = "x"'}),
                           ("sources", {"path": str(service.folder / "one.m3u")})]:
        assert counts(admin.post(f"/{kind}?dry_run=true", {"name": "unused", "config": settings})) == {}
    for kind in ("sources", "epg-sources", "filters", "rules", "proxies"):
        ids = [one["id"] for one in admin.get(f"/{kind}").json["items"]]
        assert counts(admin.put(f"/{kind}/order?dry_run=true", {"ids": ids[::-1]}, headers=ANY)) == {}
        more = {"ids": [*ids, str(uuid.UUID(int=1))]}
        assert admin.put(f"/{kind}/order?dry_run=true", more, headers=ANY).status == 409
        assert [one["id"] for one in admin.get(f"/{kind}").json["items"]] == ids


def test_it_says_what_it_does_not_look_at(service):
    answer = put(service, "sources", "one", {"path": str(service.folder / "guide.xml"), "refresh": "1h"})
    assert set(counts(answer)) == {"all", "some"} and not answer.json["exact"]
    assert all("fetched last" in p["note"] and not p["exact"] for p in answer.json["proxies"])
    answer = put(service, "rules", "later", {"applies_to": "programmes", "expression": 'SET programme_title = "y"'})
    assert counts(answer) == {"some": (15, 15, 0, 0, 0)} and "guide" in answer.json["proxies"][0]["note"]
    answer = put(service, "epg-sources", "guide", {"path": str(service.folder / "guide.xml"), "time_offset": "1h"})
    assert counts(answer) == {"some": (15, 15, 0, 0, 0)} and not answer.json["exact"]


def test_what_a_change_has_to_pass_it_has_to_pass_too(service):
    admin = service.admin
    filters = f"/filters/{service.ids['news']}?dry_run=true"
    body = {"name": "news", "config": {"action": "include", "expression": 'name contains "x"'}}
    assert admin.put(filters, body).status == 428
    assert admin.put(filters, body, headers={"If-Match": '"99"'}).status == 412
    assert admin.put(filters, {**body, "config": {"expression": "naem"}}, headers=ANY).status == 422
    assert admin.delete(filters, headers=ANY).status == 409
    assert admin.put(filters.replace("true", "maybe"), body, headers=ANY).status == 422
    assert config_of(service, "filters", "news")["expression"] == 'group_title equals "News"'


def test_what_changes_nothing_names_no_revision_to_wait_for(service):
    """Settings-Revision comes with what may make a new generation, and with nothing else."""
    def revision(answer):
        assert answer.status in (200, 201, 204), answer.text
        return answer.headers.get("settings-revision")
    admin = service.admin
    rule = {"name": "waits", "config": {"expression": 'SET group_title = "x"'}}
    assert revision(admin.post("/rules?dry_run=true", rule)) is None
    assert revision(admin.post("/expressions/validate", {"expression": 'name contains "x"'})) is None
    assert revision(admin.get("/rules")) is None
    made = admin.post("/rules", rule)
    first = int(revision(made))
    assert int(revision(admin.delete(f"/rules/{made.json['id']}", headers=ANY))) > first


def test_a_proxy_whose_sources_were_never_fetched(service):
    admin = service.admin
    source = admin.post("/sources", {"name": "never", "config": {"url": "http://provider.example/x.m3u", "refresh": "manual"}}).json
    proxy = admin.post("/proxies?dry_run=true", {"name": "empty", "config": {"sources": ["never"]}})
    assert counts(proxy) == {"empty": (0, 0, 0, 0, 0)} and "fetched" in proxy.json["proxies"][0]["note"]
    assert admin.delete(f"/sources/{source['id']}", headers=ANY).status == 204


# --- everything at once -----------------------------------------------------------------------------


TOML = {"Content-Type": "application/toml"}
RAW = {"Content-Type": "application/octet-stream"}


def channel_of(service, name):
    items = service.admin.get(f"/proxies/{service.ids['all']}/channels").json["items"]
    return next(one["id"] for one in items if one["name"] == name)


def imported(service, text, query=""):
    return service.admin.post(f"/import?dry_run=true{query}", raw=text.encode(), headers=TOML)


def test_an_import_says_what_becomes_of_each_proxy(service):
    before = everything(service)
    text = ('[[filters]]\nname = "news"\naction = "include"\nexpression = \'name ends_with "1"\'\n'
            '[[proxies]]\nname = "new"\nsources = ["one"]\nfilters = ["news"]\n')
    answer = imported(service, text)
    assert counts(answer) == {"some": (15, 3, 0, 12, 2), "new": (0, 3, 3, 0, 0)} and answer.json["exact"]
    assert len(answer.json["proxies"][0]["samples"]) == 14
    assert (answer.json["entities"]["created"], answer.json["entities"]["changed"]) == (1, 1)
    assert counts(imported(service, '[[rules]]\nname = "unused"\nexpression = \'SET group_title = "x"\'\n')) == {}
    assert everything(service) == before


def test_an_import_that_replaces_says_which_proxies_go(service):
    text = (f'[[sources]]\nname = "one"\npath = "{service.folder}/one.m3u"\n'
            '[[proxies]]\nname = "all"\nsources = ["one"]\n')
    answer = imported(service, text, "&replace=true")
    assert counts(answer)["some"] == (15, 0, 0, 15, 0)
    assert counts(answer).get("all", (30, 30, 0, 0, 0)) == (30, 30, 0, 0, 0)


def test_edits_of_an_import_are_looked_at(service):
    admin, all_ = service.admin, service.ids["all"]
    hides = f'[[edits]]\nchannel = "{channel_of(service, "Channel 0")}"\nhidden = true\n'
    assert counts(imported(service, hides))["all"][:4] == (30, 29, 0, 1)
    assert counts(imported(service, f'{hides}proxy = "some"\n')) == {"some": (15, 15, 0, 0, 0)}
    place = f"/edits/{channel_of(service, 'Channel 2')}?proxy={all_}"
    assert admin.put(place, {"hidden": True}, headers={"If-None-Match": "*"}).status == 201
    wait_until(lambda: total(service, "all") == 29)
    # What is added to it stays beside it, and what replaces it takes it back.
    assert counts(imported(service, hides))["all"][:4] == (29, 28, 0, 1)
    whole = admin.get("/export").text.split("[[edits]]")[0]
    assert counts(imported(service, whole + hides, "&replace=true"))["all"][:4] == (29, 29, 1, 1)
    assert admin.delete(place, headers=ANY).status == 204
    wait_until(lambda: total(service, "all") == 30)


def backup_of(service, **options):
    made = service.admin.post("/backups", options)
    assert made.status == 201, made.text
    archive = service.admin.get(f"/backups/{made.json['name']}").body
    assert service.admin.delete(f"/backups/{made.json['name']}").status == 204
    return archive


def restored(service, archive):
    answer = service.admin.post("/restore?dry_run=true", raw=archive, headers=RAW)
    assert answer.status == 200 and answer.json["rows"] > 0, answer.text
    return answer


def test_a_restore_says_what_becomes_of_each_proxy(service):
    admin, all_ = service.admin, service.ids["all"]
    archive = backup_of(service)
    made = admin.post("/proxies", {"name": "later", "config": {"sources": ["one"]}})
    assert made.status == 201, made.text
    place = f"/edits/{channel_of(service, 'Channel 2')}?proxy={all_}"
    assert admin.put(place, {"hidden": True}, headers={"If-None-Match": "*"}).status == 201
    wait_until(lambda: total(service, "all") == 29)
    later = f"/proxies/{made.json['id']}"
    wait_until(lambda: admin.get(f"{later}/channels").status == 200)
    before = everything(service)
    answer = restored(service, archive)
    assert answer.json["exact"] and everything(service) == before
    said = counts(answer)
    assert said["all"][:4] == (29, 30, 1, 0) and said["later"] == (30, 0, 0, 30, 0)
    assert said.get("some", (15, 15, 0, 0, 0)) == (15, 15, 0, 0, 0)
    # What is gone meanwhile would be there again.
    archive = backup_of(service)
    assert admin.delete(later, headers=ANY).status == 204
    assert admin.delete(place, headers=ANY).status == 204
    wait_until(lambda: total(service, "all") == 30)
    said = counts(restored(service, archive))
    assert said["all"][:4] == (30, 29, 0, 1) and said["later"] == (0, 30, 30, 0, 0)


def test_a_restore_with_copies_of_sources_looks_at_these(service):
    admin, content = service.admin, f"/sources/{service.ids['one']}/content"
    archive = backup_of(service, with_snapshots=True)
    few = "".join(PLAYLIST.splitlines(keepends=True)[:21]).encode()
    tried = admin.put(f"{content}?dry_run=true", raw=few, headers=RAW)
    assert counts(tried) == {"all": (30, 10, 0, 20, 0), "some": (15, 5, 0, 10, 0)}
    assert admin.put(content, raw=few, headers=RAW).status == 200
    wait_until(lambda: (total(service, "all"), total(service, "some")) == (10, 5))
    said = counts(restored(service, archive))
    assert (said["all"], said["some"]) == ((10, 30, 20, 0, 0), (5, 15, 10, 0, 0))
    assert admin.put(content, raw=PLAYLIST.encode(), headers=RAW).status == 200
    wait_until(lambda: (total(service, "all"), total(service, "some")) == (30, 15))


def test_of_a_guide_the_proxies_are_named(service):
    tried = service.admin.put(f"/epg-sources/{service.ids['guide']}/content?dry_run=true",
                              raw=GUIDE.encode(), headers=RAW)
    assert counts(tried) == {"some": (15, 15, 0, 0, 0)} and not tried.json["exact"]
    assert "guide" in tried.json["proxies"][0]["note"]
