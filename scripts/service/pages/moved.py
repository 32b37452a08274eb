"""Where to go from an address whose results are another's now: a student's, a course's, an outcome's.

That results which were told of one are told of another is all that events say of it; a merge of accounts alone leaves
results where they are (docs/interop.md, "Accounts of people that were merged").
"""

from collections import Counter
from typing import NamedTuple

from outcomes.api.point import Point
from outcomes.service.pages import frame, words
from outcomes.service.pages.viewer import Viewer


class Moved(NamedTuple):
    """So many results, and the address where they are now."""

    words: str
    name: str
    address: str


def of_student(viewer: Viewer, student: str) -> list[Moved]:
    """Return who has results now that were a student's."""
    counts: Counter[str] = Counter()
    for one in () if viewer.grant.scope.contexts else _here(viewer).results_moved_from(student=student):
        counts[one.student] += one.results
    return [
        _moved(number, "student", viewer.student_name(other), viewer.where.to(f"/student/{other}"))
        for other, number in counts.items()
        if other != student
    ]


def of_course(viewer: Viewer, course: str) -> list[Moved]:
    """Return which courses have results now that were a course's."""
    counts: Counter[str] = Counter()
    for one in () if viewer.grant.scope.contexts else _here(viewer).results_moved_from(course=course):
        counts[one.course_id] += one.results
    return [
        _moved(number, "course", frame.name_of(viewer, f"Course:{other}"), viewer.where.to(f"/course/{other}"))
        for other, number in counts.items()
        if other != course
    ]


def of_score(viewer: Viewer, course: str, student: str, outcome: str) -> list[Moved]:
    """Return which scores are made now of results that one was made of."""
    if viewer.grant.scope.contexts:
        return []
    found = _here(viewer).results_moved_from(student=student, course=course, outcome=outcome)
    return [
        _moved(
            one.results,
            "score",
            f"{viewer.student_name(one.student)} in {frame.name_of(viewer, f'Course:{one.course_id}')}",
            viewer.where.to(f"/why/{one.course_id}/{one.student}/{one.outcome_id}"),
        )
        for one in found
    ]


def _here(viewer: Viewer) -> Point:
    return viewer.home.at(viewer.where.at, viewer.where.known, viewer.tenant)


def _moved(number: int, of: str, name: str, address: str) -> Moved:
    verb = "is" if number == 1 else "are"
    return Moved(f"{words.count(number, 'result')} of this {of} {verb} told of", name, address)
