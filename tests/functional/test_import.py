"""Moving over from other programs: whole configurations of each, and what is no configuration.

The examples are in tests/imports: what the program keeps beside the TOML and the notes that are
expected.
"""

import json
import re
import shutil
import stat

import pytest

from program import ROOT, environment, run

EXAMPLES = ROOT / "tests" / "imports"
PROGRAMS = ["tuliprox", "threadfin", "xteve", "dispatcharr", "m3u-editor"]
TIMEOUT = 60
# What the examples' accounts take their passwords from.
PASSWORDS = environment(IPTV_PASSWORD_PROVIDER="secret", BOX_PASSWORD="secret")


def source_of(program):
    folder = EXAMPLES / program
    return next(path for path in (folder / "config", folder / "config.json") if path.exists())


@pytest.mark.parametrize("program", PROGRAMS)
def test_a_whole_example_becomes_a_configuration(program, tmp_path):
    done = run("import", program, source_of(program))
    assert done.returncode == 0, done.stderr
    assert done.stdout == (EXAMPLES / program / "expected.toml").read_text()
    assert done.stderr == (EXAMPLES / program / "notes.txt").read_text()
    file = tmp_path / "m3u-proxy.toml"
    file.write_text(done.stdout)
    checked = run("check", file, env=PASSWORDS)
    assert checked.returncode == 0, checked.stderr


@pytest.mark.parametrize("program", PROGRAMS)
def test_the_output_file_is_the_users_alone_and_holds_the_same(program, tmp_path):
    file = tmp_path / "out.toml"
    done = run("import", program, source_of(program), "--output", file)
    assert done.returncode == 0 and done.stdout == ""
    assert file.read_text() == (EXAMPLES / program / "expected.toml").read_text()
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_passwords_go_to_files_that_the_configuration_names(tmp_path):
    file, secrets = tmp_path / "out.toml", tmp_path / "secrets"
    done = run("import", "tuliprox", source_of("tuliprox"), "--output", file, "--secrets", secrets)
    assert done.returncode == 0, done.stderr
    assert "pa$$w0rd" not in file.read_text() + done.stderr
    names = re.findall(r"password_file=([^\"&]*)", file.read_text())
    assert set(names) == {str(secrets / "provider")}
    assert (secrets / "provider").read_text() == "pa$$w0rd\n"
    assert stat.S_IMODE((secrets / "provider").stat().st_mode) == 0o600


def test_what_an_example_says_is_done(tmp_path):
    """The rules and filters that were written do to a playlist what the program did."""
    (tmp_path / "list.m3u").write_text(
        "#EXTM3U\n"
        '#EXTINF:-1 group-title="UK News",BBC One HD\nhttp://example.org/1\n'
        '#EXTINF:-1 group-title="UK News",BBC One\nhttp://example.org/2\n'
        '#EXTINF:-1 group-title="UK News",Shop "24" (7)\nhttp://example.org/3\n'
        '#EXTINF:-1 group-title="UK News",Radio Four\nhttp://example.org/4\n'
        '#EXTINF:-1 group-title="Films",A Film\nhttp://example.org/5\n'
        '#EXTINF:-1 group-title="Sport",Match HD\nhttp://example.org/6\n'
        '#EXTINF:-1 group-title="Sport",Match SD HD\nhttp://example.org/7\n')
    (tmp_path / "other.m3u").write_text("#EXTM3U\n")
    (tmp_path / "guide.xml").write_text("<tv></tv>")
    done = run("generate", "--config", EXAMPLES / "threadfin" / "expected.toml",
               "--source", f"Provider={tmp_path / 'list.m3u'}",
               "--source", f"Own cameras={tmp_path / 'other.m3u'}",
               "--source", f"Attic={tmp_path / 'other.m3u'}",
               "--epg", f"UK guide={tmp_path / 'guide.xml'}", "--out", tmp_path / "out")
    assert done.returncode in (0, 3), done.stderr
    playlist = (tmp_path / "out" / "Threadfin.m3u").read_text()
    shown = re.findall(r'group-title="([^"]*)" tvg-chno="(\d+)",(.*)\n', playlist)
    assert shown == [("News", "101", "BBC One"), ("UK News", "1101", "BBC One SD"),
                     ("Sport", "1000", "Match HD")]


# --- what is not as it should be -----------------------------------------------------------------


@pytest.mark.parametrize("program", PROGRAMS)
def test_nothing_there_is_an_error(program, tmp_path):
    done = run("import", program, tmp_path / "missing")
    assert done.returncode == 2 or done.returncode == 1
    assert done.stdout == "" and done.stderr.startswith("error: ")


HOSTILE = {
    "empty": b"",
    "no text": bytes(range(256)),
    "deep": b"[" * 100_000,
    "deep objects": b'{"a":' * 50_000,
    "a number": b"42",
    "a list": b"[1, 2, 3]",
    "wrong types": json.dumps({
        "files": [1], "filter": "x", "update": {"a": 1}, "port": {}, "inputs": {"a": 1},
        "sources": [{"inputs": 7, "targets": [[[]], "x"]}], "playlists": [1, None, {"name": []}],
        "accounts": {"results": [None, [], {"id": {}, "filters": "x"}]}, "templates": 5,
    }).encode(),
    "half a file": b'{"files": {"m3u": {"M1": {"file.source": "http://exam',
}


