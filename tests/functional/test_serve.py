"""The service, with the real binary: what it serves, how it stays fresh, what it survives."""

import gzip
import json
import os
import resource
import signal
import socket
import subprocess
import threading
import time
from datetime import datetime, timedelta, timezone
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit

import pytest

from kept_secrets import SOURCE
from provider import Provider
from program import SLOWER
from service import BINARY, SOON, Service, ask, environment, wait_until


def playlist_of(*names):
    lines = ["#EXTM3U"]
    for name in names:
        lines += [f'#EXTINF:-1 tvg-id="{name}" group-title="All",{name}',
                  f"http://provider.example/{name}.ts"]
    return "\n".join(lines) + "\n"


class Source:
    """A provider whose answer can be changed; `content` None is a failure."""

    def __init__(self, content):
        self.content = content
        self.requests = []
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def log_message(self, *_):
                pass

            def do_GET(self):
                outer.requests.append(dict(self.headers))
                if outer.content is None:
                    self.send_error(500)
                    return
                body = outer.content.encode()
                tag = f'"{hash(outer.content)}"'
                if self.headers.get("If-None-Match") == tag:
                    self.send_response(304)
                    self.end_headers()
                    return
                self.send_response(200)
                self.send_header("ETag", tag)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.thread = threading.Thread(target=self.server.serve_forever, daemon=True)

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()

    @property
    def url(self):
        return f"http://user:{SOURCE}@127.0.0.1:{self.server.server_port}/list.m3u"


def configuration(source, mode="direct", extra=""):
    return (f'[service]\nquiet_period = "0s"\n\n[[sources]]\nname = "tv"\nurl = "{source}"\n\n'
            f'[[proxies]]\nname = "home"\nsources = ["tv"]\nmode = "{mode}"\n{extra}')


@pytest.fixture
def data(tmp_path):
    return tmp_path / "data"


def names_in(text):
    return [line.rsplit(",", 1)[1] for line in text.splitlines() if line.startswith("#EXTINF")]


@pytest.mark.parametrize("coding", ["plain/UTF-8", "deflate/zlib", "deflate/raw", "gzip/gzip",
                                    "gzip%2C%20aws-chunked/gzip"])
def test_a_body_is_read_as_it_was_coded(data, tmp_path, coding):
    words, how = reversed(coding.split("/")) if coding.startswith("plain") else coding.split("/")
    config = tmp_path / "service.toml"
    with Provider() as provider:
        address = provider.url(f"/coded/{words}/{how}")
        config.write_text(configuration(f"{address}/list.m3u", extra='epg_sources = ["guide"]\n')
                          + f'[[epg_sources]]\nname = "guide"\nurl = "{address}/guide.xml"\n')
        with Service(data, "--config", config) as service:
            service.wait_for_generation(1)
            wait_until(lambda: ask(service.guide).text.count("<programme ") == 3)
            assert names_in(ask(service.playlist).text) == ["Channel 1", "Channel 2", "Channel 3"]


def test_a_new_service_shows_the_example(data):
    with Service(data) as service:
        playlist = ask(service.playlist)
        assert playlist.status == 200
        assert playlist.headers["content-type"].startswith("audio/x-mpegurl")
        assert "Harbour News" in playlist.text
        guide_url = playlist.text.split('url-tvg="', 1)[1].split('"', 1)[0]
        assert guide_url == service.guide
        guide = ask(guide_url)
        assert guide.status == 200
        assert guide.text.startswith("<?xml")
        packed = ask(guide_url + ".gz")
        assert gzip.decompress(packed.body) == guide.body
        packed = ask(service.playlist + ".gz")
        assert gzip.decompress(packed.body) == playlist.body
    assert service.process.returncode == 0


def test_serves_the_bytes_of_generate(data, tmp_path):
    with Source(playlist_of("A", "B", "C")) as source:
        config = tmp_path / "config.toml"
        config.write_text(configuration(source.url))
        with Service(data, "--config", config) as service:
            served = ask(service.playlist).body
    file = tmp_path / "list.m3u"
    file.write_text(playlist_of("A", "B", "C"))
    subprocess.run([BINARY, "generate", "--source", f"tv={file}", "--out", str(tmp_path / "out")],
                   check=True, env=environment(), capture_output=True)
    generated = (tmp_path / "out" / "default.m3u").read_bytes()
    assert served.split(b"\n", 1)[1] == generated.split(b"\n", 1)[1]


