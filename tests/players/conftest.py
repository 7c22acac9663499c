"""What the players' tests share: one station and one service for all of them."""

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "functional"))

import service  # noqa: E402
import station  # noqa: E402


@pytest.fixture(scope="session")
def on_air(tmp_path_factory):
    picture = station.stream(tmp_path_factory.mktemp("picture"))
    live = station.Station(picture)
    yield live
    live.close()


@pytest.fixture(scope="session")
def served(tmp_path_factory, on_air):
    folder = tmp_path_factory.mktemp("service")
    configuration = station.write_configuration(folder, on_air)
    with service.Service(folder / "data", "--config", configuration) as running:
        yield running
