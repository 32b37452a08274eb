"""Results of whole courses out of views.db, as columns: the version in force of each, pair by pair, by id."""

import sqlite3
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple, TypeVar

import numpy as np

from outcomes.domain.identity import Context, id_sort_key
from outcomes.domain.mastery.results import QUIZ_SUBMISSION
from outcomes.projections.as_of.lookups import context_number, student_uuids
from outcomes.projections.as_of.point import PointInTime
from outcomes.projections.mastery.columnar.arithmetic import Bools, Floats, Ints
from outcomes.projections.mastery.columnar.id_numbers import id_numbers
from outcomes.projections.mastery.columnar.moved import NOWHERE, KeyOf, MovedVersions
from outcomes.projections.mastery.facts import ExportFacts
from outcomes.projections.mastery.results import (
    LIVE_ASSESSMENT,
    NEW_QUIZ_ARTIFACT,
    VERSIONS_IN_COURSE,
    VERSIONS_OF_OUTCOME,
    number_of_student,
)
from outcomes.projections.views.extract import NO_STUDENT, RUBRIC_ASSESSMENT, WEEK

INACTIVE, WITHOUT_PERCENT, BY_QUIZ, BY_RUBRIC, LIVE, NEW_QUIZ = 1, 2, 4, 8, 16, 32
"""What a result's `flags` say."""
DATED = 64
"""One more of them, set after the results were read: of those whose time of handing in an export told."""

NO_ARTIFACT = 0
"""The code of a missing artifact in `artifact`."""

_FLAG_BITS = 6
_ROWS_AT_ONCE = 2_000
# Some ten megabytes of columns; more at once is no faster.
_BLOCK = 40_000

# Numbers beyond these no assessment has. Below them every sum and product here is far from the ends of a float.
_LARGEST = 1e9
_LARGEST_EXACT = 2.0**53


_Whole = TypeVar("_Whole", int, Ints)


class Block(NamedTuple):
    """Results of some whole courses, one entry a result: sorted by pair and id, a pair's results side by side.

    Pairs are numbered by course, student and outcome, in the order of the answer.
    """

    courses: Sequence[str]
    students: list[str]
    outcomes: list[str]
    artifacts: list[str]
    pair: Ints
    result: Ints
    flags: Ints
    value: Floats
    """percent, or the raw score where there is none; nan without a score, whatever the percent (DOMAIN.md 5.3)."""
    possible: Floats
    assessed_at: Floats
    artifact: Ints
    submitted_at: Floats
    """As exports told it; nan where nothing was handed in, or nobody told."""
    pair_course: Ints
    pair_student: Ints
    pair_outcome: Ints
    pair_is_odd: Bools


def blocks(
    connection: sqlite3.Connection, point: PointInTime, courses: Sequence[str], outcome: str | None
) -> Iterator[Block]:
    """Yield the results of courses, some courses at a time, in the order of the courses; never part of a course."""
    for versions in read_versions(connection, point, courses, outcome):
        block = versions.block(connection, point)
        if block is not None:
            yield block


def read_versions(
    connection: sqlite3.Connection, point: PointInTime, courses: Sequence[str], outcome: str | None
) -> "Iterator[Versions]":
    """Yield all versions up to a point of the results of courses, some courses at a time, in the same way."""
    nobody = number_of_student(connection, point, NO_STUDENT)
    raw = _Raw(nobody)
    for course in courses:
        raw.read(connection, point, course, outcome)
        if raw.size >= _BLOCK:
            yield Versions(connection, point, raw, outcome)
            raw = _Raw(nobody)
    if raw.size:
        yield Versions(connection, point, raw, outcome)


class _Codes(dict[Any, int]):
    """Small numbers for texts, as they turn up."""

    def __missing__(self, text: Any) -> int:
        code = self[text] = len(self)
        return code


