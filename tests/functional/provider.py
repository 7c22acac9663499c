"""A provider that lies: an HTTP server on loopback whose first path component says how it behaves.

    /plain/NAME            the list (or, when NAME ends in .xml, the guide); ?channels=N for its size
    /etag/NAME             with an ETag, answers 304      /modified/NAME   with Last-Modified, 304
    /changing/NAME         another list and ETag each time
    /slow/NAME             in ten pieces with pauses
    /stall/NAME            half of it, then silence       /silent/NAME     not even a status line
    /drip/NAME             one byte now and then, for ever
    /endless/NAME          a list without an end, as fast as it is taken
    /truncated/NAME        promises more bytes than it sends, every time; never resumes
    /cut/NAME              chunked, breaks off in the middle, every time
    /half/NAME             breaks off half way, every time
    /resumable/NAME        breaks off half way the first time; later honours Range and If-Range
    /unresumable/NAME      breaks off half way the first time; ignores Range
    /replaced/NAME         breaks off half way; by the second request the list is another one
    /wrongrange/NAME       breaks off half way; answers Range with the wrong part, then all
    /busy/NAME             503 twice, then good           /down/NAME       503 always
    /toomany/NAME          429 with Retry-After: 0, then good
    /toomanyforever/NAME   429 with Retry-After: 3600
    /toomanyfor/N/NAME     429 with Retry-After: N
    /today/NAME            as `server.today` says, one of the others; `server.channels` for its size
    /status/CODE/NAME      that status with a short text  /once/NAME       good once, then 503
    /html/NAME             an HTML page with status 200   /empty/NAME      no bytes
    /htmllater/NAME        good once, then an HTML page
    /barelater/NAME        good once, then with neither channels nor programmes
    /gzip/NAME             compressed, and no header says so
    /gzipencoded/NAME      Content-Encoding: gzip         /gzipdouble/NAME both
    /gziptruncated/NAME    the first half of the compressed bytes, with a right length
    /brotli/NAME           Content-Encoding: br, although nobody asked for it
    /coded/WORDS/HOW/NAME  Content-Encoding: WORDS; the body is sent plain, gzip, zlib, raw (deflate),
                           gzipraw (deflate in gzip) or half (of zlib)
    /zip/N/NAME            a ZIP archive of N files
    /loop/NAME             redirects to itself            /redirect/N/NAME N redirects, then good
    /away/NAME             redirects to /echo on another host name
    /near/NAME             redirects to /private on this host
    /ftp/NAME              redirects to an ftp address
    /private/NAME          wants user "me" with password kept_secrets.PROVIDER
    /echo/NAME             a list whose channel names are the request's headers
    /requests              a JSON list of the requests so far (not of /requests itself)

State (how often asked) is kept per path. Run as a program it prints its port and ends when its
standard input closes; `Provider` runs it in a thread.
"""

import base64
import gzip
import io
import json
import sys
import threading
import time
import zipfile
import zlib
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, unquote, urlsplit

from kept_secrets import PROVIDER

ETAG = '"v1"'
LAST_MODIFIED = "Mon, 01 Jan 2024 00:00:00 GMT"
HTML = b"<!DOCTYPE html><html><body>Your subscription has expired</body></html>"


def playlist(channels=3, prefix="Channel"):
    lines = ["#EXTM3U"]
    for i in range(1, channels + 1):
        lines.append(f'#EXTINF:-1 tvg-id="c{i}" group-title="News",{prefix} {i}')
        lines.append(f"http://stream.example/{i}.ts")
    return ("\n".join(lines) + "\n").encode()


