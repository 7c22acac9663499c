"""Logos in the service, with the real binary and a server of logos that means no good."""

import http.client
import os
import socket
import threading
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from service import Service, ask, wait_until

PNG = b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 4
SVG = (b'<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg">'
       b"<script>alert(1)</script></svg>")
SECRET = "geheim-listed"


def still_waits(connection):
    """Whether who asked has not hung up."""
    try:
        return connection.recv(1, socket.MSG_PEEK | socket.MSG_DONTWAIT) != b""
    except BlockingIOError:
        return True
    except OSError:
        return False


class Pictures:
    """A server of logos that counts who asks, and for how many at once."""

    def __init__(self):
        self.asked = []
        self.most_at_once = 0
        self.asking = []
        self.over = threading.Event()
        self.lock = threading.Lock()
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def log_message(self, *_):
                pass

            def do_GET(self):
                with outer.lock:
                    outer.asked.append(self.path)
                    outer.asking = [c for c in outer.asking if still_waits(c)]
                    outer.asking.append(self.connection)
                    outer.most_at_once = max(outer.most_at_once, len(outer.asking))
                try:
                    self.misbehave(self.path.split("?")[0].strip("/").split("-")[0])
                except OSError:
                    pass
                with outer.lock:
                    outer.asking = [c for c in outer.asking if c is not self.connection]

            def misbehave(self, kind):
                if kind == "hang":
                    outer.over.wait(60)
                elif kind == "endless":
                    self.say(200, b"", None)
                    while not outer.over.is_set():
                        self.wfile.write(PNG * 50)
                elif kind == "huge":
                    self.say(200, PNG * 10, 10 << 30)
                elif kind == "cut":
                    self.say(200, PNG, len(PNG) + 1000)
                elif kind in ("page", "large", "svg", "empty"):
                    body = {"page": b"<html>no</html>", "large": PNG * 2000, "svg": SVG,
                            "empty": b""}[kind]
                    self.say(200, body, len(body))
                elif kind in ("403", "404", "503"):
                    self.say(int(kind), PNG, len(PNG))
                elif kind == "away":
                    self.send_response(302)
                    self.send_header("Location", f"http://[::1]:{outer.server.server_port}/ok")
                    self.send_header("Content-Length", "0")
                    self.end_headers()
                else:
                    self.say(200, PNG, len(PNG))

            def say(self, status, body, length):
                self.send_response(status)
                self.send_header("Content-Type", "text/plain")
                if length is not None:
                    self.send_header("Content-Length", str(length))
                self.end_headers()
                self.wfile.write(body)

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.thread = threading.Thread(target=self.server.serve_forever, daemon=True)

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.over.set()
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()

    def address(self, name, user=""):
        return f"http://{user}127.0.0.1:{self.server.server_port}/{name}"


@pytest.fixture
def data(tmp_path):
    return tmp_path / "data"


def configuration(tmp_path, entries, extra="cache_logos = true\n", service=None):
    """A service whose only source has channels with these logos."""
    if service is None:
        service = 'allowed_networks = ["127.0.0.1/32"]\n'
    playlist = tmp_path / "list.m3u"
    playlist.write_text("#EXTM3U\n" + "".join(
        f'#EXTINF:-1 tvg-id="{name}" tvg-logo="{logo}",{name}\nhttp://tv.example/{name}.ts\n'
        for name, logo in entries))
    guide = tmp_path / "guide.xml"
    guide.write_text('<?xml version="1.0"?><tv><channel id="A"><display-name>A</display-name>'
                     '</channel><programme channel="A" start="20300101000000 +0000" '
                     'stop="20300101010000 +0000"><title>T</title></programme></tv>')
    config = tmp_path / "config.toml"
    config.write_text(f'[service]\nquiet_period = "0s"\n{service}\n[[sources]]\nname = "tv"\n'
                      f'path = "{playlist}"\n\n[[epg_sources]]\nname = "guide"\n'
                      f'path = "{guide}"\n\n[[proxies]]\nname = "home"\nsources = ["tv"]\n'
                      f'epg_sources = ["guide"]\n{extra}')
    return config


def logos_in(text):
    return [line.split('tvg-logo="', 1)[1].split('"', 1)[0]
            for line in text.splitlines() if "tvg-logo" in line]


def addresses_of(service):
    return logos_in(ask(service.playlist).text)


def test_logos_come_from_the_cache(data, tmp_path):
    with Pictures() as web:
        config = configuration(tmp_path, [(n, web.address(f"ok-{n}.png")) for n in "AB"])
        with Service(data, "--config", config) as service:
            addresses = addresses_of(service)
            assert all(a.startswith(service.address + "/logo/") for a in addresses)
            first = ask(addresses[0])
            assert (first.status, first.body) == (200, PNG)
            assert first.headers["content-type"] == "image/png"
            assert first.headers["x-content-type-options"] == "nosniff"
            again = ask(addresses[0], headers={"If-None-Match": first.headers["etag"]})
            assert (again.status, again.body) == (304, b"")
            head = ask(addresses[0], method="HEAD")
            assert (head.status, head.headers["content-length"]) == (200, str(len(PNG)))
            assert ask(addresses[0]).body == PNG
            assert web.asked == ["/ok-A.png"]
            wait_until(lambda: f'<icon src="{addresses[0]}"' in ask(service.guide).text)
        with Service(data, "--config", config) as service:
            assert ask(addresses_of(service)[0]).body == PNG
            assert web.asked == ["/ok-A.png"]


