"""Past points to ask about, drawn by seeded dice."""

import sqlite3
from typing import NamedTuple

from outcomes.domain.times import Micros
from outcomes.projections.as_of.point import PointInTime, PointQuery, resolve
from scripts.generator.dice import Dice


class Span(NamedTuple):
    """The event times and positions that a table of versions covers."""

    connection: sqlite3.Connection
    first: Micros
    now: PointInTime

    def at(self, share: float, known_at: int | None = None) -> PointInTime:
        """Return the point at a share of the event times, as known at a position."""
        moment = int(self.first + (self.now.until - self.first) * share)
        cut = self.now if known_at is None else resolve(self.connection, PointQuery(known_at=str(known_at)))
        return cut._replace(as_of=moment, until=min(moment, cut.until))

    def position(self, dice: Dice) -> int:
        """Draw a position of the log."""
        return dice.randint(1, self.now.known_at)


def span_of(connection: sqlite3.Connection, table: str) -> Span:
    """Return what a table of versions covers."""
    first = connection.execute(f"SELECT min(event_time) FROM {table}").fetchone()[0]
    return Span(connection, first, resolve(connection, PointQuery()))
