"""The pictures of docs/ui.md: each page with a small town's television. ./dev test --full leaves them in build/ui-shots/docs."""

import pytest
from conftest import PASSWORD, SHOTS
from service import wait_until
from test_plugins import has_plugins
from test_service_settings import plugged  # noqa: F401 (a fixture)

PAGES = {
    "channels": ("#/channels", "Harbour News HD"),
    "guide": ("#/guide", "Kitchen Lights"),
    "sources": ("#/sources", "town guide"),
    "rules": ("#/rules", "no shopping"),
    "proxies": ("#/proxies", "home"),
    "settings": ("#/settings/service", "Fetch sources again"),
    "users": ("#/settings/users", "ben"),
    "backups": ("#/settings/backups", ".tar.zst"),
}
MOST_BYTES = 60_000


def furnish(client, proxy):
    client.post("/filters", {"name": "no shopping", "config": {"action": "exclude", "expression": 'group_title equals "Shopping"'}})
    client.post("/rules", {"name": "without HD", "config": {"expression": 'channel_name matches "^(.*) HD$" SET channel_name = "$1"'}})
    entity = client.get(f"/proxies/{proxy}").json
    changed = client.put(f"/proxies/{proxy}", {"name": entity["name"], "config": {**entity["config"], "filters": ["no shopping"], "rules": ["without HD"]}},
                         headers={"If-Match": f'"{entity["revision"]}"'})
    assert changed.status == 200, changed.text
    for name, role in (("ben", "editor"), ("clara", "viewer")):
        client.post("/users", {"name": name, "role": role, "password": PASSWORD})
    client.post("/backups", {})


@pytest.fixture(scope="module", autouse=True)
def small():
    """The page that shows them has many."""
    yield
    large = [path.name for path in (SHOTS / "docs").glob("*.webp") if path.stat().st_size > MOST_BYTES]
    assert large == []


@pytest.mark.long
def test_the_pictures_are_made(lively, person):
    anna = person(lively)
    page = anna.sign_in()
    anna.open("#/dashboard")
    page.locator(".uplot").wait_for()
    page.wait_for_timeout(6000)  # so that there is a line
    anna.shot("dashboard", docs=True)
    for name, (where, text) in PAGES.items():
        if name == "rules":
            furnish(lively.client, lively.proxy)
            page.reload()
        anna.open(where)
        page.get_by_text(text).first.wait_for()
        page.wait_for_load_state("networkidle")
        anna.shot(name, docs=True)
    anna.open("#/rules")
    page.get_by_role("link", name="without HD").click()
    page.get_by_text("2 match", exact=False).wait_for()
    anna.shot("rule-editor", docs=True)
    anna.open(f"#/proxies/{lively.proxy}/history")
    history = page.get_by_role("dialog")
    history.get_by_role("button", name="Changes").first.click()
    history.get_by_text("Market Square").wait_for()
    anna.shot("history", docs=True)
    anna.open("#/channels")
    page.get_by_role("button", name="Harbour News", exact=True).click()
    page.get_by_role("tab", name="Why is it so?").click()
    page.get_by_text("It is in what players get.").wait_for()
    anna.shot("why", docs=True)
    anna.open("#/settings/logs")
    log = page.get_by_role("log")
    source = lively.client.get("/sources").json["items"][0]["id"]

    def said():
        lively.client.post(f"/sources/{source}/refresh")
        return log.locator("b").count() > 5
    wait_until(said)
    anna.shot("log", docs=True)


@pytest.mark.long
@pytest.mark.skipif(not has_plugins(), reason="the program was built without plugins")
def test_the_picture_of_plugins_is_made(plugged, person):  # noqa: F811
    anna = person(plugged)
    page = anna.sign_in()
    anna.open("#/settings/plugins")
    page.get_by_role("heading", name="echo").wait_for()
    page.get_by_text("What it took, and what it may do").first.click()
    page.get_by_role("row", name="Apply rules").wait_for()
    anna.shot("plugins", docs=True)


@pytest.mark.long
def test_the_pictures_of_a_phone_are_made(lively, person):
    ben = person(lively, width=360, height=740, theme="dark")
    page = ben.sign_in()
    for name in ("dashboard", "channels", "guide"):
        ben.open(f"#/{name}")
        page.get_by_role("heading", level=1).wait_for()
        page.wait_for_load_state("networkidle")
        ben.shot(f"phone-{name}", docs=True)
