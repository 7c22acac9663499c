"""At the size of a benchmark: the same bytes, whatever the threads, batches and repetition.

Run by ./dev test --full against the release build, which TEST_BUILD names.
"""

import hashlib
import os
import subprocess
from pathlib import Path

import pytest
from made_inputs import make_inputs

BUILD = Path(os.environ["TEST_BUILD"])
CHANNELS = 100_000
GUIDE_MB = 100
JOB = [
    "--exclude", 'group_title contains "adult"',
    "--rule", 'channel_name matches "^(.*) HD( [0-9]+)?$" SET channel_name = "$1$2", '
              'attr:quality = "HD"',
    "--now", "2026-01-02T00:00:00Z", "--progress", "none", "--log-level", "error",
]


@pytest.fixture(scope="module")
def inputs(tmp_path_factory):
    folder = tmp_path_factory.mktemp("inputs")
    make_inputs(folder, CHANNELS, GUIDE_MB)
    return folder


def generate(inputs, out, *options):
    done = subprocess.run([BUILD / "m3u-proxy", "generate", "--source", f"tv={inputs}/tv.m3u",
                           "--epg", f"guide={inputs}/guide.xml", "--out", out, *JOB, *options],
                          stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest()
            for path in sorted(Path(out).iterdir()) if not path.name.startswith(".")}


@pytest.fixture(scope="module")
def reference(inputs, tmp_path_factory):
    files = generate(inputs, tmp_path_factory.mktemp("reference"))
    assert list(files) == ["default.m3u", "default.xmltv"]
    return files


@pytest.mark.parametrize("options", [
    ["--threads", "1"],
    ["--threads", "2"],
    ["--threads", "4"],
    ["--batch-size", "100"],
    ["--batch-size", "7777"],
    ["--threads", "3", "--batch-size", "333"],
    [],
], ids=" ".join)
def test_output_is_the_same_bytes(inputs, reference, tmp_path, options):
    assert generate(inputs, tmp_path, *options) == reference
