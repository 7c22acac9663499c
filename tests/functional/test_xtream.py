"""Xtream Codes accounts as sources, with the real binary against a mock account (xtream.py)."""

import json
import os
import re
import subprocess

import pytest

import xtream
from kept_secrets import MARK
from program import BINARY
from xtream import PASSWORD, XtreamServer

TIMEOUT = 120


@pytest.fixture
def server():
    with XtreamServer() as running:
        yield running


class Run:
    def __init__(self, folder, *arguments, environment=None):
        out = folder / "out"
        out.mkdir(exist_ok=True)
        report = folder / "report.json"
        report.unlink(missing_ok=True)
        finished = subprocess.run(
            [BINARY, "generate", "--progress", "none", "--out", str(out), "--report", str(report),
             "--log-level", "debug", *map(str, arguments)],
            capture_output=True, timeout=TIMEOUT, check=False,
            env={**os.environ, **(environment or {})})
        self.code = finished.returncode
        self.text = (finished.stdout + finished.stderr).decode()
        self.report = json.loads(report.read_text()) if report.exists() else {}
        playlist = out / "default.m3u"
        self.lines = playlist.read_text().splitlines() if playlist.exists() else []
        guide = out / "default.xmltv"
        self.guide = guide.read_text() if guide.exists() else ""
        assert MARK not in self.text
        assert MARK not in report.read_text() if report.exists() else True
        assert not any(MARK in path.name for path in folder.rglob("*"))

    @property
    def names(self):
        return [line.split(",", 1)[1] for line in self.lines if line.startswith("#EXTINF")]

    @property
    def urls(self):
        return [line for line in self.lines if "://" in line and not line.startswith("#")]

    @property
    def problems(self):
        return self.report["problems"]["by_reason"]


def test_live_streams_become_channels(server, tmp_path):
    run = Run(tmp_path, "--source", f"tv={server.address('live')}")
    assert run.code == 0, run.text
    base = f"http://{server.host}/live/me/geheim%20listed%2F1"
    assert run.lines == [
        "#EXTM3U",
        '#EXTINF:-1 tvg-id="one.tv" tvg-logo="http://l/1" group-title="News" tvg-chno="1" '
        'catchup="xc" catchup-days="7",One',
        f"{base}/101.ts",
        "#EXTINF:-1 group-title=\"Sport\" tvg-chno=\"2\",Two 'quoted', é",
        f"{base}/102.ts",
        '#EXTINF:-1 group-title="News;Sport" tvg-chno="3" catchup="xc" catchup-days="3",Three',
        f"{base}/103.ts",
        '#EXTINF:-1 tvg-chno="4",Four',
        f"{base}/104.ts",
    ]
    assert run.problems["xtream_without_id"] == 1
    assert server.requests == ["", "get_live_categories", "get_live_streams"]


def test_the_account_is_shown(server, tmp_path):
    run = Run(tmp_path, "--source", f"tv={server.address()}")
    assert "tv: the account is Active, until 2030-01-01, 1 of 2 connections in use" in run.text
    assert run.report["sources_detail"][0]["account"] == {
        "status": "Active", "expires": "2030-01-01T00:00:00Z", "active_connections": 1,
        "max_connections": 2}


def test_films_and_series_as_chosen(server, tmp_path):
    run = Run(tmp_path, "--source", f"tv={server.address('vod&series')}")
    assert run.code == 0, run.text
    assert run.names == ["A Film (2020)", "Another", "Show - S01E01 - Pilot", "Show S01E02 Second",
                         "Soap S12E10"]
    login = "me/geheim%20listed%2F1"
    assert run.urls == [
        f"http://{server.host}/movie/{login}/201.mkv",
        f"http://{server.host}/movie/{login}/202.mp4",
        f"http://{server.host}/series/{login}/3011.mkv",
        f"http://{server.host}/series/{login}/3012.mp4",
        f"http://{server.host}/series/{login}/3021.mp4",
    ]
    assert sum('group-title="Series"' in line for line in run.lines) == 3
    assert server.most_at_once == 1


def test_categories_choose_by_name_or_id(server, tmp_path):
    run = Run(tmp_path, "--source", f"tv={server.address('live&categories=news')}")
    assert run.names == ["One", "Three"]
    run = Run(tmp_path, "--source", f"tv={server.address('live&categories=2,No%20Such')}")
    assert run.names == ["Two 'quoted', é", "Three"]


