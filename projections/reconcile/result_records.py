"""The version in force of every result at a point, as records of one size on disk: found by id, a page at a time.

Memory does not grow with the results. They are read once in the order of the views, cast by id into parts that are each
sorted in memory, and kept sorted in one file without a name, by blocks. Of each block only the first id is remembered;
what is asked for is read with its block. The file is not mapped: what is mapped and was touched counts as memory.
"""

import os
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
from outcomes.projections.reconcile.bit_set import BitSet
from outcomes.projections.reconcile.plain_columns import NOTHING, Codes, whole_ids
from outcomes.projections.views.extract import RUBRIC_ASSESSMENT
from outcomes.projections.views.schema import ORDER

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
_PART = 200_000
_ROWS_AT_ONCE = 1_000
_BLOCK = 64
"""Records that are read at once: 7.5 KiB, which takes hardly longer than one of them."""
_BLOCKS_AT_ONCE = 64
_NO_ID: Final = np.iinfo(np.int64).max
"""Fills the last block of a part."""
# What nearly all have is no text: to make texts is most of the time of reading a row.
_VERSIONS = f"""
SELECT result_id, position, event_time, updated_at, course, student, outcome_id, score, possible, percent, assessed_at,
    artifact_id, nullif(workflow_state, '{ACTIVE}'),
    CASE artifact_type WHEN '{RUBRIC_ASSESSMENT}' THEN 0 ELSE artifact_type END
FROM result_versions WHERE event_time <= :until AND position <= :known_at
ORDER BY week, course, student, outcome_id, result_id, {", ".join(ORDER)}
"""


class Active(NamedTuple):
    """A result that is active here; `course` is a context's number."""

    id: str
    event_time: Micros
    course: int


class Found(NamedTuple):
    """Where the records of some ids are, -1 for those that have none, and the records themselves: zeros for none."""

    places: Ints
    records: Records


class ResultRecords:
    """Records of one tenant's results at a point.

    Left out are results that moved to another course, student or outcome, and ids that are no numbers: `Present`
    finds those by their places.
    """

    def __init__(self, connection: sqlite3.Connection, point: PointInTime, part_events: int = _PART) -> None:
        self.states = Codes((ACTIVE, "", None))
        self.artifact_types = Codes((RUBRIC_ASSESSMENT, 0), ("", None))
        self._parts = 1 + point.known_at // part_events
        self._moved = _moved(connection, point)
        self._seen_that_moved: set[int] = set()
        self._courses = _courses(connection, point)
        self._file = cast("BinaryIO", tempfile.TemporaryFile())  # noqa: SIM115 - closed by close
        self._begins = [0]
        self._firsts: list[Ints] = []
        self._write(connection, point)
        self._seen = BitSet(self._begins[-1] * _BLOCK)

    def close(self) -> None:
        """Let go of the file."""
        self._file.close()

    def find(self, ids: Ints) -> Found:
        """Return the records of ids."""
        blocks = self._blocks_of(ids)
        places, records = np.full(len(ids), -1, dtype=np.int64), np.zeros(len(ids), RECORD)
        asked = np.flatnonzero(blocks >= 0)
        if len(asked):
            distinct, which = np.unique(blocks[asked], return_inverse=True)
            read = self._read_blocks(distinct)
            nearest = _last_up_to(np.ascontiguousarray(read["id"]), which * _BLOCK, ids[asked])
            is_there = read["id"][nearest] == ids[asked]
            asked, which, nearest = asked[is_there], which[is_there], nearest[is_there]
            places[asked] = (distinct[which] - which) * _BLOCK + nearest
            records[asked] = read[nearest]
        return Found(places, records)

    def _blocks_of(self, ids: Ints) -> Ints:
        """Return the block in which each id would be; -1 where it can be in none."""
        found = np.full(len(ids), -1, dtype=np.int64)
        part_of = ids % self._parts
        for part, (begin, firsts) in enumerate(zip(self._begins, self._firsts, strict=False)):
            chosen = np.flatnonzero((part_of == part) & (ids >= 0))
            block = np.searchsorted(firsts, ids[chosen], side="right") - 1
            found[chosen] = np.where(block >= 0, begin + block, -1)
        return found

    def _read_blocks(self, blocks: Ints) -> Records:
        handle, size = self._file.fileno(), _BLOCK * RECORD.itemsize
        read = b"".join(os.pread(handle, size, block * size) for block in blocks.tolist())
        return np.frombuffer(read, dtype=RECORD)

    def note_seen(self, ids: Ints, places: Ints) -> None:
        """Remember that an export holds results, by their ids and where their records are."""
        self._seen.add(places[places >= 0])
        if len(self._moved):
            self._seen_that_moved.update(ids[np.isin(ids, self._moved)].tolist())

    def has_seen(self, moved: int) -> bool:
        """Whether an export holds a result that moved, and so has no record."""
        return moved in self._seen_that_moved

    def unseen(self) -> Iterator[Active]:
        """Yield the active results that no export held, by id."""
        active = self.states[ACTIVE]
        return merge(*(self._unseen_of(part, active) for part in range(self._parts)), key=lambda one: int(one.id))

    def _unseen_of(self, part: int, active: int) -> Iterator[Active]:
        begin, end = self._begins[part : part + 2]
        for block in range(begin, end, _BLOCKS_AT_ONCE):
            some = np.arange(block, min(block + _BLOCKS_AT_ONCE, end))
            places = np.arange(some[0] * _BLOCK, (some[-1] + 1) * _BLOCK)
            is_seen = self._seen.has(places)
            if is_seen.all():
                continue
            records = self._read_blocks(some)[~is_seen]
            records = records[(records["id"] != _NO_ID) & (records["state"] == active)]
            columns = [records[name].tolist() for name in ("id", "event_time", "course")]
            for local_id, event_time, course in zip(*columns, strict=True):
                yield Active(str(local_id), event_time, course)

    def _write(self, connection: sqlite3.Connection, point: PointInTime) -> None:
        """Write the records, part by part."""
        parts = [cast("BinaryIO", tempfile.TemporaryFile()) for _ in range(self._parts)]  # noqa: SIM115 - below
        try:
            for records in self._read(connection, point):
                part_of = records["id"] % self._parts
                for part, file in enumerate(parts):
                    file.write(records[part_of == part].tobytes())
            for file in parts:
                self._write_part(_in_force(file))
        finally:
            for file in parts:
                file.close()
        self._file.flush()

    def _write_part(self, records: Records) -> None:
        filling = np.zeros(-len(records) % _BLOCK, RECORD)
        filling["id"] = _NO_ID
        for some in (records, filling):
            some.tofile(self._file)
        self._firsts.append(np.ascontiguousarray(records["id"][::_BLOCK]))
        self._begins.append(self._begins[-1] + len(self._firsts[-1]))

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


def _last_up_to(sorted_ids: Ints, begins: Ints, ids: Ints) -> Ints:
    """Return the place of the last id that is not above each of `ids`, in the block that begins where `begins` says."""
    found = begins
    step = _BLOCK // 2
    while step:
        further = found + step
        found = np.where(sorted_ids[further] <= ids, further, found)
        step //= 2
    return found


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
