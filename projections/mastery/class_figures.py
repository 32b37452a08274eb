"""Figures of a class at a point, outcome by outcome, without any name; beside them those kept at erasures."""

import sqlite3
from collections import defaultdict
from typing import Any, NamedTuple

import orjson

from outcomes.domain.identity import id_sort_key
from outcomes.domain.mastery import EnrollmentState, Rating, class_mean, class_median, distribution
from outcomes.domain.times import to_text
from outcomes.projections.as_of.point import PointInTime
from outcomes.projections.mastery.membership import Memberships, told_at
from outcomes.projections.mastery.policy import PolicyBook
from outcomes.projections.mastery.query import mastery_at
from outcomes.projections.mastery.results import Scope
from outcomes.projections.mastery.row import MasteryRow

SMALLEST_KEPT = 5
"""Figures of fewer assessed students are not kept at an erasure: in a class of one, the mean is the score."""


class ClassFigures(NamedTuple):
    """One outcome in one course. `students` have results, `assessed` have a score; no scores, no figures."""

    course_id: str
    outcome_id: str
    outcome_title: str | None
    students: int
    assessed: int
    mean: float | None
    median: float | None
    mastered: int
    distribution: list[dict[str, Any]]

    def kept(self) -> dict[str, Any]:
        """Return what an erasure keeps of the figures: no score of anyone where there are too few to hide in."""
        if self.assessed >= SMALLEST_KEPT:
            return self._asdict()
        return {**self._asdict(), "mean": None, "median": None, "mastered": None, "distribution": []}


def class_figures(connection: sqlite3.Connection, point: PointInTime, course: str) -> list[ClassFigures]:
    """Return the figures of every outcome with results in a course (DOMAIN.md 5.10), by outcome id."""
    by_outcome: dict[str, list[MasteryRow]] = defaultdict(list)
    for row in mastery_at(connection, point, Scope(course=course)):
        by_outcome[row.outcome_id].append(row)
    book = PolicyBook(connection, point)
    return [
        _figures(course, rows, _ratings(book, course, outcome_id))
        for outcome_id, rows in sorted(by_outcome.items(), key=lambda item: id_sort_key(item[0]))
    ]


def kept_figures(connection: sqlite3.Connection, point: PointInTime, course: str) -> dict[str, list[dict[str, Any]]]:
    """Return, by outcome, the figures that were in force when someone of the class was erased, oldest first."""
    rows = connection.execute(
        "SELECT event_time, figures FROM erasure_versions WHERE tenant = :tenant AND event_time <= :until "
        "AND position <= :known_at ORDER BY event_time, position",
        point.bounds(),
    )
    kept: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for event_time, figures in rows:
        for figure in orjson.loads(figures):
            if figure["course_id"] == course:
                told = {name: value for name, value in figure.items() if name not in _ABOVE}
                kept[figure["outcome_id"]].append({"erased_at": to_text(event_time), **told})
    return kept


_ABOVE = {"course_id", "outcome_id", "outcome_title"}


def class_answer(connection: sqlite3.Connection, point: PointInTime, course: str) -> list[dict[str, Any]]:
    """Return one row per outcome: the figures at the point, and what was kept at erasures."""
    kept = kept_figures(connection, point, course)
    rows = {found.outcome_id: found for found in class_figures(connection, point, course)}
    book = PolicyBook(connection, point)
    for outcome_id in kept.keys() - rows.keys():
        title = book.policy(course, outcome_id).title
        rows[outcome_id] = ClassFigures(course, outcome_id, title, 0, 0, None, None, 0, [])
    return [
        {**rows[outcome_id]._asdict(), "kept": kept.get(outcome_id, [])} for outcome_id in sorted(rows, key=id_sort_key)
    ]


def figures_with(connection: sqlite3.Connection, point: PointInTime, student: str) -> list[dict[str, Any]]:
    """Return what is kept when a student is erased: the figures of each outcome that they have results on.

    Of a class that they have left, those of just before they did, with `as_of`: the last in which they counted.
    """
    rows = mastery_at(connection, point, Scope(student=student), include_removed=True)
    courses = {row.course_id: row.is_removed for row in rows}
    found: list[dict[str, Any]] = []
    for course, has_left in courses.items():
        last = _before_leaving(connection, point, course, student) if has_left else point
        if last is None:
            continue
        theirs = {row.outcome_id for row in mastery_at(connection, last, Scope(course, student))}
        of_then = {"as_of": to_text(last.until)} if has_left else {}
        found += [
            {**figures.kept(), **of_then}
            for figures in class_figures(connection, last, course)
            if figures.outcome_id in theirs
        ]
    return found


def _before_leaving(
    connection: sqlite3.Connection, point: PointInTime, course: str, student: str
) -> PointInTime | None:
    """Return the last point at which a student counted in a course that they have left; None if they never did."""
    for at in reversed(told_at(connection, point, course, student)):
        earlier = point._replace(as_of=at - 1, until=at - 1)
        if Memberships(connection, earlier).state(course, student, alone=True) is not EnrollmentState.DELETED:
            return earlier
    return None


def _figures(course: str, rows: list[MasteryRow], ratings: tuple[Rating, ...]) -> ClassFigures:
    scores = [row.score for row in rows]
    mean = class_mean(scores)
    counted = distribution(scores, [rating.points for rating in ratings])
    return ClassFigures(
        course,
        rows[0].outcome_id,
        rows[0].outcome_title,
        len(rows),
        mean.n,
        mean.score,
        class_median(scores).score,
        sum(row.mastered is True for row in rows),
        [
            {"rating": rating.description, "points": rating.points, "students": count, "percent": percent}
            for rating, count, percent in zip(ratings, counted.counts, counted.percents, strict=True)
        ],
    )


def _ratings(book: PolicyBook, course: str, outcome_id: str) -> tuple[Rating, ...]:
    scale = book.policy(course, outcome_id).scale
    return () if scale is None else scale.ratings
