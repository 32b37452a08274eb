"""Thousands of rollups of random classes against Canvas's rules written down a second time (`canvas_rollup`).

`OUTCOMES_ROLLUPS=112000` takes as many as a large school has; the suite takes fewer. The number is the seed, too.
"""

import os
import random
from collections import defaultdict
from typing import Any

import pytest

from outcomes.domain.identity import id_sort_key
from outcomes.projections.mastery.query import mastery_at, rows_by_pair
from outcomes.projections.mastery.results import Scope, courses_of
from outcomes.projections.mastery.row import Basis, MasteryRow
from tests.support import given as make
from tests.support.canvas_rollup import Answer, Rules, canvas_rollup, is_listed
from tests.support.world import World

ROLLUPS = int(os.environ.get("OUTCOMES_ROLLUPS", "1500"))
FEATURE = "outcomes_new_decaying_average_calculation"
METHODS = {
    "highest": [None],
    "latest": [None, 3],
    "average": [None],
    "n_mastery": [None, 1, 2, 3, 10, 0, 11],
    "decaying_average": [None, 1, 65, 75, 99, 100, 0],
    "weighted_average": [None, 50, 80],
    "standard_decaying_average": [None, 50, 65, 99, 30],
}
SCALES = [(3, 5), (3, 4), (0.7, 1), (7, 10), (3, 0), (2.5, 5), (60, 100)]
ARTIFACTS = ["RubricAssessment"] * 5 + ["Quizzes::QuizSubmission"] * 3 + ["LiveAssessments::Submission", None]
PLACES = ["StudentEnrollment", "StudentEnrollment", "StudentEnrollment", "StudentViewEnrollment", "TeacherEnrollment"]
STATES = ["active", "active", "active", "deleted", "deleted", "completed", "inactive", "invited"]
STUDENTS, OUTCOMES = 25, 7


