"""Each student's mastery of each outcome in each course at a point: the contract's ROW, computed on read.

The present and every past are the same question, and nothing is kept between two of them. Whole courses are computed in
columns (`mastery.columnar`), a single student pair by pair (`mastery.row`); a law holds the two equal.
"""

import sqlite3
from collections.abc import Iterator
from itertools import chain

from outcomes.domain.identity import id_sort_key
from outcomes.projections.as_of.point import PointInTime
from outcomes.projections.mastery.membership import Memberships
from outcomes.projections.mastery.policy import PolicyBook
from outcomes.projections.mastery.results import (
    Assessments,
    LastPlaces,
    Pair,
    Scope,
    courses_of,
    pairs_at,
    rubrics_of,
)
from outcomes.projections.mastery.row import Basis, MasteryRow, Override, row_of


def mastery_at(
    connection: sqlite3.Connection,
    point: PointInTime,
    scope: Scope,
    *,
    override: Override | None = None,
    policy_point: PointInTime | None = None,
    include_removed: bool = False,
) -> Iterator[MasteryRow]:
    """Return the rows of a scope, course by course, each course sorted, computed as they are asked for.

    With `policy_point` the policies are those of another moment than the results: how many would flip by an edit
    alone. Students all of whose known enrollments in a course are deleted at the point are left out (DOMAIN.md 5.3).
    """
    is_of_one = scope.course is not None and scope.outcome is not None
    book, members = PolicyBook(connection, policy_point or point, is_of_one), Memberships(connection, point)
    moved = LastPlaces(connection, point)
    basis = Basis(connection, point, book, members, override, scope.student is not None, moved)
    courses = sorted(courses_of(connection, point, scope), key=id_sort_key)
    if scope.student is None:
        from outcomes.projections.mastery.columnar.rows import rows_of_courses  # noqa: PLC0415 - numpy is slow to load

        rows = rows_of_courses(basis, courses, outcome=scope.outcome)
    else:
        rows = chain.from_iterable(rows_by_pair(basis, course, scope) for course in courses)
    return rows if include_removed else (row for row in rows if not row.is_removed)


def rows_by_pair(basis: Basis, course: str, scope: Scope) -> list[MasteryRow]:
    """Return the rows of a scope in one course, sorted, each computed on its own."""
    connection, point = basis.connection, basis.point
    pairs = list(pairs_at(connection, point, course, scope, basis.moved))
    # What another policy than the one in force will ask for is not known beforehand.
    wanted = _ids_that_matter(basis.book, course, pairs) if basis.override is None else ()
    assessments = Assessments(connection, point, wanted)
    outcome_order = {pair.outcome_id: (id_sort_key(pair.outcome_id), pair.outcome_id) for pair in pairs}
    pairs.sort(key=lambda pair: (pair.student, outcome_order[pair.outcome_id]))
    return [row_of(basis, assessments, course, pair) for pair in pairs]


def _ids_that_matter(book: PolicyBook, course: str, pairs: list[Pair]) -> Iterator[str]:
    """Yield the assessments whose times decide an order: asked for at once, they cost a third."""
    for _, outcome_id, results in pairs:
        calculation = book.policy(course, outcome_id).calculation
        if len(results) > 1 and calculation is not None and calculation.in_time_order:
            yield from rubrics_of(results)
