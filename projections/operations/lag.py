"""How far the record is behind Canvas: what the batches tell of when their events happened and when they came."""

import sqlite3
from typing import NamedTuple

from outcomes.domain.times import HOUR, Micros

LATE: Micros = HOUR
"""A batch whose newest event is older than this when it is recorded was late as a whole."""


class Lag(NamedTuple):
    """Of the batches after a position: `late` events are those of batches that were late as a whole.

    `behind` is how long after its newest event the last batch was recorded, None where nothing was; `recorded_at` when.
    """

    position: int
    late: int
    behind: Micros | None
    recorded_at: Micros | None


def lag_after(connection: sqlite3.Connection, position: int) -> Lag:
    """Return how late what was recorded after a position was."""
    late, before = 0, position
    for last, recorded_at, newest in connection.execute(
        "SELECT last_position, recorded_at, max_event_time FROM batches WHERE last_position > ? ORDER BY last_position",
        (position,),
    ):
        if recorded_at - newest > LATE:
            late += last - before
        before = last
    row = connection.execute(
        "SELECT recorded_at - max_event_time, recorded_at FROM batches ORDER BY last_position DESC LIMIT 1"
    ).fetchone()
    return Lag(before, late, *(row or (None, None)))
