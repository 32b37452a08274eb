"""The whole state at a point in a SQLite file of its own: plain tables, to be opened without us."""

import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import closing
from itertools import islice
from pathlib import Path
from typing import Any

import orjson
from sqlite_utils import Database

from domain.errors import HomeUnavailable
from domain.identity import Kind
from domain.times import to_text
from projections.fingerprint import fingerprint_at
from projections.mastery import mastery_at
from projections.point import Cut, Point
from projections.schema import ID_COLUMNS, VERSION_TABLES
from projections.scores import Scope
from projections.tree import seek
from store.log import EventLog
from store.sources import source_name

VERSION = 1
"""Version of the layout of the file."""

TABLES = {
    Kind.OUTCOME: "outcomes",
    Kind.GROUP: "groups",
    Kind.LINK: "links",
    Kind.PROFICIENCY: "proficiencies",
    Kind.RESULT: "results",
}
_KEYS = {
    Kind.OUTCOME: "learning_outcome_id",
    Kind.GROUP: "learning_outcome_group_id",
    Kind.LINK: "learning_outcome_link_id",
    Kind.PROFICIENCY: "outcome_proficiency_id",
    Kind.RESULT: "id",
}
_PAGE = 1_000


def replay(connection: sqlite3.Connection, log: EventLog, point: Point, target: Path) -> dict[str, Any]:
    """Write the state at a point to a new file; returns the contract's answer. Refuses a file that is there."""
    if target.exists():
        raise HomeUnavailable(f"{target} is there already: name a new file")
    unfinished = target.with_name(target.name + ".unfinished")
    unfinished.unlink(missing_ok=True)
    try:
        return _write_all(connection, log, point, target, unfinished)
    except BaseException:
        unfinished.unlink(missing_ok=True)
        raise


def _write_all(
    connection: sqlite3.Connection, log: EventLog, point: Point, target: Path, unfinished: Path
) -> dict[str, Any]:
    counts: dict[str, int] = {}
    with closing(sqlite3.connect(unfinished)) as file:
        database = Database(file)
        for kind, table in TABLES.items():
            rows = (_row(log, kind, position) for position in _positions(connection, point, kind))
            counts[table] = _write(database, table, rows, ("position", _KEYS[kind]))
        rollups = (_flat(row.as_json()) for row in mastery_at(connection, point, Scope()))
        counts["mastery"] = _write(database, "mastery", rollups, ("course_id", "student", "outcome_id"))
        found = fingerprint_at(connection, Cut(point.as_of, point.known_at, point.until), point.tenant)
        heading = {**point.heading(), "digest": found.digest, "entities": found.entities, "version": VERSION}
        database.table("point").insert(heading)
        file.commit()
    # Under its own name only when whole: a killed process leaves no file that looks like an answer.
    unfinished.rename(target)
    return {"file": source_name(str(target)), "digest": found.digest, **counts}


def _positions(connection: sqlite3.Connection, point: Point, kind: Kind) -> Iterator[int]:
    if kind is Kind.RESULT:
        rows = connection.execute(
            "SELECT v.result_id, v.position FROM contexts c JOIN result_versions v ON v.course = c.context "
            "WHERE c.tenant = :tenant AND v.event_time <= :until AND v.position <= :known_at "
            "ORDER BY v.result_id, v.event_time, v.updated_at, v.is_update, v.digest",
            point.bounds(),
        )
        last: tuple[str, int] | None = None
        for row in rows:
            if last is not None and row[0] != last[0]:
                yield last[1]
            last = row
        if last is not None:
            yield last[1]
        return
    identity = ID_COLUMNS[kind]
    rows = connection.execute(
        f"SELECT m.id, {seek(kind)} FROM (SELECT DISTINCT {identity} AS id FROM {VERSION_TABLES[kind]} "
        "WHERE tenant = :tenant) m",
        point.bounds(),
    )
    yield from (int(position) for _, position in rows if position is not None)


def _row(log: EventLog, kind: Kind, position: int) -> dict[str, Any]:
    event: Any = log.parse(log.records_at([position])[0])
    state = event.body.state()
    names = [name for name in type(event.body).model_fields if name != _KEYS[kind]]
    row = {_KEYS[kind]: event.body.local_id, **{name: state.get(name) for name in names}}
    unknown = {name: value for name, value in state.items() if name not in row}
    return _flat(
        {**row, "other_fields": unknown or None, "event_time": to_text(event.event_time), "position": position}
    )


def _flat(row: dict[str, Any]) -> dict[str, Any]:
    """Write what is no plain value as JSON text."""
    return {
        name: orjson.dumps(value).decode() if isinstance(value, dict | list | tuple) else value
        for name, value in row.items()
    }


def _write(database: Database, table: str, rows: Iterable[dict[str, Any]], keys: tuple[str, ...]) -> int:
    written = 0
    waiting = iter(rows)
    while page := list(islice(waiting, _PAGE)):
        database.table(table).insert_all(page, alter=True)
        written += len(page)
    if not written:
        database.table(table).create(dict.fromkeys(keys, str))
    return written
