"""From nothing to a playlist by a file of one's own and by an account; and how it gets into a player."""

import re
import urllib.request

import pytest
import qr
from conftest import HOSTILE, Service, administrator, playlist
from xtream import PASSWORD, USER, XtreamServer

# What a page sees when a file is let go over it.
FILE = """([name, text]) => {
  const held = new DataTransfer();
  held.items.add(new File([text], name, { type: 'audio/x-mpegurl' }));
  return held;
}"""


@pytest.fixture
def near(data, tmp_path):
    """A service without anything, which may ask this machine."""
    config = tmp_path / "service.toml"
    config.write_text('[service]\nallowed_networks = ["127.0.0.0/8"]\nquiet_period = "0s"\n')
    with Service(data, "--config", config) as running:
        running.client = administrator(running)
        yield running


def begun(anna):
    """Who has nothing is led to the first steps."""
    page = anna.sign_in()
    page.get_by_role("main").get_by_role("button", name="First steps").click()
    page.get_by_role("heading", name="Your list, in two minutes").wait_for()
    return page


def address_of(page):
    return page.get_by_label("Playlist of", exact=False).first.input_value()


def text_of(address):
    with urllib.request.urlopen(address, timeout=30) as answer:
        return answer.read().decode()


def names_of(address):
    return re.findall(r"#EXTINF[^\n]*,(.*)", text_of(address))


@pytest.mark.parametrize("way", ["dropped", "chosen"])
def test_a_file_of_ones_own_becomes_a_list(empty, person, tmp_path, way):
    file = tmp_path / "my list.m3u"
    file.write_text(playlist(["Harbour", "Alpine", HOSTILE]))
    anna = person(empty)
    page = begun(anna)
    page.get_by_role("radio", name="File").check()
    place = page.locator(".drop")
    if way == "dropped":
        place.dispatch_event("drop", {"dataTransfer": page.evaluate_handle(FILE, [file.name, file.read_text()])})
    else:
        place.locator("input").set_input_files(file)
    place.get_by_text("my list.m3u", exact=True).wait_for()
    anna.is_accessible("a file")
    page.get_by_role("button", name="Go on").click()
    page.get_by_role("heading", name="There it is").wait_for()
    page.get_by_text("3 channels and 0 programmes are ready.").wait_for()
    assert names_of(address_of(page)) == ["Harbour", "Alpine", HOSTILE]
    # The source is called as the file, and is never fetched.
    page.get_by_role("link", name="Sources").click()
    page.get_by_role("link", name="my list", exact=True).click()
    panel = page.get_by_role("dialog", name="my list")
    panel.get_by_label("Fetch again").wait_for()
    assert panel.get_by_label("Fetch again").input_value() == "manual"
    assert panel.get_by_role("radio", name="File").is_checked()


@pytest.mark.long  # an account is asked once a second
def test_an_account_becomes_a_list_and_can_be_added_to(near, person):
    with XtreamServer() as provider:
        anna = person(near)
        page = begun(anna)
        page.get_by_role("radio", name="Account").check()
        # People paste the whole address of the panel.
        page.get_by_label("Server").fill(f"http://{provider.host}/c/")
        page.get_by_label("User").fill(USER)
        page.get_by_label("Password").fill("not that one")
        page.get_by_role("button", name="Go on").click()
        page.get_by_text("This cannot be used:").wait_for()
        page.get_by_label("Password").fill(PASSWORD)
        anna.is_accessible("an account")
        page.get_by_role("button", name="Go on").click()
        page.get_by_role("heading", name="Which groups do you want?").wait_for()
        page.get_by_role("checkbox", name="Sport 1", exact=True).uncheck()
        anna.shot("start-account")
        page.get_by_role("button", name="Make my list").click()
        page.get_by_role("heading", name="There it is").wait_for()
        names = names_of(address_of(page))
        assert "One" in names and 'Two "quoted", é' not in names
        # More of it is wanted later: the password is not shown, and stays.
        page.get_by_role("link", name="Sources").click()
        page.get_by_role("link", name="127.0.0.1").first.click()
        panel = page.get_by_role("dialog")
        panel.get_by_text("The account ends", exact=False).wait_for()
        panel.get_by_text("Active · 1/2").wait_for()
        assert PASSWORD not in [field.input_value() for field in panel.locator("input").all()]
        panel.get_by_label("Films").check()
        panel.get_by_role("button", name="Save", exact=True).click()
        panel.wait_for(state="hidden")
        page.get_by_role("article").get_by_text("6 channels").wait_for()


def test_a_list_gets_into_a_player(service, person):
    anna = person(service)
    page = anna.sign_in()
    anna.open("#/proxies")
    proxy = service.client.get("/proxies").json["items"][0]
    anna.open(f"#/proxies/{proxy['id']}/use")
    panel = page.get_by_role("dialog", name=proxy["name"])
    anna.context.grant_permissions(["clipboard-read", "clipboard-write"], origin=service.address)
    address = address_of(panel)
    assert len(names_of(address)) == 7
    assert text_of(panel.get_by_label("Guide of", exact=False).first.input_value()).startswith("<?xml")
    # It is copied, and what the picture says is the same.
    panel.get_by_role("button", name="Copy: Playlist of").click()
    panel.get_by_role("button", name="Copied: Playlist of").wait_for()
    assert page.evaluate("navigator.clipboard.readText()") == address
    picture = panel.get_by_role("img", name="The playlist’s address as a QR code")
    size = int(picture.get_attribute("viewBox").split()[2])
    dark = {(int(x), int(y)) for x, y in re.findall(r"M(\d+) (\d+)h1v1h-1z", picture.locator("path").get_attribute("d"))}
    quiet = min(x for x, _ in dark)
    assert quiet >= 3
    assert qr.read({(x - quiet, y - quiet) for x, y in dark}, size - 2 * quiet) == address
    # What to do in each player.
    for player, words in (("Kodi", "IPTV Simple Client"), ("VLC", "Open Network Stream"),
                          ("TiviMate", "M3U playlist"), ("Jellyfin", "M3U tuner")):
        hint = panel.locator("details").filter(has=page.locator("summary", has_text=player))
        assert not hint.get_by_text(words).is_visible()
        hint.locator("summary").click()
        hint.get_by_text(words).first.wait_for()
        assert hint.get_by_role("listitem").count() == 3
    anna.shot("proxy-use")
    anna.is_accessible("how to use a list")
