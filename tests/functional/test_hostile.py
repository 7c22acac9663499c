"""Hostile input at a small memory limit: a clear error or a counted skip, never above the limit."""

import gzip
import itertools
import pytest

from program import report_of, run

LIMIT_MB = 48
MB = 1 << 20
ENTRIES = 200_000


def generate(tmp_path, *arguments, expect=(0,)):
    """Runs the program at the limit and returns its report; its peak must be below the limit."""
    report = tmp_path / "report.json"
    done = run("generate", "--out", tmp_path / "out", "--memory-limit", f"{LIMIT_MB}MB",
               "--threads", "2", "--progress", "none", "--log-level", "error", "--report", report,
               *arguments, timeout=300)
    assert done.returncode in expect, done.stderr
    assert not [p for p in (tmp_path / "out").glob(".m3u-proxy-tmp*")]
    if done.returncode not in (0, 3):
        return done.stderr
    one = report_of(report)
    assert one["peak_memory_usage_mb"] <= LIMIT_MB
    return one


def write_list(path, entries):
    with open(path, "w", encoding="utf-8") as file:
        file.write("#EXTM3U\n")
        file.writelines(entries)
    return f"tv={path}"


def entry(name, url, attributes=""):
    return f"#EXTINF:-1{attributes},{name}\n{url}\n"


def test_ten_thousands_of_distinct_groups(tmp_path):
    source = write_list(tmp_path / "a.m3u", (
        entry(f"N{i}", f"http://h/{i}", f' group-title="group {i}"') for i in range(ENTRIES)))
    assert generate(tmp_path, "--source", source)["channels"] == ENTRIES


def test_duplicates_only(tmp_path):
    source = write_list(tmp_path / "a.m3u", itertools.repeat(entry("A", "http://h/a"), ENTRIES))
    report = generate(tmp_path, "--source", source)
    assert report["channels"] == 1
    assert report["problems"]["by_reason"]["duplicate"] == ENTRIES - 1


def test_everybody_wants_the_number_one(tmp_path):
    source = write_list(tmp_path / "a.m3u", (
        entry(f"N{i}", f"http://h/{i}", ' tvg-chno="1"') for i in range(ENTRIES)))
    assert generate(tmp_path, "--source", source)["channels"] == ENTRIES
    last = (tmp_path / "out" / "default.m3u").read_text().splitlines()[-2]
    assert f'tvg-chno="{ENTRIES}"' in last


def test_an_entry_of_directives_only(tmp_path):
    lines = itertools.chain([entry("A", "http://h/a"), "#EXTINF:-1,B\n"],
                            itertools.repeat("#EXTVLCOPT:x=1\n", 1_000_000),
                            ["http://h/b\n", entry("C", "http://h/c")])
    report = generate(tmp_path, "--source", write_list(tmp_path / "a.m3u", lines))
    assert report["channels"] == 2
    assert report["problems"]["by_reason"]["entry_too_large"] == 1


def test_a_line_larger_than_the_memory(tmp_path):
    lines = itertools.chain([entry("A", "http://h/a"), "#EXTINF:-1,"],
                            itertools.repeat("x" * MB, 2 * LIMIT_MB),
                            ["\nhttp://h/b\n", entry("C", "http://h/c")])
    report = generate(tmp_path, "--source", write_list(tmp_path / "a.m3u", lines))
    assert report["channels"] == 2
    assert report["problems"]["by_reason"]["entry_too_large"] == 1


def test_a_list_that_inflates_a_thousandfold(tmp_path):
    path = tmp_path / "a.m3u.gz"
    with gzip.open(path, "wb", compresslevel=9) as file:
        file.write(b"#EXTM3U\n#EXTINF:-1,A\nhttp://h/a\n#EXTINF:-1,B\n#EXTVLCOPT:")
        for _ in range(512):
            file.write(b"x" * MB)
        file.write(b"\nhttp://h/b\n")
    assert path.stat().st_size < MB
    assert generate(tmp_path, "--source", f"tv={path}", expect=(0, 3))["channels"] >= 1


@pytest.mark.parametrize("rule", [
    'channel_name matches "." SET channel_name += "@field:channel_name"',
    'channel_name matches ".*" SET group_title = "$0$0$0$0$0$0$0$0"',
])
def test_rules_that_double_a_field_end_at_the_cap_of_a_value(tmp_path, rule):
    source = write_list(tmp_path / "a.m3u", (
        entry(f"{i} " + "n" * 2000, f"http://h/{i}") for i in range(2000)))
    doubling = list(itertools.chain.from_iterable(["--rule", rule] for _ in range(8)))
    assert generate(tmp_path, "--source", source, *doubling)["channels"] == 2000


def test_a_description_larger_than_the_memory(tmp_path):
    source = write_list(tmp_path / "a.m3u", [entry("A", "http://h/a", ' tvg-id="a"')])
    guide = tmp_path / "g.xml"
    with open(guide, "w", encoding="utf-8") as file:
        file.write('<tv><channel id="a"><display-name>A</display-name></channel>\n')
        file.write('<programme start="20260101000000" channel="a"><title>T</title></programme>\n')
        file.write('<programme start="20260101010000" channel="a"><title>U</title><desc>')
        for _ in range(2 * LIMIT_MB):
            file.write("d" * MB)
        file.write("</desc></programme>\n")
        file.write('<programme start="20260101020000" channel="a"><title>V</title></programme>\n')
        file.write("</tv>\n")
    report = generate(tmp_path, "--source", source, "--epg", f"g={guide}", expect=(0, 3))
    assert report["programmes"] == 2


def test_a_guide_with_more_channels_than_fit(tmp_path):
    source = write_list(tmp_path / "a.m3u", (
        entry(f"N{i}", f"http://h/{i}", f' tvg-id="id{i}"') for i in range(ENTRIES)))
    guide = tmp_path / "g.xml"
    with open(guide, "w", encoding="utf-8") as file:
        file.write("<tv>\n")
        for i in range(ENTRIES):
            file.write(f'<channel id="id{i}"><display-name>N{i}</display-name></channel>\n')
            file.write(f'<programme start="20260101000000" channel="id{i}"><title>T</title>'
                       "</programme>\n")
        file.write("</tv>\n")
    report = generate(tmp_path, "--source", source, "--epg", f"g={guide}")
    assert report["programmes"] == ENTRIES
    assert report["guide"]["matched"] == ENTRIES
