"""What happens to one of three replicas, and what the others, the players and the data see of it."""

import shutil
import threading
import time

import pytest
from replicas import AGREED, Group, Watcher
from service import wait_until
from test_serve import Source, playlist_of
from test_serve_postgres_restart import HeldSource

LEASE = 30  # seconds that the job of a dead one is left alone
RETRY = 30  # seconds after which what failed once is tried again
CHANNELS = 60000  # so many that a kill meets the generation


def long_list(last):
    rows = [f'#EXTINF:-1 tvg-id="c{i}" group-title="All",Channel {i}\nhttp://provider.example/{i}.ts\n'
            for i in range(CHANNELS)]
    return f"#EXTM3U\n{''.join(rows)}#EXTINF:-1,{last}\nhttp://provider.example/{last}.ts\n"


def sources_of(source):
    return f'[[sources]]\nname = "tv"\nurl = "{source.url}"\n[[proxies]]\nname = "home"\nsources = ["tv"]\n'


def is_whole(text):
    """Begins and ends as a list that was published, whichever."""
    return text.startswith("#EXTM3U") and text.endswith(".ts\n")


def nothing_is_lost_or_doubled(group, is_folder=True):
    """No job is left, and there is one row and one snapshot for each thing that was made."""
    wait_until(lambda: group.query("SELECT 1 FROM jobs WHERE state IN ('queued', 'running')") == [], LEASE + 15)
    assert group.query("SELECT count(*) FROM generations WHERE state = 'current'") == ["1"]
    assert group.query("SELECT count(*) FROM source_snapshots WHERE state = 'current'") == ["1"]
    assert group.query("SELECT proxy_id, number, count(*) FROM generations GROUP BY 1, 2 HAVING count(*) > 1") == []
    if not is_folder:
        return
    named = set(group.query("SELECT number FROM generations"))
    shared = {path.parent.name for path in (group.folder / "shared").glob("generations/*/*/manifest")}
    assert named <= shared


def revive(group, replica):
    replica.printed = ""
    replica.start()
    replica.wait_for_addresses()


def kill_the_runner(group, kind, seen):
    def found():
        seen[:] = [r for r in [group.runner(kind)] if r]
        if seen:
            seen[0].kill()
        return seen
    wait_until(found, 60)
    return seen[0]


def test_one_killed_in_the_middle_of_a_refresh(server, tmp_path):
    with HeldSource(playlist_of("Old")) as source, Group(tmp_path, server, sources_of(source)) as group:
        group.agree(lambda text: "Old" in text)
        with Watcher(group, is_whole) as players:
            source.may_answer.clear()
            source.content = playlist_of("New")
            group.replicas[0].ctl("refresh", "tv")
            victim = kill_the_runner(group, "refresh", [])
            source.may_answer.set()
            group.agree(lambda text: "New" in text, LEASE + 15)
            revive(group, victim)
            group.agree(lambda text: "New" in text)
            nothing_is_lost_or_doubled(group)
        assert players.wrong == [] and players.answers > 50
        assert len(group.query("SELECT number FROM generations")) == 2


def test_one_killed_in_the_middle_of_a_generation(server, tmp_path):
    with Source(playlist_of("Old")) as source, Group(tmp_path, server, sources_of(source)) as group:
        group.agree(lambda text: "Old" in text)
        with Watcher(group, is_whole) as players:
            source.content = long_list("New")
            group.replicas[0].ctl("refresh", "tv")
            victim = kill_the_runner(group, "generate", [])
            group.agree(lambda text: text.endswith("New.ts\n"), LEASE + 30)
            revive(group, victim)
            group.agree(lambda text: text.endswith("New.ts\n"))
            nothing_is_lost_or_doubled(group)
        assert players.wrong == [] and players.answers > 50
        assert len(group.query("SELECT number FROM generations")) == 2


