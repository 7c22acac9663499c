"""What people do with sources, proxies, rules and settings; and that each page works everywhere."""

import pytest
from conftest import Service, administrator, needs

PAGES = ["dashboard", "sources", "proxies", "settings/me", "settings/users",
         "settings/tokens", "start"]


@pytest.fixture
def service(data):
    """A new service, with the example and an administrator."""
    with Service(data) as running:
        running.client = administrator(running)
        needs(running.client, "/sources")
        running.wait_for_generation(1)
        yield running


def test_what_two_people_change_at_once_is_lost_for_neither(service, person):
    anna = person(service)
    page = anna.sign_in()
    anna.open("#/sources")
    page.get_by_role("link", name="radio").click()
    field = page.get_by_label("Fetch again")
    field.wait_for()
    source = next(one for one in service.client.get("/sources").json["items"] if one["name"] == "radio")
    changed = service.client.put(f"/sources/{source['id']}", {"name": "radio", "config": {**source["config"], "refresh": "12h"}},
                         headers={"If-Match": f'"{source["revision"]}"'})
    assert changed.status == 200, changed.text
    anna.watched.allow(r"412 PUT ")
    field.select_option("3h")
    page.get_by_role("button", name="Save", exact=True).click()
    page.get_by_text("Somebody else has changed this meanwhile.").wait_for()
    assert field.input_value() == "3h"
    anna.shot("conflict")
    page.get_by_role("button", name="Save mine over it").click()
    page.get_by_text("“radio” is saved").wait_for()
    assert service.client.get(f"/sources/{source['id']}").json["config"]["refresh"] == "3h"


def test_a_session_that_ended_is_asked_for_again_and_nothing_is_lost(service, person):
    anna = person(service)
    page = anna.sign_in()
    anna.open("#/sources")
    page.get_by_role("link", name="radio").click()
    page.get_by_label("Fetch again").select_option("manual")
    anna.context.clear_cookies()
    anna.watched.allow(r"401 ")
    page.get_by_role("button", name="Save", exact=True).click()
    page.get_by_role("heading", name="Still there?").wait_for()
    anna.shot("expired")
    page.get_by_label("Password").fill("a long password")
    page.get_by_role("button", name="Sign in").click()
    page.get_by_text("“radio” is saved").wait_for()


def test_a_service_that_goes_and_comes_is_said_in_place(data, person, tmp_path):
    with Service(data) as service:
        needs(administrator(service), "/sources")
        service.wait_for_generation(1)
        anna = person(service)
        anna.watched.allow(r"ERR_", r"401 GET .*/session$")
        page = anna.sign_in()
        page.get_by_role("heading", name="Dashboard").wait_for()
        port = service.address.rsplit(":", 1)[1].split("/")[0]
    page.get_by_text("No connection to m3u-proxy.").wait_for()
    back = Service(data)
    back.command[back.command.index("--listen") + 1] = f"127.0.0.1:{port}"
    with back as again:
        assert again.address == service.address
        page.get_by_text("No connection to m3u-proxy.").wait_for(state="hidden")


@pytest.mark.parametrize("theme, width", [("light", 1280), ("dark", 360)])
def test_every_page_is_accessible_and_fits(service, person, theme, width):
    anna = person(service, theme=theme, width=width, height=860 if width > 500 else 740)
    page = anna.sign_in()
    for where in PAGES:
        anna.open(f"#/{where}")
        page.get_by_role("heading", level=1).wait_for()
        page.wait_for_load_state("networkidle")
        anna.fits()
        anna.is_accessible(where)
        anna.shot(f"{where.replace('/', '-')}-{theme}-{width}")


def test_german_is_all_german(service, person):
    anna = person(service, language="de-AT")
    page = anna.open()
    page.get_by_label("Name").fill("anna")
    page.get_by_label("Passwort").fill("a long password")
    page.get_by_role("button", name="Anmelden").click()
    page.get_by_role("heading", name="Übersicht").wait_for()
    anna.shot("dashboard-de")
    anna.open("#/settings/me")
    page.get_by_label("Sprache").select_option("en")
    page.get_by_role("heading", name="Settings").wait_for()
