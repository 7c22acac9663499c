"""Faults of a run that has to use the disk: a full disk and a kill at calls all over it.

tests/functional/test_faults.py tries every call of a small run; these are more than can be tried one
by one, so steps of a prime go over them. Run by ./dev test --full against the release build, which
TEST_BUILD names.
"""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
BUILD = Path(os.environ["TEST_BUILD"])
sys.path.insert(0, str(ROOT / "tests/faults"))
from faulty_system import (STAGES, Job, check_full_disk, check_kill, compile_library,  # noqa: E402
                           stage_of)

LIMIT = "20MB"
CHANNELS = 60_000
GUIDE_MB = 20
STEPS = 60  # about as many runs a test
LAST_GOOD = {"default.m3u": b"#EXTM3U\n", "default.xmltv": b"<tv></tv>\n"}


@pytest.fixture(scope="module")
def job(tmp_path_factory):
    folder = tmp_path_factory.mktemp("job")
    for name in ("tv", "radio"):
        subprocess.run([BUILD / "bench_generate", "--channels", str(CHANNELS),
                        "--playlist-out", folder / f"{name}.m3u", "--guide-mb", str(GUIDE_MB),
                        "--guide-out", folder / f"{name}.xml"], check=True)
    (folder / "c.toml").write_text("".join(
        f'[[sources]]\nname = "{name}"\npath = "{name}.m3u"\n'
        f'[[epg_sources]]\nname = "{name} guide"\npath = "{name}.xml"\n'
        for name in ("tv", "radio")) + '[[proxies]]\nname = "default"\nsources = ["tv", "radio"]\n'
        'epg_sources = ["tv guide", "radio guide"]\n'
        'sort = [{ field = "channel_name", order = "asc" }]\n')
    return Job(BUILD / "m3u-proxy", compile_library(folder), folder,
               ["--config", "c.toml", "--threads", "2", "--memory-limit", LIMIT], LAST_GOOD)


def calls_of(job, expected, mode):
    """The calls to try, of those that a run without faults makes."""
    job.restore()
    calls = job.run(f"{mode}:1000000000").calls
    assert calls > STEPS
    return range(1, calls + 1, max(1, calls // STEPS))


@pytest.fixture(scope="module")
def expected(job):
    return job.expected()


@pytest.mark.parametrize("how", ["full", "full-once"])
def test_a_disk_that_is_full_is_an_error_that_changes_nothing(job, expected, how):
    codes = [check_full_disk(job, expected, f"{how}:{call}").returncode
             for call in calls_of(job, expected, how)]
    assert codes.count(1) > STEPS / 2


def test_a_kill_in_any_stage_leaves_whole_files(job, expected):
    logs = [check_kill(job, expected, f"kill:{call}") for call in calls_of(job, expected, "kill")]
    killed_in = {stage_of(log) for log in logs if log is not None}
    assert killed_in >= {STAGES[0], "Channel Numbering", STAGES[-1]}
