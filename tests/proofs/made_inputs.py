"""Playlists and guides of any size, as the benchmarks have them."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

BUILD = Path(os.environ["TEST_BUILD"])
MB = 1 << 20


def make_inputs(folder, channels, guide_mb, needed_disk_mb=0):
    """Writes tv.m3u and guide.xml into `folder`. Skips the test where the disk has not so much room."""
    if shutil.disk_usage(folder).free < needed_disk_mb * MB:
        pytest.skip(f"less than {needed_disk_mb} MB of disk are free")
    subprocess.run([BUILD / "bench_generate", "--channels", str(channels),
                    "--playlist-out", folder / "tv.m3u", "--guide-mb", str(guide_mb),
                    "--guide-out", folder / "guide.xml"], check=True)
