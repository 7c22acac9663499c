"""Python programs for tests, in an environment of their own that a lock file names to the last byte."""

import fcntl
import subprocess
import sys

import pytest


def programs_of(environment, lock, what):
    """The folder of the programs of `lock`, in `environment`, which is made when it is not there or of
    another lock; where `what` cannot be installed the test is skipped. Of several test processes one
    makes it."""
    stamp = environment / "lock"
    environment.parent.mkdir(exist_ok=True)
    with open(environment.with_suffix(".making"), "w") as making:
        fcntl.flock(making, fcntl.LOCK_EX)
        if not stamp.exists() or stamp.read_bytes() != lock.read_bytes():
            subprocess.run([sys.executable, "-m", "venv", "--clear", environment], check=True)
            done = subprocess.run([environment / "bin" / "pip", "install", "-q", "--require-hashes", "-r", lock],
                                  capture_output=True, text=True, check=False)
            if done.returncode != 0:
                pytest.skip(f"{what} cannot be installed here")
            stamp.write_bytes(lock.read_bytes())
    return environment / "bin"
