"""What all functional tests have in common."""

import postgres
import pytest


@pytest.fixture(autouse=True, scope="module")
def databases():
    """After the fixtures of a module, the services among them, have ended."""
    yield
    postgres.drop_databases()
