"""Accounts of providers in the service, with the real binary against a mock account (xtream.py)."""

import re
import threading

import pytest

import xtream
from api_client import Events, administrator
from program import run
from service import Service, ask, wait_until
from xtream import XtreamServer


LONG_INFO = {"episodes": [], "info": {"plot": "It is long. " * 50}}


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


def test_a_refresh_says_how_far_it_is(server, tmp_path):
    config = configuration(tmp_path, server.address("live&series&episodes=2"))
    with Service(tmp_path / "data", "--config", config) as service:
        admin = administrator(service)
        live, episodes = threading.Event(), threading.Event()
        server.replies["get_series_info/303"] = LONG_INFO
        server.slow = {"get_live_streams": live, "get_series_info/303": episodes}
        with Events(admin) as events:
            events.until("status")  # it looks from now on
            job = service.ctl("refresh", "tv")["jobs"][0]["id"]

            def progress():
                return next(j for j in service.ctl("jobs")["jobs"] if j["id"] == job).get("progress") or {}

            wait_until(lambda: progress().get("stage") == "download" and progress()["done"] > 0)
            first = progress()
            wait_until(lambda: progress()["done"] > first["done"])
            printed = run("ctl", "jobs", "--data", service.data).stdout
            assert re.search(r" running .* download, 0\.0 of 0\.0 MB +-$", printed, re.MULTILINE), printed
            shown = admin.get(f"/jobs/{job}").json["progress"]
            assert shown["stage"] == "download" and shown["done"] < shown["total"]
            events.until("job", id=job, state="running")
            live.set()
            # The first start asked for two of three: what is left is one.
            wait_until(lambda: progress().get("stage") == "episodes")
            assert (progress()["items"], progress()["items_total"]) == (0, 1)
            before = progress()["done"]
            wait_until(lambda: progress()["done"] > before)
            episodes.set()
            ended = events.until("job", id=job, state="done")
            assert ended["progress"] is None
            stages = [one["data"]["progress"]["stage"] for one in events.heard
                      if one["event"] == "job" and one["data"]["id"] == job and one["data"]["progress"]]
            assert "download" in stages and "episodes" in stages


def jobs_of(service):
    try:
        return service.ctl("jobs")["jobs"]
    except AssertionError:  # it does not listen yet
        return []


def test_series_are_counted_while_their_episodes_are_fetched(server, tmp_path):
    last = threading.Event()
    server.replies["get_series_info/303"] = LONG_INFO
    server.slow = {"get_series_info/303": last}
    config = configuration(tmp_path, server.address("series&episodes=3"))
    service = Service(tmp_path / "data", "--config", config)
    service.start()
    try:
        wait_until(lambda: any(j.get("progress", {}).get("items") == 2 for j in jobs_of(service)))
        shown = next(j["progress"] for j in jobs_of(service) if "progress" in j)
        assert (shown["stage"], shown["items_total"]) == ("episodes", 3)
        last.set()
        service.wait_for_addresses()
    finally:
        service.__exit__(None)
