"""What is known here now of many entities at once: versions by seeks, results out of one sorted copy on disk."""

import sqlite3
from collections.abc import Iterable, Sequence
from functools import partial
from types import TracebackType
from typing import Any, NamedTuple, Self

import orjson

from outcomes.domain.event import Event
from outcomes.domain.identity import Kind
from outcomes.domain.reconciliation import Ours
from outcomes.domain.times import Micros
from outcomes.projections.as_of.lookups import seek
from outcomes.projections.as_of.point import PointInTime
from outcomes.projections.views.schema import ID_COLUMNS, ORDER, VERSION_TABLES
from outcomes.store.log.event_log import EventLog
from outcomes.store.log.provenance import observed_positions


class Here(NamedTuple):
    """Where the version of an entity that is in force stands, and whether Canvas told it.

    `updated_at` is the newest that any event told: `is_crossed` says that the version in force is of an older save,
    since events of one entity may be posted in another order than saved.
    """

    position: int
    event_time: Micros
    updated_at: Micros
    is_told: bool
    is_crossed: bool


class HereResult(NamedTuple):
    """The same of a result, with what the views hold of it."""

    position: int
    event_time: Micros
    updated_at: Micros
    is_told: bool
    is_crossed: bool
    course: str
    student: str
    outcome_id: str
    state: str | None
    score: float | None
    possible: float | None
    percent: float | None
    assessed_at: Micros | None
    artifact_type: str | None
    artifact_id: str | None


# By place and without a call of Python: one is made for every result.
_here_result = partial(tuple.__new__, HereResult)

_COLUMNS = (
    "position event_time own_updated_at course student outcome_id state score possible percent assessed_at "
    "artifact_type artifact_id"
)
_ORDER = ", ".join(f"v.{column}" for column in ORDER)
# Of each result the last version in its order is in force: it replaces those before it.
_COPY_RESULTS = f"""
INSERT INTO temp.here_results SELECT v.result_id, v.position, v.event_time, v.updated_at, v.updated_at, c.id, s.uuid,
    v.outcome_id, v.workflow_state, v.score, v.possible, v.percent, v.assessed_at, v.artifact_type, v.artifact_id
FROM result_versions v CROSS JOIN contexts c ON c.context = v.course CROSS JOIN students s ON s.student = v.student
WHERE c.tenant = :tenant AND v.event_time <= :until AND v.position <= :known_at
ORDER BY v.result_id, {_ORDER}
ON CONFLICT (id) DO UPDATE SET {", ".join(f"{column} = excluded.{column}" for column in _COLUMNS.split())},
    updated_at = max(updated_at, excluded.updated_at)
"""
_OF_RESULTS = (
    "SELECT r.id, r.position, r.event_time, r.updated_at, o.position IS NULL, r.updated_at > r.own_updated_at, "
    "r.course, r.student, r.outcome_id, r.state, r.score, r.possible, r.percent, r.assessed_at, r.artifact_type, "
    "r.artifact_id FROM json_each(?) j "
    "CROSS JOIN temp.here_results r ON r.id = j.value LEFT JOIN temp.here_observed o ON o.position = r.position"
)
_TABLES = {
    "here_results": "(id TEXT PRIMARY KEY, position INTEGER, event_time INTEGER, updated_at INTEGER, "
    "own_updated_at INTEGER, course TEXT, student TEXT, outcome_id TEXT, state TEXT, score REAL, possible REAL, "
    "percent REAL, assessed_at INTEGER, artifact_type TEXT, artifact_id TEXT) WITHOUT ROWID",
    "here_observed": "(position INTEGER PRIMARY KEY)",
    "here_seen": "(kind TEXT, id TEXT, PRIMARY KEY (kind, id)) WITHOUT ROWID",
}


