"""The service at the size it is made for: a million channels and a gigabyte of guide are fetched and
made again within 64 MB while two hundred clients download; and after many refreshes nothing has
grown. ./dev bench measures the same with more cycles. Run by ./dev test --full.
"""

import os
import shutil
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "bench"))

import service  # noqa: E402
from control_group import control_group  # noqa: E402

BUILD = Path(os.environ["TEST_BUILD"])
NEEDED_DISK_MB = 8000
CYCLES = 100


@pytest.fixture
def folder(tmp_path):
    if shutil.disk_usage(tmp_path).free < NEEDED_DISK_MB * service.MB:
        pytest.skip(f"less than {NEEDED_DISK_MB} MB of disk are free")
    yield tmp_path
    shutil.rmtree(tmp_path)


def test_a_million_channels_are_made_again_in_64_mb_while_clients_download(folder):
    with control_group(service.LIMIT_MB * service.MB) as group:
        peak, _, got, same = service.under_a_limit(BUILD, folder, group.join)
    assert same
    assert peak <= service.LIMIT_MB
    assert got > 0


def test_nothing_grows_over_many_refreshes(folder):
    grown, descriptors, left = service.many_cycles(BUILD, folder, CYCLES)
    assert grown <= 2
    assert descriptors <= 0
    assert not left
