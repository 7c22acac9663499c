"""The secrets of the tests' mocks and people, and the search for them in all that a suite wrote.

Each contains MARK, which is in nothing else. An address of a stream may carry one that begins with
LISTED (in an address also "geheim-listed", "geheim+listed" or "geheim%20listed"): that is in lists and
in nothing else. The others are only where a test put them itself.

tools/run_tests.py looks through the temporary folders of each of its pytest parts at the end, names of
files included; a database on PostgreSQL is there as SQL by then (postgres.py). What a test removes
itself it looks through before (homes.py). What is compressed is not looked into.
"""

import base64
import mmap
import os
import re
import stat
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

MARK = "geheim"
LISTED = f"{MARK} listed"

ACCOUNT = f"{LISTED}/1"  # of an Xtream account (xtream.py), which an address cannot hold as it is
PERSON = f"{MARK}, a long password"  # of whoever logs in (api_client.py)
PROVIDER = f"{MARK}-secret"  # of /private (provider.py)
SOURCE = f"{MARK}-secret-password"  # in the address of a list (test_serve.py)

# What a secret may be in, as `name_of` names it, and why.
KNOWN = {
    r"[^/]+/((?!data/)[^/]+/)?(config|service|c)\.toml":
        "a configuration, which a test writes, says what is fetched as whom",
    r"[^/]+/with-secrets\.toml": "a test asks for an export with secrets",
    r"[^/]+/(password|passphrase|secret|inside/tv)": "a test has the program read a secret from it",
    r"test_accounts_in_any_address_a\d+/data(/m3u-proxy\.sqlite(-wal)?|\.sql)":
        "the text of a rule is kept as somebody wrote it, also where it has an account in it",
}
# Lists as a test or a provider has them, the copies of them, and what is published, also as far as a
# program that was killed had written them: LISTED alone.
UNFINISHED = r"\.m3u-proxy-(file|tmp)-[\d-]+"
LISTS = (rf"[^/]+/(.+/)?(list\.m3u|[^/]+/default\.m3u|sources/[^/]+/[^/]+/(content|{UNFINISHED})|"
         rf"(replies/[^/]+|cache)/([^/]+\.source|{UNFINISHED})|"
         rf"generations/[^/]+/(\d+|{UNFINISHED})/(playlist\.m3u|lineup|{UNFINISHED}))")

FEW = 200  # files, which are read sooner than processes for them have started
CHUNK = 8 * 2**20
OVERLAP = 32  # bytes, more than any form has
NOT_LISTED = re.compile(MARK.encode() + rb"(?!(?:[ +-]|%20)listed)")


def base64_forms(text: bytes) -> set[bytes]:
    """What base64 makes of `text` wherever it begins, without what depends on its neighbours."""
    found = set()
    for before in range(3):
        coded = base64.b64encode(bytes(before) + text)
        found.add(coded[-(-before * 8 // 6):(before + len(text)) * 8 // 6])
    return found


HEX = MARK.encode().hex().encode()
CODED = sorted({HEX, HEX.upper()} | base64_forms(MARK.encode()))


def occurs(path: Path) -> bool:
    """Whether a file contains the mark in any form."""
    kept = b""
    with open(path, "rb") as file:
        while chunk := file.read(CHUNK):
            content = kept + chunk
            if any(form in content for form in (MARK.encode(), *CODED)):
                return True
            kept = content[-OVERLAP:]
    return False


def has_only_listed(path: Path) -> bool:
    """Whether every mark of a file is that of a secret that lists may have."""
    with open(path, "rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
        return NOT_LISTED.search(content) is None and all(content.find(form) < 0 for form in CODED)


def name_of(path: Path, base: Path) -> str:
    """A test's folder and the path in it; `base` is what pytest was given as --basetemp."""
    return re.sub(r"^popen-gw\d+/", "", path.relative_to(base).as_posix())


def may_hold_any(name: str) -> bool:
    return any(re.fullmatch(pattern, name) for pattern in KNOWN)


def complaint_about(path: Path, name: str) -> str | None:
    """What is wrong with the content of a file; None: nothing."""
    try:
        if may_hold_any(name) or not occurs(path):
            return None
        if re.fullmatch(LISTS, name) and has_only_listed(path):
            return None
    except FileNotFoundError:
        return None
    except OSError as failure:
        return f"{name}: cannot be looked into: {failure.strerror}"
    return f"{name}: there is a secret in it"


def look_through(start: Path, base: Path | None = None) -> list[str]:
    """Everything below a folder, other file systems and what links lead to apart: where a secret is that
    must not be there. Many files are read by as many processes as there are processors. `base`: see
    name_of(); None: the folder itself. What somebody removes meanwhile is not there."""
    base = base or start
    device = os.stat(start).st_dev
    complaints, files = [], []
    for folder, folders, names in os.walk(start):
        within = []
        for name in (*folders, *names):
            path = Path(folder, name)
            if MARK in name and not may_hold_any(name_of(path, base)):
                complaints.append(f"{name_of(path, base)}: there is a secret in its name")
            try:
                info = os.lstat(path)
            except FileNotFoundError:
                continue
            if info.st_dev != device:
                continue
            if stat.S_ISDIR(info.st_mode):
                within.append(name)
            elif stat.S_ISREG(info.st_mode) and info.st_size > 0:
                files.append(path)
        folders[:] = within
    named = [name_of(path, base) for path in files]
    if len(files) <= FEW:
        found = list(map(complaint_about, files, named))
    else:
        with ProcessPoolExecutor() as pool:
            found = list(pool.map(complaint_about, files, named, chunksize=64))
    return complaints + [complaint for complaint in found if complaint]
