"""Who has an address of a list, and who may come in: given, changed, taken away."""

import urllib.error
import urllib.request

import pytest
from conftest import PASSWORD
from service import wait_until


def status_of(address):
    try:
        with urllib.request.urlopen(address, timeout=30) as answer:
            return answer.status
    except urllib.error.HTTPError as error:
        return error.code


def test_an_address_is_given_renewed_and_taken_away(service, person):
    proxy = service.client.get("/proxies").json["items"][0]
    everybodys = proxy["status"]["playlist_url"]
    anna = person(service)
    page = anna.sign_in()
    anna.open(f"#/proxies/{proxy['id']}/tokens")
    panel = page.get_by_role("dialog", name=proxy["name"])
    panel.get_by_label("For whom or what").fill("the box upstairs")
    panel.get_by_role("button", name="Add").click()
    panel.get_by_text("Copy it now: it is not shown again.", exact=False).wait_for()
    playlist, guide = panel.get_by_role("textbox", name="Playlist"), panel.get_by_role("textbox", name="Guide")
    first = playlist.input_value()
    assert first != everybodys
    wait_until(lambda: status_of(first) == 200 and status_of(guide.input_value()) == 200)
    row = panel.get_by_role("listitem").filter(has_text="the box upstairs")
    row.wait_for()
    anna.shot("proxy-tokens")
    anna.is_accessible("who has a list")
    # Renewed: it is asked first, and then the old address is dead.
    row.get_by_role("button", name="Renew").click()
    row.get_by_role("button", name="Cancel").click()
    row.get_by_role("button", name="Renew").click()
    assert status_of(first) == 200
    row.get_by_role("button", name="Yes, the address until now stops working").click()
    playlist.and_(panel.locator(f"input:not([value='{first}'])")).wait_for()
    panel.get_by_role("button", name="Renew").first.wait_for()
    second = playlist.input_value()
    assert second != first
    wait_until(lambda: status_of(second) == 200 and status_of(first) in (401, 403, 404))
    # Taken away from one, and the others notice nothing.
    row.get_by_role("button", name="Delete").click()
    row.get_by_role("button", name="Yes, delete “the box upstairs”").click()
    page.get_by_text("“the box upstairs” is deleted").wait_for()
    row.wait_for(state="detached")
    wait_until(lambda: status_of(second) in (401, 403, 404))
    assert status_of(everybodys) == 200


def sign_in_again(page):
    page.get_by_role("heading", name="Sign in").wait_for()
    page.get_by_label("Name").fill("vera")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()


@pytest.mark.long
def test_somebody_comes_in_rises_and_is_locked_out(service, person):
    anna, vera = person(service), person(service)
    page = anna.sign_in()
    anna.open("#/settings/users")
    page.get_by_label("Name", exact=True).fill("vera")
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_role("button", name="Add", exact=True).click()
    page.get_by_text("“vera” is there").wait_for()
    row = page.get_by_role("listitem").filter(has=page.get_by_label("Role of vera"))
    assert page.get_by_label("Role of vera").input_value() == "viewer"
    # Nobody takes the ladder away below themselves.
    assert page.get_by_label("Role of anna").is_disabled()
    # A viewer sees, and changes nothing.
    hers = vera.sign_in("vera")
    hers.get_by_role("link", name="Sources").click()
    hers.get_by_role("link", name="radio").wait_for()
    assert hers.get_by_role("button", name="Add a playlist").count() == 0
    page.get_by_label("Role of vera").select_option("editor")
    page.get_by_text("“vera” is saved").wait_for()
    # Another role is had by who signs in again.
    vera.watched.allow(r"401 ")
    hers.reload()
    sign_in_again(hers)
    hers.get_by_role("button", name="Add a playlist").wait_for()
    # Locked out, here and now.
    row.get_by_role("button", name="Lock out").click()
    row.get_by_text("locked out").wait_for()
    anna.is_accessible("users")
    hers.reload()
    sign_in_again(hers)
    hers.get_by_text("Name and password do not fit.").wait_for()
    row.get_by_role("button", name="Let in").click()
    row.get_by_text("locked out").wait_for(state="detached")
    sign_in_again(hers)
    hers.get_by_role("link", name="radio").wait_for()
    row.get_by_role("button", name="Delete").click()
    row.get_by_role("button", name="Yes, delete “vera”").click()
    row.wait_for(state="detached")
    assert [one["name"] for one in service.client.get("/users").json["items"]] == ["anna"]
