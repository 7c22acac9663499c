"""The release build beside that of an earlier commit: a table of ./dev bench --former BUILD.

Both run each job in turn on the same files, so what the machine does meanwhile hits both.
"""

import statistics
import subprocess
from argparse import Namespace
from dataclasses import replace
from pathlib import Path

from jobs import Job, selected
from runner import Bench, Measure, repetitions

PROGRAMS = ("memory_benchmark", "plugin_benchmark")
LEAST_ROUNDS = 5
NOISE = 1.05  # within this, two medians are the same


class Former(Bench):
    """The same jobs and files with the programs of another build."""

    def __init__(self, bench: Bench, build: Path):
        self.options = Namespace(**{**vars(bench.options), "build": build})
        self.data, self.out = bench.data, bench.data / "out-former"
        self.out.mkdir(exist_ok=True)


def one_run(bench: Bench, job: Job) -> Measure | None:
    """A run without its fsync. Its peak is the highest that the kernel or its report knows: earlier
    versions reset the kernel's between stages."""
    report = bench.out / "report.json"
    report.unlink(missing_ok=True)
    one = bench.run(bench.command(job))
    if one.status != 0:
        return None
    found = bench.last_report()
    peaks = [stage.get("peak_memory_mb", 0) for stage in found.get("stages", [])]
    return replace(one, wall_s=one.wall_s - found.get("fsync_ms", 0) / 1000,
                   rss_mb=max([one.rss_mb, *peaks]))


def side_by_side(builds: list[Bench], job: Job, quick: bool) -> list[list[Measure]] | None:
    runs: list[list[Measure]] = [[], []]
    rounds = 1
    while len(runs[0]) < rounds:
        for build, measures in zip(builds, runs):
            one = one_run(build, job)
            if one is None:
                return None
            measures.append(one)
        rounds = 1 if quick else max(repetitions(runs[0][0], quick), LEAST_ROUNDS)
    return runs


def verdict(now: float, former: float) -> str:
    if former <= 0:
        return ""
    share = now / former
    return f"{share:.2f} ×" + (" **more**" if share > NOISE else "")


def job_rows(bench: Bench, former: Former) -> list[str]:
    rows = ["| job | limit | wall | former | | CPU | former | | peak RSS | former | |",
            "|" + "---|" * 11]
    for job in selected(bench.options.quick, bench.options.only):
        if not bench.program(job).exists() or not former.program(job).exists():
            continue
        runs = side_by_side([bench, former], job, bench.options.quick)
        if runs is None:
            rows.append(f"| {job.title} | {job.limit} | failed" + " |" * 9)
            continue
        cells = []
        for name, pick, unit, scale in (("wall_s", statistics.median, "ms", 1000),
                                        ("cpu_s", statistics.median, "ms", 1000),
                                        ("rss_mb", max, "MB", 1)):
            now, then = (pick(getattr(one, name) for one in measures) for measures in runs)
            cells.append(f"{now * scale:.1f} {unit} | {then * scale:.1f} {unit} | "
                         f"{verdict(now, then)}")
        rows.append(f"| {job.title} | {job.limit} | " + " | ".join(cells) + " |")
    return rows


def micro_rows(bench: Bench, former: Former) -> list[str]:
    """What both builds measure in memory, under the same name: the least of three turns of each."""
    best: list[dict[str, float]] = [{}, {}]
    for _ in range(1 if bench.options.quick else 3):
        for build, found in zip((bench, former), best):
            for program in PROGRAMS:
                for name, value in build.microbenchmarks(program):
                    found[name] = min(found.get(name, value), value)
            for name, rate in build.m3u_rates().items():
                name = f"M3U in memory: {name}, per MB"
                found[name] = min(found.get(name, 1e9), 1e9 / rate)
    rows = ["| in memory | time | former | |", "|---|---|---|---|"]
    for name, value in best[0].items():
        if name in best[1]:
            rows.append(f"| {name} | {value:,.1f} ns | {best[1][name]:,.1f} ns | "
                        f"{verdict(value, best[1][name])} |")
    return rows


def measure(bench: Bench, build: Path) -> list[str]:
    """The section of docs/benchmarks.md."""
    former = Former(bench, build)
    return ["## Beside an earlier commit", "",
            f"This build and that of {former_name(build)}, run in turn on the same files. Wall and CPU",
            "time are medians, peak RSS is the highest of all runs; `more` where it is over 5 %.", "",
            *job_rows(bench, former), "", *micro_rows(bench, former), ""]


def former_name(build: Path) -> str:
    """The commit of a build's sources; where there is none, their folder's name."""
    sources = build.parent.parent
    head = subprocess.run(["git", "-C", str(sources), "rev-parse", "--short", "HEAD"],
                          capture_output=True, text=True)
    return f"commit {head.stdout.strip()}" if head.returncode == 0 else sources.name
