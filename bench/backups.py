"""Backups at size: the table of ./dev bench; by itself: bench/backups.py --build build/release.

A million channels get an edit each by the API; the command line writes them into an archive and puts
that into the place of an empty service's data. Times are of the whole process.
"""

import argparse
import shutil
import statistics
import tempfile
import uuid
from pathlib import Path

from api import Client
from runner import run_measured
from service_at_size import row
from service_process import MB, Provider, inputs, running, write_configuration

EDITS = 1_000_000
AT_ONCE = 1000  # the most that one request may write
ROUNDS = 3
BACKUP_S = 5
RESTORE_S = 10


def write_edits(client):
    """Without a proxy: for all of them. A channel need not be there to have an edit."""
    for first in range(0, EDITS, AT_ONCE):
        client.post("/edits/write", {"items": [
            {"channel": str(uuid.UUID(int=(5 << 76) | (2 << 62) | (number + 1))), "revision": 0,
             "edit": {"name": f"Channel {number}", "group": f"Group {number % 100}",
                      "number": number + 1}}
            for number in range(first, first + AT_ONCE)]})


def run(build, report, *arguments):
    """(seconds, peak MB) of a command."""
    measured = run_measured(build, report, [str(build / "m3u-proxy"), *map(str, arguments)])
    if measured.status:
        raise RuntimeError(f"{arguments} ended with {measured.status}")
    return measured.wall_s, measured.rss_mb


def measure(build):
    """Lines of the table."""
    lines = ["| of a million edits | median | goal |", "|---|---|---|"]
    with tempfile.TemporaryDirectory(dir=build.parent) as name:
        folder = Path(name)
        inputs(build, folder, 10)
        provider = Provider(folder)
        write_configuration(folder / "m3u-proxy.toml", provider, quiet_period="2s")
        try:
            with running(build, folder) as service:
                service.wait_for_jobs("generate", 1)
                write_edits(Client(service))
        finally:
            provider.close()
        archive, report = folder / "tv.tar.zst", folder / "measure.json"
        backups = [run(build, report, "backup", archive, "--data", folder / "data")
                   for _ in range(ROUNDS)]
        restores = []
        for _ in range(ROUNDS):
            shutil.rmtree(folder / "restored", ignore_errors=True)
            (folder / "restored").mkdir()
            restores.append(run(build, report, "restore", archive, "--data", folder / "restored",
                                "--without-secrets"))
        for what, goal, done in ((f"backup, {archive.stat().st_size / MB:.0f} MB", BACKUP_S, backups),
                                 ("restore", RESTORE_S, restores)):
            took = statistics.median(seconds for seconds, _ in done)
            peak = max(peak for _, peak in done)
            lines.append(row(what, f"{took:.1f} s, peak {peak:.0f} MB", f"≤ {goal} s", took <= goal))
    return lines


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--build", type=Path, required=True)
    print("\n".join(measure(parser.parse_args().build.resolve())))
