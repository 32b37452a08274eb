"""Whom edits of policies flipped: of many edits, for one reading of the results."""

import sqlite3
from collections.abc import Iterator, Sequence
from functools import partial

import numpy as np

from outcomes.domain.mastery import EnrollmentState
from outcomes.domain.times import Micros
from outcomes.projections.as_of.point import PointInTime
from outcomes.projections.mastery.columnar.arithmetic import Ints
from outcomes.projections.mastery.columnar.policies import Policies, policies_of
from outcomes.projections.mastery.columnar.results import Block, Versions, read_versions
from outcomes.projections.mastery.columnar.rows import odd_pairs
from outcomes.projections.mastery.columnar.scores import Scores, scores_of
from outcomes.projections.mastery.flips import Flip
from outcomes.projections.mastery.handed_in import HandedInTimes
from outcomes.projections.mastery.membership import Memberships
from outcomes.projections.mastery.policy import PolicyBook
from outcomes.projections.mastery.policy_history import same_standing
from outcomes.projections.mastery.results import Assessments, LastPlaces
from outcomes.projections.mastery.row import Basis, row_of

_UNKNOWN = -1


def flips_by_edits(
    connection: sqlite3.Connection,
    point: PointInTime,
    where: tuple[Sequence[str], str | None],
    edits: Sequence[Micros],
) -> Iterator[tuple[int, Flip]]:
    """Yield the place of an edit, and a student whom what was edited at that instant flipped; in the answer's order.

    `where` is the courses, in order, and the one outcome that is asked for, or all. What is rolled up are the results
    just before each instant, under the policies just before it and at it.
    """
    courses, outcome = where
    asked = [_Edit(connection, point, at, outcome) for at in edits]
    last = max((edit.before for edit in asked), key=lambda before: before.until, default=None)
    for versions in [] if last is None else read_versions(connection, last, courses, outcome):
        places, handed_in = versions.places(), HandedInTimes(connection, point)
        for place, edit in enumerate(asked):
            if edit.changes(places):
                yield from ((place, flip) for flip in edit.flips(versions, handed_in))


class _Edit:
    """The two policies of one instant, and all else as it was just before."""

    def __init__(self, connection: sqlite3.Connection, point: PointInTime, at: Micros, outcome: str | None) -> None:
        self._connection = connection
        self._outcome = outcome
        self.before, at_change = (
            point._replace(as_of=moment, until=min(moment, point.until)) for moment in (at - 1, at)
        )
        self._members = Memberships(connection, self.before)
        moved = LastPlaces(connection, self.before)
        self._sides = [
            Basis(
                connection,
                self.before,
                PolicyBook(connection, policy_point, alone=self._outcome is not None),
                self._members,
                alone=True,
                moved=moved,
            )
            for policy_point in (self.before, at_change)
        ]

    def changes(self, places: Sequence[tuple[str, str]]) -> bool:
        """Say whether an outcome is scored otherwise in any of some courses: else no result need be looked at."""
        old, new = (side.book for side in self._sides)
        return any(not same_standing(old.policy(*place), new.policy(*place)) for place in places)

    def flips(self, versions: Versions, handed_in: HandedInTimes) -> Iterator[Flip]:
        """Yield who flipped, in the answer's order."""
        block = versions.block(self._connection, self.before)
        if block is None:
            return
        policies = [policies_of(side.book, block, None) for side in self._sides]
        times = partial(handed_in.at, self.before.until)
        scores = [scores_of(block, found, times) for found in policies]
        flipped = self._plain_flips(block, policies, scores)
        flipped += self._odd_flips(block, np.flatnonzero(scores[0].is_odd | scores[1].is_odd))
        for _, flip in sorted(flipped, key=lambda found: found[0]):
            if self._members.state(flip.course_id, flip.student, alone=True) is not EnrollmentState.DELETED:
                yield flip

    def _plain_flips(self, block: Block, policies: list[Policies], scores: list[Scores]) -> list[tuple[int, Flip]]:
        mastered = [_mastered(*side) for side in zip(policies, scores, strict=True)]
        differ = (mastered[0] != mastered[1]) & ~scores[0].is_odd & ~scores[1].is_odd
        found = []
        for place in np.flatnonzero(differ).tolist():
            course, outcome = block.courses[block.pair_course[place]], block.outcomes[block.pair_outcome[place]]
            title = policies[1].policies[policies[1].of_pair[place]].title
            states = [int(side[place]) for side in mastered]
            amounts = [float(side.score[place]) for side in scores]
            old, new = (None if state == _UNKNOWN else amount for state, amount in zip(states, amounts, strict=True))
            was, is_now = (None if state == _UNKNOWN else bool(state) for state in states)
            student = block.students[block.pair_student[place]]
            found.append((place, Flip(course, student, outcome, title, (old, new), (was, is_now))))
        return found

    def _odd_flips(self, block: Block, places: Ints) -> list[tuple[int, Flip]]:
        found, assessments = [], Assessments(self._connection, self.before, ())
        for course, place, pair in odd_pairs(self._sides[0], block, places, self._outcome):
            if pair is not None:
                old, new = (row_of(side, assessments, course, pair) for side in self._sides)
                if old.mastered != new.mastered:
                    found.append((place, Flip.between(old, new)))
        return found


def _mastered(policies: Policies, scores: Scores) -> Ints:
    """Return of each pair whether it is mastery: 0, 1, or unknown without a score."""
    reached = scores.score >= policies.mastery_points[policies.of_pair]
    found: Ints = np.where(np.isnan(scores.score), _UNKNOWN, reached)
    return found
