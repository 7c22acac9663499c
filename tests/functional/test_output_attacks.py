"""What somebody would try at the doors of players, and at the names of what is fetched."""

import http.server
import shutil
import socket
import subprocess
import threading
import time

import pytest
from api_client import administrator
from service import Service, ask, wait_until

PLAYLIST = b"#EXTM3U\n#EXTINF:-1,One\nhttp://provider.example/1\n"
EVIL = '</title><script>alert(1)</script>" onload="alert(2)'

# A resolver that gives one name another address at each question.
REBINDING = r"""
#define _GNU_SOURCE
#include <dlfcn.h>
#include <netdb.h>
#include <string.h>

typedef int Resolve(const char*, const char*, const struct addrinfo*, struct addrinfo**);

int getaddrinfo(const char* name, const char* service, const struct addrinfo* hints,
                struct addrinfo** found) {
  static int asked;
  Resolve* const real = (Resolve*)dlsym(RTLD_NEXT, "getaddrinfo");
  if (name && strcmp(name, "rebinding.example") == 0)
    name = __sync_fetch_and_add(&asked, 1) == 0 ? "127.0.0.1" : "127.0.0.2";
  return real(name, service, hints, found);
}
"""


class Machine(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.server.asked.append(self.path)
        self.send_response(200)
        self.send_header("Content-Length", str(len(PLAYLIST)))
        self.end_headers()
        self.wfile.write(PLAYLIST)

    def log_message(self, *_):
        pass


@pytest.fixture(name="machines")
def two_machines_at_one_port():
    """127.0.0.1 and 127.0.0.2, both at the same port."""
    first = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Machine)
    second = http.server.ThreadingHTTPServer(("127.0.0.2", first.server_port), Machine)
    for server in (first, second):
        server.asked = []
        threading.Thread(target=server.serve_forever, daemon=True).start()
    yield first, second
    for server in (first, second):
        server.shutdown()
        server.server_close()


@pytest.mark.skipif(not shutil.which("cc"), reason="no C compiler")
def test_a_name_that_changes_its_address_reaches_no_private_machine(tmp_path, machines):
    """DNS rebinding: the address that is connected to is the one that was allowed."""
    source, library = tmp_path / "rebinding.c", tmp_path / "rebinding.so"
    source.write_text(REBINDING)
    subprocess.run(["cc", "-shared", "-fPIC", "-o", library, source, "-ldl"], check=True)
    config = tmp_path / "service.toml"
    config.write_text('[service]\nallowed_networks = ["127.0.0.1/32"]\n')
    url = f"http://rebinding.example:{machines[0].server_port}/list.m3u"
    with Service(tmp_path / "data", "--config", config,
                 extra={"LD_PRELOAD": str(library)}) as service:
        admin = administrator(service)
        first = admin.post("/sources/validate", {"config": {"url": url}}).json
        assert first["usable"] is True and first["items"] == 1
        for _ in range(3):
            again = admin.post("/sources/validate", {"config": {"url": url}}).json
            assert again["usable"] is False
            assert "private network" in again["problems"][0]["message"]
    assert machines[0].asked == ["/list.m3u"] and machines[1].asked == []


@pytest.fixture(name="home")
def a_service_with_an_evil_list(tmp_path):
    (tmp_path / "tv.m3u").write_text(
        f'#EXTM3U\n#EXTINF:-1 tvg-id="e" group-title="{EVIL.replace(chr(34), "")}",{EVIL}\n'
        "http://provider.example/1\n")
    (tmp_path / "secret.txt").write_text("nobody may read this")
    config = tmp_path / "service.toml"
    config.write_text('[http]\nallowed_hosts = ["tv.example"]\n[service]\nquiet_period = "0s"\n'
                      '[[sources]]\nname = "tv"\npath = "tv.m3u"\n'
                      '[[proxies]]\nname = "home"\nsources = ["tv"]\n'
                      '[[proxies]]\nname = "open"\npublic = true\nmode = "redirect"\nsources = ["tv"]\n')
    with Service(tmp_path / "data", "--config", config, "--log-level", "debug,http=trace") as service:
        service.admin = administrator(service)
        service.wait_for_generation(1, "home")
        service.wait_for_generation(1, "open")
        yield service


def exchange(service, request):
    """The bytes of the answer to a request as it is, path and all."""
    host, port = service.admin.base.hostname, service.admin.base.port
    with socket.create_connection((host, port), 20) as connection:
        connection.sendall(request)
        connection.shutdown(socket.SHUT_WR)
        answer = b""
        while piece := connection.recv(65536):
            answer += piece
    return answer


