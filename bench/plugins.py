"""Plugins in the whole program: the table of ./dev bench, with the native work beside it."""

import json
import statistics
from dataclasses import dataclass
from pathlib import Path

CHANNELS = 100_000
REPETITIONS = 9
RULE = 'channel_name contains "sport" SET group_title = "Sports"'


@dataclass
class PluginJob:
    """A plugin, and the goals it has to meet beside the native work."""
    title: str
    plugin: str  # of sdk/samples or bench/deduplicators
    rule: bool  # whether the native run beside it has RULE
    least_speed: float  # of the native one's
    most_mb: float | None
    config: str = ""


JOBS = [
    PluginJob("streaming, {sdk}: sports_tagger", "sports_tagger", True, 0.90, 8,
              'words = ["sport"]'),
    PluginJob("compressing, {sdk}: tuned deduplicator", "tuned_deduplicator", False, 0.75, None,
              'mode = "compress"'),
    PluginJob("spilling, {sdk}: tuned deduplicator", "tuned_deduplicator", False, 0.65, 10,
              'mode = "spill"'),
]
SDKS = [("C++", ""), ("Rust", "_rust")]


def configuration(bench, path: Path, plugins: Path | None, rule: bool, name: str = "",
                  config: str = "") -> Path:
    lines = ["[[sources]]", 'name = "tv"', f'path = "{bench.playlist(CHANNELS).resolve()}"']
    if rule:
        lines += ["[[rules]]", 'name = "sports"', f"expression = '{RULE}'"]
    if plugins:
        lines += ["[wasm_plugins]", "enabled = true", f'plugin_directory = "{plugins.resolve()}"',
                  f'cache_directory = "{(plugins / "cache").resolve()}"', "max_memory_per_plugin = 256",
                  f"[wasm_plugins.plugins.{name}.config]", config]
    path.write_text("\n".join(lines) + "\n")
    return path


def one_run(bench, config: Path) -> tuple[float, float, dict]:
    """Seconds without fsync, peak RSS in MB, the report."""
    report = bench.out / "report.json"
    measured = bench.run([str(bench.options.build / "m3u-proxy"), "generate", "--config", str(config),
                          "--out", str(bench.out), "--report", str(report), "--progress", "none",
                          "--log-level", "error", "--memory-limit", "none"])
    stats = json.loads(report.read_text())
    stats = stats[0] if isinstance(stats, list) else stats.get("proxies", [stats])[0]
    if measured.status != 0:
        raise RuntimeError(f"{config}: exit {measured.status}")
    return (measured.wall_s - stats.get("fsync_ms", 0) / 1000,
            max(measured.rss_mb, stats["peak_memory_usage_mb"]), stats)


def verdict(met: bool) -> str:
    return "pass" if met else "**miss**"


def row(bench, samples: Path, job: PluginJob, sdk: str, suffix: str) -> str | None:
    """Native and plugin in turn, so that both see the same machine."""
    name = job.plugin + suffix
    module = samples / f"{name}.wasm"
    if not module.exists():
        return None
    folder = bench.out / "plugins"
    folder.mkdir(exist_ok=True)
    for old in list(folder.glob("*.wasm")) + list(folder.glob("*.toml")):
        old.unlink()
    for file in (module, samples / f"{name}.toml"):
        (folder / file.name).write_bytes(file.read_bytes())
    native = configuration(bench, bench.out / "native.toml", None, job.rule)
    with_plugin = configuration(bench, bench.out / "plugin.toml", folder, False, name, job.config)
    one_run(bench, with_plugin)  # compiles it
    runs = [(one_run(bench, native), one_run(bench, with_plugin)) for _ in range(REPETITIONS)]
    native_s = statistics.median(run[0][0] for run in runs)
    plugin_s = statistics.median(run[1][0] for run in runs)
    speed = statistics.median(run[0][0] / run[1][0] for run in runs)
    overhead = (statistics.median(run[1][1] for run in runs) -
                statistics.median(run[0][1] for run in runs))
    memory = next(p["peak_memory_mb"] for p in runs[-1][1][2]["plugins"] if p["chunks"])
    goal = f"{verdict(speed >= job.least_speed)} (≥ {job.least_speed:.0%})"
    memory_goal = ("" if job.most_mb is None else
                   f"{verdict(overhead <= job.most_mb)} (≤ {job.most_mb:.0f} MB)")
    return (f"| {job.title.format(sdk=sdk)} | {native_s * 1000:.1f} ms | {plugin_s * 1000:.1f} ms | "
            f"{speed:.0%} | {goal} | {overhead:+.1f} MB | {memory_goal} | {memory:.1f} MB |")


def border_rows(micro: list[tuple[str, float]]) -> list[str]:
    """What plugin_benchmark measured (name, ns) beside its goals."""
    times = dict(micro)
    start = times["plugin: load from the cache and start"] / 1e6
    call = times["plugin: 1000 host calls and a chunk"] / 1000
    return [f"| plugin: start from the cache | {start:.2f} ms | {verdict(start <= 5)} (≤ 5 ms) |",
            f"| plugin: a call of the host | {call:.0f} ns | {verdict(call <= 50)} (≤ 50 ns) |"]


def table(bench, samples: Path) -> list[str]:
    rows = [row(bench, samples, job, sdk, suffix) for job in JOBS for sdk, suffix in SDKS]
    rows = [line for line in rows if line]
    if not rows:
        return []
    return ["## Plugins", "",
            f"{CHANNELS:,} channels, the whole process without a limit, native and plugin in turn,",
            f"medians of {REPETITIONS}. The streaming plugin does what the rule `{RULE}`",
            "does in the native run; the deduplicator does what no native stage does, and is compared",
            "with the run without it. Overhead is the difference in peak RSS; the last column is the",
            "plugin's linear memory.", "",
            "| plugin | native | with the plugin | speed | goal | overhead | goal | linear memory |",
            "|---|---|---|---|---|---|---|---|", *rows, ""]
