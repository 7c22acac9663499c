"""The command line, with the real binary: exit codes, messages, signals, the last good output."""

import ctypes
import gzip
import json
import lzma
import os
import random
import re
import resource
import shutil
import signal
import struct
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from program import BINARY, ROOT, environment, run

TIMEOUT = 60
UUID = "957bdbb4-37f4-51ee-873b-f148c10969c2"
STOP_WITHIN = 2.0  # a second is promised; the machine that tests may be busy
LIST = "#EXTM3U\n#EXTINF:-1,One\nhttp://example.org/1\n#EXTINF:-1,Two\nhttp://example.org/2\n"
GUIDE = (
    '<tv><channel id="one.tv"><display-name>One</display-name></channel>'
    '<programme start="20260101180000 +0000" channel="one.tv"><title>The News</title></programme>'
    '<programme start="20260101190000 +0000" channel="one.tv"><title>A &amp; B</title></programme>'
    "</tv>"
)
WRITTEN = (
    "#EXTM3U\n"
    '#EXTINF:-1 tvg-chno="1",One\nhttp://example.org/1\n'
    '#EXTINF:-1 tvg-chno="2",Two\nhttp://example.org/2\n'
)


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "list.m3u").write_text(LIST)
    return tmp_path


def generate(folder, *arguments, **how):
    return run("generate", "--source", "tv=list.m3u", "--out", "out", *arguments, cwd=folder, **how)


def left_over(folder):
    return [path.name for path in folder.rglob("*") if ".m3u-proxy-" in path.name]


# --- what a run gives -------------------------------------------------------------------------


def test_publishes_and_says_so_on_standard_output(folder):
    done = generate(folder)
    assert done.returncode == 0, done.stderr
    assert done.stdout == "default: 2 channels, 0 problems → out/default.m3u\n"
    assert (folder / "out/default.m3u").read_text() == WRITTEN
    assert not (folder / "out/default.xmltv").exists()
    assert left_over(folder) == []


def test_log_and_tree_go_to_standard_error(folder):
    lines = generate(folder).stderr.splitlines()
    assert any(line.startswith("INFO Memory observation for 'Source Loading': ") for line in lines)
    assert any(line.startswith("INFO Memory cleanup summary: ") for line in lines)
    tree = [line for line in lines if line.startswith(("├─ ", "└─ "))]
    names = [line[3:].split(":")[0] for line in tree]
    assert names[0] == "Source Loading" and names[-1] in ("M3U Generation", "EPG Generation")
    assert any(line.startswith("Generation completed in ") for line in lines)


def test_log_level_flag_wins_over_the_environment(folder):
    quiet = generate(folder, "--log-level", "off", env=environment(M3U_PROXY_LOG="debug"))
    assert quiet.stderr == ""
    loud = generate(folder, env=environment(M3U_PROXY_LOG="off,memory.monitor=debug"))
    assert "Memory observation" in loud.stderr
    assert "Generation completed" not in loud.stderr


def test_an_unknown_log_module_is_said_once_with_the_known_ones(folder):
    done = generate(folder, "--log-level", "warn,memroy=debug")
    assert done.returncode == 0
    assert done.stderr.count('there is no module "memroy" to log; there are alerts, api, audit, backup, config, ') == 1
    done = generate(folder, env=environment(M3U_PROXY_LOG="warn,memory.cleanup=warn"))
    assert done.stderr == ""


def test_every_log_module_is_known(folder):
    shown = generate(folder, "--log-level", "x=info").stderr
    known = shown.split(" to log; there are ")[1].splitlines()[0].split(", ")
    call = re.compile(r'(?:kModule = |log::(?:at|debug|info|warn|error|enabled|write)'
                      r'\(\s*(?:[\w:]+,\s*)?)"([\w.]+)"')
    for path in (ROOT / "src").rglob("*.cpp"):
        if not path.name.endswith("_test.cpp"):
            assert set(call.findall(path.read_text())) <= set(known), path
    documented = (ROOT / "docs/cli.md").read_text()
    assert all(f"`{module}`" in documented for module in known)


def test_second_run_names_the_changes(folder):
    generate(folder)
    (folder / "list.m3u").write_text(LIST.replace("Two", "Three").replace("/2", "/3"))
    assert "+1 −1" in generate(folder).stdout


def test_report_has_the_documented_keys(folder):
    assert generate(folder, "--report", "report.json").returncode == 0
    report = json.loads((folder / "report.json").read_text())
    keys = """duration_ms channels programmes sources filters channels_per_second
        peak_memory_usage_mb memory_efficiency memory_cleanup_operations memory_freed_mb
        items_cleaned cleanup_ms stage_memory_usage stages pressure_events budget spill rules
        filters_detail sources_detail guide problems plugins""".split()
    assert set(keys) <= set(report)
    assert report["channels"] == 2 and report["peak_memory_usage_mb"] > 0
    assert report["stages"][0]["name"] == "Source Loading"
    assert report["stages"][0]["items_out"] == 2
    assert report["sources_detail"][0]["name"] == "tv"


