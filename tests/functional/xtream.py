"""A mock Xtream account: player_api.php, xmltv.php, get_series_info, as loosely as real servers.

    with XtreamServer(live=[…], …) as server:
        server.address("live&vod")        # xtream://me:PASSWORD@127.0.0.1:PORT?live&vod
        server.requests                   # the actions in their order, "" for the account
        server.times                      # when each came

`replies` maps an action to bytes that are sent instead, `statuses` to a list of HTTP statuses of
its first requests, `slow` to an event before which its answer only drips.
"""

import json
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, quote, urlsplit

from kept_secrets import ACCOUNT as PASSWORD

USER = "me"
DRIP = 0.1  # seconds from byte to byte

# A row as the documents have it, and then all that is met.
LIVE = [
    {"num": 1, "name": "One", "stream_type": "live", "stream_id": 101, "stream_icon": "http://l/1",
     "epg_channel_id": "one.tv", "added": "1", "category_id": "1", "category_ids": [1],
     "tv_archive": 1, "direct_source": "", "tv_archive_duration": 7},
    {"num": "2", "name": "Two \"quoted\", \u00e9", "stream_id": "102", "stream_icon": None,
     "epg_channel_id": None, "category_id": 2, "tv_archive": "0", "tv_archive_duration": ""},
    {"num": 3.0, "name": ["Three"], "stream_id": 103.0, "stream_icon": "", "category_id": None,
     "category_ids": ["1", 2], "tv_archive": True, "tv_archive_duration": "3", "rating": 7.5},
    {"num": "", "name": " , Four\n", "stream_id": 104, "category_id": "9", "is_adult": "0"},
    {"num": 5, "name": "No id", "stream_id": None},
]
LIVE_CATEGORIES = [
    {"category_id": "1", "category_name": "News", "parent_id": 0},
    {"category_id": 2, "category_name": "Sport", "parent_id": "0"},
]
VOD = [
    {"num": 1, "name": "A Film (2020)", "stream_id": 201, "container_extension": "mkv",
     "stream_icon": "http://l/f", "category_id": "5", "rating": "7.5"},
    {"num": 2, "title": "Another", "stream_id": "202", "container_extension": None,
     "category_id": ["5"]},
]
VOD_CATEGORIES = [{"category_id": "5", "category_name": "Films"}]
SERIES = [
    {"num": 1, "name": "Show", "series_id": 301, "cover": "http://l/s", "category_id": "7",
     "last_modified": "1700000300", "backdrop_path": ["http://l/b"]},
    {"num": 2, "name": "Soap", "series_id": "302", "cover": None, "category_id": 7,
     "last_modified": "1700000200", "backdrop_path": "http://l/b"},
    {"num": 3, "name": "Old", "series_id": 303, "category_id": "7", "last_modified": 1700000100},
]
SERIES_CATEGORIES = [{"category_id": "7", "category_name": "Series"}]
INFO = {
    "301": {"seasons": [{"id": 1, "name": "Season 1"}], "info": {"name": "Show"},
            "episodes": {"1": [{"id": "3011", "episode_num": 1, "title": "Show - S01E01 - Pilot",
                                "container_extension": "mkv", "season": 1,
                                "info": {"movie_image": "http://l/e"}},
                               {"id": 3012, "episode_num": "2", "title": "Second", "season": "1",
                                "container_extension": "mp4", "info": []}]}},
    "302": {"seasons": [], "info": [],
            "episodes": [[{"id": "3021", "episode_num": 10, "title": "", "season": 12}]]},
    "303": {"episodes": []},
}


def account(**changes):
    user = {"username": USER, "password": PASSWORD, "message": "", "auth": 1, "status": "Active",
            "exp_date": "1893456000", "is_trial": "0", "active_cons": "1", "max_connections": "2",
            "created_at": "1", "allowed_output_formats": ["m3u8", "ts"]}
    user.update(changes)
    return {"user_info": user, "server_info": {"url": "h", "port": "80", "timestamp_now": 1}}


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def do_GET(self):
        url = urlsplit(self.path)
        query = {name: values[0] for name, values in parse_qs(url.query).items()}
        action = query.get("action", "") if url.path == "/player_api.php" else url.path
        if "series_id" in query:
            action += "/" + query["series_id"]
        status, body = self.server.owner.answer(action, query)
        self.server.owner.busy(-1)  # before the client can know
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        if status == 429:
            self.send_header("Retry-After", "0")
        self.end_headers()
        at_once = self.server.owner.slow.get(action)
        while at_once and len(body) > 1 and not at_once.wait(DRIP):
            self.wfile.write(body[:1])
            body = body[1:]
        self.wfile.write(body)


class Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False

    def handle_error(self, request, client_address):
        pass


class XtreamServer:
    def __init__(self, **replies):
        self.replies = replies
        self.statuses = {}
        self.slow = {}
        self.requests = []
        self.times = []
        self.at_once = 0
        self.most_at_once = 0
        self.lock = threading.Lock()

    def __enter__(self):
        self.server = Server(("127.0.0.1", 0), Handler)
        self.server.owner = self
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_):
        self.server.shutdown()
        self.server.server_close()

    @property
    def host(self):
        return f"127.0.0.1:{self.server.server_address[1]}"

    def address(self, query="", password=PASSWORD):
        login = quote(USER) + (":" + quote(password, safe="") if password else "")
        options = "&".join(part for part in (query, "delay_ms=0") if part)
        return f"xtream://{login}@{self.host}?{options}"

    def busy(self, change):
        with self.lock:
            self.at_once += change
            self.most_at_once = max(self.most_at_once, self.at_once)

    def answer(self, action, query):
        self.busy(1)
        with self.lock:
            self.requests.append(action)
            self.times.append(time.monotonic())
            waiting = self.statuses.get(action, [])
            status = waiting.pop(0) if waiting else 200
        if status != 200:
            return status, b"slow down"
        if query.get("username") != USER or query.get("password") != PASSWORD:
            return 200, json.dumps({"user_info": {"auth": 0}}).encode()
        if action in self.replies:
            reply = self.replies[action]
            return 200, reply if isinstance(reply, bytes) else json.dumps(reply).encode()
        known = {
            "": account(), "get_live_streams": LIVE, "get_live_categories": LIVE_CATEGORIES,
            "get_vod_streams": VOD, "get_vod_categories": VOD_CATEGORIES, "get_series": SERIES,
            "get_series_categories": SERIES_CATEGORIES,
        }
        if action.startswith("get_series_info/"):
            return 200, json.dumps(INFO.get(action.split("/")[1], [])).encode()
        if action == "/xmltv.php":
            return 200, GUIDE
        return (200, json.dumps(known[action]).encode()) if action in known else (404, b"")


GUIDE = b"""<?xml version="1.0" encoding="UTF-8"?>
<tv><channel id="one.tv"><display-name>One</display-name></channel>
<programme start="20240101000000 +0000" stop="20240101010000 +0000" channel="one.tv">
<title>News</title></programme></tv>
"""
