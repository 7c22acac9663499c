"""The guide's grid: what is on now and tomorrow, one programme, the search; and what may fit."""

import re
import time

import pytest
from service import wait_until
from test_channels import channel
from town import OTHERWISE, SHOWS

HOUR = 3600
DAY = 24 * HOUR


def in_grid(anna):
    """The grid, once it has programmes."""
    page = anna.sign_in()
    anna.open("#/guide")
    grid = page.get_by_role("region", name="Guide")
    grid.locator(".show").first.wait_for()
    return page, grid


def programmes(service, begin, stop, rows=15):
    def text(moment):
        return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(moment))
    answer = service.client.get(f"/proxies/{service.proxy}/programmes?row=0&count={rows}&start={text(begin)}&stop={text(stop)}")
    return [row["programmes"] for row in answer.json["items"]]


def shown_as_on(service, on):
    """What the first row shows as on, which the service knows to be; one may end while it is looked at."""
    now = time.time()
    title = on.locator("b").inner_text()
    return next(one for one in programmes(service, now - 60, now + 1)[0] if one["title"] == title)


def middle(locator):
    box = locator.bounding_box()
    return box["x"] + box["width"] / 2


def test_the_grid_shows_what_is_on_now(lively, person):
    anna = person(lively, timezone="UTC")
    page, grid = in_grid(anna)
    line = grid.locator(".nowline")
    line.wait_for()
    # The line is in sight, and crosses what is marked as on: in the first row the programme of the hour.
    row = grid.locator(".line").filter(has_text="Harbour News HD")
    on = row.locator(".show.on")
    on.wait_for()

    def is_crossed():
        show = on.bounding_box()
        return show["x"] <= middle(line) <= show["x"] + show["width"]
    wait_until(is_crossed)
    playing = shown_as_on(lively, on)["title"]
    box = grid.bounding_box()
    wait_until(lambda: box["x"] < middle(line) < box["x"] + box["width"])
    # Whose guide is called otherwise has an empty row.
    grid.locator(".line").filter(has_text="Regatta One").get_by_text("nothing known").wait_for()
    # One programme, whole.
    on.click()
    panel = page.get_by_role("dialog", name=playing)
    panel.get_by_text("Everything that Harbour News HD knows about it.").wait_for()
    panel.get_by_text("Harbour News HD · ").wait_for()
    anna.shot("guide-programme")
    anna.is_accessible("a programme")
    page.keyboard.press("Escape")
    panel.wait_for(state="hidden")
    anna.shot("guide")
    anna.is_accessible("the grid")


@pytest.mark.long
def test_the_grid_goes_to_tomorrow_and_back_to_now(lively, person):
    anna = person(lively, timezone="UTC")
    page, grid = in_grid(anna)
    today = int(time.time()) // DAY * DAY
    tomorrow = time.gmtime(today + DAY)
    page.get_by_role("button", name=re.compile(time.strftime("%a,? ", tomorrow) + str(tomorrow.tm_mday))).click()
    grid.locator(".nowline").wait_for(state="detached")
    # The first of tomorrow that begins tomorrow is there at its time, from midnight on.
    grid.evaluate("grid => grid.scrollTo({ left: 0 })")
    first = next(one for one in programmes(lively, today + DAY, today + 2 * DAY)[0] if one["start"] >= time.strftime("%Y-%m-%d", tomorrow))
    row = grid.locator(".line").filter(has_text="Harbour News HD")
    show = row.locator(".show").filter(has_text=first["title"]).filter(has_text=first["start"][11:16])
    show.wait_for()
    assert row.locator(".show.on").count() == 0
    # At most a day is drawn, and what began before midnight begins with it.
    begin = row.locator(".shows").bounding_box()["x"]
    minutes = int(first["start"][11:13]) * 60 + int(first["start"][14:16])
    wide = grid.locator(".times span").first.bounding_box()["width"]
    assert abs(show.bounding_box()["x"] - begin - minutes / 60 * wide) < 2
    # Wider: an hour has more room; narrower takes it back.
    page.get_by_role("button", name="Wider").click()
    hour = grid.locator(".times span").first
    wait_until(lambda: hour.bounding_box()["width"] > wide * 1.3)
    page.get_by_role("button", name="Narrower").click()
    wait_until(lambda: abs(hour.bounding_box()["width"] - wide) < 1)
    page.get_by_role("button", name="Now", exact=True).click()
    row.locator(".show.on").wait_for()
    grid.locator(".nowline").wait_for()


