"""Sources over time: a list that shrank and waits, and when it is fetched again."""

import re
import urllib.request
from datetime import datetime, timedelta

import pytest
from conftest import HOSTILE, PASSWORD, playlist
from service import wait_until

NAMES = [f"Channel {n}" for n in range(1, 9)]


@pytest.fixture
def shrunk(empty, tmp_path):
    """A source of eight channels that has one now, and its proxy."""
    file = tmp_path / "list.m3u"
    file.write_text(playlist(NAMES))
    made = empty.client.post("/sources", {"name": "tv", "config": {"path": str(file), "refresh": "6h"}})
    assert made.status == 201, made.text
    proxy = empty.client.post("/proxies", {"name": "home", "config": {"sources": ["tv"]}})
    assert proxy.status == 201, proxy.text
    empty.wait_for_generation(1)
    file.write_text(playlist(NAMES[:1]))
    asked = empty.client.post(f"/sources/{made.json['id']}/refresh")
    assert asked.status == 202, asked.text
    wait_until(lambda: empty.client.get(f"/sources/{made.json['id']}").json["status"]["quarantined"])
    return empty


def published(service):
    address = service.client.get("/proxies").json["items"][0]["status"]["playlist_url"]
    with urllib.request.urlopen(address, timeout=30) as answer:
        return re.findall(r"#EXTINF[^\n]*,(.*)", answer.read().decode())


def test_a_list_that_shrank_waits_until_it_is_taken(shrunk, person):
    anna = person(shrunk)
    page = anna.sign_in()
    # It is said where one comes in,
    page.get_by_text("A reply waits to be accepted").wait_for()
    page.get_by_role("link", name="Sources").click()
    # where the source is,
    card = page.get_by_role("article").filter(has=page.get_by_role("link", name="tv", exact=True))
    card.get_by_text("held back", exact=True).wait_for()
    card.get_by_text("The last reply has 1 instead of 8: the good one stays until you accept it.").wait_for()
    assert published(shrunk) == NAMES
    # and in it, with what to do.
    card.get_by_role("link", name="tv").click()
    panel = page.get_by_role("dialog", name="tv")
    panel.get_by_text("The provider’s reply shrank from 8 to 1", exact=False).wait_for()
    change = panel.get_by_role("region", name="What it would change")
    change.get_by_role("heading", name="7 gone").wait_for()
    assert change.get_by_role("listitem").locator("b").all_inner_texts() == NAMES[1:]
    anna.is_accessible("a source that waits")
    panel.get_by_role("button", name="Take it").click()
    page.get_by_text("“tv”: the new reply is taken").wait_for()
    panel.get_by_role("button", name="Take it").wait_for(state="detached")
    panel.get_by_text("1 channel", exact=True).wait_for()
    wait_until(lambda: published(shrunk) == NAMES[:1])
    page.keyboard.press("Escape")
    page.get_by_role("link", name="Dashboard").click()
    page.get_by_role("heading", name="Dashboard").wait_for()
    page.get_by_text("A reply waits to be accepted").wait_for(state="detached")


@pytest.mark.long
def test_of_a_long_list_the_first_that_go_are_named_and_it_can_be_dropped(empty, person, tmp_path):
    names = [f"Channel {n:02}" for n in range(60)]
    file = tmp_path / "list.m3u"
    file.write_text(playlist(names))
    source = empty.client.post("/sources", {"name": "tv", "config": {"path": str(file), "refresh": "6h"}}).json
    empty.client.post("/proxies", {"name": "home", "config": {"sources": ["tv"]}})
    empty.wait_for_generation(1)
    # Two came, one is in another group, and the others are gone.
    file.write_text(playlist([HOSTILE, "Newcomer"]) + playlist(names[:1], "Sport")[8:])
    empty.client.post(f"/sources/{source['id']}/refresh")
    wait_until(lambda: empty.client.get(f"/sources/{source['id']}").json["status"]["quarantined"])
    anna = person(empty)
    page = anna.sign_in()
    anna.open(f"#/sources/sources/{source['id']}")
    change = page.get_by_role("dialog", name="tv").get_by_role("region", name="What it would change")
    change.get_by_role("heading", name="59 gone").wait_for()
    lists = change.get_by_role("list")
    assert [lists.nth(n).get_by_role("listitem").count() for n in range(3)] == [20, 2, 1]
    assert lists.nth(1).locator("b").all_inner_texts() == [HOSTILE, "Newcomer"]
    change.get_by_text("and 39 more").wait_for()
    change.get_by_role("heading", name="2 new").wait_for()
    change.get_by_role("heading", name="1 changed").wait_for()
    assert lists.nth(2).locator("del").inner_text() == "News" and lists.nth(2).locator("ins").inner_text() == "Sport"
    anna.shot("source-quarantine")
    anna.is_accessible("what a reply would change")
    page.get_by_role("button", name="Drop it").click()
    page.get_by_text("“tv”: the reply is dropped, the last good one stays").wait_for()
    change.wait_for(state="detached")
    assert published(empty) == names
    assert empty.client.get(f"/sources/{source['id']}").json["status"]["quarantined"] is None


@pytest.mark.long
def test_a_viewer_sees_what_waits_and_cannot_take_it(shrunk, person):
    made = shrunk.client.post("/users", {"name": "vera", "role": "viewer", "password": PASSWORD})
    assert made.status == 201, made.text
    vera = person(shrunk)
    page = vera.sign_in("vera")
    page.get_by_role("link", name="Sources").click()
    page.get_by_role("link", name="tv", exact=True).click()
    panel = page.get_by_role("dialog", name="tv")
    panel.get_by_text("The provider’s reply shrank", exact=False).wait_for()
    assert panel.get_by_role("button", name="Take it").count() == 0
    assert panel.get_by_role("button", name="Save").count() == 0


def test_the_next_five_times_are_those_of_the_schedule(shrunk, person):
    source = shrunk.client.get("/sources").json["items"][0]
    changed = shrunk.client.put(f"/sources/{source['id']}", {"name": "tv", "config": {**source["config"], "refresh": "30 4 * * *"}},
                                headers={"If-Match": f'"{source["revision"]}"'})
    assert changed.status == 200, changed.text

    def runs():
        return shrunk.client.get(f"/sources/{source['id']}/schedule?count=5").json["runs"]
    # It is fetched at once, since it was changed; and then not to the minute, so that not all are at once.
    wait_until(lambda: [run[11:13] for run in runs()] == ["04"] * 5)
    # Who looks lives elsewhere.
    anna = person(shrunk, timezone="Asia/Kolkata")
    page = anna.sign_in()
    anna.open(f"#/sources/sources/{source['id']}")
    panel = page.get_by_role("dialog", name="tv")
    panel.get_by_role("heading", name="Next five times").wait_for()
    listed = panel.locator("ol").get_by_role("listitem")
    listed.nth(4).wait_for()
    times = listed.all_inner_texts()
    assert len(times) == 5
    for run, text in zip(runs(), times, strict=True):
        there = datetime.fromisoformat(run.replace("Z", "+00:00")) + timedelta(hours=5, minutes=30)
        assert text.startswith(f"{there.day} {there:%b}") and f"{there:%Y, %H:%M}" in text
    assert panel.get_by_role("textbox", name="by a cron expression").input_value() == "30 4 * * *"
