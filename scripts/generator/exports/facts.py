"""What Canvas knows of results and no event tells: when handed in, hidden, by which alignment, posted or not."""

from collections import defaultdict
from typing import Any, NamedTuple

from scripts.generator.clock import stamp
from scripts.generator.dice import Dice
from scripts.generator.exports.database import Database, Row
from scripts.generator.results import LIVE, RUBRIC

_HIDDEN, _HIDES_POINTS, _UNALIGNED, _MANUAL, _UNPOSTED = 0.01, 0.02, 0.03, 0.15, 0.3
_IN_NEW_QUIZZES, _TWICE = 0.004, 0.3
_ALIGNMENTS, _SUBMISSIONS, _POLICIES, _QUIZZES = 9_000_000, 7_000_000, 6_000_000, 8_000_000


class Facts(NamedTuple):
    """By result id: more columns; and the rows of the other tables."""

    of_result: dict[str, Row]
    alignments: list[Row]
    submissions: list[Row]
    policies: list[Row]
    new_quizzes: list[Row]


def facts_of(database: Database, students: dict[str, int], rng: Dice, at: int) -> Facts:
    """Make up what no event tells, always the same for the same school."""
    of_result: dict[str, Row] = {}
    alignments: dict[tuple[str, str, str], Row] = {}
    works: dict[str, dict[str, str]] = defaultdict(dict)
    for number, saves in database.of("result"):
        first, last = saves[0].body, saves[-1].body
        asset = (first.get("associated_asset_type", "Assignment"), first.get("associated_asset_id", "0"))
        alignment = _alignment(alignments, last, asset, rng, saves[0].at)
        submitted = last["assessed_at"] if last["artifact_type"] == LIVE else None
        if last["artifact_type"] == RUBRIC:
            submitted = database.handed_in.get(last["artifact_id"])
        of_result[number] = {
            "submitted_at": submitted,
            "hidden": rng.random() < _HIDDEN,
            "hide_points": rng.random() < _HIDES_POINTS,
            "content_tag_id": alignment["id"],
            "association_type": asset[0],
            "association_id": asset[1],
            "user_id": str(students[last["user_uuid"]]),
        }
        if asset[0] == "Assignment":
            works[asset[1]][str(students[last["user_uuid"]])] = last["result_context_id"]
    return Facts(of_result, list(alignments.values()), *_posting(works, rng, at), _new_quizzes(database, students, rng))


def _new_quizzes(database: Database, students: dict[str, int], rng: Dice) -> list[Row]:
    """Let some students take a New Quiz on what they were assessed in: question by question, some twice."""
    found: list[Row] = []
    for _, saves in database.of("result"):
        body = saves[-1].body
        if body["workflow_state"] != "active" or rng.random() >= _IN_NEW_QUIZZES:
            continue
        for attempt in range(1, 2 + (rng.random() < _TWICE)):
            questions = [(float(rng.randrange(3)), 2.0) for _ in range(1 + rng.randrange(3))]
            found.append(
                {
                    "course": body["result_context_id"],
                    "user": str(students[body["user_uuid"]]),
                    "user_uuid": body["user_uuid"],
                    "outcome": body["learning_outcome_id"],
                    "assignment": str(_QUIZZES + len(found) // 2),
                    "attempt": attempt,
                    "questions": questions,
                    "submitted_at": stamp(saves[-1].at + 3_600_000 * attempt),
                }
            )
    return found


def _alignment(known: dict[tuple[str, str, str], Row], result: Row, asset: tuple[str, str], rng: Dice, now: int) -> Row:
    key = (result["learning_outcome_id"], *asset)
    if key not in known:
        known[key] = {
            "id": str(_ALIGNMENTS + len(known)),
            "tag_type": "learning_outcome",
            "learning_outcome_id": result["learning_outcome_id"],
            "content_type": asset[0],
            "content_id": asset[1],
            "context_type": "Course",
            "context_id": result["result_context_id"],
            "workflow_state": "deleted" if rng.random() < _UNALIGNED else "active",
            "created_at": stamp(now),
            "updated_at": stamp(now),
        }
    return known[key]


def _posting(works: dict[str, dict[str, Any]], rng: Dice, at: int) -> tuple[list[Row], list[Row]]:
    submissions: list[Row] = []
    policies: list[Row] = []
    for assignment, handed in sorted(works.items()):
        is_manual = rng.random() < _MANUAL
        course = next(iter(handed.values()))
        policies.append(
            {
                "id": str(_POLICIES + len(policies)),
                "course_id": course,
                "assignment_id": assignment,
                "post_manually": is_manual,
                "created_at": stamp(at - 90_000_000),
                "updated_at": stamp(at - 90_000_000),
            }
        )
        for user in sorted(handed):
            waits = is_manual and rng.random() < _UNPOSTED
            submissions.append(
                {
                    "id": str(_SUBMISSIONS + len(submissions)),
                    "assignment_id": assignment,
                    "user_id": user,
                    "workflow_state": "graded",
                    "posted_at": None if waits else stamp(at - 80_000_000),
                    "created_at": stamp(at - 90_000_000),
                    "updated_at": stamp(at - 80_000_000),
                }
            )
    return submissions, policies