def test_report_has_the_documented_parts(folder):
    (folder / "guide.xml").write_text(GUIDE)
    (folder / "list.m3u").write_text(LIST.replace(":-1", ':-1 tvg-id="one.tv"', 1) + "#EXTINF:-1,x\n")
    done = generate(folder, "--epg", "g=guide.xml", "--memory-limit", "256MB", "--report", "r.json",
                    "--exclude", 'name == "z"', "--rule", 'SET attr:a = "b"')
    assert done.returncode == 0, done.stderr
    report = json.loads((folder / "r.json").read_text())

    def has(part, keys):
        assert set(keys.split()) <= set(part), part

    for stage in report["stages"]:
        has(stage, "name execution_time_ms total_time_pc strategy peak_memory_mb items_in items_out")
    assert [stage["name"] for stage in report["stages"]] == [
        "Source Loading", "Data Mapping", "Filtering", "Logo Caching", "Channel Numbering",
        "M3U Generation", "EPG Generation"]
    assert set(report["stage_memory_usage"]) == {stage["name"] for stage in report["stages"]}
    has(report["budget"], "limit_mb peak_reserved_mb unaccounted_peak_mb by_tag")
    assert report["budget"]["limit_mb"] == 256
    has(report["spill"], "bytes files")
    has(report["rules"][0], "name evaluated matched changed")
    has(report["filters_detail"][0], "name evaluated matched changed")
    for source in report["sources_detail"]:
        has(source, "name items bytes age_s partial error")
    has(report["guide"], "matched of unmatched_sample")
    assert (report["guide"]["matched"], report["guide"]["of"]) == (1, 1)
    has(report["problems"], "total by_reason samples")
    has(report["problems"]["samples"][0], "source line reason")
    assert report["memory_efficiency"] > 0 and "fsync_ms" in report


def renamed_files(folder, action):
    """The names that files in `folder` got by renaming while `action` ran, in order."""
    libc = ctypes.CDLL(None, use_errno=True)
    moved_to = 0x80  # IN_MOVED_TO of inotify(7)
    watch = libc.inotify_init1(os.O_NONBLOCK)
    assert libc.inotify_add_watch(watch, bytes(folder), moved_to) >= 0
    action()
    events, names = os.read(watch, 65536), []
    os.close(watch)
    while events:
        size = struct.unpack_from("iIII", events)[3]
        names.append(events[16:16 + size].rstrip(b"\0").decode())
        events = events[16 + size:]
    return names


@pytest.mark.skipif(sys.platform != "linux", reason="inotify is Linux's")
def test_a_guide_that_cannot_be_used_is_named_once_with_what_becomes_of_the_last_one(folder):
    done = generate(folder, "--epg", "g=missing.xml")
    assert done.returncode == 3
    assert "WARN g: cannot open missing.xml" in done.stderr
    assert "WARN no EPG source could be used: there is no guide\n" in done.stderr
    (folder / "out/default.xmltv").write_text("old guide")
    done = generate(folder, "--epg", "g=missing.xml")
    assert "WARN no EPG source could be used: the last guide stays\n" in done.stderr
    assert (folder / "out/default.xmltv").read_text() == "old guide"


def test_a_guide_that_no_epg_source_renews_is_said_and_stays(folder):
    (folder / "guide.xml").write_text(GUIDE)
    assert "is not renewed" not in generate(folder, "--epg", "g=guide.xml").stderr
    published = (folder / "out/default.xmltv").read_text()
    done = generate(folder)
    assert done.returncode == 0
    assert ("WARN out/default.xmltv is not renewed, since there is no EPG source: delete it, or "
            "name one with epg_sources (--epg)\n") in done.stderr
    assert (folder / "out/default.xmltv").read_text() == published


def test_the_guide_is_published_before_the_playlist(folder):
    (folder / "guide.xml").write_text(GUIDE)
    (folder / "out").mkdir()
    names = renamed_files(folder / "out", lambda: generate(folder, "--epg", "g=guide.xml"))
    published = [name for name in names if not name.startswith(".")]
    assert published == ["default.xmltv", "default.m3u"]


def test_report_counts_filters_and_rules(folder):
    generate(folder, "--exclude", 'channel_name == "One"', "--rule", 'SET tvg_id = "x"',
             "--report", "report.json")
    report = json.loads((folder / "report.json").read_text())
    assert report["filters_detail"][0]["evaluated"] == 2
    assert report["filters_detail"][0]["matched"] == 1
    assert report["rules"][0]["changed"] == 2


def test_report_is_written_when_the_run_fails(folder):
    (folder / "list.m3u").unlink()
    assert generate(folder, "--report", "report.json").returncode == 1
    error = json.loads((folder / "report.json").read_text())["error"]
    assert "list.m3u" in error["message"]


