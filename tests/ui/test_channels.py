"""What people see of channels and do with them."""

import pytest
from service import wait_until


def changes(page):
    """What the page sends to change single channels, as it goes on."""
    sent = []
    page.on("request", lambda request: sent.append(f"{request.method} {request.url.split('/api/v1')[1].split('?')[0]}")
            if request.method not in ("GET", "HEAD") and "/api/v1/edits" in request.url else None)
    return sent


def numbers(service, count=3):
    items = service.client.get(f"/proxies/{service.proxy}/channels?limit={count}").json["items"]
    return [(str(channel["number"]), channel["name"]) for channel in items]


def lineup(service):
    return [channel["name"] for channel in service.client.get(f"/proxies/{service.proxy}/channels?limit=500").json["items"]]


def channel(service, name):
    items = service.client.get(f"/proxies/{service.proxy}/channels?limit=500").json["items"]
    return next(one for one in items if one["name"] == name)


def test_channels_are_searched_sorted_filtered_and_explained(service, person):
    anna = person(service)
    page = anna.sign_in()
    anna.open("#/channels")
    rows = page.get_by_role("row")
    page.get_by_role("button", name="Harbour News", exact=True).wait_for()
    anna.shot("channels")
    page.get_by_label("Search channels").fill("TIDAL")
    page.get_by_text("1 channel", exact=True).wait_for()
    assert "Tidal Sport" in rows.nth(1).inner_text()
    page.get_by_label("Search channels").fill("")
    page.get_by_text("7 channels").wait_for()
    page.get_by_role("button", name="Name", exact=True).click()
    page.locator("[aria-sort=ascending]").wait_for()
    page.get_by_role("button", name="Expression").click()
    page.locator(".cm-content").click()
    page.keyboard.type('group_title equals "Listen"')
    page.get_by_text("2 channels").wait_for()
    page.get_by_role("button", name="Radio Breeze", exact=True).click()
    page.get_by_role("tab", name="Why is it so?").click()
    page.get_by_text("It is in what players get.").wait_for()
    page.locator("dialog").get_by_text("radio", exact=True).wait_for()
    # The other rule left it as it was: shown with all of them.
    assert page.locator("dialog").get_by_text("It does not apply.").count() == 0
    page.get_by_label("Show all rules and filters").check()
    page.locator("dialog").get_by_text("It does not apply.").first.wait_for()
    anna.shot("channel-why")
    anna.is_accessible("a channel")


def test_a_channel_is_renamed_in_place_hidden_and_both_are_undone(lively, person):
    anna = person(lively)
    page = anna.sign_in()
    anna.open("#/channels")
    page.get_by_role("button", name="Rename “Town Hall Live”").click()
    page.get_by_label("Name", exact=True).fill("The Town Hall")
    page.keyboard.press("Enter")
    page.get_by_role("button", name="The Town Hall", exact=True).wait_for()
    wait_until(lambda: "The Town Hall" in lineup(lively))
    page.get_by_role("button", name="Hide “Court Side”").click()
    page.get_by_text("“Court Side” is hidden").wait_for()
    wait_until(lambda: "Court Side" not in lineup(lively))
    # It can be found again where all that was changed is listed.
    page.get_by_role("button", name="Your changes").click()
    page.get_by_role("dialog").get_by_text("hidden", exact=False).first.wait_for()
    anna.is_accessible("changes")
    anna.shot("your-changes")
    page.keyboard.press("Escape")
    page.keyboard.press("Control+z")
    wait_until(lambda: "Court Side" in lineup(lively))
    page.keyboard.press("Control+z")
    wait_until(lambda: "Town Hall Live" in lineup(lively))


