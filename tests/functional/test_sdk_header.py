"""The C++ SDK is written in parts and included as one header, which is in the repository too."""

import subprocess
from pathlib import Path

CPP = Path(__file__).resolve().parents[2] / "sdk" / "cpp"


def test_the_header_is_what_its_parts_make():
    done = subprocess.run([CPP / "join.py", "--check"], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_every_part_ends_before_400_lines():
    for part in (CPP / "parts").glob("*.hpp"):
        assert len(part.read_text().splitlines()) <= 400, part.name
