"""What is known here now of many entities at once: versions by seeks, results out of one sorted copy on disk."""

import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain, islice
from typing import Any, NamedTuple, Self

import numpy as np

from outcomes.domain.identity import Kind
from outcomes.domain.reconciliation import Ours
from outcomes.domain.times import MINUTE, Micros
from outcomes.projections.as_of.bodies import bodies_at
from outcomes.projections.as_of.lookups import id_list, seek
from outcomes.projections.as_of.point import PointInTime
from outcomes.projections.reconcile.bit_set import BitSet
from outcomes.projections.reconcile.plain_columns import whole_ids
from outcomes.projections.reconcile.result_records import ResultRecords
from outcomes.projections.reconcile.same_results import PageComparison, SameResults
from outcomes.projections.views.schema import ID_COLUMNS, ORDER, VERSION_TABLES
from outcomes.store.log.event_log import EventLog
from outcomes.store.log.provenance import observed_positions
from outcomes.store.sources.exports.pages import Columns


class KnownVersion(NamedTuple):
    """Where the version of an entity that is in force stands, and whether Canvas told it.

    `updated_at` is the newest that any event told: `is_crossed` says that the version in force is of an older save,
    since events of one entity may be posted in another order than saved.
    """

    position: int
    event_time: Micros
    updated_at: Micros
    is_told: bool
    is_crossed: bool


class Absent(NamedTuple):
    """An active entity that an export does not hold, and the course that it is in, if it is in one."""

    id: str
    event_time: Micros
    course: str | None


_ORDER = ", ".join(f"v.{column}" for column in ORDER)
_AT_ONCE = 100_000
# Outcome and links are saved in one go; the outcome's event may be posted somewhat later.
_AT_ONCE_WITH: Micros = MINUTE
# Results that moved lie in several places; those of New Quizzes have ids that are no numbers.
_RESULTS_BY_ID = f"""
WITH places AS (
    SELECT p.result_id, p.course, p.student, p.outcome_id FROM json_each(:ids) j
    CROSS JOIN result_places p ON p.result_id = j.value AND p.tenant = :tenant
    UNION SELECT m.result_id, m.course, m.student, m.outcome_id FROM json_each(:ids) j
    CROSS JOIN moved_results m ON m.result_id = j.value AND m.tenant = :tenant)
SELECT v.result_id, v.position, v.event_time, v.updated_at, coalesce(v.workflow_state, 'active') = 'active',
    (SELECT c.id FROM contexts c WHERE c.context = v.course AND c.type = 'Course')
FROM places p CROSS JOIN course_weeks w ON w.course = p.course
CROSS JOIN result_versions v ON v.week = w.week AND v.course = p.course AND v.student = p.student
    AND v.outcome_id = p.outcome_id AND v.result_id = p.result_id
WHERE v.event_time <= :until AND v.position <= :known_at ORDER BY v.result_id, {_ORDER}
"""


def is_at_once(one: Micros, other: Micros) -> bool:
    """Whether two things were saved in one go."""
    return abs(one - other) <= _AT_ONCE_WITH