def test_channels_are_dragged_and_moved_by_keys(lively, person):
    anna = person(lively)
    page = anna.sign_in()
    anna.open("#/channels")
    rows = page.locator(".rows [role=row]")
    grip = page.get_by_role("button", name="Move “Weather Window”")
    grip.wait_for()
    from_box, to_box = grip.bounding_box(), rows.nth(0).bounding_box()
    page.mouse.move(from_box["x"] + 8, from_box["y"] + 8)
    page.mouse.down()
    page.mouse.move(to_box["x"] + 60, to_box["y"] + 30, steps=4)
    page.mouse.move(to_box["x"] + 60, to_box["y"] + 4, steps=4)
    page.mouse.up()
    # The playlist says a number for each: what becomes of them is asked.
    panel = page.get_by_role("dialog", name="Move “Weather Window”")
    panel.get_by_text("They get 1 to 3.").wait_for()
    anna.is_accessible("moving")
    anna.shot("move")
    panel.get_by_role("button", name="Move", exact=True).click()
    # At once, and in what players get soon after.
    page.get_by_text("“Weather Window” is moved; 3 channels are numbered anew").wait_for()
    assert "Weather Window" in rows.nth(0).inner_text()
    wait_until(lambda: numbers(lively) == [("1", "Weather Window"), ("2", "Harbour News HD"), ("3", "Town Hall Live")])
    sent = changes(page)
    page.keyboard.press("Control+z")
    wait_until(lambda: numbers(lively) == [("1", "Harbour News HD"), ("2", "Town Hall Live"), ("3", "Weather Window")])
    assert sent == ["POST /edits/write"]
    assert lively.client.get("/edits").json["items"] == []
    # By keys, and the numbers stay; that is said once for all that follow.
    page.locator("[role=grid]").press("Home")
    page.keyboard.press("Alt+ArrowDown")
    panel = page.get_by_role("dialog", name="Move “Harbour News HD”")
    panel.get_by_label("Keep all numbers").check()
    panel.get_by_label("Do so with all that I move").check()
    page.keyboard.press("Enter")
    page.get_by_text("“Harbour News HD” is moved; all keep their numbers").wait_for()
    wait_until(lambda: numbers(lively, 2) == [("2", "Town Hall Live"), ("1", "Harbour News HD")])
    page.locator("[role=grid]").press("Alt+ArrowDown")
    wait_until(lambda: numbers(lively) == [("2", "Town Hall Live"), ("3", "Weather Window"), ("1", "Harbour News HD")])


@pytest.mark.long
def test_a_moved_channel_numbers_all_behind_it(lively, person):
    anna = person(lively)
    page = anna.sign_in()
    anna.open("#/channels")
    page.get_by_role("button", name="Harbour News HD", exact=True).wait_for()
    page.locator("[role=grid]").press("Home")
    page.keyboard.press("Alt+ArrowDown")
    panel = page.get_by_role("dialog", name="Move “Harbour News HD”")
    panel.get_by_label("Number all from here on anew (15)").check()
    panel.get_by_label("Beginning with").fill("nine")
    panel.get_by_text("This has to be a whole number from 1 on.").wait_for()
    assert panel.get_by_role("button", name="Move", exact=True).is_disabled()
    panel.get_by_label("Beginning with").fill("101")
    panel.get_by_text("They get 101 to 115.").wait_for()
    panel.get_by_role("button", name="Move", exact=True).click()
    wait_until(lambda: numbers(lively, 2) == [("101", "Town Hall Live"), ("102", "Harbour News HD")])
    assert numbers(lively, 15)[-1] == ("115", "Bargain Pier")


@pytest.mark.long
def test_where_numbers_follow_the_order_nothing_is_asked(lively, person):
    proxy = lively.client.get(f"/proxies/{lively.proxy}").json
    changed = lively.client.put(f"/proxies/{lively.proxy}", {"name": "home", "config": {**proxy["config"], "numbering": "sequential"}},
                                headers={"If-Match": f'"{proxy["revision"]}"'})
    assert changed.status == 200, changed.text
    anna = person(lively)
    page = anna.sign_in()
    anna.open("#/channels")
    page.get_by_role("button", name="Harbour News HD", exact=True).wait_for()
    page.locator("[role=grid]").press("Home")
    page.keyboard.press("Alt+ArrowDown")
    page.get_by_text("“Harbour News HD” is moved", exact=True).wait_for()
    wait_until(lambda: numbers(lively, 2) == [("1", "Town Hall Live"), ("2", "Harbour News HD")])


# What the page asks for channels takes its time, and the first row is looked at in every frame.
SLOW_LISTS = """
const quick = window.fetch;
window.fetch = async (what, ...more) => {
  if (window.seen && String(what.url ?? what).includes('/channels?')) await new Promise((go) => setTimeout(go, 700));
  return quick(what, ...more);
};
window.watchFirstRow = () => {
  window.seen = new Set();
  const look = () => {
    window.seen.add(document.querySelector('.rows [role=row]')?.innerText.includes('Town Hall Live'));
    requestAnimationFrame(look);
  };
  look();
};
"""


