"""Canvas's own rollups of the school, as its REST API answers: worked out row by row from its database.

The arithmetic is the domain's, which is held to Canvas's own numbers elsewhere; which rows count, and in which order,
is found here, from the database and not from events.
"""

from collections import defaultdict
from typing import Any

from outcomes.domain.mastery import Calculation, MasteryScale, Rating, ScoredResult, rollup
from outcomes.domain.times import micros, parse_moment
from scripts.generator.exports.database import Database, Row
from scripts.generator.exports.facts import Facts

Pairs = dict[tuple[str, str, str], list[ScoredResult]]


def rollups_of(database: Database, facts: Facts) -> list[Row]:
    """Return one answer for each course with results."""
    last = {key: saves[-1].body for key, saves in database.saves.items()}
    outcomes = {key[1]: body for key, body in last.items() if key[0] == "outcome"}
    linked = {
        (body["context_id"], body["learning_outcome_id"])
        for (kind, _), body in last.items()
        if kind == "link" and body["context_type"] == "Course" and body["workflow_state"] == "active"
    }
    removed = _removed(last)
    users_of = {
        body["user_uuid"]: facts.of_result[number]["user_id"]
        for (kind, number), body in last.items()
        if kind == "result"
    }
    answers: dict[str, dict[str, list[Row]]] = defaultdict(lambda: defaultdict(list))
    for (course, student, outcome), results in sorted(_pairs(last, facts).items()):
        if (course, outcome) not in linked or (course, student) in removed:
            continue
        found = rollup(results, _scale(outcomes[outcome]), _calculation(outcomes[outcome]))
        score = {"score": found.score, "count": len(results), "links": {"outcome": outcome}}
        answers[course][users_of[student]].append(score)
    return [
        {
            "course_id": course,
            "rollups": [
                {"scores": scores, "links": {"user": user, "section": str(5_000_000 + int(course))}}
                for user, scores in users.items()
            ],
            "linked": {
                "outcomes": [_linked(outcomes[name]) for name in sorted({name for of, name in linked if of == course})]
            },
        }
        for course, users in answers.items()
    ]


def _pairs(last: dict[tuple[str, str], Row], facts: Facts) -> Pairs:
    deleted = {row["id"] for row in facts.alignments if row["workflow_state"] == "deleted"}
    pairs: Pairs = defaultdict(list)
    for (kind, number), body in last.items():
        if kind != "result" or body["workflow_state"] != "active" or body.get("score") is None:
            continue
        fact = facts.of_result[number]
        if fact["hidden"] or fact["content_tag_id"] in deleted:
            continue
        key = (body["result_context_id"], body["user_uuid"], body["learning_outcome_id"])
        pairs[key].append(
            ScoredResult(
                number,
                body["score"],
                body.get("possible"),
                body.get("percent"),
                _time(fact["submitted_at"]),
                _time(body["assessed_at"]),
                body["artifact_type"],
                body["artifact_id"],
            )
        )
    for quiz in _last_attempts(facts):
        score, possible = (sum(part) for part in zip(*quiz["questions"], strict=True))
        at = _time(quiz["submitted_at"])
        name = f"new_quiz.{quiz['assignment']}.{quiz['user']}.{quiz['outcome']}"
        key = (quiz["course"], quiz["user_uuid"], quiz["outcome"])
        pairs[key].append(ScoredResult(name, score, possible, round(score / possible, 4), at, at, "NewQuiz"))
    return pairs


def _last_attempts(facts: Facts) -> list[Row]:
    last = {(quiz["assignment"], quiz["user"], quiz["outcome"]): quiz for quiz in facts.new_quizzes}
    return list(last.values())


def _removed(last: dict[tuple[str, str], Row]) -> set[tuple[str, str]]:
    """Return (course, student) of whom every enrollment is deleted."""
    states: dict[tuple[str, str], set[str]] = defaultdict(set)
    for (kind, _), body in last.items():
        if kind == "enrollment" and body["type"] in {"StudentEnrollment", "StudentViewEnrollment"}:
            states[str(int(body["course_id"]) % 10**13), body["user_uuid"]].add(body["workflow_state"])
    return {key for key, found in states.items() if found == {"deleted"}}


def _time(text: str | None) -> int | None:
    return None if text is None else micros(parse_moment(text))


def _scale(outcome: Row) -> MasteryScale:
    criterion = outcome["rubric_criterion"]
    ratings = tuple(Rating(rating["description"], rating["points"]) for rating in criterion["ratings"])
    return MasteryScale(criterion["mastery_points"], criterion["points_possible"], ratings)


def _calculation(outcome: Row) -> Calculation:
    return Calculation.of(outcome["calculation_method"], outcome.get("calculation_int"), new_decaying_average=True)


def _linked(outcome: Row) -> dict[str, Any]:
    criterion = outcome["rubric_criterion"]
    return {
        "id": outcome["learning_outcome_id"],
        "calculation_method": outcome["calculation_method"],
        "calculation_int": outcome.get("calculation_int"),
        "mastery_points": criterion["mastery_points"],
        "points_possible": criterion["points_possible"],
    }
