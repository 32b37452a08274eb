"""Rows out of columns: what `projections.mastery.row` would return for every pair of whole courses."""

from collections.abc import Iterable, Iterator, Sequence
from functools import partial
from itertools import chain
from typing import Any

import numpy as np
import numpy.typing as npt

from outcomes.domain.mastery import EnrollmentState
from outcomes.projections.mastery.columnar.arithmetic import Bools, Floats, Ints
from outcomes.projections.mastery.columnar.policies import Policies, policies_of
from outcomes.projections.mastery.columnar.results import Block, blocks
from outcomes.projections.mastery.columnar.scores import Scores, scores_of
from outcomes.projections.mastery.membership import ENROLLMENT_NOTES, Memberships
from outcomes.projections.mastery.policy import Policy
from outcomes.projections.mastery.results import Assessments, Pair, Scope, pairs_at
from outcomes.projections.mastery.row import NO_RESULT_COUNTS, Basis, MasteryRow, notes_of, row_of

_Objects = npt.NDArray[np.object_]

_STATES = tuple(EnrollmentState)

# From so many pairs on, reading the whole course once is cheaper than looking for each of them.
_MANY = 8


def rows_of_courses(basis: Basis, courses: Sequence[str], *, outcome: str | None = None) -> Iterator[MasteryRow]:
    """Return the rows of all students of courses, sorted within each; the courses come in the order given."""
    return chain.from_iterable(
        _rows_of_block(basis, block, outcome) for block in blocks(basis.connection, basis.point, courses, outcome)
    )


def _rows_of_block(basis: Basis, block: Block, outcome: str | None) -> Iterable[MasteryRow]:
    policies = policies_of(basis.book, block, basis.override)
    assessments = Assessments(basis.connection, basis.point, ())
    scores = scores_of(block, policies, assessments.handed_in)
    columns = _columns(block, policies, scores, _enrollments(basis.members, block))
    rows: Iterator[MasteryRow] = map(_row, zip(*columns, strict=True))
    if not scores.is_odd.any():
        return rows
    mended: list[MasteryRow | None] = list(rows)
    for course, place, pair in odd_pairs(basis, block, np.flatnonzero(scores.is_odd), outcome):
        mended[place] = None if pair is None else row_of(basis, assessments, course, pair)
    return [row for row in mended if row is not None]


# MasteryRow of its fields in order, without a call of Python: one is made for every pair of a whole log.
_row = partial(tuple.__new__, MasteryRow)


def _columns(block: Block, policies: Policies, scores: Scores, enrollments: Ints) -> Iterator[list[Any]]:
    """Yield the fields of MasteryRow, in its order, each with one entry a pair."""
    of_pair = policies.of_pair
    unassessed = np.isnan(scores.score)
    yield _objects(block.courses)[block.pair_course].tolist()
    yield _objects(block.students)[block.pair_student].tolist()
    yield _objects(block.outcomes)[block.pair_outcome].tolist()
    fields = [
        _objects(column)[of_pair].tolist() for column in zip(*map(_policy_fields, policies.policies), strict=True)
    ]
    title, mastery_points, points_possible, method, calculation_int, scale_source, method_source = fields
    yield title
    yield _with_none(scores.score, unassessed)
    yield _with_none(scores.score >= policies.mastery_points[of_pair], unassessed)
    yield _ratings(policies, scores.score)
    yield mastery_points
    yield points_possible
    yield method
    yield calculation_int
    yield scale_source
    yield method_source
    yield scores.counted.tolist()
    yield scores.used.tolist()
    never = np.isnan(scores.last_assessed_at)
    yield _with_none(np.nan_to_num(scores.last_assessed_at).astype(np.int64), never)
    yield np.where(scores.is_approximate, _objects(["approximate"]), _objects(["exact"])).tolist()
    nothing_counts = policies.is_linked[of_pair] & (scores.counted == 0)
    yield _notes(policies)[of_pair, enrollments, nothing_counts.astype(np.int64)].tolist()
    yield _objects(state.value for state in _STATES)[enrollments].tolist()


