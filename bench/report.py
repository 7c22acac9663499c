"""The page that ./dev bench writes: docs/benchmarks.md without the curves."""

import os
import platform
import subprocess
from pathlib import Path

import api
import backups
import http_server
import plugins
import replicas
import service_at_size
from jobs import DEFAULT_LIMIT, FILTERS, NO_LIMIT, RULES
from runner import Bench, Result


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
            rows.append(f"| {job.title} | {job.limit} | {result.problem} | **miss** | | |")
            continue
        rows.append(f"| {job.title} | {job.limit} | {seconds(result.wall_s)} | "
                    f"{verdict(result.wall_s, job.goal_s, seconds(job.goal_s))} | "
                    f"{result.rss_mb:.1f} MB | "
                    f"{verdict(result.rss_mb, job.goal_rss_mb, f'{job.goal_rss_mb} MB')} |")
    return rows


def rate_rows(results: list[Result], m3u_rates: dict[str, float]) -> list[str]:
    """The goals that are rates, shares and growth."""
    done = {(result.job.title, result.job.limit): result for result in results
            if not result.problem}

    def row(name: str, value: float, unit: str, goal: float, least: bool) -> str:
        met = value >= goal if least else value <= goal
        sign = "≥" if least else "≤"
        return (f"| {name} | {value:.0f} {unit} | "
                f"{'pass' if met else '**miss**'} ({sign} {goal:.0f} {unit}) |")

    rows = []
    for title, goal in (("1M channels, one thread, no rules", 800),
                        ("1M channels, one thread", 400)):
        for limit in (DEFAULT_LIMIT, NO_LIMIT):
            if (title, limit) in done:
                result = done[title, limit]
                rows.append(row(f"M3U, whole process, {title}, limit {limit}",
                                result.input_mb / result.wall_s, "MB/s", goal, True))
    for name, goal in (("read + write", 800), ("read + rules and filters + write", 400)):
        if name in m3u_rates:
            rows.append(row(f"M3U in memory, one core: {name}", m3u_rates[name], "MB/s", goal, True))
    for limit in (DEFAULT_LIMIT, NO_LIMIT):
        guide = done.get(("39,161 channels + 100 MB guide, one thread", limit))
        stage = next((s for s in guide.report["stages"] if s["name"] == "EPG Generation"),
                     None) if guide else None
        if stage and stage["execution_time_ms"] > 0:
            rate = 100 / (stage["execution_time_ms"] / 1000)
            rows.append(row(f"XMLTV select + rewrite + write, one thread, limit {limit}", rate,
                            "MB/s", 800, True))
    small, large = done.get(("100K channels", NO_LIMIT)), done.get(("1M channels", NO_LIMIT))
    if small and large:
        rows.append(row("time of 1M over time of 100K channels, no limit",
                        large.wall_s / small.wall_s, "×", 12, False))
        rows.append(row("peak RSS of 1M channels, no limit", large.rss_mb, "MB",
                        large.input_mb + 64, False))
    return rows


def run_table(results: list[Result]) -> list[str]:
    rows = ["| job | limit | input MB | wall | fsync | CPU | MB/s | channels/s | peak RSS MB |",
            "|---|---|---|---|---|---|---|---|---|"]
    for result in results:
        if result.problem:
            rows.append(f"| {result.job.title} | {result.job.limit} | {result.input_mb:.1f} | "
                        f"{result.problem} | | | | | |")
            continue
        rows.append(
            f"| {result.job.title} | {result.job.limit} | {result.input_mb:.1f} | "
            f"{seconds(result.wall_s)} | "
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
    lines += ["| job | limit | " + " | ".join(names) + " |", "|---" * (len(names) + 2) + "|"]
    for result in results:
        stages = {stage["name"]: stage for stage in result.report.get("stages", [])}
        cells = [f"{stages[name]['execution_time_ms']:.1f} ms, "
                 f"{stages[name]['peak_memory_mb']:.0f} MB" if name in stages else ""
                 for name in names]
        lines.append(f"| {result.job.title} | {result.job.limit} | " + " | ".join(cells) + " |")
    return lines


def render(bench: Bench, results: list[Result]) -> str:
    options = bench.options
    source = (f"scaled from {Path(options.playlist).name}" if options.playlist else
              "the built-in sample of bench_generate")
    lines = ["# Benchmarks", "",
             "Written by `./dev bench`, page cache warm. 1 MB = 2^20 bytes. Times are medians of the",
             "wall time of the whole process without fsync, which has its own column; peak RSS is the",
             "kernel's, the highest of all runs. Limit `auto` is what a user gets who says nothing,",
             "`none` is `--memory-limit none`. Where a goal was missed it says so;",
             "[profiles.md](profiles.md) says where the time goes there.", "",
             *machine(), f"- input: {source}", "",
             "The job: two filters and three rules.", "```",
             *(f"--exclude '{text}'" for text in FILTERS), *(f"--rule '{text}'" for text in RULES),
             "```", "", "## Goals", "",
             "| work | limit | time | goal | peak RSS | goal |", "|---|---|---|---|---|---|",
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
    lines += ["## Every run", "", *run_table(results), "",
              "## Other programs on the same files", "",
              "| program | file | MB | wall | MB/s | peak RSS MB |", "|---|---|---|---|---|---|"]
    for name, file, size_mb, measure in bench.tools():
        lines.append(f"| {name} | {file} | {size_mb:.1f} | {seconds(measure.wall_s)} | "
                     f"{size_mb / measure.wall_s:.0f} | {measure.rss_mb:.1f} |")
    if not options.quick:
        lines += ["", *plugins.table(bench, options.build.parent / "plugins")]
        lines += ["", "## HTTP beside nginx, one core for the server", "",
                  *http_server.measure(options.build)]
        lines += ["", "## The service", "", *service_at_size.measure(options.build)]
        lines += ["", "## The API", "", *api.measure(options.build)]
        lines += ["", "## Two replicas", "", *replicas.measure(options.build)]
        lines += ["", "## Backups", "", *backups.measure(options.build)]
    lines += ["", "## Time and peak memory by stage", "", *stage_tables(results), ""]
    return "\n".join(lines)


def nanoseconds(value: float) -> str:
    if value < 1e3:
        return f"{value:.1f} ns"
    return f"{value / 1e3:.1f} µs" if value < 1e6 else f"{value / 1e6:.2f} ms"
