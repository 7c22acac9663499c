"""A service that is killed while it refreshes its sources and publishes what comes of them, at one call
after the other (tests/faults): the last good output is served whole by the next one, which brings
the work to its end, and nothing is doubled, lost or left.

Of one list: all of some 200 calls, as ./dev test --full has it (FAULT_STEP=1), or every ninth. Of
everything that a service keeps: TRIES of its calls, evenly from its start to the end of what it
publishes; on PostgreSQL too. Several are tried at a time, since each mostly waits.
"""

import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import postgres
import pytest

from homes import NEVER, PATIENCE, Everything, OneList, sweep
from service import wait_until

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests/faults"))
from faulty_system import compile_library  # noqa: E402

STEP = int(os.environ.get("FAULT_STEP", "9"))
TRIES = 24 if STEP == 1 else 10
AT_A_TIME = 4
if postgres.SHARED is not None:  # where each waits for a lease
    TRIES = AT_A_TIME = 8


class Kills:
    def __init__(self, home):
        self.home = home
        self.library = compile_library(home.folder)
        home.prepare()

    def run_until_killed(self, data, call):
        """How many calls there were until all was done; `call` where it was killed before."""
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
        assert process.returncode in (0, -signal.SIGKILL), log.read_text()
        return call if process.returncode else int((data.parent / "calls").read_text())

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
        data = self.home.copy("all")
        calls = self.run_until_killed(data, NEVER)
        assert calls < NEVER
        self.home.forget(data)
        return calls

    def try_call(self, call):
        """How many calls a run had that is killed there; what it left then is looked at."""
        data = self.home.copy(call)
        seen = self.run_until_killed(data, call)
        if seen >= call:
            self.home.look_for_secrets(data)
            self.check(data, call)
        self.home.forget(data)
        return seen


@postgres.sqlite_only
@pytest.mark.skipif(not shutil.which("cc"), reason="no C compiler")
def test_a_kill_at_any_call_of_a_refresh_costs_nothing(tmp_path):
    with OneList(tmp_path) as home:
        kills = Kills(home)
        calls = kills.calls()
        assert calls > 60
        sweep(kills.try_call, calls, len(range(0, calls, STEP)), AT_A_TIME)
        call = calls + 1
        while kills.try_call(call) >= call:
            call += STEP


@pytest.mark.skipif(not shutil.which("cc"), reason="no C compiler")
def test_a_kill_at_calls_all_over_a_refresh_of_everything_costs_nothing(tmp_path):
    with Everything(tmp_path) as home:
        kills = Kills(home)
        calls = kills.calls()
        assert calls > 5 * TRIES
        sweep(kills.try_call, calls, TRIES, AT_A_TIME)
