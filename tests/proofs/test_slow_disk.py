"""A disk that is slower than the program, in a small control group: what waits for the disk is charged
to the group too, and the kernel ends a program that has too much of it.

Run by ./dev test --full against the release build, which TEST_BUILD names; skipped where no control group
or no slow disk can be made.
"""

import contextlib
import filecmp
import os
import subprocess
import threading
from pathlib import Path

import pytest

from control_group import control_group
from made_inputs import make_inputs
from slow_disk import slow_disk

BUILD = Path(os.environ["TEST_BUILD"])
MB = 1 << 20
CHANNELS, GUIDE_MB = 200_000, 40
SPEED = 15 * MB


def generate(inputs, out, limit, before_exec=None):
    out.mkdir()
    done = subprocess.run(
        [BUILD / "m3u-proxy", "generate", "--source", f"tv={inputs}/tv.m3u", "--epg", f"guide={inputs}/guide.xml",
         "--out", out, "--spill-dir", out, "--now", "2026-01-02T00:00:00Z", "--progress", "none",
         "--threads", "2", "--memory-limit", limit],
        stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=300, check=False,
        preexec_fn=before_exec)
    assert done.returncode == 0, (done.returncode, done.stderr)


@contextlib.contextmanager
def watch_what_waits(group):
    """The most that was charged to a group and waited for the disk, in bytes, in a list."""
    most, over = [0], threading.Event()

    def look():
        while not over.wait(0.005):
            figures = dict(line.split() for line in (group.folder / "memory.stat").read_text().splitlines())
            # Version 1 and version 2 of control groups.
            for names in (("dirty", "writeback"), ("file_dirty", "file_writeback")):
                most[0] = max(most[0], sum(int(figures.get(name, 0)) for name in names))

    looker = threading.Thread(target=look)
    looker.start()
    try:
        yield most
    finally:
        over.set()
        looker.join()


@pytest.mark.parametrize("group_mb, limit", [(48, "auto"), (64, "24MB")])
def test_what_waits_for_a_slow_disk_costs_nobody_his_life(tmp_path, group_mb, limit):
    inputs = tmp_path / "inputs"
    inputs.mkdir()
    make_inputs(inputs, CHANNELS, GUIDE_MB)
    generate(inputs, tmp_path / "quick", "none")
    with slow_disk(tmp_path, 1500 * MB, SPEED) as disk, control_group(group_mb * MB) as group:
        with watch_what_waits(group) as waited:
            generate(inputs, disk / "out", limit, group.join)
        for name in ("default.m3u", "default.xmltv"):
            assert filecmp.cmp(disk / "out" / name, tmp_path / "quick" / name, shallow=False), name
    assert 0 < waited[0] <= group_mb * MB // 4
