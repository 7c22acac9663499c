"""What a new user does on the first evening, from the printed address on: one story, whole."""

import os
import re
import subprocess
import urllib.request
from pathlib import Path

import pytest
from conftest import PASSWORD, Service, setup_link
from service import wait_until

LIMIT_MB = 64
LONG = 1_000_000


def lines_of(address):
    """The names in a playlist, as a player gets it."""
    with urllib.request.urlopen(address, timeout=60) as answer:
        return [line.decode().rsplit(",", 1)[1].strip() for line in answer if line.startswith(b"#EXTINF")]


def first_evening(service, anna, address, total, within):
    page = anna.page
    # A password, by the link that was printed.
    page.goto(setup_link(service))
    page.get_by_label("Name").fill("anna")
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_label("Password, once more").fill(PASSWORD)
    page.get_by_role("button", name="Begin").click()
    # A list, without the group that nobody wants; the guide that it names.
    page.get_by_role("heading", name="Your list, in two minutes").wait_for()
    page.get_by_label("Address of the playlist").fill(address)
    page.get_by_role("button", name="Go on").click()
    page.get_by_label("Shopping").uncheck()
    anna.shot("story-groups", docs=total < 100)
    page.get_by_role("button", name="Make my list").click()
    page.get_by_role("heading", name="There it is").wait_for(timeout=within * 1000)
    anna.shot("story-ready", docs=total < 100)
    playlist = page.get_by_label("Playlist of", exact=False).first.input_value()

    def published(expected, count=6):
        wait_until(lambda: lines_of(playlist)[:count] == expected[:count], within=within)

    names = ["Harbour News HD", "Town Hall Live", "Weather Window", "Tidal Sport HD", "Regatta One", "Court Side"]
    published(names)
    assert len(lines_of(playlist)) == total
    # A rule that renames.
    anna.open("#/rules/rules/new")
    page.get_by_label("Name", exact=True).fill("without HD")
    page.locator(".cm-content").click()
    page.keyboard.insert_text('channel_name matches "^(.*) HD$" SET channel_name = "$1"')
    page.get_by_role("button", name="What would it do?").click(timeout=within * 1000)
    page.get_by_role("heading", name="What this does").wait_for(timeout=within * 1000)
    page.get_by_role("button", name="Save", exact=True).click()
    page.get_by_role("link", name="without HD").wait_for()
    names = [name.removesuffix(" HD") for name in names]
    published(names)
    # A guide for a channel that has none.
    anna.open("#/guide")
    page.get_by_role("button", name="Without guide").click()
    row = page.locator(".list li").filter(has_text="Regatta One")
    row.get_by_role("button", name="Take it").click(timeout=within * 1000)
    page.get_by_text("1 channel has a guide now").wait_for()
    # One channel to the front, by dragging; and it is number 1.
    anna.open("#/channels")
    grip = page.get_by_role("button", name="Move “Weather Window”")
    grip.wait_for()
    hand, top = grip.bounding_box(), page.locator(".rows [role=row]").first.bounding_box()
    page.mouse.move(hand["x"] + 8, hand["y"] + 8)
    page.mouse.down()
    page.mouse.move(top["x"] + 60, top["y"] + 30, steps=3)
    page.mouse.move(top["x"] + 60, top["y"] + 4, steps=3)
    page.mouse.up()
    moving = page.get_by_role("dialog", name="Move “Weather Window”")
    moving.get_by_text("They get 1 to 3.").wait_for()
    moving.get_by_role("button", name="Move", exact=True).click()
    page.get_by_text("“Weather Window” is moved").wait_for()
    published(["Weather Window", "Harbour News", "Town Hall Live"], 3)
    # Undo.
    page.keyboard.press("Control+z")
    page.get_by_text("Undone: “Weather Window” is moved").wait_for()
    published(names)
    # Back to what was at first.
    anna.open("#/proxies")
    page.get_by_role("link", name="home").first.click()
    page.get_by_role("tab", name="History").click()
    history = page.get_by_role("dialog")
    history.get_by_role("button", name="Back to this").last.click()
    history.get_by_text("You went back to an earlier list.").wait_for(timeout=within * 1000)
    published(["Harbour News HD", "Town Hall Live", "Weather Window"], 3)
    page.keyboard.press("Escape")
    # Memory, under its limit all the time.
    anna.open("#/dashboard")
    page.get_by_text(f"of {LIMIT_MB} MB that it may use", exact=False).wait_for()
    page.locator(".uplot").wait_for()
    anna.shot("story-memory", docs=total > 100)


def start(data, folder):
    config = folder / "service.toml"
    config.write_text(f"""
[service]
quiet_period = "0s"
generations_kept = 20
allowed_networks = ["127.0.0.0/8"]
[proxy_memory]
max_memory_mb = {LIMIT_MB}
""")
    return Service(data, "--config", config)


def test_the_first_evening(data, tmp_path, town, person):
    with start(data, tmp_path) as service:
        first_evening(service, person(service), f"{town.base}/list.m3u", 13, within=30)


@pytest.mark.long
def test_the_first_evening_with_a_million_channels(data, tmp_path, town, person):
    town.more = tmp_path / "more.m3u"
    subprocess.run([Path(os.environ["TEST_BUILD"]) / "bench_generate", "--channels", str(LONG),
                    "--playlist-out", town.more], check=True)
    with start(data, tmp_path) as service:
        first_evening(service, person(service), f"{town.base}/long.m3u", LONG + 13, within=180)
        status = Path(f"/proc/{service.process.pid}/status").read_text()
        peak_kb = int(re.search(r"VmHWM:\s+(\d+) kB", status)[1])
        assert peak_kb <= LIMIT_MB * 1024, status
