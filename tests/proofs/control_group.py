"""A memory control group of the kernel: a process that takes more than its limit is ended."""

import contextlib
import os
from pathlib import Path

import pytest


class ControlGroup:
    def __init__(self, folder):
        self.folder = folder

    def join(self):
        """Puts the calling process into it: for `preexec_fn`."""
        (self.folder / "cgroup.procs").write_text(str(os.getpid()))


@contextlib.contextmanager
def control_group(limit):
    """One of `limit` bytes without swap, version 1 or 2; skips where none can be made."""
    version2 = Path("/sys/fs/cgroup/cgroup.controllers").exists()
    root = Path("/sys/fs/cgroup") if version2 else Path("/sys/fs/cgroup/memory")
    group = root / f"m3u-proxy-test-{os.getpid()}"
    try:
        group.mkdir()
    except OSError as error:
        pytest.skip(f"no control group can be made: {error}")
    try:
        try:
            if version2:
                (group / "memory.max").write_text(str(limit))
                (group / "memory.swap.max").write_text("0")
            else:
                (group / "memory.limit_in_bytes").write_text(str(limit))
                (group / "memory.swappiness").write_text("0")
        except OSError as error:
            pytest.skip(f"the control group has no memory controller: {error}")
        yield ControlGroup(group)
    finally:
        group.rmdir()
