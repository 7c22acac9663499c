"""How memory is handled, as the report of the real binary shows it."""

import json
import subprocess
import time
from pathlib import Path

import pytest

from program import BINARY, TIMEOUT, environment, run

CHANNELS = 100_000
MOST_UNACCOUNTED_MB = 8


def generate(folder, *arguments):
    return run("generate", *arguments, cwd=folder)


def reported(folder, *arguments):
    """The report of a generation in this folder."""
    done = generate(folder, *arguments, "--report", "report.json")
    assert done.returncode == 0, done.stderr
    return json.loads((folder / "report.json").read_text())


def entry(number):
    return (
        f'#EXTINF:-1 tvg-id="channel-{number}.example" tvg-name="Channel {number}" '
        f'tvg-logo="http://logos.example.org/{number}.png" group-title="Group {number % 300}",'
        f"Channel {number} HD\nhttp://stream.example.org/live/user/secret/{number}.ts\n"
    )


@pytest.fixture(scope="module")
def large(tmp_path_factory):
    """A list of 100,000 channels, and the reports of four runs over it."""
    folder = tmp_path_factory.mktemp("large")
    with (folder / "list.m3u").open("w") as playlist:
        playlist.write("#EXTM3U\n")
        playlist.writelines(entry(number) for number in range(CHANNELS))
    reports = []
    for _ in range(4):
        reports.append(reported(folder, "--source", "tv=list.m3u", "--out", "out"))
    return folder, reports


@pytest.fixture
def small(tmp_path):
    (tmp_path / "list.m3u").write_text("#EXTM3U\n" + entry(1) + entry(2))
    return tmp_path


# --- the account ------------------------------------------------------------------------------


def test_memory_that_nobody_reserved_stays_small(large):
    for report in large[1]:
        assert report["channels"] == CHANNELS
        assert 0 <= report["budget"]["unaccounted_peak_mb"] < MOST_UNACCOUNTED_MB


def test_account_and_process_explain_the_peak(large):
    for report in large[1]:
        explained = report["fixed_memory_mb"] + report["budget"]["peak_reserved_mb"]
        assert report["peak_memory_usage_mb"] < explained + MOST_UNACCOUNTED_MB


def highest_seen(pid, gone):
    """What someone outside sees as the process's peak, looking again and again until `gone`."""
    highest = 0
    while not gone():
        try:
            status = Path(f"/proc/{pid}/status").read_text()
        except OSError:
            break
        for line in status.splitlines():
            if line.startswith("VmHWM:"):
                highest = max(highest, int(line.split()[1]))
        time.sleep(0.0005)
    return highest / 1024


def child_of(process):
    children = Path(f"/proc/{process.pid}/task/{process.pid}/children")
    while process.poll() is None:
        if found := children.read_text().split():
            return int(found[0])
    return None


@pytest.mark.parametrize("guide", [False, True])
def test_everyone_sees_the_same_peak(large, guide):
    folder = large[0]
    (folder / "guide.xml").write_text("<tv>" + "".join(
        f'<programme start="20260101{hour:02}0000 +0000" channel="channel-{number}.example">'
        f"<title>Film {number}</title></programme>"
        for number in range(0, CHANNELS, 20) for hour in range(12)) + "</tv>")
    arguments = ["--source", "tv=list.m3u", "--out", "seen", "--report", "seen.json"]
    with subprocess.Popen(
            ["/usr/bin/time", "-f", "%M", "-o", "time.txt", BINARY, "generate", *arguments,
             *(["--epg", "g=guide.xml"] if guide else [])],
            cwd=folder, env=environment(), stderr=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL) as timed:
        seen_mb = highest_seen(child_of(timed), lambda: timed.poll() is not None)
        assert timed.wait(TIMEOUT) == 0
    time_mb = int((folder / "time.txt").read_text()) / 1024
    reported_mb = json.loads((folder / "seen.json").read_text())["peak_memory_usage_mb"]
    assert abs(reported_mb - time_mb) <= 1
    assert abs(seen_mb - time_mb) <= 1


def test_a_look_into_the_stages_begins_the_kernels_peak_anew_and_says_so(small):
    (small / "c.toml").write_text("[memory_cleanup]\ndetailed_logging = true\n")
    quiet = generate(small, "--source", "tv=list.m3u", "--out", "out")
    detailed = generate(small, "--config", "c.toml", "--source", "tv=list.m3u", "--out", "out")
    said = "The kernel's peak of this process begins anew with each stage (detailed_logging)"
    assert said not in quiet.stderr
    assert said in detailed.stderr


def test_pools_serve_most_requests_again(large):
    pools = large[1][0]["pools"]
    assert pools["requests"] > pools["hits"] > 0
    assert pools["hit_rate"] == pytest.approx(pools["hits"] / pools["requests"], abs=0.001)
    assert pools["hit_rate"] > 0.5
    assert pools["kept_mb"] <= 15_000 / 1024


