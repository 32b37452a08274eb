"""Results that were told of one student, course or outcome, and are told of another now.

No event says that two people are one, nor why results are somebody else's.
"""

import sqlite3
from collections import Counter
from typing import NamedTuple

from outcomes.domain.identity import Context
from outcomes.projections.as_of.lookups import context_number
from outcomes.projections.as_of.point import PointInTime
from outcomes.projections.mastery.results import LastPlaces, number_of_student


class MovedTo(NamedTuple):
    """Where so many of them are now."""

    course_id: str
    student: str
    outcome_id: str
    results: int


def results_moved_from(
    connection: sqlite3.Connection,
    point: PointInTime,
    *,
    student: str | None = None,
    course: str | None = None,
    outcome: str | None = None,
) -> list[MovedTo]:
    """Return where results are that were once of what is named, and are not at the point; most of them first."""
    wanted = {
        "student": None if student is None else number_of_student(connection, point, student) or -1,
        "course": None if course is None else context_number(connection, point, Context("Course", course)) or -1,
        "outcome": outcome,
    }
    rows = connection.execute(
        "SELECT DISTINCT result_id FROM moved_results WHERE tenant = :tenant "
        "AND (:student IS NULL OR student = :student) AND (:course IS NULL OR course = :course) "
        "AND (:outcome IS NULL OR outcome_id = :outcome)",
        {"tenant": point.number, **wanted},
    )
    places = LastPlaces(connection, point)
    found = Counter(place for (result_id,) in rows.fetchall() if (place := places.of(result_id)) is not None)
    named = (wanted["course"], wanted["student"], wanted["outcome"])
    return [
        MovedTo(*_names(connection, *place[:2]), place[2], number)
        for place, number in found.most_common()
        if any(there is not None and there != here for there, here in zip(named, place, strict=True))
    ]


def _names(connection: sqlite3.Connection, course: int, student: int) -> tuple[str, str]:
    row = connection.execute(
        "SELECT c.id, s.uuid FROM contexts c, students s WHERE c.context = ? AND s.student = ?", (course, student)
    ).fetchone()
    return row[0], row[1]
