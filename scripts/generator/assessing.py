"""Work is set, handed in and marked: the processes that make nine in ten of all events.

An assessment lives as long as someone may look at it again, two weeks mostly, and remembers only the few papers
that will be looked at. So a school's memory of its results is a moving window with a limit.
"""

from collections.abc import Callable
from enum import Enum, auto
from typing import NamedTuple

import orjson

from scripts.generator import neighbours
from scripts.generator.clock import DAY, HOUR, seconds
from scripts.generator.entities import Course, Outcome
from scripts.generator.envelopes import Visit
from scripts.generator.results import LIVE, QUIZ, RUBRIC, Artifact, Criterion, Result, Sheet
from scripts.generator.stage import Process, Stage

RUBRIC_JOB = "RubricAssessment#update_outcomes_for_assessment"
QUIZ_JOB = "Quizzes::SubmissionGrader#update_outcomes"

_BLANK, _BONUS, _HALF = 0.01, 0.006, 0.08
_LOOKED_AT_AGAIN = 0.15
MOST_REMEMBERED = 4_096
"""More papers than this never wait for a second look; it takes some millions of events a year to notice."""
_SUBMISSION_SEEN = 0.015
_WITHOUT_SUBMISSION = 0.1
_BEDTIME = 22
_TURNS = {RUBRIC: (50, 240), QUIZ: (4, 90), LIVE: (1, 4)}
"""Seconds from one paper to the next."""


class Twist(Enum):
    """What is unusual about an assessment."""

    NONE = auto()
    BLANK = auto()
    BONUS = auto()
    PEERS = auto()
    SUPERSEDED = auto()
    SWAPPED = auto()
    VOIDED = auto()
    LONG_AFTER = auto()


_REMEMBER = {Twist.SWAPPED: 5, Twist.SUPERSEDED: 1, Twist.VOIDED: 3, Twist.LONG_AFTER: 2}


class Paper(NamedTuple):
    """What one student handed in, and how it was judged."""

    artifact: Artifact
    results: list[Result]


def measurable(course: Course) -> list[Outcome]:
    """Return the outcomes that work in a course can be marked against today."""
    links = [link for link in course.links if link.state == link.outcome.state == "active"]
    return [link.outcome for link in links if not link.outcome.shelved]


