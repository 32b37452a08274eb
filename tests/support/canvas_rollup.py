"""Canvas's rollup written down once more, straight from DOMAIN.md 5 and 11, with nothing of the code under test.

It is slow and plain on purpose: one student's results on one outcome as the bodies of their events, one answer.
"""

import math
from datetime import datetime
from typing import Any, NamedTuple

Body = dict[str, Any]
WITHOUT_SHARED_QUIZ_VALUE = {"highest", "n_mastery"}
READS_IN_TIME = {"latest", "decaying_average", "weighted_average", "standard_decaying_average"}
DEFAULT_INTS = {"n_mastery": 5, "decaying_average": 65, "weighted_average": 65, "standard_decaying_average": 65}


class Answer(NamedTuple):
    """What a gradebook shows."""

    score: float | None
    mastered: bool | None
    count: int


class Rules(NamedTuple):
    """How an outcome is scored, and what is known of the rest of the course."""

    method: str
    number: int | None
    mastery_points: float
    points_possible: float
    is_linked: bool
    running_decay: bool
    """outcomes_new_decaying_average_calculation."""


def canvas_rollup(results: list[Body], handed_in: dict[str, str | None], rules: Rules) -> Answer:
    """Roll up; `handed_in` is submitted_at by assessment, where it was told."""
    kept = [row for row in results if row.get("workflow_state") in {"active", None} and row.get("score") is not None]
    if not rules.is_linked:
        kept = []
    kept.sort(key=lambda row: int(row["id"]))
    valued = list(zip(kept, _values(kept, rules), strict=True))
    if rules.method in READS_IN_TIME:
        valued.sort(key=lambda pair: _second(pair[0], handed_in))
    values = [value for _, value in valued if value is not None]
    unrounded = _formula(values, rules) if values else None
    score = None if unrounded is None else ruby_round(unrounded)
    return Answer(score, None if score is None else score >= rules.mastery_points, len(kept))


def is_listed(enrollments: list[Body]) -> bool:
    """Say whether Canvas lists the student: unless all that is known of their enrollments is deleted (5.3)."""
    of_students = [body for body in enrollments if body["type"] in {"StudentEnrollment", "StudentViewEnrollment"}]
    return not of_students or any(body["workflow_state"] != "deleted" for body in of_students)


def ruby_round(value: float) -> float:
    """DOMAIN.md 5.9 (iii)."""
    if value < 0:
        return -ruby_round(-value)
    nearest = math.floor(value * 100)
    if value * 100 - nearest >= 0.5:
        nearest += 1
    if value > 0 and (nearest + 0.5) / 100 <= value:
        nearest += 1
    return nearest / 100


def _second(row: Body, handed_in: dict[str, str | None]) -> int:
    submitted = handed_in.get(row["artifact_id"]) if row.get("artifact_type") == "RubricAssessment" else None
    told = submitted or row.get("assessed_at")
    return 0 if told is None else math.floor(datetime.fromisoformat(told).timestamp())


def _values(rows: list[Body], rules: Rules) -> list[float | None]:
    base = rules.points_possible if rules.points_possible > 0 else rules.mastery_points
    values: list[float | None] = []
    for row in rows:
        percent = row.get("percent")
        own = row["score"] if percent is None else percent * base
        if rules.method in WITHOUT_SHARED_QUIZ_VALUE or row.get("artifact_type") != "Quizzes::QuizSubmission":
            values.append(own)
        else:
            quiz = [one for one in rows if one.get("artifact_type") == row["artifact_type"] and _same(one, row)]
            values.append(_quiz(quiz, base))
    return values


def _same(one: Body, other: Body) -> bool:
    names = [row.get("artifact_id") or f"alone {row['id']}" for row in (one, other)]
    return names[0] == names[1]


def _quiz(rows: list[Body], base: float) -> float | None:
    total = weighted = 0.0
    for row in rows:
        if row.get("possible") is not None:
            if row.get("percent") is None:
                return None
            total += row["possible"]
            weighted += row["possible"] * row["percent"]
    return weighted / total * base if total else None


def _formula(values: list[float], rules: Rules) -> float | None:
    method = rules.method
    number = DEFAULT_INTS.get(method, 0) if rules.number is None else rules.number
    if method == "highest":
        return max(values)
    if method == "latest":
        return values[-1]
    if method == "average":
        return math.fsum(values) / len(values)
    if method == "n_mastery":
        reached = [value for value in values if value >= rules.mastery_points]
        return math.fsum(reached) / len(reached) if reached and len(reached) >= number else None
    if len(values) == 1:
        return values[0]
    if method == "standard_decaying_average" and rules.running_decay:
        reached_so_far = values[0]
        for value in values[1:]:
            reached_so_far = reached_so_far * (0.01 * (100 - number)) + value * (0.01 * number)
        return reached_so_far
    others = math.fsum(values[:-1]) / (len(values) - 1)
    return values[-1] * (0.01 * number) + others * (0.01 * (100 - number))
