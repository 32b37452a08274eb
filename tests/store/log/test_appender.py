"""The log on disk: whole batches, no gaps, nothing twice, nothing changed, even when a process is killed."""

import os
import sqlite3
from contextlib import closing

import pytest

from outcomes.domain.catalog import parse_event
from outcomes.projections.views.extract import extract_row
from outcomes.store.encoding.arrival import Arrival, Arrivals, arrival_of
from outcomes.store.encoding.content_digest import content_digest
from outcomes.store.log.file_recorder import LogRecorder
from outcomes.store.sources.json_values import decode
from outcomes.store.sources.segment import Segment
from tests.support.given import group, lines, outcome
from tests.support.world import World


def arrival(value: dict[str, object], digest: bytes | None = None) -> Arrival:
    """Return an event as it comes to the log; with a digest of the test's own where collisions are wanted."""
    raw = lines(value)
    decoded = decode(raw)
    return arrival_of(Segment(raw, 1), digest or content_digest(decoded, raw), parse_event(decoded), extract_row)


def test_positions_have_no_gap_even_between_repeats(world: World) -> None:
    """Repeats in the batch and of earlier batches take no position."""
    world.take(group("1", "2025-01-01"), group("1", "2025-01-01"), outcome("7", "2025-01-01"))
    world.take(outcome("7", "2025-01-01"), group("2", "2025-01-01"), group("2", "2025-01-01"), group("3", "2025-01-01"))
    with world.opened() as (log, _):
        assert [record.position for record in log.records()] == [1, 2, 3, 4]


def test_two_events_under_one_key_are_both_kept(world: World) -> None:
    """Where 21 bits of hash collide inside one millisecond, the other event gets the next key, and is known there."""
    same = b"\x12\x34\x56"
    first = arrival(group("1", "2025-01-01", title="one"), same + b"a" * 13)
    second = arrival(group("1", "2025-01-01", title="two"), same + b"b" * 13)
    with world.opened() as (log, _):
        for batch in ([first, second], [second, first]):
            with log.writing() as connection:
                appended = log.append(connection, Arrivals.of(batch), "test", world.clock)
            assert len(appended.positions) == (2 if batch[0] is first else 0)
        assert [log.raw(record) for record in log.records()] == [first.raw, second.raw]


def test_a_collision_before_another_event_keeps_the_positions_true(world: World) -> None:
    """Where every event of a batch is new, but one had to wait for a free key: each is told the position it has."""
    one, two = (arrival(group("1", "2025-01-01", title=title), b"abc" + title.encode() * 13) for title in "xy")
    three = arrival(group("2", "2025-01-01"))
    with world.opened() as (log, _):
        with log.writing() as connection:
            appended = log.append(connection, Arrivals.of([one, two, three]), "test", world.clock)
        told = dict(zip(appended.positions, appended.arrivals.raws, strict=True))
        assert told == {record.position: log.raw(record) for record in log.records()}
        assert len(told) == 3


REFUSED = [
    (table, statement)
    for table in ("stored_events", "batches", "tenants", "dictionaries", "properties")
    for statement in ("UPDATE {0} SET {1} = {1}", "DELETE FROM {0}", "INSERT OR REPLACE INTO {0} SELECT * FROM {0}")
    # SQLite asks no trigger about the rows that REPLACE removes, and one on each insert would cost more than the
    # insert: on the events themselves a replacement is found by `verify`, as a dropped trigger is.
    if (table, statement[:14]) != ("stored_events", "INSERT OR REPL")
]


@pytest.mark.parametrize(("table", "statement"), REFUSED)
def test_the_database_refuses_changes(world: World, table: str, statement: str) -> None:
    """Whoever opens log.db with plain SQLite cannot change or delete what is there."""
    world.take(group("1", "2025-01-01"))
    with closing(sqlite3.connect(world.home.log_path)) as connection:
        column = connection.execute(f"SELECT name FROM pragma_table_info('{table}') LIMIT 1").fetchone()[0]
        with pytest.raises(sqlite3.IntegrityError, match="the log is immutable"):
            connection.execute(statement.format(table, column))


def test_the_library_reads_the_log_as_notifications(world: World) -> None:
    """Its own notification log gives the events in the order of their positions, by topic where asked."""
    world.take(group("1", "2025-01-01"), outcome("7", "2025-01-01"), group("2", "2025-01-01"))
    with world.opened() as (log, _):
        assert [found.id for found in log.notification_log.select(start=2, limit=10)] == [2, 3]
        only = log.notification_log.select(start=1, limit=10, topics=["learning_outcome_created"])
        assert [found.id for found in only] == [2]


def test_recorded_times_never_go_back(world: World) -> None:
    """A clock that steps back must not make known-at a time ambiguous."""
    world.take(group("1", "2025-01-01"))
    world.clock -= 3_600_000_000
    world.take(group("2", "2025-01-01"))
    with world.opened() as (log, _):
        times = [batch.recorded_at for batch in log.batches()]
    assert times == sorted(times)


def test_the_library_still_gets_its_own_contract(world: World) -> None:
    """insert_events refuses a second event under one key, as the library's recorders do."""
    from eventsourcing.persistence import IntegrityError, StoredEvent  # noqa: PLC0415 - only this test speaks to it

    with world.opened() as (log, _):
        recorder = log.recorder
        assert isinstance(recorder, LogRecorder)
        stored = StoredEvent("000001/group/1", 5, "a", b"state")
        assert recorder.insert_events([stored]) == [1]
        with pytest.raises((IntegrityError, sqlite3.IntegrityError)):
            recorder.insert_events([stored])
        assert [record.state for record in recorder.select_events("000001/group/1")] == [b"state"]


KILLS = int(os.environ.get("OUTCOMES_KILLS", "4"))
