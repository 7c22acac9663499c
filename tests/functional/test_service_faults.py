"""A service that is killed while it refreshes a source and publishes what comes of it, at one call
after the other (tests/faults): the last good output is served whole by the next one, which brings
the work to its end, and nothing is doubled or left.

All calls, as ./dev test --full has it: FAULT_STEP=1. Otherwise so many are left out that about twenty
are tried. Several are tried at a time, since each mostly waits.
"""

import os
import shutil
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from service import Service, ask, environment, wait_until
from test_serve import configuration, names_in, playlist_of

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests/faults"))
from faulty_system import compile_library  # noqa: E402

STEP = int(os.environ.get("FAULT_STEP", "9"))
AT_A_TIME = 4
PATIENCE = 60
NEVER = 1_000_000


class Sweep:
    def __init__(self, folder):
        self.folder = folder
        self.ready = folder / "ready"
        self.listing = folder / "tv.m3u"
        self.config = folder / "config.toml"
        self.library = compile_library(folder)
        self.config.write_text(configuration("x").replace('url = "x"', 'path = "tv.m3u"'))

    def service(self, data):
        return Service(data, "--config", self.config)

    def prepare(self):
        """A service that has published A and B, and whose list is another one now."""
        self.listing.write_text(playlist_of("A", "B"))
        with self.service(self.ready):
            pass
        self.listing.write_text(playlist_of("A", "C"))

    def data_of(self, call):
        """A folder of its own for a call, with the data that are ready."""
        data = self.folder / f"call-{call}" / "data"
        shutil.copytree(self.ready, data)
        return data

    def run_until_killed(self, data, call):
        """Whether it was killed before all was done."""
        log = data.parent / "killed.log"
        with open(log, "wb") as out:
            process = subprocess.Popen(
                self.service(data).command, stdin=subprocess.DEVNULL, stdout=out, stderr=out,
                env=environment() | {"LD_PRELOAD": str(self.library), "FAULTY_SYSTEM": f"kill:{call}",
                                     "FAULTY_SYSTEM_CALLS": str(data.parent / "calls")})
        end = time.monotonic() + PATIENCE
        while process.poll() is None and '"home" #2' not in log.read_text():
            assert time.monotonic() < end, log.read_text()
            time.sleep(0.02)
        if process.poll() is None:
            process.terminate()
            process.wait(20)
        return process.returncode < 0

    def check(self, data, call):
        with self.service(data) as service:
            assert names_in(ask(service.playlist).text) in (["A", "B"], ["A", "C"]), call
            wait_until(lambda: names_in(ask(service.playlist).text) == ["A", "C"])
            wait_until(lambda: not service.ctl("status")["running"])
            rows = service.ctl("generations", "home")["generations"]
            assert [row["state"] for row in rows] == ["current", "kept"], (call, rows)
            assert {job["state"] for job in service.ctl("jobs")["jobs"]} == {"done"}, call
        assert {path.name for path in data.glob("generations/*/*")} == {
            str(row["number"]) for row in rows}, call
        assert len(list(data.glob("sources/*/*"))) == 2, call
        left = [p for p in data.rglob("*") if p.name.startswith(".m3u-proxy-")]
        assert left == [], call

    def calls(self):
        """How many there are in a run that nobody kills."""
        data = self.data_of(NEVER)
        assert not self.run_until_killed(data, NEVER)
        return int((data.parent / "calls").read_text())

    def try_call(self, call):
        """Whether a run was killed there; what it left is looked at then."""
        data = self.data_of(call)
        killed = self.run_until_killed(data, call)
        if killed:
            self.check(data, call)
        shutil.rmtree(data.parent)
        return killed


@pytest.mark.skipif(not shutil.which("cc"), reason="no C compiler")
def test_a_kill_at_any_call_of_a_refresh_costs_nothing(tmp_path):
    sweep = Sweep(tmp_path)
    sweep.prepare()
    calls = sweep.calls()
    assert calls > 60
    with ThreadPoolExecutor(AT_A_TIME) as pool:
        killed = list(pool.map(sweep.try_call, range(1, calls + 1, STEP)))
    # Two runs differ by some calls at the end, as their threads meet.
    assert sum(killed) >= 0.9 * len(killed)
    call = calls + 1
    while sweep.try_call(call):
        call += STEP
