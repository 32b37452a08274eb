"""A replay stands alone: plain typed tables with the state of the point, in SQLite or Parquet, whole or not at all."""

import sqlite3
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlite_utils import Database

from outcomes.domain.errors import HomeUnavailable, LogDamaged
from outcomes.projections.as_of.fingerprint import fingerprint_at
from outcomes.projections.as_of.point import LogCut
from outcomes.projections.export import arrow
from outcomes.projections.export.parquet import ParquetFolder
from outcomes.projections.export.state_file import FileSink, SqliteFile, replay
from outcomes.projections.mastery.query import mastery_at
from outcomes.projections.mastery.results import Scope
from tests.support.given import group, link, outcome, proficiency, result
from tests.support.histories import POINTS, histories
from tests.support.world import World, fresh_world

TABLES = ("outcomes", "groups", "links", "proficiencies", "results", "mastery", "point")
SINKS: list[type[FileSink]] = [SqliteFile, ParquetFolder]


def read(target: Path) -> dict[str, list[dict[str, Any]]]:
    """Read every table of a replay, as somebody without us would."""
    if target.is_dir():
        return {file.stem: pq.read_table(file).to_pylist() for file in target.iterdir()}
    with closing(sqlite3.connect(target)) as file:
        file.row_factory = sqlite3.Row
        names = [row[0] for row in file.execute("SELECT name FROM sqlite_schema WHERE type = 'table'")]
        return {name: [dict(row) for row in file.execute(f'SELECT * FROM "{name}"')] for name in names}


@given(histories(), st.sampled_from([*POINTS, None]), st.sampled_from(SINKS))
def test_a_replay_holds_the_state_of_the_point(
    history: list[dict[str, Any]], as_of: str | None, sink: type[FileSink]
) -> None:
    """As many rows as entities, every rollup, and the digest of that point: it can be compared with any other home."""
    with fresh_world() as world:
        world.take(*history)
        target = world.home.folder / "state"
        with world.at(as_of=as_of, tenant=history[0]["metadata"]["root_account_uuid"]) as (log, connection, at):
            answer = replay(connection, log, at, target, sink)
            expected = fingerprint_at(connection, LogCut(at.as_of, at.known_at, at.until), at.tenant)
            rollups = list(mastery_at(connection, at, Scope()))
        tables = read(target)
    assert tables.keys() == set(TABLES)
    (point,) = tables["point"]
    assert (point["digest"], point["entities"], point["known_at"]) == (expected.digest, expected.entities, at.known_at)
    assert {name: answer[name] for name in TABLES[:-1]} == {name: len(tables[name]) for name in TABLES[:-1]}
    told = [(row["course_id"], row["student"], row["outcome_id"], row["score"]) for row in tables["mastery"]]
    assert told == [(row.course_id, row.student, row.outcome_id, row.score) for row in rollups]


@pytest.fixture
def school(world: World) -> World:
    """One of each, with a field that Canvas may add some day."""
    world.take(
        group("1", "2025-01-01"),
        outcome("7", "2025-01-01T08:00:00.123Z", brand_new={"a": 1}),
        link("70", "2025-01-01", outcome="7", group="1"),
        proficiency("5", "2025-01-01"),
        result("50", "2025-02-01", score=None),
        result("51", "2025-02-02", score=4, updated="2025-02-03T10:00:00+02:00", mastery=True),
    )
    return world


def test_columns_have_types(school: World, tmp_path: Path) -> None:
    """Numbers, times and truth are what they are, also where the first of them are absent."""
    with school.at() as (log, connection, at):
        for sink in SINKS:
            replay(connection, log, at, tmp_path / sink.__name__, sink)
    results = pq.read_table(tmp_path / "ParquetFolder" / "results.parquet")
    types = {name: str(results.schema.field(name).type) for name in ("id", "score", "mastery", "attempt", "updated_at")}
    assert types == {
        "id": "string",
        "score": "double",
        "mastery": "bool",
        "attempt": "int64",
        "updated_at": "timestamp[us, tz=UTC]",
    }
    rows = {row["id"]: row for row in results.to_pylist()}
    assert (rows["50"]["score"], rows["51"]["score"], rows["51"]["mastery"]) == (None, 4.0, True)
    assert rows["51"]["updated_at"] == datetime(2025, 2, 3, 8, tzinfo=UTC)
    (new,) = pq.read_table(tmp_path / "ParquetFolder" / "outcomes.parquet").to_pylist()
    assert new["other_fields"] == '{"brand_new":{"a":1}}'
    assert new["event_time"] == datetime(2025, 1, 1, 8, 0, 0, 123_000, tzinfo=UTC)
    with closing(sqlite3.connect(tmp_path / "SqliteFile")) as file:
        found = file.execute(
            "SELECT typeof(score), typeof(mastery), updated_at FROM results WHERE id = '51'"
        ).fetchone()
    assert found == ("real", "integer", "2025-02-03T08:00:00.000Z")