def test_several_proxies_are_generated_one_after_the_other(folder):
    (folder / "m3u-proxy.toml").write_text(
        '[[sources]]\nname = "tv"\npath = "list.m3u"\n'
        '[[proxies]]\nname = "a"\nsources = ["tv"]\n'
        '[[proxies]]\nname = "b"\nsources = ["tv"]\nstarting_channel_number = 5\n'
    )
    done = run("generate", "--config", "m3u-proxy.toml", "--out", "out", "--report", "r.json",
               cwd=folder)
    assert done.returncode == 0, done.stderr
    assert (folder / "out/a.m3u").read_text() == WRITTEN
    assert 'tvg-chno="5"' in (folder / "out/b.m3u").read_text()
    report = json.loads((folder / "r.json").read_text())
    assert [proxy["proxy"] for proxy in report["proxies"]] == ["a", "b"]


def test_standard_input_feeds_two_proxies(folder):
    (folder / "m3u-proxy.toml").write_text(
        '[[sources]]\nname = "tv"\npath = "-"\n'
        '[[proxies]]\nname = "a"\nsources = ["tv"]\n[[proxies]]\nname = "b"\nsources = ["tv"]\n'
    )
    done = run("generate", "--config", "m3u-proxy.toml", "--out", "out", cwd=folder, stdin=LIST)
    assert done.returncode == 0, done.stderr
    assert (folder / "out/b.m3u").read_text() == WRITTEN


def test_the_example_runs():
    done = run("check", ROOT / "examples/m3u-proxy.toml")
    assert done.returncode == 0, done.stderr
    assert done.stdout.endswith(
        "is right: 1 proxy, 2 sources, 1 EPG source, 1 filter, 2 rules\n")


def test_the_example_gives_what_the_readme_says(tmp_path):
    done = run("generate", "--config", ROOT / "examples/m3u-proxy.toml", "--out", tmp_path)
    assert done.returncode == 0, done.stderr
    written = (tmp_path / "example.m3u").read_text()
    assert written.count("#EXTINF") == 7
    entry = [line[4:] for line in (ROOT / "README.md").read_text().splitlines()
             if line.startswith(("    #EXTINF", "    https://stream"))]
    assert "\n".join(entry) + "\n" in written
    assert (tmp_path / "example.xmltv").read_text().count("<channel ") == 4


# --- what goes wrong --------------------------------------------------------------------------


def test_a_failed_run_leaves_the_last_good_files(folder):
    generate(folder)
    (folder / "list.m3u").write_text("<html>Login</html>")
    failed = generate(folder)
    assert failed.returncode == 1
    assert "HTML" in failed.stderr
    assert failed.stdout == ""
    assert (folder / "out/default.m3u").read_text() == WRITTEN
    assert left_over(folder) == []


def test_a_file_that_is_not_there_is_named(folder):
    done = run("generate", "--source", "tv=gone.m3u", "--out", "out", cwd=folder)
    assert done.returncode == 1
    assert "gone.m3u" in done.stderr and "No such file" in done.stderr


@pytest.mark.parametrize("how", ["path", "file_url", "link", "report"])
def test_a_run_never_replaces_what_it_reads(folder, how):
    (folder / "default.m3u").write_text(LIST)
    (folder / "other.m3u").symlink_to("default.m3u")
    source = {"path": "./default.m3u", "file_url": f"file://{folder}/default.m3u",
              "link": "other.m3u", "report": "default.m3u"}[how]
    outputs = ["--out", "new", "--report", "other.m3u"] if how == "report" else ["--out", "."]
    done = run("generate", "--source", f"tv={source}", *outputs, cwd=folder)
    assert done.returncode == 2
    assert "is read by this run, which would replace it" in done.stderr
    assert (folder / "default.m3u").read_text() == LIST
    assert not (folder / "new").exists()


def test_a_proxy_may_read_what_another_one_publishes(folder):
    (folder / "c.toml").write_text(
        '[[sources]]\nname = "tv"\npath = "list.m3u"\n'
        '[[sources]]\nname = "first"\npath = "out/a.m3u"\n'
        '[[proxies]]\nname = "a"\nsources = ["tv"]\n[[proxies]]\nname = "b"\nsources = ["first"]\n'
    )
    for _ in range(2):
        done = run("generate", "--config", "c.toml", "--out", "out", cwd=folder)
        assert done.returncode == 0, done.stderr
    assert (folder / "out/b.m3u").read_text() == WRITTEN


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no /dev/full here")
def test_what_only_prints_fails_where_nothing_can_be_printed(folder):
    for command in (["--version"], ["check", ROOT / "examples/m3u-proxy.toml"],
                    ["test-expression", "name matches '.'", "--source", "tv=list.m3u"]):
        with open("/dev/full", "w") as full:
            done = subprocess.run([BINARY, *map(str, command)], cwd=folder, stdout=full,
                                  stderr=subprocess.PIPE, text=True, env=environment())
        assert done.returncode == 1
        assert "cannot write to standard output: No space left" in done.stderr


