"""An account whose list of channels is one reply of 200 MB, under a limit of 64 MB: `generate` and `serve`
read it in pieces, and what they write is what `generate` writes without a limit. Run by ./dev test --full.
"""

import filecmp
import json
import os
import re
import subprocess
import sys
import urllib.request
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "functional"))

from control_group import control_group  # noqa: E402
from service import Service  # noqa: E402
from xtream import XtreamServer  # noqa: E402

BUILD = Path(os.environ["TEST_BUILD"])
MB = 1 << 20
LIMIT_MB = 64
CHANNELS = 500_000
DESCRIPTION = "Nothing of this is wanted, but it has to be read. " * 4


def channel(i):
    return json.dumps({
        "num": i, "name": f"Channel {i} \u00e9", "stream_type": "live", "stream_id": i,
        "stream_icon": f"http://logos.example/{i % 5000}.png", "epg_channel_id": f"c{i}.tv",
        "added": "1700000000", "category_id": str(1 + i % 2), "category_ids": [1 + i % 2],
        "tv_archive": i % 2, "tv_archive_duration": 7, "description": DESCRIPTION})


@pytest.fixture(name="server", scope="module")
def an_account():
    streams = ("[" + ",".join(map(channel, range(1, CHANNELS + 1))) + "]").encode()
    assert len(streams) >= 200_000_000
    with XtreamServer(get_live_streams=streams) as running:
        yield running


def generate(server, out, limit, before_exec=None):
    """Runs it and returns its report."""
    out.mkdir()
    report = out / "report.json"
    done = subprocess.run(
        [BUILD / "m3u-proxy", "generate", "--source", f"tv={server.address('live')}", "--out", out,
         "--now", "2026-01-02T00:00:00Z", "--progress", "none", "--log-level", "error",
         "--memory-limit", limit, "--report", report],
        stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=300,
        preexec_fn=before_exec)
    assert done.returncode == 0, done.stderr
    document = json.loads(report.read_text())
    return document[0] if isinstance(document, list) else document.get("proxies", [document])[0]


@pytest.fixture(name="playlist", scope="module")
def what_it_is_without_a_limit(server, tmp_path_factory):
    out = tmp_path_factory.mktemp("account") / "unlimited"
    assert generate(server, out, "none")["channels"] == CHANNELS
    return out / "default.m3u"


def test_a_reply_of_200_mb_is_read_within_64_mb(server, playlist, tmp_path):
    with control_group(LIMIT_MB * MB) as group:
        report = generate(server, tmp_path / "limited", f"{LIMIT_MB}MB", group.join)
    assert report["peak_memory_usage_mb"] <= LIMIT_MB
    assert filecmp.cmp(tmp_path / "limited" / "default.m3u", playlist, shallow=False)


def test_the_service_refreshes_it_within_64_mb(server, playlist, tmp_path):
    config = tmp_path / "config.toml"
    config.write_text(f'[[sources]]\nname = "tv"\nurl = "{server.address("live")}"\n'
                      '[[proxies]]\nname = "home"\nsources = ["tv"]\n')
    with Service(tmp_path / "data", "--config", config, "--memory-limit", f"{LIMIT_MB}MB") as service:
        status = Path(f"/proc/{service.process.pid}/status").read_text()
        with urllib.request.urlopen(service.playlist, timeout=60) as answer:
            served = answer.read()
    assert int(re.search(r"VmHWM:\s+(\d+) kB", status)[1]) <= LIMIT_MB * 1024
    assert served == playlist.read_bytes()