def test_pool_that_keeps_nothing_has_no_hits(small):
    (small / "c.toml").write_text(
        "[memory_pools]\nchannel_pool_size = 0\nmetadata_pool_size = 0\n"
        '[[sources]]\nname = "tv"\npath = "list.m3u"\n'
    )
    pools = reported(small, "--config", "c.toml", "--out", "out")["pools"]
    assert pools["requests"] > 0
    assert pools["hits"] == 0 and pools["kept_mb"] == 0


# --- prediction -------------------------------------------------------------------------------


def test_first_run_is_predicted_by_the_size_of_its_sources(large):
    expected = large[1][0]["prediction"]
    assert expected["runs"] == 0
    assert expected["channels"] > 0 and expected["peak_memory_mb"] > 0


def test_after_three_runs_the_prediction_is_within_15_percent(large):
    report = large[1][3]
    expected = report["prediction"]
    assert expected["runs"] == 3
    assert expected["channels"] == expected["actual_channels"] == CHANNELS
    assert expected["actual_peak_memory_mb"] == report["peak_memory_usage_mb"]
    assert expected["peak_memory_mb"] == pytest.approx(report["peak_memory_usage_mb"], rel=0.15)
    assert list(expected["stages"]) == [stage["name"] for stage in report["stages"]]


def test_history_changes_no_published_byte(large):
    folder, _ = large
    published = (folder / "out/default.m3u").read_bytes()
    (folder / "out/.default.history.json").unlink()
    reported(folder, "--source", "tv=list.m3u", "--out", "out")
    assert (folder / "out/default.m3u").read_bytes() == published


def test_history_keeps_the_last_twenty_runs(small):
    for _ in range(22):
        reported(small, "--source", "tv=list.m3u", "--out", "out", "--log-level", "error")
    history = json.loads((small / "out/.default.history.json").read_text())
    assert len(history["runs"]) == 20


def test_damaged_history_is_started_anew_with_a_warning(small):
    reported(small, "--source", "tv=list.m3u", "--out", "out")
    (small / "out/.default.history.json").write_text('{"version": 1, "ru')
    done = generate(small, "--source", "tv=list.m3u", "--out", "out")
    assert done.returncode == 0
    assert "WARN out/.default.history.json is damaged and is started anew: " in done.stderr
    history = json.loads((small / "out/.default.history.json").read_text())
    assert len(history["runs"]) == 1


# --- cleanup ----------------------------------------------------------------------------------


def test_cleanup_history_is_in_the_report_when_asked_for(small):
    (small / "c.toml").write_text(
        "[memory_cleanup]\ntrack_cleanup_history = true\ndetailed_logging = true\n"
        '[proxy_memory]\ncleanup_strategy = "aggressive"\n'
        '[[sources]]\nname = "tv"\npath = "list.m3u"\n'
    )
    done = generate(small, "--config", "c.toml", "--out", "out", "--report", "report.json")
    assert done.returncode == 0, done.stderr
    report = json.loads((small / "report.json").read_text())
    history = report["cleanup_history"]
    assert len(history) == report["memory_cleanup_operations"] > 0
    assert report["memory_cleanup_failures"] == 0
    assert history[0]["stage"] == "Source Loading" and history[0]["cause"] == "stage"
    assert {one["strategy"] for one in history} == {"aggressive"}
    lines = [line for line in done.stderr.splitlines() if "INFO Memory cleanup after '" in line]
    assert len(lines) == len(history)


def test_cleanup_history_is_empty_otherwise(small):
    report = reported(small, "--source", "tv=list.m3u", "--out", "out")
    assert report["cleanup_history"] == []
    assert report["memory_cleanup_operations"] > 0


# --- alerts -----------------------------------------------------------------------------------


def test_peak_above_its_threshold_is_an_alert(small):
    (small / "c.toml").write_text(
        "[memory_monitoring]\npeak_memory_alert_mb = 1\n"
        '[[sources]]\nname = "tv"\npath = "list.m3u"\n'
    )
    done = generate(small, "--config", "c.toml", "--out", "out", "--report", "report.json")
    assert done.returncode == 0, done.stderr
    report = json.loads((small / "report.json").read_text())
    (alert,) = report["alerts"]
    assert alert["kind"] == "peak_memory" and alert["threshold"] == 1
    assert alert["value"] == report["peak_memory_usage_mb"]
    assert f"WARN Memory alert for 'default': {alert['message']}" in done.stderr


def test_small_run_raises_no_alert(small):
    assert reported(small, "--source", "tv=list.m3u", "--out", "out")["alerts"] == []