def test_a_folder_that_cannot_be_made_is_named(folder):
    done = run("generate", "--source", "tv=list.m3u", "--out", "list.m3u/out", cwd=folder)
    assert done.returncode == 1
    assert "list.m3u/out" in done.stderr


@pytest.mark.parametrize(
    "arguments, words",
    [
        ([], "no command given"),
        (["genrate"], "did you mean generate?"),
        (["generate", "--out", "o"], "nothing to generate from"),
        (["generate", "--source", "tv=x"], "--out is missing"),
        (["generate", "--sorce", "tv=x", "--out", "o"], "did you mean --source?"),
        (["generate", "--source", "x.m3u", "--out", "o"], "expected NAME=PATH_OR_URL"),
        (["generate", "--source", "t=x", "--out", "o", "--mode", "proxy"], "needs base_url"),
        (["generate", "--source", "t=x", "--out", "o", "--log-level", "lots"], "not a log level"),
        (["generate", "--config", "gone.toml", "--out", "o"], "gone.toml"),
        (["check"], "the configuration file is missing"),
        (["check", "gone.toml"], "gone.toml"),
        (["migrate-config", "gone.toml"], "gone.toml"),
        (["test-expression", "name contains 'x'"], "--source is missing"),
    ],
)
def test_wrong_usage_is_exit_2_with_the_remedy(tmp_path, arguments, words):
    done = run(*arguments, cwd=tmp_path)
    assert done.returncode == 2
    assert words in done.stderr
    assert done.stdout == ""
    assert list(tmp_path.iterdir()) == []


OLD_KEYS = '[proxy_memory]\nstrategy_preset = "conservative"  # safe\n'
TODAYS_KEYS = '[proxy_memory]\ncleanup_strategy = "smart"  # safe\n'


def test_migrate_config_prints_the_new_text_and_explains_each_change(folder):
    (folder / "old.toml").write_text(OLD_KEYS)
    done = run("migrate-config", "old.toml", cwd=folder)
    assert done.returncode == 0
    assert done.stdout == TODAYS_KEYS
    assert done.stderr.startswith("old.toml:2:1: proxy_memory.strategy_preset became "
                                  'proxy_memory.cleanup_strategy = "smart"')
    assert (folder / "old.toml").read_text() == OLD_KEYS


def test_migrate_config_may_write_onto_the_file_itself(folder):
    (folder / "old.toml").write_text(OLD_KEYS)
    assert run("migrate-config", "old.toml", "--output", "old.toml", cwd=folder).returncode == 0
    assert (folder / "old.toml").read_text() == TODAYS_KEYS
    again = run("migrate-config", "old.toml", cwd=folder)
    assert again.stdout == TODAYS_KEYS
    assert "nothing had to change" in again.stderr


def test_migrate_config_writes_nothing_when_a_value_is_wrong(folder):
    (folder / "old.toml").write_text('[proxy_memory]\nstrategy_preset = "fast"\n')
    done = run("migrate-config", "old.toml", "--output", "new.toml", cwd=folder)
    assert done.returncode == 2
    assert "old.toml:2:19" in done.stderr
    assert not (folder / "new.toml").exists()


def test_a_run_warns_of_legacy_keys_once_and_uses_them(folder):
    (folder / "old.toml").write_text(OLD_KEYS)
    done = generate(folder, "--config", "old.toml")
    assert done.returncode == 0, done.stderr
    warnings = [line for line in done.stderr.splitlines() if line.startswith("WARN")]
    assert len(warnings) == 1
    assert 'proxy_memory.cleanup_strategy = "smart"' in warnings[0]


def test_all_mistakes_of_a_configuration_come_at_once(folder):
    (folder / "bad.toml").write_text(
        "[proxy_memory]\nbatch_sise = 3\n"
        '[[filters]]\nname = "f"\naction = "exclude"\nexpression = \'name containz "x"\'\n'
        '[[proxies]]\nname = "p"\nsources = ["tw"]\n'
    )
    for command in (["check", "bad.toml"], ["generate", "--config", "bad.toml", "--out", "out"]):
        done = run(*command, cwd=folder)
        assert done.returncode == 2
        assert 'bad.toml:2:1: proxy_memory.batch_sise is not a key' in done.stderr
        assert 'did you mean "batch_size"?' in done.stderr
        assert "bad.toml:6:20: filter \"f\"" in done.stderr
        assert "       ^~~~~~~~" in done.stderr
        assert 'bad.toml:9:12: proxy "p": there is no [[sources]] called "tw"' in done.stderr
        assert "3 mistakes found" in done.stderr
    assert not (folder / "out").exists()