class _Raw:
    """Versions of results as they lie in the tree, course by course, week by week; not those of `nobody`."""

    def __init__(self, nobody: int | None) -> None:
        self._nobody = nobody
        self.courses: list[str] = []
        self.outcomes = _Codes()
        self.artifacts = _Codes({None: NO_ARTIFACT, "": NO_ARTIFACT})
        self.size = 0
        self._course: list[Ints] = []
        self.numbers: list[int] = []
        self._numbers: tuple[list[Floats], ...] = ([], [], [], [], [])
        self._outcome: list[Ints] = []
        self._artifact: list[Ints] = []
        self._result: list[Ints] = []

    def read(self, connection: sqlite3.Connection, point: PointInTime, course: str, outcome: str | None) -> None:
        """Add the versions of one course up to the point."""
        number = context_number(connection, point, Context("Course", course))
        if number is None:
            return
        rows = connection.execute(
            _VERSIONS if outcome is None else _VERSIONS_OF_OUTCOME,
            {**point.bounds(), "course": number, "outcome": outcome, "nobody": self._nobody},
        )
        # Few at a time: they are still in the processor's cache when they become columns.
        while page := rows.fetchmany(_ROWS_AT_ONCE):
            *numbers, outcomes, artifacts, results = zip(*page, strict=True)
            for column, values in zip(self._numbers, numbers, strict=True):
                column.append(np.array(values, dtype=np.float64))
            self._outcome.append(_coded(self.outcomes, outcomes))
            self._artifact.append(_coded(self.artifacts, artifacts))
            self._result.append(id_numbers(results))
            self._course.append(np.full(len(page), len(self.courses)))
            self.size += len(page)
        self.courses.append(course)
        self.numbers.append(number)

    def columns(self) -> tuple[list[Floats], Ints, Ints, Ints, Ints]:
        """Return five numbers, course, outcome, artifact and result of each version."""
        return (
            [np.concatenate(parts) for parts in self._numbers],
            np.concatenate(self._course),
            np.concatenate(self._outcome),
            np.concatenate(self._artifact),
            np.concatenate(self._result),
        )


# Numbers that are small travel together; texts that say which of a few things a result is become bits of one of them.
_VERSIONS = f"""
    SELECT v.student << {_FLAG_BITS}
        | CASE v.workflow_state WHEN 'active' THEN 0 WHEN 'deleted' THEN {INACTIVE}
            ELSE iif(coalesce(v.workflow_state, '') = '', 0, {INACTIVE}) END
        | iif(v.percent IS NULL, {WITHOUT_PERCENT}, 0)
        | CASE v.artifact_type WHEN '{RUBRIC_ASSESSMENT}' THEN {BY_RUBRIC} WHEN '{QUIZ_SUBMISSION}' THEN {BY_QUIZ}
            WHEN '{LIVE_ASSESSMENT}' THEN {LIVE} WHEN '{NEW_QUIZ_ARTIFACT}' THEN {NEW_QUIZ} ELSE 0 END,
        iif(v.score IS NULL, NULL, coalesce(v.percent, v.score)), v.possible, v.assessed_at, v.event_time,
        v.outcome_id, v.artifact_id, v.result_id
    {VERSIONS_IN_COURSE}
    WHERE w.course = :course AND w.week <= :until / {WEEK} AND v.student IS NOT :nobody
        AND v.event_time <= :until AND v.position <= :known_at ORDER BY w.week
"""
_VERSIONS_OF_OUTCOME = _VERSIONS.replace(VERSIONS_IN_COURSE, VERSIONS_OF_OUTCOME)


def _coded(codes: _Codes, texts: Sequence[str | None]) -> Ints:
    return np.fromiter(map(codes.__getitem__, texts), dtype=np.int64, count=len(texts))


class _Facts(NamedTuple):
    """What exports told of the results of a block."""

    flags: Ints
    submitted_at: Floats
    is_odd: Bools
    """Not posted yet, which is told in notes; or of a New Quiz, in whose place another may count (DOMAIN.md 5.12)."""


def _facts(
    connection: sqlite3.Connection, point: PointInTime, result: Ints, flags: Ints, assessed_at: Floats
) -> _Facts:
    submitted, is_odd = np.full(len(result), np.nan), np.zeros(len(result), dtype=bool)
    known = ExportFacts(connection, point)
    if known.is_empty:
        return _Facts(flags, submitted, is_odd)
    is_odd |= flags & NEW_QUIZ != 0
    flags = flags.copy()
    ids = [str(number) for number in result.tolist()]
    found = known.of(ids)
    for place, (number, assessed) in enumerate(zip(ids, assessed_at.tolist(), strict=True)):
        fact = found.get(number)
        if fact is None:
            continue
        if fact.is_hidden or fact.excluded is not None:
            flags[place] |= INACTIVE
        if fact.is_of(None if assessed != assessed else int(assessed)):  # noqa: PLR0124 - only nan differs from itself
            flags[place] |= DATED
            submitted[place] = np.nan if fact.submitted_at is None else fact.submitted_at
        is_odd[place] |= fact.is_posted is False
    return _Facts(flags, submitted, is_odd)


