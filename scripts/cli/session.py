"""A question's surroundings: the home's log and views, opened for one command and closed after it."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from typing import NamedTuple

from outcomes.cli.output import say
from outcomes.cli.progress import progress
from outcomes.projections.as_of.point import LogCut, PointInTime, PointQuery, beyond, resolve, resolve_cut
from outcomes.projections.views.read_model import ReadModel
from outcomes.store.home import Home
from outcomes.store.log.event_log import EventLog
from outcomes.store.sqlite.read_only import ImmutableReadGuard


class Session(NamedTuple):
    """An open home."""

    home: Home
    log: EventLog
    views: ReadModel


class Question(NamedTuple):
    """An open home at one point, with the views at one position."""

    log: EventLog
    connection: sqlite3.Connection
    point: PointInTime


@contextmanager
def opened(home: Home, *, create: bool = False, encrypt: bool = False) -> Iterator[Session]:
    """Open a home; only commands that write create it, encrypted if asked."""
    stillness = ImmutableReadGuard.of(home.log_path, home.views_path)
    log = home.open_log(create=create, encrypt=encrypt)
    views = ReadModel(home, log)
    try:
        yield Session(home, log, views)
        stillness.check()
    finally:
        views.close()
        log.close()


@contextmanager
def at(home: Home, asked: PointQuery) -> Iterator[Question]:
    """Open a home at the point that was asked for, its views caught up with the log."""
    with opened(home) as session, caught_up(session) as connection:
        yield Question(session.log, connection, placed(connection, asked))


def placed(connection: sqlite3.Connection, asked: PointQuery) -> PointInTime:
    """Return the point that was asked for; where that is beyond what the log holds, stderr says which head answers."""
    point = resolve(connection, asked)
    _say_beyond(connection, asked, point)
    return point


def placed_cut(connection: sqlite3.Connection, asked: PointQuery) -> LogCut:
    """Return the cut that was asked for of the whole log, and say the same."""
    cut = resolve_cut(connection, asked)
    _say_beyond(connection, asked, cut)
    return cut


def _say_beyond(connection: sqlite3.Connection, asked: PointQuery, cut: LogCut | PointInTime) -> None:
    for words in beyond(connection, asked, cut):
        say(words)


@contextmanager
def caught_up(session: Session) -> Iterator[sqlite3.Connection]:
    """Give the views at the head of the log; making them anew may take a while, so that shows a bar."""
    with progress("bringing the views up to date") as advance:
        session.views.catch_up(lambda position, head: advance(position, head, position))
    with session.views.reading() as connection:
        yield connection
