#!/usr/bin/env python3
"""clang-format, clang-tidy and shellcheck over the project's sources; a part of ./dev lint.

clang-tidy is slow, so a file that was clean is not looked at again until it, a header of ours
that it includes, its compile command, .clang-tidy or clang-tidy itself changes.
"""

import argparse
import hashlib
import itertools
import json
import os
import re
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor, as_completed
from functools import lru_cache
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
FOLDERS = ["src", "bench", "fuzz", "examples", "sdk"]
SCRIPTS = ["dev", "tools/dev/*.sh", ".ci/run", "sdk/build.sh", "sdk/templates/*/build.sh"]
TIDY = "clang-tidy-19"
FORMAT = "clang-format-19"
# The compile commands are g++'s.
CLANG_FLAGS = ["-Wno-unknown-warning-option", "-Wno-sign-conversion",
               "-Wno-missing-designated-field-initializers", "-Wno-deprecated-declarations"]
INCLUDE = re.compile(rb'^\s*#\s*include\s*[<"]([^>"]+)[>"]', re.MULTILINE)


def sources() -> list[Path]:
    return sorted(path for folder in FOLDERS for path in (ROOT / folder).rglob("*")
                  if path.suffix in (".cpp", ".hpp"))


@lru_cache(maxsize=None)
def read(path: Path) -> bytes:
    return path.read_bytes()


@lru_cache(maxsize=None)
def included_by(path: Path) -> tuple[Path, ...]:
    """The files of ours that `path` names in its own #include lines."""
    found = []
    for name in INCLUDE.findall(read(path)):
        for base in (ROOT / "src", path.parent, ROOT):
            candidate = base / name.decode(errors="replace")
            if candidate.is_file():
                found.append(candidate.resolve())
                break
    return tuple(found)


def closure(path: Path) -> list[Path]:
    seen = {path}
    waiting = [path]
    while waiting:
        for header in included_by(waiting.pop()):
            if header not in seen:
                seen.add(header)
                waiting.append(header)
    return sorted(seen)


def settings() -> bytes:
    """What .clang-tidy says, without its comments."""
    lines = (ROOT / ".clang-tidy").read_bytes().splitlines(keepends=True)
    return b"".join(line for line in lines if not line.startswith(b"#"))


def fingerprint(path: Path, command: str, common: bytes) -> str:
    digest = hashlib.sha256(common + command.encode())
    for part in closure(path):
        digest.update(str(part.relative_to(ROOT)).encode() + b"\0" + read(part) + b"\0")
    return digest.hexdigest()


def tidy_one(path: Path, build: Path) -> str:
    done = subprocess.run([TIDY, "--quiet", "-p", str(build),
                           *(f"--extra-arg={flag}" for flag in CLANG_FLAGS), str(path)],
                          capture_output=True, text=True, errors="replace")
    if done.returncode == 0 and "warning:" not in done.stdout:
        return ""
    return done.stdout or done.stderr


def run_tidy(build: Path, wanted: list[Path], jobs: int):
    """Yields what clang-tidy says about each file that is not clean, as it comes."""
    commands = {Path(entry["file"]).resolve(): entry["command"]
                for entry in json.loads((build / "compile_commands.json").read_text())}
    version = subprocess.run([TIDY, "--version"], check=True, capture_output=True).stdout
    common = version + settings()
    cache = build.parent / "lint-cache"
    cache.mkdir(parents=True, exist_ok=True)

    def check(path: Path) -> str:
        # The build folder's place must not matter: a fresh clone may bring the cache with it.
        command = commands[path].replace(str(ROOT), "")
        clean = cache / fingerprint(path, command, common)
        if clean.exists():
            os.utime(clean)
            return ""
        findings = tidy_one(path, build)
        if not findings:
            clean.touch()
        return findings

    files = [path for path in wanted if path in commands]
    with ThreadPoolExecutor(max_workers=jobs) as pool:
        for done in as_completed([pool.submit(check, path) for path in files]):
            if done.result():
                yield done.result()


def run_format(wanted: list[Path]) -> list[str]:
    if not wanted:
        return []
    done = subprocess.run([FORMAT, "--dry-run", "--Werror", "--ferror-limit=1", *map(str, wanted)],
                          capture_output=True, text=True, errors="replace")
    return [] if done.returncode == 0 else [done.stderr, "./dev format brings them into shape\n"]


def run_shellcheck() -> list[str]:
    scripts = [str(path) for script in SCRIPTS for path in sorted(ROOT.glob(script))]
    done = subprocess.run(["shellcheck", *scripts], capture_output=True, text=True)
    return [] if done.returncode == 0 else [done.stdout]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--build", type=Path, help="a build with compile commands")
    parser.add_argument("--fast", action="store_true", help="leave clang-tidy out")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    parser.add_argument("files", nargs="*", type=Path, help="only these (default: all)")
    options = parser.parse_args()

    wanted = [path.resolve() for path in options.files] or sources()
    if options.fast:
        tidy = iter(())
    else:
        tidy = run_tidy(options.build.resolve(), [path for path in wanted if path.suffix == ".cpp"],
                        options.jobs)
    clean = True
    for text in itertools.chain(run_format(wanted), run_shellcheck(), tidy):
        print(text, file=sys.stderr, end="", flush=True)
        clean = False
    return 0 if clean else 1


if __name__ == "__main__":
    sys.exit(main())
