"""A service on a machine that fails it: a disk without room at one call after the other
(tests/faults), a database that somebody else has locked, names that nobody resolves any more. What
was good last is served throughout, whole, and afterwards all goes on by itself. On a network file
system it does not begin.

All calls: FAULT_STEP=1. Otherwise so many are left out that about twenty are tried.
"""

import os
import shutil
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import postgres
import pytest

from program import BINARY, environment
from service import Service, ask, wait_until
from test_serve import Source, configuration, names_in, playlist_of

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests/faults"))
from faulty_system import compile_library  # noqa: E402

STEP = int(os.environ.get("FAULT_STEP", "6"))
FULL = ["make room on the disk", "No space left on device"]
OLD, NEW = ["A", "B"], ["A", "C"]


def settled(service):
    """Whether no job waits or runs; asked of a service whose disk may be full."""
    done = subprocess.run([BINARY, "ctl", "status", "--data", str(service.data), "--json"],
                          capture_output=True, text=True, timeout=30, check=False,
                          env=environment())
    return done.returncode == 0 and '"running":[]' in done.stdout.replace(" ", "")


class FullDisk:
    def __init__(self, folder):
        self.folder = folder
        self.data = folder / "data"
        self.ready = folder / "ready"
        self.listing = folder / "tv.m3u"
        self.config = folder / "config.toml"
        self.calls = folder / "calls"
        self.library = compile_library(folder)
        self.config.write_text(configuration("x").replace('url = "x"', 'path = "tv.m3u"'))

    def service(self, **extra):
        return Service(self.data, "--config", self.config, extra=extra)

    def prepare(self):
        self.listing.write_text(playlist_of(*OLD))
        with self.service():
            pass
        self.data.rename(self.ready)
        self.listing.write_text(playlist_of(*NEW))

    def run(self, fault):
        """Runs on a disk that gets full; how many calls needed room."""
        shutil.rmtree(self.data, ignore_errors=True)
        shutil.copytree(self.ready, self.data)
        (self.folder / "serve.log").unlink(missing_ok=True)
        self.calls.unlink(missing_ok=True)
        service = self.service(LD_PRELOAD=str(self.library), FAULTY_SYSTEM=fault,
                               FAULTY_SYSTEM_CALLS=str(self.calls))
        try:
            with service:
                for _ in range(20):
                    assert names_in(ask(service.playlist).text) in (OLD, NEW), fault
                    if names_in(ask(service.playlist).text) == NEW or (
                            any(said in service.log() for said in FULL) and settled(service)):
                        break
                    time.sleep(0.1)
                assert names_in(ask(service.playlist).text) in (OLD, NEW), fault
                assert service.process.poll() is None, service.log()
            assert service.process.returncode == 0, (fault, service.log())
        except AssertionError:
            # It may refuse to start, with the reason.
            assert service.process.poll() not in (None, 0), (fault, service.log())
            assert service.process.returncode > 0, (fault, service.log())
            assert any(said in service.log() for said in FULL), (fault, service.log())
        return int(self.calls.read_text()) if self.calls.exists() else 0

    def check(self, fault):
        """There is room again."""
        with self.service() as service:
            assert names_in(ask(service.playlist).text) in (OLD, NEW), fault
            service.ctl("refresh", "tv")
            wait_until(lambda: names_in(ask(service.playlist).text) == NEW)
            wait_until(lambda: not service.ctl("status")["running"])
            rows = service.ctl("generations", "home")["generations"]
            assert [row["state"] for row in rows] == ["current", "kept"], (fault, rows)
        assert {path.name for path in self.data.glob("generations/*/*")} == {
            str(row["number"]) for row in rows}, fault
        assert len(list(self.data.glob("sources/*/*"))) == 2, fault
        left = [p for p in self.data.rglob("*") if p.name.startswith(".m3u-proxy-")]
        assert left == [], fault


@pytest.mark.skipif(not shutil.which("cc"), reason="no C compiler")
@pytest.mark.parametrize("kind", ["full", "full-once"])
def test_a_disk_without_room_costs_no_output(tmp_path, kind):
    disk = FullDisk(tmp_path)
    disk.prepare()
    calls = disk.run(f"{kind}:1000000")
    assert calls > 20
    for call in range(1, calls + 1, STEP if kind == "full" else 2 * STEP):
        disk.run(f"{kind}:{call}")
        disk.check(f"{kind}:{call}")


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
            config.write_text(configuration("http://user:secret-password@gone.invalid/list.m3u"))
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
