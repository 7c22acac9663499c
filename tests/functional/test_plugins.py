"""m3u-proxy plugin: the commands for people who write plugins, on modules in WebAssembly's text form."""

import json
import os
import subprocess

import pytest

from program import BINARY, ROOT, environment, run

TIMEOUT = 120

PLAYLIST = (
    "#EXTM3U\n"
    '#EXTINF:-1 tvg-id="a" group-title="News",One\n'
    "http://example.org/1\n"
    "#EXTINF:-1,Two\n"
    "http://example.org/2\n"
)

MANIFEST = """[plugin]
name = "echo"
version = "1.0.0"
wasm = "echo.wat"
abi = 1
[capabilities]
stages = ["{stage}"]
{capabilities}
[permissions]
needs = ["log"]
[config]
group = "Sports"
"""

INFO = {
    "name": "echo",
    "version": "1.0.0",
    "description": "gives back what it gets",
    "supported_stages": ["data_mapping", "filtering", "m3u_generation", "source_loading"],
    "memory_requirements": {
        "min_heap_mb": 1,
        "max_heap_mb": 16,
        "supports_streaming": True,
        "supports_compression": False,
    },
}

# A module whose memory is given out from a fixed place on and begins anew with each generation.
MODULE = """(module
  (import "m3u_proxy" "log" (func $log (param i32 i32 i32)))
  (memory (export "memory") 64)
  (data (i32.const 64) "{info}")
  (data (i32.const 4096) "the reason")
  (global $next (mut i32) (i32.const 8192))
  (func (export "m3u_abi_version") (result i32) (i32.const {abi}))
  (func $alloc (export "m3u_alloc") (param $size i32) (result i32)
    (local $at i32)
    (local.set $at (global.get $next))
    (global.set $next
      (i32.and (i32.add (i32.add (global.get $next) (local.get $size)) (i32.const 31))
               (i32.const -16)))
    (if (i32.gt_u (global.get $next) (i32.const 4194304)) (then (return (i32.const 0))))
    (local.get $at))
  (func (export "m3u_free") (param i32 i32)
    {free})
  (func (export "m3u_info") (param $out i32) (result i32)
    (i32.store (local.get $out) (i32.const 64))
    (i32.store offset=4 (local.get $out) (i32.const {info_size}))
    (i32.const 0))
  (func (export "m3u_init") (param i32 i32) (result i32) (i32.const 0))
  (func (export "m3u_can_handle_memory_pressure") (param i32) (result i32) {pressure})
  (func (export "m3u_begin") (param i32 i32 i32 i32) (result i32) (i32.const 0))
  (func (export "m3u_process_chunk") (param $in i32) (param $size i32) (param $out i32) (result i32)
    {process})
  (func (export "m3u_finalize") (param $out i32) (result i32) (i32.const 2))
  (func (export "m3u_cleanup") {cleanup})
)
"""

ECHO = """(i32.store (local.get $out) (local.get $in))
    (i32.store offset=4 (local.get $out) (local.get $size))
    (i32.const 0)"""
REFUSE = """(call $log (i32.const 0) (i32.const 4096) (i32.const 10))
    (i32.const -1)"""
TRAP = "unreachable"
SPIN = "(loop $again (br $again)) (i32.const 1)"
# The last buffer that was given out is the only one that can be given back.
FREE = """(if (i32.eq (global.get $next)
                (i32.and (i32.add (i32.add (local.get 0) (local.get 1)) (i32.const 31))
                         (i32.const -16)))
      (then (global.set $next (local.get 0))))"""
FORGET = "(global.set $next (i32.const 65536))"


def module(process=ECHO, info=None, abi=1, pressure="(i32.const 1)", free=FREE, cleanup=FORGET):
    text = json.dumps({**INFO, **(info or {})})
    return MODULE.format(
        info=text.replace("\\", "\\\\").replace('"', '\\"'),
        info_size=len(text),
        process=process,
        abi=abi,
        pressure=pressure,
        free=free,
        cleanup=cleanup,
    )


def own_cache(folder):
    return environment(XDG_CACHE_HOME=str(folder / "cache"))


def plugin(folder, *arguments, stdin=""):
    return run("plugin", *arguments, cwd=folder, stdin=stdin, env=own_cache(folder))


