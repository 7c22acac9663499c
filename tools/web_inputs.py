#!/usr/bin/env python3
"""Prints the hash of what the web interface is built of, as web/vite.config.ts writes it beside the build."""

import hashlib
from pathlib import Path

WEB = Path(__file__).resolve().parents[1] / "web"
# The same list is in web/vite.config.ts.
INPUTS = ["index.html", "package-lock.json", "svelte.config.js", "tsconfig.json", "vite.config.ts", "src", "public"]


def inputs_hash() -> str:
    paths = [path for name in INPUTS for path in ([WEB / name] if (WEB / name).is_file() else (WEB / name).rglob("*"))
             if path.is_file() and not path.name.endswith(".test.ts")]
    digest = hashlib.sha256()
    for name in sorted(str(path.relative_to(WEB)) for path in paths):
        digest.update(f"{name}\0".encode() + (WEB / name).read_bytes() + b"\0")
    return digest.hexdigest()


if __name__ == "__main__":
    print(inputs_hash())
