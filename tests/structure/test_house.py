"""The walls of the house: what a module can include, how large its rooms are, what is where.

The build whose include roots are tried is the one that TEST_BUILD names, or build/debug.
"""

import os
import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SOURCE = ROOT / "src" / "m3u_proxy"
BUILD = Path(os.environ.get("TEST_BUILD", ROOT / "build" / "debug"))
MOST_LINES = 400
MOST_FILES = 45


def declared() -> dict[str, set[str]]:
    """What each module DEPENDS on, by its CMakeLists.txt."""
    modules = {}
    for path in sorted(SOURCE.glob("*/CMakeLists.txt")):
        text = path.read_text()
        call = re.search(r"m3u_proxy_module\((\w+)(?:\s+DEPENDS((?:\s+[\w${}]+)+?))?\s*(?:LIBRARIES|EXCLUDE|\))",
                         text)
        assert call and call[1] == path.parent.name, path
        named = set(re.findall(r"\w+", call[2] or ""))
        modules[call[1]] = {name for name in named if (SOURCE / name).is_dir()}
    return modules


def below(module: str, modules: dict[str, set[str]]) -> set[str]:
    found = set()
    waiting = [module]
    while waiting:
        for name in modules[waiting.pop()] - found:
            found.add(name)
            waiting.append(name)
    return found


MODULES = declared()


def header_of(module: str) -> str:
    return next(f"m3u_proxy/{module}/{path.name}"
                for path in sorted((SOURCE / module).glob("*.hpp")))


def include_roots(module: str) -> list[str]:
    """The -I flags with which the module's own sources are compiled."""
    import json
    for entry in json.loads((BUILD / "compile_commands.json").read_text()):
        if f"/CMakeFiles/m3u_proxy_{module}.dir/" in entry["command"]:
            return re.findall(r"-I\S+", entry["command"])
    pytest.skip(f"{BUILD} does not build {module}")


def compiles(module: str, lines: str, tmp_path: Path) -> bool:
    file = tmp_path / "try.cpp"
    file.write_text(lines)
    done = subprocess.run(["c++", "-std=c++23", "-E", "-o", os.devnull, *include_roots(module), file],
                          capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0 or "No such file or directory" in done.stderr, done.stderr
    return done.returncode == 0


def test_no_module_stands_on_itself():
    for module in MODULES:
        assert module not in below(module, MODULES)


@pytest.mark.parametrize("module", MODULES)
def test_a_module_includes_what_it_depends_on_and_nothing_above(module, tmp_path):
    seen = below(module, MODULES)
    for other in MODULES:
        expected = other == module or other in seen
        line = f"#include <{header_of(other)}>\n"
        if expected:
            assert compiles(module, f"#if !__has_include(<{header_of(other)}>)\n{line}#endif\n",
                            tmp_path), f"{module} cannot include {other}"
        else:
            assert not compiles(module, line, tmp_path), f"{module} includes {other}"
