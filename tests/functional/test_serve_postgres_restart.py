"""A PostgreSQL server that is restarted while players download and a source is fetched: what was published
stays whole and at hand, and afterwards everything goes on where it was."""

import socket
import threading
from collections import Counter
from urllib.parse import urlsplit

import postgres
import pytest
from api_client import administrator
from service import Crowd, Service, ask, wait_until
from test_serve import Source, names_in
from test_serve_logos import Pictures

PATIENCE = 90  # what failed is tried again after 30 s
CHANNELS = 5000
PROGRAMMES = 500
ROUNDS = 2
PLAYERS = 3


def playlist_of(last, logo):
    """So long that it does not fit into the buffers of a connection."""
    group = "All " * 250
    rows = [f'#EXTINF:-1 tvg-id="c{i}" tvg-logo="{logo}" group-title="{group}",Channel {i}\n'
            f"http://provider.example/{i}.ts\n" for i in range(CHANNELS)]
    return f"#EXTM3U\n{''.join(rows)}#EXTINF:-1,{last}\nhttp://provider.example/{last}.ts\n"


class HeldSource(Source):
    """Has taken a request and answers it once it may."""

    def __init__(self, content):
        self.may_answer = threading.Event()
        self.may_answer.set()
        self.list = content
        super().__init__(content)

    @property
    def content(self):
        self.may_answer.wait(PATIENCE)
        return self.list

    @content.setter
    def content(self, content):
        self.list = content


class Players(Crowd):
    """Several at once who fetch everything again and again, and compare it with what it was."""

    def __init__(self, expected):
        self.expected = expected
        self.rounds = [0] * PLAYERS
        super().__init__([(self.play, number) for number in range(PLAYERS)])

    def play(self, number):
        while not self.over.is_set():
            for address, what in self.expected.items():
                try:
                    got = answer_of(address)
                except Exception as failure:  # noqa: BLE001
                    got = repr(failure)
                if got != what:
                    self.wrong.append((address, str(got)[:300]))
            self.rounds[number] += 1

    def wait_for_rounds(self):
        """Until each has fetched everything some times from now on."""
        goal = [done + ROUNDS for done in self.rounds]
        wait_until(lambda: all(done >= wanted for done, wanted in zip(self.rounds, goal)), PATIENCE)


def answer_of(address):
    answer = ask(address)
    return answer.status, answer.headers.get("location"), answer.body


class SlowPlayer:
    """Has begun to download, and takes the rest later."""

    def __init__(self, address):
        where = urlsplit(address)
        self.connection = socket.socket()
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 16384)
        self.connection.settimeout(PATIENCE)
        self.connection.connect((where.hostname, where.port))
        self.connection.sendall(f"GET {where.path} HTTP/1.1\r\nHost: {where.netloc}\r\nConnection: close\r\n\r\n".encode())
        self.parts = [self.connection.recv(4096)]

    def body(self):
        while part := self.connection.recv(65536):
            self.parts.append(part)
        self.connection.close()
        return b"".join(self.parts).split(b"\r\n\r\n", 1)[1]


@pytest.fixture(name="database")
def a_postgresql_server(tmp_path):
    with postgres.Server(tmp_path / "server") as server:
        yield server


@postgres.sqlite_only  # it brings a server of its own
def test_a_restart_costs_no_output_and_no_job(database, tmp_path):
    guide = tmp_path / "guide.xml"
    guide.write_text("<tv>" + "".join(
        f'<programme start="20990101000000 +0000" channel="c{i}"><title>Show {i}</title></programme>\n'
        for i in range(PROGRAMMES)) + "</tv>")
    with Pictures() as pictures, HeldSource(playlist_of("Old", pictures.address("ok-A.png"))) as source:
        config = tmp_path / "config.toml"
        config.write_text(
            f'[service]\nquiet_period = "0s"\nallowed_networks = ["127.0.0.1/32"]\n[database]\nurl = "{database.address}"\n'
            f'[[sources]]\nname = "tv"\nurl = "{source.url}"\n[[epg_sources]]\nname = "guide"\npath = "{guide}"\n'
            '[[proxies]]\nname = "home"\nsources = ["tv"]\nepg_sources = ["guide"]\nmode = "redirect"\ncache_logos = true\n')
        with Service(tmp_path / "data", "--config", config) as service:
            admin = administrator(service)
            wait_until(lambda: ask(service.guide).text.count("<programme ") == PROGRAMMES, PATIENCE)
            wait_until(lambda: not service.ctl("status")["running"])
            lines = ask(service.playlist).text.splitlines()
            logo = lines[1].split('tvg-logo="', 1)[1].split('"', 1)[0]
            stream = next(line for line in lines if line.startswith("http"))
            served = {address: answer_of(address) for address in (service.playlist, service.guide, stream, logo)}
            assert [status for status, _, _ in served.values()] == [200, 200, 302, 200]
            before = service.ctl("generations", "home")["generations"]
            jobs = {job["id"] for job in service.ctl("jobs")["jobs"]}

            source.may_answer.clear()
            source.content = playlist_of("New", pictures.address("ok-A.png"))
            asked = len(source.requests)
            service.ctl("refresh", "tv")
            wait_until(lambda: len(source.requests) > asked)
            slow = SlowPlayer(service.playlist)
            said_before = len(service.log())
            with Players(served) as players:
                database.stop()
                assert slow.body() == served[service.playlist][2]
                players.wait_for_rounds()
                source.may_answer.set()  # it comes to its end while there is no database
                wait_until(lambda: '"tv" could not be refreshed' in service.log(), PATIENCE)
                players.wait_for_rounds()
                assert admin.get("/status").status == 503
                players.wait_for_rounds()
                assert service.process.poll() is None
            assert players.wrong == []
            said = service.log()[said_before:]
            assert "is back" not in said
            # However often it is tried: once for what was under way, and once more where it was refused.
            complaints = Counter(line for line in said.splitlines() if line.startswith(("WARN", "ERROR")))
            assert [line for line, times in complaints.items() if times > 1] == []
            assert any("the queue cannot be read" in line for line in complaints)

            database.start()
            wait_until(lambda: names_in(ask(service.playlist).text)[-1] == "New", PATIENCE)
            wait_until(lambda: not service.ctl("status")["running"])
            assert "is back" in service.log()
            wait_until(lambda: "the queue is read again" in service.log())
            after = service.ctl("generations", "home")["generations"]
            assert [row["state"] for row in after] == ["current"] + ["kept"] * len(before)
            assert after[0]["number"] == before[0]["number"] + 1 and after[0]["channels"] == CHANNELS + 1
            assert [row["number"] for row in after[1:]] == [row["number"] for row in before]
            states = {job["id"]: job["state"] for job in service.ctl("jobs")["jobs"]}
            assert jobs < set(states)
            assert not {"queued", "running"} & set(states.values())
            assert admin.get("/session").status == 200
            assert answer_of(stream) == served[stream] and answer_of(logo) == served[logo]
        assert {path.name for path in (tmp_path / "data").glob("generations/*/*")} == {str(row["number"]) for row in after}
        assert [path for path in (tmp_path / "data").rglob("*") if path.name.startswith(".m3u-proxy-")] == []
