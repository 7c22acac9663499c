"""A service that a reverse proxy gives a part of its addresses: all that it says is below that part.
Requests may come with it, or without where the proxy takes it away.
"""

import http.client
import re
from urllib.parse import urljoin

import pytest
from api_client import PASSWORD, administrator
from service import Service, ask
from test_serve import playlist_of


@pytest.fixture(name="service")
def a_service_below_tv(tmp_path):
    (tmp_path / "tv.m3u").write_text(playlist_of("A", "B"))
    config = tmp_path / "service.toml"
    config.write_text('[http]\nbase_path = "/tv/"\n[service]\nquiet_period = "0s"\n'
                      '[[sources]]\nname = "tv"\npath = "tv.m3u"\n'
                      '[[proxies]]\nname = "home"\npublic = true\nmode = "redirect"\nsources = ["tv"]\n')
    with Service(tmp_path / "data", "--config", config) as service:
        service.wait_for_generation(1)
        yield service


def root_of(service):
    assert service.address.endswith("/tv")
    return service.address.removesuffix("/tv")


def test_players_get_addresses_below_it(service):
    assert service.playlist == f"{service.address}/proxy/home/playlist.m3u"
    playlist = ask(service.playlist)
    assert playlist.status == 200
    streams = [line for line in playlist.text.splitlines() if not line.startswith("#")]
    assert streams and all(s.startswith(f"{service.address}/stream/home/") for s in streams)
    assert ask(streams[0]).headers["location"] == "http://provider.example/A.ts"
    assert ask(f"{root_of(service)}/proxy/home/playlist.m3u").text == playlist.text
    assert ask(f"{root_of(service)}/tvx/proxy/home/playlist.m3u").status == 404


def test_the_api_and_its_cookie_are_below_it(service):
    admin = administrator(service)
    made = admin.post("/filters", {"name": "a", "config": {
        "action": "include", "expression": 'channel_name == "A"'}})
    assert made.status == 201 and made.headers["location"].startswith("/tv/api/v1/filters/")
    login = admin.post("/session", {"name": "anna", "password": PASSWORD})
    assert re.search(r"Path=/tv(;|$|/;)", login.headers["set-cookie"])
    assert ask(f"{service.address}/api/v1/openapi.json").status == 200


def test_the_event_stream_is_below_it(service):
    admin = administrator(service)
    connection = http.client.HTTPConnection(admin.base.hostname, admin.base.port, timeout=20)
    connection.request("GET", "/tv/api/v1/events", headers={"Cookie": f"m3u_session={admin.cookie}"})
    answer = connection.getresponse()
    assert answer.status == 200
    assert answer.getheader("content-type").startswith("text/event-stream")
    connection.close()


def test_the_pages_are_below_it(service):
    for path in ("", "/"):
        answer = ask(service.address + path)
        assert answer.status in (301, 302, 308), path
        leads_to = urljoin(service.address + path, answer.headers["location"])
        assert leads_to == f"{service.address}/ui/", path
    page = ask(f"{service.address}/ui/")
    assert page.status == 200
    for asset in re.findall(r'(?:src|href)="([^"]+)"', page.text):
        assert not asset.startswith("/"), asset
        if not asset.startswith(("data:", "#")):
            assert ask(f"{service.address}/ui/{asset.removeprefix('./')}").status == 200, asset
    assert ask(f"{service.address}/api/docs").status == 200
    assert ask(f"{service.address}/live").status == 200
