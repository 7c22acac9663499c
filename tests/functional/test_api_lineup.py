"""What is asked about what is published: channels, groups, programmes; help with expressions,
previews, events."""

import http.client
import time
import uuid
from urllib.parse import quote

import pytest
from api_client import Events, administrator
from service import Service

CHANNELS = [("News 24", "News", "10", "news.tv"), ("sport 10", "Sport", "2", ""),
            ("Sport 2", "Sport", "1", "sport.tv"), ("Télé News", "News", "", "nowhere.tv"),
            ("Arte", "Arts", "3", "")]
FILTERED = ("Old Film", "Films", "", "")


NAMESPACE = uuid.UUID("c5c5c16f-5662-5ddf-b09b-279718742c62")
PROXY = uuid.uuid5(NAMESPACE, "proxy:home")


def playlist(channels=CHANNELS):
    lines = ["#EXTM3U"]
    for name, group, number, guide in [*channels, FILTERED]:
        lines.append(f'#EXTINF:-1 tvg-id="{guide}" tvg-chno="{number}" group-title="{group}",{name}')
        lines.append(f"http://user:secret@stream.example/live/{name.replace(' ', '_')}")
    return "\n".join(lines) + "\n"


def guide():
    """Two hours ago, now, next and later on news.tv, now on sport.tv."""
    def moment(hours):
        return time.strftime("%Y%m%d%H%M%S +0000", time.gmtime(time.time() + hours * 3600))

    def programme(channel, start, stop, title, more=""):
        return (f'<programme start="{moment(start)}" stop="{moment(stop)}" channel="{channel}">'
                f"<title>{title}</title>{more}</programme>\n")
    return ('<tv><channel id="news.tv"><display-name>News 24</display-name></channel>\n'
            '<channel id="sport.tv"><display-name>Sport Two</display-name></channel>\n'
            '<channel id="other.tv"><display-name>Other &amp; More</display-name></channel>\n'
            + programme("news.tv", -2, -1, "Morning Tide") + programme(
                "news.tv", -1, 1, "The Tide &amp; You",
                "<sub-title>Low</sub-title><category>News</category><new/>")
            + programme("news.tv", 1, 2, "Weather") + programme("news.tv", 40, 41, "Later")
            + programme("sport.tv", -1, 1, "Rowing") + programme("other.tv", 0, 9, "Elsewhere")
            + "</tv>\n")


@pytest.fixture(name="service", scope="module")
def a_service(tmp_path_factory):
    folder = tmp_path_factory.mktemp("lineup")
    (folder / "tv.m3u").write_text(playlist())
    (folder / "guide.xml").write_text(guide())
    (folder / "m3u-proxy.toml").write_text(f"""
[service]
quiet_period = "1s"
[[sources]]
name = "tv"
path = "{folder}/tv.m3u"
[[epg_sources]]
name = "guide"
path = "{folder}/guide.xml"
[[filters]]
name = "no films"
action = "exclude"
expression = 'group_title equals "Films"'
[[rules]]
name = "loud news"
expression = 'channel_name equals "News 24" SET group_title = "NEWS"'
[[proxies]]
name = "home"
sources = ["tv"]
epg_sources = ["guide"]
filters = ["no films"]
rules = ["loud news"]
""")
    with Service(folder / "data", "--config", folder / "m3u-proxy.toml") as service:
        service.wait_for_generation(1)
        service.folder = folder
        service.client = administrator(service)
        yield service


@pytest.fixture(name="proxy")
def the_proxy(service):
    client = service.client

    class Proxy:
        """Paths below the only proxy."""

        def get(self, path, **parameters):
            query = "&".join(f"{name.rstrip('_')}={quote(str(value))}"
                             for name, value in parameters.items())
            return client.get(f"/proxies/{PROXY}/{path}" + (f"?{query}" if query else ""))

        def names(self, **parameters):
            answer = self.get("channels", **parameters)
            assert answer.status == 200, answer.text
            return [item["name"] for item in answer.json["items"]]
    return Proxy()


