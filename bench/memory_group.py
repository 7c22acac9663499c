"""A memory control group of the kernel: a process that takes more than its limit is ended."""

import contextlib
import os
from pathlib import Path


class ControlGroup:
    def __init__(self, folder):
        self.folder = folder

    def join(self):
        """Puts the calling process into it: for `preexec_fn`."""
        (self.folder / "cgroup.procs").write_text(str(os.getpid()))


@contextlib.contextmanager
def memory_group(limit):
    """One of `limit` bytes without swap, version 1 or 2. OSError: none can be made here."""
    version2 = Path("/sys/fs/cgroup/cgroup.controllers").exists()
    root = Path("/sys/fs/cgroup") if version2 else Path("/sys/fs/cgroup/memory")
    folder = root / f"m3u-proxy-test-{os.getpid()}"
    folder.mkdir()
    try:
        if version2:
            (folder / "memory.max").write_text(str(limit))
            (folder / "memory.swap.max").write_text("0")
        else:
            (folder / "memory.limit_in_bytes").write_text(str(limit))
            (folder / "memory.swappiness").write_text("0")
        yield ControlGroup(folder)
    finally:
        folder.rmdir()
