"""The walls of the house: what a module can include, how large its rooms are, what is where.

The build whose include roots are tried is the one that TEST_BUILD names, or build/debug.
"""

import json
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
        call = re.search(r"m3u_proxy_module\((\w+)\s+(?:DEPENDS\s+([\s\w${}]*?)\s*)?"
                         r"(?:LIBRARIES|EXCLUDE|FOLDERS|PUBLIC_HEADERS|\))", text)
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


def test_no_module_depends_on_itself():
    for module in MODULES:
        assert module not in below(module, MODULES)


def includes(module: str) -> set[str]:
    """The modules whose headers the module's own sources include, tests apart."""
    return {name for path in sources(SOURCE / module) if path.suffix in (".cpp", ".hpp")
            for name in re.findall(r"^#include <m3u_proxy/(\w+)/", path.read_text(), re.MULTILINE)}


@pytest.mark.parametrize("module", MODULES)
def test_a_module_includes_something_of_all_that_it_names(module):
    assert MODULES[module] - includes(module) == set()


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


# --- sizes ------------------------------------------------------------------------------------


def sources(folder: Path) -> list[Path]:
    """Everything that is written by hand, without the tests."""
    return [path for path in sorted(folder.rglob("*"))
            if path.suffix in (".cpp", ".hpp", ".py", ".rs", ".sh", ".c", ".cmake")
            and not re.search(r"_test\.cpp$|_testing\.hpp$|/tests?\.rs$|/test_\w+\.py$|/target/", str(path))]


def test_no_file_is_too_long():
    joined = ROOT / "sdk" / "cpp" / "m3u_plugin.hpp"  # made of its parts
    files = [path for name in ("src", "bench", "fuzz", "examples", "sdk", "tools", "cmake")
             for path in sources(ROOT / name) if path != joined] + [ROOT / "dev"]
    too_long = {str(path.relative_to(ROOT)): lines for path in files
                if (lines := len(path.read_text().splitlines())) > MOST_LINES}
    assert too_long == {}


@pytest.mark.parametrize("folder", sorted({path.parent for path in SOURCE.rglob("*.cpp")}),
                         ids=lambda path: str(path.relative_to(SOURCE)))
def test_no_room_is_too_full(folder):
    assert len([path for path in sources(folder) if path.parent == folder]) <= MOST_FILES


def test_every_fuzz_target_has_a_corpus():
    targets = {path.name.removesuffix("_fuzz.cpp") for path in (ROOT / "fuzz").glob("*_fuzz.cpp")}
    assert targets == {path.parent.name for path in (ROOT / "fuzz" / "corpus").glob("*/*")}


def test_no_header_includes_itself_by_way_of_others():
    includes = {str(path.relative_to(SOURCE)):
                re.findall(r"^#include <m3u_proxy/([\w/]+\.hpp)>", path.read_text(), re.MULTILINE)
                for path in SOURCE.rglob("*.hpp")}
    done, open_now = set(), []

    def visit(header: str) -> None:
        assert header not in open_now, open_now[open_now.index(header):] + [header]
        if header in done:
            return
        open_now.append(header)
        for other in includes.get(header, []):
            visit(other)
        open_now.pop()
        done.add(header)

    for header in sorted(includes):
        visit(header)


# --- what the documentation names ---------------------------------------------------------------


def test_every_path_in_the_architecture_exists():
    text = (ROOT / "docs" / "architecture.md").read_text()
    rooms = set(re.findall(r"^\| `(\w+)/` \|", text, re.MULTILINE))
    assert rooms == set(MODULES)
    named = set(re.findall(r"`((?:[\w.-]+/)+[\w.<>*-]*)`|(?<![\w/])((?:[\w-]+/)+[\w-]+\.(?:hpp|cpp|py|c|toml|fbs|cmake|md))(?!\w)",
                           text))
    paths = {one or other for one, other in named} - {f"{room}/" for room in rooms}
    assert len(paths) > 30
    missing = [path for path in sorted(paths) if "<" not in path
               and not (ROOT / path).exists() and not (SOURCE / path).exists()]
    assert missing == []


def test_the_picture_has_each_module_on_the_lowest_floor_above_what_it_depends_on():
    picture = (ROOT / "docs" / "architecture.md").read_text().split("```")[1]
    drawn, floor_of = {}, {}
    for number, floor in enumerate(reversed(picture.split("├"))):
        for module, names in re.findall(r"^│ (\w+) +│ ([\w, ]*)│$", floor, re.MULTILINE):
            drawn[module] = set(re.findall(r"\w+", names))
            floor_of[module] = number
    assert drawn == MODULES
    assert floor_of == {module: 1 + max((floor_of[name] for name in names), default=-1)
                        for module, names in MODULES.items()}


def test_every_header_that_is_to_be_read_first_exists():
    rows = re.findall(r"^\| `(\w+)/` \|.*\| ((?:`[\w./]+`(?:, )?)+) \|$",
                      (ROOT / "docs" / "architecture.md").read_text(), re.MULTILINE)
    assert len(rows) == len(MODULES)
    missing = [f"{room}/{name}" for room, names in rows for name in re.findall(r"`([\w./]+)`", names)
               if not (SOURCE / room / name).exists()]
    assert missing == []
