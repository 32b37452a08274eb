"""The whole state at a point in plain tables of its own, to be opened without us: a SQLite file, or another sink."""

import sqlite3
from collections.abc import Iterable, Iterator
from datetime import datetime
from itertools import islice
from operator import itemgetter
from pathlib import Path
from typing import Any, NamedTuple, Protocol

import orjson

from outcomes.domain.event import ErasedEvent, OtherEvent
from outcomes.domain.identity import Kind
from outcomes.projections.as_of.fingerprint import fingerprint_at
from outcomes.projections.as_of.lookups import seek
from outcomes.projections.as_of.point import LogCut, PointInTime
from outcomes.projections.export.column_types import Columns
from outcomes.projections.export.entity_tables import ENTITY_TABLES, MASTERY, OUTCOME, POINT, EntityTable
from outcomes.projections.mastery.query import mastery_at
from outcomes.projections.mastery.results import Scope
from outcomes.projections.views.schema import ID_COLUMNS, VERSION_TABLES
from outcomes.store.log.event_log import EventLog
from outcomes.store.new_target import new_target
from outcomes.store.sources.files import source_name
from outcomes.store.sqlite.private_files import make_private, sync_to_disk

VERSION = 2
"""Version of the layout of the tables."""

_PAGE = 1_000


class Table(NamedTuple):
    """A table to be written; its rows are made as they are asked for. Times are UTC text, lists JSON text.

    `key` are the columns that identify a row, `references` those that name a row of another table, with its key, and
    `indexed` others that people look by. A row that is named need not be there: nobody may have told of it.
    """

    name: str
    columns: Columns
    rows: Iterable[dict[str, Any]]
    key: tuple[str, ...] = ()
    references: tuple[tuple[str, str, str], ...] = ()
    indexed: tuple[str, ...] = ()


class Sink(Protocol):
    """Where tables go."""

    def write(self, table: Table, /) -> int:
        """Write one table; return how many rows it has."""


class FileSink(Sink, Protocol):
    """A file or folder of tables; the path is new."""

    def __init__(self, path: Path) -> None: ...

    def close(self) -> None:
        """Finish: all is on the disk."""


class SqliteFile:
    """A new SQLite file, written in one transaction: until it is whole it is nobody's, and there is nothing to undo."""

    def __init__(self, path: Path) -> None:
        from sqlite_utils import Database  # noqa: PLC0415 - slow to load, and not every command needs it

        make_private(path)
        self._path = path
        self._connection = sqlite3.connect(path, isolation_level=None)
        self._connection.execute("PRAGMA journal_mode = OFF")
        self._connection.execute("PRAGMA synchronous = OFF")
        self._connection.execute("BEGIN")
        self._database = Database(self._connection)

    def write(self, table: Table) -> int:
        """Create a table with its key, references and indexes, and fill it."""
        stored = {datetime: str, bool: int}
        made = self._database.table(table.name).create(
            {name: stored.get(kind, kind) for name, kind in table.columns.items()},
            pk=table.key or None,
            foreign_keys=table.references,
        )
        marks = ", ".join("?" * len(table.columns))
        values = itemgetter(*table.columns)
        written = self._connection.executemany(f'INSERT INTO "{table.name}" VALUES ({marks})', map(values, table.rows))
        for column in (*(name for name, *_ in table.references), *table.indexed):
            made.create_index([column])
        return max(0, written.rowcount)

    def close(self) -> None:
        """Commit and close the file: it is on the disk."""
        self._connection.execute("COMMIT")
        self._connection.close()
        sync_to_disk(self._path)


def replay(
    connection: sqlite3.Connection, log: EventLog, point: PointInTime, target: Path, sink: type[FileSink] = SqliteFile
) -> dict[str, Any]:
    """Write the state at a point to a new file or folder; returns the contract's answer. Refuses what is there."""
    # Under its own name only when whole: a killed process leaves nothing that looks like an answer.
    with new_target(target) as making:
        writer = sink(making)
        try:
            told = write_state(connection, log, point, writer)
        finally:
            writer.close()
    return {"file": source_name(str(target)), **told}


def write_state(connection: sqlite3.Connection, log: EventLog, point: PointInTime, sink: Sink) -> dict[str, Any]:
    """Write every table of a state; returns its digest and how many rows each table has."""
    found = fingerprint_at(connection, LogCut(point.as_of, point.known_at, point.until), point.tenant)
    heading = {**point.heading(), "digest": found.digest, "entities": found.entities, "version": VERSION}
    counts = {table.name: sink.write(table) for table in _tables(connection, log, point)}
    sink.write(Table("point", POINT, [heading]))
    return {"digest": found.digest, **counts}


def _tables(connection: sqlite3.Connection, log: EventLog, point: PointInTime) -> Iterator[Table]:
    for kind, spec in ENTITY_TABLES.items():
        rows = _rows(log, spec, _positions(connection, point, kind))
        yield Table(spec.name, spec.columns, rows, spec.key, spec.references, spec.indexed)
    yield Table(
        "mastery",
        MASTERY,
        (_flat(row.as_json()) for row in mastery_at(connection, point, Scope())),
        ("course_id", "student", "outcome_id"),
        (("outcome_id", *OUTCOME),),
        ("student",),
    )


def _positions(connection: sqlite3.Connection, point: PointInTime, kind: Kind) -> Iterator[int]:
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


def _rows(log: EventLog, spec: EntityTable, positions: Iterator[int]) -> Iterator[dict[str, Any]]:
    while page := list(islice(positions, _PAGE)):
        for record in log.records_at(page):
            event = log.parse_quickly(record)
            assert not isinstance(event, OtherEvent | ErasedEvent)  # noqa: S101 - versions are made of projected events
            yield dict(
                zip(spec.columns, spec.values(event.body.state(), event.event_time, record.position), strict=True)
            )


def _flat(row: dict[str, Any]) -> dict[str, Any]:
    """Write what is no plain value as JSON text."""
    for name, value in row.items():
        if isinstance(value, dict | list | tuple):
            row[name] = orjson.dumps(value).decode()
    return row
