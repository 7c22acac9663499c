"""Plugins at size: a million channels through a plugin in every stage keep the memory limit and give
the same bytes; and those that misbehave leave neither memory nor files behind.

Run by ./dev test --full against the release build, which TEST_BUILD names. Needs the sample plugins,
and so clang-19 with lld-19.
"""

import filecmp
import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest
from control_group import control_group
from made_inputs import make_inputs

ROOT = Path(__file__).resolve().parents[2]
BUILD = Path(os.environ["TEST_BUILD"])
MISBEHAVING = ROOT / "sdk" / "samples" / "misbehaving"
MB = 1 << 20
CHANNELS = 900_000
CSV_CHANNELS = 100_000
GUIDE_MB = 100
LIMIT_MB = 96
NEEDED_DISK_MB = 4000
TIMEOUT = 900
SAMPLES = ["csv_channels", "sports_tagger", "tuned_deduplicator", "group_numbers",
           "playlist_stamp", "live_prefix", "passthrough"]
STAGES = {"source_loading", "data_mapping", "filtering", "channel_numbering", "m3u_generation",
          "epg"}
FILES = ("home.m3u", "home.xmltv")
# Of so many channels it could keep no more in the 64 MB that a plugin may have.
SPILLING = '[wasm_plugins.plugins.tuned_deduplicator.config]\nmode = "spill"'


def built_without_plugins():
    done = subprocess.run([BUILD / "m3u-proxy", "plugin", "list", "--directory", MISBEHAVING],
                          capture_output=True, check=False)
    return done.returncode != 0


pytestmark = [
    pytest.mark.skipif(built_without_plugins(), reason="built without plugins"),
    pytest.mark.skipif(not (shutil.which("clang++-19") and shutil.which("wasm-ld-19")),
                       reason="there is no clang++-19 or wasm-ld-19"),
]


@pytest.fixture(scope="module")
def modules(tmp_path_factory):
    folder = tmp_path_factory.mktemp("modules")
    subprocess.run([ROOT / "sdk" / "build.sh", folder, "cpp", "misbehaving"], check=True)
    return folder


@pytest.fixture(scope="module")
def inputs(tmp_path_factory):
    folder = tmp_path_factory.mktemp("inputs")
    make_inputs(folder, CHANNELS, GUIDE_MB, NEEDED_DISK_MB)
    with (folder / "list.csv").open("w") as out:
        out.write("name,url,group\n")
        out.writelines(f'"Sport {i}, more",http://h/csv/{i},Group {i % 50}\n'
                       for i in range(CSV_CHANNELS))
    yield folder
    shutil.rmtree(folder)


def prepare(folder, inputs, modules, samples, more="", guide=True):
    (folder / "plugins").mkdir(parents=True)
    (folder / "spill").mkdir()
    for name in samples:
        for path in modules.glob(f"{name}.*"):
            shutil.copy(path, folder / "plugins")
    csv = "csv_channels" in samples
    sources = '["tv", "csv"]' if csv else '["tv"]'
    (folder / "config.toml").write_text(
        '[proxy_memory]\nspill_dir = "spill"\n'
        '[wasm_plugins]\nenabled = true\nplugin_directory = "plugins"\ncache_directory = "cache"\n'
        f"timeout_seconds = 600\n{more}\n"
        f'[[sources]]\nname = "tv"\npath = "{inputs}/tv.m3u"\n'
        + (f'[[sources]]\nname = "csv"\npath = "{inputs}/list.csv"\nplugin = "csv_channels"\n'
           if csv else "")
        + f'[[epg_sources]]\nname = "guide"\npath = "{inputs}/guide.xml"\n'
        f'[[proxies]]\nname = "home"\nsources = {sources}\n'
        + ('epg_sources = ["guide"]\n' if guide else "")
    )


