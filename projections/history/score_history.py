"""One score through time: every instant at which it or its mastery changed, and what changed it.

The score is computed anew at each event that it may hang on, of those parts that the event is about; so it is, at each
instant and between them, the one that `mastery` tells there.
"""

import sqlite3
from collections.abc import Iterator, Sequence
from itertools import groupby
from math import inf
from typing import NamedTuple

from outcomes.domain.identity import Kind
from outcomes.domain.times import Micros
from outcomes.projections.as_of.point import PointInTime, RecordedTimes
from outcomes.projections.history.score_events import ScoreEvent, Source, score_events
from outcomes.projections.history.timeline import TimelineEntry, timeline
from outcomes.projections.history.version_steps import Filters
from outcomes.projections.mastery.membership import Memberships
from outcomes.projections.mastery.policy import Policy, PolicyBook
from outcomes.projections.mastery.results import Assessments, Pair, Scope, pairs_at
from outcomes.projections.mastery.row import Basis, row_of
from outcomes.store.encoding.stream_keys import entity_of_stream
from outcomes.store.log.event_log import EventLog

LATE = "late"
_OF_POLICY = frozenset({Source.POLICY, Source.LINK, Source.SETTING})


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


class _Parts(NamedTuple):
    """What a score is made of."""

    book: PolicyBook
    members: Memberships
    pair: Pair | None
    assessments: Assessments


class _Standing(NamedTuple):
    score: float | None
    mastered: bool | None


_NONE = _Standing(None, None)


def score_history(
    connection: sqlite3.Connection, log: EventLog, point: PointInTime, course: str, student: str, outcome: str
) -> list[ScoreMove]:
    """Return the moves of a score up to a point, oldest first; none if there never was one."""
    events = score_events(connection, point, course, student, outcome)
    late = _late(connection, events)
    moves = list(_Walk(connection, point, Scope(course, student, outcome)).moves(events))
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
    """Goes from instant to instant; what no event there is about stays as it was."""

    def __init__(self, connection: sqlite3.Connection, point: PointInTime, scope: Scope) -> None:
        self._connection = connection
        self._point = point
        self._scope = scope
        self._course = scope.course or ""
        self._outcome = scope.outcome or ""

    def moves(self, events: Sequence[ScoreEvent]) -> Iterator[tuple[ScoreEvent, Source, _Standing, float | None]]:
        """Yield the events that moved the score, each with what of it moved it, and how it stood then."""
        before, old = _NONE, self._parts(-1)
        for at, group in groupby(events, lambda event: event.event_time):
            there = list(group)
            new = self._parts(at, old, {event.source for event in there})
            after = self._standing(new)
            if after != before:
                source = self._moved_by({event.source for event in there}, old, new, after)
                policy = self._policy(new)
                points = None if policy.scale is None else policy.scale.mastery_points
                yield _event_of(source, there), source, after, points
            before, old = after, new

    def _parts(self, at: Micros, old: _Parts | None = None, sources: set[Source] | None = None) -> _Parts:
        """Return the parts at an instant: anew where an event there is about them."""
        point = self._point._replace(as_of=at, until=min(at, self._point.until))
        book, members, pair, assessments = old or (None, None, None, None)
        if sources is None or sources & _OF_POLICY or book is None:
            book = PolicyBook(self._connection, point)
        if sources is None or Source.ENROLLMENT in sources or members is None:
            members = Memberships(self._connection, point)
        if sources is None or Source.WORK in sources or assessments is None:
            pair = next(pairs_at(self._connection, point, self._course, self._scope), None)
            assessments = Assessments(self._connection, point, ())
        return _Parts(book, members, pair, assessments)

    def _standing(self, parts: _Parts) -> _Standing:
        if parts.pair is None:
            return _NONE
        basis = Basis(self._connection, self._point, parts.book, parts.members, alone=True)
        row = row_of(basis, parts.assessments, self._course, parts.pair)
        return _NONE if row.is_removed else _Standing(row.score, row.mastered)

    def _policy(self, parts: _Parts) -> Policy:
        return parts.book.policy(self._course, self._outcome)

    def _moved_by(self, sources: set[Source], old: _Parts, new: _Parts, after: _Standing) -> Source:
        """Say what of the score an instant changed; of several parts, the first that would have done so alone."""
        alone = {
            Source.WORK: old._replace(pair=new.pair, assessments=new.assessments),
            Source.POLICY: old._replace(book=new.book),
            Source.ENROLLMENT: old._replace(members=new.members),
        }
        known = {Source.POLICY if source in _OF_POLICY else source for source in sources}
        alike = (source for source, parts in alone.items() if source in known and self._standing(parts) == after)
        found = next(alike, None) or next(source for source in alone if source in known)
        if found is not Source.POLICY:
            return found
        if self._policy(old).is_linked != self._policy(new).is_linked:
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
