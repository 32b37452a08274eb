"""The version in force of every result at a point, as records of one size on disk: found by id, a page at a time.

Memory does not grow with the results. They are read once in the order of the views, cast by id into parts that are each
sorted in memory, and kept sorted in one file without a name, of which no more is mapped than is being asked for.
"""

import mmap
import sqlite3
import tempfile
from collections.abc import Iterator, Sequence
from heapq import merge
from typing import Any, BinaryIO, Final, NamedTuple, cast

import numpy as np
from numpy.typing import NDArray

from outcomes.domain.times import Micros
from outcomes.projections.as_of.point import PointInTime
from outcomes.projections.mastery.columnar.arithmetic import Bools, Ints
from outcomes.projections.mastery.columnar.id_numbers import id_numbers
from outcomes.projections.reconcile.plain_columns import NOTHING, Codes, whole_ids
from outcomes.projections.views.extract import RUBRIC_ASSESSMENT

RECORD: Final = np.dtype(
    [
        ("id", np.int64),
        ("position", np.int64),
        ("event_time", np.int64),
        ("updated_at", np.int64),
        ("newest", np.int64),
        ("course", np.int64),
        ("student", np.int64),
        ("outcome", np.int64),
        ("score", np.float64),
        ("possible", np.float64),
        ("percent", np.float64),
        ("assessed_at", np.int64),
        ("artifact", np.int64),
        ("state", np.int32),
        ("artifact_type", np.int32),
    ]
)
"""`updated_at` is that of the version in force, `newest` that of any; `state` and `artifact_type` are codes."""

Records = NDArray[np.void]

ACTIVE: Final = "active"
_PART = 400_000
_ROWS_AT_ONCE = 1_000
_LET_GO = 200_000
# What nearly all have is no text: to make texts is most of the time of reading a row.
_VERSIONS = f"""
SELECT result_id, position, event_time, updated_at, course, student, outcome_id, score, possible, percent, assessed_at,
    artifact_id, nullif(workflow_state, '{ACTIVE}'),
    CASE artifact_type WHEN '{RUBRIC_ASSESSMENT}' THEN 0 ELSE artifact_type END
FROM result_versions WHERE event_time <= :until AND position <= :known_at
"""


class Active(NamedTuple):
    """A result that is active here."""

    id: str
    event_time: Micros


