"""The benchmarks' control group, where one can be made."""

import contextlib
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "bench"))

from memory_group import memory_group  # noqa: E402


@contextlib.contextmanager
def control_group(limit):
    """One of `limit` bytes without swap; skips where none can be made."""
    with contextlib.ExitStack() as stack:
        try:
            group = stack.enter_context(memory_group(limit))
        except OSError as error:
            pytest.skip(f"no control group can be made: {error}")
        yield group