def test_the_configuration_may_be_named_as_in_its_own_folder(data, tmp_path, monkeypatch):
    (tmp_path / "list.m3u").write_text(playlist_of("One"))
    (tmp_path / "config.toml").write_text(
        '[[sources]]\nname = "tv"\npath = "list.m3u"\n'
        '[[proxies]]\nname = "home"\nsources = ["tv"]\n')
    monkeypatch.chdir(tmp_path)
    with Service(data, "--config", "config.toml") as service:
        service.wait_for_generation(1)
        assert names_in(ask(service.playlist).text) == ["One"]


def test_follows_its_source(data, tmp_path):
    with Source(playlist_of("A", "B", "C", "D")) as source:
        config = tmp_path / "config.toml"
        config.write_text(configuration(source.url))
        with Service(data, "--config", config) as service:
            first = ask(service.playlist)
            source.content = playlist_of("A", "B", "C", "E")
            service.ctl("refresh", "tv")
            service.wait_for_generation(2)
            wait_until(lambda: names_in(ask(service.playlist).text) == ["A", "B", "C", "E"])
            difference = service.ctl("diff", "home")
            assert (difference["added"], difference["removed"]) == (1, 1)
            assert {c["name"] for c in difference["channels"]} == {"D", "E"}
            again = ask(service.playlist, headers={"If-None-Match": first.headers["etag"]})
            assert again.status == 200


def test_unchanged_means_no_work(data, tmp_path):
    with Source(playlist_of("A", "B")) as source:
        config = tmp_path / "config.toml"
        config.write_text(configuration(source.url))
        with Service(data, "--config", config) as service:
            before = ask(service.playlist)
            for _ in range(2):
                job = service.ctl("refresh", "tv")["jobs"][0]["id"]
                wait_until(lambda: {j["id"]: j["state"] for j in service.ctl("jobs")["jobs"]}[job]
                           == "done")
            assert "If-None-Match" in source.requests[-1]
            assert service.ctl("status")["proxies"][0]["generation"] == 1
            same = ask(service.playlist, headers={"If-None-Match": before.headers["etag"]})
            assert same.status == 304
            assert same.body == b""


def test_a_restart_makes_nothing_again_that_came_out_the_same(data, tmp_path):
    def generated(service):
        return [j for j in service.ctl("jobs")["jobs"]
                if j["kind"] == "generate" and j["state"] == "done"]

    with Source(playlist_of("A", "B")) as source:
        config = tmp_path / "config.toml"
        config.write_text(configuration(source.url))
        with Service(data, "--config", config) as service:
            wait_until(lambda: len(generated(service)) == 1)
            source.content = playlist_of("A", "B") + "\n"  # other bytes, the same channels
            service.ctl("refresh", "tv")
            wait_until(lambda: len(generated(service)) == 2)
            assert service.ctl("status")["proxies"][0]["generation"] == 1
        with Service(data, "--config", config) as service:
            job = service.ctl("refresh", "tv")["jobs"][0]["id"]
            wait_until(lambda: {j["id"]: j["state"] for j in service.ctl("jobs")["jobs"]}[job]
                       == "done")
            service.wait_until_quiet()
            assert len(generated(service)) == 2
            assert service.ctl("status")["proxies"][0]["generation"] == 1


def test_a_bad_day_of_the_provider_costs_nothing(data, tmp_path):
    with Source(playlist_of(*"ABCDEFGH")) as source:
        config = tmp_path / "config.toml"
        config.write_text(configuration(source.url))
        with Service(data, "--config", config) as service:
            before = ask(service.playlist).body
            for bad in [None, "", "<html>maintenance</html>", '{"error": 1}', "#EXTM3U\n"]:
                source.content = bad
                job = service.ctl("refresh", "tv")["jobs"][0]["id"]
                wait_until(lambda: {j["id"]: j["state"] for j in service.ctl("jobs")["jobs"]}[job]
                           == "failed")
                assert ask(service.playlist).body == before
            status = service.ctl("status")["sources"][0]
            assert status["items"] == 8
            assert status["error"]


