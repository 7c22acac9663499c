"""The service's settings and its plugins, and what the dashboard says of both."""

import pytest
from conftest import Service, administrator
from service import wait_until
from test_plugins import TRAP, has_plugins, module, write


def saved(service):
    return service.client.get("/settings").json["config"]


def open_settings(anna, find=""):
    page = anna.sign_in()
    anna.open("#/settings/service")
    page.get_by_label("Find a setting").fill(find)
    return page


def test_a_setting_is_found_changed_tried_saved_and_put_back(service, person):
    anna = person(service)
    page = open_settings(anna, "generations")
    field = page.get_by_label("Generations to keep")
    assert field.input_value() == "5"
    field.fill("9")
    page.get_by_text("1 change", exact=True).wait_for()
    # What was typed stays while one looks at another page.
    page.get_by_role("link", name="Dashboard").click()
    page.get_by_role("heading", name="Memory").wait_for()
    anna.open("#/settings/service")
    assert page.get_by_label("Generations to keep").input_value() == "9"
    page.get_by_role("button", name="What would it do?").click()
    page.get_by_text("No proxy has to be made again.").wait_for()
    anna.is_accessible("settings")
    page.get_by_role("button", name="Save").click()
    page.get_by_text("The settings are saved").wait_for()
    assert saved(service) == {"service": {"generations_kept": 9}}
    page.get_by_role("button", name="Back to the default (5)").wait_for()
    page.get_by_role("button", name="Undo").last.click()
    wait_until(lambda: saved(service) == {})


@pytest.mark.long
def test_undo_of_a_setting_leaves_what_others_saved(service, person):
    anna = person(service)
    page = open_settings(anna, "generations")
    page.get_by_label("Generations to keep").fill("9")
    page.get_by_role("button", name="Save").click()
    undo = page.get_by_role("button", name="Undo").last
    undo.wait_for()
    now = service.client.get("/settings")
    assert service.client.put("/settings", {"config": {"service": {"generations_kept": 9, "jitter": "5s"}}},
                              headers={"If-Match": now.headers["etag"]}).status == 200
    undo.click()
    wait_until(lambda: saved(service) == {"service": {"jitter": "5s"}})


@pytest.mark.long
def test_a_wrong_setting_is_said_at_its_field_and_stays_typed(service, person):
    anna = person(service)
    anna.watched.allow(r"422 PUT .*/settings")
    page = open_settings(anna)
    field = page.get_by_label("Fetch sources again")
    field.fill("now and then")
    page.get_by_role("button", name="Save").click()
    page.locator("[aria-invalid=true]").wait_for()
    assert field.get_attribute("aria-invalid") == "true"
    assert page.locator("small[role=alert]").count() == 1
    assert field.input_value() == "now and then"
    assert saved(service) == {}
    anna.is_accessible("a wrong setting")
    anna.shot("settings-wrong")
    field.fill("6h")
    page.get_by_role("button", name="Save").click()
    page.get_by_text("The settings are saved").wait_for()
    assert saved(service) == {"service": {"refresh": "6h"}}


@pytest.mark.long
def test_settings_that_two_people_save_are_lost_for_neither(service, person):
    anna = person(service)
    anna.watched.allow(r"412 PUT .*/settings")
    page = open_settings(anna)
    page.get_by_label("Delay at most").fill("1m")
    other = service.client.put("/settings", {"config": {"service": {"quiet_period": "7s", "jitter": "2m"}}},
                               headers={"If-Match": "*"})
    assert other.status == 200, other.text
    page.get_by_role("button", name="Save").click()
    page.get_by_text("Somebody else has set this to 2m.").wait_for()
    assert page.get_by_label("Wait for quiet").input_value() == "7s"
    assert page.get_by_label("Delay at most").input_value() == "1m"
    page.get_by_role("button", name="Save").click()
    page.get_by_text("The settings are saved").wait_for()
    assert saved(service) == {"service": {"quiet_period": "7s", "jitter": "1m"}}


@pytest.mark.long
def test_what_the_file_says_is_read_and_what_waits_for_a_restart_is_said(lively, person):
    anna = person(lively)
    page = open_settings(anna)
    quiet = page.locator(".setting").filter(has_text="service.quiet_period")
    quiet.get_by_text("The configuration file says this").wait_for()
    assert quiet.locator("input").count() == 0
    page.get_by_label("Find a setting").fill("max_spill")
    page.get_by_label("Disk for it at most").fill("900")
    page.get_by_role("button", name="Save").click()
    page.get_by_text("From the next start on: Disk for it at most").wait_for()
    page.get_by_text("Now 0; from the next start on 900.").wait_for()
    anna.shot("settings-restart")


