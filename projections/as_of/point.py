"""A point in event time, as known at a point in the log: where every question is asked."""

import sqlite3
from bisect import bisect_left
from typing import NamedTuple

from outcomes.domain.errors import SeveralTenants, UsageError
from outcomes.domain.positions import position_of
from outcomes.domain.times import Micros, parse_argument, to_text


class PointQuery(NamedTuple):
    """What the user said: a tenant, `--as-of`, `--known-at`; any of them may be absent."""

    tenant: str | None = None
    as_of: str | None = None
    known_at: str | None = None


class PointInTime(NamedTuple):
    """One tenant at (T, P). `as_of` is what was asked (None: all event times), `until` what to seek with."""

    tenant: str
    number: int
    as_of: Micros | None
    known_at: int
    until: Micros

    def bounds(self) -> dict[str, int]:
        """Return the parameters that every query of versions binds."""
        return {"tenant": self.number, "until": self.until, "known_at": self.known_at}

    def heading(self) -> dict[str, str | int | None]:
        """Return how an answer says which point it is of."""
        as_of = None if self.as_of is None else to_text(self.as_of)
        return {"tenant": self.tenant, "as_of": as_of, "known_at": self.known_at}


class LogCut(NamedTuple):
    """A point without a tenant, for questions about the whole log."""

    as_of: Micros | None
    known_at: int
    until: Micros


NEVER: Micros = -1
FOREVER: Micros = 1 << 62
"""After every event time: what to seek with where all of them count."""


def resolve(connection: sqlite3.Connection, asked: PointQuery) -> PointInTime:
    """Turn what was asked into a point; raises UsageError, SeveralTenants."""
    return in_tenant(connection, resolve_cut(connection, asked), asked.tenant)


def in_tenant(connection: sqlite3.Connection, cut: LogCut, asked: str | None) -> PointInTime:
    """Return a cut's point of the tenant that was asked for, or of the only one; raises UsageError, SeveralTenants."""
    uuid, number = _tenant(connection, asked)
    return PointInTime(uuid, number, cut.as_of, cut.known_at, cut.until)


def resolve_cut(connection: sqlite3.Connection, asked: PointQuery) -> LogCut:
    """Turn the two times that were asked into a cut through the log."""
    as_of = None if asked.as_of is None else parse_argument(asked.as_of)
    known_at = _position(connection, asked.known_at)
    # Nothing known at P is later than the newest event then: with the tighter bound a seek need not walk back over
    # all that has arrived since. Exact, because that maximum is kept for each batch.
    newest = _newest(connection, known_at)
    return LogCut(as_of, known_at, newest if as_of is None else min(as_of, newest))


def beyond(connection: sqlite3.Connection, asked: PointQuery, cut: LogCut | PointInTime) -> list[str]:
    """Say in words where a question reaches beyond what the log holds, and which head answers it; else nothing."""
    last = connection.execute(
        "SELECT last_position, recorded_at FROM batches ORDER BY last_position DESC LIMIT 1"
    ).fetchone()
    if last is None:
        return []
    head, recorded_at = int(last[0]), int(last[1])
    words = []
    known = (asked.known_at or "").strip()
    position = position_of(known)
    if position is not None:
        if position > head:
            words.append(f"known at {known} is beyond the log's head: answered as known at position {head}, the head")
    elif known and parse_argument(known) > recorded_at:
        words.append(
            f"nothing was recorded after {to_text(recorded_at)}: answered as known at position {head}, the head"
        )
    newest = _newest(connection, cut.known_at)
    if cut.as_of is not None and cut.as_of > newest != NEVER:
        words.append(
            f"no event known at position {cut.known_at} is later than {to_text(newest)}: "
            f"--as-of {to_text(cut.as_of)} is beyond the last event"
        )
    return words


def tenants(connection: sqlite3.Connection) -> dict[str, int]:
    """Return the tenants that the views know, with their numbers."""
    return {row[0]: int(row[1]) for row in connection.execute("SELECT uuid, tenant FROM tenants ORDER BY tenant")}


def _newest(connection: sqlite3.Connection, known_at: int) -> Micros:
    """Return the newest event time of the batches up to the one that holds a position."""
    row = connection.execute(
        "SELECT max_event_time FROM batches WHERE last_position >= ? ORDER BY last_position LIMIT 1", (known_at,)
    ).fetchone()
    return NEVER if row is None else int(row[0])


def check_tenant(connection: sqlite3.Connection, asked: str | None) -> dict[str, int]:
    """Return the tenants that the views know; raises UsageError if the one that was asked for is none of them."""
    known = tenants(connection)
    if asked is not None and asked not in known:
        raise UsageError(f"no such tenant: {asked!r}: the log holds {', '.join(known) or 'none yet'}")
    return known


def _tenant(connection: sqlite3.Connection, asked: str | None) -> tuple[str, int]:
    known = check_tenant(connection, asked)
    if asked is not None:
        return asked, known[asked]
    if len(known) > 1:
        raise SeveralTenants(list(known))
    return next(iter(known.items()), ("", 0))


def _position(connection: sqlite3.Connection, asked: str | None) -> int:
    head = int(connection.execute("SELECT coalesce(max(last_position), 0) FROM batches").fetchone()[0])
    if asked is None:
        return head
    position = position_of(asked)
    return recorded_by(connection, parse_argument(asked)) if position is None else min(position, head)


def recorded_by(connection: sqlite3.Connection, moment: Micros) -> int:
    """Return the last position that was recorded up to a time; 0 if there is none."""
    row = connection.execute(
        "SELECT last_position FROM batches WHERE recorded_at <= ? "
        "ORDER BY recorded_at DESC, last_position DESC LIMIT 1",
        (moment,),
    ).fetchone()
    return 0 if row is None else int(row[0])


class RecordedTimes:
    """When each position was recorded: a seek for each batch that is asked about, however many there are."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self._last: list[int] = []
        self._batches: list[tuple[int, Micros]] = []

    def at(self, position: int) -> Micros:
        """Return when the event at a position entered the log."""
        place = bisect_left(self._last, position)
        if place == len(self._last) or self._batches[place][0] >= position:
            self._look_up(place, position)
        return self._batches[place][1]

    def _look_up(self, place: int, position: int) -> None:
        last, recorded_at = self._connection.execute(
            "SELECT last_position, recorded_at FROM batches WHERE last_position >= ? ORDER BY last_position LIMIT 1",
            (position,),
        ).fetchone()
        before = self._connection.execute(
            "SELECT coalesce(max(last_position), 0) FROM batches WHERE last_position < ?", (position,)
        ).fetchone()[0]
        self._last.insert(place, last)
        self._batches.insert(place, (before, recorded_at))