def test_check_finds_what_only_the_service_would_refuse(folder):
    (folder / "bad.toml").write_text(
        '[service]\nrefresh = "* * * * * *"\ntime_zone = "Europe/Atlantis"\n'
        '[http]\nlisten = "127.0.0.1:http"\npublic_url = "https://tv example"\n'
        '[[sources]]\nname = "tv"\nurl = "http://h/"\nrefresh = "6 hours"\n'
        '[[proxies]]\nname = "p"\nsources = ["tv"]\n')
    done = run("check", "bad.toml", cwd=folder)
    assert done.returncode == 2
    for words in ('[service]: refresh = "* * * * * *": it is due several times in a minute',
                  '[service]: time_zone = "Europe/Atlantis"', '[http]: listen: "127.0.0.1:http"',
                  "[http]: public_url: 'https://tv example'",
                  'bad.toml:8:8: source "tv": refresh = "6 hours"', "5 mistakes found"):
        assert words in done.stderr
    (folder / "bad.toml").write_text('[http]\ntrusted_proxies = ["10.0.0.0/8", "10.0.0.0/33"]\n')
    done = run("check", "bad.toml", cwd=folder)
    assert done.returncode == 2
    assert "bad.toml:2:34: http.trusted_proxies: '10.0.0.0/33' is no range" in done.stderr


def test_environment_variables_are_checked_too(folder):
    done = generate(folder, env=environment(M3U_PROXY_PROXY_MEMORY__BATCH_SISE="1"))
    assert done.returncode == 2
    assert "M3U_PROXY_PROXY_MEMORY__BATCH_SISE" in done.stderr
    assert generate(folder, env=environment(MEMORY_LIMIT_MB="many")).returncode == 2
    assert generate(folder, env=environment(MEMORY_LIMIT_MB="256")).returncode == 0


def test_a_limit_that_cannot_work_is_refused_before_any_work(folder):
    done = generate(folder, "--memory-limit", "2MB", "--threads", "1", "--report", "r.json")
    assert done.returncode == 4
    assert "the least that works" in done.stderr
    assert not (folder / "out").exists()
    assert json.loads((folder / "r.json").read_text())["error"]["code"] == "over_budget"


def test_the_least_that_is_named_works(folder):
    refused = generate(folder, "--memory-limit", "2MB", "--threads", "1")
    least = refused.stderr.split(" is ")[1].split(" MB")[0]
    done = generate(folder, "--memory-limit", f"{least}MB", "--threads", "1")
    assert done.returncode == 0, done.stderr


def test_a_refusal_on_the_way_names_the_limit_that_was_asked_for(folder):
    (folder / "list.m3u").write_bytes(lzma.compress(LIST.encode(), preset=9))
    done = generate(folder, "--memory-limit", "40MB", "--threads", "1")
    assert done.returncode == 4
    assert "this xz data needs 64.1 MB" in done.stderr
    assert "of 40.0 MB are in use (program " in done.stderr


@pytest.mark.parametrize("place, words", [
    ("gone/folder", "No such file"),
    ("list.m3u", "Not a directory"),
    ("/dev/shm", "kept in memory"),
])
def test_a_spill_folder_that_cannot_be_used_is_refused_at_once(folder, place, words):
    if place == "/dev/shm" and not os.path.ismount(place):
        pytest.skip("/dev/shm is no file system of its own here")
    done = generate(folder, "--spill-dir", place)
    assert done.returncode == 2
    assert words in done.stderr and "spill_dir" in done.stderr
    assert not (folder / "out").exists()


def test_max_shrink_refuses_a_list_that_lost_too_much(folder):
    config = folder / "c.toml"
    config.write_text(
        '[[sources]]\nname = "tv"\npath = "list.m3u"\n'
        '[[proxies]]\nname = "home"\nsources = ["tv"]\nmax_shrink = "40%"\n'
    )
    assert run("generate", "--config", config, "--out", folder / "out").returncode == 0
    (folder / "list.m3u").write_text("#EXTM3U\n#EXTINF:-1,One\nhttp://example.org/1\n")
    assert run("generate", "--config", config, "--out", folder / "out").returncode == 1
    assert (folder / "out/home.m3u").read_text() == WRITTEN


def test_a_compressed_copy_of_an_earlier_run_does_not_stay_behind(folder):
    config = folder / "c.toml"

    def publish(compress):
        config.write_text(
            '[[sources]]\nname = "tv"\npath = "list.m3u"\n'
            f'[[proxies]]\nname = "home"\nsources = ["tv"]\ncompress = {compress}\n'
        )
        return run("generate", "--config", config, "--out", folder / "out")

    copy = folder / "out/home.m3u.gz"
    assert publish("true").returncode == 0
    assert gzip.decompress(copy.read_bytes()).decode() == WRITTEN
    assert publish("false").returncode == 0
    assert not copy.exists()
    copy.write_bytes(gzip.compress(b"somebody else's"))
    assert "home.m3u.gz is not renewed" in publish("false").stderr
    assert copy.exists()