@pytest.mark.long
def test_who_may_not_change_settings_reads_them(service, person):
    made = service.client.post("/users", {"name": "vera", "role": "viewer", "password": "long enough"})
    assert made.status == 201, made.text
    vera = person(service)
    page = vera.sign_in("vera", "long enough")
    vera.open("#/settings/service")
    page.get_by_text("Generations to keep").wait_for()
    assert page.locator(".setting input, .setting select, .setting textarea").count() == 0


@pytest.fixture
def plugged(data, tmp_path):
    """A service with two plugins of one stage, one of which fails, and a third that cannot be loaded."""
    folder = tmp_path / "wasm"
    folder.mkdir()
    write(folder)
    for name, text in (("broken", module(process=TRAP, info={"name": "broken"})), ("lost", "(module)")):
        (folder / f"{name}.toml").write_text((folder / "echo.toml").read_text().replace("echo", name))
        (folder / f"{name}.wat").write_text(text)
    config = tmp_path / "service.toml"
    config.write_text(f"""
[service]
quiet_period = "0s"
[wasm_plugins]
enabled = true
plugin_directory = "{folder}"
cache_directory = "{tmp_path}/cache"
max_plugin_failures = 1
fallback_to_native = true
[[sources]]
name = "tv"
path = "{folder}/list.m3u"
[[proxies]]
name = "home"
sources = ["tv"]
""")
    with Service(data, "--config", config) as running:
        running.client = administrator(running)
        running.wait_for_generation(1)
        running.plugins = folder
        yield running


@pytest.mark.skipif(not has_plugins(), reason="the program was built without plugins")
def test_plugins_are_listed_with_what_they_took_and_what_is_wrong(plugged, person):
    anna = person(plugged)
    page = anna.sign_in()
    page.get_by_role("link", name="Plugins").wait_for()
    anna.open("#/settings/plugins")
    plugin = page.locator(".plugins > li")
    echo, broken, lost = (plugin.filter(has=page.get_by_role("heading", name=name)) for name in ("echo", "broken", "lost"))
    echo.get_by_text("ready", exact=True).wait_for()
    echo.get_by_text("What it took, and what it may do").click()
    echo.get_by_role("row", name="Apply rules").wait_for()
    broken.get_by_text("set aside", exact=True).wait_for()
    lost.get_by_text("cannot be loaded", exact=True).wait_for()
    lost.get_by_role("alert").wait_for()
    anna.is_accessible("plugins")
    anna.fits()
    anna.shot("plugins")
    broken.get_by_role("button", name="Let it run again").click()
    page.get_by_text("“broken” may work again").wait_for()
    broken.get_by_text("ready", exact=True).wait_for()
    for kind in ("toml", "wat"):
        (plugged.plugins / f"lost.{kind}").unlink()
    page.get_by_role("button", name="Look again").click()
    page.get_by_text("Loaded: ", exact=False).wait_for()
    lost.wait_for(state="detached")


@pytest.mark.long
def test_without_plugins_it_is_said_how_to_have_some(service, person):
    anna = person(service)
    page = anna.sign_in()
    anna.open("#/settings/plugins")
    page.get_by_text("Plugins are switched off.", exact=False).wait_for()
    page.get_by_role("button", name="Service").click()
    page.get_by_label("Find a setting").wait_for()


@pytest.mark.long
def test_the_dashboard_says_what_needs_somebody_and_what_was_freed(data, person, tmp_path):
    config = tmp_path / "service.toml"
    (tmp_path / "list.m3u").write_text("#EXTM3U\n" + "".join(f"#EXTINF:-1,Channel {i}\nhttp://tv.example/{i}\n" for i in range(3000)))
    config.write_text(f"""
[service]
quiet_period = "0s"
[memory_cleanup]
aggressive_cleanup = true
[alerts]
failures = 1
[[sources]]
name = "tv"
path = "{tmp_path}/list.m3u"
[[sources]]
name = "away"
path = "{tmp_path}/away.m3u"
[[proxies]]
name = "home"
sources = ["tv"]
""")
    with Service(data, "--config", config) as running:
        client = administrator(running)
        wait_until(lambda: client.get("/status").json["alerts"])
        wait_until(lambda: client.get("/status").json["cleanups"])
        anna = person(running)
        page = anna.sign_in()
        attention = page.get_by_role("region", name="needs somebody")
        attention.get_by_text("A source cannot be fetched").wait_for()
        page.get_by_text("freed", exact=False).first.wait_for()
        page.get_by_text("Nothing: everything had room in memory.").wait_for()
        page.get_by_role("img", name="Load sources", exact=False).wait_for()
        anna.is_accessible("dashboard")
        anna.shot("dashboard-attention")
        attention.get_by_role("link", name="Look at it").click()
        page.get_by_role("heading", name="Sources").wait_for()
