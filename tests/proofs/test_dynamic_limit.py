"""A control group's limit that comes down in the middle of a run: the program follows it, and the
bytes are the same.

Run by ./dev test --full against the release build, which TEST_BUILD names; skipped where no control
group can be made.
"""

import filecmp
import json
import os
import subprocess
import threading
from pathlib import Path

from control_group import control_group
from test_memory_limit import MB

BUILD = Path(os.environ["TEST_BUILD"])
BEFORE_MB, AFTER_MB = 512, 48
AT_ONCE = 2000
MOST_WHILE_WAITING = 600
AFTERWARDS = 200


def entries(piece):
    return "".join(
        f'#EXTINF:-1 tvg-id="id{i}" tvg-logo="http://logos/{i}.png" group-title="G{i % 90}",N {i}\n'
        f"http://h/live/u/p/{i}\n" for i in range(piece * AT_ONCE, (piece + 1) * AT_ONCE))


class Run:
    """A run whose playlist comes through a pipe, a piece at a time."""

    def __init__(self, folder, limit, before_exec=None):
        self.out = folder / "out"
        self.pipe = folder / "pipe"
        folder.mkdir()
        os.mkfifo(self.pipe)
        self.changed = threading.Event()
        self.log = []
        self.process = subprocess.Popen(
            [BUILD / "m3u-proxy", "generate", "--source", f"tv={self.pipe}", "--out", self.out,
             "--memory-limit", limit, "--threads", "2", "--progress", "none", "--report",
             folder / "report.json"],
            stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, preexec_fn=before_exec)
        self.reader = threading.Thread(target=self.read_log, daemon=True)
        self.reader.start()
        self.input = open(self.pipe, "w", encoding="utf-8")  # waits until it is opened for reading
        self.input.write("#EXTM3U\n")
        self.pieces = 0
        self.report_file = folder / "report.json"

    def read_log(self):
        for line in self.process.stderr:
            self.log.append(line)
            if "INFO Memory limit " in line:
                self.changed.set()

    def feed(self, pieces=1):
        for _ in range(pieces):
            self.input.write(entries(self.pieces))
            self.pieces += 1
        self.input.flush()

    def finish(self):
        """The report."""
        self.input.close()
        assert self.process.wait(timeout=120) == 0, "".join(self.log)
        self.reader.join()
        return json.loads(self.report_file.read_text())


def lower(group, limit_mb):
    for name in ("memory.max", "memory.limit_in_bytes"):
        if (group / name).exists():
            (group / name).write_text(str(limit_mb * MB))


def test_a_control_group_that_shrinks_in_the_middle_is_followed(tmp_path):
    with control_group(BEFORE_MB * MB) as group:
        run = Run(tmp_path / "shrinks", "auto", group.join)
        run.feed(50)
        lower(group.folder, AFTER_MB)
        while not run.changed.wait(0.02):
            run.feed()
            assert run.pieces < MOST_WHILE_WAITING, "".join(run.log)
        run.feed(AFTERWARDS)
        report = run.finish()
    first, *later = report["limit_changes"]
    assert (first["from_mb"], first["to_mb"]) == (BEFORE_MB * 7 / 8, AFTER_MB * 7 / 8)
    # It comes down further while the machine is short of memory.
    assert all(change["to_mb"] <= AFTER_MB * 7 / 8 for change in later)
    assert report["stages"][-1]["name"] == "M3U Generation"
    assert report["stages"][-1]["peak_memory_mb"] <= AFTER_MB * 7 / 8
    assert report["spill"]["bytes"] > 0
    unlimited = Run(tmp_path / "unlimited", "none")
    unlimited.feed(run.pieces)
    unlimited.finish()
    assert filecmp.cmp(run.out / "default.m3u", unlimited.out / "default.m3u", shallow=False)