def test_a_list_that_shrank_waits_until_it_is_accepted(data, tmp_path):
    with Source(playlist_of(*"ABCDEFGH")) as source:
        config = tmp_path / "config.toml"
        config.write_text(configuration(source.url))
        with Service(data, "--config", config) as service:
            source.content = playlist_of("A")
            service.ctl("refresh", "tv")
            wait_until(lambda: "quarantined" in service.ctl("status")["sources"][0])
            assert len(names_in(ask(service.playlist).text)) == 8
            service.ctl("accept", "tv")
            service.wait_for_generation(2)
            wait_until(lambda: names_in(ask(service.playlist).text) == ["A"])


def test_roll_back_holds_until_it_is_released(data, tmp_path):
    with Source(playlist_of("A", "B", "C")) as source:
        config = tmp_path / "config.toml"
        config.write_text(configuration(source.url))
        with Service(data, "--config", config) as service:
            source.content = playlist_of("A", "B", "X")
            service.ctl("refresh", "tv")
            service.wait_for_generation(2)
            service.ctl("roll-back", "home")
            wait_until(lambda: names_in(ask(service.playlist).text) == ["A", "B", "C"])
            source.content = playlist_of("A", "B", "Y")
            service.ctl("refresh", "tv")
            wait_until(lambda: service.ctl("generations", "home")["generations"][0]["number"] == 3)
            assert names_in(ask(service.playlist).text) == ["A", "B", "C"]
            service.ctl("release", "home")
            wait_until(lambda: names_in(ask(service.playlist).text) == ["A", "B", "Y"])


def test_streams_are_redirected_and_old_ids_still_known(data, tmp_path):
    with Source(playlist_of("A", "B", "C")) as source:
        config = tmp_path / "config.toml"
        config.write_text(configuration(source.url, mode="redirect"))
        with Service(data, "--config", config) as service:
            lines = ask(service.playlist).text.splitlines()
            streams = [line for line in lines if line.startswith("http")]
            assert all(s.startswith(service.playlist.split("/proxy/")[0] + "/stream/")
                       for s in streams)
            answer = ask(streams[1])
            assert answer.status == 302
            assert answer.headers["location"] == "http://provider.example/B.ts"
            head = ask(streams[1], method="HEAD")
            assert (head.status, head.body) == (302, b"")
            source.content = playlist_of("A", "C", "D")
            service.ctl("refresh", "tv")
            service.wait_for_generation(2)
            wait_until(lambda: ask(streams[1]).headers.get("location") == "http://provider.example/B.ts")
            unknown = streams[1].rsplit("/", 1)[0] + "/AAAAAAAAAAAAAAAAAAAAAA"
            assert ask(unknown).status == 404


def test_a_relay_is_refused_with_a_hint(data, tmp_path):
    config = tmp_path / "config.toml"
    config.write_text(configuration("http://127.0.0.1:9/x", mode="proxy"))
    done = subprocess.run([*Service(data).command, "--config", str(config)], capture_output=True,
                          text=True, timeout=SOON, check=False, env=environment())
    assert done.returncode == 2
    assert 'mode = "redirect"' in done.stderr


def test_addresses_follow_who_asks(data):
    with Service(data) as service:
        path = urlsplit(service.playlist).path
        port = urlsplit(service.playlist).port
        here = ask(f"http://127.0.0.1:{port}{path}", headers={"Host": f"localhost:{port}"})
        assert f'url-tvg="http://localhost:{port}/proxy/' in here.text
        assert int(here.headers["content-length"]) == len(here.body)
        foreign = ask(f"http://127.0.0.1:{port}{path}", headers={"Host": "evil.example"})
        assert foreign.status == 421
        part = ask(service.playlist, headers={"Range": "bytes=2-9"})
        whole = ask(service.playlist)
        assert part.status == 206
        assert part.body == whole.body[2:10]


def test_only_the_token_opens(data):
    with Service(data) as service:
        base = service.playlist.split("/proxy/")[0]
        for door in ["example", "wrong", "..", "%2e%2e", "A" * 43]:
            assert ask(f"{base}/proxy/{door}/playlist.m3u").status in (400, 404)
        assert ask(service.playlist, method="POST").status == 405
        assert ask(f"{base}/ready").status == 200


