"""The Outcome Results report against the log: what it holds of New Quizzes, and what of the rest was never told."""

import sqlite3
from collections import defaultdict
from collections.abc import Iterable, Iterator
from itertools import groupby
from typing import Any, NamedTuple

from outcomes.domain.identity import Context, Kind
from outcomes.domain.reconciliation import ExportMoment, Judgement, Verdict
from outcomes.domain.times import Micros, to_text
from outcomes.projections.as_of.lookups import context_number
from outcomes.projections.as_of.names import student_ids
from outcomes.projections.as_of.point import PointInTime
from outcomes.projections.mastery.results import NEW_QUIZ_ARTIFACT
from outcomes.projections.reconcile.present import Present
from outcomes.projections.reconcile.verdicts import Verdicts
from outcomes.projections.views.extract import WEEK
from outcomes.store.observations.lookups import Lookups
from outcomes.store.observations.observation import Observation, Writer
from outcomes.store.observations.spool import Spool
from outcomes.store.sources.exports.report_csv import NEW_QUIZ, ReportRow

TABLE = "outcome_results_report"
_CLOSE = 1e-9
_DIGITS = 4
_ASSETS = {"Assignment": "assignment", "Quizzes::Quiz": "quiz", "Quiz": "quiz"}

Key = tuple[str, str, str, str]
"""Student, outcome, type and id of what was assessed."""


class Assessed(NamedTuple):
    """What a report says of one student, outcome and assessment: the last attempt, its questions added up."""

    course_id: str
    user_id: str
    outcome_id: str
    assessment_type: str
    assessment_id: str
    attempt: int
    score: float | None
    possible: float | None
    submitted_at: Micros | None
    questions: int


def assessed(lookups: Lookups, rows: Iterable[ReportRow]) -> Iterator[Assessed]:
    """Yield what rows come to, each once, whatever sections and pseudonyms they were repeated for."""
    lookups.keep("report", (row[:-1] for row in rows))
    found = lookups.streamed("SELECT * FROM report ORDER BY course, user, outcome, type, assessment, attempt")
    for key, group in groupby(found, key=lambda row: row[:5]):
        rows_of = list(group)
        attempt = rows_of[-1][6]
        last = [row for row in rows_of if row[6] == attempt]
        scores = [row[7] for row in last if row[7] is not None]
        possible = [row[8] for row in last if row[8] is not None]
        course, user, outcome, kind, assessment = key
        yield Assessed(
            course,
            user,
            outcome,
            kind,
            assessment,
            attempt,
            sum(scores) if scores else None,
            sum(possible) if possible else None,
            next((row[9] for row in last if row[9] is not None), None),
            len(last),
        )


