"""The SDK with the real binary: the page about plugins followed to the letter, and what the samples
do in a generation. Needs clang-19 and lld-19; what needs more is skipped where that is missing.
"""

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from program import BINARY, ROOT, plugins_are_built

PAGE = ROOT / "docs" / "plugins.md"
TIMEOUT = 600  # Rust's standard library is compiled the first time

CARGO = shutil.which("cargo") or shutil.which("cargo", path="/usr/bin")
pytestmark = [
    pytest.mark.skipif(not plugins_are_built(), reason="built without plugins"),
    pytest.mark.skipif(
        not (shutil.which("clang++-19") and shutil.which("wasm-ld-19")),
        reason="there is no clang++-19 or wasm-ld-19",
    ),
]

LIST = """#EXTM3U
#EXTINF:-1 tvg-id="a" group-title="UK" catchup-days="7",Sky SPORT 1
http://example.org/1
#EXTINF:-1 group-title="Sports and more",Other
#EXTVLCOPT:http-user-agent=x
http://example.org/2
#EXTINF:-1 group-title="UK",News
http://example.org/3
#EXTINF:-1 group-title="Films",sky-sport (1)
http://example.org/4
#EXTINF:-1 group-title="Films",\u017fport
http://example.org/5
"""
GUIDE = (
    '<tv><channel id="a"><display-name>A</display-name></channel>'
    '<programme start="20260101180000 +0000" channel="a"><title>Match</title><live/></programme>'
    '<programme start="20260101190000 +0000" channel="a"><title>Film</title></programme></tv>'
)


def run(*arguments, cwd, environment=None):
    return subprocess.run(
        [str(argument) for argument in arguments],
        cwd=cwd,
        capture_output=True,
        text=True,
        timeout=TIMEOUT,
        check=False,
        env={**os.environ, **(environment or {})},
    )


@pytest.fixture(scope="session")
def modules(tmp_path_factory):
    folder = tmp_path_factory.mktemp("modules")
    done = run(ROOT / "sdk" / "build.sh", folder, "cpp", cwd=folder)
    assert done.returncode == 0, done.stderr
    return folder


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "list.m3u").write_text(LIST)
    (tmp_path / "guide.xml").write_text(GUIDE)
    return tmp_path


def generate(folder, modules, plugins, *arguments, source="", proxy="", more=""):
    """The playlist that a generation with these plugins makes."""
    (folder / "plugins").mkdir(exist_ok=True)
    for name in plugins:
        for suffix in (".toml", ".wasm"):
            shutil.copy(modules / (name + suffix), folder / "plugins")
    (folder / "config.toml").write_text(
        f'[wasm_plugins]\nenabled = {str(bool(plugins)).lower()}\nplugin_directory = "plugins"\n'
        f'cache_directory = "cache"\n{more}\n'
        f'[[sources]]\nname = "tv"\npath = "list.m3u"\n{source}\n'
        f'[[proxies]]\nname = "home"\nsources = ["tv"]\n{proxy}\n'
    )
    done = run(
        BINARY, "generate", "--config", "config.toml", "--out", "out", *arguments, cwd=folder
    )
    assert done.returncode == 0, done.stderr
    return (folder / "out" / "home.m3u").read_text()


def blocks(language):
    """The shell commands of the page's first part: those for C++, or those for Rust."""
    text = PAGE.read_text().split("## The manifest")[0]
    cpp, rust = text.split("In Rust it is the same")
    return re.findall(r"```sh\n(.*?)```", cpp if language == "cpp" else rust, re.DOTALL)


def follow(language, folder):
    """Runs the commands, but for the installation of packages."""
    commands = "".join(blocks(language))
    assert "plugin new" in commands
    script = re.sub(r"^apt-get .*\n", "", commands, flags=re.MULTILINE)
    programs = folder / "bin"
    programs.mkdir()
    (programs / "m3u-proxy").symlink_to(Path(BINARY).resolve())
    path = f"{programs}:{os.environ['PATH']}"
    home = {"PATH": path, "XDG_CACHE_HOME": str(folder / "cache")}
    work = folder / "work"
    work.mkdir()
    return run("bash", "-euc", script, cwd=work, environment=home)