def test_channels_come_in_output_order_and_in_pages(proxy):
    whole = proxy.get("channels").json
    assert [item["name"] for item in whole["items"]] == [name for name, *_ in CHANNELS]
    assert whole["total"] == 5 and whole["total_is_exact"] and whole["next_cursor"] is None
    first = proxy.get("channels", limit=2).json
    second = proxy.get("channels", limit=2, cursor=first["next_cursor"]).json
    assert [item["row"] for item in second["items"]] == [2, 3]
    assert proxy.names(from_=4) == ["Arte"]


def test_channels_are_searched_filtered_and_sorted(proxy):
    assert proxy.names(q="NEWS") == ["News 24", "Télé News"]
    assert proxy.names(filter='group_title equals "Sport" AND tvg_chno < 2') == ["Sport 2"]
    assert proxy.names(group="Sport", sort="-name") == ["sport 10", "Sport 2"]
    assert proxy.names(sort="number", limit=2) == ["Sport 2", "sport 10"]
    assert proxy.names(guide="with") == ["News 24", "Sport 2"]
    assert proxy.names(guide="without", q="news") == ["Télé News"]
    assert proxy.names(edited="true") == []


def test_a_wrong_expression_is_shown_where_it_is_wrong(proxy):
    answer = proxy.get("channels", filter="é nmae contains 'x'")
    assert answer.status == 422
    assert answer.json["errors"][0]["field"] == "filter"
    assert answer.json["errors"][0]["position"]["start"] == 2
    answer = proxy.get("channels", filter="nmae contains 'x'")
    assert answer.json["errors"][0]["code"] == "unknown_field"
    assert answer.json["errors"][0]["position"] == {"line": 1, "column": 1, "start": 0, "end": 4}


@pytest.mark.parametrize("parameters", [{"sort": "colour"}, {"limit": 0}, {"limit": 501},
                                        {"from_": -1}, {"cursor": "x"}, {"guide": "maybe"},
                                        {"edited": "perhaps"}, {"q": "x" * 300}])
def test_parameters_that_are_none_are_refused(proxy, parameters):
    answer = proxy.get("channels", **parameters)
    assert answer.status == 422, answer.text
    assert answer.json["errors"][0]["field"] == next(iter(parameters)).rstrip("_")


def test_now_and_next_come_with_the_channels_that_ask_for_them(proxy):
    items = proxy.get("channels", now="true").json["items"]
    assert items[0]["now"]["title"] == "The Tide & You"
    assert items[0]["next"]["title"] == "Weather"
    assert items[4]["now"] is None and items[4]["next"] is None
    assert "now" not in proxy.get("channels").json["items"][0]


def test_one_channel_is_found_by_its_id(proxy):
    item = proxy.get("channels").json["items"][2]
    found = proxy.get(f"channels/{item['id']}")
    assert found.json["name"] == "Sport 2" and found.json["now"]["title"] == "Rowing"
    missing = proxy.get("channels/00000000-0000-5000-8000-000000000000")
    assert missing.status == 404
    assert proxy.get("channels/nonsense").status == 404


def test_groups_come_with_counts(proxy):
    assert proxy.get("groups").json["items"] == [
        {"name": "NEWS", "count": 1}, {"name": "Sport", "count": 2}, {"name": "News", "count": 1},
        {"name": "Arts", "count": 1}]
    assert [g["name"] for g in proxy.get("groups", q="spo").json["items"]] == ["Sport"]


def test_a_days_grid_has_the_programmes_of_its_channels(proxy):
    channels = proxy.get("channels").json["items"]
    both = ",".join([channels[0]["id"], channels[4]["id"]])
    grid = proxy.get("programmes", channels=both).json
    assert [p["title"] for p in grid["items"][0]["programmes"]] == ["The Tide & You", "Weather"]
    assert grid["items"][0]["programmes"][0]["subtitle"] == "Low"
    assert grid["items"][0]["programmes"][0]["is_new"] is True
    assert grid["items"][1]["programmes"] == []
    rows = proxy.get("programmes", row=2, count=1).json["items"]
    assert [item["name"] for item in rows] == ["Sport 2"]
    wrong = proxy.get("programmes", start="2026-01-02", stop="2026-01-01")
    assert wrong.status == 422


