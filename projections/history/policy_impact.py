"""Policies compared: which students flip under another policy, and which flipped by an edit alone."""

import sqlite3
from collections import defaultdict
from collections.abc import Callable, Container, Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from itertools import islice
from typing import Any, NamedTuple, TypeVar

from outcomes.domain.changes import field_matches
from outcomes.domain.identity import Context, Kind, id_sort_key
from outcomes.domain.mastery import Calculation, MasteryScale
from outcomes.domain.times import Micros, to_text
from outcomes.domain.tree import DELETED
from outcomes.projections.as_of.lookups import context_number
from outcomes.projections.as_of.point import PointInTime
from outcomes.projections.as_of.tree import link_fate
from outcomes.projections.history.timeline import TimelineEntry, timeline
from outcomes.projections.history.version_steps import Filters
from outcomes.projections.mastery.flips import Flip
from outcomes.projections.mastery.policy import ACCOUNT_SCALES, Policy, PolicyBook
from outcomes.projections.mastery.results import courses_by_outcome
from outcomes.projections.mastery.row import Override
from outcomes.store.log.event_log import EventLog

WHAT_IF = "what-if"

_MOST_AT_ONCE, _MANY_FLIPS = 64, 20_000

_Item = TypeVar("_Item")
_Fields = Mapping[str, Sequence[Any]]
"""What an edit changed: from what to what."""

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


_COUNT_ALWAYS = {Kind.OUTCOME, Kind.SETTING}
"""What scores hang on even where accounts' scales count at neither time."""


class Edit(NamedTuple):
    """Something by which scores are made that was edited, and when."""

    kind: Kind
    id: str
    event_time: Micros


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
        self._course = None if context is None else context.course

    def along(
        self, items: Iterable[_Item], edits_of: Callable[[_Item], Sequence[Edit]]
    ) -> Iterator[tuple[_Item, list[list[Flip]]]]:
        """Yield items with those whom each of their edits flipped.

        Results are read once for many items; of so many at a time that who asks for few does not wait for more.
        """
        rest, size = iter(items), 1
        while page := [(item, edits_of(item)) for item in islice(rest, size)]:
            found = self.of([edit for _, edits in page for edit in edits])
            size = 1 if sum(map(len, found)) > _MANY_FLIPS else min(2 * size, _MOST_AT_ONCE)
            waiting = iter(found)
            for item, edits in page:
                yield item, [next(waiting) for _ in edits]

    def of(self, edits: Sequence[Edit]) -> list[list[Flip]]:
        """Return those whose mastery differs under the policies just before an edit and at it, results being equal.

        Of an outcome's policy only its own results are asked; of a scale or method, which may count for all, the
        results of all outcomes, unless accounts' scales count at neither time; and so of a setting, always.
        """
        found: list[list[Flip]] = [[] for _ in edits]
        by_outcome: dict[str | None, list[int]] = defaultdict(list)
        for place, edit in enumerate(edits):
            if edit.kind in _COUNT_ALWAYS or self._are_scales_shared_around(edit.event_time):
                by_outcome[edit.id if edit.kind is Kind.OUTCOME else None].append(place)
        if not by_outcome:
            return found
        from outcomes.projections.mastery.columnar.flips import flips_by_edits  # noqa: PLC0415 - numpy is slow to load

        for outcome, places in by_outcome.items():
            where, times = (self._courses(outcome), outcome), [edits[place].event_time for place in places]
            for number, flip in flips_by_edits(self._connection, self._point, where, times):
                found[places[number]].append(flip)
        return found

    def _are_scales_shared_around(self, at: Micros) -> bool:
        points = (self._point._replace(as_of=when, until=min(when, self._point.until)) for when in (at - 1, at))
        return any(PolicyBook(self._connection, point).setting(ACCOUNT_SCALES, default=False) for point in points)

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
    entries = (
        (entry, fields)
        for entry in timeline(connection, log, point, Filters(entities=[(kind, local_id)]))
        if (fields := _fields_of_policy(kind, entry))
    )
    flips = PolicyFlips(connection, point, course, courses)
    for (entry, fields), (flipped,) in flips.along(entries, lambda told: [Edit(kind, local_id, told[0].event_time)]):
        yield _told(entry, fields, flipped)


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
    edits = (
        (entry, fields)
        for entry in timeline(connection, log, point, Filters(entities=entities, everything=True))
        if (fields := linked.fields_said(entry))
    )
    seen: set[tuple[Micros, tuple[str, str, str]]] = set()
    for (entry, fields), (flipped,) in PolicyFlips(connection, point, course).along(edits, linked.edits_of):
        news = [flip for flip in flipped if (entry.event_time, flip.whose) not in seen]
        seen.update((entry.event_time, flip.whose) for flip in news)
        if news or entry.kind is not Kind.LINK:
            yield _told(entry, fields, news)


class _Entities:
    """What the scores of a course may hang on, besides work."""

    def __init__(self, connection: sqlite3.Connection, point: PointInTime, course: Context) -> None:
        self._connection = connection
        self._point = point
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

    def fields_said(self, entry: TimelineEntry) -> _Fields:
        """Return what of an entry decides how something is scored: of a link its state, also where it only overrules.

        A link that silently went with its outcome said nothing then, and comes back by an event that repeats its state.
        """
        if said := {name: entry.fields[name] for name in _SAY.get(entry.kind, ()) & entry.fields.keys()}:
            return said
        if entry.kind is Kind.LINK and self._had_gone_silently(entry):
            return {"workflow_state": (DELETED, entry.state["workflow_state"])}
        return _fields_of_policy(entry.kind, entry)

    def _had_gone_silently(self, entry: TimelineEntry) -> bool:
        just_before = entry.event_time - 1
        before = self._point._replace(as_of=just_before, until=min(just_before, self._point.until))
        return link_fate(self._connection, before, entry.ref.id) == DELETED

    def edits_of(self, told: tuple[TimelineEntry, _Fields]) -> list[Edit]:
        """Return what is scored otherwise after an entry: of a link that is its outcome."""
        entry, _ = told
        if entry.kind is Kind.LINK:
            return [Edit(Kind.OUTCOME, self._outcome_of[entry.ref.id], entry.event_time)]
        return [Edit(entry.kind, entry.ref.id, entry.event_time)]


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


def _told(entry: TimelineEntry, fields: _Fields, flipped: list[Flip]) -> dict[str, Any]:
    return {
        "event_time": to_text(entry.event_time),
        "position": entry.position,
        "kind": entry.kind.value,
        "id": entry.ref.id,
        "title": entry.title,
        "fields": {name: list(sides) for name, sides in fields.items()},
        "actor": entry.actor,
        "gained": sum(flip.is_gained for flip in flipped),
        "lost": sum(flip.is_lost for flip in flipped),
        "flipped": len(flipped),
        "students": [flip.as_json() for flip in flipped],
    }


def _fields_of_policy(kind: Kind, entry: TimelineEntry) -> _Fields:
    # A scale or method may be made above outcomes that have results; an outcome is made before it has any.
    if entry.change == "created" and kind is Kind.OUTCOME:
        return {}
    names = _POLICY_FIELDS.get(kind, ())
    return {name: sides for name, sides in entry.fields.items() if any(field_matches(name, one) for one in names)}
