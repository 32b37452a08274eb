"""The account's Outcome Results report: the one export that has New Quizzes, and needs no engineer.

A row stands for a result or one question of it, again for every section and pseudonym of the student. No row has an id
or tells when it was saved. A New Quiz has the type of a classic quiz; it is told by its id, which is that of the
assignment in the row's own address.
"""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from outcomes.domain.errors import UnreadableInput
from outcomes.domain.times import Micros, micros, parse_moment
from outcomes.store.sources.exports.delimited import csv_records_in, table_of
from outcomes.store.sources.exports.rows import number, whole

_NEEDED = ("student id", "learning outcome id", "outcome score", "course id", "assessment id", "assessment type")
_ASSIGNMENT = re.compile(r"/assignments/(\d+)")
NEW_QUIZ = "new_quiz"
_PLACES = (
    ("section", "section id", {"name": "section name", "sis_source_id": "section sis id"}),
    ("course_detail", "course id", {"sis_source_id": "course sis id"}),
    ("user", "student id", {"user_sis_id": "student sis id"}),
)
"""Kinds of place that a row tells of: the column of its id, and of each field that an observation has, the column."""


class ReportRow(NamedTuple):
    """One row. `assessment_type` is assignment, quiz or new_quiz; ids are local."""

    course_id: str
    user_id: str
    outcome_id: str
    assessment_type: str
    assessment_id: str
    question_id: str
    attempt: int
    score: float | None
    possible: float | None
    submitted_at: Micros | None
    line: int


class ReportPlace(NamedTuple):
    """A section, course or student that rows name: what they tell of it, under the fields of observations."""

    kind: str
    id: str
    told: dict[str, str]


def places_in(path: Path) -> Iterator[ReportPlace]:
    """Yield each section, course and student that a report names with a name or an id of the school; each once."""
    seen: set[tuple[str, str]] = set()
    _, rows = table_of(csv_records_in(path), str(path))
    for _, row in rows:
        for kind, id_column, columns in _PLACES:
            local_id = row.get(id_column)
            told = {field: value for field, column in columns.items() if (value := row.get(column))}
            if local_id and told and (kind, local_id) not in seen:
                seen.add((kind, local_id))
                course = row.get("course id")
                of_course = {"course_id": course} if kind == "section" and course else {}
                yield ReportPlace(kind, local_id, {**told, **of_course})


def rows_in(path: Path) -> Iterator[ReportRow]:
    """Yield the rows of a report as they are read; raises UnreadableInput that names the line."""
    name = str(path)
    columns, rows = table_of(csv_records_in(path), name)
    lacking = [column for column in _NEEDED if column not in columns]
    if lacking:
        raise UnreadableInput(
            f"{name} has no column {', '.join(lacking)}: is it an Outcome Results report? "
            "Files of Canvas Data 2 are given by their folder"
        )
    for line, row in rows:
        if row["learning outcome id"] is None:
            continue  # Canvas ends an empty report with a sentence
        try:
            yield _row(row, line)
        except (ValueError, OverflowError) as error:
            raise UnreadableInput(f"{name} line {line}: {error}: run the report again") from error


def _instant(text: str | None) -> Micros | None:
    return None if text is None or not text.strip() else micros(parse_moment(text))


def _row(row: dict[str, str | None], line: int) -> ReportRow:
    kind, assessment = row["assessment type"] or "assignment", row["assessment id"] or ""
    address = _ASSIGNMENT.search(row.get("assignment url") or "")
    if kind == "quiz" and address is not None and address[1] == assessment:
        kind = NEW_QUIZ
    return ReportRow(
        course_id=row["course id"] or "",
        user_id=row["student id"] or "",
        outcome_id=row["learning outcome id"] or "",
        assessment_type=kind,
        assessment_id=assessment,
        question_id=row.get("assessment question id") or "",
        attempt=whole(row.get("attempt")) or 0,
        score=number(row["outcome score"]),
        possible=number(row.get("learning outcome points possible")),
        submitted_at=_instant(row.get("submission date")),
        line=line,
    )
