"""A service on a machine that fails it: a disk without room at one call after the other
(tests/faults), a database that somebody else has locked, names that nobody resolves any more. What
was good last is served throughout, whole, and afterwards all goes on by itself. On a network file
system it does not begin.

Of one list: every sixth of some 180 calls (STEP). Of everything that a service keeps: TRIES of its calls,
evenly from its start to the end of what it publishes; on PostgreSQL too.
"""

import shutil
import sqlite3
import subprocess
import sys
import time
from contextlib import ExitStack
from pathlib import Path

import postgres
import pytest

from homes import NEVER, PATIENCE, Everything, OneList, sweep
from program import BINARY, environment
from service import Service, ask, wait_until
from test_serve import Source, configuration, names_in, playlist_of

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests/faults"))
from faulty_system import compile_library  # noqa: E402

STEP = 6
TRIES = 10
AT_A_TIME = 4
# On PostgreSQL the calls of the database are its server's.
LEAST_CALLS_A_TRY = 5 if postgres.SHARED is None else 2
FULL = ["make room on the disk", "No space left on device"]
OLD, NEW = ["A", "B"], ["A", "C"]


def settled(service):
    """Whether no job waits or runs; asked of a service whose disk may be full."""
    done = subprocess.run([BINARY, "ctl", "status", "--data", str(service.data), "--json"],
                          capture_output=True, text=True, timeout=30, check=False,
                          env=environment())
    return done.returncode == 0 and '"running":[]' in done.stdout.replace(" ", "")


class FullDisk:
    def __init__(self, home):
        self.home = home
        self.library = compile_library(home.folder)
        home.prepare()

    def run(self, data, fault):
        """Runs on a disk that gets full; how many calls needed room."""
        calls = data.parent / "calls"
        service = self.home.service(data, LD_PRELOAD=str(self.library), FAULTY_SYSTEM=fault,
                                    FAULTY_SYSTEM_CALLS=str(calls))
        service.start()
        with ExitStack() as stack:
            stack.push(service.__exit__)
            try:
                service.wait_for_addresses()
            except AssertionError:
                # It may refuse to start, with the reason.
                assert service.process.returncode > 0, (fault, service.log())
                assert any(said in service.log() for said in FULL), (fault, service.log())
                return int(calls.read_text())
            end = time.monotonic() + self.home.WITHIN
            while not self.home.look(service, fault) and time.monotonic() < end:
                if any(said in service.log() for said in FULL) and settled(service):
                    break
                time.sleep(0.1)
            self.home.look(service, fault)
            assert service.process.poll() is None, service.log()
        assert service.process.returncode == 0, (fault, service.log())
        return int(calls.read_text())

    def check(self, data, fault):
        """There is room again."""
        with self.home.service(data) as service:
            self.home.look(service, fault)
            service.ctl("refresh", "*")
            wait_until(lambda: self.home.look(service, fault), PATIENCE)
            service.wait_until_quiet(PATIENCE)
            rows = self.home.check(service, fault)
        self.home.check_folder(data, rows, fault)

    def calls(self, kind):
        data = self.home.copy("all")
        calls = self.run(data, f"{kind}:{NEVER}")
        self.home.forget(data)
        return calls

    def try_call(self, kind, call):
        data = self.home.copy(call)
        seen = self.run(data, f"{kind}:{call}")
        self.home.look_for_secrets(data)
        (data.parent / "serve.log").rename(data.parent / "full.log")
        self.check(data, f"{kind}:{call}")
        self.home.forget(data)
        return seen

    def sweep(self, kind, calls, tries, at_a_time):
        sweep(lambda call: self.try_call(kind, call), calls, tries, at_a_time)


@postgres.sqlite_only
@pytest.mark.skipif(not shutil.which("cc"), reason="no C compiler")
@pytest.mark.parametrize("kind", ["full", "full-once"])
def test_a_disk_without_room_costs_no_output(tmp_path, kind):
    with OneList(tmp_path) as home:
        disk = FullDisk(home)
        calls = disk.calls(kind)
        assert calls > 20
        disk.sweep(kind, calls, len(range(0, calls, STEP if kind == "full" else 2 * STEP)), 1)