@pytest.fixture
def small_disk(tmp_path):
    """A disk of 64 KB."""
    mount = tmp_path / "disk"
    mount.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", str(mount)]
    if os.geteuid() != 0 or subprocess.run(command, check=False, capture_output=True).returncode:
        pytest.skip("a small disk cannot be mounted here (root may)")
    yield mount
    subprocess.run(["umount", str(mount)], check=True)


def test_a_full_disk_is_named_and_leaves_the_last_good_files(folder, small_disk):
    def onto_disk():
        return run("generate", "--source", "tv=list.m3u", "--out", small_disk, cwd=folder)

    assert onto_disk().returncode == 0
    rows = "".join(f"#EXTINF:-1,Name {i}\nhttp://example.org/{i}\n" for i in range(5000))
    (folder / "list.m3u").write_text("#EXTM3U\n" + rows)
    done = onto_disk()
    assert done.returncode == 1
    assert "No space left" in done.stderr
    assert (small_disk / "default.m3u").read_text() == WRITTEN
    assert left_over(small_disk) == []


def with_file_limit(limit, folder, *arguments):
    return subprocess.run(
        [BINARY, "generate", "--source", "tv=list.m3u", "--out", "out", *arguments],
        cwd=folder, capture_output=True, text=True, timeout=TIMEOUT, env=environment(),
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit)))


def test_a_report_that_cannot_be_written_is_exit_3_since_the_files_are_published(folder):
    done = with_file_limit(500, folder, "--report", "report.json")
    assert done.returncode == 3
    assert "report.json" in done.stderr and "File too large" in done.stderr
    assert (folder / "out/default.m3u").read_text() == WRITTEN
    assert not (folder / "report.json").exists()


@pytest.mark.parametrize("name, limit", [("default.m3u", 200_000), ("default.xmltv", 400_000)])
def test_a_file_that_grows_too_large_is_named_and_leaves_the_last_good_files(folder, name, limit):
    """As on a full disk, by `ulimit -f`, which needs no disk of its own."""
    noise = [random.Random(i).randbytes(24).hex() for i in range(4000)]
    (folder / "list.m3u").write_text("#EXTM3U\n" + "".join(
        f'#EXTINF:-1 tvg-id="{i}",{word if name == "default.m3u" else i}\nhttp://e.org/{i}\n'
        for i, word in enumerate(noise)))
    (folder / "guide.xml").write_text("<tv>" + "".join(
        f'<programme start="2026" channel="{i}"><title>{word}</title></programme>'
        for i, word in enumerate(noise if name == "default.xmltv" else noise[:5])) + "</tv>")
    (folder / "out").mkdir()
    (folder / "out/default.m3u").write_text("old list")
    (folder / "out/default.xmltv").write_text("old guide")
    done = with_file_limit(limit, folder, "--epg", "g=guide.xml")
    assert done.returncode == 1
    assert name in done.stderr and "File too large" in done.stderr
    assert (folder / "out/default.m3u").read_text() == "old list"
    assert (folder / "out/default.xmltv").read_text() == "old guide"
    assert left_over(folder) == []


def test_an_output_folder_that_vanishes_is_named(folder):
    os.mkfifo(folder / "fifo")
    process = start(folder, "fifo", stdin=subprocess.DEVNULL)
    with open(folder / "fifo", "w") as feed_it:  # waits until it is opened for reading
        shutil.rmtree(folder / "out")
        feed_it.write(LIST)
    message = process.communicate(timeout=TIMEOUT)[1].decode()
    assert process.returncode == 1
    assert "out" in message and "No such file" in message


# --- signals ----------------------------------------------------------------------------------


def start(folder, source, stdin=subprocess.PIPE):
    return subprocess.Popen(
        [BINARY, "generate", "--source", f"tv={source}", "--out", "out", "--progress", "none"],
        cwd=folder,
        stdin=stdin,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=environment(),
    )


def stop(process, how):
    begin = time.monotonic()
    process.send_signal(how)
    process.wait(timeout=TIMEOUT)
    return time.monotonic() - begin


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_stops_it_while_it_waits_for_input(folder, how):
    generate(folder)
    process = start(folder, "-")
    process.stdin.write(b"#EXTM3U\n#EXTINF:-1,Other\nhttp://example.org/other\n")
    process.stdin.flush()
    time.sleep(0.3)
    assert stop(process, how) < STOP_WITHIN
    assert process.returncode == 1
    assert b"stopped, nothing was replaced" in process.stderr.read()
    assert (folder / "out/default.m3u").read_text() == WRITTEN
    assert left_over(folder) == []


