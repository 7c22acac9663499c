"""A provider on loopback with a small town's television: a playlist, a guide of today, logos."""

import shutil
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

GROUPS = {
    "News": ["Harbour News HD", "Town Hall Live", "Weather Window"],
    "Sport": ["Tidal Sport HD", "Regatta One", "Court Side"],
    "Films": ["Lantern Cinema", "Silver Reel", "Late Matinee"],
    "Children": ["Pebble Kids", "Story Boat"],
    "Music": ["Gravel Road Radio", "Breeze Classics"],
    "Shopping": ["Market Square", "Bargain Pier"],
}
SHOWS = ["The Tide Report", "Questions of the Day", "Morning on the Quay", "Second Half", "A Walk Uphill",
         "The Long Bridge", "Kitchen Lights", "Night Ferry"]
# These call themselves otherwise in the guide than in the playlist.
OTHERWISE = {"Regatta One": "regatta.one.example", "Silver Reel": "silverreel.example"}


def slug(name):
    return name.lower().replace(" hd", "").replace(" ", "-")


def playlist(base):
    lines = [f'#EXTM3U url-tvg="{base}/guide.xml"']
    number = 0
    for group, names in GROUPS.items():
        for name in names:
            number += 1
            known = "" if name in OTHERWISE else f"{slug(name)}.example"
            lines += [f'#EXTINF:-1 tvg-id="{known}" tvg-chno="{number}" tvg-logo="{base}/logo/{slug(name)}.svg" '
                      f'group-title="{group}",{name}', f"{base}/live/{slug(name)}.ts"]
    return "\n".join(lines) + "\n"


def moment(time_s):
    return time.strftime("%Y%m%d%H%M%S +0000", time.gmtime(time_s))


def guide():
    """Shows of 40 to 90 minutes, from six hours ago for two days."""
    names = [name for group in GROUPS.values() for name in group]
    out = ["<tv>"]
    for name in names:
        out.append(f'<channel id="{OTHERWISE.get(name, slug(name) + ".example")}"><display-name>{name}</display-name></channel>')
    first = int(time.time()) // 3600 * 3600 - 6 * 3600
    for at, name in enumerate(names):
        begin, show = first + at % 3 * 600, at
        while begin < first + 54 * 3600:
            end = begin + 2400 + (show * 7 % 6) * 600
            out.append(f'<programme start="{moment(begin)}" stop="{moment(end)}" channel="{OTHERWISE.get(name, slug(name) + ".example")}">'
                       f"<title>{SHOWS[show % len(SHOWS)]}</title><desc>Everything that {name} knows about it.</desc></programme>")
            begin, show = end, show + 1
    return "\n".join(out) + "</tv>\n"


def logo(name):
    colour = sum(map(ord, name)) * 47 % 360
    letters = "".join(word[0] for word in name.split("-"))[:2].upper()
    return (f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 40 40"><rect width="40" height="40" rx="9" fill="hsl({colour} 55% 42%)"/>'
            f'<text x="20" y="26" font-family="sans-serif" font-size="16" font-weight="700" fill="#fff" text-anchor="middle">{letters}</text></svg>')


class Town:
    """Use it in a `with`. /list.m3u is the town's, /long.m3u has what is in the file `more` behind it."""

    def __init__(self):
        self.more = None
        town = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self):
                kind, text = town.answer(self.path)
                more = town.more if self.path == "/long.m3u" else None
                size = len(text.encode()) + (more.stat().st_size if more else 0)
                self.send_response(200 if kind else 404)
                self.send_header("Content-Type", kind or "text/plain")
                self.send_header("Content-Length", str(size))
                self.end_headers()
                self.wfile.write(text.encode())
                if more:
                    with open(more, "rb") as rest:
                        shutil.copyfileobj(rest, self.wfile, 1 << 20)

            def log_message(self, *_):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.base = f"http://127.0.0.1:{self.server.server_port}"

    def answer(self, path):
        if path in ("/list.m3u", "/long.m3u"):
            return "audio/x-mpegurl", playlist(self.base)
        if path == "/guide.xml":
            return "application/xml", guide()
        if path.startswith("/logo/"):
            return "image/svg+xml", logo(path[6:-4])
        return None, "nothing here"

    def __enter__(self):
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_):
        self.server.shutdown()
        self.server.server_close()
