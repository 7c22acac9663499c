"""The search for secrets itself: that it finds them, and what it lets pass."""

import base64
import os
import sys
import tempfile
from pathlib import Path
from urllib.parse import quote, quote_plus

import kept_secrets
import pytest
from kept_secrets import ACCOUNT, CHUNK, MARK, PERSON, PROVIDER, SOURCE, look_through, occurs
from program import BINARY, ROOT

sys.path.insert(0, str(ROOT / "tools"))
import run_tests  # noqa: E402


@pytest.fixture(name="base")
def a_folder_that_is_gone_at_the_end():
    """So that what is written into it is not found at the end of the suite."""
    with tempfile.TemporaryDirectory() as folder:
        yield Path(folder)


def write(base, name, content):
    path = base / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content if isinstance(content, bytes) else content.encode())


def basic(user):
    return base64.b64encode(f"{user}:{PROVIDER}".encode())


@pytest.mark.parametrize("content", [
    f"GET /list.m3u?password={PROVIDER}\n", quote(ACCOUNT), quote_plus(ACCOUNT), b"\0\xff" + SOURCE.encode() + b"\0",
    PERSON.encode().hex(), PERSON.encode().hex().upper(), basic("a"), basic("me"), basic("you"),
    b"-" * (CHUNK - 3) + MARK.encode(), b"-" * (2 * CHUNK) + PERSON.encode().hex().encode()],
    ids=["plain", "in an address", "in a query", "in binary", "hex", "HEX", "base64 2", "base64 0", "base64 1",
         "between two reads", "in a later read"])
@pytest.mark.parametrize("worker", ["", "popen-gw3/"])
def test_a_secret_is_found_wherever_it_was_written(base, content, worker):
    write(base, f"{worker}test_one0/data/serve.log", content)
    assert look_through(base) == ["test_one0/data/serve.log: there is a secret in it"]


def test_a_secret_is_found_in_names(base):
    write(base, f"test_one0/data/{SOURCE}/x-{MARK}.gz", "x")
    assert sorted(look_through(base)) == [f"test_one0/data/{SOURCE}/x-{MARK}.gz: there is a secret in its name",
                                          f"test_one0/data/{SOURCE}: there is a secret in its name"]


@pytest.mark.parametrize("name", ["test_one0/data/generations/AbC/12/playlist.m3u", "test_one0/list.m3u",
                                  "popen-gw0/test_one0/ready/sources/AbC/dEf/content", "test_one0/out/default.m3u",
                                  "test_one0/shared/generations/AbC/1/lineup", "test_one0/cache/0a.source",
                                  "test_one0/data/replies/AbC/0a.source",
                                  "test_one0/3-120/data/replies/AbC/.m3u-proxy-file-12-345-6",
                                  "test_one0/data/generations/AbC/.m3u-proxy-tmp-12-345-6/lineup",
                                  "test_one0/data/generations/AbC/.m3u-proxy-tmp-1-2-3/.m3u-proxy-file-1-2-4"])
def test_lists_have_the_secrets_of_streams_alone(base, name):
    stream = f"http://h/me/{quote(ACCOUNT, safe='')}/1.ts\nhttp://h/me/{quote_plus(ACCOUNT)}/1.ts\n{ACCOUNT}\n"
    write(base, name, stream)
    assert look_through(base) == []
    (base / name).write_text(f"{stream}http://me:{SOURCE}@h/2.ts\n")
    assert len(look_through(base)) == 1
    (base / name).write_text(stream + basic("me").decode())
    assert len(look_through(base)) == 1


def test_the_secrets_of_streams_are_in_lists_alone(base):
    for number, name in enumerate(("serve.log", "data/m3u-proxy.sqlite-wal", "report.json", "data.sql",
                                   "data/sources/AbC/dEf/manifest", "data/config.toml", "data/setup.token",
                                   "tv.toml", "one/tv.toml", "data/generations/AbC/.m3u-proxy-tmp-1-2-3/manifest")):
        write(base, f"test_{number}/{name}", f"{ACCOUNT}\n")
    assert len(look_through(base)) == 10


def test_a_part_of_what_was_written_is_named_as_in_the_whole(base):
    for name in ("test_one0/1-7/data/sources/AbC/dEf/content", "test_one0/1-7/killed.log", "test_one0/serve.log"):
        write(base, name, ACCOUNT)
    assert look_through(base / "test_one0" / "1-7", base) == ["test_one0/1-7/killed.log: there is a secret in it"]


def test_of_many_files_each_is_looked_into(base):
    for number in range(kept_secrets.FEW + 3):
        write(base, f"test_{number}/serve.log", PERSON if number % 100 == 0 else "nothing")
    assert len(look_through(base)) == 3


def test_what_is_removed_meanwhile_is_no_failure(base, monkeypatch):
    for name in ("gone", "there"):
        write(base, f"test_one0/data/{name}", PERSON)
    walk = os.walk

    def walk_and_remove(start):
        for folder, folders, names in walk(start):
            if "gone" in names:
                Path(folder, "gone").unlink()
            yield folder, folders, names

    monkeypatch.setattr(os, "walk", walk_and_remove)
    assert look_through(base) == ["test_one0/data/there: there is a secret in it"]


def test_what_tests_write_themselves_may_have_secrets(base):
    for number, name in enumerate(("config.toml", "one/service.toml", "with-secrets.toml", "password", "inside/tv")):
        write(base, f"test_{number}/{name}", PROVIDER)
    (base / "test_0" / "link").symlink_to(base / "test_0" / "config.toml")
    assert look_through(base) == []


def test_every_secret_has_the_mark_and_the_program_has_it_not():
    assert all(MARK in secret for secret in (ACCOUNT, PERSON, PROVIDER, SOURCE))
    assert ACCOUNT.startswith(kept_secrets.LISTED)
    assert not occurs(Path(BINARY))


def test_a_secret_fails_the_part_of_the_suite_that_wrote_it(base):
    write(base, "test_one0/data/serve.log", "nothing")
    good = run_tests.look_for_secrets("part", base)
    assert (good.passed, good.failed, good.report) == (1, 0, [])
    write(base, "test_two0/report.json", PERSON)
    bad = run_tests.look_for_secrets("part", base)
    assert (bad.passed, bad.failed) == (0, 1)
    assert "FAILED part: no secret is" in bad.report[0] and "test_two0/report.json" in bad.report[0]
    nothing = run_tests.look_for_secrets("part", base / "nowhere")
    assert (nothing.passed, nothing.failed) == (0, 0)