def test_a_changed_configuration_is_taken_over_while_it_runs(data, tmp_path):
    with Source(playlist_of("A", "B")) as source:
        config = tmp_path / "config.toml"
        config.write_text(configuration(source.url))
        with Service(data, "--config", config) as service:
            config.write_text(configuration(source.url, extra="starting_channel_number = 100\n"))
            service.wait_for_generation(2)
            wait_until(lambda: 'tvg-chno="100"' in ask(service.playlist).text)
            config.write_text("[[sources]\n")
            wait_until(lambda: "is not taken over" in service.log())
            assert 'tvg-chno="100"' in ask(service.playlist).text


@pytest.mark.parametrize("own, usual", [("Manual", "12h"), ("", "manual")])
def test_a_file_that_is_read_when_asked_is_not_watched(data, tmp_path, own, usual):
    listing = tmp_path / "tv.m3u"
    listing.write_text(playlist_of("A", "B"))
    config = tmp_path / "config.toml"
    text = configuration("x").replace('url = "x"', 'path = "tv.m3u"')
    config.write_text(text)
    with Service(data, "--config", config):
        pass
    config.write_text(text.replace('"tv.m3u"', f'"tv.m3u"\nrefresh = "{own}"')
                      .replace('"0s"', f'"0s"\nrefresh = "{usual}"'))
    listing.write_text(playlist_of("A", "C"))
    with Service(data, "--config", config) as service:
        listing.write_text(playlist_of("A", "D"))
        time.sleep(2 * SLOWER)  # a watch would have told: it waits for a quarter of a second
        service.wait_until_quiet()
        assert names_in(ask(service.playlist).text) == ["A", "B"]
        service.ctl("refresh", "tv")
        wait_until(lambda: names_in(ask(service.playlist).text) == ["A", "D"])


def test_a_schedule_that_cannot_be_read_is_refused_with_its_file(data, tmp_path):
    config = tmp_path / "config.toml"
    with Source(playlist_of("A", "B")) as source:
        right = configuration(source.url)
        wrong = right.replace('url =', 'refresh = "6 hours"\nurl =')
        config.write_text(wrong)
        refused = subprocess.run(Service(data, "--config", config).command, capture_output=True,
                                 text=True, timeout=SOON, check=False, env=environment())
        assert refused.returncode == 2
        assert 'source "tv": refresh = "6 hours"' in refused.stderr
        config.write_text(right)
        with Service(data, "--config", config) as service:
            config.write_text(wrong)
            wait_until(lambda: "is not taken over" in service.log())
            config.write_text(right.replace('"0s"', '"0s"\nrefresh = "often"'))
            wait_until(lambda: '[service]: refresh = "often"' in service.log())
            config.write_text(configuration(source.url, extra="starting_channel_number = 100\n"))
            service.wait_for_generation(2)
            wait_until(lambda: 'tvg-chno="100"' in ask(service.playlist).text)


def test_goes_on_where_it_was_after_kill(data, tmp_path):
    with Source(playlist_of("A", "B")) as source:
        config = tmp_path / "config.toml"
        config.write_text(configuration(source.url))
        with Service(data, "--config", config) as service:
            before = ask(service.playlist).body.split(b"\n", 1)[1]
            token = service.playlist.split("/proxy/")[1]
            service.kill()
        asked = len(source.requests)
        with Service(data, "--config", config) as service:
            assert service.playlist.split("/proxy/")[1] == token
            assert ask(service.playlist).body.split(b"\n", 1)[1] == before
            assert len(source.requests) == asked


def test_the_variables_of_a_container_are_taken(data):
    extra = {"MEMORY_LIMIT_MB": "448", "CLEANUP_AGGRESSIVE": "true", "PLUGIN_MEMORY_LIMIT_MB": "48"}
    with Service(data, extra=extra) as service:
        memory = service.ctl("status")["memory"]
    assert memory["limit_mb"] == 448
    assert memory["aggressive_cleanup"] is True
    assert memory["max_memory_per_plugin_mb"] == 48


