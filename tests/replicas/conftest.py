"""What the tests of several machines share with the functional ones."""

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "functional"))

import postgres  # noqa: E402


@pytest.fixture(name="server")
def a_postgresql_server(tmp_path):
    with postgres.Server(tmp_path / "server") as server:
        yield server
