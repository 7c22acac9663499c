#!/usr/bin/env python3
"""Measures the release build and writes docs/benchmarks.md; a part of ./dev bench.

Makes playlists and guides with bench_generate, runs the main job on them several times, and runs
wc, cat and xmllint on the same files in between, so that the figures compare. Shows medians.
"""

import argparse
import hashlib
import json
import os
import platform
import shutil
import statistics
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

import curves
import plugins

MB = 1 << 20
SLOW_RUN_S = 2.0  # from here on three repetitions are enough
LONG_RUN_S = 6.0  # and from here on one is

FILTERS = ['group_title contains "adult"', 'group_title ends_with "VOD"']
RULES = [
    'channel_name matches "^(.*) HD( [0-9]+)?$" SET channel_name = "$1$2", attr:quality = "HD"',
    'group_title starts_with "UK" SET group_title = "United Kingdom"',
    'channel_name contains "sport" AND stream_url contains "/live/" SET group_title += " (Sport)"',
]


@dataclass
class Measure:
    """One program run: what the kernel says about it (see bench_measure)."""
    wall_s: float
    cpu_s: float
    rss_mb: float
    status: int


@dataclass
class Job:
    """A run of m3u-proxy that is measured, and the goal it has to meet."""
    title: str
    channels: int
    guide_mb: int = 0
    rules: bool = True
    options: list[str] = field(default_factory=list)
    gzip: bool = False
    preset: str = "release"  # whose program
    goal_s: float | None = None
    goal_rss_mb: float | None = None


@dataclass
class Result:
    job: Job
    wall_s: float = 0  # without fsync
    fsync_ms: float = 0
    cpu_s: float = 0
    rss_mb: float = 0
    input_mb: float = 0
    report: dict = field(default_factory=dict)
    problem: str = ""


JOBS = [
    Job("10K channels", 10_000),
    Job("39,161 channels", 39_161, goal_s=0.060, goal_rss_mb=40),
    Job("100K channels", 100_000),
    Job("1M channels", 1_000_000),
    Job("39,161 channels + 10 MB guide", 39_161, 10),
    Job("39,161 channels + 100 MB guide", 39_161, 100, goal_s=0.24, goal_rss_mb=48),
    Job("39,161 channels + 1000 MB guide", 39_161, 1000),
    Job("39,161 channels + 100 MB guide, gzip'd", 39_161, 100, gzip=True),
    Job("215K channels + 100 MB guide", 215_000, 100, goal_s=0.6, goal_rss_mb=60),
    Job("1M channels + 100 MB guide", 1_000_000, 100, goal_s=2.5),
    Job("1M channels + 100 MB guide, 64 MB", 1_000_000, 100, options=["--memory-limit", "64MB"],
        goal_s=5.0, goal_rss_mb=64),
    Job("1M channels, one thread, no rules", 1_000_000, rules=False, options=["--threads", "1"]),
    Job("1M channels, one thread", 1_000_000, options=["--threads", "1"]),
    Job("39,161 channels + 100 MB guide, one thread", 39_161, 100, options=["--threads", "1"]),
    Job("one channel (start-up)", 1, goal_s=0.005, goal_rss_mb=12),
    Job("one channel (start-up), preset memory-optimized", 1, preset="memory-optimized",
        goal_s=0.005, goal_rss_mb=12),
]
QUICK_JOBS = [0, 1, 4, 14]


def medians(measures: list[Measure]) -> Measure:
    return Measure(*(statistics.median(getattr(m, name) for m in measures)
                     for name in ("wall_s", "cpu_s", "rss_mb")), measures[-1].status)


def repetitions(first: Measure, quick: bool) -> int:
    if quick:
        return 1
    if first.wall_s > LONG_RUN_S:
        return 1
    return 3 if first.wall_s > SLOW_RUN_S else 7