def test_a_second_process_is_refused(data):
    with Service(data) as service:
        second = subprocess.run(Service(data).command, capture_output=True, text=True, timeout=SOON,
                                check=False, env=service.environment)
        assert second.returncode == 1
        assert f"process {service.process.pid}" in second.stderr
        assert ask(service.playlist).status == 200


def test_a_taken_port_is_named(data, tmp_path):
    with Service(data) as service:
        port = urlsplit(service.playlist).port
        other = subprocess.run([BINARY, "serve", "--data", str(tmp_path / "other"), "--listen",
                                f"127.0.0.1:{port}"], capture_output=True, text=True, timeout=SOON,
                               check=False, env=environment())
        assert other.returncode != 0
        assert str(port) in other.stderr


def test_stops_within_seconds_and_leaves_nothing_behind(data):
    with Service(data) as service:
        service.process.send_signal(signal.SIGTERM)
        assert service.process.wait(10 * SLOWER) == 0
    left = [p.name for p in data.rglob("*") if p.name.startswith(".m3u-proxy-")]
    assert left == []


class HangingProvider:
    """Begins every answer and never ends it."""

    def __init__(self):
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.connections = []
        self.thread = threading.Thread(target=self.answer, daemon=True)

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.listener.shutdown(socket.SHUT_RDWR)
        self.thread.join()
        for connection in [self.listener, *self.connections]:
            connection.close()

    def answer(self):
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            connection.recv(4096)
            connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n#EXTM3U\n")
            self.connections.append(connection)

    @property
    def url(self):
        return f"http://127.0.0.1:{self.listener.getsockname()[1]}/list.m3u"


def test_stops_during_a_download_that_hangs_and_begins_it_again(data, tmp_path):
    config = tmp_path / "config.toml"
    with HangingProvider() as provider:
        config.write_text(configuration(provider.url))
        for number, how in enumerate([signal.SIGTERM, signal.SIGKILL, signal.SIGTERM], 1):
            service = Service(data, "--config", config)
            with open(tmp_path / "serve.log", "ab") as log:
                process = subprocess.Popen(service.command, stdout=log, stderr=log,
                                           env=service.environment)
            # On a shared database what a killed process did is free once its lease of 30 s is over.
            wait_until(lambda n=number: len(provider.connections) >= n, 90 * SLOWER)
            jobs = [j for j in service.ctl("jobs")["jobs"] if j["kind"] == "refresh"]
            assert [(j["state"], j.get("error")) for j in jobs] == [("running", None)]
            process.send_signal(how)
            assert process.wait(5 * SLOWER) == (0 if how == signal.SIGTERM else -signal.SIGKILL)
        assert len(provider.connections) == 3


def test_takes_as_many_descriptors_as_it_may(data):
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(256, hard), hard))
    try:
        with Service(data) as service:
            limits = resource.prlimit(service.process.pid, resource.RLIMIT_NOFILE)
            assert limits == (hard, hard)
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def test_what_failed_is_tried_again_soon(data, tmp_path):
    with Source(playlist_of("A", "B")) as source:
        config = tmp_path / "config.toml"
        config.write_text(configuration(source.url))
        with Service(data, "--config", config) as service:
            source.content = None
            now = datetime.now(timezone.utc)
            service.ctl("refresh", "tv")
            wait_until(lambda: service.ctl("status")["sources"][0].get("error"))
            after = datetime.fromisoformat(service.ctl("status")["sources"][0]["next"]) - now
            assert timedelta(seconds=20) < after < timedelta(minutes=2)


def test_a_damaged_generation_is_made_again(data, tmp_path):
    with Source(playlist_of("A", "B")) as source:
        config = tmp_path / "config.toml"
        config.write_text(configuration(source.url))
        with Service(data, "--config", config) as service:
            before = names_in(ask(service.playlist).text)
        for manifest in data.glob("generations/*/1/playlist.m3u"):
            manifest.write_bytes(b"#EXTM3U\n")
        with Service(data, "--config", config) as service:
            assert names_in(ask(service.playlist).text) == before
            assert service.ctl("status")["proxies"][0]["generation"] == 2