def write(folder, text=None, stage="data_mapping", capabilities=""):
    (folder / "echo.toml").write_text(MANIFEST.format(stage=stage, capabilities=capabilities))
    (folder / "echo.wat").write_text(text or module())
    (folder / "list.m3u").write_text(PLAYLIST)


def has_plugins():
    done = subprocess.run([BINARY, "plugin", "list", "--directory", str(ROOT / "tests")],
                          capture_output=True, text=True, timeout=TIMEOUT, check=False)
    return "built without plugins" not in done.stderr


pytestmark = pytest.mark.skipif(not has_plugins(), reason="the program was built without plugins")


@pytest.fixture(name="folder")
def make_folder(tmp_path):
    write(tmp_path)
    return tmp_path


# --- list, inspect ----------------------------------------------------------------------------


def test_list_shows_the_plugins_of_a_folder(folder):
    done = plugin(folder, "list", "--directory", ".")
    assert done.returncode == 0
    assert done.stdout.splitlines() == [
        "NAME  VERSION  STAGES        POSITION  ENABLED",
        "echo  1.0.0    data_mapping  after     yes",
    ]


def test_list_follows_the_configuration(folder):
    (folder / "c/wasm").mkdir(parents=True)
    write(folder / "c/wasm")
    (folder / "c/c.toml").write_text('[wasm_plugins]\nplugin_directory = "wasm"\n'
                                     "[wasm_plugins.plugins.echo]\nenabled = false\n")
    done = plugin(folder, "list", "--config", "c/c.toml", "--json")
    assert done.returncode == 0
    listed = json.loads(done.stdout)
    assert [entry["name"] for entry in listed] == ["echo"]
    assert listed[0]["enabled"] is False


def test_list_names_what_is_wrong_with_a_manifest(folder):
    (folder / "bad.toml").write_text('[plugin]\nnme = "x"\n')
    done = plugin(folder, "list", "--directory", ".")
    assert done.returncode == 2
    assert "echo" in done.stdout
    assert 'bad.toml:2:1: plugin.nme is not a key (did you mean "name"?)' in done.stderr
    listed = json.loads(plugin(folder, "list", "--directory", ".", "--json").stdout)
    assert "is not a key" in listed[0]["error"]


def test_list_needs_a_folder(folder):
    done = plugin(folder, "list", "--directory", "none")
    assert done.returncode == 1
    assert "none" in done.stderr


@pytest.mark.parametrize("name", ["echo.toml", "echo.wat"])
def test_inspect_shows_what_a_plugin_needs(folder, name):
    done = plugin(folder, "inspect", name)
    assert done.returncode == 0, done.stderr
    lines = {line[:16].strip(): line[16:] for line in done.stdout.splitlines()}
    assert lines["Plugin"] == "echo 1.0.0"
    assert lines["Asks for"] == "log"
    assert lines["Configuration"] == '{"group":"Sports"}'
    assert lines["Memory"] == "1 to 16 MB, streams; begins with 4096 KB"
    assert lines["Under pressure"] == (
        "Optimal yes, Moderate yes, High yes, Critical yes, Emergency yes")
    assert lines["Imports"] == "m3u_proxy.log"


def test_inspect_gives_json(folder):
    shown = json.loads(plugin(folder, "inspect", "echo.toml", "--json").stdout)
    assert shown["memory_requirements"]["max_heap_mb"] == 16
    assert shown["handles_memory_pressure"]["Emergency"] is True
    assert shown["config"] == {"group": "Sports"}


def test_inspect_says_why_a_module_cannot_run(folder):
    (folder / "echo.wat").write_text("(module")
    done = plugin(folder, "inspect", "echo.toml")
    assert done.returncode == 1
    assert "no WebAssembly module" in done.stderr
    done = plugin(folder, "inspect", "none.toml")
    assert done.returncode == 1
    assert "none.toml" in done.stderr


# --- run --------------------------------------------------------------------------------------


@pytest.mark.parametrize("stage", ["data_mapping", "m3u_generation"])
def test_run_prints_what_the_plugin_makes(folder, stage):
    write(folder, stage=stage)
    done = plugin(folder, "run", "echo.toml", "--stage", stage, "--input", "list.m3u")
    assert done.returncode == 0, done.stderr
    assert done.stdout == PLAYLIST
    piped = plugin(folder, "run", "echo.toml", "--stage", stage, stdin=PLAYLIST)
    assert piped.stdout == PLAYLIST