def test_programmes_are_searched_by_their_titles(proxy):
    found = proxy.get("programmes/search", q="TIDE").json
    assert [item["programme"]["title"] for item in found["items"]] == ["The Tide & You"]
    assert found["items"][0]["guide_id"] == "news.tv"
    all_of_them = proxy.get("programmes/search", q="tide", from_time="2020-01-01").json
    assert len(all_of_them["items"]) == 2
    one = proxy.get("programmes/search", q="tide", from_time="2020-01-01", limit=1).json
    rest = proxy.get("programmes/search", q="tide", from_time="2020-01-01",
                     cursor=one["next_cursor"]).json
    assert [item["programme"]["title"] for item in rest["items"]] == ["The Tide & You"]
    assert proxy.get("programmes/search").status == 422


def test_an_expression_is_checked_word_by_word(service):
    answer = service.client.post("/expressions/validate",
                                 {"expression": "é contains 'x' AND tvg_id equls 'y'"})
    assert answer.status == 200 and answer.json["valid"] is False
    assert [e["code"] for e in answer.json["errors"]] == ["unknown_field", "operator_typo"] or \
        answer.json["errors"][-1]["hint"]
    good = service.client.post("/expressions/validate",
                               {"expression": "channel_name contains 'é' SET tvg_id = 'y'",
                                "kind": "rule"}).json
    assert good["valid"] and good["errors"] == []
    assert [(t["start"], t["end"], t["class"]) for t in good["tokens"]][:3] == [
        (0, 12, "field"), (13, 21, "operator"), (22, 25, "value")]
    assert service.client.post("/expressions/validate", {"kind": "poem"}).status == 422


def test_an_expression_is_completed_with_what_really_occurs(service):
    def complete(expression, **more):
        answer = service.client.post("/expressions/complete", {
            "expression": expression, "position": len(expression), "proxy": str(PROXY), **more})
        assert answer.status == 200, answer.text
        return answer.json
    fields = complete("group_t")
    assert (fields["from"], fields["to"]) == (0, 7)
    assert [item["label"] for item in fields["items"]] == ["group_title"]
    values = complete('group_title equals "s')
    assert values["items"][0] == {"label": "Sport", "class": "value", "detail": "", "count": 2}
    assert values["from"] == 20
    quoted = complete("group_title equals ")
    assert '"Sport"' in [item["label"] for item in quoted["items"]]


def test_an_expression_is_tried_on_the_channels_that_there_are(service):
    test = {"expression": 'group_title equals "sport"', "proxy": str(PROXY)}
    found = service.client.post("/expressions/test", test).json
    assert (found["evaluated"], found["matched"]) == (6, 2)
    assert [item["title"] for item in found["items"]] == ["sport 10", "Sport 2"]
    test["action"] = "exclude"
    assert service.client.post("/expressions/test", test).json["matched"] == 4
    rule = {"expression": 'channel_name starts_with "sport" SET group_title = "Games"',
            "kind": "rule", "proxy": str(PROXY)}
    changed = service.client.post("/expressions/test", rule).json
    assert changed["items"][0]["before"] == {"group_title": "Sport"}
    assert changed["items"][0]["after"] == {"group_title": "Games"}
    titles = {"expression": 'title contains "tide"', "applies_to": "programmes",
              "proxy": str(PROXY)}
    assert service.client.post("/expressions/test", titles).json["matched"] == 2
    wrong = service.client.post("/expressions/test", {"expression": "nmae", "proxy": str(PROXY)})
    assert wrong.status == 422 and wrong.json["errors"][0]["field"] == "expression"
    assert service.client.post("/expressions/test", {"expression": ""}).status == 422


