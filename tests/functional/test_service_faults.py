"""A service that is killed while it refreshes a source and publishes what comes of it, at one call
after the other (tests/faults): the last good output is served whole by the next one, which brings
the work to its end, and nothing is doubled or left.

All calls: FAULT_STEP=1. Otherwise so many are left out that about twenty are tried.
"""

import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

from service import Service, ask, environment, wait_until
from test_serve import configuration, names_in, playlist_of

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests/faults"))
from faulty_system import compile_library  # noqa: E402

STEP = int(os.environ.get("FAULT_STEP", "9"))
PATIENCE = 60


class Sweep:
    def __init__(self, folder):
        self.folder = folder
        self.data = folder / "data"
        self.ready = folder / "ready"
        self.listing = folder / "tv.m3u"
        self.config = folder / "config.toml"
        self.library = compile_library(folder)
        self.config.write_text(configuration("x").replace('url = "x"', 'path = "tv.m3u"'))

    def service(self):
        return Service(self.data, "--config", self.config)

    def prepare(self):
        """A service that has published A and B, and whose list is another one now."""
        self.listing.write_text(playlist_of("A", "B"))
        with self.service():
            pass
        self.data.rename(self.ready)
        self.listing.write_text(playlist_of("A", "C"))

    def run_until_killed(self, call):
        """Whether it was killed before all was done."""
        shutil.rmtree(self.data, ignore_errors=True)
        shutil.copytree(self.ready, self.data)
        log = self.folder / "killed.log"
        with open(log, "wb") as out:
            process = subprocess.Popen(
                self.service().command, stdin=subprocess.DEVNULL, stdout=out, stderr=out,
                env=environment() | {"LD_PRELOAD": str(self.library),
                                     "FAULTY_SYSTEM": f"kill:{call}"})
        end = time.monotonic() + PATIENCE
        while process.poll() is None and '"home" #2' not in log.read_text():
            assert time.monotonic() < end, log.read_text()
            time.sleep(0.02)
        if process.poll() is None:
            process.terminate()
            process.wait(20)
        return process.returncode < 0

    def check(self, call):
        with self.service() as service:
            assert names_in(ask(service.playlist).text) in (["A", "B"], ["A", "C"]), call
            wait_until(lambda: names_in(ask(service.playlist).text) == ["A", "C"])
            wait_until(lambda: not service.ctl("status")["running"])
            rows = service.ctl("generations", "home")["generations"]
            assert [row["state"] for row in rows] == ["current", "kept"], (call, rows)
            assert {job["state"] for job in service.ctl("jobs")["jobs"]} == {"done"}, call
        assert {path.name for path in self.data.glob("generations/*/*")} == {
            str(row["number"]) for row in rows}, call
        assert len(list(self.data.glob("sources/*/*"))) == 2, call
        left = [p for p in self.data.rglob("*") if p.name.startswith(".m3u-proxy-")]
        assert left == [], call


@pytest.mark.skipif(not shutil.which("cc"), reason="no C compiler")
def test_a_kill_at_any_call_of_a_refresh_costs_nothing(tmp_path):
    sweep = Sweep(tmp_path)
    sweep.prepare()
    call = 1
    while sweep.run_until_killed(call):
        sweep.check(call)
        call += STEP
    assert call > 60
