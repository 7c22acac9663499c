"""The program that is tested, as a user calls it.

It is build/release/m3u-proxy, or what the environment variable M3U_PROXY names.
"""

import json
import os
import subprocess
from pathlib import Path

from kept_secrets import MARK

ROOT = Path(__file__).resolve().parents[2]
BINARY = os.environ.get("M3U_PROXY", str(ROOT / "build" / "release" / "m3u-proxy"))
# How many times slower than usual the program is, as under ThreadSanitizer.
SLOWER = int(os.environ.get("TEST_SLOWER", "1"))
TIMEOUT = 120 * SLOWER
OURS = ("M3U_PROXY", "MEMORY_", "CLEANUP_AGGRESSIVE", "PLUGIN_MEMORY_LIMIT_MB")


def environment(**more):
    """Without what a developer may have set, and with `more`."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(OURS)}
    return {**kept, **more}


def run(*arguments, cwd=None, stdin="", env=None, timeout=TIMEOUT):
    """Runs the program to its end; no secret is in what it says of itself."""
    done = subprocess.run(
        [BINARY, *map(str, arguments)], cwd=cwd, input=stdin, env=env or environment(),
        capture_output=True, text=True, timeout=timeout, check=False,
    )
    assert MARK not in done.stderr
    return done


def report_of(path):
    """What a report says of its only proxy."""
    document = json.loads(Path(path).read_text())
    return document[0] if isinstance(document, list) else document.get("proxies", [document])[0]


def plugins_are_built():
    """A program that was built without plugins says so and ends with 2."""
    return run("plugin", "list", "--directory", ROOT / "sdk/samples/misbehaving").returncode == 0
