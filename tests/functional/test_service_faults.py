"""A service that is killed while it refreshes its sources and publishes what comes of them, at one call
after the other (tests/faults): the last good output is served whole by the next one, which brings
the work to its end, and nothing is doubled, lost or left.

Of one list: all of some 200 calls, as ./dev test --full has it (FAULT_STEP=1), or every ninth. Of
everything that a service keeps: TRIES of its calls, evenly from its start to the end of what it
publishes; on PostgreSQL too. Several are tried at a time, since each mostly waits.
"""

import os
import shutil
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import postgres
import pytest

from homes import Everything, OneList
from service import SOON, wait_until

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests/faults"))
from faulty_system import compile_library  # noqa: E402

STEP = int(os.environ.get("FAULT_STEP", "9"))
LEASE = 30  # seconds that on PostgreSQL the job of a dead one is left alone: it could be another replica's
TRIES = 24 if STEP == 1 else 10
PATIENCE = 60
if postgres.SHARED is not None:
    TRIES = 8
    PATIENCE = LEASE + SOON
AT_A_TIME = 4 if postgres.SHARED is None else TRIES
NEVER = 1_000_000


class Sweep:
    def __init__(self, home):
        self.home = home
        self.library = compile_library(home.folder)
        home.prepare()

    def run_until_killed(self, data, call):
        """Whether it was killed before all was done."""
        log = data.parent / "killed.log"
        service = self.home.service(data)
        with open(log, "wb") as out:
            process = subprocess.Popen(
                service.command, stdin=subprocess.DEVNULL, stdout=out, stderr=out,
                env=service.environment | {"LD_PRELOAD": str(self.library), "FAULTY_SYSTEM": f"kill:{call}",
                                           "FAULTY_SYSTEM_CALLS": str(data.parent / "calls")})
        end = time.monotonic() + PATIENCE
        while process.poll() is None and self.home.next not in log.read_text():
            assert time.monotonic() < end, log.read_text()
            time.sleep(0.02)
        if process.poll() is None:
            process.terminate()
            process.wait(20)
        return process.returncode < 0

    def check(self, data, call):
        with self.home.service(data) as service:
            self.home.look(service, call)
            wait_until(lambda: self.home.look(service, call), PATIENCE)

            def states():
                return {job["state"] for job in service.ctl("jobs")["jobs"]}

            wait_until(lambda: not states() & {"queued", "running"}, PATIENCE)
            assert states() == {"done"}, call
            assert self.home.look(service, call), call
            rows = self.home.check(service, call)
        self.home.check_folder(data, rows, call)

    def calls(self):
        """How many there are in a run that nobody kills."""
        data = self.home.copy(f"call-{NEVER}")
        assert not self.run_until_killed(data, NEVER)
        self.home.forget(data)
        return int((data.parent / "calls").read_text())

    def try_call(self, call):
        """Whether a run was killed there; what it left is looked at then."""
        data = self.home.copy(f"call-{call}")
        killed = self.run_until_killed(data, call)
        if killed:
            self.check(data, call)
        self.home.forget(data)
        return killed

    def try_all(self, calls, least):
        """`least`: the share of them that a run has to reach. Two runs differ by some calls at the end, as
        their threads meet."""
        with ThreadPoolExecutor(AT_A_TIME) as pool:
            killed = list(pool.map(self.try_call, calls))
        assert sum(killed) >= least * len(killed), killed


@postgres.sqlite_only
@pytest.mark.skipif(not shutil.which("cc"), reason="no C compiler")
def test_a_kill_at_any_call_of_a_refresh_costs_nothing(tmp_path):
    with OneList(tmp_path) as home:
        sweep = Sweep(home)
        calls = sweep.calls()
        assert calls > 60
        sweep.try_all(range(1, calls + 1, STEP), 0.9)
        call = calls + 1
        while sweep.try_call(call):
            call += STEP


@pytest.mark.skipif(not shutil.which("cc"), reason="no C compiler")
def test_a_kill_at_calls_all_over_a_refresh_of_everything_costs_nothing(tmp_path):
    with Everything(tmp_path) as home:
        sweep = Sweep(home)
        calls = sweep.calls()
        assert calls > 5 * TRIES
        # What is new may also be published in two steps, with more calls.
        sweep.try_all([1 + number * calls // TRIES for number in range(TRIES)], 0.75)