def test_what_is_no_logo_is_not_served_and_not_asked_for_again(data, tmp_path):
    kinds = ("page", "404", "large", "huge", "endless", "cut", "empty", "403")
    with Pictures() as web:
        # Failures one after the other close a host: the good ones between them keep it open.
        names = [n for kind in kinds for n in (kind, f"ok-{kind}")]
        config = configuration(tmp_path, [(n, web.address(n)) for n in names])
        with Service(data, "--config", config) as service:
            addresses = dict(zip(names, addresses_of(service)))
            for _ in range(2):
                for name in names:
                    status = ask(addresses[name]).status
                    if name.startswith("ok"):
                        assert status == 200, name
                    else:
                        assert status in (404, 502), name
            assert sorted(web.asked) == sorted("/" + n for n in names)
            kept = list((data / "logo-cache").iterdir())
            assert [f.read_bytes() for f in kept] == [PNG] * len(kinds)


def test_only_the_logos_of_a_proxys_channels_are_fetched(data, tmp_path):
    with Pictures() as web:
        config = configuration(tmp_path, [("A", web.address("ok.png")), ("B", "special://b.png")])
        with Service(data, "--config", config) as service:
            addresses = addresses_of(service)
            assert addresses[1] == "special://b.png"
            door, channel = addresses[0].rsplit("/", 2)[1:]
            for path in (f"{door}/nonsense", f"{'x' * len(door)}/{channel}",
                         f"{door}/{'A' * 22}", f"{door}/..%2Fstore.sqlite",
                         f"{door}/http:%2F%2F127.0.0.1%2F"):
                assert ask(f"{service.address}/logo/{path}").status in (400, 404), path
            assert web.asked == []


def test_private_networks_are_not_asked_unless_they_are_allowed(data, tmp_path):
    with Pictures() as web:
        entries = [("A", web.address("ok.png"))]
        with Service(data, "--config", configuration(tmp_path, entries, service="")) as service:
            assert ask(addresses_of(service)[0]).status in (502, 503)
            assert web.asked == []


def test_redirects_do_not_lead_into_private_networks(data, tmp_path):
    with Pictures() as web:
        config = configuration(tmp_path, [("A", web.address("away"))])
        with Service(data, "--config", config) as service:
            assert ask(addresses_of(service)[0]).status == 502
            assert web.asked == ["/away"]


def test_a_picture_is_nothing_but_a_picture(data, tmp_path):
    with Pictures() as web:
        config = configuration(tmp_path, [("A", web.address("svg"))])
        with Service(data, "--config", config) as service:
            answer = ask(addresses_of(service)[0])
            assert (answer.body, answer.headers["content-type"]) == (SVG, "image/svg+xml")
            policy = answer.headers["content-security-policy"]
            assert "default-src 'none'" in policy and "sandbox" in policy


def test_a_proxy_without_the_setting_has_the_logos_of_its_source(data, tmp_path):
    config = configuration(tmp_path, [("A", "http://tv.example/a.png")], extra="")
    with Service(data, "--config", config) as service:
        assert addresses_of(service) == ["http://tv.example/a.png"]


def test_passwords_in_addresses_are_written_nowhere(data, tmp_path):
    with Pictures() as web:
        names = ("ok", "page", "cut-1", "cut-2", "503-1", "503-2", "503-3", "503-4")
        config = configuration(tmp_path, [
            (n, web.address(f"{n}?password={SECRET}", user=f"user:{SECRET}@")) for n in names])
        with Service(data, "--config", config, extra={"M3U_PROXY_LOG": "debug"}) as service:
            answers = [ask(address) for address in addresses_of(service)]
            assert answers[0].status == 200
            assert all(SECRET not in a.text for a in answers[1:])
            assert "not fetched" in service.log()
            assert SECRET not in service.log()
        for folder in (data / "logo-cache",):
            for file in folder.iterdir():
                assert SECRET not in file.name and SECRET.encode() not in file.read_bytes()


def in_use(service):
    """Memory in MB and open files of a service."""
    process = f"/proc/{service.process.pid}"
    status = open(f"{process}/status").read()
    return (int(status.split("VmRSS:")[1].split()[0]) / 1024, len(os.listdir(f"{process}/fd")))


def status_of(address, client):
    """Clients come from four addresses, since one has no more than half of the connections. Where there
    are few of these (a sanitizer takes memory too) one that has not asked yet may have to make room."""
    try:
        return ask(address, sender=f"127.0.0.{2 + client % 4}").status
    except (http.client.RemoteDisconnected, ConnectionResetError):
        return 503


def test_two_hundred_clients_and_a_server_that_hangs(data, tmp_path):
    with Pictures() as web:
        names = [f"ok-{n}" for n in range(40)] + [f"hang-{n}" for n in range(40)]
        config = configuration(tmp_path, [(n, web.address(n)) for n in names])
        with Service(data, "--config", config, "--memory-limit", "64") as service:
            # The list may be published before its guide has come: what that opens is no leftover.
            wait_until(lambda: ask(service.guide).status == 200)
            service.wait_until_quiet()
            addresses = addresses_of(service)
            assert ask(addresses[0]).status == 200
            memory, files = in_use(service)
            with ThreadPoolExecutor(200) as clients:
                statuses = list(clients.map(lambda n: status_of(addresses[n % 80], n), range(400)))
            # What hangs closes its host, for the others too; nobody waits for ever.
            assert set(statuses) <= {200, 429, 502, 503}
            assert web.most_at_once <= 2
            wait_until(lambda: in_use(service)[1] <= files + 2)
            if "TEST_SANITIZED" not in os.environ:  # a sanitizer keeps what is freed
                assert in_use(service)[0] < memory + 16
            assert ask(addresses[0]).status == 200
            assert ask(service.playlist).status == 200
