"""The operator's door: what each command of `m3u-proxy ctl` does, says, and refuses."""

import json
import re

import pytest
from program import run
from provider import Provider
from service import Service, ask, wait_until
from test_serve import Source, names_in, playlist_of

NOWHERE = "00000000-0000-0000-0000-000000000000"
EDITS = 1200  # more than a page
GUIDE = '<tv><channel id="A"/><programme start="20261130000000 +0000" channel="A"/></tv>'
CHANNEL = "AAAAAAAAAAAAAAAAAAAAAA"
FIRST = ["A", "B", "Harbour News", "News at TEN"]
SECOND = ["A", "C", "Harbour News", "News at TEN"]


@pytest.fixture(name="service", scope="module")
def a_service(tmp_path_factory):
    """Has published #1 with B, and #2 with C in its place."""
    folder = tmp_path_factory.mktemp("ctl")
    with Source(playlist_of(*FIRST)) as source, Provider() as provider:
        config = folder / "config.toml"
        config.write_text('[service]\nquiet_period = "0s"\ngenerations_kept = 50\n'
                          f'[[sources]]\nname = "tv"\nurl = "{source.url}"\n'
                          f'[[sources]]\nname = "hangs"\nurl = "{provider.url("/silent/x")}"\nrefresh = "manual"\n'
                          '[[proxies]]\nname = "home"\nsources = ["tv"]\npublic = true\n')
        with Service(folder / "data", "--config", config) as service:
            service.folder, service.source = folder, source
            source.content = playlist_of(*SECOND)
            service.ctl("refresh", "tv")
            service.wait_for_generation(2)
            wait_until(lambda: names_in(ask(service.playlist).text) == SECOND)
            yield service


def call(service, *arguments):
    """As a person calls it."""
    return run("ctl", *arguments, "--data", service.data)


def table(text):
    """Its lines, by the names of their columns."""
    head, *lines = text.splitlines()
    columns = [(match[1], match.start(), match.end()) for match in re.finditer(r"(\S+) *", head)]
    last = columns[-1][0]
    return [{name: line[begin:None if name == last else end].strip() for name, begin, end in columns}
            for line in lines]


# What each is called with so that it does something, what it says to a person, and the keys for a program.
CALLS = {
    "status": ([], r"m3u-proxy \S+, process \d+, .*\n\nname +kind +items +confirmed +next +error\ntv +playlist",
               ["version", "pid", "memory", "sources", "proxies", "running"]),
    "refresh": (["tv"], r"id +kind +state +created +finished +progress +error\n\S+ +refresh ", ["jobs"]),
    "upload": (["tv", "{folder}/mine.m3u"], '"uploaded": true', ["uploaded"]),
    "accept": (["tv"], '"accepted": 1', ["accepted"]),
    "jobs": ([], r"id +kind +state +created +finished +progress +error\n\S+ +(generate|refresh) ", ["jobs"]),
    "cancel": (["{job}"], '"kind": "refresh"', ["id", "kind", "state"]),
    "generate": (["home"], '"kind": "generate"', ["id", "kind", "state"]),
    "generations": (["home"], r"number +state +created +channels +programmes +added +removed +changed\n\d+ ",
                    ["generations"]),
    "diff": (["home", "--from", "1", "--to", "2"], r"#1 to #2: \+1 -1 ~0\n- 2 B\n\+ 2 C\n$",
             ["from", "to", "added", "removed", "changed", "channels"]),
    "roll-back": (["home", "--to", "1"], '"current": 1,\n  "held": true', ["current", "held"]),
    "release": (["home"], '"held": false', ["current", "held"]),
    "channels": (["home"], r"channel +number +name +group +guide_id\n\S{22} +1 +A +All +A\n", ["channels"]),
    "edits list": ([], "channel +proxy +number +name +group +logo +guide_id +hidden +before +after +managed_by\n",
                   ["edits"]),
    "edits set": ([CHANNEL, "--name", "Mine"], '"name": "Mine"', ["channel", "name", "managed_by", "revision"]),
    "edits remove": ([CHANNEL], '"removed": true', ["removed"]),
}


def prepare(service, command):
    """Something to do for a command; what stands for its arguments."""
    (service.folder / "mine.m3u").write_text(playlist_of(*SECOND))
    job = None
    if command == "accept":
        service.source.content = playlist_of(*SECOND)
        service.ctl("refresh", "tv")
        service.wait_until_quiet()
        service.source.content = playlist_of("A")
        service.ctl("refresh", "tv")
        wait_until(lambda: "quarantined" in service.ctl("status")["sources"][0])
    if command == "cancel":
        job = service.ctl("refresh", "hangs")["jobs"][0]["id"]
    if command == "release":
        service.ctl("roll-back", "home", "--to", "1")
    if command == "edits remove":
        service.ctl("edits", "set", CHANNEL, "--name", "Mine")
    return {"folder": service.folder, "job": job}


