"""A bad day must not cost the good one: what comes empty, broken or much smaller than before."""

import pytest

from program import report_of, run

LIST = '#EXTM3U\n#EXTINF:-1 tvg-id="a",A\nhttp://h.example/1\n#EXTINF:-1,B\nhttp://h.example/2\n'
CHANNEL = '<channel id="a"><display-name>A</display-name></channel>'


def guide_of(programmes):
    shows = "".join(
        f'<programme start="202601011{i:01}0000 +0000" channel="a"><title>{i}</title></programme>'
        for i in range(programmes)
    )
    return f"<tv>{CHANNEL}{shows}</tv>"


def generate(folder, *arguments):
    return run("generate", *arguments, "--out", "out", "--report", "r.json", cwd=folder)


def report(folder):
    return report_of(folder / "r.json")


def write_config(folder, keys="", sections="", proxy=""):
    (folder / "c.toml").write_text(
        f'[[sources]]\nname = "tv"\npath = "list.m3u"\n'
        f'[[epg_sources]]\nname = "g"\npath = "guide.xml"\n{sections}\n'
        f'[[proxies]]\nname = "default"\nsources = ["tv"]\nepg_sources = ["g"]\n{proxy}\n{keys}\n'
    )


@pytest.fixture(name="folder")
def made_folder(tmp_path):
    (tmp_path / "list.m3u").write_text(LIST)
    (tmp_path / "guide.xml").write_text(guide_of(8))
    write_config(tmp_path)
    return tmp_path


@pytest.mark.parametrize(
    "text",
    [
        '<?xml version="1.0"?>\n<tv generator-info-name="x"></tv>',
        '<?xml version="1.0" ?>\n<tv generator-info-name="x">',
        "<tv/>",
        f'<tv>{CHANNEL}<programme start="today" channel="a"><title>x</title></programme></tv>',
        f'<tv>{CHANNEL}<programme channel="a"><title>x</title></programme></tv>',
        "<tv><channel><display-name>A</display-name></channel></tv>",
        "<html>down for maintenance</html>",
        "",
    ],
)
def test_a_guide_of_no_use_leaves_the_last_one(folder, text):
    assert generate(folder, "--config", "c.toml").returncode == 0
    good = (folder / "out/default.xmltv").read_bytes()
    (folder / "guide.xml").write_text(text)
    done = generate(folder, "--config", "c.toml")
    assert done.returncode == 3, done.stderr
    assert "the last guide stays" in done.stderr
    assert (folder / "out/default.xmltv").read_bytes() == good
    assert report(folder)["sources_detail"][1]["error"] != ""
    assert report(folder)["guide_written"] is False


def test_a_guide_of_channels_alone_leaves_the_last_one_unless_it_may_be_empty(folder):
    (folder / "guide.xml").write_text(f"<tv>{CHANNEL}</tv>")
    assert generate(folder, "--config", "c.toml").returncode == 0
    (folder / "guide.xml").write_text(guide_of(8))
    assert generate(folder, "--config", "c.toml").returncode == 0
    good = (folder / "out/default.xmltv").read_bytes()
    (folder / "guide.xml").write_text(f"<tv>{CHANNEL}</tv>")
    for _ in range(2):
        done = generate(folder, "--config", "c.toml")
        assert done.returncode == 3, done.stderr
        assert "no programme at all, and the last guide had 8" in done.stderr
        assert (folder / "out/default.xmltv").read_bytes() == good
        assert report(folder)["guide_written"] is False
    write_config(folder, "allow_empty = true")
    assert generate(folder, "--config", "c.toml").returncode == 0
    assert "<programme" not in (folder / "out/default.xmltv").read_text()


def test_a_guide_that_shrank_too_much_stays_the_old_one(folder):
    write_config(folder, 'max_shrink = "50%"')
    assert generate(folder, "--config", "c.toml").returncode == 0
    good = (folder / "out/default.xmltv").read_bytes()
    (folder / "guide.xml").write_text(guide_of(3))
    (folder / "list.m3u").write_text(LIST.replace(",B", ",New"))
    for _ in range(2):  # the good one is what the next run compares with, too
        done = generate(folder, "--config", "c.toml")
        assert done.returncode == 3, done.stderr
        assert "from 8 to 3 programmes" in done.stderr
        assert (folder / "out/default.xmltv").read_bytes() == good
        assert "New" in (folder / "out/default.m3u").read_text()
        assert any("max_shrink" in warning for warning in report(folder)["warnings"])
    (folder / "guide.xml").write_text(guide_of(4))
    assert generate(folder, "--config", "c.toml").returncode == 0
    assert (folder / "out/default.xmltv").read_bytes() != good


def test_a_guide_may_shrink_where_nothing_forbids_it_or_the_old_one_is_gone(folder):
    assert generate(folder, "--config", "c.toml").returncode == 0
    (folder / "guide.xml").write_text(guide_of(1))
    assert generate(folder, "--config", "c.toml").returncode == 0
    (folder / "guide.xml").write_text(guide_of(8))
    write_config(folder, 'max_shrink = "10%"')
    assert generate(folder, "--config", "c.toml").returncode == 0
    (folder / "guide.xml").write_text(guide_of(1))
    (folder / "out/default.xmltv").unlink()
    assert generate(folder, "--config", "c.toml").returncode == 0


EXCLUDE_ALL = (
    '[[filters]]\nname = "none"\naction = "exclude"\nexpression = \'stream_url contains "h."\'\n'
)


