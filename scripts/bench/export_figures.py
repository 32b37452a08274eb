"""Comparing an export with the log: as a ratio to a join of the same rows by duckdb, and in which memory."""

import shutil
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from functools import partial
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import outcomes
from scripts.bench.export_copies import copies
from scripts.bench.fixtures import Fixtures
from scripts.bench.measure import Figure, compare, of
from scripts.bench.memory_figures import peak_of, tells_memory
from scripts.generator.exports import make

_TABLE = "learning_outcome_results.jsonl"
_COLUMNS = ("result_id", "outcome_id", "score", "possible", "percent", "artifact_id", "workflow_state")
_MANY, _FEW = 10, 1


def reconciling(fixtures: Fixtures) -> Iterator[Figure]:
    """Verdicts of all results, against a join by id of the same two files: the export and views.db.

    For information the same join with what is known here laid out for duckdb beforehand, which nobody does for us.
    """
    if find_spec("duckdb") is None:
        return
    folder = fixtures.folder / "exports"
    made = make(folder, events=fixtures.sizes.events, seed=fixtures.sizes.seed)
    results = folder / "results"
    results.mkdir()
    shutil.move(folder / "canvas_data_2" / _TABLE, results / _TABLE)
    with outcomes.open(folder / "home", create=True) as home:
        home.ingest(str(folder / "events.ndjson"))
        views, laid_out = home.folder / "views.db", folder / "ours.parquet"
        _ours(views).write_parquet(str(laid_out))
        read_parquet = import_module("duckdb").read_parquet
        joins: tuple[tuple[str, Callable[[], Any], float | None], ...] = (
            ("a duckdb join of the same files on id", lambda: _ours(views), 3),
            ("the same, ours in Parquet already", lambda: read_parquet(str(laid_out)), None),
        )
        for name, ours, limit in joins:
            yield compare(
                f"verdicts of an export's results / {name}",
                lambda: home.reconcile(results, at=made.at),
                partial(_join, results / _TABLE, ours),
                limit=limit,
                rounds=fixtures.sizes.rounds,
            )


def _ours(views: Path) -> Any:
    with closing(sqlite3.connect(views)) as connection:
        rows = connection.execute(f"SELECT {', '.join(_COLUMNS)} FROM result_versions").fetchall()
    table = import_module("pyarrow").table([list(column) for column in zip(*rows, strict=True)], names=_COLUMNS)
    return import_module("duckdb").from_arrow(table)


def _join(export: Path, ours: Callable[[], Any]) -> object:
    """Count the rows that differ: no order of versions, no window, no verdict, nothing that is gone."""
    question = f"""
        SELECT count(*) FROM read_json('{export}', format = 'newline_delimited') e
        JOIN ours o ON o.result_id = e.key.id::VARCHAR
        WHERE e.value.score IS DISTINCT FROM o.score OR e.value.percent IS DISTINCT FROM o.percent
            OR e.value.learning_outcome_id::VARCHAR <> o.outcome_id OR e.value.workflow_state <> o.workflow_state
    """
    return ours().query("ours", question).fetchall()


def in_memory(fixtures: Fixtures) -> Iterator[Figure]:
    """Peak memory of beginning with an export, of comparing a later one, and of recording what it missed."""
    if not tells_memory("exports"):
        return
    folder = fixtures.folder / "copies"
    made = make(folder, events=fixtures.sizes.events, seed=fixtures.sizes.seed)
    peaks: dict[int, list[float]] = {}
    for times in (_FEW, _MANY):
        first, later = folder / f"first-{times}", folder / f"later-{times}"
        export = folder / "canvas_data_2"
        count = copies(export, first, times)
        copies(export, later, times, resaved_at=made.at)
        command = ("--home", str(folder / f"home-{times}"))
        at = ("--at", made.at, "--lag", "0s", "--format", "json")
        peaks[count] = [
            peak_of(*command, "bootstrap", "--from", str(first), *at[:2]),
            peak_of(*command, "reconcile", "--from", str(later), *at),
            peak_of(*command, "reconcile", "--from", str(later), "--write", *at),
        ]
    few, many = sorted(peaks)
    for name, above, below in zip(
        ("bootstrap", "reconcile", "reconcile --write"), peaks[many], peaks[few], strict=True
    ):
        yield of(f"peak memory of {name}, {many:,} results / {few:,}", [above / below], limit=1.2)