@pytest.mark.parametrize("after", [0.0, 0.02, 0.1, 0.4, 0.8])
def test_a_signal_at_any_moment_leaves_a_whole_file_or_the_old_one(folder, after):
    generate(folder)
    rows = "".join(
        f'#EXTINF:-1 tvg-id="{i}" group-title="G{i % 50}",Name {i}\nhttp://example.org/{i}\n'
        for i in range(300_000)
    )
    (folder / "big.m3u").write_text("#EXTM3U\n" + rows)
    (folder / "out" / "marker").touch()
    process = start(folder, "big.m3u", stdin=subprocess.DEVNULL)
    time.sleep(after)
    assert stop(process, signal.SIGTERM) < STOP_WITHIN
    written = (folder / "out/default.m3u").read_text()
    if process.returncode == 0:
        assert written.count("#EXTINF") == 300_000
    else:
        assert process.returncode in (1, -signal.SIGTERM)  # the latter before it could catch it
        assert written == WRITTEN
    assert left_over(folder) == []


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
@pytest.mark.parametrize("begun", ["", "<tv>", GUIDE[:-5]], ids=["nothing", "root", "programmes"])
def test_a_signal_while_the_guide_is_read_replaces_nothing(folder, how, begun):
    (folder / "guide.xml").write_text(GUIDE)
    generate(folder, "--epg", "g=guide.xml")
    old = (folder / "out/default.xmltv").read_text()
    os.mkfifo(folder / "fifo")
    process = subprocess.Popen(
        [BINARY, "generate", "--source", "tv=list.m3u", "--epg", "g=fifo", "--out", "out",
         "--start-number", "7"], cwd=folder, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
        stderr=subprocess.PIPE, env=environment())
    with open(folder / "fifo", "w") as feed_it:  # waits until it is opened for reading
        feed_it.write(begun)
        feed_it.flush()
        assert stop(process, how) < STOP_WITHIN
    assert process.returncode == 1
    assert b"stopped, nothing was replaced" in process.stderr.read()
    assert (folder / "out/default.m3u").read_text() == WRITTEN
    assert (folder / "out/default.xmltv").read_text() == old
    assert left_over(folder) == []


def test_a_killed_run_leaves_the_old_file_and_the_next_one_cleans_up(folder):
    generate(folder)
    process = start(folder, "-")
    rows = "".join(f"#EXTINF:-1,Name {i}\nhttp://example.org/{i}\n" for i in range(50_000))
    threading.Thread(target=feed, args=(process, rows.encode()), daemon=True).start()
    time.sleep(0.5)
    process.kill()
    process.wait(timeout=TIMEOUT)
    assert (folder / "out/default.m3u").read_text() == WRITTEN
    assert generate(folder).returncode == 0
    assert left_over(folder) == []


def feed(process, data):
    try:
        process.stdin.write(b"#EXTM3U\n" + data)
        process.stdin.flush()
    except OSError:
        pass


# --- help, completion, manual page ------------------------------------------------------------


def test_version():
    done = run("--version")
    assert done.returncode == 0
    assert done.stdout.startswith("m3u-proxy ")


@pytest.mark.parametrize("command", ["generate", "check", "test-expression"])
def test_help_has_examples(command):
    done = run(command, "--help")
    assert done.returncode == 0
    assert f"m3u-proxy {command} " in done.stdout
    assert "Example" in done.stdout


def test_documentation_names_every_option():
    documented = (ROOT / "docs/cli.md").read_text()
    for word in run("generate", "--help").stdout.split():
        if word.startswith("--"):
            assert word.rstrip(",") in documented


def complete(script, *words):
    line = " ".join(words)
    command = (
        f"source {script}; COMP_WORDS=({line} ''); COMP_CWORD={len(words)}; _m3u_proxy; "
        'printf "%s\\n" "${COMPREPLY[@]}"'
    )
    done = subprocess.run(["bash", "-c", command], capture_output=True, text=True, check=True)
    return done.stdout.split()


def test_bash_completion_works(tmp_path):
    script = tmp_path / "m3u-proxy.bash"
    script.write_text(run("generate-completion", "bash").stdout)
    assert {"generate", "check", "test-expression"} <= set(complete(script, "m3u-proxy"))
    assert "--memory-limit" in complete(script, "m3u-proxy", "generate")
    assert complete(script, "m3u-proxy", "generate", "--match") == ["id", "casefold", "name"]
    assert {"list", "validate", "new"} <= set(complete(script, "m3u-proxy", "plugin"))
    assert complete(script, "m3u-proxy", "plugin", "new", "--language") == ["cpp", "rust"]


@pytest.mark.parametrize("shell", ["zsh", "fish"])
def test_other_completions_are_scripts(tmp_path, shell):
    script = tmp_path / shell
    script.write_text(run("generate-completion", shell).stdout)
    assert "memory-limit" in script.read_text()
    try:
        subprocess.run([shell, "-n", str(script)], check=True)
    except FileNotFoundError:
        pytest.skip(f"{shell} is not installed: only the content was checked")


