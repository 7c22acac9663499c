"""A station on the loopback: channels with pictures, a playlist of them and a guide of today, and
how to run a player beside it."""

import datetime
import os
import pwd
import shutil
import subprocess
import tempfile
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

CHANNELS = ("Harbour View", "Night & Day")
PIECE = 188 * 350


def stream(folder):
    """20 seconds of test picture and tone as MPEG-TS."""
    path = Path(folder) / "picture.ts"
    subprocess.run(["ffmpeg", "-v", "error", "-f", "lavfi", "-i", "testsrc2=size=320x180:rate=25",
                    "-f", "lavfi", "-i", "sine=frequency=440", "-t", "20", "-c:v", "libx264",
                    "-preset", "ultrafast", "-c:a", "aac", "-f", "mpegts", str(path)],
                   check=True, stdin=subprocess.DEVNULL, timeout=120)
    return path.read_bytes()


class Station:
    """Serves `/live/N.ts`; `plays(N)` counts the streams that were really taken."""

    def __init__(self, picture):
        station = self
        self._lock = threading.Lock()
        self._plays = dict.fromkeys(range(len(CHANNELS)), 0)

        class Handler(BaseHTTPRequestHandler):
            def log_message(self, *_):
                pass

            def do_HEAD(self):
                self._head()

            def _head(self):
                self.send_response(200)
                self.send_header("Content-Type", "video/mp2t")
                self.send_header("Content-Length", str(len(picture)))
                self.end_headers()

            def do_GET(self):
                number = int(self.path.removeprefix("/live/").removesuffix(".ts"))
                self._head()
                try:
                    for at in range(0, len(picture), PIECE):
                        self.wfile.write(picture[at:at + PIECE])
                        if at >= PIECE:  # more than a look at the first bytes
                            station._played(number, at)
                except OSError:
                    pass  # a player that stops reading

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def _played(self, number, at):
        if at == PIECE:
            with self._lock:
                self._plays[number] += 1

    def plays(self, number):
        with self._lock:
            return self._plays[number]

    def address(self, number):
        return f"http://127.0.0.1:{self._server.server_address[1]}/live/{number}.ts"

    def close(self):
        self._server.shutdown()
        self._server.server_close()


def write_configuration(folder, station):
    """A playlist, a guide that has "Show N" on channel N for hours around now, and a proxy."""
    folder = Path(folder)
    text = "#EXTM3U\n"
    for number, name in enumerate(CHANNELS):
        text += (f'#EXTINF:-1 tvg-id="station.{number}" group-title="News",{name}\n'
                 f"{station.address(number)}\n")
    (folder / "station.m3u").write_text(text)
    now = datetime.datetime.now(datetime.timezone.utc)
    begin, end = ((now + datetime.timedelta(hours=hours)).strftime("%Y%m%d%H0000 +0000")
                  for hours in (-2, 6))
    text = '<?xml version="1.0" encoding="UTF-8"?>\n<tv>\n'
    for number in range(len(CHANNELS)):
        text += f'<channel id="station.{number}"><display-name>x</display-name></channel>\n'
    for number in range(len(CHANNELS)):
        text += (f'<programme start="{begin}" stop="{end}" channel="station.{number}">'
                 f"<title>Show {number}</title></programme>\n")
    (folder / "station.xml").write_text(text + "</tv>\n")
    path = folder / "m3u-proxy.toml"
    path.write_text(f"""
[[sources]]
name = "station"
path = "{folder}/station.m3u"

[[epg_sources]]
name = "guide"
path = "{folder}/station.xml"

[[proxies]]
name = "home"
sources = ["station"]
epg_sources = ["guide"]
mode = "redirect"
starting_channel_number = 100
numbering = "sequential"
""")
    return path


@contextmanager
def home_of_a_person():
    """A home folder, and what makes a child process its owner: players refuse to be root."""
    home = Path(tempfile.mkdtemp(prefix="player."))
    options = {}
    if os.geteuid() == 0:
        person = pwd.getpwnam("nobody")
        os.chown(home, person.pw_uid, person.pw_gid)
        options = {"user": person.pw_uid, "group": person.pw_gid, "extra_groups": []}
    try:
        yield home, options
    finally:
        shutil.rmtree(home, ignore_errors=True)


def give_away(folder, options):
    """Makes all in the folder the person's."""
    if not options:
        return
    for path in [folder, *Path(folder).rglob("*")]:
        os.chown(path, options["user"], options["group"])
