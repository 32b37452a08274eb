"""Who is a student of a course at a point, as enrollments have told up to it. DOMAIN.md 5.3."""

import sqlite3
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Mapping
from typing import Final

from outcomes.domain.identity import Context, Kind
from outcomes.domain.mastery import STUDENT_TYPES, EnrollmentState, membership
from outcomes.domain.times import Micros
from outcomes.projections.as_of.lookups import context_number, seek
from outcomes.projections.as_of.point import PointInTime
from outcomes.projections.views.schema import NEWEST_FIRST

ENROLLMENT_NOTES: Final[Mapping[str, tuple[str, ...]]] = {
    **dict.fromkeys(EnrollmentState, ()),
    EnrollmentState.UNKNOWN: ("no enrollment of this student in this course was seen: counted all the same",),
    EnrollmentState.DELETED: (
        "every known enrollment of this student in this course is deleted: in no class figure, and no list by default",
    ),
}
"""What is to be said of a row for the state of its student's enrollment."""


_KEPT_AT_MOST = 50_000


class Memberships:
    """The enrollment in force of students in courses at one point, each class looked up once."""

    def __init__(self, connection: sqlite3.Connection, point: PointInTime) -> None:
        self.point = point
        self._connection = connection
        self._known: dict[tuple[str, str | None], dict[str, EnrollmentState]] = {}

    def state(self, course: str, student: str, *, alone: bool = False) -> EnrollmentState:
        """Return what is known of a student in a course; `alone` if nobody else of the class will be asked for."""
        return self.of_course(course, student if alone else None).get(student, EnrollmentState.UNKNOWN)

    def of_course(self, course: str, student: str | None = None) -> dict[str, EnrollmentState]:
        """Return the state of every student of whom an enrollment in the course was seen, or of one `student` alone.

        One alone costs a seek in place of a class list.
        """
        key = course, student
        if key not in self._known:
            self._known[key] = self._look_up(course, student)
        return self._known[key]

    def _look_up(self, course: str, student: str | None) -> dict[str, EnrollmentState]:
        number = context_number(self._connection, self.point, Context("Course", course))
        if number is None:
            return {}
        rows = self._connection.execute(
            _OF_COURSE if student is None else _OF_STUDENT,
            {**self.point.bounds(), "course": number, "student": student},
        )
        states: dict[str, list[str | None]] = defaultdict(list)
        for name, state in rows:
            if name is not None and (student is None or name == student):
                states[name].append(state)
        return {name: membership(told) for name, told in states.items()}


def told_at(connection: sqlite3.Connection, point: PointInTime, course: str, student: str) -> list[Micros]:
    """Return the event times, in order, of all that had told of a student in a course up to a point."""
    number = context_number(connection, point, Context("Course", course))
    bounds = {**point.bounds(), "course": number, "student": student}
    told = connection.execute(
        f"SELECT event_time, position FROM ({_TOLD}) WHERE event_time <= :until AND position <= :known_at", bounds
    )
    return sorted({row[0] for row in told})


class MembershipHistory:
    """What was known of students in courses at many positions of the log, for one event time.

    Each is looked up once for a stretch of the log in which nothing was told of it.
    """

    def __init__(self, connection: sqlite3.Connection, point: PointInTime) -> None:
        self._connection = connection
        self._point = point
        self._known: dict[tuple[str, str], tuple[list[int], dict[int, EnrollmentState]]] = {}

    def state(self, course: str, student: str, known_at: int) -> EnrollmentState:
        """Return what was known of a student in a course at a position."""
        key = course, student
        if key not in self._known:
            if len(self._known) >= _KEPT_AT_MOST:
                self._known.clear()
            self._known[key] = self._marks_of(course, student), {}
        marks, states = self._known[key]
        stretch = bisect_right(marks, known_at)
        if stretch not in states:
            members = Memberships(self._connection, self._point._replace(known_at=known_at))
            states[stretch] = members.state(course, student, alone=True)
        return states[stretch]

    def _marks_of(self, course: str, student: str) -> list[int]:
        """Return the positions, in order, of all that may tell whether a student is in a course."""
        number = context_number(self._connection, self._point, Context("Course", course))
        bounds = {"tenant": self._point.number, "course": number, "student": student}
        return sorted(row[1] for row in self._connection.execute(_TOLD, bounds))


# Older enrollments name only the user's id; whose it is, users tell.
_USER = (
    "(SELECT uuid FROM user_versions u WHERE u.tenant = :tenant AND u.user_id = v.user_id "
    f"AND u.event_time <= :until AND u.position <= :known_at AND u.uuid IS NOT NULL ORDER BY {NEWEST_FIRST} LIMIT 1)"
)
_IS_STUDENT = f"v.type IS NULL OR v.type IN ({', '.join(map(repr, STUDENT_TYPES))})"
_OF_COURSE = (
    f"SELECT coalesce(v.user_uuid, {_USER}), v.workflow_state FROM course_enrollments e "
    f"JOIN enrollment_versions v ON v.position = {seek(Kind.ENROLLMENT, 'e.enrollment_id')} "
    f"WHERE e.course = :course AND v.context = :course AND ({_IS_STUDENT})"
)
_OF_STUDENT = f"{_OF_COURSE} AND e.user_uuid IN (:student, '')"
_VERSIONS = (
    "FROM course_enrollments e CROSS JOIN enrollment_versions v ON v.tenant = :tenant "
    "AND v.enrollment_id = e.enrollment_id"
)
_TOLD = (
    f"SELECT v.event_time, v.position {_VERSIONS} WHERE e.course = :course AND e.user_uuid IN (:student, '') "
    f"UNION SELECT u.event_time, u.position {_VERSIONS} CROSS JOIN user_versions u "
    "ON u.tenant = :tenant AND u.user_id = v.user_id WHERE e.course = :course AND e.user_uuid = ''"
)