def test_manual_page_is_a_manual_page(tmp_path):
    page = tmp_path / "m3u-proxy.1"
    page.write_text(run("generate-completion", "man").stdout)
    assert page.read_text().startswith(".TH ")
    try:
        shown = subprocess.run(["man", "-l", str(page)], capture_output=True, text=True,
                               check=True, env=environment(MANWIDTH="100", MAN_KEEP_FORMATTING=""))
    except (FileNotFoundError, subprocess.CalledProcessError):
        pytest.skip("man cannot show pages here: only the source was checked")
    if "--memory-limit" not in shown.stdout:
        pytest.skip("man is not the real one here: only the source was checked")
    assert "EXIT STATUS" in shown.stdout


# --- test-expression --------------------------------------------------------------------------


def test_expression_shows_what_a_filter_matches(folder):
    done = run("test-expression", 'name == "one"', "--source", "tv=list.m3u", cwd=folder)
    assert done.returncode == 0, done.stderr
    assert done.stdout == "One [] (tv)\nfilter: 1 of 2 channels match\n"


def test_expression_shows_what_a_rule_changes(folder):
    done = run("test-expression", 'name == "Two" SET group_title = "G"', "--source",
               "tv=list.m3u", cwd=folder)
    assert done.returncode == 0, done.stderr
    assert 'group_title: "" → "G"' in done.stdout
    assert done.stdout.endswith("rule: 1 of 2 channels changed\n")


def test_expression_shows_what_a_rule_makes_of_a_guides_channels(folder):
    (folder / "own.xml").write_text(
        '<tv><channel id="a.x"><display-name>A</display-name></channel><channel id="b"/>'
        '<programme start="20260101" channel="c.x"/><programme start="20260102" channel="c.x"/></tv>'
    )
    done = run("test-expression", 'SET channel_id -= ".x"', "--epg", "g=own.xml",
               "--applies-to", "guide_channels", cwd=folder)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == [
        "A [a.x] (g)",
        '    channel_id: "a.x" → "a"',
        "c.x [c.x] (g)",
        '    channel_id: "c.x" → "c"',
        "rule: 2 of 3 guide channels changed",
    ]
    done = run("test-expression", 'channel_id == "b"', "--epg", "g=own.xml",
               "--applies-to", "guide_channels", cwd=folder)
    assert done.returncode == 2, "guides' channels are not filtered"


def test_expression_limits_what_it_shows(folder):
    done = run("test-expression", "name matches '.'", "--source", "tv=list.m3u", "--limit", "1",
               cwd=folder)
    assert "… and 1 more" in done.stdout


def test_expression_shows_the_address_of_a_logo(folder):
    done = run("test-expression", f'SET tvg_logo = "@logo:{UUID}"', "--source", "tv=list.m3u",
               "--base-url", "http://h:8080/", "--limit", "1", cwd=folder)
    assert done.returncode == 0, done.stderr
    assert f'tvg_logo: "" → "http://h:8080/logos/{UUID}"' in done.stdout
    refused = run("test-expression", f'SET tvg_logo = "@logo:{UUID}"', "--source", "tv=list.m3u",
                  cwd=folder)
    assert refused.returncode == 2
    assert "base_url" in refused.stderr


def test_expression_is_tried_on_programmes(folder):
    (folder / "guide.xml").write_text(GUIDE)
    done = run("test-expression", 'title contains "news"', "--epg", "g=guide.xml", cwd=folder)
    assert done.returncode == 0, done.stderr
    assert done.stdout == (
        "The News [one.tv 20260101180000 +0000] (g)\nfilter: 1 of 2 programmes match\n")
    done = run("test-expression", 'title == "A & B" SET subtitles = "C", start = "2027"', "--epg",
               "g=guide.xml", cwd=folder)
    assert done.returncode == 0, done.stderr
    assert done.stdout == (
        "A & B [one.tv 2027] (g)\n"
        '    programme_subtitle: "" → "C"\n'
        '    start: "20260101190000 +0000" → "2027"\n'
        "rule: 1 of 2 programmes changed\n")


def test_expression_names_a_guide_that_cannot_be_read(folder):
    (folder / "guide.xml").write_text("<html>Login</html>")
    done = run("test-expression", 'title contains "news"', "--epg", "g=guide.xml", cwd=folder)
    assert done.returncode == 1
    assert "<html>Login" in done.stderr


def test_expression_works_with_the_time_that_is_given(folder):
    done = run("test-expression", 'SET attr:t = "@time:now()"', "--source", "tv=list.m3u", "--now",
               "2026-01-01T00:00:00Z", "--limit", "1", cwd=folder)
    assert 'attr:t: "" → "1767225600"' in done.stdout


def test_expression_explains_a_mistake(folder):
    done = run("test-expression", 'name containz "x"', "--source", "tv=list.m3u", cwd=folder)
    assert done.returncode == 2
    assert "did you mean 'contains'?" in done.stderr
