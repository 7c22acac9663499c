"""Kodi with pvr.iptvsimple loads the playlist with its guide, and plays from it."""

import contextlib
import json
import os
import signal
import subprocess
import time
import urllib.request
from pathlib import Path

import pytest
import station
from loopback import free_port

KODI = Path("/usr/lib/x86_64-linux-gnu/kodi/kodi.bin")
ADDON = "pvr.iptvsimple"
START = 90
SOON = 60

pytestmark = pytest.mark.skipif(not KODI.exists(), reason="Kodi is not installed")


def write_settings(home, port, playlist, guide):
    userdata = home / ".kodi" / "userdata"
    addon = userdata / "addon_data" / ADDON
    addon.mkdir(parents=True)
    values = {"services.webserver": "true", "services.webserverport": port,
              "services.webserverauthentication": "false", "services.esenabled": "false",
              "pvrmanager.usebackendchannelnumbers": "true",
              "pvrmanager.usebackendchannelnumbersalways": "true"}
    (userdata / "guisettings.xml").write_text('<settings version="2">' + "".join(
        f'<setting id="{name}">{value}</setting>' for name, value in values.items())
        + "</settings>")
    values = {"m3uPathType": 1, "m3uUrl": playlist, "m3uCache": "false",
              "epgPathType": 1, "epgUrl": guide, "epgCache": "false"}
    (addon / "settings.xml").write_text('<settings version="2">' + "".join(
        f'<setting id="{name}">{value}</setting>' for name, value in values.items())
        + "</settings>")


class Kodi:
    def __init__(self, port):
        self._address = f"http://127.0.0.1:{port}/jsonrpc"

    def call(self, method, **parameters):
        body = json.dumps({"jsonrpc": "2.0", "id": 1, "method": method, "params": parameters})
        request = urllib.request.Request(self._address, body.encode(),
                                         {"Content-Type": "application/json"})
        with urllib.request.urlopen(request, timeout=10) as answer:
            document = json.load(answer)
        return document.get("result")

    def wait(self, within, question):
        """The first answer of `question` that is not empty."""
        end = time.monotonic() + within
        while True:
            with contextlib.suppress(OSError, ValueError):
                if answer := question():
                    return answer
            assert time.monotonic() < end, "Kodi did not get there"
            time.sleep(0.5)


@contextlib.contextmanager
def screen():
    """A display that nobody sees; its name."""
    reader, writer = os.pipe()
    server = subprocess.Popen(["Xvfb", "-displayfd", str(writer), "-screen", "0", "1280x720x24",
                               "-nolisten", "tcp"], pass_fds=[writer],
                              stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    os.close(writer)
    try:
        with os.fdopen(reader) as names:
            yield f":{names.readline().strip()}"
    finally:
        server.terminate()
        server.wait(20)


@contextlib.contextmanager
def kodi(playlist, guide):
    port = free_port()
    with screen() as display, station.home_of_a_person() as (home, options):
        write_settings(home, port, playlist, guide)
        station.give_away(home, options)
        with open(home / "kodi.out", "wb") as out:
            process = subprocess.Popen(
                [str(KODI), "--windowing=x11", "--standalone", "--lircdev=none"],
                stdin=subprocess.DEVNULL, stdout=out, stderr=out, cwd=home,
                env={"HOME": str(home), "DISPLAY": display, "KODI_HOME": "/usr/share/kodi",
                     "LIBGL_ALWAYS_SOFTWARE": "1", "PATH": "/usr/bin:/bin"},
                start_new_session=True, **options)
        player = Kodi(port)
        try:
            player.wait(START, lambda: player.call("JSONRPC.Ping"))
            yield player
            player.call("Application.Quit")
            process.wait(20)
        finally:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait(20)


def test_kodi_shows_the_channels_with_what_is_on_and_plays_one(on_air, served):
    with kodi(served.playlist, served.guide) as player:
        player.call("Addons.SetAddonEnabled", addonid=ADDON, enabled=True)

        def channels():
            answer = player.call("PVR.GetChannels", channelgroupid="alltv",
                                 properties=["channelnumber", "broadcastnow"])
            found = answer["channels"] if answer else []
            return found if found and all(c.get("broadcastnow") for c in found) else None

        found = player.wait(SOON, channels)
        assert [(c["label"], c["channelnumber"], c["broadcastnow"]["title"]) for c in found] == [
            (name, 100 + n, f"Show {n}") for n, name in enumerate(station.CHANNELS)]

        before = on_air.plays(1)
        player.call("Player.Open", item={"channelid": found[1]["channelid"]})
        player.wait(SOON, lambda: player.call("Player.GetActivePlayers"))
        player.wait(SOON, lambda: on_air.plays(1) > before)