def _notes(policies: Policies) -> _Objects:
    """Return the notes of every policy, for every state of an enrollment, where results count and where none does."""
    notes = np.empty((len(policies.policies), len(_STATES), 2), dtype=object)
    for row, policy in zip(notes, policies.policies, strict=True):
        for cells, state in zip(row, _STATES, strict=True):
            cells[0] = (*notes_of(policy), *ENROLLMENT_NOTES[state])
            cells[1] = (*cells[0], NO_RESULT_COUNTS)
    return notes


def _enrollments(members: Memberships, block: Block) -> Ints:
    """Return the place in `_STATES` of what is known of each pair's student in its course."""
    keys, of_pair = np.unique(block.pair_course * len(block.students) + block.pair_student, return_inverse=True)
    states = (
        members.state(block.courses[course], block.students[student])
        for course, student in zip(*(part.tolist() for part in np.divmod(keys, len(block.students))), strict=True)
    )
    found: Ints = np.fromiter(map(_STATES.index, states), dtype=np.int64, count=len(keys))[of_pair]
    return found


def _policy_fields(policy: Policy) -> tuple[Any, ...]:
    scale, calculation = policy.scale, policy.calculation
    return (
        policy.title,
        None if scale is None else scale.mastery_points,
        None if scale is None else scale.points_possible,
        None if calculation is None else calculation.method.value,
        None if calculation is None else calculation.calculation_int,
        policy.scale_source,
        policy.method_source,
    )


def _ratings(policies: Policies, score: Floats) -> list[str | None]:
    """Return the name of the first rating whose points the score reaches; none below the lowest (DOMAIN.md 5.11)."""
    rows, width = policies.rating_points.shape
    names = np.full((rows, width + 1), None, dtype=object)
    for row, policy in zip(names, policies.policies, strict=True):
        if policy.scale is not None:
            # A policy with odd numbers has no rows here, and may have more ratings than any that has.
            ratings = policy.scale.ratings[:width]
            row[: len(ratings)] = [rating.description for rating in ratings]
    # Points run from high to low: as many as are above the score come before its rating.
    is_above = policies.rating_points[policies.of_pair] > score[:, np.newaxis]
    place = np.where(np.isnan(score), width, is_above.sum(axis=1))
    found: list[str | None] = names[policies.of_pair, place].tolist()
    return found


def _objects(values: Iterable[Any]) -> _Objects:
    """Return an array of the values themselves, even of tuples, which numpy would take for rows."""
    values = list(values)
    return np.fromiter(values, dtype=object, count=len(values))


def _with_none(values: npt.NDArray[Any], missing: Bools) -> list[Any]:
    found = values.astype(object)
    found[missing] = None
    listed: list[Any] = found.tolist()
    return listed


def odd_pairs(basis: Basis, block: Block, places: Ints, outcome: str | None) -> Iterator[tuple[str, int, Pair | None]]:
    """Yield course, place and results of the pairs that are not plain; None where all results have moved away."""
    for number in np.unique(block.pair_course[places]).tolist():
        course, here = block.courses[number], places[block.pair_course[places] == number].tolist()
        wanted = [
            (block.students[block.pair_student[place]], block.outcomes[block.pair_outcome[place]]) for place in here
        ]
        scopes = [Scope(course, None, outcome)] if len(here) >= _MANY else [Scope(course, *pair) for pair in wanted]
        found: dict[tuple[str, str], Pair] = {}
        for scope in scopes:
            pairs = pairs_at(basis.connection, basis.point, course, scope, basis.moved)
            found.update(((pair.student, pair.outcome_id), pair) for pair in pairs)
        yield from ((course, place, found.get(pair)) for place, pair in zip(here, wanted, strict=True))