def test_a_list_without_a_channel_is_refused(folder):
    assert generate(folder, "--config", "c.toml").returncode == 0
    good = (folder / "out/default.m3u").read_bytes()
    write_config(folder, sections=EXCLUDE_ALL, proxy='filters = ["none"]')
    done = generate(folder, "--config", "c.toml")
    assert done.returncode == 1, done.stderr
    assert 'filter "none" matched 2 of 2' in done.stderr
    assert "allow_empty" in done.stderr
    assert (folder / "out/default.m3u").read_bytes() == good


def test_a_list_without_a_channel_may_be_allowed_or_be_the_first(folder):
    write_config(folder, sections=EXCLUDE_ALL, proxy='filters = ["none"]')
    assert generate(folder, "--config", "c.toml").returncode == 0, "there was no list before"
    assert generate(folder, "--config", "c.toml").returncode == 0, "it had no channel either"
    write_config(folder)
    assert generate(folder, "--config", "c.toml").returncode == 0
    write_config(folder, "allow_empty = true", sections=EXCLUDE_ALL, proxy='filters = ["none"]')
    assert generate(folder, "--config", "c.toml").returncode == 0
    assert (folder / "out/default.m3u").read_text() == "#EXTM3U\n"


def test_sources_without_any_channel_are_refused_in_any_case(folder):
    write_config(folder, "allow_empty = true")
    assert generate(folder, "--config", "c.toml").returncode == 0
    good = (folder / "out/default.m3u").read_bytes()
    (folder / "list.m3u").write_text("#EXTM3U\n")
    assert generate(folder, "--config", "c.toml").returncode == 1
    assert (folder / "out/default.m3u").read_bytes() == good


@pytest.mark.parametrize(("empty", "words"), [
    ("#EXTM3U\n", "the playlist has no channels"),
    ("#EXTM3U\n#EXTINF:-1,One without an address\n", "it has no channels"),
])
def test_one_source_without_any_channel_is_told(folder, empty, words):
    (folder / "empty.m3u").write_text(empty)
    done = generate(folder, "--source", "a=list.m3u", "--source", "b=empty.m3u")
    assert done.returncode == 3, done.stderr
    assert f"b: {words}" in done.stderr
    assert report(folder)["sources_detail"][1]["error"].startswith(words)


def test_filters_and_rules_that_match_nothing_are_warnings(folder):
    write_config(
        folder,
        sections='[[filters]]\nname = "f1"\naction = "exclude"\nexpression = \'name == "x"\'\n'
        '[[filters]]\nname = "f2"\naction = "exclude"\nexpression = \'name == "B"\'\n'
        '[[filters]]\nname = "f3"\naction = "exclude"\napplies_to = "programmes"\n'
        "expression = 'title == \"x\"'\n"
        '[[rules]]\nname = "r1"\nexpression = \'name == "x" SET name = "y"\'\n'
        '[[rules]]\nname = "r2"\napplies_to = "guide_channels"\n'
        "expression = 'channel_id == \"x\" SET icon = \"y\"'\n"
        '[[rules]]\nname = "r3"\nexpression = \'SET tvg_name = "y"\'\n',
        proxy='filters = ["f1", "f2", "f3"]\nrules = ["r1", "r2", "r3"]',
    )
    done = generate(folder, "--config", "c.toml")
    assert done.returncode == 0, done.stderr
    expected = [f'{kind} "{name}" matched nothing'
                for kind, name in (("filter", "f1"), ("filter", "f3"), ("rule", "r1"), ("rule", "r2"))]
    assert report(folder)["warnings"] == expected
    assert report(folder)["problems"]["by_reason"].keys() <= {"missing_stop"}
    for warning in expected:
        assert warning in done.stderr


def test_rules_for_a_guide_that_there_is_not_are_no_warnings(folder):
    (folder / "guide.xml").write_text("<html>")
    write_config(
        folder,
        sections='[[rules]]\nname = "r"\napplies_to = "programmes"\n'
        "expression = 'title == \"x\" SET title = \"y\"'\n",
        proxy='rules = ["r"]',
    )
    assert generate(folder, "--config", "c.toml").returncode == 3
    assert report(folder)["warnings"] == []


def test_old_spellings_of_keys_are_accepted_and_told_once(folder):
    write_config(
        folder,
        "include_past_programs = true\ndeduplicate_programs = true\n"
        '[[proxies]]\nname = "two"\nsources = ["tv"]\ndeduplicate_programs = true',
    )
    checked = run("check", "c.toml", cwd=folder)
    assert checked.returncode == 0, checked.stderr
    told = checked.stdout + checked.stderr
    assert told.count("deduplicate_programs is called deduplicate_programmes now") == 1
    assert told.count("include_past_programs is called include_past_programmes now") == 1


def test_check_names_what_is_wrong_in_rules_for_guide_channels(folder):
    write_config(
        folder,
        sections='[[rules]]\nname = "r"\napplies_to = "guide_channels"\n'
        "expression = 'SET REMOVE channel_id'\n"
        '[[rules]]\nname = "s"\napplies_to = "guide_channels"\n'
        "expression = 'tvg_id == \"x\" SET icon = \"\"'\n",
    )
    checked = run("check", "c.toml", cwd=folder)
    assert checked.returncode == 2
    assert "c.toml:10" in checked.stderr and "channel_id cannot be cleared" in checked.stderr
    assert "c.toml:14" in checked.stderr and "unknown_field" in checked.stderr
