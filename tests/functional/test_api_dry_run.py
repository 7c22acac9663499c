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
