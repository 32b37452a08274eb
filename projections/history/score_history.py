"""One score through time: every instant at which it or its mastery changed, and what changed it.

The pair's work is read once and walked in the order of events; policies and memberships are asked anew where an event
is about them. So the score is, at each instant and between them, the one that `mastery` tells there.
"""

import sqlite3
from collections.abc import Iterable, Iterator
from itertools import groupby
from math import inf
from operator import attrgetter
from typing import NamedTuple

from outcomes.domain.identity import Kind
from outcomes.domain.mastery import EnrollmentState
from outcomes.domain.mastery.running_rollup import NOT_ASSESSED, Standing
from outcomes.domain.times import Micros
from outcomes.projections.as_of.point import PointInTime, RecordedTimes
from outcomes.projections.history.pair_in_force import Arrival, PairInForce
from outcomes.projections.history.score_events import ScoreEvent, Source, pair_arrivals, pair_of, score_events
from outcomes.projections.history.timeline import TimelineEntry, timeline
from outcomes.projections.history.version_steps import Filters
from outcomes.projections.mastery.membership import Memberships
from outcomes.projections.mastery.policy import Policy, PolicyBook
from outcomes.projections.mastery.results import Scope
from outcomes.store.encoding.stream_keys import entity_of_stream
from outcomes.store.log.event_log import EventLog

LATE = "late"
_OF_POLICY = frozenset({Source.POLICY, Source.LINK, Source.SETTING})
_order = attrgetter("order")


class ScoreMove(NamedTuple):
    """An instant at which a score or its mastery changed.

    `mastery_points` is from where on it was mastered then. `cause` is what moved it: work, policy, link, enrollment or
    setting; or late, for an event that came when the log had already told of something later that the score hangs on.
    `position` is that of the event, `entry` what else it changed.
    """

    at: Micros
    score: float | None
    mastered: bool | None
    mastery_points: float | None
    cause: str
    position: int
    entry: TimelineEntry | None


def score_history(
    connection: sqlite3.Connection, log: EventLog, point: PointInTime, course: str, student: str, outcome: str
) -> list[ScoreMove]:
    """Return the moves of a score up to a point, oldest first; none if there never was one."""
    pair = pair_of(connection, point, course, student, outcome)
    if pair is None:
        return []
    arrivals = pair_arrivals(connection, point, pair)
    events = score_events(connection, point, pair, student, arrivals)
    late = _late(connection, events)
    moves = list(_Walk(connection, point, Scope(course, student, outcome)).moves(events, arrivals))
    entries = _entries(connection, log, point, [event.position for event, *_ in moves])
    return [
        ScoreMove(
            event.event_time,
            *standing,
            mastery_points,
            LATE if event in late and source is not Source.SETTING else source.value,
            event.position,
            entries.get(event.position),
        )
        for event, source, standing, mastery_points in moves
    ]


