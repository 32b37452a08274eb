"""A point in both times: how it is made, what it tells of itself, and how questions read it."""

import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import NamedTuple

from outcomes.api.session import Session
from outcomes.domain.times import moment
from outcomes.projections.as_of.point import LogCut, PointInTime, in_tenant


class Question(NamedTuple):
    """What one question is read from, and where it is asked."""

    connection: sqlite3.Connection
    point: PointInTime


class PointBase:
    """A point without its questions."""

    def __init__(self, session: Session, tenant: str | None, cut: LogCut, remarks: Iterable[str]) -> None:
        self._session = session
        self._tenant = tenant
        self._cut = cut
        self.remarks = tuple(remarks)
        """In words, where what was asked lies beyond what the log holds, and which head answers."""

    def __repr__(self) -> str:
        when = "all event times" if self.as_of is None else self.as_of.isoformat()
        return f"<point at {when}, known at position {self.known_at}>"

    @property
    def as_of(self) -> datetime | None:
        """The event time up to which events count; None for all."""
        return None if self._cut.as_of is None else moment(self._cut.as_of)

    @property
    def cut(self) -> LogCut:
        """The point without its tenant, as the projections have it."""
        return self._cut

    @property
    def known_at(self) -> int:
        """The position up to which events count."""
        return self._cut.known_at

    @property
    def tenant(self) -> str:
        """The root account's uuid; empty for an empty log."""
        with self.reading() as question:
            return question.point.tenant

    @property
    def chosen_tenant(self) -> str | None:
        """The root account that was named; None if none was."""
        return self._tenant

    def _place(self, connection: sqlite3.Connection) -> PointInTime:
        return in_tenant(connection, self._cut, self._tenant)

    @contextmanager
    def reading(self) -> Iterator[Question]:
        """Give the views, in one read transaction, and this point in them: for a question that has no method here."""
        with self._session.reading() as connection:
            yield Question(connection, self._place(connection))

    def _check(self) -> None:
        """Refuse at once what a lazy answer would refuse when it is read."""
        with self.reading():
            pass
