#!/usr/bin/env python3
"""Measures the release build and writes docs/benchmarks.md; a part of ./dev bench.

Makes playlists and guides with bench_generate, runs the jobs of jobs.py on them several times, and
runs wc, cat and xmllint on the same files in between, so that the figures compare.
"""

import argparse
import hashlib
import shutil
import sys
from pathlib import Path

import api
import curves
import former
import replicas
from jobs import Job, selected
from report import render, run_table, seconds
from runner import Bench


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
             limit=curves.limit_name(limit))) for limit in curves.LIMITS_MB],
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
                 limit=curves.limit_name(limit))) for limit in (None, 64)],
            lambda: output_hash(bench))
        table = curves.table(points, "channels, limit")
        lines += table if size == curves.SIZES[0] else table[2:]
        if size > curves.CHANNELS:
            bench.playlist(size).unlink()
    return lines + [""], curves.plot(over_limit, "Peak RSS of 1M channels + 1 GB of guide; "
                                     "red: the limit; below: seconds")


def main() -> int:
    parser = argparse.ArgumentParser(prog="./dev bench", description=__doc__)
    parser.add_argument("--build", type=Path, required=True, help=argparse.SUPPRESS)
    parser.add_argument("--root", type=Path, required=True, help=argparse.SUPPRESS)
    parser.add_argument("--quick", action="store_true",
                        help="small sizes, once each; prints and writes nothing")
    parser.add_argument("--only", default="", metavar="TEXT",
                        help="only the jobs with this in their title; prints and writes nothing")
    parser.add_argument("--former", type=Path, metavar="BUILD",
                        help="also the release build of an earlier commit, run in turn with this one")
    parser.add_argument("--playlist", type=Path, help="scale this playlist, not the built-in one")
    parser.add_argument("--guide", type=Path, help="scale this guide, not the built-in one")
    parser.add_argument("--keep", action="store_true", help="keep the generated files")
    options = parser.parse_args()
    if options.only == "api":
        print("\n".join(api.measure(options.build.resolve())))
        return 0
    if options.only == "replicas":
        print("\n".join(replicas.measure(options.build.resolve())))
        return 0
    bench = Bench(options)

    results = []
    for job in selected(bench.options.quick, bench.options.only):
        results.append(bench.measure(job))
        last = results[-1]
        print(f"{job.title}, limit {job.limit}: {last.problem or seconds(last.wall_s)}",
              file=sys.stderr)
    if not results:
        parser.error("no job has this in its title")
    beside = former.measure(bench, options.former.resolve()) if options.former else []
    if bench.options.only:
        print("\n".join(run_table(results) + ["", *beside]))
    elif bench.options.quick:
        print("\n".join([render(bench, results), *beside]))
    else:
        text = render(bench, results)
        lines, picture = memory_curves(bench)
        docs = bench.options.root / "docs"
        (docs / "memory-over-limit.svg").write_text(picture)
        (docs / "benchmarks.md").write_text(text + "\n" + "\n".join(beside + lines))
    if not bench.options.keep:
        shutil.rmtree(bench.data, ignore_errors=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