class _Walk:
    """Goes from instant to instant: what is of the pair is taken in, the rest asked anew where an event is about it."""

    def __init__(self, connection: sqlite3.Connection, point: PointInTime, scope: Scope) -> None:
        self._connection = connection
        self._point = point
        self._course, self._student, self._outcome = scope.course or "", scope.student or "", scope.outcome or ""
        self._pair = PairInForce()
        self._policy = self._policy_at(-1)
        self._is_removed = self._is_removed_at(-1)

    def moves(
        self, events: Iterable[ScoreEvent], arrivals: Iterable[Arrival]
    ) -> Iterator[tuple[ScoreEvent, Source, Standing, float | None]]:
        """Yield the events that moved the score, each with what of it moved it, and how it stood then."""
        # In the order of events: each is the newest of its thing as it comes.
        come = {
            at: list(group) for at, group in groupby(sorted(arrivals, key=_order), lambda one: one.order.event_time)
        }
        before = NOT_ASSESSED
        for at, group in groupby(events, lambda event: event.event_time):
            there = list(group)
            sources = {event.source for event in there}
            old = self._policy
            alone = self._go_to(at, sources, come.get(at, ()))
            after = self._standing()
            if after != before:
                source = _moved_by(sources, alone, after, has_link_changed=old.is_linked != self._policy.is_linked)
                scale = self._policy.scale
                yield _event_of(source, there), source, after, None if scale is None else scale.mastery_points
            before = after

    def _go_to(self, at: Micros, sources: set[Source], come: Iterable[Arrival]) -> dict[Source, Standing]:
        """Go to an instant; return how each part that events there are about would have changed the score alone."""
        old, was_removed = self._policy, self._is_removed
        new = self._policy_at(at) if sources & _OF_POLICY else old
        is_removed = self._is_removed_at(at) if Source.ENROLLMENT in sources else was_removed
        alone = {}
        if len(_parts(sources)) > 1:
            alone[Source.POLICY], alone[Source.ENROLLMENT] = self._under(new, was_removed), self._under(old, is_removed)
        for arrival in come:
            self._pair.take(arrival)
        if alone:
            alone[Source.WORK] = self._under(old, was_removed)
        self._policy, self._is_removed = new, is_removed
        return alone

    def _standing(self) -> Standing:
        return self._under(self._policy, self._is_removed)

    def _under(self, policy: Policy, is_removed: bool) -> Standing:
        if is_removed:
            return NOT_ASSESSED
        self._pair.go_by(policy)
        return self._pair.standing()

    def _policy_at(self, at: Micros) -> Policy:
        return PolicyBook(self._connection, self._at(at), alone=True).policy(self._course, self._outcome)

    def _is_removed_at(self, at: Micros) -> bool:
        members = Memberships(self._connection, self._at(at))
        return members.state(self._course, self._student, alone=True) is EnrollmentState.DELETED

    def _at(self, at: Micros) -> PointInTime:
        return self._point._replace(as_of=at, until=min(at, self._point.until))


def _parts(sources: set[Source]) -> list[Source]:
    """Return what of a score events are about: work, its policy, enrollments; in the order in which they are blamed."""
    known = {Source.POLICY if source in _OF_POLICY else source for source in sources}
    return [part for part in (Source.WORK, Source.POLICY, Source.ENROLLMENT) if part in known]


def _moved_by(
    sources: set[Source], alone: dict[Source, Standing], after: Standing, *, has_link_changed: bool
) -> Source:
    """Say what of the score an instant changed; of several parts, the first that would have done so alone."""
    parts = _parts(sources)
    found = next((part for part in parts if alone.get(part) == after), parts[0])
    if found is not Source.POLICY:
        return found
    if has_link_changed:
        return Source.LINK  # also where the deletion of the outcome silently deleted its links
    return Source.SETTING if Source.SETTING in sources else Source.POLICY


def _event_of(source: Source, events: list[ScoreEvent]) -> ScoreEvent:
    """Return the event of an instant that is about something: the last to come, if there are several."""
    about = [event for event in events if event.source is source]
    about = about or [event for event in events if (event.source in _OF_POLICY) is (source in _OF_POLICY)]
    return max(about, key=lambda event: event.position)


def _late(connection: sqlite3.Connection, events: list[ScoreEvent]) -> set[ScoreEvent]:
    """Return the events that were recorded after one that is later by event time."""
    recorded, found = RecordedTimes(connection), set()
    earliest_after: float = inf
    for _, group in groupby(reversed(events), lambda event: event.event_time):
        times = {event: recorded.at(event.position) for event in group}
        found |= {event for event, recorded_at in times.items() if recorded_at > earliest_after}
        earliest_after = min(earliest_after, *times.values())
    return found


def _entries(
    connection: sqlite3.Connection, log: EventLog, point: PointInTime, positions: list[int]
) -> dict[int, TimelineEntry]:
    """Return the timeline's entries of the events at positions."""
    streams = [entity_of_stream(str(record.originator_id)) for record in log.records_at(sorted(set(positions)))]
    entities = [(Kind(kind), local_id) for _, kind, local_id in streams]
    if not entities:
        return {}
    filters = Filters(entities=entities, positions=frozenset(positions), everything=True)
    return {entry.position: entry for entry in timeline(connection, log, point, filters)}
