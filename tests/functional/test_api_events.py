"""Events of the API: who may hear what, and when it comes."""

import time
from contextlib import ExitStack

import pytest
from api_client import PASSWORD, Client, Events, administrator
from program import SLOWER
from service import SOON, Service
from test_serve import Source, configuration, playlist_of


@pytest.fixture(name="service", scope="module")
def a_service(tmp_path_factory):
    with Service(tmp_path_factory.mktemp("events") / "data") as service:
        service.admin = administrator(service)
        yield service


OTHERS = ["viewer", "editor", "token"]


def come_as(service, who):
    """A client that is no administrator."""
    if who == "token":
        return Client(service, service.admin.post("/tokens", {"name": "t", "scopes": ["read"]}).json["token"])
    assert service.admin.post("/users", {"name": who, "role": who, "password": PASSWORD}).status == 201
    return Client(service).log_in(who)


@pytest.fixture(name="listener", scope="module", params=OTHERS)
def somebody_who_is_no_administrator(service, request):
    return come_as(service, request.param)


@pytest.mark.parametrize("level", ["trace", "debug", "info", "warn", "error"])
def test_the_log_is_heard_by_administrators_alone(service, listener, level):
    with Events(service.admin, f"?logs={level}") as events:
        assert events.answer.status == 200
    refused = listener.get(f"/events?logs={level}")
    assert refused.status == 403 and "administrators" in refused.json["title"] + refused.json["detail"]


def test_others_hear_all_but_the_log(tmp_path):
    with Service(tmp_path / "data") as service, ExitStack() as stack:
        service.admin = administrator(service)
        all_of_it = stack.enter_context(Events(service.admin, "?logs=info"))
        all_of_it.until("status")  # it looks from now on
        streams = [stack.enter_context(Events(come_as(service, who))) for who in OTHERS]
        assert [one.next()["event"] for one in streams] == ["hello"] * len(OTHERS)
        service.ctl("refresh", service.ctl("status")["sources"][0]["name"])
        done = all_of_it.until("job", kind="refresh", state="done")
        assert "log" in {one["event"] for one in all_of_it.heard}
        for one in streams:
            one.until("job", id=done["id"], state="done")
            assert "log" not in {each["event"] for each in one.heard}


def test_who_listens_by_a_token_that_ends_is_cut_off(service):
    end = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + 4 * SLOWER))
    made = service.admin.post("/tokens", {"name": "short", "scopes": ["admin"], "expires": end})
    assert made.status == 201, made.text
    with Events(Client(service, made.json["token"]), "?logs=error") as events:
        assert events.next()["event"] == "hello"
        with pytest.raises(AssertionError, match="closed the stream"):
            while True:
                events.next(time.monotonic() + SOON)


def test_sources_generations_and_alerts_come_when_there_are_news_of_them(tmp_path):
    config = tmp_path / "service.toml"
    with Source(playlist_of("A", "B", "C")) as source:
        config.write_text(configuration(source.url))
        with Service(tmp_path / "data", "--config", config) as service:
            with Events(administrator(service)) as events:
                events.until("status")  # it looks from now on

                def refresh(content, **wanted):
                    source.content = content
                    service.ctl("refresh", "tv")
                    return events.until("source", name="tv", kind="source", **wanted)
                refresh(playlist_of("A", "B", "D", "E"), items=4, failures=0, error="", quarantined=False)
                made = events.until("generation", name="home", served=2)
                assert (made["number"], made["state"], made["channels"]) == (2, "current", 4)
                assert (made["added"], made["removed"]) == (2, 1)
                assert "alert" not in {one["event"] for one in events.heard}
                assert "500" in refresh(None, items=4, failures=1)["error"]
                alert = events.until("alert", cause="source_failed")
                assert '"tv"' in alert["message"] and "500" in alert["message"]
                # Well again with the list that it had.
                refresh(playlist_of("A", "B", "D", "E"), items=4, failures=0, error="")
                refresh(playlist_of("A", "B", "D"), items=3, failures=0, error="")
                assert events.until("generation", served=3)["number"] == 3
                service.ctl("roll-back", "home")
                back = events.until("generation", served=2)
                assert (back["name"], back["number"]) == ("home", 3)
            heard = [one["data"] for one in events.heard if one["event"] == "generation"]
            assert {one["number"] for one in heard} == {2, 3}
            alerts = [one["data"]["cause"] for one in events.heard if one["event"] == "alert"]
            assert sorted(alerts) == ["job_failed", "source_failed"]
            assert "secret-password" not in str(events.heard)


def test_a_generation_is_told_of_when_it_is_what_is_served(tmp_path):
    config = tmp_path / "service.toml"
    with Source(playlist_of("A")) as source:
        config.write_text(configuration(source.url))
        with Service(tmp_path / "data", "--config", config) as service:
            admin = administrator(service)
            with Events(admin) as events:
                events.until("status")  # it looks from now on
                for served in range(2, 22):
                    source.content = playlist_of(*(f"Channel {i}" for i in range(served)))
                    service.ctl("refresh", "tv")
                    told = events.until("generation", served=served)
                    channels = admin.get(f"/proxies/{told['proxy']}/channels").json
                    assert (channels["generation"], channels["total"]) == (served, served)


def test_a_source_says_whether_a_reply_waits_in_quarantine(tmp_path):
    config = tmp_path / "service.toml"
    with Source(playlist_of(*(f"Channel {number}" for number in range(10)))) as source:
        config.write_text(configuration(source.url))
        with Service(tmp_path / "data", "--config", config) as service:
            with Events(administrator(service)) as events:
                events.until("status")  # it looks from now on
                source.content = playlist_of("Channel 1")
                service.ctl("refresh", "tv")
                waits = events.until("source", name="tv", quarantined=True)
                assert (waits["items"], waits["failures"], waits["error"]) == (10, 0, "")
                service.ctl("accept", "tv")
                assert events.until("source", name="tv", quarantined=False)["items"] == 1


def test_an_alert_comes_and_says_when_it_is_over(tmp_path):
    config = tmp_path / "service.toml"
    with Source(playlist_of(*(f"Channel {number}" for number in range(10)))) as source:
        config.write_text(configuration(source.url))
        with Service(tmp_path / "data", "--config", config) as service:
            with Events(administrator(service)) as events:
                events.until("status")  # it looks from now on
                source.content = playlist_of("Channel 1")
                service.ctl("refresh", "tv")
                begun = events.until("alert", cause="quarantine")
                assert '"tv" shrank' in begun["message"] and "since" in begun and "over" not in begun
                service.ctl("accept", "tv")
                over = events.until("alert", cause="quarantine")
                assert "over" in over and over["message"] == begun["message"]