CLIMBING = ["..", "%2e%2e", "..%2f..%2fsecret.txt", "%2e%2e/%2e%2e/secret.txt", "..\\secret.txt",
            "%00", "playlist.m3u%00.txt", "/etc/passwd", "%2fetc%2fpasswd", "....//secret.txt",
            "%c0%ae%c0%ae/secret.txt", "%252e%252e%252fsecret.txt"]


@pytest.mark.parametrize("door", ["/proxy/open/{}", "/proxy/{}/playlist.m3u", "/stream/open/{}",
                                  "/stream/{}/AAAA", "/logo/open/{}", "/logo/{}/AAAA", "/ui/{}",
                                  "/api/docs/{}", "/{}", "/proxy/open/playlist.m3u?x={}"])
def test_no_door_leads_to_a_file(home, door):
    for climbing in CLIMBING:
        path = door.format(climbing)
        answer = exchange(home, f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n"
                          .encode())
        status = int(answer.split(b" ", 2)[1])
        assert b"nobody may read" not in answer and b"root:" not in answer, path
        assert status in ((200,) if "?" in path else (301, 302, 400, 404)), (path, answer[:200])
        if status in (301, 302):  # to the page of the web interface, never elsewhere
            assert b"\r\nLocation: /ui/" in answer or b"\r\nLocation: ui/" in answer, (path, answer)


def test_a_query_cannot_name_a_file(home):
    proxy = home.admin.get("/proxies").json["items"][0]["id"]
    for query in ("q=../../etc/passwd", "sort=../x", "cursor=../../x", "filter=%00", "from=-1",
                  "limit=99999999999999999999"):
        assert home.admin.get(f"/proxies/{proxy}/channels?{query}").status in (200, 400, 422), query


def test_tokens_of_players_are_in_no_log(home):
    proxies = home.admin.get("/proxies").json["items"]
    proxy = next(p for p in proxies if p["name"] == "home")
    made = home.admin.post(f"/proxies/{proxy['id']}/tokens", {"name": "tv"}).json
    assert ask(made["playlist_url"]).status == 200
    assert ask(made["playlist_url"].replace("playlist.m3u", "guide.xml")).status in (200, 404)
    assert ask(made["playlist_url"].replace("/proxy/", "/stream/").replace("playlist.m3u", "AAAA")
               ).status == 404
    wait_until(lambda: "/proxy/" in home.log())
    everything = home.log() + home.admin.get("/audit").text + ask(f"{home.address}/metrics").text
    assert made["token"] not in everything


def test_a_channels_name_stays_text(home):
    """XSS: what a provider calls its channels is never markup of ours."""
    proxy = next(p for p in home.admin.get("/proxies").json["items"] if p["name"] == "open")["id"]
    listed = home.admin.get(f"/proxies/{proxy}/channels")
    assert listed.headers["content-type"] == "application/json"
    assert listed.headers["x-content-type-options"] == "nosniff"
    channel = listed.json["items"][0]
    assert "<script>" in channel["name"]
    # Nothing that a browser shows as a page has it unescaped.
    answer = ask(f"{home.address}/proxy/open/playlist.m3u")
    assert "html" not in answer.headers["content-type"]
    assert answer.headers["x-content-type-options"] == "nosniff"
    playlist = ask(f"{home.address}/proxy/open/playlist.m3u").text
    assert playlist.count('"') % 2 == 0
    gone = ask(f"{home.address}/stream/open/{'<script>'}")
    assert "html" not in gone.headers.get("content-type", "")
    generation = home.admin.get(f"/proxies/{proxy}/generations").json["items"][0]["number"]
    download = home.admin.get(f"/proxies/{proxy}/generations/{generation}/playlist.m3u")
    assert download.status == 200
    assert "<" not in download.headers.get("content-disposition", "")


def test_slow_bodies_do_not_hold_up_others(home):
    host, port = home.admin.base.hostname, home.admin.base.port
    head = (b"POST /api/v1/session HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
            b"Content-Length: 50\r\n\r\n")
    slow = []
    for _ in range(20):
        connection = socket.create_connection((host, port))
        connection.sendall(head + b"{")
        slow.append(connection)
    for _ in range(3):
        for connection in slow:
            connection.sendall(b" ")
        begin = time.monotonic()
        assert home.admin.get("/status").status == 200
        assert ask(f"{home.address}/proxy/open/playlist.m3u").status == 200
        assert time.monotonic() - begin < 2
    for connection in slow:
        connection.close()