class School:
    """Random courses: the events that tell of them, and what is to be known after all of them."""

    def __init__(self, dice: random.Random, rollups: int, *, running_decay: bool) -> None:
        self.dice = dice
        self.events: list[dict[str, Any]] = []
        self.rules: dict[tuple[str, str], Rules] = {}
        self.results: dict[tuple[str, str, str], dict[str, dict[str, Any]]] = defaultdict(dict)
        self.enrollments: dict[tuple[str, str], list[dict[str, Any]]] = defaultdict(list)
        self.handed_in: dict[str, str | None] = {}
        self.ids = iter(range(1, 10**9))
        if not running_decay:
            self.events.append(make.setting(FEATURE, "2024-01-01", value=False))
        course = 200
        while len(self.results) < rollups:
            self._course(str(course), running_decay=running_decay)
            course += 1
        dice.shuffle(self.events)

    def _course(self, course: str, *, running_decay: bool) -> None:
        outcomes = [str(next(self.ids)) for _ in range(OUTCOMES)]
        for outcome in outcomes:
            method = self.dice.choice(list(METHODS))
            number, (mastery, possible) = self.dice.choice(METHODS[method]), self.dice.choice(SCALES)
            is_linked = self.dice.random() > 0.05
            self.rules[course, outcome] = Rules(method, number, mastery, possible, is_linked, running_decay)
            criterion = {"description": "any", "mastery_points": mastery, "points_possible": possible, "ratings": []}
            self.events += [
                make.outcome(
                    outcome,
                    "2025-01-01",
                    calculation_method=method,
                    calculation_int=number,
                    rubric_criterion=criterion,
                ),
                make.link(
                    str(next(self.ids)),
                    "2025-01-01",
                    outcome=outcome,
                    group="1",
                    context=f"Course:{course}",
                    workflow_state="active" if is_linked else "deleted",
                ),
            ]
        for number_of in range(STUDENTS):
            student = f"student{number_of}"
            self._enroll(course, student)
            for outcome in outcomes:
                for _ in range(self.dice.choice([1, 1, 2, 2, 3, 4, 6])):
                    self._result(course, student, outcome)

    def _enroll(self, course: str, student: str) -> None:
        for _ in range(self.dice.choice([0, 1, 1, 1, 2])):
            told = {"type": self.dice.choice(PLACES), "state": self.dice.choice(STATES)}
            event = make.enrollment(str(next(self.ids)), "2025-01-02", student=student, course=course, **told)
            self.events.append(event)
            self.enrollments[course, student].append(event["body"])

    def _result(self, course: str, student: str, outcome: str) -> None:
        local_id, day = str(next(self.ids)), self.dice.randint(1, 9)
        artifact = self.dice.choice(ARTIFACTS)
        fields = {"outcome": outcome, "student": student, "course": course, "artifact_type": artifact}
        fields["artifact_id"] = (
            f"{student[7:]}0{self.dice.randint(1, 3)}" if artifact != "RubricAssessment" else local_id
        )
        first = make.result(local_id, f"2025-02-0{day}T08:00:00.000Z", **fields, **self._marks(day))
        last = first
        if self.dice.random() < 0.3:  # marked again, cleared, deleted
            time = f"2025-03-0{day}T08:00:00.000Z"
            last = make.result(local_id, time, updated=time, **fields, **self._marks(day))
            self.events.append(last)
        self.events.append(first)
        self.results[course, student, outcome][local_id] = last["body"]
        if artifact == "RubricAssessment" and self.dice.random() < 0.5:
            submitted = f"2025-02-0{self.dice.randint(1, 9)}T08:00:0{self.dice.randint(0, 2)}.500Z"
            self.events.append(make.rubric_assessed(local_id, "2025-02-20T08:00:00.000Z", submitted=submitted))
            self.handed_in[local_id] = submitted

    def _marks(self, day: int) -> dict[str, Any]:
        possible = self.dice.choice([5, 5, 3, 7.5, 10, 0, None])
        score = self.dice.choice([None, 0, 1, 2.5, 3, 3.335, 4, 5, 6.5, self.dice.randint(0, 1000) / 100])
        share = self.dice.choice([0.0, 0.5, 0.6, 1.0, 1 / 3, 2 / 3, 1.2, self.dice.randint(0, 10_000) / 10_000])
        return {
            "score": score,
            "possible": possible,
            "percent": None if self.dice.random() < 0.15 else share,
            "assessed_at": self.dice.choice([f"2025-02-0{day}T08:00:0{self.dice.randint(0, 2)}.250Z", None]),
            "workflow_state": self.dice.choice(["active"] * 9 + ["deleted"]),
        }

    def answers(self) -> dict[tuple[str, str, str], Answer]:
        """Return what Canvas shows: a row for each student that it lists."""
        return {
            (course, student, outcome): canvas_rollup(list(rows.values()), self.handed_in, self.rules[course, outcome])
            for (course, student, outcome), rows in self.results.items()
            if is_listed(self.enrollments[course, student])
        }


def told(rows: list[MasteryRow]) -> dict[tuple[str, str, str], Answer]:
    """Return what our rows say of the same things."""
    return {
        (row.course_id, row.student, row.outcome_id): Answer(row.score, row.mastered, row.results_counted)
        for row in rows
        if not row.is_removed
    }


@pytest.mark.parametrize("running_decay", [True, False])
def test_every_rollup_is_canvas_s(world: World, *, running_decay: bool) -> None:
    """Methods in and out of range, cleared marks, quizzes with gaps, ties, removals: in columns and pair by pair."""
    dice = random.Random(ROLLUPS)  # noqa: S311 - a seed, so that a failure comes back
    school = School(dice, ROLLUPS // 2, running_decay=running_decay)
    assert world.take(*school.events, chunk=1 << 20).quarantined == 0
    wanted = school.answers()
    with world.at() as (_, connection, at):
        whole = list(mastery_at(connection, at, Scope()))
        basis = Basis.at(connection, at)
        one_by_one = [
            row
            for course in sorted(courses_of(connection, at, Scope()), key=id_sort_key)
            for row in rows_by_pair(basis, course, Scope(course))
        ]
    found = told(whole)
    both = found.keys() | wanted.keys()
    assert {key: (found.get(key), wanted.get(key)) for key in both if found.get(key) != wanted.get(key)} == {}
    assert told(one_by_one) == found