def test_a_proxy_is_shown_as_it_would_be(service, proxy):
    answer = service.client.post(f"/proxies/{PROXY}/preview", {"filters": [{
        "name": "no films",
        "config": {"action": "exclude", "expression": 'group_title equals "Sport"'}}]})
    assert answer.status == 200, answer.text
    found = answer.json
    assert (found["channels_before"], found["channels"]) == (5, 4)
    assert (found["added"], found["removed"], found["changed"]) == (1, 2, 1)
    # The numbers that are free now go to others.
    assert {(item["change"], item["name"]) for item in found["items"]} == {
        ("removed", "sport 10"), ("removed", "Sport 2"), ("added", "Old Film"),
        ("changed", "Télé News")}
    assert len(proxy.names()) == 5
    (service.folder / "data" / "previews" / "2").mkdir()  # as a crash would leave it
    same = service.client.post(f"/proxies/{PROXY}/preview", {}).json
    assert (same["added"], same["removed"], same["changed"]) == (0, 0, 0)
    wrong = service.client.post(f"/proxies/{PROXY}/preview", {
        "config": {"sources": ["tv"], "colour": "red"},
        "filters": [{"name": "ours", "config": {"action": "exclude", "expression": 'group_titel equals "x"'}}],
        "rules": [{"name": "theirs", "config": {"expresion": "SET"}}]})
    assert wrong.status == 422
    errors = {one["field"]: one for one in wrong.json["errors"]}
    assert {"config.colour", "filters[1].config.expression", "rules[1].config.expresion"} <= errors.keys()
    assert errors["filters[1].config.expression"]["position"]["start"] == 0


def test_a_published_channel_is_explained(proxy):
    item = proxy.get("channels", q="news 24").json["items"][0]
    found = proxy.get("explain", channel=item["id"]).json
    assert found["found"] == "published" and found["source"] == {"name": "tv"}
    assert [(s["kind"], s["name"]) for s in found["steps"]] == [
        ("source", "tv"), ("rule", "loud news"), ("number", "10")]
    assert found["guide"]["has_programmes"] is True
    whole = proxy.get("explain", channel=item["id"], whole="true").json
    rule = next(step for step in whole["steps"] if step["kind"] == "rule")
    assert rule["before"] == {"group_title": "News"} and rule["after"] == {"group_title": "NEWS"}
    verdicts = [s["verdict"] for s in whole["steps"] if s["kind"] == "filter"]
    assert verdicts == ["in"]
    assert proxy.get("explain", name="ARTE").json["channel"]["name"] == "Arte"


def test_a_missing_channel_is_explained(proxy):
    found = proxy.get("explain", name="Old Film").json
    assert found["found"] == "filtered" and found["channel"]["name_in_source"] == "Old Film"
    step = found["steps"][-1]
    assert (step["kind"], step["name"], step["verdict"]) == ("filter", "no films", "out")
    assert proxy.get("explain", name="Nowhere").json["found"] == "not_in_sources"
    assert proxy.get("explain").status == 422


def test_what_happens_comes_as_events(service):
    client = service.client
    with Events(client, "?logs=info") as events:
        assert events.answer.status == 200
        assert events.answer.getheader("content-type") == "text/event-stream"
        first = events.next()
        assert first["event"] == "hello"
        events.until("status")  # it looks from now on
        service.ctl("refresh", "guide")
        events.until("job", kind="refresh", target_name="guide")
        assert int(events.heard[-1]["id"]) > int(first["id"])
    again = http.client.HTTPConnection(client.base.hostname, client.base.port, timeout=20)
    try:
        again.request("GET", "/api/v1/events", headers={
            "Cookie": f"m3u_session={client.cookie}", "Last-Event-ID": "1"})
        stream = again.getresponse()
        lines = [stream.readline().decode() for _ in range(2)]
        assert "event: reset\n" in lines
    finally:
        again.close()


def test_the_log_is_for_administrators(service):
    assert service.client.get("/events?logs=poem").status == 422


def test_who_is_not_logged_in_sees_nothing(service):
    other = type(service.client)(service)
    for path in ("channels", "groups", "programmes", "programmes/search?q=x"):
        assert other.get(f"/proxies/{PROXY}/{path}").status == 401


def test_an_unknown_proxy_is_not_found(service):
    for path in ("channels", "groups", "programmes"):
        answer = service.client.get(f"/proxies/00000000-0000-5000-8000-000000000000/{path}")
        assert answer.status == 404