class ResultRecords:
    """Records of one tenant's results at a point.

    Left out are results that moved to another course, student or outcome, and ids that are no numbers: `result_by_id`
    has those, too.
    """

    def __init__(self, connection: sqlite3.Connection, point: PointInTime) -> None:
        self.states = Codes((ACTIVE, "", None))
        self.artifact_types = Codes((RUBRIC_ASSESSMENT, 0), ("", None))
        self._parts = 1 + point.known_at // _PART
        self._moved = _moved(connection, point)
        self._courses = _courses(connection, point)
        self._file = cast("BinaryIO", tempfile.TemporaryFile())  # noqa: SIM115 - closed by close
        self._ids_file = cast("BinaryIO", tempfile.TemporaryFile())  # noqa: SIM115 - the same
        self._begins = self._write(connection, point)
        self.size = self._begins[-1]
        self._maps: list[mmap.mmap] = []
        self._records: Records = self._mapped(self._file, RECORD)
        self._ids: Ints = self._mapped(self._ids_file, np.dtype(np.int64))
        self._seen = np.zeros(self.size, dtype=bool)
        self._asked = 0

    def close(self) -> None:
        """Let go of the files."""
        self._records, self._ids = np.zeros(0, RECORD), np.zeros(0, np.int64)
        for one in self._maps:
            one.close()
        self._file.close()
        self._ids_file.close()

    def _mapped(self, file: BinaryIO, kind: np.dtype[Any]) -> NDArray[Any]:
        if not self.size:
            return np.zeros(0, kind)
        found = mmap.mmap(file.fileno(), self.size * kind.itemsize, access=mmap.ACCESS_READ)
        self._maps.append(found)
        return np.frombuffer(found, dtype=kind)

    def places(self, ids: Ints) -> Ints:
        """Return where the records of ids are; -1 for those that have none."""
        found = np.full(len(ids), -1, dtype=np.int64)
        part_of = ids % self._parts
        for part in range(self._parts):
            begin, end = self._begins[part : part + 2]
            if begin == end:
                continue
            chosen = np.flatnonzero((part_of == part) & (ids >= 0))
            here = self._ids[begin:end]
            place = np.minimum(np.searchsorted(here, ids[chosen]), end - begin - 1)
            is_there = here[place] == ids[chosen]
            found[chosen[is_there]] = begin + place[is_there]
        return found

    def at(self, places: Ints) -> Records:
        """Return the records at places."""
        self._asked += len(places)
        if self._asked > _LET_GO and hasattr(mmap, "MADV_DONTNEED"):
            self._asked = 0
            for one in self._maps:
                one.madvise(mmap.MADV_DONTNEED)  # stays in the system's cache, and is counted as ours no more
        return self._records[places]

    def note_seen(self, places: Ints) -> None:
        """Remember that an export holds what is at places."""
        self._seen[places] = True

    def unseen(self) -> Iterator[Active]:
        """Yield the active results that no export held, by id."""
        active = self.states[ACTIVE]
        return merge(*(self._unseen_of(part, active) for part in range(self._parts)), key=lambda one: int(one.id))

    def _unseen_of(self, part: int, active: int) -> Iterator[Active]:
        begin, end = self._begins[part : part + 2]
        places = begin + np.flatnonzero(~self._seen[begin:end])
        for some in np.array_split(places, 1 + len(places) // _ROWS_AT_ONCE):
            records = self.at(some)
            records = records[records["state"] == active]
            for local_id, event_time in zip(records["id"].tolist(), records["event_time"].tolist(), strict=True):
                yield Active(str(local_id), event_time)

    def _write(self, connection: sqlite3.Connection, point: PointInTime) -> list[int]:
        """Write the records; return where each part begins, and where the last one ends."""
        parts = [cast("BinaryIO", tempfile.TemporaryFile()) for _ in range(self._parts)]  # noqa: SIM115 - below
        begins = [0]
        try:
            for records in self._read(connection, point):
                part_of = records["id"] % self._parts
                for part, file in enumerate(parts):
                    file.write(records[part_of == part].tobytes())
            for file in parts:
                records = _in_force(file)
                self._file.write(records.tobytes())
                self._ids_file.write(np.ascontiguousarray(records["id"]).tobytes())
                begins.append(begins[-1] + len(records))
        finally:
            for file in parts:
                file.close()
        self._file.flush()
        self._ids_file.flush()
        return begins

    def _read(self, connection: sqlite3.Connection, point: PointInTime) -> Iterator[Records]:
        """Yield all versions; those of one result in their order, since none of these moved."""
        rows = connection.execute(_VERSIONS, {"until": point.until, "known_at": point.known_at})
        while page := rows.fetchmany(_ROWS_AT_ONCE):
            yield self._records_of(page)

    def _records_of(self, page: Sequence[tuple[Any, ...]]) -> Records:
        ids, positions, times, updated, courses, students, outcomes, *rest = zip(*page, strict=True)
        score, possible, percent, assessed, artifacts, states, artifact_types = rest
        records = np.zeros(len(page), RECORD)
        records["id"] = id_numbers(ids)
        records["position"], records["event_time"] = positions, times
        records["updated_at"] = records["newest"] = updated
        records["course"], records["student"] = courses, students
        records["outcome"] = whole_ids(outcomes)
        records["score"], records["possible"], records["percent"] = (
            np.array(column, dtype=np.float64) for column in (score, possible, percent)
        )
        records["assessed_at"] = [NOTHING if time is None else time for time in assessed]
        records["artifact"] = whole_ids(artifacts)
        records["state"] = self.states.of(states)
        records["artifact_type"] = self.artifact_types.of(artifact_types)
        is_left_out = (records["id"] < 0) | ~self._courses[records["course"]]
        if len(self._moved):
            is_left_out |= np.isin(records["id"], self._moved)
        return records[~is_left_out] if is_left_out.any() else records


def _in_force(file: BinaryIO) -> Records:
    """Return of each result the last of its versions, with the newest time of any, sorted by id."""
    file.seek(0)
    records: Records = np.frombuffer(file.read(), dtype=RECORD)
    if not len(records):
        return records
    order = np.argsort(records["id"], kind="stable")
    ids = records["id"][order]
    begins = np.flatnonzero(np.concatenate(([True], ids[1:] != ids[:-1])))
    newest = np.maximum.reduceat(records["updated_at"][order], begins)
    found: Records = records[order[np.append(begins[1:], len(order)) - 1]]
    found["newest"] = newest
    return found


def _moved(connection: sqlite3.Connection, point: PointInTime) -> Ints:
    rows = connection.execute("SELECT DISTINCT result_id FROM moved_results WHERE tenant = ?", (point.number,))
    return id_numbers([row[0] for row in rows])


def _courses(connection: sqlite3.Connection, point: PointInTime) -> Bools:
    """Return by number which contexts are the tenant's."""
    rows = connection.execute("SELECT context, tenant FROM contexts").fetchall()
    found = np.zeros(1 + max((number for number, _ in rows), default=0), dtype=bool)
    found[[number for number, tenant in rows if tenant == point.number]] = True
    return found