def test_a_first_start_has_no_failed_job(data, tmp_path):
    with Source(playlist_of("A", "B")) as source:
        config = tmp_path / "config.toml"
        config.write_text(configuration(source.url))
        with Service(data, "--config", config) as service:
            assert {j["kind"]: j["state"] for j in service.ctl("jobs")["jobs"]} == {
                "refresh": "done", "generate": "done"}


def test_a_second_refresh_joins_the_one_that_runs(data, tmp_path):
    config = tmp_path / "config.toml"
    with HangingProvider() as provider:
        config.write_text(configuration(provider.url))
        service = Service(data, "--config", config)
        with open(tmp_path / "serve.log", "ab") as log:
            process = subprocess.Popen(service.command, stdout=log, stderr=log,
                                       env=service.environment)
        try:
            wait_until(lambda: provider.connections)
            asked = [service.ctl("refresh", "tv")["jobs"][0]["id"] for _ in range(2)]
            assert asked == [service.ctl("status")["running"][0]["id"]] * 2
            assert len(service.ctl("jobs")["jobs"]) == 1
        finally:
            process.send_signal(signal.SIGTERM)
            assert process.wait(10 * SLOWER) == 0


def test_what_is_uploaded_is_an_ordinary_file(data, tmp_path):
    with Source(playlist_of("A", "B")) as source:
        config = tmp_path / "config.toml"
        config.write_text(configuration(source.url))
        pipe = tmp_path / "pipe"
        os.mkfifo(pipe)
        with Service(data, "--config", config) as service:
            done = subprocess.run([BINARY, "ctl", "upload", "tv", str(pipe), "--data", str(data)],
                                  capture_output=True, text=True, timeout=SOON, check=False,
                                  env=environment())
            assert done.returncode != 0
            assert "no ordinary file" in done.stderr
            mine = tmp_path / "mine.m3u"
            mine.write_text(playlist_of("Mine", "Yours"))
            service.ctl("upload", "tv", str(mine))
            service.wait_for_generation(2)
            wait_until(lambda: names_in(ask(service.playlist).text) == ["Mine", "Yours"])


def test_compressed_guides_go_with_their_generation(data, tmp_path):
    def guide(title):
        return ('<tv><programme start="20990101000000 +0000" channel="A">'
                f"<title>{title}</title></programme></tv>")

    listing = tmp_path / "guide.xml"
    listing.write_text(guide("First"))
    (tmp_path / "tv.m3u").write_text(playlist_of("A"))
    config = tmp_path / "config.toml"
    config.write_text('[service]\nquiet_period = "0s"\n[[sources]]\nname = "tv"\npath = "tv.m3u"\n'
                      '[[epg_sources]]\nname = "g"\npath = "guide.xml"\n'
                      '[[proxies]]\nname = "home"\nsources = ["tv"]\nepg_sources = ["g"]\n')
    with Service(data, "--config", config) as service:
        wait_until(lambda: b"First" in ask(service.guide).body)
        assert b"First" in gzip.decompress(ask(service.guide + ".gz").body)
        listing.write_text(guide("Second"))  # noticed by itself
        wait_until(lambda: b"Second" in ask(service.guide).body)
        assert b"Second" in gzip.decompress(ask(service.guide + ".gz").body)
        wait_until(lambda: len(list((data / "variants").iterdir())) == 1)


def test_a_file_that_changed_while_nobody_ran_is_read_at_the_start(data, tmp_path):
    listing = tmp_path / "tv.m3u"
    listing.write_text(playlist_of("A", "B"))
    config = tmp_path / "config.toml"
    config.write_text(configuration("x").replace('url = "x"', 'path = "tv.m3u"'))
    with Service(data, "--config", config):
        pass
    listing.write_text(playlist_of("A", "C"))
    with Service(data, "--config", config) as service:
        service.wait_for_generation(2)
        wait_until(lambda: names_in(ask(service.playlist).text) == ["A", "C"])