class Versions:
    """All versions of the results of some whole courses: what stands at any time up to a point is a block of these."""

    def __init__(self, connection: sqlite3.Connection, point: PointInTime, raw: _Raw, outcome_id: str | None) -> None:
        (packed, value, possible, assessed_at, event_time), course, outcome, artifact, result = raw.columns()
        student, flags = np.divmod(packed.astype(np.int64), 1 << _FLAG_BITS)
        numbers, student = np.unique(student, return_inverse=True)
        self.students, rank_of_student = _ranked_students(connection, numbers)
        self.courses, self._artifacts = raw.courses, list(raw.artifacts)
        self.outcomes = sorted(raw.outcomes, key=lambda outcome_id: (id_sort_key(outcome_id), outcome_id))
        rank = np.empty(len(self.outcomes), dtype=np.int64)
        rank[[raw.outcomes[outcome_id] for outcome_id in self.outcomes]] = np.arange(len(self.outcomes))
        key = self.key(course, rank_of_student[student], rank[outcome])
        # The tree gives the versions of a result in their order, so of equals in a stable sort the last is in force.
        order = np.lexsort((result, key))
        self._key, self._result, self._flags, self._artifact = (
            column[order] for column in (key, result, flags, artifact)
        )
        self._value, self._possible, self._assessed_at, self._event_time = (
            column[order] for column in (value, possible, assessed_at, event_time)
        )
        self._odd = _are_odd(self._result, (self._value, self._possible), self._assessed_at)
        moved = MovedVersions(connection, point, raw.numbers, outcome_id)
        ranks = dict(zip(numbers.tolist(), rank_of_student.tolist(), strict=True))
        self._elsewhere = moved.elsewhere(self._key, self._result, _key_of(self, raw, ranks))

    def key(self, course: _Whole, student: _Whole, outcome: _Whole) -> _Whole:
        """Return what stands for a pair, in the order of the answer, by the places of its parts in their lists."""
        return (course * len(self.students) + student) * len(self.outcomes) + outcome

    def places(self) -> list[tuple[str, str]]:
        """Return the courses and outcomes that ever had a result."""
        course, rest = np.divmod(self._key, len(self.students) * len(self.outcomes))
        keys = np.unique(course * len(self.outcomes) + rest % len(self.outcomes))
        return [
            (self.courses[course], self.outcomes[outcome])
            for course, outcome in zip(*(part.tolist() for part in np.divmod(keys, len(self.outcomes))), strict=True)
        ]

    def block(self, connection: sqlite3.Connection, point: PointInTime) -> Block | None:
        """Return what was in force at a point, which is not after the one that was read; None if nothing was."""
        there = np.flatnonzero(self._event_time <= point.until)
        there = self._elsewhere.without(there, point.until)
        if not len(there):
            return None
        key, result = self._key[there], self._result[there]
        begins = np.concatenate(([True], key[1:] != key[:-1]))
        pair = np.cumsum(begins) - 1
        in_force = np.concatenate((begins[1:] | (result[1:] != result[:-1]), [True]))
        pair_is_odd = np.zeros(int(pair[-1]) + 1, dtype=bool)
        pair_is_odd[pair[self._odd[there]]] = True

        places = there[in_force]
        facts = _facts(connection, point, result[in_force], self._flags[places], self._assessed_at[places])
        pair_is_odd[pair[in_force][facts.is_odd]] = True
        rest, pair_outcome = np.divmod(key[begins], len(self.outcomes))
        pair_course, pair_student = np.divmod(rest, len(self.students))
        return Block(
            self.courses,
            self.students,
            self.outcomes,
            self._artifacts,
            pair[in_force],
            result[in_force],
            facts.flags,
            self._value[places],
            self._possible[places],
            self._assessed_at[places],
            self._artifact[places],
            facts.submitted_at,
            pair_course,
            pair_student,
            pair_outcome,
            pair_is_odd,
        )


def _key_of(versions: Versions, raw: _Raw, students: dict[int, int]) -> KeyOf:
    courses = {number: place for place, number in enumerate(raw.numbers)}
    outcomes = {outcome_id: place for place, outcome_id in enumerate(versions.outcomes)}

    def key_of(course: int, student: int, outcome: str) -> int:
        if course not in courses or student not in students or outcome not in outcomes:
            return NOWHERE
        return versions.key(courses[course], students[student], outcomes[outcome])

    return key_of


def _ranked_students(connection: sqlite3.Connection, numbers: Ints) -> tuple[list[str], Ints]:
    """Return names in their order, and the place in it of each number."""
    by_name = sorted((uuid, number) for number, uuid in student_uuids(connection, numbers.tolist()).items())
    rank = np.empty(len(numbers), dtype=np.int64)
    rank[np.searchsorted(numbers, [number for _, number in by_name])] = np.arange(len(numbers))
    return [uuid for uuid, _ in by_name], rank


def _are_odd(result: Ints, amounts: tuple[Floats, ...], assessed_at: Floats) -> Bools:
    """Say which results make their pair one for `projections.mastery.row`; nan compares as fine, it is "none"."""
    odd: Bools = (result < 0) | (np.abs(assessed_at) >= _LARGEST_EXACT)
    for amount in amounts:
        odd |= (amount < 0) | (amount > _LARGEST)
    return odd
