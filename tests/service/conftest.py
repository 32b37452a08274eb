"""One service over the shipped sample, for all tests that only ask."""

from collections.abc import Iterator
from pathlib import Path

import pytest

import outcomes
from outcomes.cli.commands.demo import SCHOOL_YEAR, TEN_EVENTS
from tests.support.service import Service, running


@pytest.fixture(scope="session")
def sample(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home with the sample, of two tenants."""
    folder = tmp_path_factory.mktemp("service") / "home"
    with outcomes.open(folder, create=True) as home:
        home.ingest(TEN_EVENTS, SCHOOL_YEAR)
    return folder


@pytest.fixture(scope="session")
def service(sample: Path) -> Iterator[Service]:
    """A service over the sample."""
    with running(sample) as found:
        yield found