GUIDE = (
    '<tv><channel id="a"/><programme start="20260101100000 +0000" channel="a"><title>A &amp; B'
    "</title><live/></programme></tv>"
)


def test_run_prints_the_guide_that_an_epg_plugin_makes(folder):
    write(folder, module(info={"supported_stages": ["epg"]}), stage="epg")
    done = plugin(folder, "run", "echo.toml", "--stage", "epg", stdin=GUIDE)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-3:] == [
        '  <channel id="a"/>',
        '  <programme start="20260101100000 +0000" channel="a"><title>A &amp; B</title><live/>'
        "</programme>",
        "</tv>",
    ]
    assert plugin(folder, "validate", "echo.toml").returncode == 0


def test_run_gives_the_reason_that_the_plugin_logged(folder):
    write(folder, module(process=REFUSE))
    done = plugin(folder, "run", "echo.toml", "--stage", "data_mapping", "--input", "list.m3u")
    assert done.returncode == 1
    assert "the reason" in done.stderr


def test_run_survives_a_trap(folder):
    write(folder, module(process=TRAP))
    done = plugin(folder, "run", "echo.toml", "--stage", "data_mapping", "--input", "list.m3u")
    assert done.returncode == 1
    assert "unreachable" in done.stderr


def test_run_refuses_another_stage_and_a_bad_configuration(folder):
    done = plugin(folder, "run", "echo.toml", "--stage", "filtering", "--input", "list.m3u")
    assert done.returncode == 2
    assert 'it has "data_mapping"' in done.stderr
    done = plugin(folder, "run", "echo.toml", "--stage", "data_mapping", "--input", "list.m3u",
                  "--config-json", "[1]")
    assert done.returncode == 2
    assert "JSON object" in done.stderr


def test_run_names_a_missing_input(folder):
    done = plugin(folder, "run", "echo.toml", "--stage", "data_mapping", "--input", "none.m3u")
    assert done.returncode == 1
    assert "none.m3u" in done.stderr


# --- validate ---------------------------------------------------------------------------------


def verdicts(done):
    """The rules by verdict, and the remedies."""
    rules = {}
    for line in done.stdout.splitlines()[:-1]:
        if line.startswith("      "):
            rules.setdefault("remedies", []).append(line.strip())
        else:
            rules.setdefault(line[:6].strip(), []).append(line[6:])
    return rules


def test_validate_passes_a_good_plugin(folder):
    write(folder, capabilities="parallel = true")
    done = plugin(folder, "validate", "echo.toml")
    assert done.returncode == 0, done.stdout
    rules = verdicts(done)
    assert "FAIL" not in rules
    assert "the manifest is right" in rules["ok"]
    assert "data_mapping: two instances give the same" in rules["ok"]
    assert ("data_mapping: parallel: how rows are cut into chunks does not matter"
            in rules["ok"])
    assert done.stdout.splitlines()[-1].endswith(" 0 failed, 0 warnings, 0 skipped")