def test_settings_are_taken_over_while_it_runs_or_named(data, tmp_path):
    with Source(playlist_of("A", "B")) as source:
        config = tmp_path / "config.toml"
        text = configuration(source.url, mode="redirect")
        config.write_text(text)
        with Service(data, "--config", config) as service:
            more = '[http]\npublic_url = "https://tv.example/x"\nbase_path = "/tv"\n'
            config.write_text(text.replace('"0s"', '"0s"\nrefresh = "10m"\njitter = "0s"') + more)
            wait_until(lambda: "http.base_path has changed: it holds after a restart"
                       in service.log())
            assert "https://tv.example/x/stream/" in ask(service.playlist).text
            status = service.ctl("status")["sources"][0]
            due = datetime.fromisoformat(status["next"]) - datetime.now(timezone.utc)
            assert due <= timedelta(minutes=10)


@pytest.mark.parametrize("wrong, words", [
    ('[http]\ntrusted_proxies = ["nonsense"]\n', "http.trusted_proxies: 'nonsense' is no range"),
    ('[http]\npublic_url = "https://tv example"\n', "[http]: public_url: 'https://tv example'"),
])
def test_a_file_with_a_mistake_changes_nothing_and_says_so(data, tmp_path, wrong, words):
    with Source(playlist_of("A", "B")) as source:
        config = tmp_path / "config.toml"
        config.write_text(configuration(source.url))
        with Service(data, "--config", config) as service:
            config.write_text(configuration(source.url, extra="starting_channel_number = 100\n") +
                              wrong)
            wait_until(lambda: "is not taken over, the old one holds: " in service.log())
            assert words in service.log().split("is not taken over, the old one holds: ")[1]
            assert "1 changed" not in service.log()
            # What comes next is taken over, and is all that is.
            config.write_text(configuration(source.url, extra="starting_channel_number = 200\n"))
            service.wait_for_generation(2)
            wait_until(lambda: 'tvg-chno="200"' in ask(service.playlist).text)
            assert service.ctl("status")["proxies"][0]["generation"] == 2


def test_what_was_removed_leaves_nothing_behind(data, tmp_path):
    with Source(playlist_of("A", "B")) as source:
        config = tmp_path / "config.toml"
        text = configuration(source.url)
        config.write_text(text)
        with Service(data, "--config", config) as service:
            config.write_text(text.replace('"tv"', '"tele"').replace('"home"', '"away"'))
            service.wait_for_generation(1, "away")
        with Service(data, "--config", config):
            for kind in ["generations", "sources"]:
                assert len(list((data / kind).iterdir())) == 1


def test_ctl_without_a_service_says_what_to_do(data):
    done = subprocess.run([BINARY, "ctl", "status", "--data", str(data)], capture_output=True,
                          text=True, timeout=SOON, check=False, env=environment())
    assert done.returncode != 0
    assert "m3u-proxy serve" in done.stderr


def test_no_secret_is_written_anywhere_but_the_sealed_store(data, tmp_path):
    with Source(playlist_of("A")) as source:
        config = tmp_path / "config.toml"
        config.write_text(configuration(source.url))
        with Service(data, "--config", config) as service:
            source.content = None
            service.ctl("refresh", "tv")
            wait_until(lambda: service.ctl("status")["sources"][0].get("error"))
            answers = json.dumps([service.ctl("status"), service.ctl("jobs")])
    for path in data.rglob("*"):
        if path.is_file():
            assert b"secret-password" not in path.read_bytes(), path
    assert "secret-password" not in answers
    assert "secret-password" not in service.log()


def test_the_folder_is_for_its_owner_only(data):
    with Service(data):
        assert os.stat(data).st_mode & 0o777 == 0o700
        assert os.stat(data / "control.sock").st_mode & 0o777 == 0o600


def test_addresses_of_a_public_proxy_hold_its_name_as_addresses_do(data, tmp_path):
    with Source(playlist_of("A")) as source:
        config = tmp_path / "config.toml"
        config.write_text(configuration(source.url, mode="redirect", extra="public = true\n")
                          .replace('name = "home"', 'name = \'Tom & "Jerry" é\'')
                          .replace('"home"', '"unused"'))
        with Service(data, "--config", config) as service:
            lines = ask(service.playlist).text.splitlines()
            stream = lines[2]
            assert "/stream/Tom%20%26%20%22Jerry%22%20%C3%A9/" in stream
            answer = ask(stream)
            assert answer.status == 302 and answer.headers["location"].startswith("http")