def generate(folder, limit, before_exec=None, expect=0):
    """Runs the job and returns its report, None when it failed as expected."""
    done = subprocess.run(
        [BUILD / "m3u-proxy", "generate", "--config", "config.toml", "--out", "out",
         "--memory-limit", limit, "--threads", "2", "--now", "2026-01-02T00:00:00Z",
         "--progress", "none", "--log-level", "error", "--report", "report.json"],
        cwd=folder, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=TIMEOUT,
        preexec_fn=before_exec, check=False)
    assert done.returncode == expect, done.stderr
    assert not list((folder / "spill").iterdir())
    if expect == 1:
        return None
    document = json.loads((folder / "report.json").read_text())
    return document[0] if isinstance(document, list) else document.get("proxies", [document])[0]


@pytest.fixture(scope="module")
def unlimited(inputs, modules, tmp_path_factory):
    folder = tmp_path_factory.mktemp("unlimited")
    prepare(folder, inputs, modules, SAMPLES, SPILLING)
    report = generate(folder, "none")
    assert {plugin["stage"] for plugin in report["plugins"]} == STAGES
    assert all(plugin["chunks"] > 0 for plugin in report["plugins"])
    yield folder / "out"
    shutil.rmtree(folder)


def assert_same_files(folder, reference):
    for name in FILES:
        assert filecmp.cmp(folder / "out" / name, reference / name, shallow=False), name


def test_a_million_channels_through_a_plugin_in_every_stage_fit_into_96_mb(inputs, modules,
                                                                           unlimited, tmp_path):
    prepare(tmp_path, inputs, modules, SAMPLES, SPILLING)
    with control_group(LIMIT_MB * MB) as group:
        report = generate(tmp_path, f"{LIMIT_MB}MB", group.join)
    assert report["peak_memory_usage_mb"] <= LIMIT_MB
    assert report["degraded"] is False
    assert_same_files(tmp_path, unlimited)


def test_without_a_control_group_the_peak_stays_below_the_limit_too(inputs, modules, unlimited,
                                                                   tmp_path):
    prepare(tmp_path, inputs, modules, SAMPLES, SPILLING)
    report = generate(tmp_path, f"{LIMIT_MB}MB")
    assert report["peak_memory_usage_mb"] <= LIMIT_MB
    assert report["budget"]["unaccounted_peak_mb"] < 8
    assert_same_files(tmp_path, unlimited)


def test_a_deduplicator_that_spills_needs_10_mb_for_any_list(inputs, modules, tmp_path):
    prepare(tmp_path, inputs, modules, ["tuned_deduplicator"], SPILLING, guide=False)
    report = generate(tmp_path, "none")
    for plugin in report["plugins"]:
        assert plugin["peak_memory_mb"] <= 10


def test_a_deduplicator_holds_a_large_list_without_being_told_of_pressure(inputs, modules, tmp_path):
    prepare(tmp_path / "told", inputs, modules, ["tuned_deduplicator"], SPILLING, guide=False)
    prepare(tmp_path / "not", inputs, modules, ["tuned_deduplicator"], guide=False)
    generate(tmp_path / "told", "none")
    report = generate(tmp_path / "not", "none")
    for plugin in report["plugins"]:
        assert plugin["peak_memory_mb"] <= 64
        assert plugin["failures"] == 0
    assert filecmp.cmp(tmp_path / "told/out/home.m3u", tmp_path / "not/out/home.m3u", shallow=False)


# What ends a run over a large list, at the first chunk or at a later one.
@pytest.mark.parametrize("name", ["bad_frame", "grow", "leak", "lies_about_sizes", "never_done",
                                  "recursion", "refuse", "spin", "trap", "unknown_result"])
def test_a_plugin_that_misbehaves_over_a_large_list_breaks_nothing(inputs, modules, tmp_path, name):
    harmless = name in ("grow", "leak")
    prepare(tmp_path, inputs, modules, [name], guide=False,
            more="fallback_to_native = true\nchunk_timeout_seconds = 1")
    report = generate(tmp_path, f"{LIMIT_MB}MB", expect=0 if harmless else 3)
    assert report["peak_memory_usage_mb"] <= LIMIT_MB
    assert report["channels"] == CHANNELS
