"""Runs the real binary on a system that fails it at one call (faulty_system.c)."""

import os
import subprocess
from pathlib import Path

HERE = Path(__file__).resolve().parent
TIMEOUT = 120
STAGES = ["Source Loading", "Data Mapping", "Filtering", "Logo Caching", "Channel Numbering",
          "M3U Generation", "EPG Generation"]


def compile_library(folder):
    """The library to preload."""
    library = Path(folder) / "faulty_system.so"
    subprocess.run(["cc", "-O1", "-Wall", "-Wextra", "-Werror", "-fPIC", "-shared", "-o", library,
                    HERE / "faulty_system.c", "-ldl"], check=True)
    return library


def files_of(folder):
    """Content by name of what is in a folder, a history of earlier runs apart."""
    return {path.name: path.read_bytes() if path.is_file() else None
            for path in Path(folder).iterdir() if path.name != ".default.history.json"}


class Job:
    """A generation that can be run again and again over the same last good files."""

    def __init__(self, binary, library, folder, arguments, last_good):
        self.command = [str(binary), "generate", "--out", "out", "--progress", "none", *arguments]
        self.library = library
        self.folder = Path(folder)
        self.out = self.folder / "out"
        self.out.mkdir(exist_ok=True)
        self.last_good = last_good

    def restore(self):
        """Puts the last good files back, and nothing else."""
        for path in self.out.iterdir():
            path.unlink()
        for name, content in self.last_good.items():
            (self.out / name).write_bytes(content)

    def run(self, fault=""):
        """One run with a fault such as "full:7" (none: ""); `calls` is what the library counted."""
        counted = self.folder / "calls"
        counted.unlink(missing_ok=True)
        environment = {name: value for name, value in os.environ.items()
                       if not name.startswith(("M3U_PROXY", "MEMORY_"))}
        if fault:
            environment |= {"LD_PRELOAD": str(self.library), "FAULTY_SYSTEM": fault,
                            "FAULTY_SYSTEM_CALLS": str(counted)}
        done = subprocess.run(self.command, cwd=self.folder, stdin=subprocess.DEVNULL,
                              capture_output=True, text=True, timeout=TIMEOUT, check=False,
                              env=environment)
        done.calls = int(counted.read_text()) if counted.exists() else 0
        return done

    def expected(self):
        """What a run without faults publishes."""
        self.restore()
        done = self.run()
        assert done.returncode == 0, done.stderr
        return files_of(self.out)


def stage_of(log):
    """The stage that was at work when a log ended; "" behind the last one."""
    done = sum(line.startswith("INFO Simple ") for line in log.splitlines())
    return [*STAGES, ""][done]


def check_full_disk(job, expected, fault):
    """Runs with a disk that is full: the right bytes, or an error that names it and changes nothing."""
    job.restore()
    done = job.run(fault)
    left = files_of(job.out)
    if done.returncode in (0, 3):
        assert left == expected, fault
    else:
        assert done.returncode == 1, (fault, done.stderr)
        assert "No space left on device" in done.stderr, (fault, done.stderr)
        assert left == job.last_good, fault
    return done


def check_kill(job, expected, fault):
    """A run that is killed leaves whole files, and the next one cleans up; returns its log, or None
    when it ended before the fault."""
    job.restore()
    killed = job.run(fault)
    if killed.returncode >= 0:
        assert killed.returncode == 0, (fault, killed.stderr)
        return None
    for name, content in files_of(job.out).items():
        if not name.startswith(".m3u-proxy-"):
            assert content in (job.last_good.get(name), expected[name]), (fault, name)
    again = job.run()
    assert again.returncode == 0, (fault, again.stderr)
    assert files_of(job.out) == expected, fault
    return killed.stderr