class ReportComparison:
    """Compares one report; what it holds of New Quizzes is written to `spool`, if there is one."""

    def __init__(
        self,
        connection: sqlite3.Connection,
        point: PointInTime,
        present: Present,
        exported: ExportMoment,
        book: Verdicts,
        shard: int | None,
    ) -> None:
        self._connection = connection
        self._point = point
        self._present = present
        self._exported = exported
        self.book = book
        self.strangers = 0
        self._students = student_ids(connection, point, shard)
        self._course: str | None = None
        self._known: dict[Key, list[dict[str, Any]]] = {}

    def run(self, found: Iterable[Assessed], spool: Spool | None, writer: Writer) -> None:
        """Compare everything that a report says."""
        for one in found:
            student = self._students.get(one.user_id)
            if student is None:
                self.strangers += 1
                continue
            if one.course_id != self._course:
                self._course, self._known = one.course_id, self._results(one.course_id)
            key = (student, one.outcome_id, one.assessment_type, one.assessment_id)
            if one.assessment_type == NEW_QUIZ:
                self._new_quiz(one, student, self._known.get(key, []), spool, writer)
            else:
                self._told(one, self._known.get(key, []))

    def _results(self, course: str) -> dict[Key, list[dict[str, Any]]]:
        """Return the results of a course that are in force, by whom and what they assessed."""
        number = context_number(self._connection, self._point, Context("Course", course))
        rows = self._connection.execute(
            "SELECT DISTINCT v.result_id FROM course_weeks w JOIN result_versions v ON v.week = w.week "
            f"AND v.course = w.course WHERE w.course = :course AND w.week <= :until / {WEEK}",
            {**self._point.bounds(), "course": number},
        )
        here = self._present.results([row[0] for row in rows.fetchall()])
        found: dict[Key, list[dict[str, Any]]] = defaultdict(list)
        for body in self._present.bodies(one.position for one in here.values()).values():
            if body.get("workflow_state") != "deleted":
                kind = _ASSETS.get(str(body.get("associated_asset_type")), "assignment")
                if body.get("artifact_type") == NEW_QUIZ_ARTIFACT:
                    kind = NEW_QUIZ
                asset = str(body.get("associated_asset_id"))
                found[str(body.get("user_uuid")), body["learning_outcome_id"], kind, asset].append(body)
        return found

    def _told(self, one: Assessed, known: list[dict[str, Any]]) -> None:
        until = one.submitted_at
        name = _name(one)
        if not known:
            found = Judgement(Verdict.NEVER_TOLD, None, until, why="the report has a result that no event told")
            self.book.bad += 1
        elif one.questions == 1 and one.score is not None and not any(_is(body, one.score) for body in known):
            scores = known[-1].get("score"), one.score
            found = Judgement(Verdict.MISSED, None, until, {"score": scores}, "another score was told last")
            self.book.bad += 1
        else:
            found = Judgement(Verdict.SAME)
        self.book.add(Kind.RESULT, name, one.course_id, found, told=True)

    def _new_quiz(
        self, one: Assessed, student: str, known: list[dict[str, Any]], spool: Spool | None, writer: Writer
    ) -> None:
        if any(_is(body, one.score) and body.get("attempt") == one.attempt for body in known):
            self.book.same(Kind.RESULT, one.course_id, told=False)
            return
        time = one.submitted_at
        # A rubric's result for the same work wins (DOMAIN.md 5.12).
        rubric = (student, one.outcome_id, "assignment", one.assessment_id)
        if time is None or rubric in self._known:
            why = "a rubric's result of the same assignment counts in its place" if time else "it has no time"
            self.book.add(Kind.RESULT, _name(one), one.course_id, Judgement(Verdict.CANNOT_SAY, why=why), told=False)
            return
        found = Judgement(Verdict.NEVER_TOLD, None, time, why="New Quizzes: no event tells them")
        self.book.add(Kind.RESULT, _name(one), one.course_id, found, told=False)
        if spool is not None:
            seen = Observation(
                Kind.RESULT,
                _name(one),
                _body(one, student, to_text(time), to_text(self._exported.at)),
                time,
                None,
                TABLE,
            )
            spool.write(writer.line(seen, time))
            self.book.written[Kind.RESULT] += 1


def _name(one: Assessed) -> str:
    return f"{one.assessment_type}.{one.assessment_id}.{one.user_id}.{one.outcome_id}"


def _is(body: dict[str, Any], score: float | None) -> bool:
    mine = body.get("score")
    return mine is score if mine is None or score is None else abs(mine - score) < _CLOSE


def _body(one: Assessed, student: str, time: str, seen_at: str) -> dict[str, Any]:
    # Graded again it has the same submission date: of two reports the later one is right.
    share = None if one.score is None or not one.possible else round(one.score / one.possible, _DIGITS)
    told = {
        "id": _name(one),
        "learning_outcome_id": one.outcome_id,
        "result_context_type": "Course",
        "result_context_id": one.course_id,
        "user_uuid": student,
        "score": one.score,
        "possible": one.possible,
        "percent": share,
        "attempt": one.attempt,
        "assessed_at": time,
        "artifact_type": NEW_QUIZ_ARTIFACT,
        "artifact_id": one.assessment_id,
        "associated_asset_type": "Assignment",
        "associated_asset_id": one.assessment_id,
        "workflow_state": "active",
        "updated_at": seen_at,
    }
    return {name: value for name, value in told.items() if value is not None}