def test_the_page_s_first_plugin_works_to_the_letter(tmp_path):
    done = follow("cpp", tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.splitlines()[-1].endswith('group-title="All the news" tvg-chno="1",BBC News')


@pytest.mark.skipif(
    not Path("/usr/lib/rustlib/src/rust/library").is_dir() or not Path("/usr/bin/cargo").exists(),
    reason="there is no cargo-web or rust-web-src",
)
def test_the_page_s_rust_plugin_works_to_the_letter(tmp_path):
    done = follow("rust", tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.skipif(CARGO is None, reason="there is no cargo")
def test_the_rust_sdk_passes_its_own_tests(tmp_path):
    crate = ROOT / "sdk" / "rust" / "m3u-plugin"
    done = run(CARGO, "test", "--quiet", "--locked", "--offline", cwd=crate,
               environment={"CARGO_TARGET_DIR": str(tmp_path)})
    assert done.returncode == 0, done.stdout + done.stderr
    assert re.search(r"[1-9]\d* passed; 0 failed", done.stdout)


@pytest.mark.skipif(CARGO is None, reason="there is no cargo")
def test_the_tuned_rust_deduplicator_passes_its_own_tests(tmp_path):
    # Not in its folder, where cargo builds for wasm32.
    manifest = ROOT / "bench" / "deduplicators" / "rust" / "Cargo.toml"
    done = run(CARGO, "test", "--quiet", "--locked", "--offline", "--manifest-path", manifest,
               cwd=tmp_path,
               environment={"CARGO_TARGET_DIR": str(tmp_path)})
    assert done.returncode == 0, done.stdout + done.stderr
    assert re.search(r"[1-9]\d* passed; 0 failed", done.stdout)


@pytest.mark.parametrize(
    "name",
    ["passthrough", "sports_tagger", "deduplicator", "tuned_deduplicator", "group_numbers",
     "playlist_stamp", "live_prefix"],
)
def test_a_sample_breaks_no_rule(name, modules, tmp_path):
    done = run(BINARY, "plugin", "validate", modules / f"{name}.wasm", cwd=tmp_path,
               environment={"XDG_CACHE_HOME": str(tmp_path)})
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_sports_tagger_does_what_the_rule_does(folder, modules):
    rule = (
        'channel_name contains "sport" OR group_title contains "sport" SET group_title = "Sports"'
    )
    native = generate(folder, modules, [], "--rule", rule)
    assert native.count('group-title="Sports"') == 4
    assert generate(folder, modules, ["sports_tagger"]) == native


def test_passing_chunks_through_changes_nothing(folder, modules):
    assert generate(folder, modules, ["passthrough"]) == generate(folder, modules, [])


DEDUPLICATORS = pytest.mark.parametrize("name", ["deduplicator", "tuned_deduplicator"])


@DEDUPLICATORS
def test_a_deduplicator_keeps_the_first_of_a_name(folder, modules, name):
    written = generate(folder, modules, [name])
    assert "Sky SPORT 1" in written
    assert "sky-sport (1)" not in written
    assert written.count("#EXTINF") == 4


@DEDUPLICATORS
def test_a_deduplicator_gives_the_same_at_any_limit(folder, modules, name):
    with (folder / "list.m3u").open("w") as playlist:
        for i in range(60_000):
            number = i // 2 if i % 10 == 9 else i
            playlist.write(
                f'#EXTINF:-1 tvg-id="ch{i}.example.org" group-title="Group {i % 40}",Channel {number}\n'
                f"http://provider.example.org:8080/live/user/password/{i}.ts\n"
            )
    plenty = generate(folder, modules, [name], "--memory-limit", "512MB")
    assert plenty.count("#EXTINF") == 57_000
    assert generate(folder, modules, [name], "--memory-limit", "40MB") == plenty


def test_groups_have_a_thousand_numbers_each(folder, modules):
    written = generate(folder, modules, ["group_numbers"])
    numbers = re.findall(r'tvg-chno="(\d+)"', written)
    assert numbers == ["1000", "2000", "1001", "3000", "3001"]


def test_a_line_is_stamped_into_every_entry_once(folder, modules):
    written = generate(
        folder,
        modules,
        ["playlist_stamp"],
        more='[wasm_plugins.plugins.playlist_stamp.config]\nline = "#EXTVLCOPT:http-user-agent=x"',
    )
    assert written.count("#EXTVLCOPT:http-user-agent=x\nhttp://example.org/") == 5


def test_live_programmes_are_marked_and_others_stay(folder, modules):
    generate(folder, modules, ["live_prefix"], "--epg", "guide=guide.xml")
    written = (folder / "out" / "home.xmltv").read_text()
    assert "<title>LIVE: Match</title><live/>" in written.replace("\n", "").replace("  ", "")
    assert "<title>Film</title>" in written


def test_a_csv_becomes_channels(folder, modules):
    (folder / "list.m3u").write_text(
        'url,name,group,country\nhttp://example.org/1,"One, ""1""",UK,gb\nhttp://example.org/2,Two'
    )
    written = generate(folder, modules, ["csv_channels"], source='plugin = "csv_channels"')
    assert written == (
        "#EXTM3U\n"
        '#EXTINF:-1 group-title="UK" tvg-chno="1" country="gb",One, "1"\nhttp://example.org/1\n'
        '#EXTINF:-1 tvg-chno="2",Two\nhttp://example.org/2\n'
    )
