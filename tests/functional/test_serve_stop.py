"""How long a service takes to stop: five seconds, whatever it waits for, and nothing is lost by it."""

import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from program import SLOWER
from service import Service, ask, wait_until
from test_serve import Source, configuration, names_in, playlist_of

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests/faults"))
from faulty_system import compile_library  # noqa: E402

CUT_SHORT = 1
LONGEST = 5
OLD, NEW = ["A", "B"], ["A", "C"]


@pytest.mark.skipif(not shutil.which("cc"), reason="no C compiler")
@pytest.mark.parametrize("signals", [1, 2])
def test_a_disk_that_does_not_answer_holds_up_no_stop(tmp_path, signals):
    data = tmp_path / "data"
    config = tmp_path / "config.toml"
    dead = tmp_path / "dead"
    with Source(playlist_of(*OLD)) as source:
        config.write_text(configuration(source.url))
        faults = {"LD_PRELOAD": str(compile_library(tmp_path)), "FAULTY_SYSTEM": f"hang:{dead}"}
        with Service(data, "--config", config, extra=faults) as service:
            service.wait_for_generation(1)
            service.wait_until_quiet()
            dead.touch()
            source.content = playlist_of(*NEW)
            service.ctl("refresh", "tv")
            wait_until((tmp_path / "dead.waits").exists)
            begin = time.monotonic()
            service.process.send_signal(signal.SIGTERM)
            wait_until(lambda: "stopping" in service.log())
            if signals == 2:
                service.process.send_signal(signal.SIGTERM)
            assert service.process.wait(60 * SLOWER) == CUT_SHORT
            took = time.monotonic() - begin
        said = service.log()
        if signals == 1:
            assert LONGEST <= took < LONGEST + 6 * SLOWER
            assert "it could not stop within 5 s, and waits for jobs" in said
        else:
            assert took < LONGEST - 1 or SLOWER > 1
            assert "it was told a second time to stop, and waits for " in said
        assert 'refresh of "tv" (check)' in said
        dead.unlink()
        # On a shared database what it did is free once its lease of 30 s is over.
        with Service(data, "--config", config) as service:
            assert names_in(ask(service.playlist).text) in (OLD, NEW)
            wait_until(lambda: names_in(ask(service.playlist).text) == NEW, 90 * SLOWER)
            service.wait_until_quiet()
            rows = service.ctl("generations", "home")["generations"]
            assert [row["state"] for row in rows] == ["current", "kept"]
            assert {job["state"] for job in service.ctl("jobs")["jobs"]} == {"done"}
        assert [p for p in data.rglob("*") if p.name.startswith(".m3u-proxy-")] == []


def test_a_log_that_nobody_reads_holds_up_no_stop(tmp_path):
    service = Service(tmp_path / "data")
    reader, writer = os.pipe()
    os.set_blocking(writer, False)
    try:
        while True:
            os.write(writer, bytes(4096))
    except BlockingIOError:
        os.set_blocking(writer, True)
    process = subprocess.Popen(service.command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                               stderr=writer, env=service.environment)
    os.close(writer)

    def takes_signals():
        """SIGTERM does not just kill it any more."""
        status = Path(f"/proc/{process.pid}/status").read_text()
        blocked = int(status.split("SigBlk:")[1].split()[0], 16)
        return blocked >> (signal.SIGTERM - 1) & 1

    try:
        wait_until(takes_signals)
        begin = time.monotonic()
        process.send_signal(signal.SIGTERM)
        assert process.wait(60 * SLOWER) == CUT_SHORT
        assert LONGEST <= time.monotonic() - begin < LONGEST + 1 + 6 * SLOWER
    finally:
        process.kill()
        process.wait()
        os.close(reader)