@pytest.mark.skipif(not shutil.which("cc"), reason="no C compiler")
@pytest.mark.parametrize("kind, tries", [("full", TRIES), ("full-once", TRIES // 2)])
def test_a_disk_without_room_costs_nothing_of_everything(tmp_path, kind, tries):
    with Everything(tmp_path) as home:
        disk = FullDisk(home)
        calls = disk.calls(kind)
        assert calls > LEAST_CALLS_A_TRY * tries
        disk.sweep(kind, calls, tries, AT_A_TIME)


@postgres.sqlite_only
@pytest.mark.skipif(not shutil.which("cc"), reason="no C compiler")
@pytest.mark.parametrize("number, name", [(0x6969, "NFS"), (0xFF534D42, "CIFS")])
def test_a_database_on_a_network_file_system_is_refused_with_the_remedy(tmp_path, number, name):
    """As such a folder says of itself: none is mounted."""
    library = compile_library(tmp_path)
    data = tmp_path / "data"
    service = Service(data, extra={"LD_PRELOAD": str(library), "FAULTY_SYSTEM": f"statfs:{number}"})
    refused = subprocess.run(service.command, capture_output=True, text=True, timeout=60, check=False,
                             env=service.environment)
    assert refused.returncode == 2 and refused.stdout == ""
    assert refused.stderr.splitlines() == [
        f"error: {data} is on {name}, where a SQLite database gets damaged "
        "(put the data folder on a local disk, or use PostgreSQL (database.url))"]
    assert list(data.glob("*.sqlite*")) == []


@postgres.sqlite_only
def test_a_locked_database_delays_and_loses_nothing(tmp_path):
    config = tmp_path / "config.toml"
    with Source(playlist_of(*OLD)) as source:
        config.write_text(configuration(source.url))
        with Service(tmp_path / "data", "--config", config) as service:
            service.wait_for_generation(1)
            holder = sqlite3.connect(next((tmp_path / "data").glob("*.sqlite*")), timeout=1,
                                     isolation_level=None)
            holder.execute("BEGIN IMMEDIATE")
            source.content = playlist_of(*NEW)
            asking = subprocess.Popen([BINARY, "ctl", "refresh", "tv", "--data",
                                       str(service.data)], stdout=subprocess.PIPE,
                                      stderr=subprocess.STDOUT, text=True, env=environment())
            for _ in range(10):
                begin = time.monotonic()
                assert names_in(ask(service.playlist).text) == OLD
                assert time.monotonic() - begin < 1
                time.sleep(0.1)
            holder.execute("ROLLBACK")
            holder.close()
            asking.communicate(timeout=30)
            service.ctl("refresh", "tv")
            wait_until(lambda: names_in(ask(service.playlist).text) == NEW)
            rows = service.ctl("generations", "home")["generations"]
            assert [row["state"] for row in rows] == ["current", "kept"]


def test_names_that_nobody_resolves_cost_no_output(tmp_path):
    config = tmp_path / "config.toml"
    with Source(playlist_of(*OLD)) as source:
        config.write_text(configuration(source.url))
        with Service(tmp_path / "data", "--config", config) as service:
            service.wait_for_generation(1)
            config.write_text(configuration("http://user:geheim-secret-password@gone.invalid/list.m3u"))
            def failed():
                status = service.ctl("status")["sources"][0]
                return "gone.invalid" in (status.get("error") or "")
            wait_until(failed)
            assert names_in(ask(service.playlist).text) == OLD
            error = service.ctl("status")["sources"][0]["error"]
            assert "cannot find the host" in error and "secret-password" not in error
            config.write_text(configuration(source.url))
            source.content = playlist_of(*NEW)
            wait_until(lambda: names_in(ask(service.playlist).text) == NEW)