def test_episodes_come_a_few_per_run_and_are_kept(server, tmp_path):
    source = f"tv={server.address('series&episodes=1')}"
    run = Run(tmp_path, "--source", source, "--cache-dir", tmp_path / "cache")
    assert run.code == 0, run.text
    assert len(run.names) == 2
    assert run.problems["xtream_series_without_episodes"] == 2
    assert "asked for the episodes of 1 of 3 series" in run.text
    Run(tmp_path, "--source", source, "--cache-dir", tmp_path / "cache")
    run = Run(tmp_path, "--source", source, "--cache-dir", tmp_path / "cache")
    assert len(run.names) == 3
    infos = [action for action in server.requests if "info" in action]
    assert infos == [f"get_series_info/{n}" for n in (301, 302, 303)]
    server.requests.clear()
    newer = [dict(row) for row in xtream.SERIES]
    newer[1]["last_modified"] = "1800000000"
    server.replies["get_series"] = newer
    Run(tmp_path, "--source", source, "--cache-dir", tmp_path / "cache")
    assert [action for action in server.requests if "info" in action] == ["get_series_info/302"]


def undated():
    return [{key: value for key, value in row.items() if key != "last_modified"}
            for row in xtream.SERIES]


def make_older(cache, days):
    """The kept episodes of series without a date, as if they had been asked for so much sooner."""
    for copy in cache.iterdir():
        copy.write_bytes(re.sub(rb"asked (\d+)", lambda asked: b"asked %d" % (
            int(asked[1]) - days * 86400), copy.read_bytes(), count=1))


def asked_for(server):
    asked = [action for action in server.requests if "info" in action]
    server.requests.clear()
    return asked


def test_a_series_that_does_not_say_when_it_changed_is_asked_for_each_week(server, tmp_path):
    server.replies["get_series"] = undated()
    arguments = ("--source", f"tv={server.address('series')}", "--cache-dir", tmp_path / "cache")
    assert len(Run(tmp_path, *arguments).names) == 3
    assert len(asked_for(server)) == 3
    episodes = xtream.INFO["302"]["episodes"][0]
    server.replies["get_series_info/302"] = {
        "episodes": [episodes + [dict(episodes[0], id="3022", episode_num=11)]]}
    make_older(tmp_path / "cache", 6)
    assert len(Run(tmp_path, *arguments).names) == 3
    assert asked_for(server) == []
    make_older(tmp_path / "cache", 2)
    assert "Soap S12E11" in Run(tmp_path, *arguments).names
    assert len(asked_for(server)) == 3
    Run(tmp_path, *arguments)
    assert asked_for(server) == []


def test_series_without_a_date_all_have_their_turn(server, tmp_path):
    server.replies["get_series"] = undated()
    arguments = ("--source", f"tv={server.address('series&episodes=1')}",
                 "--cache-dir", tmp_path / "cache")
    for number in (301, 302, 303, 301):
        Run(tmp_path, *arguments)
        assert asked_for(server) == [f"get_series_info/{number}"]
        make_older(tmp_path / "cache", 8)


@pytest.mark.parametrize("statuses, body", [([404] * 9, None), ([410] * 9, None), ([], b"")])
def test_channels_are_there_without_their_groups(server, tmp_path, statuses, body):
    server.statuses["get_live_categories"] = statuses
    if body is not None:
        server.replies["get_live_categories"] = body
    run = Run(tmp_path, "--source", f"tv={server.address('live&vod')}")
    assert run.code in (0, 3), run.text
    assert len(run.names) == 6
    assert run.problems["xtream_no_categories"] == 1
    assert sum("group-title" in line for line in run.lines) == 2


@pytest.mark.parametrize("query, status", [("live", 401), ("live", 403), ("live", 429),
                                           ("live&categories=news", 404)])
def test_refused_categories_are_no_missing_ones(server, tmp_path, query, status):
    server.statuses["get_live_categories"] = [status] * 9
    run = Run(tmp_path, "--source", f"tv={server.address(query)}")
    assert run.code == 1
    assert f"the server answered {status}" in run.text


@pytest.mark.parametrize("status", [403, 503])
def test_a_guide_that_is_asked_for_too_fast_is_asked_for_again(server, tmp_path, status):
    server.statuses["/xmltv.php"] = [status]
    run = Run(tmp_path, "--source", f"tv={server.address()}", "--epg", f"g={server.address()}")
    assert run.code == 0, run.text
    assert "<title>News</title>" in run.guide
    assert server.requests.count("/xmltv.php") == 2


def test_the_guide_is_one_request(server, tmp_path):
    run = Run(tmp_path, "--source", f"tv={server.address()}", "--epg", f"g={server.address()}")
    assert run.code == 0, run.text
    assert "<title>News</title>" in run.guide
    assert server.requests.count("/xmltv.php") == 1


