"""A state written for others, sink against sink."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import typer

from outcomes.api.home import open as open_home
from scripts.bench.fixtures import Fixtures
from scripts.bench.measure import Figure, compare

ADDRESS = "OUTCOMES_BENCH_POSTGRES"
"""The variable that names a schema to write to: postgresql://USER@HOST/DATABASE/SCHEMA."""


def to_sqlite(fixtures: Fixtures) -> Iterator[Figure]:
    """A SQLite file with keys and indexes, against Parquet files of the same tables."""
    file = fixtures.folder / "state.db"
    yield _against_parquet(fixtures, "a SQLite file", str(file), limit=2)


def to_postgres(fixtures: Fixtures) -> Iterator[Figure]:
    """A schema in PostgreSQL, put in place of the one before, against the same."""
    if ADDRESS not in os.environ:
        raise typer.BadParameter(f"replay-postgres needs a server: {ADDRESS}=postgresql://USER@HOST/DATABASE/SCHEMA")
    yield _against_parquet(fixtures, "PostgreSQL", os.environ[ADDRESS], limit=1.5)


def _against_parquet(fixtures: Fixtures, name: str, target: str, *, limit: float) -> Figure:
    folder = fixtures.folder / "state"
    with open_home(fixtures.home) as home:
        point = home.at()

        def write() -> None:
            Path(target).unlink(missing_ok=True)
            point.replay(target)

        def write_parquet() -> None:
            shutil.rmtree(folder, ignore_errors=True)
            point.replay(folder, format="parquet")

        return compare(
            f"replay to {name} / to Parquet files", write, write_parquet, limit=limit, rounds=fixtures.sizes.rounds
        )