@pytest.mark.long
def test_what_is_moved_stays_moved_until_the_new_list_is_there(lively, person):
    anna = person(lively)
    anna.page.add_init_script(SLOW_LISTS)
    page = anna.sign_in()
    anna.open("#/channels")
    first = page.locator(".rows [role=row]").first
    first.filter(has_text="Harbour News").wait_for()
    page.locator("[role=grid]").press("Home")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Alt+ArrowUp")
    page.get_by_role("dialog").get_by_role("button", name="Move", exact=True).click()
    first.filter(has_text="Town Hall Live").wait_for()
    page.evaluate("watchFirstRow()")
    wait_until(lambda: lineup(lively)[0] == "Town Hall Live")
    # The event comes, the list is asked for, and comes later.
    page.wait_for_timeout(2000)
    assert page.evaluate("[...window.seen]") == [True]


def test_many_are_changed_at_once_and_that_is_undone(lively, person):
    anna = person(lively)
    page = anna.sign_in()
    anna.open("#/channels?group=Shopping")
    page.get_by_role("button", name="Change all 2 of them…").click()
    page.get_by_label("Group", exact=True).last.fill("Not for me")
    page.get_by_role("button", name="What would it do?").click()
    page.get_by_text("2 channels would change.").wait_for()
    anna.is_accessible("many channels")
    anna.shot("bulk")
    page.get_by_role("button", name="Change them").click()
    page.get_by_text("2 channels are changed").wait_for()
    wait_until(lambda: channel(lively, "Market Square")["group"] == "Not for me")
    page.get_by_role("button", name="Undo").click()
    wait_until(lambda: channel(lively, "Market Square")["group"] == "Shopping")
    anna.open("#/channels")
    # Selected ones, and those between two clicks: one request, and one to take it back.
    sent = changes(page)
    page.get_by_label("Select “Court Side”").check()
    page.get_by_label("Select “Tidal Sport HD”").click(modifiers=["Shift"])
    page.get_by_text("3 selected").wait_for()
    page.get_by_role("button", name="Change…").click()
    page.get_by_label("Group", exact=True).last.fill("On the water")
    page.get_by_role("button", name="What would it do?").click()
    page.get_by_text("3 channels would change.").wait_for()
    page.get_by_role("button", name="Change them").click()
    page.get_by_text("3 channels are changed").wait_for()
    wait_until(lambda: [channel(lively, name)["group"] for name in ("Tidal Sport HD", "Regatta One", "Court Side")] == ["On the water"] * 3)
    page.get_by_role("button", name="Undo").last.click()
    wait_until(lambda: channel(lively, "Court Side")["group"] == "Sport")
    assert sent == ["POST /edits/bulk", "POST /edits/bulk", "POST /edits/write"]
    assert lively.client.get("/edits").json["items"] == []
    for name in ("Gravel Road Radio", "Breeze Classics"):
        page.get_by_label(f"Select “{name}”").check()
    page.get_by_role("button", name="Change…").click()
    page.get_by_label("What to change").select_option("renumber")
    page.get_by_label("Beginning with").fill("900")
    page.get_by_role("button", name="Change them").click()
    page.get_by_text("2 channels are changed").last.wait_for()
    wait_until(lambda: [str(channel(lively, name)["number"]) for name in ("Gravel Road Radio", "Breeze Classics")] == ["900", "901"])
    page.get_by_role("button", name="Undo").last.click()
    wait_until(lambda: str(channel(lively, "Breeze Classics")["number"]) == "13")


@pytest.mark.long
def test_channels_without_a_guide_are_a_list_to_work_through(lively, person):
    anna = person(lively)
    page = anna.sign_in()
    anna.open("#/guide")
    page.get_by_role("button", name="Without guide").click()
    work = page.locator(".list li")
    work.filter(has_text="Regatta One").get_by_text("town guide").wait_for()
    anna.shot("guide-work")
    anna.is_accessible("without a guide")
    work.filter(has_text="Regatta One").get_by_role("button", name="Take it").click()
    page.get_by_text("1 channel has a guide now").wait_for()
    wait_until(lambda: channel(lively, "Regatta One")["guide_id"] == "regatta.one.example")
    work.filter(has_text="Silver Reel").get_by_role("button", name="Choose…").click()
    page.get_by_role("searchbox").fill("silver")
    page.get_by_role("dialog").get_by_role("button", name="Silver Reel").click()
    page.get_by_role("button", name="Save").click()
    wait_until(lambda: channel(lively, "Silver Reel")["guide_id"] == "silverreel.example")


