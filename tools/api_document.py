#!/usr/bin/env python3
"""Writes the source of api/document.hpp: the API's document (YAML) as JSON, and the pages that show
it. A part of the build."""

import json
import sys
from pathlib import Path

import yaml

PIECE = 8000  # a string literal has a limit


def literals(text: str) -> str:
    pieces = [text[i:i + PIECE] for i in range(0, len(text), PIECE)]
    return "\n".join(f'    R"document({piece})document"' for piece in pieces)


def function(head: str, text: str) -> str:
    return (f"std::string_view {head}() {{\n  static constexpr std::string_view kText =\n"
            f"{literals(text)};\n  return kText;\n}}\n\n")


def main() -> None:
    source, pages, out = map(Path, sys.argv[1:])
    document = yaml.safe_load(source.read_text(encoding="utf-8"))
    text = json.dumps(document, ensure_ascii=False, separators=(",", ":"))
    out.parent.mkdir(parents=True, exist_ok=True)
    read = {name: (pages / file).read_text(encoding="utf-8") for name, file in
            (("docs_page", "index.html"), ("docs_script", "docs.js"), ("docs_style", "docs.css"))}
    # What the standard promises for joined literals is 64 KB; compilers take more.
    out.write_text('#pragma GCC diagnostic ignored "-Woverlength-strings"\n'
                   "#include <m3u_proxy/api/document.hpp>\n\nnamespace m3u_proxy::api {\n\n" +
                   function("document", text) +
                   "".join(function(name, page) for name, page in read.items()) +
                   "}  // namespace m3u_proxy::api\n", encoding="utf-8")


if __name__ == "__main__":
    main()
