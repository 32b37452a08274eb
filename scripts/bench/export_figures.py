"""Comparing an export with the log, as a ratio to a join of the same rows by duckdb."""

import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path

import outcomes
from scripts.bench.fixtures import Fixtures
from scripts.bench.measure import Figure, compare
from scripts.generator.exports import make

_TABLE = "learning_outcome_results.jsonl"
_COLUMNS = ("result_id", "outcome_id", "score", "possible", "percent", "artifact_id", "workflow_state")


def reconciling(fixtures: Fixtures) -> Iterator[Figure]:
    """Verdicts of all results, against a join by id. Both read one file, and what is known here out of views.db."""
    if find_spec("duckdb") is None:
        return
    folder = fixtures.folder / "exports"
    made = make(folder, events=fixtures.sizes.events, seed=fixtures.sizes.seed)
    results = folder / "results"
    results.mkdir()
    shutil.move(folder / "canvas_data_2" / _TABLE, results / _TABLE)
    with outcomes.open(folder / "home", create=True) as home:
        home.ingest(str(folder / "events.ndjson"))
        yield compare(
            "verdicts of an export's results / a duckdb join of the same rows on id",
            lambda: home.reconcile(results, at=made.at),
            lambda: _join(results / _TABLE, home.folder / "views.db"),
            limit=3,
            rounds=fixtures.sizes.rounds,
        )


def _join(export: Path, views: Path) -> object:
    """Count the rows that differ: no order of versions, no window, no verdict, nothing that is gone."""
    duckdb, pyarrow = import_module("duckdb"), import_module("pyarrow")
    with closing(sqlite3.connect(views)) as connection:
        rows = connection.execute(f"SELECT {', '.join(_COLUMNS)} FROM result_versions").fetchall()
    ours = pyarrow.table([list(column) for column in zip(*rows, strict=True)], names=_COLUMNS)
    question = f"""
        SELECT count(*) FROM read_json('{export}', format = 'newline_delimited') e
        JOIN ours o ON o.result_id = e.key.id::VARCHAR
        WHERE e.value.score IS DISTINCT FROM o.score OR e.value.percent IS DISTINCT FROM o.percent
            OR e.value.learning_outcome_id::VARCHAR <> o.outcome_id OR e.value.workflow_state <> o.workflow_state
    """
    return duckdb.from_arrow(ours).query("ours", question).fetchall()