KINDS = "data_mapping: chunks of every kind give what verifies, and finalize ends"
GROWTH = "data_mapping: memory does not grow over 50 generations, and keeps to max_heap_mb"
CASES = {
    "a wrong version of the ABI": (
        module(abi=2), "it starts: ABI version 1, and takes the manifest's configuration"),
    "another name": (
        module(info={"name": "other"}), "the info is right and agrees with the manifest"),
    "a stage that is not supported": (
        module(info={"supported_stages": ["epg"]}),
        "the info is right and agrees with the manifest"),
    "more memory than is allowed": (
        module(info={"memory_requirements": {"min_heap_mb": 1, "max_heap_mb": 65,
                                             "supports_streaming": True}}),
        "the memory that it may need is allowed"),
    "no answer to pressure": (
        module(pressure="(i32.const 2)"),
        "every level of memory pressure is answered with 0 or 1"),
    "a trap": (
        module(process=TRAP), KINDS),
    "an end that never comes": (
        module().replace("(result i32) (i32.const 2))",
                         "(result i32) (i32.const 1))"), KINDS),
    "rubbish that hangs it": (
        # A frame of ours begins with a small offset; a size of 16 MB is rubbish.
        module(process="(if (i32.gt_u (i32.load (local.get $in)) (i32.const 65536)) "
                       "(then (loop $again (br $again)))) " + ECHO),
        "data_mapping: rubbish does not hang it"),
    "an answer while it says that it accumulates": (
        module(info={"memory_requirements": {"supports_streaming": False}}),
        "data_mapping: it accumulates: chunks are answered with 1, finalize gives all"),
    "memory that is never given back": (
        module(free="", cleanup="", process="(drop (memory.grow (i32.const 1))) " + ECHO),
        GROWTH),
    "more memory than it says": (
        module(process="(drop (memory.grow (i32.sub (i32.const 300) (memory.size)))) " + ECHO),
        GROWTH),
    "a missing export": (
        module().replace('(export "m3u_cleanup")', ""),
        "all exports are there, with their types"),
    "an export of another type": (
        module().replace('(func (export "m3u_cleanup") ', '(func (export "m3u_cleanup") (param i32)'),
        "all exports are there, with their types"),
    "an import that there is not": (
        module().replace('"m3u_proxy" "log"', '"m3u_proxy" "open_socket"'),
        "the module compiles and imports only what there is"),
    "buffers that overlap": (
        module().replace("(local.get $at))\n  (func (export \"m3u_free\")",
                         "(i32.const 8192))\n  (func (export \"m3u_free\")"),
        "m3u_alloc gives buffers that are aligned, apart and in the memory"),
}


@pytest.mark.parametrize("text, rule", CASES.values(), ids=CASES.keys())
def test_validate_fails_the_rule_that_is_broken(folder, text, rule):
    write(folder, text)
    done = plugin(folder, "validate", "echo.toml")
    assert done.returncode == 1, done.stdout
    assert verdicts(done)["FAIL"][0] == rule


def test_validate_asks_for_the_permission_of_an_import(folder):
    manifest = folder / "echo.toml"
    manifest.write_text(manifest.read_text().replace('needs = ["log"]', "needs = []"))
    assert plugin(folder, "validate", "echo.toml").returncode == 0  # errors may be logged
    (folder / "echo.wat").write_text(module().replace(
        "(memory", '(import "m3u_proxy" "memory_usage" (func (result i64)))\n  (memory', 1))
    done = plugin(folder, "validate", "echo.toml")
    assert done.returncode == 1
    assert verdicts(done)["FAIL"] == ["each import is asked for in the manifest"]
    assert "add it to needs in [permissions]" in done.stdout


def test_validate_stops_a_plugin_that_hangs(folder):
    write(folder, module(process=SPIN))
    done = plugin(folder, "validate", "echo.toml")
    assert done.returncode == 1
    assert verdicts(done)["FAIL"] == [KINDS]
    assert "took too long" in done.stdout


def test_validate_needs_a_source_for_source_loading(folder):
    write(folder, stage="source_loading")
    done = plugin(folder, "validate", "echo.toml")
    assert done.returncode == 0, done.stdout
    assert verdicts(done)["skip"] == ["source_loading: what comes out is right"]
    with_input = plugin(folder, "validate", "echo.toml", "--input", "list.m3u")
    assert with_input.returncode == 1  # the bytes come back, which are no batch of channels


def test_validate_names_a_mistake_in_the_manifest(folder):
    (folder / "echo.toml").write_text("[plugin]\n")
    done = plugin(folder, "validate", "echo.toml")
    assert done.returncode == 1
    assert verdicts(done)["FAIL"] == ["the manifest is right"]


# --- bench, compile ---------------------------------------------------------------------------


def test_bench_measures_made_channels(folder):
    done = plugin(folder, "bench", "echo.toml", "--channels", "2500")
    assert done.returncode == 0, done.stderr
    names = [line[:22].strip() for line in done.stdout.splitlines()]
    assert names == ["start from the cache", "smallest call", "median of a chunk", "chunks", "rows",
                     "bytes", "memory of the plugin"]
    assert "3 in " in done.stdout
    assert "2500, " in done.stdout


def test_compile_writes_a_module_that_is_ready(folder):
    assert plugin(folder, "compile", "echo.wat", "echo.bin").returncode == 0
    assert (folder / "echo.bin").stat().st_size > 0
    done = plugin(folder, "compile", "none.wat", "none.bin")
    assert done.returncode == 1
    assert "none.wat" in done.stderr
    assert not (folder / "none.bin").exists()


