#!/usr/bin/env python3
"""Joins the parts of the C++ SDK into the one header that plugins include.

    sdk/cpp/join.py           writes sdk/cpp/m3u_plugin.hpp
    sdk/cpp/join.py --check   exit status 1 where it is not what the parts make
"""

import re
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
PARTS = HERE / "parts"
JOINED = HERE / "m3u_plugin.hpp"
ROOT = "m3u_plugin.hpp"
INCLUDE = re.compile(r'#include "([^"]+)"')
NOTE = "// Made of sdk/cpp/parts by sdk/cpp/join.py: change the parts.\n"


def split(name: str) -> tuple[list[str], str]:
    """The parts that a part includes, and the rest of its text."""
    needs, rest = [], []
    for line in (PARTS / name).read_text().splitlines():
        include = INCLUDE.fullmatch(line)
        if include:
            needs.append(include[1])
        elif line != "#pragma once":
            rest.append(line)
    return needs, re.sub(r"\n{3,}", "\n\n", "\n".join(rest)).strip() + "\n"


def in_order(name: str, seen: list[str]) -> list[str]:
    """`name` and all that it needs, each once, behind what it needs itself."""
    if name not in seen:
        for part in split(name)[0]:
            in_order(part, seen)
        seen.append(name)
    return seen


def joined() -> str:
    parts = [name for name in in_order(ROOT, []) if name != ROOT]
    unused = {path.name for path in PARTS.glob("*.hpp")} - {ROOT, *parts}
    if unused:
        sys.exit(f"join.py: no part includes {', '.join(sorted(unused))}")
    begin = split(ROOT)[1] + "//\n" + NOTE + "#pragma once\n"
    return "\n".join([begin, *(split(name)[1] for name in parts)])


def main() -> int:
    text = joined()
    if "--check" in sys.argv[1:]:
        if JOINED.read_text() == text:
            return 0
        print(f"{JOINED} is not what its parts make: run sdk/cpp/join.py", file=sys.stderr)
        return 1
    JOINED.write_text(text)
    return 0


if __name__ == "__main__":
    sys.exit(main())
