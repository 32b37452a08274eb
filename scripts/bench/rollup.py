"""The full rollup against duckdb: `python -m scripts.bench.rollup DIR` measures it in a home that is there already."""

import sqlite3
from collections.abc import Iterator
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated

import typer

from outcomes.projections.as_of.point import PointInTime, PointQuery, resolve
from outcomes.projections.mastery.query import mastery_at
from outcomes.projections.mastery.results import Scope
from scripts.bench.fixtures import opened
from scripts.bench.measure import Figure, compare

_COLUMNS = ("course", "student", "outcome_id", "percent")


def whole_rollup(connection: sqlite3.Connection, now: PointInTime, rounds: int) -> Iterator[Figure]:
    """Both sides start from the rows in views.db: what leaves SQLite costs the same for both."""
    if find_spec("duckdb") is None:
        return
    yield compare(
        "rollup of all results / a duckdb avg over the same rows of views.db",
        lambda: list(mastery_at(connection, now, Scope())),
        lambda: _average(connection, now),
        limit=3,
        rounds=rounds,
    )


def _average(connection: sqlite3.Connection, now: PointInTime) -> object:
    """Return the plain mean of each pair, by duckdb: no order, no scale, no method, no names."""
    duckdb, pyarrow = import_module("duckdb"), import_module("pyarrow")
    rows = connection.execute(
        f"SELECT {', '.join(_COLUMNS)} FROM result_versions WHERE event_time <= ?", (now.until,)
    ).fetchall()
    results = pyarrow.table([list(column) for column in zip(*rows, strict=True)], names=_COLUMNS)
    question = "SELECT course, student, outcome_id, avg(percent) FROM results GROUP BY ALL"
    return duckdb.from_arrow(results).query("results", question).fetchall()


def rollup(
    home: Annotated[Path, typer.Argument(help="A home with results.")],
    *,
    rounds: Annotated[int, typer.Option("--rounds", help="How often the ratio is taken.")] = 5,
) -> None:
    """Measure the full rollup of one tenant's results, as a ratio to a duckdb average."""
    with opened(home) as (_, views), views.reading() as connection:
        now = resolve(connection, PointQuery())
        results = connection.execute("SELECT count(*) FROM result_versions").fetchone()[0]
        for figure in whole_rollup(connection, now, rounds):
            typer.echo(
                f"{figure.ratio:.2f} ({figure.lowest:.2f}–{figure.highest:.2f})  {figure.name}: {results:,} results"
            )


if __name__ == "__main__":
    typer.run(rollup)
