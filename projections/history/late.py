"""What arrived after its time, and what each late event changed: fields, the tree, scores."""

import sqlite3
from collections.abc import Iterator
from itertools import islice
from typing import Any, NamedTuple

from outcomes.domain.identity import Kind
from outcomes.domain.times import Micros
from outcomes.projections.as_of.point import PointInTime
from outcomes.projections.history.effects import Effects
from outcomes.projections.history.timeline import TimelineEntry, timeline
from outcomes.projections.history.version_steps import Filters
from outcomes.store.log.event_log import EventLog

# No part of the story themselves, but they say when work was handed in, who is in a class, whose scale counts there
# and, seen in an export, which results count and who sees them: most change scores, all change answers.
_BESIDES = frozenset(
    {
        Kind.ASSESSMENT,
        Kind.ENROLLMENT,
        Kind.USER,
        Kind.ACCOUNT,
        Kind.COURSE,
        Kind.COURSE_ACCOUNT,
        Kind.RESULT_DETAIL,
        Kind.ALIGNMENT,
        Kind.SUBMISSION,
        Kind.POST_POLICY,
    }
)
_FIRST_PAGE, _PAGE = 50, 200


class LateEvent(NamedTuple):
    """An event that was recorded long after it happened, and what it changed when it came.

    `overtaken` says that a later event of the same entity was already there, so that the state of now did not change;
    `tree` the places, and `scores` the scores, that differ between just before it was recorded and with it.
    """

    entry: TimelineEntry
    tree: dict[str, list[dict[str, Any]]]
    scores: list[dict[str, Any]]

    def as_json(self) -> dict[str, Any]:
        """Return the entry of the timeline with what it changed."""
        told = self.entry.as_json()
        told.update(overtaken=self.entry.is_overtaken, tree=self.tree, scores=self.scores)
        return told


def late(
    connection: sqlite3.Connection,
    log: EventLog,
    point: PointInTime,
    over: Micros,
    filters: Filters = Filters(),  # noqa: B008 - immutable
) -> Iterator[LateEvent]:
    """Yield the events that were recorded more than `over` microseconds after they happened.

    A page of them at a time is in memory; the first pages are small, for who asks for few.
    """
    effects = Effects(connection, point)
    wanted = filters._replace(late_over=over, everything=True, besides=_BESIDES)
    entries = timeline(connection, log, point, wanted)
    size = _FIRST_PAGE
    while page := list(islice(entries, size)):
        yield from (LateEvent(*found) for found in effects.of(page))
        size = min(2 * size, _PAGE)