def guide(channels=3):
    parts = ['<?xml version="1.0" encoding="UTF-8"?>\n<tv>\n']
    for i in range(1, channels + 1):
        parts.append(f'<channel id="c{i}"><display-name>Channel {i}</display-name></channel>\n')
    for i in range(1, channels + 1):
        parts.append(
            f'<programme start="20240101000000 +0000" stop="20240101010000 +0000" channel="c{i}">'
            f"<title>Show {i}</title></programme>\n"
        )
    parts.append("</tv>\n")
    return "".join(parts).encode()


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def do_GET(self):
        url = urlsplit(self.path)
        parts = url.path.strip("/").split("/")
        if parts[0] == "requests":
            self.send_body(json.dumps(self.server.requests).encode())
            return
        self.count = self.server.note(self.path, dict(self.headers.items()))
        query = parse_qs(url.query)
        channels = int(query.get("channels", [self.server.channels])[0])
        self.content = guide(channels) if url.path.endswith(".xml") else playlist(channels)
        behaviour = getattr(self, "do_" + parts[0], None)
        if behaviour is None:
            self.send_body(b"no such behaviour", status=404)
            return
        try:
            behaviour(parts)
        except (BrokenPipeError, ConnectionResetError):
            self.close_connection = True

    # How answers are made.

    def send_body(self, body, status=200, headers=(), length=None):
        self.send_response(status)
        for name, value in headers:
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body) if length is None else length))
        self.end_headers()
        self.wfile.write(body)
        if length is not None and length != len(body):
            self.close_connection = True

    def send_half(self, headers=()):
        half = self.content[: len(self.content) // 2]
        self.send_body(half, headers=headers, length=len(self.content))

    def send_redirect(self, location):
        self.send_body(b"", status=302, headers=[("Location", location)])

    def range_start(self):
        value = self.headers.get("Range", "")
        return int(value[len("bytes=") :].rstrip("-")) if value.startswith("bytes=") else None

    def send_range(self, start, headers=()):
        total = len(self.content)
        content_range = ("Content-Range", f"bytes {start}-{total - 1}/{total}")
        self.send_body(self.content[start:], status=206, headers=[content_range, *headers])

    # Behaviours.

    def do_plain(self, _):
        self.send_body(self.content)

    def do_etag(self, _):
        if self.headers.get("If-None-Match") == ETAG:
            self.send_response(304)
            self.send_header("ETag", ETAG)
            self.end_headers()
        else:
            self.send_body(self.content, headers=[("ETag", ETAG)])

    def do_modified(self, _):
        if self.headers.get("If-Modified-Since") == LAST_MODIFIED:
            self.send_response(304)
            self.end_headers()
        else:
            self.send_body(self.content, headers=[("Last-Modified", LAST_MODIFIED)])

    def do_changing(self, _):
        content = playlist(self.count)
        self.send_body(content, headers=[("ETag", f'"v{self.count}"')])

    def do_slow(self, _):
        self.send_response(200)
        self.send_header("Content-Length", str(len(self.content)))
        self.end_headers()
        step = max(1, len(self.content) // 10)
        for i in range(0, len(self.content), step):
            self.wfile.write(self.content[i : i + step])
            self.wfile.flush()
            self.server.closing.wait(0.02)

    def do_stall(self, _):
        self.send_half()
        self.server.closing.wait()

    def do_silent(self, _):
        self.server.closing.wait()
        self.close_connection = True

    def do_drip(self, _):
        self.send_response(200)
        self.send_header("Content-Length", "1000000")
        self.end_headers()
        while not self.server.closing.wait(0.02):
            self.wfile.write(b"#")
            self.wfile.flush()

    def do_truncated(self, _):
        self.send_body(self.content, length=len(self.content) + 100)

    def do_cut(self, _):
        self.send_response(200)
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        half = self.content[: len(self.content) // 2]
        self.wfile.write(b"%x\r\n%s\r\n" % (len(half), half))
        self.close_connection = True

    def do_half(self, _):
        self.send_half()

    def do_resumable(self, _):
        start = self.range_start()
        if self.count == 1:
            self.send_half(headers=[("ETag", ETAG)])
        elif start is not None and self.headers.get("If-Range") == ETAG:
            self.send_range(start, headers=[("ETag", ETAG)])
        else:
            self.send_body(self.content, headers=[("ETag", ETAG)])

    def do_unresumable(self, _):
        if self.count == 1:
            self.send_half(headers=[("ETag", ETAG)])
        else:
            self.send_body(self.content, headers=[("ETag", ETAG)])

    def do_replaced(self, _):
        if self.count == 1:
            self.send_half(headers=[("ETag", ETAG)])
        else:
            self.send_body(playlist(2, "Other"), headers=[("ETag", '"v2"')])

    def do_wrongrange(self, _):
        if self.count == 1:
            self.send_half(headers=[("ETag", ETAG)])
        elif self.range_start() is not None:
            self.send_range(1, headers=[("ETag", ETAG)])
        else:
            self.send_body(self.content, headers=[("ETag", ETAG)])

    def do_busy(self, _):
        if self.count <= 2:
            self.send_body(b"busy", status=503)
        else:
            self.send_body(self.content)

    def do_down(self, _):
        self.send_body(b"maintenance", status=503)

    def do_toomany(self, _):
        if self.count == 1:
            self.send_body(b"", status=429, headers=[("Retry-After", "0")])
        else:
            self.send_body(self.content)

    def do_endless(self, _):
        self.close_connection = True
        self.send_response(200)
        self.send_header("Connection", "close")
        self.end_headers()
        while True:
            self.wfile.write(self.content)

    def do_toomanyforever(self, _):
        self.send_body(b"", status=429, headers=[("Retry-After", "3600")])

    def do_toomanyfor(self, parts):
        self.send_body(b"", status=429, headers=[("Retry-After", parts[1])])

    def do_today(self, parts):
        today = [*self.server.today.split("/"), parts[-1]]
        getattr(self, "do_" + today[0])(today)

    def do_status(self, parts):
        self.send_body(b"says the provider", status=int(parts[1]))

    def do_once(self, _):
        if self.count == 1:
            self.send_body(self.content, headers=[("ETag", ETAG)])
        else:
            self.send_body(b"maintenance", status=503)

    def do_html(self, _):
        self.send_body(HTML, headers=[("Content-Type", "text/html")])

    def do_htmllater(self, _):
        self.send_body(self.content if self.count == 1 else HTML)

    def do_barelater(self, parts):
        bare = b"<tv></tv>\n" if parts[-1].endswith(".xml") else b"#EXTM3U\n"
        self.send_body(self.content if self.count == 1 else bare)

    def do_empty(self, _):
        self.send_body(b"")

    def do_gzip(self, _):
        self.send_body(gzip.compress(self.content))

    def do_gzipencoded(self, _):
        if "gzip" in self.headers.get("Accept-Encoding", ""):
            body = gzip.compress(self.content)
            self.send_body(body, headers=[("Content-Encoding", "gzip")])
        else:
            self.send_body(self.content)

    def do_gzipdouble(self, _):
        body = gzip.compress(gzip.compress(self.content))
        self.send_body(body, headers=[("Content-Encoding", "gzip")])

    def do_gziptruncated(self, _):
        body = gzip.compress(self.content)
        self.send_body(body[: len(body) // 2])

    def do_brotli(self, _):
        self.send_body(b"\x0b\x02\x80abc", headers=[("Content-Encoding", "br")])

    def do_coded(self, parts):
        raw = zlib.compressobj(wbits=-15)
        raw = raw.compress(self.content) + raw.flush()
        packed = zlib.compress(self.content)
        body = {"plain": self.content, "gzip": gzip.compress(self.content), "zlib": packed,
                "raw": raw, "gzipraw": gzip.compress(raw), "half": packed[: len(packed) // 2]}
        self.send_body(body[parts[2]], headers=[("Content-Encoding", unquote(parts[1]))])

    def do_zip(self, parts):
        out = io.BytesIO()
        with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
            for i in range(int(parts[1])):
                archive.writestr(f"{i}-{parts[2]}", self.content)
        self.send_body(out.getvalue())

    def do_loop(self, _):
        self.send_redirect(self.path)

    def do_redirect(self, parts):
        left = int(parts[1])
        self.send_redirect(f"/redirect/{left - 1}/{parts[2]}") if left else self.do_plain(parts)

    def do_away(self, parts):
        # The other one of the two names of this machine.
        name = "localhost" if self.headers.get("Host", "").startswith("127.") else "127.0.0.1"
        port = self.server.server_address[1]
        self.send_redirect(f"http://{name}:{port}/echo/{parts[1]}")

    def do_near(self, parts):
        self.send_redirect(f"/private/{parts[1]}")

    def do_ftp(self, parts):
        self.send_redirect(f"ftp://127.0.0.1/{parts[1]}")

    def do_private(self, _):
        wanted = "Basic " + base64.b64encode(f"me:{PROVIDER}".encode()).decode()
        if self.headers.get("Authorization") == wanted:
            self.send_body(self.content)
        else:
            challenge = ("WWW-Authenticate", 'Basic realm="tv"')
            self.send_body(b"who are you?", status=401, headers=[challenge])

    def do_echo(self, _):
        lines = ["#EXTM3U"]
        for i, (name, value) in enumerate(self.headers.items()):
            lines += [f"#EXTINF:-1,{name.lower()}: {value}", f"http://stream.example/{i}"]
        self.send_body(("\n".join(lines) + "\n").encode())


class Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False

    def __init__(self, port=0):
        super().__init__(("127.0.0.1", port), Handler)
        self.lock = threading.Lock()
        self.requests = []
        self.counts = {}
        self.today = "plain"
        self.channels = 3
        self.closing = threading.Event()

    def note(self, path, headers):
        """Keeps a request; returns how often its path was asked for, from 1."""
        with self.lock:
            self.requests.append({"path": path, "headers": headers})
            self.counts[path] = self.counts.get(path, 0) + 1
            return self.counts[path]

    def handle_error(self, request, client_address):
        pass  # a client that went away is part of the game


class Provider:
    """The server in a thread of this process: `with Provider() as provider: provider.url(…)`.
    Begun again it has the port that it had."""

    def __init__(self):
        self.port = 0

    def __enter__(self):
        self.server = Server(self.port)
        self.port = self.server.server_address[1]
        self.thread = threading.Thread(target=self.server.serve_forever, args=(0.02,), daemon=True)
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.server.closing.set()
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()

    def url(self, path, user=None, host="127.0.0.1"):
        login = f"{user}@" if user else ""
        return f"http://{login}{host}:{self.port}{path}"

    def requests(self, path=None):
        with self.server.lock:
            return [r for r in self.server.requests if path is None or r["path"] == path]


def main():
    server = Server(int(sys.argv[1]) if len(sys.argv) > 1 else 0)
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    print(server.server_address[1], flush=True)
    sys.stdin.read()
    server.closing.set()
    time.sleep(0.05)


if __name__ == "__main__":
    main()
