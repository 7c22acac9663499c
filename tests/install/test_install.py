"""The installed library: a project of one's own finds it, and the examples run against it.

What is installed is the build that the environment variable TEST_BUILD names, or build/release.
"""

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
BUILD = Path(os.environ.get("TEST_BUILD", ROOT / "build" / "release"))
EXAMPLES = ROOT / "examples"
TIMEOUT = 600
NAMES = ["harbour", "meadow", "tidal", "lantern", "pebble", "nightshop"]


def run(*command, **options):
    done = subprocess.run(list(map(str, command)), capture_output=True, text=True, timeout=TIMEOUT,
                          check=False, **options)
    assert done.returncode == 0, done.stdout + done.stderr
    return done


@pytest.fixture(scope="session")
def prefix(tmp_path_factory):
    if not (BUILD / "libm3u_proxy.a").exists():
        pytest.skip(f"{BUILD} has no library to install")
    folder = tmp_path_factory.mktemp("installed")
    run("cmake", "--install", BUILD, "--prefix", folder)
    return folder


@pytest.fixture(scope="session")
def programs(prefix, tmp_path_factory):
    """The examples, built as a project outside of ours."""
    source = tmp_path_factory.mktemp("project")
    for path in [*EXAMPLES.glob("*.cpp"), *EXAMPLES.glob("*.hpp"), EXAMPLES / "CMakeLists.txt"]:
        shutil.copy(path, source)
    options = [f"-DCMAKE_PREFIX_PATH={prefix}", "-DCMAKE_BUILD_TYPE=Debug"]
    if shutil.which("ccache"):
        options.append("-DCMAKE_CXX_COMPILER_LAUNCHER=ccache")
    if shutil.which("mold"):
        options.append("-DCMAKE_EXE_LINKER_FLAGS=-fuse-ld=mold")
    # The folder's name changes with each run; what was compiled is the same.
    environment = dict(os.environ, CCACHE_BASEDIR=str(source.parent), CCACHE_NOHASHDIR="1")
    run("cmake", "-G", "Ninja", "-S", source, "-B", source / "build", *options)
    run("cmake", "--build", source / "build", env=environment)
    return source / "build"


@pytest.fixture
def example(programs, tmp_path):
    """Runs an example in an empty folder and gives what it prints."""
    return lambda name: run(programs / name, EXAMPLES, cwd=tmp_path)


def published(folder):
    return sorted(path.name for path in folder.iterdir() if not path.name.startswith("."))


# --- what is installed ------------------------------------------------------------------------


def test_the_program_its_manual_and_completions_are_installed(prefix):
    assert run(prefix / "bin/m3u-proxy", "--version").stdout.startswith("m3u-proxy ")
    assert ".TH" in (prefix / "share/man/man1/m3u-proxy.1").read_text()
    for path in ("bash-completion/completions/m3u-proxy", "zsh/site-functions/_m3u-proxy",
                 "fish/vendor_completions.d/m3u-proxy.fish"):
        assert "generate" in (prefix / "share" / path).read_text()


def test_nothing_of_the_tests_or_of_this_folder_is_installed(prefix):
    headers = [str(path.relative_to(prefix)) for path in prefix.rglob("*.hpp")]
    assert "include/m3u_proxy/service/proxy_service.hpp" in headers
    assert [name for name in headers if re.search(r"test|/cli/|/plugin_host/|/net/", name)] == []
    for path in prefix.rglob("*.cmake"):
        assert str(ROOT) not in path.read_text(), path


def test_the_installed_headers_need_nothing_else_of_ours(prefix, tmp_path):
    include = prefix / "include"
    lines = [f"#include <{path.relative_to(include)}>\n" for path in sorted(include.rglob("*.hpp"))]
    (tmp_path / "all.cpp").write_text("".join(lines))
    run("c++", "-std=c++23", "-fsyntax-only", f"-I{include}", tmp_path / "all.cpp")


# --- the examples -----------------------------------------------------------------------------


def test_custom_stage_cleans_its_output_when_memory_is_short(example):
    plenty, cleaned, short = example("custom_stage_with_cleanup").stdout.splitlines()
    assert plenty == "Threshold 256MB: 6 items, 7 of metadata, 6 temporary references"
    assert re.fullmatch(r"Cleaned \d+ items after 'custom_stage_processing'", cleaned)
    assert short == "Threshold 1MB: 6 items, 1 of metadata, 0 temporary references"


def test_memory_optimized_pipeline_keeps_the_playlist_in_memory(example, tmp_path):
    printed = example("memory_optimized_pipeline").stdout
    assert re.match(r"Memory efficiency: \d+\.\d channels/MB\n"
                    r"6 channels, 7 cleanups between stages\n#EXTM3U ", printed)
    assert 'url-tvg="http://localhost:8080/example.xmltv"' in printed
    assert [name for name in NAMES if f"https://stream.example.org/live/{name}." in printed] == NAMES
    assert published(tmp_path / "m3u-proxy/output") == []
    # The next run finds in the database what this one took.
    assert "m3u-proxy.sqlite" in published(tmp_path / "m3u-proxy/data")
    assert example("memory_optimized_pipeline").stdout.startswith("Memory efficiency: ")


def test_high_volume_publishes_files(example, tmp_path):
    assert "6 channels, 5 programmes, guide for 4 of 6" in example("high_volume").stdout
    assert published(tmp_path / "m3u-proxy/output") == ["example.m3u", "example.xmltv"]


def test_edge_keeps_its_limit_and_nothing_but_the_output(example, tmp_path):
    assert example("edge").stdout.endswith("Limit 64MB, kept\n")
    assert published(tmp_path / "m3u-proxy") == ["output"]


def test_development_lists_every_cleanup_and_logs_it(example, tmp_path):
    done = example("development")
    assert done.stdout.count("MB freed\n") == 7
    assert "after EPG Generation: " in done.stdout
    assert "INFO Memory cleanup after 'Source Loading'" in done.stderr
    assert published(tmp_path / "m3u-proxy-dev/output") == ["example.m3u", "example.xmltv"]


def test_thresholds_follow_the_memory_of_the_machine(example):
    printed = example("thresholds").stdout
    assert printed.startswith(
        "4 GB: threshold 512MB\n"
        "  Optimal up to 512MB, Moderate 1024MB, High 2048MB, Critical 3072MB\n"
        "8 GB: threshold 1024MB\n"
        "  Optimal up to 1024MB, Moderate 2048MB, High 4096MB, Critical 6144MB\n"
        "16 GB: threshold 2048MB\n"
        "  Optimal up to 2048MB, Moderate 4096MB, High 8192MB, Critical 12288MB\n")
    assert "high throughput: basic\nmemory constrained: aggressive\nbalanced: smart\n" in printed


def test_memory_analysis_prints_every_stage(example):
    lines = example("memory_analysis").stdout.splitlines()
    assert lines[0] == "Memory Analysis:"
    assert re.fullmatch(r"  Peak Memory: \d+\.\dMB", lines[1])
    assert re.fullmatch(r"  Memory Efficiency: \d+\.\d channels/MB", lines[2])
    assert lines[3] == "  Cleanup Operations: 7"
    stages = [re.fullmatch(r"  ([A-Za-z0-9 ]+): \d+\.\dMB", line)[1] for line in lines[4:]]
    assert stages == ["Channel Numbering", "Data Mapping", "EPG Generation", "Filtering",
                      "Logo Caching", "M3U Generation", "Source Loading"]