class Bench:
    def __init__(self, options: argparse.Namespace):
        self.options = options
        self.data = options.build.parent / "bench-data"
        self.out = self.data / "out"
        self.out.mkdir(parents=True, exist_ok=True)

    def playlist(self, channels: int) -> Path:
        path = self.data / f"{channels}.m3u"
        if not path.exists():
            self.generate("--channels", str(channels), "--playlist-out", str(path))
        return path

    def guide(self, channels: int, size_mb: int, gzipped: bool) -> Path:
        path = self.data / f"{channels}-{size_mb}.xml"
        if not path.exists():
            self.generate("--channels", str(channels), "--guide-mb", str(size_mb),
                          "--guide-out", str(path))
        if not gzipped:
            return path
        packed = path.with_suffix(".xml.gz")
        if not packed.exists():
            subprocess.run(["gzip", "-k", str(path)], check=True)
        return packed

    def generate(self, *arguments: str) -> None:
        command = [str(self.options.build / "bench_generate"), *arguments]
        if self.options.playlist:
            command += ["--playlist", str(self.options.playlist)]
        if self.options.guide:
            command += ["--guide", str(self.options.guide)]
        subprocess.run(command, check=True)

    def program(self, job: Job) -> Path:
        return self.options.build.parent / job.preset / "m3u-proxy"

    def command(self, job: Job) -> list[str]:
        report = self.out / "report.json"
        command = [str(self.program(job)), "generate", "--source", f"tv={self.playlist(job.channels)}",
                   "--out", str(self.out), "--report", str(report), "--progress", "none",
                   "--log-level", "error"]
        if "--memory-limit" not in job.options:
            command += ["--memory-limit", "none"]
        if job.guide_mb:
            command += ["--epg", f"guide={self.guide(job.channels, job.guide_mb, job.gzip)}"]
        if job.rules:
            for expression in FILTERS:
                command += ["--exclude", expression]
            for expression in RULES:
                command += ["--rule", expression]
        return command + job.options

    def run(self, command: list[str]) -> Measure:
        report = self.out / "measure.json"
        subprocess.run([str(self.options.build / "bench_measure"), str(report), *command],
                       check=True)
        return Measure(**json.loads(report.read_text()))

    def measure(self, job: Job) -> Result:
        result = Result(job)
        if not self.program(job).exists():
            result.problem = "not built"
            return result
        command = self.command(job)
        result.input_mb = self.playlist(job.channels).stat().st_size / MB + job.guide_mb
        measures, reports = [], []
        while not measures or len(measures) < repetitions(measures[0], self.options.quick):
            (self.out / "report.json").unlink(missing_ok=True)
            one = self.run(command)
            if one.status != 0:
                result.problem = f"exit {one.status}"
                return result
            report = json.loads((self.out / "report.json").read_text())
            reports.append(report[0] if isinstance(report, list) else
                           report.get("proxies", [report])[0])
            # The program starts a new kernel peak for each stage, so wait4 alone knows the last.
            one.rss_mb = max(one.rss_mb, reports[-1]["peak_memory_usage_mb"])
            measures.append(one)
        result.fsync_ms = statistics.median(r.get("fsync_ms", 0) for r in reports)
        median = medians(measures)
        result.wall_s = median.wall_s - result.fsync_ms / 1000
        result.cpu_s, result.rss_mb = median.cpu_s, median.rss_mb
        result.report = reports[-1]
        return result

    def tools(self) -> list[tuple[str, str, float, Measure]]:
        """wc, cat and xmllint on the files that the jobs read."""
        rows = []
        jobs = selected(self.options.quick)
        for channels in sorted({job.channels for job in jobs if not job.guide_mb} - {1}):
            path = self.playlist(channels)
            rows += [self.tool(path, ["wc", "-l", str(path)]), self.tool(path, ["cat", str(path)])]
        for size_mb in sorted({job.guide_mb for job in jobs if job.channels == 39_161} - {0}):
            path = self.guide(39_161, size_mb, False)
            rows += [self.tool(path, ["wc", "-l", str(path)]), self.tool(path, ["cat", str(path)]),
                     self.tool(path, ["xmllint", "--stream", "--noout", str(path)])]
        return rows

    def tool(self, path: Path, command: list[str]) -> tuple[str, str, float, Measure]:
        measures = []
        while not measures or len(measures) < repetitions(measures[0], self.options.quick):
            measures.append(self.run(command))
        return " ".join(command[:-1]), path.name, path.stat().st_size / MB, medians(measures)

    def microbenchmarks(self, name: str) -> list[tuple[str, float]]:
        program = self.options.build / name
        if not program.exists():
            return []
        output = subprocess.run([str(program), "--benchmark_format=json",
                                 "--benchmark_min_time=0.2"], check=True, capture_output=True,
                                text=True).stdout
        return [(entry["name"].removesuffix("/real_time"),
                 entry["real_time" if entry["name"].endswith("/real_time") else "cpu_time"])
                for entry in json.loads(output)["benchmarks"]]

    def m3u_rates(self) -> dict[str, float]:
        """MB/s of reading and writing playlists in memory, on one core."""
        program = self.options.build / "m3u_benchmark"
        if not program.exists():
            return {}
        output = subprocess.run([str(program), "--benchmark_format=json",
                                 "--benchmark_min_time=0.5"], check=True, capture_output=True,
                                text=True).stdout
        return {entry["name"]: entry["bytes_per_second"] / MB
                for entry in json.loads(output)["benchmarks"]}


