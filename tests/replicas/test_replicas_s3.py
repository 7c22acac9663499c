"""Replicas that share their snapshots in an S3-compatible store: on a good day, and on its bad ones."""

import subprocess

import pytest
from object_store import BUCKET
from replicas import AGREED, Group, Watcher
from service import BINARY, environment, wait_until
from test_replica_faults import LEASE, is_whole, long_list, nothing_is_lost_or_doubled, revive, sources_of
from test_serve import Source, playlist_of

AGAIN = 30  # seconds until what failed is tried again


def group_of(folder, server, source, store, days, size=3):
    return Group(folder, server, sources_of(source), size, service=store.settings(days.address),
                 extra=store.secrets)


def nothing_said_of(group, secret):
    for replica in group.replicas:
        assert secret not in replica.log() and secret not in replica.printed


def test_replicas_share_by_an_object_store(server, tmp_path, store, days):
    with Source(playlist_of("Old")) as source, group_of(tmp_path, server, source, store, days) as group:
        group.agree(lambda text: "Old" in text)
        assert len(source.requests) == 1
        source.content = long_list("New")
        group.replicas[1].ctl("refresh", "tv")
        group.agree(lambda text: text.endswith("New.ts\n"), 60)
        assert len(source.requests) == 2
        late = group.replicas[2]
        late.kill()
        subprocess.run(["rm", "-r", late.data / "generations"], check=True)
        late.printed = ""
        late.start()
        late.wait_for_addresses()
        group.agree(lambda text: text.endswith("New.ts\n"), 20)
        nothing_said_of(group, store.secret_key)


@pytest.mark.parametrize("fault", ["slow down", "half put", "half get", "silent"])
def test_what_passes_costs_nothing_but_time(server, tmp_path, store, days, fault):
    method = "GET" if fault == "half get" else "PUT"
    with Source(playlist_of("Old")) as source, group_of(tmp_path, server, source, store, days) as group:
        group.agree(lambda text: "Old" in text)
        with Watcher(group, is_whole) as players:
            # Every other request of that kind.
            days.fault = lambda m, path, count: fault if m == method and count % 2 == 0 else None
            source.content = long_list("New")
            group.replicas[0].ctl("refresh", "tv")
            group.agree(lambda text: text.endswith("New.ts\n"), 90)
            days.fault = lambda m, path, count: None
            nothing_is_lost_or_doubled(group, is_folder=False)
        assert fault in days.met
        assert players.wrong == []
        assert group.query("SELECT state FROM generations ORDER BY number") == ["kept", "current"]


def test_what_the_store_kept_in_part_is_named_by_nothing(server, tmp_path, store, days):
    """A put that it says it has taken, of which it has half: it is seen, and tried again."""
    with Source(playlist_of("Old")) as source, group_of(tmp_path, server, source, store, days) as group:
        group.agree(lambda text: "Old" in text)
        with Watcher(group, is_whole) as players:
            days.fault = lambda m, path, count: "short put" if m == "PUT" and path.endswith("/content") else None
            source.content = playlist_of("New")
            group.replicas[0].ctl("refresh", "tv")
            wait_until(lambda: any("could not be refreshed" in r.log() for r in group.replicas), AGAIN)
            group.agree(lambda text: "Old" in text)
            days.fault = lambda m, path, count: None
            group.replicas[0].ctl("refresh", "tv")
            group.agree(lambda text: "New" in text, 20)
        assert "short put" in days.met and players.wrong == []


def test_a_store_that_is_away_for_a_while(server, tmp_path, store, days):
    with Source(playlist_of("Old")) as source, group_of(tmp_path, server, source, store, days) as group:
        group.agree(lambda text: "Old" in text)
        with Watcher(group, is_whole) as players:
            days.fault = lambda m, path, count: "slow down"
            source.content = playlist_of("New")
            group.replicas[0].ctl("refresh", "tv")
            wait_until(lambda: any("503 SlowDown" in r.log() for r in group.replicas), 60)
            group.agree(lambda text: "Old" in text)
            days.fault = lambda m, path, count: None
            wait_until(lambda: not group.runner("refresh"))
            group.replicas[0].ctl("refresh", "tv")
            group.agree(lambda text: "New" in text)
            nothing_is_lost_or_doubled(group, is_folder=False)
        assert players.wrong == []