@pytest.mark.parametrize("sink", SINKS)
def test_a_replay_of_nothing_has_every_table(world: World, tmp_path: Path, sink: type[FileSink]) -> None:
    """Without rows, but with its columns."""
    world.take(group("1", "2025-01-01"))
    with world.at(as_of="2024-01-01") as (log, connection, at):
        replay(connection, log, at, tmp_path / "state", sink)
    assert {name: len(rows) for name, rows in read(tmp_path / "state").items()} == dict.fromkeys(TABLES, 0) | {
        "point": 1
    }


def test_large_tables_are_written_in_groups(school: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No more rows at once than a group has, however long the table."""
    monkeypatch.setattr(arrow, "_BATCH", 10)
    school.take(*(result(str(place), "2025-03-01") for place in range(100, 125)))
    with school.at() as (log, connection, at):
        replay(connection, log, at, tmp_path / "state", ParquetFolder)
    found = pq.ParquetFile(tmp_path / "state" / "results.parquet").metadata
    assert [found.row_group(place).num_rows for place in range(found.num_row_groups)] == [10, 10, 7]


@pytest.mark.parametrize("sink", SINKS)
def test_replay_never_overwrites(school: World, tmp_path: Path, sink: type[FileSink]) -> None:
    """A file or a folder that is there is left alone, and the refusal says so."""
    (tmp_path / "mine.txt").write_text("keep me")
    (tmp_path / "ours").mkdir()
    for name in ("mine.txt", "ours"):
        with school.at() as (log, connection, at), pytest.raises(HomeUnavailable, match=f"{name} is there already"):
            replay(connection, log, at, tmp_path / name, sink)
    assert (tmp_path / "mine.txt").read_text() == "keep me"
    assert sorted(path.name for path in tmp_path.iterdir() if path.name != "home") == ["mine.txt", "ours"]


@pytest.mark.parametrize("sink", SINKS)
def test_a_replay_that_fails_leaves_nothing(school: World, tmp_path: Path, sink: type[FileSink]) -> None:
    """Damage found halfway is told, and no half of a state lies about; nor is that of a process that was killed."""
    (tmp_path / "state.unfinished").mkdir()
    (tmp_path / "state.unfinished" / "old").write_text("killed")
    with closing(sqlite3.connect(school.home.log_path)) as file:
        file.execute("DROP TRIGGER stored_events_refuse_update")
        file.execute("UPDATE stored_events SET state = x'00' WHERE position = 6")
        file.commit()
    with school.at() as (log, connection, at), pytest.raises(LogDamaged):
        replay(connection, log, at, tmp_path / "state", sink)
    assert [path.name for path in tmp_path.iterdir()] == ["home"]


def test_tables_have_keys_references_and_indexes(school: World, tmp_path: Path) -> None:
    """So that a SQL tool follows a link to its outcome, and one student's rows are found without a scan."""
    with school.at() as (log, connection, at):
        replay(connection, log, at, tmp_path / "state.db")
    database = Database(str(tmp_path / "state.db"))
    assert {name: database.table(name).pks for name in ("outcomes", "groups", "links", "results", "mastery")} == {
        "outcomes": ["learning_outcome_id"],
        "groups": ["learning_outcome_group_id"],
        "links": ["learning_outcome_link_id"],
        "results": ["id"],
        "mastery": ["course_id", "student", "outcome_id"],
    }
    assert {(key.column, key.other_table) for key in database.table("links").foreign_keys} == {
        ("learning_outcome_id", "outcomes"),
        ("learning_outcome_group_id", "groups"),
    }
    for sql in ("SELECT * FROM results WHERE user_uuid = ?", "SELECT * FROM mastery WHERE student = ?"):
        plan = database.execute(f"EXPLAIN QUERY PLAN {sql}", ("studentAda",)).fetchall()
        assert all("SEARCH" in row[3] for row in plan)
    database.close()