def test_the_leader_killed_again_and_again(server, tmp_path):
    with Source(playlist_of("0")) as source, Group(tmp_path, server, sources_of(source)) as group:
        group.agree(lambda text: "0.ts" in text)
        with Watcher(group, is_whole) as players:
            for turn in range(1, 5):
                wait_until(lambda: any(r.leads() for r in group.alive()), 15)
                victim = next(r for r in group.alive() if r.leads())
                victim.kill()
                other = group.alive()[0]
                wait_until(lambda: any(r.leads() for r in group.alive()), AGREED)
                source.content = playlist_of(str(turn))
                other.ctl("refresh", "tv")
                group.agree(lambda text, turn=turn: f"{turn}.ts" in text, LEASE + AGREED)
                revive(group, victim)
                group.agree(lambda text, turn=turn: f"{turn}.ts" in text)
            nothing_is_lost_or_doubled(group)
        assert players.wrong == []
        assert len(group.query("SELECT number FROM generations")) == 5


@pytest.mark.parametrize("which", ["leader", "other"])
def test_one_cut_off_from_the_database_and_let_back(server, tmp_path, which):
    """Two schedulers fight when the old leader comes back; nobody asks twice for anything."""
    with Source(playlist_of("Old")) as source, \
            Group(tmp_path, server, sources_of(source), gated=True) as group:
        group.agree(lambda text: "Old" in text)
        wait_until(lambda: sum(r.leads() for r in group.replicas) == 1)
        cut = next(i for i, r in enumerate(group.replicas) if r.leads() == (which == "leader"))
        away = group.replicas[cut]
        others = [r for r in group.replicas if r is not away]
        with Watcher(group, is_whole) as players:
            group.gates[cut].cut()
            wait_until(lambda: any(r.leads() for r in others), 20)
            source.content = playlist_of("New")
            others[0].ctl("refresh", "tv")
            wait_until(lambda: all("New" in r.get("playlist.m3u").text for r in others), LEASE + 15)
            asked = len(source.requests)
            assert "Old" in away.get("playlist.m3u").text
            group.gates[cut].let_back()
            group.agree(lambda text: "New" in text)
            wait_until(lambda: sum(r.leads() for r in group.replicas) == 1, 15)
            nothing_is_lost_or_doubled(group)
        assert players.wrong == []
        assert len(source.requests) == asked
        assert len(group.query("SELECT number FROM generations")) == 2


def test_one_cut_off_in_the_middle_of_a_job_publishes_nothing(server, tmp_path):
    with HeldSource(playlist_of("Old")) as source, \
            Group(tmp_path, server, sources_of(source), gated=True) as group:
        group.agree(lambda text: "Old" in text)
        source.may_answer.clear()
        source.content = playlist_of("Stale")
        group.replicas[0].ctl("refresh", "tv")
        runners = []
        wait_until(lambda: runners.extend(r for r in [group.runner("refresh")] if r) or runners)
        away = runners[0]
        gate = group.gates[group.replicas.index(away)]
        wait_until(lambda: len(source.requests) == 2)
        gate.cut()
        others = [r for r in group.replicas if r is not away]
        # Another takes the job over when its lease is over; the first goes on without knowing.
        wait_until(lambda: len(source.requests) == 3, LEASE + 15)
        source.list = playlist_of("New")
        source.may_answer.set()
        wait_until(lambda: all("New" in r.get("playlist.m3u").text for r in others), 20)
        gate.let_back()
        group.agree(lambda text: "New" in text)
        nothing_is_lost_or_doubled(group)
        assert group.query("SELECT count(*) FROM source_snapshots") == ["2"]
        assert len(group.query("SELECT number FROM generations")) == 2


def test_postgresql_restarted_again_and_again(server, tmp_path):
    with Source(playlist_of("0")) as source, Group(tmp_path, server, sources_of(source)) as group:
        group.agree(lambda text: "0.ts" in text)
        with Watcher(group, is_whole) as players:
            for turn in range(1, 4):
                server.stop()
                time.sleep(turn)
                server.start()
                source.content = playlist_of(str(turn))
                group.agree(lambda text: ".ts" in text)
                wait_until(lambda: asked_again(group), AGREED)
                group.agree(lambda text, turn=turn: f"{turn}.ts" in text, 2 * AGREED)
            nothing_is_lost_or_doubled(group)
        assert players.wrong == []
        assert len(group.query("SELECT number FROM generations")) == 4


def asked_again(group):
    """Whether a refresh could be asked for."""
    try:
        group.replicas[-1].ctl("refresh", "tv")
    except AssertionError:
        return False
    return True