def selected(quick: bool) -> list[Job]:
    return [JOBS[i] for i in QUICK_JOBS] if quick else JOBS


def machine() -> list[str]:
    cpu = next((line.split(":", 1)[1].strip() for line in open("/proc/cpuinfo")
                if line.startswith("model name")), platform.machine())
    ram_gb = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / (1 << 30)
    compiler = subprocess.run(["c++", "--version"], capture_output=True, text=True).stdout
    return [f"- {cpu}, {os.cpu_count()} cores, {ram_gb:.0f} GB RAM, Linux {platform.release()}",
            f"- {compiler.splitlines()[0] if compiler else 'unknown compiler'}, preset `release`"]


def seconds(value: float) -> str:
    return f"{value * 1000:.1f} ms" if value < 1 else f"{value:.2f} s"


def verdict(value: float, goal: float | None, text: str) -> str:
    return "" if goal is None else f"{'pass' if value <= goal else '**miss**'} (≤ {text})"


def goal_rows(results: list[Result]) -> list[str]:
    rows = []
    for result in results:
        job = result.job
        if job.goal_s is None:
            continue
        if result.problem:
            rows.append(f"| {job.title} | {result.problem} | **miss** | | |")
            continue
        rows.append(f"| {job.title} | {seconds(result.wall_s)} | "
                    f"{verdict(result.wall_s, job.goal_s, seconds(job.goal_s))} | "
                    f"{result.rss_mb:.1f} MB | "
                    f"{verdict(result.rss_mb, job.goal_rss_mb, f'{job.goal_rss_mb} MB')} |")
    return rows


def rate_rows(results: list[Result], m3u_rates: dict[str, float]) -> list[str]:
    """The goals that are rates, shares and growth."""
    by_title = {result.job.title: result for result in results if not result.problem}

    def row(name: str, value: float, unit: str, goal: float, least: bool) -> str:
        met = value >= goal if least else value <= goal
        sign = "≥" if least else "≤"
        return (f"| {name} | {value:.0f} {unit} | "
                f"{'pass' if met else '**miss**'} ({sign} {goal:.0f} {unit}) |")

    rows = []
    for title, goal in (("1M channels, one thread, no rules", 800),
                        ("1M channels, one thread", 400)):
        if title in by_title:
            result = by_title[title]
            rows.append(row(f"M3U, whole process, {title}", result.input_mb / result.wall_s, "MB/s",
                            goal, True))
    for name, goal in (("read + write", 800), ("read + rules and filters + write", 400)):
        if name in m3u_rates:
            rows.append(row(f"M3U in memory, one core: {name}", m3u_rates[name], "MB/s", goal, True))
    guide = by_title.get("39,161 channels + 100 MB guide, one thread")
    if guide:
        stage = next((s for s in guide.report["stages"] if s["name"] == "EPG Generation"), None)
        if stage and stage["execution_time_ms"] > 0:
            rate = 100 / (stage["execution_time_ms"] / 1000)
            rows.append(row("XMLTV select + rewrite + write, one thread", rate, "MB/s", 800, True))
    small, large = by_title.get("100K channels"), by_title.get("1M channels")
    if small and large:
        rows.append(row("time of 1M over time of 100K channels", large.wall_s / small.wall_s, "×",
                        12, False))
        rows.append(row("peak RSS of 1M channels, no limit", large.rss_mb, "MB",
                        large.input_mb + 64, False))
    return rows


