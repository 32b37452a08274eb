"""What arrived after its time, and what each late event changed: fields, the tree, scores."""

import sqlite3
from collections.abc import Iterator
from itertools import islice
from typing import Any

from outcomes.domain.identity import Kind
from outcomes.domain.times import Micros
from outcomes.projections.as_of.point import PointInTime
from outcomes.projections.history.effects import Effects
from outcomes.projections.history.timeline import timeline
from outcomes.projections.history.version_steps import Filters
from outcomes.store.log.event_log import EventLog

# No part of the story themselves, but they say when work was handed in and who is in a class, and so change scores.
_BESIDES = frozenset({Kind.ASSESSMENT, Kind.ENROLLMENT})
_PAGE = 1_000


def late(connection: sqlite3.Connection, log: EventLog, point: PointInTime, over: Micros) -> Iterator[dict[str, Any]]:
    """Yield the entries of events that were recorded more than `over` microseconds after they happened.

    `overtaken` says that a later event of the same entity was already there, so that the state of now did not change;
    `tree` the places, and `scores` the scores, that differ between just before it was recorded and with it. A page of
    entries at a time is in memory.
    """
    effects = Effects(connection, point)
    entries = timeline(connection, log, point, Filters(late_over=over, everything=True, besides=_BESIDES))
    while page := list(islice(entries, _PAGE)):
        for entry, places, scores in effects.of(page):
            yield {**entry.as_json(), "overtaken": entry.is_overtaken, "tree": places, "scores": scores}