def test_the_table_has_each_command():
    def of(*path):
        listed = run("ctl", *path, "--help").stdout.split("Subcommands:\n")[1].split("\n\n")[0]
        return {line.split()[0] for line in listed.splitlines()}
    assert set(CALLS) == (of() - {"edits"}) | {f"edits {name}" for name in of("edits")}


@pytest.mark.parametrize("command", CALLS)
def test_each_command_says_what_it_did_to_a_person_and_to_a_program(service, command):
    arguments, says, keys = CALLS[command]

    def answer(*form):
        names = prepare(service, command)
        done = call(service, *command.split(), *(one.format(**names) for one in arguments), *form)
        assert (done.returncode, done.stderr) == (0, "")
        return done.stdout
    text = answer()
    assert re.search(says, text), text
    assert set(keys) <= set(json.loads(answer("--json")))


REFUSED = [
    (["refresh", "tw"], 'there is no source called "tw" (did you mean "tv"?)'),
    (["upload", "tw", "x"], 'there is no source called "tw"'),
    (["upload", "tv", "/nowhere/at/all"], "cannot open /nowhere/at/all: No such file or directory"),
    (["accept", "hangs"], "nothing of this source waits in quarantine"),
    (["cancel", "x"], "'x' is not an id"),
    (["cancel", NOWHERE], f"there is no job {NOWHERE}"),
    *((command + ["hone"], 'there is no proxy called "hone" (did you mean "home"?)')
      for command in (["generate"], ["generations"], ["diff"], ["roll-back"], ["release"])),
    (["diff", "home", "--to", "x"], '"x" is no number'),
    (["diff", "home", "--from", "999"], "there is no generation 999 (there are 1"),
    (["roll-back", "home", "--to", "999"], "there is no generation 999 any more"),
    (["channels", "hone"], 'there is no proxy called "hone" (did you mean "home"?)'),
    (["edits", "list", "--proxy", "hone"], 'there is no proxy called "hone" (did you mean "home"?)'),
    (["generate", "nobody"], 'there is no proxy called "nobody" (m3u-proxy ctl status lists them)'),
    (["edits", "set", "x", "--name", "y"], "'x' is not an id"),
    (["edits", "remove", NOWHERE], "the channel has no such edit"),
]


@pytest.mark.parametrize("arguments, said", REFUSED)
def test_what_cannot_be_done_is_one_line_with_the_reason(service, arguments, said):
    done = call(service, *arguments)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.strip().startswith(f"error: {said}") and len(done.stderr.strip().splitlines()) == 1


@pytest.mark.parametrize("arguments, said", [
    (["statsu"], "statsu is not a command (did you mean status?)"),
    (["nonsense", "--json"], "nonsense is not a command (see m3u-proxy ctl --help)"),
    (["edits", "lost"], "lost is not a command (did you mean list?)"),
    (["edits"], "A subcommand is required (see m3u-proxy ctl edits --help)")])
def test_a_command_that_there_is_not_is_named(arguments, said):
    done = run("ctl", *arguments)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.strip().splitlines() == [f"error: {said}"]


@pytest.mark.parametrize("command", CALLS)
def test_a_missing_argument_and_a_missing_service_are_named(tmp_path, command):
    arguments = CALLS[command][0]
    asked = [*command.split(), *(one.format(folder=tmp_path, job=NOWHERE) for one in arguments)]
    nobody = run("ctl", *asked, "--data", tmp_path)
    assert (nobody.returncode, nobody.stdout) == (1, "")
    assert "no service answers at" in nobody.stderr and "m3u-proxy serve" in nobody.stderr
    if arguments:
        missing = run("ctl", *command.split(), "--data", tmp_path)
        assert missing.returncode == 2
        assert "is required" in missing.stderr and f"m3u-proxy ctl {command} --help" in missing.stderr


def test_channels_are_looked_for_by_a_part_of_their_names_whatever_its_case(service):
    def names(*search):
        return [row["name"] for row in table(call(service, "channels", "home", *search).stdout)]
    service.source.content = playlist_of(*SECOND)
    service.ctl("refresh", "tv")
    wait_until(lambda: names() == SECOND)
    assert names("NEWS") == names("news") == ["Harbour News", "News at TEN"]
    assert names("harbour n") == ["Harbour News"]
    assert names("weather") == []
    assert [row["name"] for row in service.ctl("channels", "home", "ten")["channels"]] == ["News at TEN"]
    assert names("<script>&search=A") == []


