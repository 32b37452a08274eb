"""The account's Outcome Results report: a row for each result, or each question of a New Quiz, some in two sections."""

import csv
from collections.abc import Iterator
from pathlib import Path

from scripts.generator.exports.database import Database, Row
from scripts.generator.exports.facts import Facts
from scripts.generator.results import QUIZ
from scripts.generator.school import School

_COLUMNS = (
    "student name",
    "student id",
    "student sis id",
    "assessment title",
    "assessment id",
    "assessment type",
    "submission date",
    "submission score",
    "learning outcome name",
    "learning outcome id",
    "attempt",
    "outcome score",
    "assessment question",
    "assessment question id",
    "course name",
    "course id",
    "course sis id",
    "section name",
    "section id",
    "section sis id",
    "assignment url",
    "learning outcome points possible",
)


def write_report(path: Path, database: Database, facts: Facts, school: School) -> None:
    """Write the report of the whole school."""
    with path.open("w", newline="") as out:
        writer = csv.DictWriter(out, _COLUMNS, lineterminator="\n")
        writer.writeheader()
        for row in _rows(database, facts, school):
            # A student in two sections is reported for both.
            for section in range(1 + int(row["student id"]) % 5 // 4):
                writer.writerow({**row, "section name": f"Section {section + 1}", "section id": 5_000_000 + section})


def _rows(database: Database, facts: Facts, school: School) -> Iterator[Row]:
    deleted = {row["id"] for row in facts.alignments if row["workflow_state"] == "deleted"}
    for number, saves in database.of("result"):
        body, fact = saves[-1].body, facts.of_result[number]
        if (
            body["workflow_state"] == "deleted"
            or fact["content_tag_id"] in deleted
            or "associated_asset_id" not in body
        ):
            continue
        kind = "quiz" if body["artifact_type"] == QUIZ else "assignment"
        asset = body["associated_asset_id"]
        yield {
            **_common(body["result_context_id"], fact["user_id"], body["learning_outcome_id"], school),
            "assessment id": asset,
            "assessment type": kind,
            "submission date": fact["submitted_at"],
            "attempt": body["attempt"],
            "outcome score": body.get("score"),
            "learning outcome points possible": body.get("possible"),
            "assignment url": f"https://{school.host}/courses/1/assignments/{int(asset) + (kind == 'quiz')}",
        }
    for quiz in facts.new_quizzes:
        for place, (score, possible) in enumerate(quiz["questions"], 1):
            yield {
                **_common(quiz["course"], quiz["user"], quiz["outcome"], school),
                "assessment id": quiz["assignment"],
                "assessment type": "quiz",
                "submission date": quiz["submitted_at"],
                "attempt": quiz["attempt"],
                "outcome score": score,
                "assessment question": f"Question {place}",
                "assessment question id": str(place),
                "learning outcome points possible": possible,
                "assignment url": f"https://{school.host}/courses/{quiz['course']}/assignments/{quiz['assignment']}",
            }


def _common(course: str, user: str, outcome: str, school: School) -> Row:
    return {
        "student name": f"Pupil {user}",
        "student id": user,
        "student sis id": f"P-{user}",
        "learning outcome id": outcome,
        "course id": course,
        "course sis id": f"C-{course}",
        "course name": school.root.name,
    }