def test_one_killed_between_putting_and_naming(server, tmp_path, store, days):
    """At the manifest of a generation, when all of its files are there."""
    with Source(playlist_of("Old")) as source, group_of(tmp_path, server, source, store, days) as group:
        group.agree(lambda text: "Old" in text)
        killed = []

        def at_the_manifest(method, path, _):
            if method == "PUT" and "/generations/" in path and path.endswith("/manifest") and not killed:
                victim = group.runner("generate")
                victim.kill()
                killed.append(victim)
            return None
        with Watcher(group, is_whole) as players:
            days.fault = at_the_manifest
            source.content = playlist_of("New")
            group.replicas[0].ctl("refresh", "tv")
            wait_until(lambda: killed)
            group.agree(lambda text: "New" in text, LEASE + 2 * AGREED)
            revive(group, killed[0])
            group.agree(lambda text: "New" in text)
            nothing_is_lost_or_doubled(group, is_folder=False)
        assert players.wrong == []
        assert group.query("SELECT state FROM generations ORDER BY number") == ["kept", "current"]


def test_a_stop_does_not_wait_for_a_store_that_hangs(server, tmp_path, store, days):
    with Source(playlist_of("Old")) as source, \
            group_of(tmp_path, server, source, store, days, size=2) as group:
        group.agree(lambda text: "Old" in text)
        days.fault = lambda method, path, count: "hang"
        source.content = playlist_of("New")
        group.replicas[0].ctl("refresh", "tv")
        wait_until(lambda: "hang" in days.met)
        for replica in group.replicas:
            replica.process.terminate()
        for replica in group.replicas:
            assert replica.process.wait(10) == 0
        days.fault = lambda method, path, count: None
        for replica in group.replicas:
            revive(group, replica)
        group.agree(lambda text: "New" in text, 2 * AGREED)
        nothing_is_lost_or_doubled(group, is_folder=False)


@pytest.mark.parametrize("ahead", [2 * 3600, -3 * 3600])
def test_a_wrong_clock_is_said_and_followed(server, tmp_path, store, days, ahead):
    days.ahead = ahead
    with Source(playlist_of("Old")) as source, \
            group_of(tmp_path, server, source, store, days, size=2) as group:
        group.agree(lambda text: "Old" in text, 20)
        said = [line for line in group.replicas[0].log().splitlines() if "the clock of this machine is wrong" in line]
        assert said and ("ahead" if ahead > 0 else "behind") in said[0]
        assert any(f"{abs(ahead) + off} s" in said[0] for off in (-2, -1, 0, 1, 2)), said[0]
    assert "skewed" in days.met


def test_a_wrong_key_is_refused_with_the_remedy(server, tmp_path, store, days):
    with Source(playlist_of("Old")) as source:
        config = tmp_path / "config.toml"
        config.write_text(f'[service]\nquiet_period = "0s"\n{store.settings(days.address)}'
                          f'[database]\nurl = "{server.address}"\n{sources_of(source)}')
        process = subprocess.Popen([BINARY, "serve", "--data", tmp_path / "data", "--listen", "127.0.0.1:0", "--config", config],
                                   env={**environment(), "M3U_PROXY_SERVICE__S3_SECRET_KEY": "another"},
                                   stdout=subprocess.DEVNULL, stderr=open(tmp_path / "log", "wb"))
        try:
            wait_until(lambda: "look at s3_access_key" in (tmp_path / "log").read_text(), 30)
            assert f"s3://{BUCKET}/test" in (tmp_path / "log").read_text()
        finally:
            process.terminate()
            process.wait(20)