def test_the_password_comes_from_a_file_or_the_environment(server, tmp_path):
    (tmp_path / "secret").write_text(PASSWORD + "\n")
    address = server.address(f"password_file={tmp_path / 'secret'}", password="")
    assert Run(tmp_path, "--source", f"tv={address}").code == 0
    address = server.address("password_env=TV_PASSWORD", password="")
    assert Run(tmp_path, "--source", f"tv={address}",
               environment={"TV_PASSWORD": PASSWORD}).code == 0
    run = Run(tmp_path, "--source", f"tv={address}")
    assert run.code == 2, "an address that cannot be right is wrong usage"
    assert "the variable TV_PASSWORD is not set" in run.text


def test_a_configuration_names_an_account_too(server, tmp_path):
    (tmp_path / "c.toml").write_text(
        f'[[sources]]\nname = "tv"\nurl = "{server.address("live")}"\n'
        f'[[epg_sources]]\nname = "guide"\nurl = "{server.address()}"\n')
    run = Run(tmp_path, "--config", tmp_path / "c.toml")
    assert run.code == 0, run.text
    assert len(run.names) == 4


@pytest.mark.parametrize(("query", "words"), [
    ("password_env=TV_PASSWORD", "the variable TV_PASSWORD is not set"),
    ("password_file=gone", "cannot read password_file gone"),
    ("delay=3", "'delay' is not a parameter"),
])
def test_check_looks_at_the_addresses_of_accounts(server, tmp_path, query, words):
    (tmp_path / "c.toml").write_text(
        f'[[sources]]\nname = "tv"\nurl = "{server.address("live")}"\n'
        f'[[epg_sources]]\nname = "guide"\nurl = "{server.address(query, password="")}"\n')
    run = subprocess.run([BINARY, "check", "c.toml"], cwd=tmp_path, capture_output=True, text=True,
                         timeout=TIMEOUT, check=False)
    assert run.returncode == 2
    assert 'c.toml:5:8: "guide": ' in run.stderr
    assert words in run.stderr
    assert "1 mistake found" in run.stderr


@pytest.mark.parametrize("body", [b"false", b"null", b'""', b"[]", b"{}", b"\xef\xbb\xbf[]"])
def test_nothing_in_a_list_is_an_empty_one(server, tmp_path, body):
    server.replies["get_live_streams"] = body
    run = Run(tmp_path, "--source", f"tv={server.address('live&vod')}")
    assert run.code == 0, run.text
    assert run.names == ["A Film (2020)", "Another"]


ROWS = json.dumps(xtream.LIVE[:2]).encode()


@pytest.mark.parametrize("body, problem", [
    (b"\xef\xbb\xbf" + ROWS, None),
    (b"<br />\n<b>Warning</b>: Undefined array key [3] {x} in /a.php on line 3<br />\n" + ROWS,
     "json_junk"),
    (json.dumps({"1": xtream.LIVE[0], "2": xtream.LIVE[1]}).encode(), "json_object_for_list"),
    (json.dumps(xtream.LIVE[:2], indent=4).encode(), None),
    (json.dumps(xtream.LIVE[:2], ensure_ascii=False).encode("cp1252"), "xtream_repaired"),
    (ROWS[:-1], None),
    (ROWS[:-1] + b',{"num": 9, "name": "cut', "json_truncated"),
    (ROWS[:-1] + b',{"stream_id": 9, "name": oops}]', "json_broken"),
], ids=["bom", "warning", "object", "pretty", "cp1252", "no end", "cut", "broken"])
def test_loose_json_is_taken(server, tmp_path, body, problem):
    server.replies["get_live_streams"] = body
    run = Run(tmp_path, "--source", f"tv={server.address('live')}")
    assert run.code in (0, 3), run.text
    assert run.names == ["One", "Two 'quoted', é"]
    if problem:
        assert run.problems[problem] == 1


@pytest.mark.parametrize("changes, words", [
    ({"auth": 0}, "the provider refuses the account"),
    ({"auth": "0", "message": "go away"}, 'the provider refuses the account: "go away"'),
    ({"auth": False}, "the provider refuses the account"),
    ({"status": "Expired", "exp_date": 1577836800}, "the account is expired since 2020-01-01"),
    ({"status": "Banned"}, "the account is banned"),
])
def test_an_account_that_cannot_be_used_says_why(server, tmp_path, changes, words):
    server.replies[""] = xtream.account(**changes)
    run = Run(tmp_path, "--source", f"tv={server.address()}")
    assert run.code == 1
    assert words in run.text


@pytest.mark.parametrize("body, words", [
    (b"", "is empty"),
    (b"<html>Not here</html>", "something else than JSON"),
    (b"[]", "something else than an account"),
])
def test_an_answer_that_is_no_account_says_so(server, tmp_path, body, words):
    server.replies[""] = body
    run = Run(tmp_path, "--source", f"tv={server.address()}")
    assert run.code == 1
    assert words in run.text


