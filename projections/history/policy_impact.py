"""Policies compared: which students flip under another policy, and which flipped by an edit alone."""

import sqlite3
from collections.abc import Container, Iterable, Iterator
from functools import cached_property
from typing import Any, NamedTuple

from outcomes.domain.changes import field_matches
from outcomes.domain.identity import Context, Kind, id_sort_key
from outcomes.domain.mastery import Calculation, MasteryScale
from outcomes.domain.times import Micros, to_text
from outcomes.projections.as_of.lookups import context_number
from outcomes.projections.as_of.point import PointInTime
from outcomes.projections.history.timeline import TimelineEntry, timeline
from outcomes.projections.history.version_steps import Filters
from outcomes.projections.mastery.policy import ACCOUNT_SCALES, Policy, PolicyBook
from outcomes.projections.mastery.query import MasteryRow, Override, mastery_at
from outcomes.projections.mastery.results import Scope, courses_by_outcome
from outcomes.store.log.event_log import EventLog

WHAT_IF = "what-if"

_POLICY_FIELDS = {
    Kind.OUTCOME: (
        "calculation_method",
        "calculation_int",
        "rubric_criterion.mastery_points",
        "rubric_criterion.points_possible",
        "workflow_state",
    ),
    Kind.PROFICIENCY: ("outcome_proficiency_ratings", "workflow_state"),
    Kind.CALCULATION_METHOD: ("calculation_method", "calculation_int", "workflow_state"),
}
HAVE_POLICY = tuple(_POLICY_FIELDS)
"""The kinds that say how outcomes are scored."""


class Flip(NamedTuple):
    """One student whose mastery differs between two policies."""

    before: MasteryRow
    after: MasteryRow

    def as_json(self) -> dict[str, Any]:
        """Return who flipped, from what to what."""
        return {
            "course_id": self.after.course_id,
            "student": self.after.student,
            "outcome_id": self.after.outcome_id,
            "outcome_title": self.after.outcome_title,
            "score": [self.before.score, self.after.score],
            "mastered": [self.before.mastered, self.after.mastered],
        }


def override(
    *, calculation: Calculation | None = None, scale: MasteryScale | None = None, mastery_points: float | None = None
) -> Override:
    """Return a policy's replacement: what is not given stays as it is in force.

    Make `calculation` by `PolicyBook.calculation`, so that it follows the tenant's features as stored methods do.
    """

    def replaced(policy: Policy) -> Policy:
        if calculation is not None:
            policy = policy._replace(calculation=calculation, method_source=WHAT_IF)
        if scale is not None:
            policy = policy._replace(scale=scale, scale_source=WHAT_IF)
        if mastery_points is not None:
            base = policy.scale or MasteryScale.of_criterion(mastery_points, None)
            policy = policy._replace(scale=base._replace(mastery_points=mastery_points), scale_source=WHAT_IF)
        return policy

    return replaced


def flips(before: Iterable[MasteryRow], after: Iterable[MasteryRow]) -> Iterator[Flip]:
    """Yield those whose status differs; both sides are of the same pairs, in the same order, and read side by side."""
    others = iter(before)
    old = next(others, None)
    for row in after:
        key = row.sort_key
        while old is not None and old.sort_key < key:
            old = next(others, None)
        if old is not None and old.sort_key == key and old.mastered != row.mastered:
            yield Flip(old, row)


_COUNT_ALWAYS = {Kind.OUTCOME, Kind.SETTING}
"""What scores hang on even where accounts' scales count at neither time."""


class PolicyFlips:
    """Whom changes of policies flipped with no new work: in all courses, in the one that is the context, or in some."""

    def __init__(
        self,
        connection: sqlite3.Connection,
        point: PointInTime,
        context: Context | None = None,
        courses: Container[str] | None = None,
    ) -> None:
        self._connection = connection
        self._wanted = courses
        self._point = point
        self._course = context.id if context is not None and context.type == "Course" else None

    def of(self, kind: Kind, local_id: str, event_time: Micros) -> list[Flip]:
        """Return those whose mastery differs under the policies just before an instant and at it, results being equal.

        Of an outcome's policy only its own results are asked; of a scale or method, which may count for all, the
        results of all outcomes, unless accounts' scales count at neither time; and so of a setting, always.
        """
        just_before, at_change = _at(self._point, event_time - 1), _at(self._point, event_time)
        if kind not in _COUNT_ALWAYS and not any(map(self._are_scales_shared, (just_before, at_change))):
            return []
        found: list[Flip] = []
        outcome = local_id if kind is Kind.OUTCOME else None
        for course in self._courses(outcome):
            scope = Scope(course=course, outcome=outcome)
            before = mastery_at(self._connection, just_before, scope)
            after = mastery_at(self._connection, just_before, scope, policy_point=at_change)
            found += flips(before, after)
        return found

    def _are_scales_shared(self, point: PointInTime) -> bool:
        return PolicyBook(self._connection, point).setting(ACCOUNT_SCALES, default=False)

    def _courses(self, outcome: str | None) -> list[str]:
        """Return the courses with results, of one outcome or at all; in the order of answers."""
        if self._course is not None:
            found = {self._course}
        elif outcome is not None:
            found = {*self._outcomes.get(outcome, ())}
        else:
            found = {course for courses in self._outcomes.values() for course in courses}
        return sorted((one for one in found if self._wanted is None or one in self._wanted), key=id_sort_key)

    @cached_property
    def _outcomes(self) -> dict[str, list[str]]:
        return courses_by_outcome(self._connection, self._point)