class Present:
    """The state of now, asked for some hundreds of entities at a time.

    What it needs besides stands in temporary tables of the views' connection, on disk; `with` drops them.
    """

    def __init__(self, connection: sqlite3.Connection, log: EventLog, point: PointInTime) -> None:
        self._views = connection
        self._log = log
        self._point = point
        self._has_results = False
        self._seen_results = bytearray(point.known_at + 1)  # a byte for each position of the log

    def __enter__(self) -> Self:
        for name, columns in _TABLES.items():
            self._views.execute(f"CREATE TABLE temp.{name} {columns}")
        with self._log.reading() as reading:
            self._views.executemany("INSERT INTO temp.here_observed VALUES (?)", observed_positions(reading))
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for name in _TABLES:
            self._views.execute(f"DROP TABLE IF EXISTS temp.{name}")

    def versions(self, kind: Kind, ids: Iterable[str]) -> dict[str, Here]:
        """Return the versions in force of entities of any kind but results."""
        table = VERSION_TABLES[kind]
        rows = self._views.execute(
            "SELECT value, position, event_time, newest, is_told, newest > updated_at FROM (SELECT j.value, "
            "v.position, v.event_time, v.updated_at, "
            f"(SELECT max(n.updated_at) FROM {table} n WHERE n.tenant = :tenant "
            f"AND n.{ID_COLUMNS[kind]} = j.value) AS newest, o.position IS NULL AS is_told FROM json_each(:ids) j "
            f"CROSS JOIN {table} v ON v.position = {seek(kind, 'j.value')} "
            "LEFT JOIN temp.here_observed o ON o.position = v.position)",
            {**self._point.bounds(), "ids": orjson.dumps(list(ids)).decode()},
        )
        return {row[0]: Here._make(row[1:]) for row in rows.fetchall()}

    def results(self, ids: Sequence[str]) -> dict[str, HereResult]:
        """Return the versions in force of results."""
        if not self._has_results:
            self._views.execute(_COPY_RESULTS, self._point.bounds())
            self._has_results = True
        rows = self._views.execute(_OF_RESULTS, (orjson.dumps(ids).decode(),))
        return {row[0]: _here_result(row[1:]) for row in rows}

    def bodies(self, positions: Iterable[int]) -> dict[int, dict[str, Any]]:
        """Return what events said, by position; of an erased one nothing."""
        found = {}
        for record in self._log.records_at(sorted(positions)):
            event = self._log.parse(record)
            if isinstance(event, Event):
                found[record.position] = event.body.state()
        return found

    def is_changed_silently(self, outcome_id: str | None, since: Micros) -> bool:
        """Whether a link's outcome was deleted, or imported by CSV, after the link's own event.

        The first deletes all links of the outcome and the second revives some, both without an event (DOMAIN.md 4).
        """
        return (
            self._views.execute(
                "SELECT 1 FROM outcome_versions WHERE tenant = :tenant AND outcome_id = :id "
                "AND (workflow_state = 'deleted' OR by_import) AND event_time >= :since AND event_time <= :until "
                "AND position <= :known_at LIMIT 1",
                {**self._point.bounds(), "id": outcome_id, "since": since},
            ).fetchone()
            is not None
        )

    def note_seen_results(self, here: Iterable[HereResult]) -> None:
        """Remember that the export holds results, by the versions of them that are in force."""
        for found in here:
            self._seen_results[found.position] = 1

    def note_seen(self, kind: Kind, ids: Iterable[str]) -> None:
        """Remember that the export holds entities of any kind but results."""
        self._views.executemany(
            "INSERT OR IGNORE INTO temp.here_seen VALUES (?, ?)", ((kind.value, one) for one in ids)
        )

    def unseen(self, kind: Kind) -> list[tuple[str, Micros]]:
        """Return the active entities of a kind that are here and not in the export, each with its event time."""
        if kind is Kind.RESULT:
            self.results([])
            here = self._views.execute(
                "SELECT id, event_time, position FROM temp.here_results WHERE coalesce(state, 'active') = 'active'"
            )
            return [row[:2] for row in here if not self._seen_results[row[2]]]
        identity, table = ID_COLUMNS[kind], VERSION_TABLES[kind]
        rows = self._views.execute(
            f"SELECT m.id, v.event_time FROM (SELECT DISTINCT {identity} AS id FROM {table} WHERE tenant = :tenant) m "
            f"JOIN {table} v ON v.position = {seek(kind)} WHERE coalesce(v.workflow_state, 'active') <> 'deleted'",
            self._point.bounds(),
        ).fetchall()
        seen = {row[0] for row in self._views.execute("SELECT id FROM temp.here_seen WHERE kind = ?", (kind.value,))}
        return [row for row in rows if row[0] not in seen]

    def ours(self, here: Here | HereResult, body: dict[str, Any], *, is_implied: bool = False) -> Ours:
        """Return a version as the domain judges it."""
        return Ours(body, here.event_time, here.updated_at, is_implied, bool(here.is_crossed))