# --- clear ------------------------------------------------------------------------------------

CONFIGURATION = """[wasm_plugins]
enabled = true
plugin_directory = ".."
max_plugin_failures = 1
fallback_to_native = true
[[sources]]
name = "tv"
path = "../list.m3u"
"""


def generate(folder):
    return run("generate", "--config", "conf/c.toml", "--out", "out", cwd=folder,
               env=own_cache(folder))


def test_without_a_cache_a_module_is_compiled_for_one_run(folder):
    (folder / "file").write_text("")
    (folder / "temp").mkdir()
    (folder / "wasm").mkdir()
    write(folder / "wasm")
    (folder / "c.toml").write_text('[[sources]]\nname = "tv"\npath = "list.m3u"\n'
                                   '[wasm_plugins]\nenabled = true\nplugin_directory = "wasm"\n'
                                   'cache_directory = "file/cache"\n')
    done = subprocess.run([BINARY, "generate", "--config", "c.toml", "--out", "out"], cwd=folder,
                          env={**own_cache(folder), "TMPDIR": str(folder / "temp")},
                          capture_output=True, text=True, timeout=TIMEOUT, check=False)
    assert done.returncode == 0, done.stderr
    assert "compiled for this run only" in done.stderr
    assert (folder / "out/default.m3u").read_text().count("#EXTINF") == PLAYLIST.count("#EXTINF")
    assert list((folder / "temp").iterdir()) == []
    # Nowhere to put it: the process that has a limit does not compile either.
    done = subprocess.run([BINARY, "generate", "--config", "c.toml", "--out", "out"], cwd=folder,
                          env={**own_cache(folder), "TMPDIR": str(folder / "none")},
                          capture_output=True, text=True, timeout=TIMEOUT, check=False)
    assert "cache_directory" in done.stderr


def test_clear_ends_a_quarantine(folder):
    write(folder, module(process=TRAP))
    (folder / "conf").mkdir()
    (folder / "conf/c.toml").write_text(CONFIGURATION)
    failed = "plugin echo in data_mapping, chunk 1"
    assert failed in generate(folder).stderr
    again = generate(folder)
    assert failed not in again.stderr
    assert "m3u-proxy plugin clear echo" in again.stderr
    done = plugin(folder, "clear", "echo")
    assert done.returncode == 0, done.stderr
    assert done.stdout == "echo may run again\n"
    assert failed in generate(folder).stderr
    done = plugin(folder, "clear", "other")
    assert done.returncode == 1
    assert "there are some of echo" in done.stderr


# --- new --------------------------------------------------------------------------------------


@pytest.mark.parametrize("language", ["cpp", "rust"])
def test_new_makes_a_folder_from_the_template(folder, language):
    done = plugin(folder, "new", "--language", language, "my-tagger")
    assert done.returncode == 0, done.stderr
    made = folder / "my-tagger"
    assert 'name = "my-tagger"' in (made / "my-tagger.toml").read_text()
    assert (made / "README.md").exists()
    assert os.access(made / "build.sh", os.X_OK)
    for file in made.rglob("*"):
        assert not file.is_file() or "@NAME@" not in file.read_text()
    again = plugin(folder, "new", "--language", language, "my-tagger")
    assert again.returncode == 2
    assert "is there already" in again.stderr
    assert plugin(folder, "new", "--language", language, "b", "--into", "x/y").returncode == 0
    assert (folder / "x/y/b.toml").exists()


# --- plugins that misbehave -------------------------------------------------------------------

# What this one does wrong the host answers as the ABI says, and that is what it expects.
KEEPS_THE_RULES = {"wrong_arguments"}
MISBEHAVING = sorted(path for path in (ROOT / "sdk/samples/misbehaving").glob("*.toml")
                     if path.stem not in KEEPS_THE_RULES)


@pytest.mark.parametrize("manifest", MISBEHAVING, ids=[path.stem for path in MISBEHAVING])
def test_validate_finds_out_every_plugin_that_misbehaves(tmp_path, manifest):
    done = plugin(tmp_path, "validate", str(manifest))
    assert done.returncode == 1, done.stdout
    assert "FAIL" in verdicts(done)
