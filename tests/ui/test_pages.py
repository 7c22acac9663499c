"""What people do with sources, proxies, rules and settings; and that each page works everywhere."""

import pytest
from conftest import HOSTILE, PASSWORD, Service, administrator, playlist

PAGES = ["dashboard", "channels", "guide", "sources", "rules", "proxies", "settings/me", "settings/service",
         "settings/users", "settings/tokens", "settings/backups", "settings/plugins", "settings/logs", "start"]


def test_the_whole_way_from_an_address_to_a_playlist(empty, person, tmp_path):
    file = tmp_path / "list.m3u"
    file.write_text(playlist(["Harbour", "Alpine", HOSTILE]) + playlist(["Goal", "Match"], "Sport")[8:])
    anna = person(empty)
    page = anna.sign_in()
    anna.open("#/start")
    page.get_by_label("Address of the playlist").fill(str(file))
    page.get_by_role("button", name="Go on").click()
    page.get_by_text("5 channels").first.wait_for()
    page.get_by_label("Sport").uncheck()
    page.get_by_text("3 of 5 channels").wait_for()
    anna.shot("start-groups")
    page.get_by_role("button", name="Make my list").click()
    page.get_by_role("heading", name="There it is").wait_for()
    page.get_by_text("3 channels").first.wait_for()
    anna.shot("start-ready")
    address = page.get_by_label("Playlist of", exact=False).first.input_value()
    assert address.startswith(empty.address)


def test_a_source_is_added_changed_and_deleted_with_a_way_back(empty, person, tmp_path):
    file = tmp_path / "list.m3u"
    file.write_text(playlist(["A", "B"]))
    anna = person(empty)
    page = anna.sign_in()
    anna.open("#/sources/sources/new")
    page.get_by_label("Address of the playlist").fill(str(file))
    page.get_by_label("Name", exact=True).fill(HOSTILE)
    page.get_by_role("button", name="Try it").click()
    page.get_by_text("2 channels").first.wait_for()
    page.get_by_role("button", name="Save").click()
    link = page.get_by_role("link", name=HOSTILE)
    link.wait_for()
    link.click()
    panel = page.get_by_role("dialog", name=HOSTILE)
    anna.shot("source")
    panel.get_by_role("button", name="Delete").click()
    panel.get_by_text("Nothing is lost at the provider.").wait_for()
    assert len(empty.client.get("/sources").json["items"]) == 1
    panel.get_by_role("button", name="Delete").first.click()
    link.wait_for(state="hidden")
    page.get_by_role("button", name="Undo").click()
    link.wait_for()


@pytest.mark.long
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
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    page.get_by_text("“radio” is saved").wait_for()


@pytest.mark.long
def test_a_service_that_goes_and_comes_is_said_in_place(data, person, tmp_path):
    with Service(data) as service:
        administrator(service)
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


@pytest.mark.parametrize("theme, width", [
    ("light", 1280), *(pytest.param(*one, marks=pytest.mark.long) for one in (("dark", 360), ("light", 360), ("dark", 1280)))])
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


@pytest.mark.long
def test_german_is_all_german(service, person):
    anna = person(service, language="de-AT")
    page = anna.open()
    page.get_by_label("Name").fill("anna")
    page.get_by_label("Passwort").fill(PASSWORD)
    page.get_by_role("button", name="Anmelden").click()
    page.get_by_role("heading", name="Übersicht").wait_for()
    anna.shot("dashboard-de")
    anna.open("#/settings/me")
    page.get_by_label("Sprache").select_option("en")
    page.get_by_role("heading", name="Settings").wait_for()


@pytest.mark.long
def test_below_a_path_it_is_the_same(data, person, tmp_path):
    config = tmp_path / "service.toml"
    config.write_text(f'[service]\nallowed_folders = ["{tmp_path}"]\n[http]\nbase_path = "/tv"\n')
    with Service(data, "--config", config) as service:
        administrator(service)
        assert service.address.endswith("/tv")
        anna = person(service)
        page = anna.page
        page.goto(service.address)
        page.wait_for_url("**/tv/ui/**")
        page.get_by_label("Name").fill("anna")
        page.get_by_label("Password").fill(PASSWORD)
        page.get_by_role("button", name="Sign in").click()
        for where in ("Sources", "Channels", "Rules", "Settings"):
            page.get_by_role("link", name=where).click()
            page.get_by_role("heading", level=1).filter(has_text=where).wait_for()


@pytest.mark.long
def test_two_tabs_have_one_stream_of_events(service, person):
    anna = person(service)
    streams = []
    anna.context.on("request", lambda request: streams.append(request.url) if "/api/v1/events" in request.url else None)
    with anna.context.expect_event("request", lambda request: "/api/v1/events" in request.url):
        anna.sign_in()
    tab = anna.context.new_page()
    tab.goto(f"{service.address}/ui/#/sources")
    tab.get_by_role("link", name="radio").wait_for()
    service.client.post(f"/sources/{service.client.get('/sources').json['items'][0]['id']}/refresh")
    tab.wait_for_timeout(3000)
    assert len(streams) == 1


@pytest.mark.long
def test_names_are_text_everywhere(empty, person, tmp_path):
    client = empty.client
    (tmp_path / "list.m3u").write_text(playlist([HOSTILE], HOSTILE))
    for kind, config in (("sources", {"path": str(tmp_path / "list.m3u")}),
                         ("rules", {"expression": 'channel_name contains "img" SET tvg_id = "<b>id</b>"'}),
                         ("filters", {"action": "include", "expression": 'channel_name contains "img"'})):
        made = client.post(f"/{kind}", {"name": HOSTILE, "config": config})
        assert made.status == 201, made.text
    proxy = client.post("/proxies", {"name": HOSTILE, "config": {"sources": [HOSTILE], "rules": [HOSTILE], "filters": [HOSTILE]}})
    assert proxy.status == 201, proxy.text
    empty.wait_for_generation(1)
    anna = person(empty)
    page = anna.sign_in()
    for where in [*PAGES, f"proxies/{proxy.json['id']}/history", f"proxies/{proxy.json['id']}/settings"]:
        anna.open(f"#/{where}")
        page.get_by_role("heading", level=1).wait_for()
        page.wait_for_load_state("networkidle")
        assert page.locator("img[src=x]").count() == 0, where
        assert page.title().endswith("m3u-proxy"), where
    anna.open("#/channels")
    page.get_by_role("button", name=HOSTILE, exact=True).click()
    page.get_by_role("tab", name="Why is it so?").click()
    page.get_by_text("It is in what players get.").wait_for()
    assert page.locator("img[src=x]").count() == 0
