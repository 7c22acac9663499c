"""A generation with the real binary on a system that fails it: the disk is full, the process is
killed, the clock jumps, at every call in turn. The last good files stay, or the right ones come.

At size: tests/proofs/test_faults_at_size.py.
"""

import json
import sys

import pytest

from program import BINARY, ROOT
from provider import Provider

sys.path.insert(0, str(ROOT / "tests/faults"))
from faulty_system import (STAGES, Job, check_full_disk, check_kill, compile_library,  # noqa: E402
                           files_of, stage_of)

CHANNELS = 40
TEN_YEARS = 315_576_000
CONFIGURATION = """
[memory_cleanup]
detailed_logging = true
[[sources]]
name = "tv"
path = "tv.m3u"
[[sources]]
name = "radio"
path = "radio.m3u"
[[sources]]
name = "news"
path = "news.m3u"
[[epg_sources]]
name = "one"
path = "tv.xml"
[[epg_sources]]
name = "two"
path = "radio.xml"
[[epg_sources]]
name = "three"
path = "news.xml"
[[filters]]
name = "no sevens"
action = "exclude"
expression = 'channel_name contains "7"'
[[rules]]
name = "turn"
expression = 'channel_name matches "^(.*) ([0-9]+)$" SET channel_name = "$2 $1"'
[[proxies]]
name = "default"
sources = ["tv", "radio", "news"]
epg_sources = ["one", "two", "three"]
filters = ["no sevens"]
rules = ["turn"]
sort = [{ field = "channel_name", order = "asc" }]
compress = true
"""
LAST_GOOD = {"default.m3u": b"#EXTM3U\n", "default.xmltv": b"<tv></tv>\n",
             "default.m3u.gz": b"old", "default.xmltv.gz": b"old"}


def write_sources(folder):
    for name in ("tv", "radio", "news"):
        (folder / f"{name}.m3u").write_text("#EXTM3U\n" + "".join(
            f'#EXTINF:-1 tvg-id="{name}{i}" tvg-chno="{i % 9}",{name} {i}\nhttp://h/{name}/{i}\n'
            for i in range(CHANNELS)))
        (folder / f"{name}.xml").write_text("<tv>" + "".join(
            f'<programme start="20260101{i % 24:02}0000" channel="{name}{i % CHANNELS}">'
            f"<title>Film {i}</title></programme>\n" for i in range(4 * CHANNELS)) + "</tv>")


@pytest.fixture(scope="module")
def library(tmp_path_factory):
    return compile_library(tmp_path_factory.mktemp("library"))


@pytest.fixture
def job(library, tmp_path):
    write_sources(tmp_path)
    (tmp_path / "c.toml").write_text(CONFIGURATION)
    return Job(BINARY, library, tmp_path, ["--config", "c.toml", "--threads", "2", "--report", "report.json"], LAST_GOOD)


@pytest.mark.parametrize("how", ["full", "full-once"])
def test_a_disk_that_is_full_at_any_call_is_an_error_that_changes_nothing(job, how):
    expected = job.expected()
    failed = 0
    call = 1
    while (done := check_full_disk(job, expected, f"{how}:{call}")).calls >= call:
        failed += done.returncode == 1
        call += 1
    assert call > 20
    assert failed > 10


def test_a_kill_at_any_call_of_any_stage_leaves_whole_files(job):
    job.command += ["--log-level", "debug"]
    expected = job.expected()
    killed_in = set()
    call = 1
    while (log := check_kill(job, expected, f"kill:{call}")) is not None:
        killed_in.add(stage_of(log))
        call += 1
    assert killed_in == {*STAGES, ""}
    assert call > 60


@pytest.mark.parametrize("years", [-1, 1])
def test_a_clock_that_jumps_by_ten_years_changes_neither_bytes_nor_history(job, years):
    job.command += ["--memory-limit", "auto"]
    expected = job.expected()
    call = 1
    while (done := job.run(f"clock:{call}:{years * TEN_YEARS}")).calls >= call:
        assert done.returncode == 0 and "damaged" not in done.stderr, done.stderr
        assert files_of(job.out) == expected
        call += 1
    assert call > 1
    assert json.loads((job.folder / "report.json").read_text())["prediction"]["runs"] == call


@pytest.mark.parametrize("years", [-10, 10])
def test_a_clock_that_jumps_by_ten_years_keeps_the_copy_of_a_source(library, tmp_path, years):
    with Provider() as provider:
        job = Job(BINARY, library, tmp_path,
                  ["--source", f"tv={provider.url('/htmllater/list.m3u')}", "--cache-dir", "cache",
                   "--report", "report.json"], {})
        expected = job.expected()
        for call in range(1, 4):
            done = job.run(f"clock:{call}:{years // 10 * TEN_YEARS}")
            assert done.returncode == 3, done.stderr
            assert files_of(job.out) == expected
            (source,) = json.loads((tmp_path / "report.json").read_text())["sources_detail"]
            assert source["from_cache"] and source["age_s"] >= 0