def test_the_shared_folder_away_for_a_while(server, tmp_path):
    """What is served goes on being served, and what was made meanwhile is there afterwards."""
    with Source(playlist_of("Old")) as source, Group(tmp_path, server, sources_of(source)) as group:
        group.agree(lambda text: "Old" in text)
        with Watcher(group, is_whole) as players:
            (tmp_path / "shared").rename(tmp_path / "away")
            source.content = playlist_of("New")
            group.replicas[0].ctl("refresh", "tv")
            wait_until(lambda: any("could not be refreshed" in r.log() for r in group.replicas))
            group.agree(lambda text: "Old" in text)
            (tmp_path / "away").rename(tmp_path / "shared")
            group.replicas[0].ctl("refresh", "tv")
            group.agree(lambda text: "New" in text, 2 * AGREED)
            nothing_is_lost_or_doubled(group)
        assert players.wrong == []


def test_what_failed_is_tried_again_when_the_one_that_knows_is_gone(server, tmp_path):
    with Source(playlist_of("Old")) as source, Group(tmp_path, server, sources_of(source)) as group:
        group.agree(lambda text: "Old" in text)
        shelf = tmp_path / "shared" / "generations"
        shelf.rename(tmp_path / "away")
        shelf.write_text("no folder")  # so that no generation can be put there
        source.content = playlist_of("New")
        group.replicas[0].ctl("refresh", "tv")
        wait_until(lambda: group.runner("generate", "failed"))
        time.sleep(1)  # until that has been noted
        group.runner("generate", "failed").kill()
        shelf.unlink()
        (tmp_path / "away").rename(shelf)
        group.agree(lambda text: "New" in text, RETRY + 2 * AGREED)
        nothing_is_lost_or_doubled(group)


def test_a_roll_back_to_what_could_not_be_fetched_before(server, tmp_path):
    """An older one that was nowhere is given up, but not for ever."""
    with Source(playlist_of("Old")) as source, \
            Group(tmp_path, server, sources_of(source), size=2) as group:
        group.agree(lambda text: "Old" in text)
        source.content = playlist_of("New")
        group.replicas[0].ctl("refresh", "tv")
        group.agree(lambda text: "New" in text)
        second = group.replicas[1]
        second.kill()
        old = next((tmp_path / "shared" / "generations").glob("*/1"))
        for here in (second.data / "generations").glob("*/1"):
            shutil.rmtree(here)
        old.rename(tmp_path / "away")
        revive(group, second)
        group.agree(lambda text: "New" in text)
        time.sleep(3)  # it has looked for the older one by now
        (tmp_path / "away").rename(old)
        group.replicas[0].ctl("roll-back", "home", "--to", "1")
        group.agree(lambda text: "Old" in text)


def test_what_others_have_forgotten_does_not_fill_the_disk_that_copies(server, tmp_path):
    """`max_snapshot_mb` holds at a replica that only fetches, and costs nobody an older generation."""
    service = "max_snapshot_mb = 80\ngenerations_kept = 2\n"
    with Source(long_list("0")) as source, \
            Group(tmp_path, server, sources_of(source), size=2, service=service) as group:
        group.agree(lambda text: text.endswith("0.ts\n"), 2 * AGREED)
        for turn in range(1, 6):
            source.content = long_list(str(turn))
            group.replicas[0].ctl("refresh", "tv")
            group.agree(lambda text, turn=turn: text.endswith(f"/{turn}.ts\n"), 4 * AGREED)
        nothing_is_lost_or_doubled(group)
        assert group.query("SELECT number FROM generations ORDER BY number") == ["5", "6"]


def test_six_replicas_asked_at_once_do_each_thing_once(server, tmp_path):
    with Source(playlist_of("Old")) as source, Group(tmp_path, server, sources_of(source), size=6) as group:
        group.agree(lambda text: "Old" in text, 2 * AGREED)
        source.content = playlist_of("New")
        asked = [threading.Thread(target=r.ctl, args=("refresh", "tv")) for r in group.replicas]
        for thread in asked:
            thread.start()
        for thread in asked:
            thread.join()
        group.agree(lambda text: "New" in text, 2 * AGREED)
        nothing_is_lost_or_doubled(group)
        assert group.query("SELECT number FROM generations ORDER BY number") == ["1", "2"]
