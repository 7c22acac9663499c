"""Backups made, looked into and put back; what asks once more; the log."""

import pytest
from conftest import PASSWORD, ROOT, Service, administrator
from service import wait_until

RESTORES = "\n  /restore:\n" in (ROOT / "api" / "openapi.yaml").read_text()


@pytest.mark.long
@pytest.mark.skipif(not RESTORES, reason="archives cannot be put back by this API")
def test_a_backup_brings_back_what_was_deleted(lively, person, tmp_path):
    anna = person(lively)
    anna.watched.allow(r"401 ", r"422 POST .*/restore")
    page = anna.sign_in()
    anna.open("#/settings/backups")
    page.get_by_label("Passphrase", exact=False).first.fill("ä phrase of my own")
    page.get_by_role("button", name="Back up now").click()
    page.get_by_text("The backup is there").wait_for()
    anna.is_accessible("backups")
    with page.expect_download() as downloading:
        page.get_by_role("link", name="Download", exact=False).click()
    archive = tmp_path / "archive.tar.zst"
    downloading.value.save_as(archive)
    proxy = lively.client.get(f"/proxies/{lively.proxy}").json
    gone = lively.client.delete(f"/proxies/{lively.proxy}", headers={"If-Match": f'"{proxy["revision"]}"'})
    assert gone.status == 204, gone.text
    page.get_by_label("Archive", exact=True).set_input_files(archive)
    page.get_by_label("Its passphrase").fill("not that one")
    page.get_by_role("button", name="Look into it").click()
    page.get_by_text("passphrase", exact=False).first.wait_for()
    page.get_by_label("Its passphrase").fill("ä phrase of my own")
    page.get_by_role("button", name="Look into it").click()
    page.get_by_text("It takes the place of everything", exact=False).wait_for()
    anna.shot("restore")
    page.get_by_role("button", name="Restore").click()
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    if page.get_by_label("Name", exact=True).is_editable():
        page.get_by_label("Name", exact=True).fill("anna")
    page.get_by_role("button", name="Sign in").click()
    anna.open("#/proxies")
    page.get_by_role("link", name="home").first.wait_for()


def test_what_cannot_be_taken_back_is_asked_once_more(service, person):
    anna = person(service)
    page = anna.sign_in()
    anna.open("#/settings/tokens")
    page.get_by_label("For whom or what").fill("the old box")
    page.get_by_role("button", name="Add").click()
    page.get_by_text("the old box").wait_for()
    page.get_by_role("button", name="Delete").click()
    page.get_by_role("button", name="Cancel").click()
    page.get_by_role("button", name="Delete").click()
    assert len(service.client.get("/tokens").json["items"]) == 1
    page.get_by_role("button", name="Yes, delete “the old box”").press("Enter")
    page.get_by_text("“the old box” is deleted").wait_for()
    assert service.client.get("/tokens").json["items"] == []


def test_the_log_shows_what_the_service_says(service, person):
    anna = person(service)
    page = anna.sign_in()
    with page.expect_request("**/api/v1/events?logs=info"):
        anna.open("#/settings/logs")
    page.get_by_text("Nothing was said yet.").wait_for()
    log = page.get_by_role("log")

    source = service.client.get("/sources").json["items"][0]

    def said():
        # A stream that has only begun does not have what was said before.
        service.client.post(f"/sources/{source['id']}/refresh")
        return log.get_by_text(f'"{source["name"]}"').count() > 0
    wait_until(said)
    assert log.locator("b").first.inner_text() == "info"
    page.get_by_label("Search the log").fill("nothing says this")
    page.get_by_text("Nothing was said yet.").wait_for()


@pytest.fixture
def told(data):
    """A service whose log names the part of the program in every line."""
    with Service(data, "--log-format", "json") as running:
        running.client = administrator(running)
        running.wait_for_generation(1)
        yield running


def refresh(service):
    """Fetches a source and waits until that is over."""
    source = service.client.get("/sources").json["items"][0]["id"]
    job = service.client.post(f"/sources/{source}/refresh").json["id"]
    wait_until(lambda: service.client.get(f"/jobs/{job}").json["state"] == "done")


@pytest.mark.long
def test_each_part_of_the_log_is_shown_from_a_level_of_its_own_on(told, person):
    anna = person(told)
    page = anna.sign_in()
    with page.expect_request("**/api/v1/events?logs=info"):
        anna.open("#/settings/logs")
    log = page.get_by_role("log")
    said = log.locator("div").filter(has=page.get_by_text("jobs.refresh", exact=True))

    def heard():
        # A stream that has only begun does not have what was said before.
        refresh(told)
        return said.count() > 0
    wait_until(heard)
    # Which parts have said something is seen; at first each has the level of all.
    page.get_by_text("Levels of single parts").click()
    part = page.get_by_label("jobs.refresh")
    assert part.input_value() == ""
    part.select_option("error")
    said.first.wait_for(state="detached")
    part.select_option("")
    said.first.wait_for()
    # All may say little, and one of them everything: then the service sends everything.
    page.get_by_label("Level", exact=True).select_option("error")
    said.first.wait_for(state="detached")
    with page.expect_request("**/api/v1/events?logs=debug"):
        part.select_option("debug")
    said.first.wait_for()
    assert set(log.locator("i").all_inner_texts()) == {"jobs.refresh"}
    anna.is_accessible("levels of the log")
    anna.shot("log-levels")


@pytest.mark.long
def test_what_a_part_writes_into_the_log_is_a_setting(told, person):
    def lines():
        return told.log().count('"module":"jobs.refresh"')
    before = lines()
    refresh(told)
    assert lines() > before
    anna = person(told)
    page = anna.sign_in()
    anna.open("#/settings/service")
    page.get_by_label("Find a setting").fill("log_level")
    level = page.get_by_label("Level of the log")
    assert level.input_value() == ""
    level.fill("info,jobs.refresh=error")
    page.get_by_role("button", name="Save").click()
    page.get_by_text("The settings are saved").wait_for()
    # It holds at once, for that part and for no other.
    settings = told.client.get("/settings").json
    assert settings["config"] == {"service": {"log_level": "info,jobs.refresh=error"}}
    silent = lines()
    refresh(told)
    assert lines() == silent
    page.get_by_role("button", name="Undo").last.click()
    wait_until(lambda: told.client.get("/settings").json["config"] == {})
    refresh(told)
    assert lines() > silent