class Assessment:
    """One piece of work set to a class: a rubric's assignment, a quiz, or a live show of hands."""

    def __init__(self, stage: Stage, course: Course, kind: str, twist: Twist) -> None:
        """Draw up the rows from the course's outcomes as they are now, and see who takes part."""
        school, rng = stage.school, stage.rng
        self.stage, self.course, self.kind, self.twist = stage, course, kind, twist
        self.criteria = [Criterion.of(row, rng.randint(2, 5) if kind == QUIZ else None) for row in self._measured()]
        table = {RUBRIC: "assignments", QUIZ: "quizzes", LIVE: "live_assessments"}[kind]
        asset = {RUBRIC: "Assignment", QUIZ: "Quizzes::Quiz", LIVE: "LiveAssessments::Assessment"}[kind]
        self.asset = school.ids.next(table)
        self.sheet = Sheet.of(course, asset, self.asset, kind)
        seats = school.seats(course)
        self.takers = rng.sample(seats, max(1, round(len(seats) * (0.7 + 0.3 * rng.random()))))
        self.remembered: list[Paper] = []
        self._each = len(self.criteria) + (kind == RUBRIC)
        stage.owed += self.expected

    @property
    def expected(self) -> int:
        """How many events the first marking makes."""
        return self._each * len(self.takers)

    def _measured(self) -> list[Outcome]:
        rng, criteria, rows = self.stage.rng, self.stage.school.size.criteria, measurable(self.course)
        wanted = 1 if self.kind == LIVE else rng.randint(1 + criteria // 2, criteria + criteria // 4)
        return rng.sample(rows, min(wanted, len(rows)))

    def mark_all(self) -> Process:
        """Go through the papers one by one, in sittings that end at bedtime."""
        stage, course = self.stage, self.course
        take = {RUBRIC: self._mark, QUIZ: self._grade_quiz, LIVE: self._show_of_hands}[self.kind]
        if self.kind == RUBRIC:
            neighbours.assignment(stage, course, self.asset)
        elif stage.rng.randrange(9) == 0:
            neighbours.from_the_future(stage, course)
        for taker in self.takers:
            yield self._next_turn()
            yield from take(taker)
            stage.owed -= self._each

    def _next_turn(self) -> int:
        stage = self.stage
        turn = stage.soon(*_TURNS[self.kind])
        if stage.calendar.hour_of(turn) < _BEDTIME:
            return turn
        return stage.calendar.at(stage.calendar.day_of(turn) + 1, 15.5) + turn % HOUR

    def _mark(self, taker: int) -> Process:
        """Mark with the rubric: the grader's request first, the job's results seconds later."""
        stage, ids, now = self.stage, self.stage.school.ids, self.stage.now
        made, artifact_id = seconds(now), ids.next("rubric_assessments")
        artifact = Artifact(artifact_id, taker, stage.school.student_uuid(taker), made, made, ids.next("submissions"))
        if stage.rng.random() >= _WITHOUT_SUBMISSION:
            artifact.submitted = seconds(now - HOUR - int(stage.rng.random() * 5 * DAY))
        self.assessed(artifact, 1)
        if self.twist is Twist.PEERS and not self.remembered:
            yield stage.soon(5, 50)
            peer = Artifact(ids.next("rubric_assessments"), taker, "", made, made, artifact.submission)
            self.assessed(peer, 1, "peer_review")
        yield stage.soon(0.3, 4)
        yield from self._record(artifact, stage.envelopes.job_text(RUBRIC_JOB))
        if artifact.submitted and stage.rng.random() < _SUBMISSION_SEEN:
            user = stage.school.student_id(taker)
            handed = neighbours.Handed(user, self.asset, artifact.submission, artifact.submitted)
            neighbours.submission(stage, self.course, handed)

    def _grade_quiz(self, taker: int) -> Process:
        stage, ids = self.stage, self.stage.school.ids
        made = seconds(stage.now - 40_000)
        number, user = ids.next("quiz_submissions"), stage.school.student_uuid(taker)
        yield from self._record(Artifact(number, taker, user, made, made), stage.envelopes.job_text(QUIZ_JOB))

    def _show_of_hands(self, taker: int) -> Process:
        """Judge on the spot: this one result is made by the teacher's own request."""
        stage, ids, made = self.stage, self.stage.school.ids, seconds(self.stage.now)
        number, user = ids.next("live_submissions"), stage.school.student_uuid(taker)
        path = f"/api/v1/courses/{self.course.id}/live_assessments/{self.asset}/results"
        metadata = stage.envelopes.request("", stage.now, Visit(self.course, path, "POST"))
        del metadata["event_name"], metadata["event_time"]
        yield from self._record(Artifact(number, taker, user, made, made), orjson.dumps(metadata)[1:-1].decode())

    def _record(self, artifact: Artifact, envelope: str) -> Process:
        """Save the results of one paper in one transaction, milliseconds and one id apart."""
        stage, random, made = self.stage, self.stage.rng.random, seconds(self.stage.now)
        first, results = stage.school.ids.block("results", len(self.criteria)), []
        score = self.scorer(artifact.student)
        for at, criterion in enumerate(self.criteria):
            if at:
                yield stage.now + 2 + int(random() * 14)
            points = score(criterion)
            mastery = None if points is None else criterion.masters(points)
            result = Result(first + at, criterion, artifact, points, points, mastery, made, made)
            stage.outbox.append(self.sheet.created(result, stage.now, envelope))
            results.append(result)
        wanted = len(self.remembered) < _REMEMBER.get(self.twist, 0) or random() < _LOOKED_AT_AGAIN
        if wanted and stage.remembered < MOST_REMEMBERED:
            stage.remembered += 1
            self.remembered.append(Paper(artifact, results))

    def forget(self, keep: int = 0) -> None:
        """Let go of all papers but the first few."""
        self.stage.remembered -= len(self.remembered[keep:])
        del self.remembered[keep:]

    def scorer(self, student: int) -> Callable[[Criterion], float | None]:
        """Return how this student does today: some do better, all grow, and no day is like another."""
        stage, random, kind = self.stage, self.stage.rng.random, self.kind
        skill = ord(stage.school.student_uuid(student)[3]) % 64 / 64
        growth = min(1.0, stage.calendar.day_of(stage.now) / 280)
        floor = 0.05 + 0.4 * skill + 0.2 * growth
        blank = 0.3 if self.twist is Twist.BLANK else _BLANK
        bonus = 0.3 if self.twist is Twist.BONUS else _BONUS

        def score(criterion: Criterion) -> float | None:
            showing, points = floor + 0.5 * random(), criterion.points
            reached = points[max(0, int((1 - showing) * len(points)))]
            if kind != RUBRIC:
                return reached
            chance = random()
            if chance < blank:
                return None
            if chance > 1 - bonus:
                return criterion.possible + 0.5
            return reached - 0.5 if chance < blank + _HALF and reached else reached

        return score

    def assessed(self, artifact: Artifact, attempt: int, kind: str = "grading") -> None:
        """Post the grader's saving of a rubric; the only event that names who judged."""
        course = self.course
        body = {
            "id": str(artifact.id),
            "aligned_to_outcomes": True,
            "artifact_id": str(artifact.submission),
            "artifact_type": "Submission",
            "assessment_type": kind,
            "context_uuid": course.uuid,
            "submitted_at": artifact.submitted or artifact.updated,
            "created_at": artifact.created,
            "updated_at": artifact.updated,
            "attempt": attempt,
        }
        self.stage.request("rubric_assessed", body, Visit(course, f"/courses/{course.id}/rubric_assessments", "POST"))
