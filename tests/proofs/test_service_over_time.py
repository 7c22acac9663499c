"""The service over time: after many refreshes of a list and its guide nothing has grown, and a million
channels with a gigabyte of guide are made again within its limit beside two hundred clients. ./dev bench
measures both, with more cycles. Run by ./dev test --full.
"""

import os
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "bench"))

import service_at_size  # noqa: E402
from control_group import control_group  # noqa: E402

BUILD = Path(os.environ["TEST_BUILD"])
CYCLES = 100


def test_nothing_grows_over_many_refreshes(tmp_path):
    grown, descriptors, left = service_at_size.many_cycles(BUILD, tmp_path, CYCLES)
    assert grown <= 2
    assert descriptors <= 0
    assert not left


def test_a_generation_beside_clients_stays_within_the_limit(tmp_path):
    """The kernel would end a service that takes more; the bytes are those of `generate`."""
    limit = service_at_size.LIMIT_MB << 20
    with tempfile.TemporaryDirectory(dir=tmp_path) as folder, control_group(limit) as group:
        peak, p99, got, refused, same = service_at_size.under_a_limit(BUILD, Path(folder),
                                                                      before_exec=group.join)
    assert same
    assert got > 0
    assert refused < service_at_size.CLIENTS
    assert p99 < float("inf"), "small answers were refused"
    assert peak <= service_at_size.LIMIT_MB
