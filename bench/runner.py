"""Running programs and measuring them, for ./dev bench."""

import argparse
import json
import statistics
import subprocess
from dataclasses import dataclass, field
from pathlib import Path

from jobs import DEFAULT_LIMIT, FILTERS, RULES, Job, selected

MB = 1 << 20
SLOW_RUN_S = 2.0  # from here on three repetitions are enough
LONG_RUN_S = 6.0  # and from here on one is


@dataclass
class Measure:
    """One program run: what the kernel says about it (see bench_measure)."""
    wall_s: float
    cpu_s: float
    rss_mb: float
    status: int


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


def medians(measures: list[Measure]) -> Measure:
    return Measure(*(statistics.median(getattr(m, name) for m in measures)
                     for name in ("wall_s", "cpu_s", "rss_mb")), measures[-1].status)


def repetitions(first: Measure, quick: bool) -> int:
    if quick:
        return 1
    if first.wall_s > LONG_RUN_S:
        return 1
    return 3 if first.wall_s > SLOW_RUN_S else 7


def run_measured(build: Path, report: Path, command: list[str]) -> Measure:
    """Runs a command by bench_measure: of a child of ours the kernel's peak would be at least our
    own size."""
    subprocess.run([str(build / "bench_measure"), str(report), *command], check=True)
    return Measure(**json.loads(report.read_text()))


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
        if job.limit != DEFAULT_LIMIT:
            command += ["--memory-limit", job.limit]
        if job.guide_mb:
            command += ["--epg", f"guide={self.guide(job.channels, job.guide_mb, job.gzip)}"]
        if job.rules:
            for expression in FILTERS:
                command += ["--exclude", expression]
            for expression in RULES:
                command += ["--rule", expression]
        return command + job.options

    def run(self, command: list[str]) -> Measure:
        return run_measured(self.options.build, self.out / "measure.json", command)

    def last_report(self) -> dict:
        """What the last run said of its only proxy."""
        report = json.loads((self.out / "report.json").read_text())
        return (report[0] if isinstance(report, list) else report.get("proxies", [report])[0])

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
            reports.append(self.last_report())
            measures.append(one)
        result.fsync_ms = statistics.median(r.get("fsync_ms", 0) for r in reports)
        median = medians(measures)
        result.wall_s = median.wall_s - result.fsync_ms / 1000
        result.cpu_s = median.cpu_s
        result.rss_mb = max(one.rss_mb for one in measures)  # a limit holds in each run
        result.report = reports[-1]
        return result

    def tools(self) -> list[tuple[str, str, float, Measure]]:
        """wc, cat and xmllint on the files that the jobs read."""
        rows = []
        jobs = selected(self.options.quick, self.options.only)
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
