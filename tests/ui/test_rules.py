"""Rules and filters: written, tried, ordered, deleted; and the history of what came of them."""

import pytest


def filters_of(service):
    return service.client.get("/proxies").json["items"][0]["config"].get("filters", [])


def test_a_filter_shows_what_it_does_while_it_is_typed(service, person):
    anna = person(service)
    page = anna.sign_in()
    anna.open("#/rules/filters/new")
    page.get_by_label("Name", exact=True).fill("only news")
    page.locator(".cm-content").click()
    page.keyboard.type('grup_title equals "News"')
    page.get_by_text("did you mean group_title?").first.wait_for()
    anna.shot("rule-mistake")
    page.keyboard.press("Alt+Enter")
    page.get_by_text("1 matches").wait_for()
    page.get_by_text("Harbour News").first.wait_for()
    anna.shot("rule")
    anna.is_accessible("a filter")
    page.get_by_role("button", name="What would it do?").click()
    page.get_by_text("7 → 1").wait_for()
    page.get_by_role("button", name="Save", exact=True).click()
    page.get_by_role("link", name="only news").wait_for()
    # Before what excludes: after it there would be nothing left to include.
    assert filters_of(service) == ["only news", "no shopping"]


@pytest.mark.long
def test_the_order_on_the_page_is_the_order_in_the_proxies(service, person):
    anna = person(service)
    page = anna.sign_in()
    anna.open("#/rules")
    rules = service.client.get("/proxies").json["items"][0]["config"]["rules"]
    assert rules == ["quality into an attribute", "radio after television"]
    page.get_by_role("button", name="Move “radio after television”").press("ArrowUp")
    page.get_by_text("The order is changed").wait_for()
    assert service.client.get("/proxies").json["items"][0]["config"]["rules"] == rules[::-1]
    page.get_by_role("button", name="Undo").click()
    page.get_by_role("listitem").first.get_by_text("quality into an attribute").wait_for()
    assert service.client.get("/proxies").json["items"][0]["config"]["rules"] == rules


@pytest.mark.long
def test_what_is_in_use_is_deleted_and_put_back(service, person):
    anna = person(service)
    page = anna.sign_in()
    anna.open("#/rules")
    page.get_by_role("link", name="no shopping").click()
    page.get_by_role("button", name="Delete").click()
    page.get_by_text("“no shopping” is deleted").wait_for()
    assert filters_of(service) == []
    page.get_by_role("button", name="Undo").click()
    page.get_by_role("link", name="no shopping").wait_for()
    assert filters_of(service) == ["no shopping"]
    anna.open("#/sources")
    page.get_by_role("link", name="radio").click()
    panel = page.get_by_role("dialog", name="radio")
    panel.get_by_role("button", name="Delete").click()
    panel.get_by_text("7 → 5").wait_for()
    panel.get_by_role("button", name="Delete").first.click()
    page.get_by_text("“radio” is deleted").wait_for()
    assert service.client.get("/proxies").json["items"][0]["config"]["sources"] == ["tv"]


def test_a_proxy_goes_back_to_an_earlier_list_and_on_again(service, person):
    proxy = service.client.get("/proxies").json["items"][0]
    changed = service.client.put(f"/proxies/{proxy['id']}", {"name": proxy["name"], "config": {**proxy["config"], "sources": ["tv"]}},
                                 headers={"If-Match": f'"{proxy["revision"]}"'})
    assert changed.status == 200, changed.text
    service.client.post(f"/proxies/{proxy['id']}/generate")
    service.wait_for_generation(2)
    anna = person(service)
    page = anna.sign_in()
    anna.open(f"#/proxies/{proxy['id']}/history")
    history = page.get_by_role("dialog")
    history.get_by_role("button", name="Changes").first.click()
    history.get_by_text("Radio Breeze").first.wait_for()
    anna.shot("history")
    history.get_by_role("button", name="Back to this").first.click()
    held = history.get_by_text("You went back to an earlier list.")
    held.wait_for()
    anna.is_accessible("history")
    history.get_by_role("button", name="Publish the newest").click()
    held.wait_for(state="hidden")


def test_an_expression_is_completed_and_shows_before_and_after(service, person):
    anna = person(service)
    page = anna.sign_in()
    anna.open("#/rules/rules/new")
    page.get_by_label("Name", exact=True).fill("our harbour")
    editor = page.get_by_role("textbox", name="Expression")
    editor.click()
    offers = page.get_by_role("listbox")
    # A field by its beginning; what can follow it; a value that the list has.
    page.keyboard.type("group_t")
    page.keyboard.press("Control+Space")
    offers.get_by_role("option", name="group_title").wait_for()
    anna.shot("rule-completion")
    offers.get_by_role("option", name="group_title").click()
    page.keyboard.type(" ")
    page.keyboard.press("Control+Space")
    offers.get_by_role("option", name="equals", exact=True).click()
    page.keyboard.type(" ")
    page.keyboard.press("Control+Space")
    offers.get_by_role("option", name="News").click()
    assert editor.inner_text().strip() == 'group_title equals "News"'
    page.keyboard.type(' SET channel_name = "Our Harbour", group_title = ""')
    live = page.get_by_role("dialog").locator(".live")
    live.get_by_text("1 matches").wait_for()
    item = live.get_by_role("listitem").filter(has_text="Harbour News")
    item.wait_for()
    changed = item.locator(".change")
    name = changed.filter(has_text="Name")
    assert (name.locator("del").inner_text(), name.locator("ins").inner_text()) == ("Harbour News HD", "Our Harbour")
    group = changed.filter(has_text="Group")
    assert (group.locator("del").inner_text(), group.locator("ins").inner_text()) == ("News", "empty")
    anna.shot("rule-sample")
    anna.is_accessible("a rule's sample")
    # Trying is not doing.
    page.get_by_role("dialog").get_by_role("button", name="Close").click()
    page.get_by_role("button", name="Discard them").click()
    page.get_by_role("dialog").wait_for(state="detached")
    assert "our harbour" not in [one["name"] for one in service.client.get("/rules").json["items"]]
