"""Hostile input of gigabytes at a small memory limit: a clear error or a counted skip, never above it.

The input comes through a pipe, so it is nowhere on the disk. Smaller and more kinds of it:
tests/functional/test_hostile.py. Run by ./dev test --full against the release build, which TEST_BUILD
names.
"""

import itertools
import json
import os
import subprocess
import threading
from pathlib import Path

import pytest

BUILD = Path(os.environ["TEST_BUILD"])
LIMIT_MB = 48
MB = 1 << 20
MILLIONS = 10_000_000
ENTRIES_AT_ONCE = 10_000


def entry(name, attributes=""):
    return f"#EXTINF:-1{attributes},{name}\nhttp://h/{name}\n"


def feed(pipe, pieces):
    """Writes the pieces to the process that opens the pipe; ends early when the reader goes."""
    try:
        with open(pipe, "wb", buffering=0) as out:
            for piece in pieces:
                view = memoryview(piece if isinstance(piece, bytes) else piece.encode())
                while view:
                    view = view[out.write(view):]
    except BrokenPipeError:
        pass


@pytest.fixture
def generate(tmp_path):
    """Runs the program at the limit over a pipe and returns its report."""
    def run(option, pieces, *arguments, expect=(0,)):
        pipe = tmp_path / "pipe"
        os.mkfifo(pipe)
        feeder = threading.Thread(target=feed, args=(pipe, pieces), daemon=True)
        feeder.start()
        done = subprocess.run(
            [BUILD / "m3u-proxy", "generate", option, f"pipe={pipe}", *arguments, "--out",
             tmp_path / "out", "--memory-limit", f"{LIMIT_MB}MB", "--threads", "2", "--progress",
             "none", "--log-level", "error", "--report", tmp_path / "report.json"],
            stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=300, check=False)
        assert done.returncode in expect, done.stderr
        feeder.join(timeout=60)
        assert not feeder.is_alive()
        report = json.loads((tmp_path / "report.json").read_text())
        one = report[0] if isinstance(report, list) else report
        assert one["peak_memory_usage_mb"] <= LIMIT_MB
        return one
    return run


def test_ten_million_duplicates(generate):
    many = entry("A").encode() * ENTRIES_AT_ONCE
    report = generate("--source", itertools.chain(
        ["#EXTM3U\n"], itertools.repeat(many, MILLIONS // ENTRIES_AT_ONCE)))
    assert report["channels"] == 1
    assert report["problems"]["by_reason"]["duplicate"] == MILLIONS - 1


def test_ten_million_channels_of_which_none_is_kept(generate):
    pieces = ("".join(entry(i, f' group-title="group {i}" tvg-chno="1"')
                      for i in range(first, first + ENTRIES_AT_ONCE))
              for first in range(0, MILLIONS, ENTRIES_AT_ONCE))
    last = entry("Last", ' tvg-chno="1"')
    report = generate("--source", itertools.chain(["#EXTM3U\n"], pieces, [last]),
                      "--exclude", 'group_title starts_with "group"')
    assert report["channels"] == 1
    assert report["stages"][0]["items_out"] == MILLIONS + 1


def test_ten_million_directives_in_one_entry(generate):
    many = b"#EXTVLCOPT:x=1\n" * ENTRIES_AT_ONCE
    report = generate("--source", itertools.chain(
        ["#EXTM3U\n", entry("A"), "#EXTINF:-1,B\n"],
        itertools.repeat(many, MILLIONS // ENTRIES_AT_ONCE), ["http://h/b\n", entry("C")]))
    assert report["channels"] == 2
    assert report["problems"]["by_reason"]["entry_too_large"] == 1


def test_a_line_of_two_gigabytes(generate):
    report = generate("--source", itertools.chain(
        ["#EXTM3U\n", entry("A"), "#EXTINF:-1,"], itertools.repeat(b"x" * MB, 2048),
        ["\nhttp://h/b\n", entry("C")]))
    assert report["channels"] == 2
    assert report["problems"]["by_reason"]["entry_too_large"] == 1


def test_a_description_of_a_gigabyte(generate, tmp_path):
    source = tmp_path / "a.m3u"
    source.write_text("#EXTM3U\n" + entry("A", ' tvg-id="a"'))
    shown = '<programme start="2026010{}000000" channel="a"><title>T</title>{}</programme>\n'
    before, after = shown.format(2, "<desc>|</desc>").split("|")
    report = generate("--epg", itertools.chain(
        ["<tv>\n", shown.format(1, ""), before], itertools.repeat(b"d" * MB, 1024),
        [after, shown.format(3, ""), "</tv>\n"]), "--source", f"tv={source}", expect=(0, 3))
    assert report["programmes"] == 2