def run_rows(results: list[Result]) -> list[str]:
    rows = []
    for result in results:
        if result.problem:
            rows.append(f"| {result.job.title} | {result.input_mb:.1f} | {result.problem} | | | | | |")
            continue
        rows.append(
            f"| {result.job.title} | {result.input_mb:.1f} | {seconds(result.wall_s)} | "
            f"{result.fsync_ms:.1f} ms | {seconds(result.cpu_s)} | "
            f"{result.input_mb / result.wall_s:.0f} | {result.job.channels / result.wall_s:,.0f} | "
            f"{result.rss_mb:.1f} |")
    return rows


def stage_tables(results: list[Result]) -> list[str]:
    lines = []
    names = list(dict.fromkeys(stage["name"] for result in results
                               for stage in result.report.get("stages", [])))
    if not names:
        return lines
    lines += ["| job | " + " | ".join(names) + " |", "|---" * (len(names) + 1) + "|"]
    for result in results:
        stages = {stage["name"]: stage for stage in result.report.get("stages", [])}
        cells = [f"{stages[name]['execution_time_ms']:.1f} ms, "
                 f"{stages[name]['peak_memory_mb']:.0f} MB" if name in stages else ""
                 for name in names]
        lines.append(f"| {result.job.title} | " + " | ".join(cells) + " |")
    return lines


def render(bench: Bench, results: list[Result]) -> str:
    options = bench.options
    source = (f"scaled from {Path(options.playlist).name}" if options.playlist else
              "the built-in sample of bench_generate")
    lines = ["# Benchmarks", "",
             "Written by `./dev bench`; medians, page cache warm. 1 MB = 2^20 bytes. Times are wall",
             "time of the whole process without fsync, which has its own column; peak RSS is the",
             "kernel's. Where a goal was missed it says so.", "",
             *machine(), f"- input: {source}", "",
             "The job: two filters and three rules.", "```",
             *(f"--exclude '{text}'" for text in FILTERS), *(f"--rule '{text}'" for text in RULES),
             "```", "", "## Goals", "",
             "| work | time | goal | peak RSS | goal |", "|---|---|---|---|---|",
             *goal_rows(results), ""]
    micro = {name: bench.microbenchmarks(name) for name in ("memory_benchmark", "plugin_benchmark")}
    rates = rate_rows(results, bench.m3u_rates())
    if micro["plugin_benchmark"]:
        rates += plugins.border_rows(micro["plugin_benchmark"])
    if rates:
        lines += ["| work | measured | goal |", "|---|---|---|", *rates, ""]
    for name, title in (("memory_benchmark", "memory handling"), ("plugin_benchmark", "plugins")):
        if micro[name]:
            lines += [f"| {title} | time |", "|---|---|",
                      *(f"| {what} | {nanoseconds(value)} |" for what, value in micro[name]), ""]
    lines += ["## Every run", "",
              "| job | input MB | wall | fsync | CPU | MB/s | channels/s | peak RSS MB |",
              "|---|---|---|---|---|---|---|---|", *run_rows(results), "",
              "## Other programs on the same files", "",
              "| program | file | MB | wall | MB/s | peak RSS MB |", "|---|---|---|---|---|---|"]
    for name, file, size_mb, measure in bench.tools():
        lines.append(f"| {name} | {file} | {size_mb:.1f} | {seconds(measure.wall_s)} | "
                     f"{size_mb / measure.wall_s:.0f} | {measure.rss_mb:.1f} |")
    if not options.quick:
        lines += ["", *plugins.table(bench, options.build.parent / "plugins")]
    lines += ["", "## Time and peak memory by stage", "", *stage_tables(results), ""]
    return "\n".join(lines)


