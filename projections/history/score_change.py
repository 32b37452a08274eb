"""How a student's score of an outcome differs between two points, as every answer that tells it has it."""

from typing import Any

from outcomes.domain.mastery.running_rollup import NOT_ASSESSED, Standing
from outcomes.projections.mastery.row import MasteryRow


def score_change(
    pair: tuple[str, str, str], title: str | None, sides: tuple[Standing, Standing], enrollment: str
) -> dict[str, Any]:
    """Return how a score and its mastery stand before and after; `pair` is the course, the student and the outcome."""
    course, student, outcome = pair
    before, after = sides
    return {
        "course_id": course,
        "student": student,
        "outcome_id": outcome,
        "outcome_title": title,
        "score": [before.score, after.score],
        "mastered": [before.mastered, after.mastered],
        "enrollment": enrollment,
    }


def change_between(one: MasteryRow | None, other: MasteryRow | None) -> dict[str, Any] | None:
    """Return how two rows of a pair, at least one of which is there, differ in score or mastery; None if they do not.

    A student who was removed from the course has neither, whatever their results would come to.
    """
    row = other or one
    assert row is not None  # noqa: S101 - there is nothing to compare otherwise
    before, after = _standing(one), _standing(other)
    if before == after:
        return None
    return score_change(
        (row.course_id, row.student, row.outcome_id), row.outcome_title, (before, after), row.enrollment
    )


def _standing(row: MasteryRow | None) -> Standing:
    return NOT_ASSESSED if row is None or row.is_removed else Standing(row.score, row.mastered)