def test_at_most_two_hundred_channels_are_shown(service):
    many = [f"Channel {number}" for number in range(300)]
    service.source.content = playlist_of(*many)
    service.ctl("refresh", "tv")
    wait_until(lambda: names_in(ask(service.playlist).text) == many)
    shown = [row["name"] for row in table(call(service, "channels", "home").stdout)]
    assert shown == many[:200]
    assert [row["name"] for row in table(call(service, "channels", "home", "l 29").stdout)] == [
        name for name in many if "l 29" in name]


def test_a_star_refreshes_all_sources(service):
    jobs = service.ctl("refresh", "*")["jobs"]
    assert len(jobs) == 2 and {job["kind"] for job in jobs} == {"refresh"}
    for job in jobs:
        run("ctl", "cancel", job["id"], "--data", service.data)


@pytest.fixture(name="camera", scope="module")
def a_service_with_written_down_channels(tmp_path_factory):
    """A source of channels that the configuration has, a list, and a guide with the list's name."""
    folder = tmp_path_factory.mktemp("camera")
    (folder / "tv.m3u").write_text(playlist_of("A", "B"))
    (folder / "guide.xml").write_text(GUIDE)
    config = folder / "config.toml"
    config.write_text('[service]\nquiet_period = "0s"\n'
                      '[[sources]]\nname = "camera"\n'
                      'channels = [{ name = "Door", url = "rtsp://10.0.0.5/1" }]\n'
                      f'[[sources]]\nname = "tv"\npath = "{folder}/tv.m3u"\n'
                      f'[[epg_sources]]\nname = "tv"\npath = "{folder}/guide.xml"\n'
                      '[[proxies]]\nname = "home"\nsources = ["camera", "tv"]\nepg_sources = ["tv"]\npublic = true\n'
                      + "".join(f'[[edits]]\nchannel = "{number:021d}A"\nname = "Nobody"\n' for number in range(EDITS)))
    with Service(folder / "data", "--config", config) as service:
        service.folder = folder
        service.wait_for_generation(1)
        yield service


def test_what_is_written_down_is_neither_fetched_nor_uploaded(camera):
    (camera.folder / "mine.m3u").write_text(playlist_of("C"))
    for arguments in (["refresh", "camera"], ["upload", "camera", camera.folder / "mine.m3u"]):
        refused = call(camera, *arguments)
        assert refused.returncode != 0 and refused.stdout == ""
        assert 'the channels of "camera" are written down in the configuration' in refused.stderr
    assert all(job["kind"] == "refresh" for job in camera.ctl("refresh", "*")["jobs"])
    assert len(camera.ctl("refresh", "*")["jobs"]) == 2, "the list and the guide"
    camera.wait_until_quiet()
    assert names_in(ask(camera.playlist).text)[0] == "Door"


def test_a_guide_is_uploaded_where_a_list_has_its_name(camera):
    (camera.folder / "other.xml").write_text(GUIDE.replace("</tv>", GUIDE[GUIDE.index("<programme"):]))
    wrong = call(camera, "upload", "tv", camera.folder / "other.xml")
    assert wrong.returncode != 0 and "expected an M3U playlist" in wrong.stderr
    assert camera.ctl("upload", "tv", camera.folder / "other.xml", "--guide") == {"uploaded": True}
    guide = next(one for one in camera.ctl("status")["sources"] if one["kind"] == "guide")
    assert guide["items"] == 2
    nobody = call(camera, "upload", "camera", camera.folder / "other.xml", "--guide")
    assert nobody.returncode != 0 and 'there is no EPG source "camera"' in nobody.stderr


def test_more_edits_than_a_page_are_all_shown(camera):
    door = next(row["channel"] for row in camera.ctl("channels", "home", "Door")["channels"])
    camera.ctl("edits", "set", door, "--name", "Front door", "--proxy", "home")
    shown = [edit["channel"] for edit in camera.ctl("edits", "list")["edits"]]
    assert len(shown) == EDITS + 1 and len(set(shown)) == EDITS + 1
    assert [edit["channel"] for edit in camera.ctl("edits", "list", "--proxy", "home")["edits"]] == [door]
    assert len(table(call(camera, "edits", "list").stdout)) == EDITS + 1
