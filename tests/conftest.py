"""What every test may ask for: a fresh home to ingest into and to ask, and the shared real histories."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from tests.support.postgres import Server, postgres_server
from tests.support.world import World

# Real files and transactions make an example cost milliseconds; CI takes fewer of them than a patient developer.
settings.register_profile(
    "ci", max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large]
)
settings.register_profile("thorough", settings.get_profile("ci"), max_examples=400)
settings.load_profile(os.environ.get("OUTCOMES_EXAMPLES", "ci"))

SHARED = Path(__file__).resolve().parents[2] / "shared"


@pytest.fixture
def world(tmp_path: Path) -> World:
    """A home in a fresh folder."""
    return World(tmp_path / "home")


@pytest.fixture(scope="session")
def postgres() -> Iterator[Server]:
    """A PostgreSQL server, one for all tests of a process that ask for it; they are marked `long`."""
    with postgres_server() as server:
        yield server


@pytest.fixture
def shared() -> Callable[[str], Path]:
    """Find a file of the shared real histories; they are not part of the project, so a test without them skips."""

    def find(name: str) -> Path:
        path = SHARED / name
        if not path.exists():
            pytest.skip(f"needs the shared file {name}, which is not part of the project")
        return path

    return find
