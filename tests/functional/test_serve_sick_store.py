"""A database that refuses for a while: what is served stays, people are let in, and all of it is as it
should be once the database answers again."""

import contextlib
import sqlite3
import subprocess
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from api_client import PASSWORD, Client, administrator
from program import BINARY, environment
from service import Service, ask, wait_until
from test_serve import names_in, playlist_of


@pytest.fixture(name="service")
def a_service(tmp_path):
    (tmp_path / "tv.m3u").write_text(playlist_of("One", "Two"))
    config = tmp_path / "service.toml"
    config.write_text('[service]\nquiet_period = "1s"\n[[sources]]\nname = "tv"\npath = "tv.m3u"\n'
                      '[[proxies]]\nname = "home"\nsources = ["tv"]\n')
    with Service(tmp_path / "data", "--config", config) as service:
        service.admin, service.config = administrator(service), config
        service.proxy = service.admin.get("/proxies").json["items"][0]["id"]
        service.wait_for_generation(1)
        wait_until(lambda: ask(service.playlist).status == 200)
        yield service


@contextlib.contextmanager
def changed(service, begin, end):
    """The database with one statement done, and then taken back."""
    store = sqlite3.connect(service.data / "m3u-proxy.sqlite", timeout=20, isolation_level=None)
    store.execute(begin)
    try:
        yield store
    finally:
        store.execute(end)
        store.close()


def make_token(service):
    """A change that has the outputs looked at anew."""
    return service.admin.post(f"/proxies/{service.proxy}/tokens", {"name": "tv"})


def test_what_is_served_stays_while_its_generations_cannot_be_read(service):
    with changed(service, "ALTER TABLE generations RENAME TO lost", "ALTER TABLE lost RENAME TO generations"):
        made = make_token(service)
        wait_until(lambda: "no such table" in service.log())
        assert names_in(ask(service.playlist).text) == ["One", "Two"]
    assert made.status == 201
    wait_until(lambda: ask(made.json["playlist_url"]).status == 200)
    assert names_in(ask(service.playlist).text) == ["One", "Two"]


def test_doors_stay_open_while_tokens_cannot_be_read(service):
    (service.data.parent / "tv.m3u").write_text(playlist_of("One", "Three"))
    with changed(service, "ALTER TABLE tokens RENAME TO lost", "ALTER TABLE lost RENAME TO tokens"):
        wait_until(lambda: "no such table" in service.log())
        answer = ask(service.playlist)
        assert answer.status == 200
    wait_until(lambda: names_in(ask(service.playlist).text) == ["One", "Three"])
    made = make_token(service)
    wait_until(lambda: ask(made.json["playlist_url"]).status == 200)


@pytest.mark.parametrize("table, column, entry", [("sessions", "last_seen", "session"), ("tokens", "last_used", "token")])
def test_people_are_let_in_where_it_cannot_be_noted(service, table, column, entry):
    """As on a full disk: reading goes on."""
    client = service.admin
    if entry == "token":
        made = client.post("/tokens", {"name": "t", "scopes": ["read"]})
        client = Client(service, made.json["token"])
    refuse = (f"CREATE TRIGGER full BEFORE UPDATE ON {table} BEGIN "
              "SELECT RAISE(ABORT, 'database or disk is full'); END")
    with changed(service, f"UPDATE {table} SET {column} = 0", f"UPDATE {table} SET {column} = {column}") as store:
        store.execute(refuse)
        assert client.get("/status").status == 200
        store.execute("DROP TRIGGER full")
    assert service.log().count("database or disk is full") == 1


def test_the_operators_door_holds_up_no_player(service):
    """What has to wait for the database does not wait on the threads that serve."""
    store = sqlite3.connect(service.data / "m3u-proxy.sqlite", timeout=20, isolation_level=None)
    store.execute("BEGIN IMMEDIATE")
    try:
        waiting = [subprocess.Popen([BINARY, "ctl", *command, "--data", str(service.data)], env=environment(),
                                    stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
                   for command in (["generate", "home"], ["refresh", "tv"], ["generate", "home"])]
        time.sleep(1)
        for _ in range(20):
            begin = time.monotonic()
            assert ask(service.playlist).status == 200
            assert ask(service.address + "/live").status == 200
            assert time.monotonic() - begin < 1
        assert waiting[0].poll() is None
    finally:
        store.execute("ROLLBACK")
        store.close()
    for command in waiting:
        assert command.wait(60) == 0


def test_changes_that_have_to_wait_hold_up_nobody_who_looks(service):
    config = {"action": "include", "expression": 'channel_name contains "O"'}
    names = [f"waiting {i}" for i in range(4)]
    with ThreadPoolExecutor(len(names)) as pool:
        with changed(service, "BEGIN IMMEDIATE", "ROLLBACK"):
            changes = [pool.submit(service.admin.post, "/filters", {"name": name, "config": config}) for name in names]
            time.sleep(0.5)
            begin = time.monotonic()
            for path in ("/filters", "/session") * 5:
                assert service.admin.get(path).status == 200
            assert time.monotonic() - begin < 2  # a change waits for up to five seconds
            assert not any(change.done() for change in changes)
        answers = [change.result() for change in changes]
    assert [answer.status for answer in answers] == [201] * len(names), [answer.text for answer in answers]
    assert sorted(item["name"] for item in service.admin.get("/filters").json["items"]) == names


def actions(service):
    return [(entry["actor"], entry["action"]) for entry in service.admin.get("/audit?limit=200").json["items"]]


def test_whoever_changes_something_is_written_down(service):
    admin = service.admin
    assert actions(service)[-2:] == [("anna", "session.setup"), ("the configuration file", "configuration.take-over")]
    other = Client(service).log_in()
    new = "geheim, a longer password"
    other.take_session(other.put("/session/password", {"old": PASSWORD, "new": new}))
    assert other.delete("/session").status == 204
    admin.log_in(password=new)
    channel = "4vxPyjWjXTybk-RRrD5oug"
    service.ctl("edits", "set", channel, "--name", "Mine")
    service.ctl("edits", "remove", channel)
    service.ctl("refresh", "tv")
    service.ctl("generate", "home")
    text = service.config.read_text()
    service.config.write_text(text + '[[filters]]\nname = "f"\naction = "include"\nexpression = \'channel_name contains "O"\'\n')
    ctl = "m3u-proxy ctl"
    wait_until(lambda: len(actions(service)) >= 11)
    assert actions(service)[:-2][::-1] == [
        ("anna", "session.login"), ("anna", "session.password"), ("anna", "session.logout"), ("anna", "session.login"),
        (ctl, "edits.create"), (ctl, "edits.remove"), (ctl, "sources.refresh"), (ctl, "proxies.generate"),
        ("the configuration file", "configuration.take-over")]


def test_a_change_that_was_made_is_no_error_where_it_cannot_be_noted(service):
    body = {"name": "f", "config": {"action": "include", "expression": 'channel_name contains "O"'}}
    with changed(service, "CREATE TRIGGER full BEFORE INSERT ON audit_log BEGIN "
                 "SELECT RAISE(ABORT, 'database or disk is full'); END", "DROP TRIGGER full"):
        assert service.admin.post("/filters", body).status == 201
    assert "filters.create" in service.log() and "database or disk is full" in service.log()
    assert ("anna", "filters.create") not in actions(service)