def test_a_programme_is_searched_and_found_in_the_grid(lively, person):
    anna = person(lively, height=420)
    page, grid = in_grid(anna)
    page.get_by_role("button", name="Search", exact=True).click()
    page.get_by_label("Search programmes").fill("nobody shows this")
    page.get_by_text("No programme is called like that.").wait_for()
    page.get_by_label("Search programmes").fill(SHOWS[7].upper())
    hits = page.locator(".list li")
    page.get_by_role("button", name="More", exact=True).click()
    hits.filter(has_text="bargain-pier.example").first.wait_for()
    assert hits.filter(has_not_text=SHOWS[7]).count() == 0
    hits.first.get_by_role("button", name=SHOWS[7]).click()
    panel = page.get_by_role("dialog", name=SHOWS[7])
    panel.get_by_text("Everything that", exact=False).wait_for()
    panel.get_by_role("button", name="Close").click()
    anna.is_accessible("programmes found")
    # The last channel is out of sight until it is jumped to.
    hits.filter(has_text="bargain-pier.example").first.get_by_role("button", name="Show in the grid").click()
    last = grid.get_by_text("Bargain Pier", exact=True)
    last.wait_for()
    box = grid.bounding_box()
    wait_until(lambda: box["y"] <= last.bounding_box()["y"] < box["y"] + box["height"])


@pytest.mark.long
def test_all_that_fits_is_taken_at_once_and_given_back(lively, person):
    anna = person(lively)
    page = anna.sign_in()
    anna.open("#/guide")
    page.get_by_role("button", name="Without guide").click()
    page.get_by_text("2 channels have no guide").wait_for()
    page.get_by_role("button", name="Take all 2 that fit").click()
    page.get_by_text("2 channels have a guide now").wait_for()
    page.get_by_text("These are all done.").or_(page.get_by_text("Every channel has a guide.")).wait_for()
    for name, guide in OTHERWISE.items():
        wait_until(lambda name=name, guide=guide: channel(lively, name)["guide_id"] == guide)
    # What is taken is in the grid, too.
    page.get_by_role("button", name="Grid", exact=True).click()
    grid = page.get_by_role("region", name="Guide")
    grid.locator(".line").filter(has_text="Regatta One").locator(".show.on").wait_for()
    page.get_by_role("button", name="Undo").click()
    wait_until(lambda: lively.client.get("/edits").json["items"] == [])
    for name, guide in OTHERWISE.items():
        wait_until(lambda name=name, guide=guide: channel(lively, name)["guide_id"] != guide)


@pytest.mark.long
def test_times_are_those_of_who_looks(lively, person):
    for zone, offset in (("Asia/Kolkata", 5.5 * HOUR), ("Pacific/Honolulu", -10 * HOUR)):
        anna = person(lively, timezone=zone)
        page, grid = in_grid(anna)
        on = grid.locator(".line").filter(has_text="Harbour News HD").locator(".show.on")
        on.wait_for()
        playing = shown_as_on(lively, on)
        begins = int(time.mktime(time.strptime(playing["start"][:19], "%Y-%m-%dT%H:%M:%S"))) - time.timezone
        local = time.gmtime(begins + offset)
        on.get_by_text(time.strftime("%H:%M", local)).wait_for()
        # The line of now is where the hours of this zone say.
        hour = grid.locator(".times span")
        box = hour.first.bounding_box()
        here = time.gmtime(time.time() + offset)
        expected = box["x"] + (here.tm_hour + here.tm_min / 60) * box["width"]
        assert abs(middle(grid.locator(".nowline")) - expected) < box["width"] / 20
        assert hour.nth(7).inner_text() == "07:00"
        on.click()
        page.get_by_role("dialog").get_by_text(time.strftime("%H:%M–", local), exact=False).wait_for()
