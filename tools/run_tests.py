#!/usr/bin/env python3
"""Runs the test programs of one build and sums what they report; a part of ./dev test.

Every *_test program that CTest knows is run (several at a time), then the pytest files on request.
Shows failures only. Appends one line "passed failed skipped" to the results file.
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
import xml.etree.ElementTree as ElementTree
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "tests/functional"))
from kept_secrets import look_through  # noqa: E402

PROGRAM_TIMEOUT_S = 900
PYTEST_TIMEOUT_S = 1800
TAIL_LINES = 60
SLOW_S = 5  # a program that takes longer is named
# Folders with what tests wrote. Those of a part that failed stay for a day.
# The name is short, since the path of a socket has at most 107 bytes.
WRITTEN = "m3u-tests."
DAY_S = 86400
# What exercises the service without a look at its timing; TEST_SANITIZED: nor at its memory.
SERVICE_TESTS = [f"tests/functional/test_{name}.py" for name in (
    "serve", "serve_edits", "serve_logos", "api_access", "api_attacks", "api_backup",
    "api_entities", "api_lineup", "api_logos", "api_proxy_login", "export", "quickstart")]
# Where much of the service happens at once, so that each kind of its threads meets the others; without
# plugins: they are compiled in a process of a limited address space, in which ThreadSanitizer finds no room.
# Nor operations and serve_operator: they look at memory and at wake-ups, of which the sanitizer has its own.
# TEST_SLOWER: how many times longer anything may take while it is watched.
CONCURRENT_TESTS = [f"tests/functional/test_{name}.py" for name in (
    "serve", "serve_crowd", "serve_edits", "serve_logos", "serve_outputs", "serve_xtream", "ctl",
    "api_events", "api_guide_channels", "api_lineup")]
# What exercises the service and its database.
DATABASE_TESTS = SERVICE_TESTS + [f"tests/functional/test_{name}.py" for name in (
    "api_dry_run", "api_edits", "api_events", "api_guide_channels", "api_plugins", "api_settings",
    "operations", "serve_bad_days", "serve_operator", "serve_outputs", "serve_xtream",
    "service_bad_system", "service_faults")]


@dataclass
class Outcome:
    passed: int = 0
    failed: int = 0
    skipped: int = 0
    report: list[str] = field(default_factory=list)  # failures, in full
    notes: list[str] = field(default_factory=list)  # why tests were skipped, what was slow

    def add(self, other: "Outcome") -> None:
        self.passed += other.passed
        self.failed += other.failed
        self.skipped += other.skipped
        self.report += other.report
        self.notes += other.notes


def tail(text: str) -> str:
    return "\n".join(text.splitlines()[-TAIL_LINES:])


def sanitizer_environment() -> dict[str, str]:
    environment = dict(os.environ)
    environment.setdefault("ASAN_OPTIONS", "detect_leaks=1:strict_string_checks=1")
    environment.setdefault("UBSAN_OPTIONS", "print_stacktrace=1:halt_on_error=1")
    # oneTBB is not instrumented: without this its queues look like races.
    environment.setdefault("TSAN_OPTIONS", "ignore_noninstrumented_modules=1:halt_on_error=1:"
                           f"suppressions={ROOT / 'tools/tsan.supp'}")
    environment.setdefault("TSAN_SYMBOLIZER_PATH", "/usr/bin/llvm-symbolizer-19")
    environment.setdefault("ASAN_SYMBOLIZER_PATH", "/usr/bin/llvm-symbolizer-19")
    return environment


def run_captured(command: list[str], timeout: int, **options) -> tuple[int | None, str]:
    """The exit status (None after a timeout) and everything that was printed."""
    try:
        done = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, text=True, errors="replace",
                              timeout=timeout, **options)
        return done.returncode, done.stdout
    except subprocess.TimeoutExpired as expired:
        output = expired.stdout or b""
        return None, output if isinstance(output, str) else output.decode(errors="replace")
    except OSError as missing:
        return 127, str(missing)


def test_programs(build: Path) -> list[tuple[str, list[str]]]:
    listing = subprocess.run(["ctest", "--test-dir", str(build), "--show-only=json-v1"],
                             check=True, capture_output=True, text=True).stdout
    # CTest leaves the command out when the program is not there: run_program() reports that.
    return [(test["name"], test.get("command", [str(build / f"{test['name']}_test")]))
            for test in json.loads(listing)["tests"]]


def read_gtest(name: str, path: Path) -> Outcome:
    outcome = Outcome()
    for suite in json.loads(path.read_text())["testsuites"]:
        for test in suite["testsuite"]:
            title = f"{name}: {suite['name']}.{test['name']}"
            if test.get("failures"):
                outcome.failed += 1
                causes = "\n".join(failure["failure"] for failure in test["failures"])
                outcome.report.append(f"FAILED {title}\n{causes}")
            elif test.get("result") == "SKIPPED":
                outcome.skipped += 1
                reason = "".join(skip.get("message", "") for skip in test.get("skipped", []))
                outcome.notes.append(f"skipped {title} {reason}".rstrip())
            elif test.get("status") == "RUN":
                outcome.passed += 1
    return outcome


def run_program(name: str, command: list[str], label: str, pattern: str) -> Outcome:
    if pattern and pattern not in name:
        command = command + [f"--gtest_filter=*{pattern}*"]
    begin = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "report.json"
        status, output = run_captured(command + [f"--gtest_output=json:{path}"],
                                      PROGRAM_TIMEOUT_S, cwd=folder, env=sanitizer_environment())
        title = f"{label} {name}_test"
        seconds = time.monotonic() - begin
        try:
            outcome = read_gtest(title, path)
        except (OSError, ValueError):
            outcome = Outcome()
    if seconds > SLOW_S:
        outcome.notes.append(f"slow: {title} {seconds:.0f} s")
    if status is None:
        outcome.add(Outcome(failed=1, report=[f"FAILED {title}: no end after "
                                              f"{PROGRAM_TIMEOUT_S} s\n{tail(output)}"]))
    elif status != 0 and outcome.failed == 0:
        outcome.add(Outcome(failed=1,
                            report=[f"FAILED {title}: exit status {status}\n{tail(output)}"]))
    return outcome


def run_programs(build: Path, pattern: str, only: list[str]) -> Outcome:
    programs = [(name, command) for name, command in test_programs(build)
                if not only or name in only]
    total = Outcome()
    if not programs:
        return Outcome(failed=1, report=[f"FAILED {build.name}: there are no test programs"])
    with ThreadPoolExecutor(max_workers=os.cpu_count() or 1) as pool:
        jobs = [pool.submit(run_program, name, command, build.name, pattern)
                for name, command in programs]
        for job in jobs:
            total.add(job.result())
    return total


def read_junit(path: Path) -> Outcome:
    outcome = Outcome()
    for case in ElementTree.parse(path).iter("testcase"):
        title = f"{case.get('classname')}::{case.get('name')}"
        skipped = case.find("skipped")
        if case.find("failure") is not None or case.find("error") is not None:
            outcome.failed += 1
        elif skipped is not None:
            outcome.skipped += 1
            outcome.notes.append(f"skipped {title} {skipped.get('message', '')}")
        else:
            outcome.passed += 1
        if float(case.get("time", 0)) > SLOW_S:
            outcome.notes.append(f"slow: {title} {float(case.get('time')):.0f} s")
    return outcome


def look_for_secrets(title: str, written: Path) -> Outcome:
    """One result more: that no secret of the mocks is where it must not be in what tests wrote."""
    if not written.is_dir():  # none of them had a folder
        return Outcome()
    begin = time.monotonic()
    complaints = look_through(written)
    outcome = Outcome(failed=1) if complaints else Outcome(passed=1)
    if complaints:
        outcome.report.append("\n".join(
            [f"FAILED {title}: no secret is in what the tests wrote (tests/functional/kept_secrets.py)",
             *complaints[:TAIL_LINES]]))
    if (seconds := time.monotonic() - begin) > SLOW_S:
        outcome.notes.append(f"slow: {title}: the search for secrets {seconds:.0f} s")
    return outcome


def forget_old_folders() -> None:
    for folder in Path(tempfile.gettempdir()).glob(f"{WRITTEN}*"):
        if time.time() - folder.stat().st_mtime > DAY_S:
            shutil.rmtree(folder, ignore_errors=True)


def run_pytest(build: Path, folders: list[str], pattern: str, python: str = sys.executable,
               side_by_side: bool = False, **more: str) -> Outcome:
    """`side_by_side`: several files at a time, the tests of one after another. `more`: what the
    environment has besides. Below --basetemp pytest keeps the folders of all tests, for the look at
    what they wrote."""
    present = [folder for folder in folders
               if (ROOT / folder).is_file() or list((ROOT / folder).rglob("test_*.py"))]
    if not present:
        return Outcome()
    environment = dict(sanitizer_environment(), TEST_BUILD=str(build),
                       M3U_PROXY=str(build / "m3u-proxy"), PYTHONDONTWRITEBYTECODE="1", **more)
    folder = Path(tempfile.mkdtemp(prefix=WRITTEN))
    path, written = folder / "report.xml", folder / "t"
    command = [python, "-m", "pytest", "-q", "--tb=short", "-p", "no:cacheprovider",
               f"--junitxml={path}", f"--basetemp={written}", *present]
    if side_by_side:
        command += ["-n", str(os.cpu_count() or 1), "--dist", "loadfile"]
    if pattern:
        command += ["-k", pattern]
    status, output = run_captured(command, PYTEST_TIMEOUT_S, cwd=ROOT, env=environment)
    try:
        outcome = read_junit(path)
    except (OSError, ElementTree.ParseError):
        outcome = Outcome()
    nothing_selected = status == 5
    if outcome.failed or (status != 0 and not nothing_selected):
        outcome.failed = max(outcome.failed, 1)
        outcome.report.append(output)
    if not nothing_selected:
        outcome.add(look_for_secrets(f"{build.name} {' '.join(folders)}", written))
    if outcome.failed:
        outcome.notes.append(f"what the tests wrote is kept in {written} for a day")
    else:
        shutil.rmtree(folder, ignore_errors=True)
    return outcome


def run_on_postgresql(build: Path, pattern: str) -> Outcome:
    """The tests of the service, each with a database of its own on one server."""
    import postgres  # which imports pytest
    if postgres.programs() is None:
        return Outcome(skipped=1, notes=["skipped: the service on PostgreSQL: there is no "
                                         "PostgreSQL server (package postgresql-15)"])
    with tempfile.TemporaryDirectory() as folder, postgres.server(Path(folder) / "server") as address:
        return run_pytest(build, DATABASE_TESTS, pattern, side_by_side=True,
                          TEST_POSTGRESQL=address)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--build", type=Path, required=True)
    parser.add_argument("--results", type=Path, required=True)
    parser.add_argument("--filter", default="")
    parser.add_argument("--only", nargs="+", default=[], help="these test programs")
    parser.add_argument("--pytest", action="store_true", help="also the cases, functional and installation tests")
    parser.add_argument("--service", action="store_true",
                        help="also the functional tests of the service that a sanitizer can watch")
    parser.add_argument("--concurrent", action="store_true",
                        help="also the functional tests of the service where much happens at once")
    parser.add_argument("--postgresql", action="store_true",
                        help="only the functional tests of the service, on PostgreSQL")
    parser.add_argument("--ui", metavar="PYTHON", help="only the tests in a browser, with that Python")
    parser.add_argument("--replicas", action="store_true",
                        help="only what several replicas do on good days and bad ones")
    parser.add_argument("--proofs", action="store_true",
                        help="only the long proofs, every kill of a refresh, and the players")
    parser.add_argument("--deploy", action="store_true", help="only the checks of the deployment")
    options = parser.parse_args()
    options.build = options.build.resolve()
    forget_old_folders()

    total = Outcome()
    if not (options.proofs or options.ui or options.deploy or options.postgresql
            or options.replicas):
        total.add(run_programs(options.build, options.filter, options.only))
    if options.pytest:
        total.add(run_pytest(options.build, ["tests/structure", "tests/cases", "tests/functional", "tests/install"],
                             options.filter, side_by_side=True))
    if options.service:
        total.add(run_pytest(options.build, SERVICE_TESTS, options.filter, side_by_side=True,
                             TEST_SANITIZED="1"))
    if options.concurrent:
        total.add(run_pytest(options.build, CONCURRENT_TESTS, options.filter, side_by_side=True,
                             TEST_SANITIZED="1", TEST_SLOWER="4"))
    if options.postgresql:
        total.add(run_on_postgresql(options.build, options.filter))
    if options.replicas:
        total.add(run_pytest(options.build, ["tests/replicas"], options.filter, side_by_side=True))
    if options.ui:
        total.add(run_pytest(options.build, ["tests/ui"], options.filter, options.ui))
    if options.proofs:
        total.add(run_pytest(options.build, ["tests/proofs", "tests/players"], options.filter))
        total.add(run_pytest(options.build, ["tests/functional/test_service_faults.py"],
                             options.filter, FAULT_STEP="1"))
    if options.deploy:
        total.add(run_pytest(options.build, ["tests/deploy"], options.filter))
    for text in total.notes + total.report:
        print(text, file=sys.stderr)
    with options.results.open("a") as results:
        print(total.passed, total.failed, total.skipped, file=results)
    return 0


if __name__ == "__main__":
    sys.exit(main())
