"""The service over time: after many refreshes of a list and its guide nothing has grown. ./dev bench
measures the same with more cycles, and a million channels within 64 MB beside two hundred clients.
Run by ./dev test --full.
"""

import os
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "bench"))

import service_at_size  # noqa: E402

BUILD = Path(os.environ["TEST_BUILD"])
CYCLES = 100


def test_nothing_grows_over_many_refreshes(tmp_path):
    grown, descriptors, left = service_at_size.many_cycles(BUILD, tmp_path, CYCLES)
    assert grown <= 2
    assert descriptors <= 0
    assert not left
