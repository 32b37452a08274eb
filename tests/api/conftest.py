"""A home with the shipped sample in it, for tests that only ask."""

from collections.abc import Iterator
from pathlib import Path

import pytest

import outcomes
from outcomes.cli.commands.demo import SCHOOL_YEAR, TEN_EVENTS


@pytest.fixture(scope="session")
def sample(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a home that holds the sample."""
    folder = tmp_path_factory.mktemp("sample") / "home"
    with outcomes.open(folder, create=True) as home:
        home.ingest(TEN_EVENTS, SCHOOL_YEAR)
    return folder


@pytest.fixture
def home(sample: Path) -> Iterator[outcomes.Home]:
    """The sample's home, opened."""
    with outcomes.open(sample) as opened:
        yield opened
