"""Runs every text case with the real binary and compares its output byte for byte.

A case is a folder with case.toml, its inputs, and what must come out:

    description = "the sentence that it is about"
    args = ["--source", "tv=list.m3u"]     # of `m3u-proxy generate`, paths from the case's folder
    stdin = "list.m3u"                     # optional: what standard input gives
    exit = 0                               # optional
    stderr = ["words"]                     # optional: what standard error must say
    problems = { duplicate = 1 }           # optional: the report's counts, exactly

expected.m3u and expected.xmltv are compared with the files of the proxy "default" (or of `proxy`);
where one is missing, the program must not have written it. Each case runs with every setting of
SETTINGS, and all of them must give the same bytes. The binary is build/release/m3u-proxy, or what
the environment variable M3U_PROXY names.
"""

import functools
import json
import os
import re
import subprocess
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
BINARY = os.environ.get("M3U_PROXY", str(ROOT / "build" / "release" / "m3u-proxy"))
CASES = sorted(path.parent for path in Path(__file__).parent.glob("*/case.toml"))
# Threads, rows a batch, memory limit; "least" is what the program itself says works.
SETTINGS = [(threads, "1000", limit) for threads in ("1", "2", "4")
            for limit in ("none", "64MB", "least")]
SETTINGS += [("1", "1", "none"), ("2", "3", "128MB"), ("4", "2", "auto"), ("2", "1", "least")]
TIMEOUT = 60


@functools.cache
def least_limit(folder, threads, batch_size):
    """The least limit that works for a case, as the refusal of a lower one names it: expressions
    take memory of their own. A case that is refused before has its usage wrong: any limit does."""
    refused = subprocess.run(
        [BINARY, "generate", *Case(folder).args, "--out", ".", "--memory-limit", "1MB",
         "--threads", threads, "--batch-size", batch_size],
        cwd=folder, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=TIMEOUT,
        check=False)
    if refused.returncode == 2:
        return "1MB"
    assert refused.returncode == 4, refused.stderr
    named = re.search(r"the least that works is (\d+) MB", refused.stderr)
    return f"{named[1]}MB"


def run(case, out, report, setting):
    threads, batch_size, limit = setting
    if limit == "least":
        limit = least_limit(case.folder, threads, batch_size)
    stdin = (case.folder / case.stdin).read_bytes() if case.stdin else b""
    return subprocess.run(
        [BINARY, "generate", *case.args, "--out", str(out), "--report", str(report)]
        + ["--threads", threads, "--batch-size", batch_size, "--memory-limit", limit]
        + ["--progress", "none"],
        cwd=case.folder,
        input=stdin,
        capture_output=True,
        timeout=TIMEOUT,
        check=False,
    )


class Case:
    def __init__(self, folder):
        with open(folder / "case.toml", "rb") as file:
            text = tomllib.load(file)
        self.folder = folder
        self.args = text["args"]
        self.stdin = text.get("stdin")
        self.exit = text.get("exit", 0)
        self.stderr = text.get("stderr", [])
        self.problems = text.get("problems")
        self.proxy = text.get("proxy", "default")


def read(path):
    return path.read_bytes() if path.exists() else None


@pytest.mark.parametrize("setting", SETTINGS, ids="-".join)
@pytest.mark.parametrize("folder", CASES, ids=lambda folder: folder.name)
def test_case(folder, setting, tmp_path):
    case = Case(folder)
    out, report = tmp_path / "out", tmp_path / "report.json"
    finished = run(case, out, report, setting)
    stderr = finished.stderr.decode()
    assert finished.returncode == case.exit, stderr
    for words in case.stderr:
        assert words in stderr
    for ending in ("m3u", "xmltv"):
        expected = read(folder / f"expected.{ending}")
        written = read(out / f"{case.proxy}.{ending}")
        assert written == expected
    if case.problems is not None:
        assert json.loads(report.read_text())["problems"]["by_reason"] == case.problems


def test_there_are_cases():
    assert len(CASES) >= 25
