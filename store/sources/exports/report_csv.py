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
from outcomes.store.sources.content import any_text_in
from outcomes.store.sources.exports.delimited import csv_records, lines_of, table_of
from outcomes.store.sources.exports.rows import number, whole
from outcomes.store.sources.files import InputChunks, open_source

_NEEDED = ("student id", "learning outcome id", "outcome score", "course id", "assessment id", "assessment type")
_ASSIGNMENT = re.compile(r"/assignments/(\d+)")
NEW_QUIZ = "new_quiz"


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
    submitted_at: str | None
    line: int


def rows_in(path: Path) -> Iterator[ReportRow]:
    """Yield the rows of a report as they are read; raises UnreadableInput that names the line."""
    name = str(path)
    with open_source(name) as stream:
        records = csv_records(lines_of(any_text_in(InputChunks(stream, name), name), name), name)
        columns, rows = table_of(records, name)
        lacking = [column for column in _NEEDED if column not in columns]
        if lacking:
            raise UnreadableInput(f"{name} has no column {', '.join(lacking)}: is it an Outcome Results report?")
        for line, row in rows:
            if row["learning outcome id"] is None:
                continue  # Canvas ends an empty report with a sentence
            try:
                yield _row(row, line)
            except ValueError as error:
                raise UnreadableInput(f"{name} line {line}: {error}: run the report again") from error


def _row(row: dict[str, str | None], line: int) -> ReportRow:
    kind, assessment = row["assessment type"] or "assignment", row["assessment id"] or ""
    address = _ASSIGNMENT.search(row.get("assignment url") or "")
    if kind == "quiz" and address is not None and address[1] == assessment:
        kind = NEW_QUIZ
    return ReportRow(
        row["course id"] or "",
        row["student id"] or "",
        row["learning outcome id"] or "",
        kind,
        assessment,
        row.get("assessment question id") or "",
        whole(row.get("attempt")) or 0,
        number(row["outcome score"]),
        number(row.get("learning outcome points possible")),
        row.get("submission date"),
        line,
    )