def impact(
    connection: sqlite3.Connection,
    log: EventLog,
    point: PointInTime,
    kind: Kind,
    local_id: str,
    course: Context | None = None,
    courses: Container[str] | None = None,
) -> Iterator[dict[str, Any]]:
    """Yield, for each real change of a policy, how many students' mastery flipped with no new work; or in one course.

    The same results, those before the change, are rolled up under the policies just before it and at it; those of some
    `courses`, or of all.
    """
    flips_at = PolicyFlips(connection, point, course, courses)
    for entry in timeline(connection, log, point, Filters(entities=[(kind, local_id)])):
        fields = _fields_of_policy(kind, entry)
        if fields:
            yield _told(entry, fields, flips_at.of(kind, local_id, entry.event_time))


def impact_in_course(
    connection: sqlite3.Connection, log: EventLog, point: PointInTime, course: Context
) -> Iterator[dict[str, Any]]:
    """Yield each edit of how the students of a course are scored, and whose mastery it flipped with no new work.

    That is of its outcomes, of the scales and methods of the places that it ever hung below, and of settings; and its
    links, where one that came or went flipped somebody: without a link no result counts. Of edits of one instant, which
    have one effect, the first is told with it.
    """
    linked = _Entities(connection, point, course)
    entities = linked.all()
    if not entities:
        return  # no filter means everything
    flips_at = PolicyFlips(connection, point, course)
    seen: set[tuple[Micros, tuple[Any, ...]]] = set()
    for entry in timeline(connection, log, point, Filters(entities=entities)):
        kind, local_id, at = entry.kind, entry.ref.id, entry.event_time
        fields = [*_SAY.get(kind, ()) & entry.fields.keys()] or _fields_of_policy(kind, entry)
        if not fields:
            continue
        flipped = flips_at.of(*linked.scored_by(kind, local_id), at)
        flipped = [flip for flip in flipped if (at, flip.after.sort_key) not in seen]
        seen.update((at, flip.after.sort_key) for flip in flipped)
        if flipped or kind is not Kind.LINK:
            yield _told(entry, fields, flipped)


class _Entities:
    """What the scores of a course may hang on, besides work."""

    def __init__(self, connection: sqlite3.Connection, point: PointInTime, course: Context) -> None:
        self._connection = connection
        self._bounds = {"tenant": point.number, "course": context_number(connection, point, course)}
        self._outcomes = [(Kind.OUTCOME, one) for (one,) in self._rows(_OUTCOMES)]
        self._outcome_of = dict(self._rows(_LINKS))

    def _rows(self, sql: str) -> list[tuple[Any, ...]]:
        return self._connection.execute(sql, self._bounds).fetchall()

    def all(self) -> list[tuple[Kind, str]]:
        """Return all of them."""
        above = [(Kind(kind), local_id) for kind, local_id in self._rows(_ABOVE)]
        settings = [(Kind.SETTING, one) for (one,) in self._rows(_SETTINGS)]
        return [*self._outcomes, *((Kind.LINK, link) for link in self._outcome_of), *above, *settings]

    def scored_by(self, kind: Kind, local_id: str) -> tuple[Kind, str]:
        """Return what is scored otherwise after an edit: of a link that is its outcome."""
        if kind is Kind.LINK:
            return Kind.OUTCOME, self._outcome_of[local_id]
        return kind, local_id


_OUTCOMES = (
    "SELECT DISTINCT v.outcome_id FROM course_weeks w "
    "JOIN result_versions v ON v.week = w.week AND v.course = w.course "
    "WHERE w.course = :course AND v.outcome_id IS NOT NULL"
)
_LINKS = (
    "SELECT v.link_id, max(v.outcome_id) FROM members m "
    "JOIN link_versions v ON v.link_id = m.id AND v.tenant = :tenant "
    "WHERE m.context = :course AND m.kind = 'link' GROUP BY v.link_id"
)
_ABOVE = (
    "WITH RECURSIVE above (context) AS (SELECT :course UNION "
    "SELECT p.parent FROM above a CROSS JOIN placements p ON p.context = a.context) "
    "SELECT m.kind, m.id FROM above a JOIN members m USING (context) "
    "WHERE m.kind IN ('proficiency', 'calculation_method')"
)
_SETTINGS = "SELECT DISTINCT setting_id FROM setting_versions WHERE tenant = :tenant"
_SAY = {Kind.LINK: {"workflow_state"}, Kind.SETTING: {"value"}}
"""What of those that are no policies themselves decides how something is scored."""


def _told(entry: TimelineEntry, fields: list[str], flipped: list[Flip]) -> dict[str, Any]:
    return {
        "event_time": to_text(entry.event_time),
        "position": entry.position,
        "kind": entry.kind.value,
        "id": entry.ref.id,
        "title": entry.title,
        "fields": {name: list(entry.fields[name]) for name in fields},
        "actor": entry.actor,
        "gained": sum(flip.after.mastered is True for flip in flipped),
        "lost": sum(flip.before.mastered is True for flip in flipped),
        "flipped": len(flipped),
        "students": [flip.as_json() for flip in flipped],
    }


def _fields_of_policy(kind: Kind, entry: TimelineEntry) -> list[str]:
    # A scale or method may be made above outcomes that have results; an outcome is made before it has any.
    if entry.change == "created" and kind is Kind.OUTCOME:
        return []
    return _policy_fields(kind, entry)


def _policy_fields(kind: Kind, entry: TimelineEntry) -> list[str]:
    return [name for name in entry.fields if any(field_matches(name, one) for one in _POLICY_FIELDS.get(kind, ()))]


def _at(point: PointInTime, moment: int) -> PointInTime:
    return point._replace(as_of=moment, until=min(moment, point.until))