class Present:
    """The state of now, asked for some hundreds of entities at a time; `with` drops what it keeps on disk for that."""

    def __init__(self, connection: sqlite3.Connection, log: EventLog, point: PointInTime) -> None:
        self._views = connection
        self._log = log
        self._point = point
        self._is_observed = BitSet(point.known_at + 1)
        self._records: ResultRecords | None = None
        self._same: SameResults | None = None

    def __enter__(self) -> Self:
        self._views.execute("CREATE TABLE temp.here_seen (kind TEXT, id TEXT, PRIMARY KEY (kind, id)) WITHOUT ROWID")
        with self._log.reading() as reading:
            positions = observed_positions(reading)
            while rows := list(islice(positions, _AT_ONCE)):
                some = np.array(rows, dtype=np.int64)[:, 0]
                self._is_observed.add(some[some <= self._point.known_at])
        return self

    def __exit__(self, *_: object) -> None:
        self._views.execute("DROP TABLE IF EXISTS temp.here_seen")
        if self._records is not None:
            self._records.close()

    def versions(self, kind: Kind, ids: Iterable[str]) -> dict[str, KnownVersion]:
        """Return the versions in force of entities of any kind but results."""
        table = VERSION_TABLES[kind]
        rows = self._views.execute(
            f"SELECT j.value, v.position, v.event_time, v.updated_at, (SELECT max(n.updated_at) FROM {table} n "
            f"WHERE n.tenant = :tenant AND n.{ID_COLUMNS[kind]} = j.value) FROM json_each(:ids) j "
            f"CROSS JOIN {table} v ON v.position = {seek(kind, 'j.value')}",
            {**self._point.bounds(), "ids": id_list(ids)},
        )
        return {row[0]: self._here(*row[1:]) for row in rows.fetchall()}

    def _here(self, position: int, event_time: Micros, updated_at: Micros, newest: Micros) -> KnownVersion:
        return KnownVersion(position, event_time, newest, position not in self._is_observed, newest > updated_at)

    @property
    def _results(self) -> ResultRecords:
        if self._records is None:
            self._records = ResultRecords(self._views, self._point)
        return self._records

    def results(self, ids: Sequence[str]) -> dict[str, KnownVersion]:
        """Return the versions in force of results."""
        places, records = self._results.find(whole_ids(ids))
        is_there = places >= 0
        records = records[is_there]
        columns = [records[name].tolist() for name in ("id", "position", "event_time", "updated_at", "newest")]
        found = {str(row[0]): self._here(*row[1:]) for row in zip(*columns, strict=True)}
        others = [one for one, is_known in zip(ids, is_there.tolist(), strict=True) if not is_known]
        if others:
            found.update((one, here) for one, here, *_ in self._by_id(others))
        return found

    def _by_id(self, ids: Sequence[str]) -> Iterator[tuple[str, KnownVersion, bool, str | None]]:
        """Yield the results among ids that no record is of, whether each is active, and its course."""
        rows = self._views.execute(_RESULTS_BY_ID, {**self._point.bounds(), "ids": id_list(ids)}).fetchall()
        last: dict[str, tuple[Any, ...]] = {}
        for local_id, *row in rows:
            newest = max(row[2], last[local_id][-1] if local_id in last else 0)
            last[local_id] = (*row, newest)
        for local_id, (position, event_time, updated_at, is_active, course, newest) in last.items():
            yield local_id, self._here(position, event_time, updated_at, newest), bool(is_active), course

    def same_results(self, columns: Columns, latest: int) -> PageComparison:
        """Tell which results of a page are surely the same; remember that the export holds them all."""
        if self._same is None:
            self._same = SameResults(self._views, self._point, self._results, self._is_observed)
        return self._same.look(columns, latest)

    def note_seen_results(self, ids: Sequence[str]) -> None:
        """Remember that the export holds results."""
        numbers = whole_ids(ids)
        self._results.note_seen(numbers, self._results.find(numbers).places)

    def bodies(self, positions: Iterable[int]) -> dict[int, dict[str, Any]]:
        """Return what events said, by position; of an erased one nothing."""
        return bodies_at(self._log, positions)

    def is_changed_silently(self, outcome_id: str | None, since: Micros, saved: Micros) -> bool:
        """Whether a link's outcome was deleted, or imported by CSV, when the link was saved, and after its own event.

        The first deletes all links of the outcome and the second revives some, both without an event (DOMAIN.md 4). At
        another time it was something else that changed the link, and its event was missed.
        """
        return (
            self._views.execute(
                "SELECT 1 FROM outcome_versions WHERE tenant = :tenant AND outcome_id = :id "
                "AND (workflow_state = 'deleted' OR by_import) AND event_time BETWEEN :begin AND :end "
                "AND event_time <= :until AND position <= :known_at LIMIT 1",
                {
                    **self._point.bounds(),
                    "id": outcome_id,
                    "begin": max(since, saved - _AT_ONCE_WITH),
                    "end": saved + _AT_ONCE_WITH,
                },
            ).fetchone()
            is not None
        )

    def placed_courses(self, ids: Iterable[str]) -> set[str]:
        """Return the courses of which anything but an association tells the account."""
        rows = self._views.execute(
            "SELECT DISTINCT c.id FROM json_each(:ids) j "
            "JOIN contexts c ON c.id = j.value AND c.type = 'Course' AND c.tenant = :tenant "
            "CROSS JOIN placements p ON p.context = c.context WHERE p.event_time <= :until AND p.position <= :known_at "
            "AND NOT EXISTS (SELECT 1 FROM course_account_versions v WHERE v.position = p.position)",
            {**self._point.bounds(), "ids": id_list(ids)},
        )
        return {row[0] for row in rows.fetchall()}

    def note_seen(self, kind: Kind, ids: Iterable[str]) -> None:
        """Remember that the export holds entities of any kind but results."""
        self._views.executemany(
            "INSERT OR IGNORE INTO temp.here_seen VALUES (?, ?)", ((kind.value, one) for one in ids)
        )

    def unseen(self, kind: Kind) -> Iterator[Absent]:
        """Return the active entities of a kind that are here and not in the export."""
        if kind is Kind.RESULT:
            return chain(self._unseen_results(), self._unseen_that_moved())
        identity, table = ID_COLUMNS[kind], VERSION_TABLES[kind]
        rows = self._views.execute(
            f"SELECT m.id, v.event_time, c.id FROM (SELECT DISTINCT {identity} AS id FROM {table} "
            f"WHERE tenant = :tenant) m JOIN {table} v ON v.position = {seek(kind)} "
            "LEFT JOIN contexts c ON c.context = v.context AND c.type = 'Course' "
            "WHERE coalesce(v.workflow_state, 'active') <> 'deleted' "
            "AND NOT EXISTS (SELECT 1 FROM temp.here_seen s WHERE s.kind = :kind AND s.id = m.id)",
            {**self._point.bounds(), "kind": kind.value},
        )
        return map(Absent._make, rows)

    def _unseen_results(self) -> Iterator[Absent]:
        courses = self._views.execute(
            "SELECT context, id FROM contexts WHERE tenant = :tenant AND type = 'Course'", self._point.bounds()
        )
        names: dict[int, str] = dict(courses.fetchall())
        return (Absent(one.id, one.event_time, names.get(one.course)) for one in self._results.unseen())

    def _unseen_that_moved(self) -> Iterator[Absent]:
        moved = self._views.execute(
            "SELECT DISTINCT result_id FROM moved_results WHERE tenant = :tenant", self._point.bounds()
        )
        unseen = [one for (one,) in moved.fetchall() if one.isdecimal() and not self._results.has_seen(int(one))]
        for local_id, here, is_active, course in self._by_id(unseen):
            if is_active:
                yield Absent(local_id, here.event_time, course)

    def ours(self, here: KnownVersion, body: dict[str, Any], *, is_implied: bool = False) -> Ours:
        """Return a version as the domain judges it."""
        return Ours(body, here.event_time, here.updated_at, is_implied, here.is_crossed)