@pytest.mark.parametrize("status", [403, 404])
def test_a_refusal_is_a_clear_error(server, tmp_path, status):
    server.statuses[""] = [status] * 9
    run = Run(tmp_path, "--source", f"tv={server.address()}")
    assert run.code == 1
    assert f"the server answered {status}" in run.text


@pytest.mark.parametrize("status", [403, 429, 503, 509])
def test_a_server_that_is_asked_too_fast_is_asked_again(server, tmp_path, status):
    server.statuses["get_live_streams"] = [status]
    run = Run(tmp_path, "--source", f"tv={server.address()}")
    assert run.code == 0, run.text
    assert server.requests.count("get_live_streams") == 2


def test_requests_keep_their_distance(server, tmp_path):
    address = server.address().replace("delay_ms=0", "delay_ms=150")
    run = Run(tmp_path, "--source", f"tv={address}", "--epg", f"g={address}")
    assert run.code == 0, run.text
    gaps = [b - a for a, b in zip(server.times, server.times[1:])]
    assert len(gaps) == 3
    assert min(gaps) >= 0.14
    assert server.most_at_once == 1


def test_a_provider_that_is_down_is_replaced_by_its_last_good_copy(server, tmp_path):
    arguments = ("--source", f"tv={server.address('live&vod')}", "--cache-dir", tmp_path / "cache")
    assert Run(tmp_path, *arguments).code == 0
    for action in ("", "get_live_streams", "get_live_categories", "get_vod_streams",
                   "get_vod_categories"):
        server.statuses[action] = [404] * 9
    run = Run(tmp_path, *arguments)
    assert run.code == 3, run.text
    assert len(run.names) == 6
    assert run.report["sources_detail"][0]["from_cache"]


@pytest.mark.parametrize("body", [
    b"[]", b"{}", b"false", b"null", b'""', b"\xef\xbb\xbf[ ]", b"<br />Warning: x in /a.php\n[]",
    b'{"error": "too many requests"}', b'[{"name": "no id"}]', b"try again later",
])
def test_an_empty_list_does_not_cost_the_last_good_one(server, tmp_path, body):
    arguments = ("--source", f"tv={server.address('live&vod')}", "--cache-dir", tmp_path / "cache")
    assert Run(tmp_path, *arguments).code == 0
    for action in ("get_live_streams", "get_live_categories"):
        server.replies[action] = body
    server.replies["get_vod_streams"] = xtream.VOD[:1]
    for _ in range(2):
        run = Run(tmp_path, *arguments)
        assert run.code == 3, run.text
        assert len(run.names) == 5
        assert run.report["sources_detail"][0]["from_cache"]
        assert "there was something before" in run.text
    server.replies.clear()
    run = Run(tmp_path, *arguments)
    assert (run.code, len(run.names)) == (0, 6), run.text


def test_a_list_that_was_always_empty_may_be_so(server, tmp_path):
    arguments = ("--source", f"tv={server.address('live&vod')}", "--cache-dir", tmp_path / "cache")
    server.replies["get_vod_streams"] = server.replies["get_vod_categories"] = b"[]"
    for _ in range(2):
        run = Run(tmp_path, *arguments)
        assert (run.code, len(run.names)) == (0, 4), run.text


@pytest.mark.parametrize("address, words", [
    ("xtream://127.0.0.1", "has no user"),
    ("xtream://me@127.0.0.1", "has no password"),
    ("xtream://me:geheim%20listed@", "has no host"),
    ("xtream://me:geheim%20listed@127.0.0.1?lvie", "'lvie' is not a parameter"),
    ("xtream://me@127.0.0.1?password_file=/nowhere", "cannot read password_file /nowhere"),
])
def test_a_wrong_address_says_what_is_wrong(tmp_path, address, words):
    run = Run(tmp_path, "--source", f"tv={address}")
    assert run.code in (1, 2)
    assert words in run.text


def test_a_large_list_needs_no_memory(server, tmp_path):
    row = dict(xtream.LIVE[0], stream_icon="http://logos.example/" + "x" * 150)
    rows = 300_000
    server.replies["get_live_streams"] = b"[" + b",".join(
        json.dumps(dict(row, stream_id=i, num=i, name=f"Channel {i}")).encode()
        for i in range(1, rows + 1)) + b"]"
    run = Run(tmp_path, "--source", f"tv={server.address()}", "--memory-limit", "64MB")
    assert run.code == 0, run.text
    assert run.report["channels"] == rows
    assert run.report["peak_memory_usage_mb"] <= 64
