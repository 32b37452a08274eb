"""The second process that reads the log for new views: what it finds is what is found here, and its end is no end."""

import os
import signal
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from outcomes.domain.errors import HomeUnavailable, LogDamaged
from outcomes.projections.views.read_aside import SecondReader, found_in, read_up_to, second_reader
from outcomes.store.log.event_log import EventLog
from outcomes.store.log.recorder import TRIGGERS
from scripts.generator import generate
from tests.support.world import World

MANY = 1_000_000
pytestmark = pytest.mark.skipif(
    os.name != "posix" or not hasattr(os, "sched_getaffinity") or len(os.sched_getaffinity(0)) < 2,
    reason="no second process is started where there is one core only",
)


@pytest.fixture(scope="module")
def year(tmp_path_factory: pytest.TempPathFactory) -> World:
    """Events of a year, those among them that nothing projects."""
    world = World(tmp_path_factory.mktemp("year"))
    world.clock += 10 * 366 * 86_400_000_000
    world.take(*generate(events=1_500, seed=5))
    return world


@contextmanager
def ready(world: World) -> Iterator[tuple[EventLog, SecondReader]]:
    """Start it and wait until it can be asked."""
    with world.opened() as (log, _), second_reader(log, MANY) as second:
        assert second is not None
        until = time.monotonic() + 60
        while not second.is_ready():
            assert time.monotonic() < until, "it never was ready"
            time.sleep(0.01)
        yield log, second


def test_what_it_finds_is_what_is_found_here(year: World) -> None:
    """From where it is asked to begin, end by end; of events that nothing projects it says nothing."""
    with ready(year) as (log, second):
        ends = [700, 701, log.head]
        second.ask(400, ends)
        for after, end in zip([400, *ends], ends, strict=False):
            here = [(position, values) for position, values in found_in(log, after, end) if values is not None]
            assert list(second.found()) == here
        assert len(here) > 500


def test_what_cannot_be_read_there_is_told_here(year: World, tmp_path: Path) -> None:
    """In the words of who reads the log; what comes before it is found."""
    damaged = World(tmp_path / "damaged")
    damaged.home.create()
    with closing(sqlite3.connect(year.home.log_path)) as source, closing(sqlite3.connect(damaged.home.log_path)) as log:
        source.backup(log)
        for name in TRIGGERS:
            log.execute(f"DROP TRIGGER IF EXISTS {name}")
        log.execute("UPDATE stored_events SET state = x'00' WHERE position = 900")
        log.commit()
    with ready(damaged) as (_, second):
        second.ask(0, [500, 1_000])
        assert list(second.found())
        with pytest.raises(LogDamaged, match="900"):
            list(second.found())


def test_its_death_is_an_error(year: World) -> None:
    """Not an end that looks like the end of the log."""
    with ready(year) as (log, second):
        os.kill(second.pid, signal.SIGKILL)
        second.ask(0, [log.head])
        with pytest.raises(HomeUnavailable, match="try again"):
            list(second.found())


def test_it_is_gone_when_nobody_asks_any_more(year: World) -> None:
    """Also in the midst of an answer."""
    with ready(year) as (log, second):
        second.ask(0, [log.head] * 1_000)
        next(second.found())
    with pytest.raises(ProcessLookupError):
        os.kill(second.pid, 0)


def test_few_events_and_encrypted_ones_are_read_here(year: World, tmp_path: Path) -> None:
    """The one is done before a process has started; for the other it would have to be given the key."""
    with year.opened() as (log, _):
        with second_reader(log, 100) as second:
            assert second is None
        found = [(end, list(found)) for end, found in read_up_to(log, 0, [500, log.head])]
        assert found == [(500, list(found_in(log, 0, 500))), (log.head, list(found_in(log, 500, log.head)))]
        assert list(read_up_to(log, log.head, [])) == []
    encrypted = World(tmp_path / "encrypted", encrypt=True)
    with encrypted.opened() as (log, _), second_reader(log, MANY) as second:
        assert second is None
