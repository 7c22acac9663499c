"""The web interface's build in the repository is of today's sources, and small enough."""

import gzip
import json
import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tools"))
from web_inputs import inputs_hash  # noqa: E402

DIST = ROOT / "web" / "dist"
MOST_AT_FIRST = 40 * 1024
MOST_A_PAGE = 150 * 1024


def text(name: str) -> str:
    return gzip.decompress((DIST / f"{name}.gz").read_bytes()).decode()


def size(name: str) -> int:
    return (DIST / f"{name}.gz").stat().st_size


def static_imports(name: str) -> set[str]:
    """A script and all that it cannot begin without."""
    found, waiting = set(), [name]
    while waiting:
        script = waiting.pop()
        if script in found:
            continue
        found.add(script)
        waiting += [f"assets/{other}" for other in
                    re.findall(r'(?:from|import)\s*["\']\./([\w.-]+\.js)["\']', text(script))]
    return found


def entry() -> set[str]:
    page = text("index.html")
    files = set(re.findall(r'(?:src|href)="\./(assets/[^"]+)"', page))
    return files | {script for name in files if name.endswith(".js") for script in static_imports(name)}


def test_the_build_is_of_these_sources():
    assert (DIST / "inputs.sha256").read_text().strip() == inputs_hash(), "run ./dev build, or npm run build in web/"


def test_the_first_files_are_small():
    files = entry()
    assert sum(map(size, files)) + size("index.html") <= MOST_AT_FIRST, {name: size(name) for name in files}


def test_no_page_loads_much_more():
    first = entry()
    main = next(name for name in first if re.match(r"assets/index-.*\.js", name))
    # What Vite loads for a page: its list of scripts and styles, by number.
    names = json.loads(re.search(r'm\.f\|\|\(m\.f=(\[.*?\])\)', text(main))[1])
    pages = re.findall(r"__vite__mapDeps\(\[([\d,]+)\]\)", text(main))
    assert len(pages) >= 8
    for page in pages:
        files = {f"assets/{Path(names[int(i)]).name}" for i in page.split(",")}
        more = {other for name in files for other in (static_imports(name) if name.endswith(".js") else {name})} - first
        assert sum(map(size, more)) <= MOST_A_PAGE, sorted(more)


def test_both_languages_are_separate_files_and_nothing_is_inline():
    assert "<style" not in text("index.html")
    assert not re.search(r"<script(?![^>]*\bsrc=)", text("index.html"))
    assert {path.name[:2] for path in (DIST / "assets").glob("??-*.js.gz")} >= {"en", "de"}