@pytest.mark.parametrize("content", HOSTILE.values(), ids=HOSTILE.keys())
@pytest.mark.parametrize("program", PROGRAMS)
def test_hostile_files_are_errors(program, content, tmp_path):
    for name in ("source.yml", "settings.json", "accounts.json", "playlists.json"):
        (tmp_path / name).write_bytes(content)
    done = run("import", program, tmp_path)
    assert done.returncode == 2, (done.returncode, done.stderr)
    assert done.stdout == "" and done.stderr.startswith("error: ")


def test_a_bomb_of_aliases_is_refused(tmp_path):
    lines = ["a: &a [x, x, x, x, x, x, x, x, x]"]
    for before, name in zip("abcdefgh", "bcdefghi"):
        lines.append(f"{name}: &{name} [{', '.join([f'*{before}'] * 9)}]")
    (tmp_path / "source.yml").write_text("\n".join(lines) + "\n")
    done = run("import", "tuliprox", tmp_path)
    assert done.returncode == 2
    assert "an alias is not read" in done.stderr


def test_texts_that_look_like_our_languages_stay_texts(tmp_path):
    names = ['"] \n[[proxies]]', "a'''b", '$1 ${x} $$', "@field:nothing", "\\", '\\"', "\x00\x1b[2J",
             "'); DROP", "é\u202e", "x" * 5000]
    files = {f"M{i}": {"name": name, "file.source": f"http://example.org/{i}?a='\"\\"}
             for i, name in enumerate(names)}
    channels = {f"x-ID.{i}": {"_file.m3u.id": "M0", "name": name, "x-active": i % 2 == 0,
                              "x-name": name[::-1], "x-group-title": name, "x-channelID": str(i)}
                for i, name in enumerate(names)}
    (tmp_path / "settings.json").write_text(json.dumps({"files": {"m3u": files}}))
    (tmp_path / "xepg.json").write_text(json.dumps(channels))
    file = tmp_path / "out.toml"
    done = run("import", "xteve", tmp_path, "--output", file)
    assert done.returncode == 0, done.stderr
    checked = run("check", file, env=PASSWORDS)
    assert checked.returncode == 0, checked.stderr
    assert f"1 proxy, {len(names)} sources" in checked.stdout
    assert "\x1b" not in done.stderr


def test_more_than_there_is_room_for_is_an_error(tmp_path):
    files = {f"M{i}": {"name": "tv", "file.source": f"http://example.org/{i}"} for i in range(1001)}
    (tmp_path / "settings.json").write_text(json.dumps({"files": {"m3u": files}}))
    done = run("import", "xteve", tmp_path)
    assert done.returncode == 2
    assert "more than a thousand sources" in done.stderr


def test_so_many_values_that_they_would_fill_the_memory_are_an_error(tmp_path):
    (tmp_path / "settings.json").write_text("[" + "1," * 1_000_001 + "1]")
    done = run("import", "xteve", tmp_path)
    assert done.returncode == 2
    assert "more than a million values" in done.stderr


def test_a_table_with_many_keys_is_read_in_no_time(tmp_path):
    (tmp_path / "source.yml").write_text("".join(f"k{i}: 1\n" for i in range(100_000)))
    assert run("import", "tuliprox", tmp_path).returncode == 2


def test_a_dump_of_dispatcharrs_database_says_the_same_as_its_api(tmp_path):
    folder = source_of("dispatcharr")
    tables = {name: json.loads((folder / f"{name}.json").read_text())
              for name in ("accounts", "epg_sources", "groups", "user_agents", "epgdata",
                           "streams", "channels")}
    tables["logos"] = json.loads((folder / "logos.json").read_text())["results"]
    rows = []

    def add(model, row, **fields):
        rows.append({"model": model, "pk": row["id"],
                     "fields": {k: v for k, v in {**row, **fields}.items() if k != "id"}})

    for account in tables["accounts"]:
        for number, entry in enumerate(account.pop("channel_groups", [])):
            add("dispatcharr_channels.channelgroupm3uaccount",
                {"id": account["id"] * 100 + number, **entry}, m3u_account=account["id"])
        for entry in account.pop("filters", []):
            add("m3u.m3ufilter", entry, m3u_account=account["id"])
        add("m3u.m3uaccount", account)
    for model, name in (("epg.epgsource", "epg_sources"), ("core.useragent", "user_agents"),
                        ("dispatcharr_channels.channelgroup", "groups"), ("epg.epgdata", "epgdata"),
                        ("dispatcharr_channels.logo", "logos"),
                        ("dispatcharr_channels.stream", "streams")):
        for row in tables[name]:
            add(model, row)
    for channel in tables["channels"]:
        for order, stream in enumerate(channel.pop("streams")):
            add("dispatcharr_channels.channelstream", {"id": channel["id"] * 10 + order},
                channel=channel["id"], stream=stream, order=order)
        add("dispatcharr_channels.channel", channel)
    (tmp_path / "database.json").write_text(json.dumps(rows))
    done = run("import", "dispatcharr", tmp_path / "database.json")
    assert done.returncode == 0, done.stderr
    assert done.stdout == (EXAMPLES / "dispatcharr" / "expected.toml").read_text()


def test_the_commands_of_the_documentation_work(tmp_path):
    """Each `m3u-proxy import` of docs/migration.md, on the example that it names."""
    text = (ROOT / "docs" / "migration.md").read_text()
    commands = re.findall(r"^ {4}(m3u-proxy (?:import [a-z]|check m).*)$", text, re.M)
    assert len([c for c in commands if " import " in c]) >= len(PROGRAMS)
    shutil.copytree(EXAMPLES, tmp_path / "tests" / "imports")
    for command in commands:
        done = run(*command.split()[1:], cwd=tmp_path, env=PASSWORDS)
        assert done.returncode == 0, (command, done.stderr)