@pytest.mark.long
def test_a_picture_of_ones_own_is_a_channels_logo(lively, person, tmp_path):
    picture = tmp_path / "my harbour.svg"
    picture.write_text('<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 9 9"><rect width="9" height="9" fill="#b3261e"/></svg>')
    anna = person(lively)
    page = anna.sign_in()
    anna.open("#/channels")
    page.get_by_role("button", name="Harbour News HD", exact=True).click()
    page.get_by_label("Upload a picture").set_input_files(picture)
    panel = page.get_by_role("dialog")
    panel.get_by_role("button", name="my harbour", exact=True).wait_for()
    anna.shot("channel-logo")
    anna.is_accessible("a channel's logo")
    panel.get_by_role("button", name="Save").click()
    page.get_by_text("“Harbour News HD” is changed").wait_for()
    image = page.locator(".rows [role=row]").first.locator("img")
    assert "/api/v1/logos/" in image.get_attribute("src")
    assert image.evaluate("image => image.decode().then(() => image.naturalWidth > 0)")
    page.keyboard.press("Control+z")
    wait_until(lambda: "/api/v1/logos/" not in image.get_attribute("src"))


@pytest.mark.long
def test_two_people_change_one_channel_and_both_changes_stay(lively, person):
    anna = person(lively)
    anna.watched.allow(r"412 PUT ")
    page = anna.sign_in()
    anna.open("#/channels")
    page.get_by_role("button", name="Rename “Story Boat”").click()
    boat = channel(lively, "Story Boat")["id"]
    other = lively.client.put(f"/edits/{boat}?proxy={lively.proxy}", {"group": "For the night"}, headers={"If-None-Match": "*"})
    assert other.status == 201, other.text
    page.get_by_label("Name", exact=True).fill("The Story Boat")
    page.keyboard.press("Enter")
    page.get_by_text("Now it is called “The Story Boat”").wait_for()
    wait_until(lambda: "The Story Boat" in lineup(lively))
    assert channel(lively, "The Story Boat")["group"] == "For the night"


@pytest.mark.long
def test_why_a_channel_is_missing_is_said_where_it_is_searched(lively, person):
    made = lively.client.post("/filters", {"name": "no shopping", "config": {"action": "exclude", "expression": 'group_title equals "Shopping"'}})
    assert made.status == 201, made.text
    proxy = lively.client.get(f"/proxies/{lively.proxy}").json
    changed = lively.client.put(f"/proxies/{lively.proxy}", {"name": "home", "config": {**proxy["config"], "filters": ["no shopping"]}},
                                headers={"If-Match": f'"{proxy["revision"]}"'})
    assert changed.status == 200, changed.text
    for name, query in (("Story Boat", f"?proxy={lively.proxy}"), ("Pebble Kids", "")):  # for one, for all proxies
        hidden = lively.client.put(f"/edits/{channel(lively, name)['id']}{query}", {"hidden": True, "group": "Young"}, headers={"If-None-Match": "*"})
        assert hidden.status == 201, hidden.text
    wait_until(lambda: len(lineup(lively)) == 11)
    anna = person(lively)
    # What hides a channel may be decided for this proxy, or for all.
    anna.watched.allow(r"404 GET .*/edits/.*proxy=")
    page = anna.sign_in()
    anna.open("#/channels?q=market square")
    page.get_by_role("button", name="Why is “market square” not here?").click()
    panel = page.get_by_role("dialog")
    panel.get_by_text("A filter leaves it out.").wait_for()
    panel.get_by_text("It applies, and takes it out.").wait_for()
    anna.is_accessible("a missing channel")
    anna.shot("missing")
    page.keyboard.press("Escape")
    anna.open("#/channels?q=story boat")
    page.get_by_role("button", name="Why is “story boat” not here?").click()
    panel.get_by_role("button", name="Show it again").click()
    wait_until(lambda: "Story Boat" in lineup(lively))
    # What else is decided about it stays.
    assert channel(lively, "Story Boat")["group"] == "Young"
    anna.open("#/channels?q=pebble kids")
    page.get_by_role("button", name="Why is “pebble kids” not here?").click()
    panel.get_by_role("button", name="Show it again").click()
    wait_until(lambda: "Pebble Kids" in lineup(lively))
    anna.open("#/channels?q=nobody at all")
    page.get_by_role("button", name="Why is “nobody at all” not here?").click()
    panel.get_by_text("None of the sources has a channel of exactly this name", exact=False).wait_for()
