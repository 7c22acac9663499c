"""What the tests of several machines share with the functional ones."""

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "functional"))

import postgres  # noqa: E402
from object_store import BadDays, ObjectStore  # noqa: E402


@pytest.fixture(name="server")
def a_postgresql_server(tmp_path):
    with postgres.Server(tmp_path / "server") as server:
        yield server


@pytest.fixture(name="store", scope="module")
def an_object_store():
    with ObjectStore() as store:
        yield store


@pytest.fixture(name="days")
def bad_days(store):
    with BadDays(store) as days:
        yield days
