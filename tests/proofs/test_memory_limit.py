"""The memory limit as a promise: the same bytes at any limit, and never above it.

The largest job, a million channels with a gigabyte of guide, runs in a control group of 64 MB without
swap where one can be made; the kernel would end a process that takes more. Elsewhere, and for the
other limits, the kernel's peak of the process is what counts. Run by ./dev test --full against the
release build, which TEST_BUILD names.
"""

import filecmp
import json
import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from control_group import control_group
from made_inputs import make_inputs

BUILD = Path(os.environ["TEST_BUILD"])
MB = 1 << 20
CHANNELS = 1_000_000
GUIDE_MB = 1000
NEEDED_DISK_MB = 6000
JOB = [
    "--exclude", 'group_title contains "adult"',
    "--exclude", 'group_title ends_with "VOD"',
    "--rule", 'channel_name matches "^(.*) HD( [0-9]+)?$" SET channel_name = "$1$2", '
              'attr:quality = "HD"',
    "--now", "2026-01-02T00:00:00Z", "--progress", "none", "--log-level", "error", "--threads", "2",
]


@pytest.fixture(scope="module")
def inputs(tmp_path_factory):
    folder = tmp_path_factory.mktemp("inputs")
    make_inputs(folder, CHANNELS, GUIDE_MB, NEEDED_DISK_MB)
    yield folder
    shutil.rmtree(folder)


def generate(inputs, out, limit, before_exec=None):
    """Runs the job and returns its report."""
    report = Path(out) / "report.json"
    Path(out).mkdir(exist_ok=True)
    done = subprocess.run([BUILD / "m3u-proxy", "generate", "--source", f"tv={inputs}/tv.m3u",
                           "--epg", f"guide={inputs}/guide.xml", "--out", out, *JOB,
                           "--memory-limit", limit, "--report", report],
                          stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=900,
                          preexec_fn=before_exec)
    assert done.returncode == 0, done.stderr
    document = json.loads(report.read_text())
    return document[0] if isinstance(document, list) else document.get("proxies", [document])[0]


@pytest.fixture(scope="module")
def unlimited(inputs, tmp_path_factory):
    out = tmp_path_factory.mktemp("unlimited")
    generate(inputs, out, "none")
    yield out
    shutil.rmtree(out)


def assert_same_files(out, reference):
    for name in ("default.m3u", "default.xmltv"):
        assert filecmp.cmp(out / name, reference / name, shallow=False), name


def test_a_million_channels_and_a_gigabyte_of_guide_fit_into_64_mb(inputs, unlimited, tmp_path):
    with control_group(64 * MB) as group:
        report = generate(inputs, tmp_path, "64MB", group.join)
    assert report["peak_memory_usage_mb"] <= 64 * 7 / 8 + 0.5
    assert_same_files(tmp_path, unlimited)


@pytest.mark.parametrize("limit", ["24MB", "48MB", "64MB"])
def test_the_peak_stays_below_the_limit_and_the_bytes_are_the_same(inputs, unlimited, tmp_path,
                                                                  limit):
    report = generate(inputs, tmp_path, limit)
    assert report["peak_memory_usage_mb"] <= int(limit.removesuffix("MB")) + 0.5
    assert report["budget"]["unaccounted_peak_mb"] < 8
    assert report["spill"]["bytes"] > 0
    assert_same_files(tmp_path, unlimited)


def test_the_least_limit_does_not_depend_on_where_the_program_is_loaded(tmp_path):
    """One start in some hundreds has an address where the kernel maps MBs of the program at once."""
    least = set()
    for _ in range(2000):
        refused = subprocess.run(
            [BUILD / "m3u-proxy", "generate", "--source", "tv=/dev/null", "--out", tmp_path,
             "--memory-limit", "1MB"], capture_output=True, text=True, timeout=60, check=False)
        least.add(int(re.search(r"the least that works is (\d+) MB", refused.stderr)[1]))
    assert max(least) - min(least) <= 1, least
