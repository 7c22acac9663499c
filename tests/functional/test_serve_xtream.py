"""Accounts of providers in the service, with the real binary against a mock account (xtream.py)."""

import pytest

import xtream
from api_client import administrator
from service import Service, ask, wait_until
from xtream import XtreamServer


@pytest.fixture(name="server")
def made_server():
    with XtreamServer() as running:
        yield running


def names_in(text):
    return [line.split(",", 1)[1] for line in text.splitlines() if line.startswith("#EXTINF")]


def configuration(folder, address):
    path = folder / "config.toml"
    path.write_text(f'[service]\nquiet_period = "0s"\n\n[[sources]]\nname = "tv"\nurl = "{address}"\n'
                    '\n[[proxies]]\nname = "home"\nsources = ["tv"]\n')
    return path


def refresh(service, state):
    job = service.ctl("refresh", "tv")["jobs"][0]["id"]
    wait_until(lambda: {j["id"]: j["state"] for j in service.ctl("jobs")["jobs"]}[job] == state)


def test_a_list_that_comes_empty_does_not_cost_the_last_good_one(server, tmp_path):
    config = configuration(tmp_path, server.address("live&vod"))
    with Service(tmp_path / "data", "--config", config) as service:
        before = names_in(ask(service.playlist).text)
        assert len(before) == 6
        for body in (b"[]", b"false", b'{"error": "busy"}'):
            server.replies["get_vod_streams"] = body
            refresh(service, "failed")
            assert names_in(ask(service.playlist).text) == before
        assert "something before" in service.ctl("status")["sources"][0]["error"]
        server.replies["get_vod_streams"] = xtream.VOD[:1]
        refresh(service, "done")
        service.wait_for_generation(2)
        wait_until(lambda: names_in(ask(service.playlist).text) == before[:5])


def test_episodes_are_kept_from_refresh_to_refresh(server, tmp_path):
    config = configuration(tmp_path, server.address("series&episodes=1"))
    with Service(tmp_path / "data", "--config", config) as service:
        for _ in range(2):
            refresh(service, "done")
        asked = [action for action in server.requests if "info" in action]
        assert asked == [f"get_series_info/{n}" for n in (301, 302, 303)]
        wait_until(lambda: len(names_in(ask(service.playlist).text)) == 3)


def test_the_state_of_the_account_is_shown(server, tmp_path):
    config = configuration(tmp_path, server.address("live"))
    with Service(tmp_path / "data", "--config", config) as service:
        admin = administrator(service)
        wait_until(lambda: admin.get("/sources").json["items"][0]["status"]["account"])
        account = admin.get("/sources").json["items"][0]["status"]["account"]
        assert (account["status"], account["max_connections"]) == ("Active", 2)
        assert account["expires"].endswith("Z")
        shown = service.ctl("status")["sources"][0]["account"]
        assert shown == account
        server.replies[""] = b"[]"
        refresh(service, "failed")
        assert admin.get("/sources").json["items"][0]["status"]["account"] == account
