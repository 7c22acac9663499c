"""A disk that writes a given number of bytes a second and no more: a file system in a file."""

import contextlib
import os
import shutil
import subprocess
from pathlib import Path

import pytest

THROTTLE = Path("/sys/fs/cgroup/blkio/blkio.throttle.write_bps_device")


def run(*command):
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    if done.returncode != 0:
        pytest.skip(f"no slow disk can be made: {done.stderr.strip() or command[0]}")
    return done.stdout.strip()


@contextlib.contextmanager
def slow_disk(folder, size, bytes_per_second):
    """Its folder. Everything that writes it is slowed down, as with a slow card; skips where that cannot
    be had: it takes root, loop devices and the block controller of control groups, version 1."""
    if os.geteuid() != 0 or not THROTTLE.exists():
        pytest.skip("no slow disk can be made: no block controller")
    file, disk = folder / "slow.disk", folder / "slow"
    with open(file, "wb") as made:
        made.truncate(size)
    disk.mkdir()
    if shutil.which("mkfs.ext4") is None:
        pytest.skip("no slow disk can be made: no mkfs.ext4")
    run("mkfs.ext4", "-q", "-O", "^has_journal", "-E", "lazy_itable_init=0", file)
    device = run("losetup", "--find", "--show", file)
    try:
        run("mount", device, disk)
        numbers = os.stat(device).st_rdev
        name = f"{os.major(numbers)}:{os.minor(numbers)}"
        try:
            THROTTLE.write_text(f"{name} {bytes_per_second}")
            yield disk
        finally:
            THROTTLE.write_text(f"{name} 0")
            subprocess.run(["umount", disk], check=False, timeout=120)
    finally:
        subprocess.run(["losetup", "--detach", device], check=False, timeout=60)
        file.unlink()