def output_hash(bench: Bench) -> str:
    digest = hashlib.sha256()
    for name in ("default.m3u", "default.xmltv"):
        path = bench.out / name
        if path.exists():
            with open(path, "rb") as file:
                digest.update(hashlib.file_digest(file, "sha256").digest())
    return digest.hexdigest()


def memory_curves(bench: Bench) -> tuple[list[str], str]:
    """The tables of peak memory over limit and size, and the plot."""
    over_limit = curves.measure(bench, [
        (curves.limit_name(limit), limit,
         Job(f"1M + 1 GB at {curves.limit_name(limit)}", curves.CHANNELS, curves.GUIDE_MB,
             options=curves.limit_arguments(limit))) for limit in curves.LIMITS_MB],
        lambda: output_hash(bench))
    lines = ["## Memory over the limit", "",
             "1M channels and 1 GB of guide, on all threads. `same bytes`: the playlist and the guide",
             "are those of the run without a limit.", "", *curves.table(over_limit, "limit"), "",
             "![Peak memory over the limit](memory-over-limit.svg)", "",
             "## Memory over the size", ""]
    for size in curves.SIZES:
        (bench.out / "default.xmltv").unlink(missing_ok=True)
        (bench.out / "default.m3u").unlink(missing_ok=True)
        points = curves.measure(bench, [
            (f"{size:,} channels, {curves.limit_name(limit)}", limit,
             Job(f"{size} at {curves.limit_name(limit)}", size,
                 options=curves.limit_arguments(limit))) for limit in (None, 64)],
            lambda: output_hash(bench))
        table = curves.table(points, "channels, limit")
        lines += table if size == curves.SIZES[0] else table[2:]
        if size > curves.CHANNELS:
            bench.playlist(size).unlink()
    return lines + [""], curves.plot(over_limit, "Peak RSS of 1M channels + 1 GB of guide; "
                                     "red: the limit; below: seconds")


def nanoseconds(value: float) -> str:
    if value < 1e3:
        return f"{value:.1f} ns"
    return f"{value / 1e3:.1f} µs" if value < 1e6 else f"{value / 1e6:.2f} ms"


def main() -> int:
    parser = argparse.ArgumentParser(prog="./dev bench", description=__doc__)
    parser.add_argument("--build", type=Path, required=True, help=argparse.SUPPRESS)
    parser.add_argument("--root", type=Path, required=True, help=argparse.SUPPRESS)
    parser.add_argument("--quick", action="store_true",
                        help="small sizes, once each; prints and writes nothing")
    parser.add_argument("--playlist", type=Path, help="scale this playlist, not the built-in one")
    parser.add_argument("--guide", type=Path, help="scale this guide, not the built-in one")
    parser.add_argument("--keep", action="store_true", help="keep the generated files")
    bench = Bench(parser.parse_args())

    results = []
    for job in selected(bench.options.quick):
        results.append(bench.measure(job))
        last = results[-1]
        print(f"{job.title}: {last.problem or seconds(last.wall_s)}", file=sys.stderr)
    text = render(bench, results)
    if bench.options.quick:
        print(text)
    else:
        lines, picture = memory_curves(bench)
        docs = bench.options.root / "docs"
        (docs / "memory-over-limit.svg").write_text(picture)
        (docs / "benchmarks.md").write_text(text + "\n" + "\n".join(lines))
    if not bench.options.keep:
        shutil.rmtree(bench.data, ignore_errors=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
