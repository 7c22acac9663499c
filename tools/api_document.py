#!/usr/bin/env python3
"""Writes the source of api/document.hpp: the API's document (YAML) as JSON. A part of the build."""

import json
import sys
from pathlib import Path

import yaml

PIECE = 8000  # a string literal has a limit


def literals(text: str) -> str:
    pieces = [text[i:i + PIECE] for i in range(0, len(text), PIECE)]
    return "\n".join(f'    R"document({piece})document"' for piece in pieces)


def main() -> None:
    source, out = map(Path, sys.argv[1:])
    document = yaml.safe_load(source.read_text(encoding="utf-8"))
    text = json.dumps(document, ensure_ascii=False, separators=(",", ":"))
    out.parent.mkdir(parents=True, exist_ok=True)
    out.write_text("#include <m3u_proxy/api/document.hpp>\n\n"
                   "namespace m3u_proxy::api {\n\n"
                   "std::string_view document() {\n"
                   f"  static constexpr std::string_view kDocument =\n{literals(text)};\n"
                   "  return kDocument;\n}\n\n}  // namespace m3u_proxy::api\n", encoding="utf-8")


if __name__ == "__main__":
    main()
