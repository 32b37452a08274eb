"""What a log promises, on a file of SQLite and on PostgreSQL: one set of tests, run over both."""

import random
import sqlite3
from collections.abc import Callable
from contextlib import closing, suppress
from pathlib import Path

import psycopg
import pytest

from outcomes.domain.errors import HomeUnavailable
from outcomes.store.encoding.arrival import Arrivals
from outcomes.store.log import quarantine
from outcomes.store.log.hash_chain import batches_after
from outcomes.store.operations.checkpoint import checkpoint
from tests.store.log.test_appender import arrival
from tests.support.given import event, group, link, outcome, result
from tests.support.world import World

STORES = ["file", pytest.param("postgresql", marks=pytest.mark.long)]
NEW_HOME = Callable[[], World]


@pytest.fixture(params=STORES)
def new_home(request: pytest.FixtureRequest, tmp_path: Path) -> NEW_HOME:
    """Make as many empty homes as a test wants, of one kind of store."""
    made: list[World] = []

    def make() -> World:
        folder = tmp_path / str(len(made))
        if request.param == "file":
            made.append(World(folder))
        else:
            server = request.getfixturevalue("postgres")
            made.append(World(folder, url=server.url(server.database())))
        return made[-1]

    return make


@pytest.fixture
def home(new_home: NEW_HOME) -> World:
    """One empty home."""
    return new_home()


def meddle(home: World, *statements: str, disarmed: bool = False) -> None:
    """Run SQL on a log as somebody with all rights would, past the triggers or not."""
    if home.home.url is None:
        with closing(sqlite3.connect(home.home.log_path, isolation_level=None)) as connection:
            if disarmed:
                for (name,) in connection.execute("SELECT name FROM sqlite_schema WHERE type = 'trigger'").fetchall():
                    connection.execute(f"DROP TRIGGER {name}")
            for statement in statements:
                connection.execute(statement)
        return
    with psycopg.connect(home.home.url, autocommit=True) as database:
        database.execute("SET search_path = outcomes; SET session_replication_role = replica")
        tables = [name for (name,) in database.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'outcomes'")]
        for table in tables if disarmed else ():
            database.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER".encode())
        for statement in statements:
            database.execute(statement.encode())


def school() -> list[dict[str, object]]:
    """Return a small school's events: groups, outcomes, links, results, some late, some that nothing projects."""
    events = [group("1", "2025-01-01"), *(outcome(str(n), f"2025-01-0{n}") for n in range(2, 8))]
    events += [link(f"9{n}", "2025-01-09", outcome=str(n), group="1", context="Course:200") for n in range(2, 8)]
    events += [
        result(str(n), f"2025-02-1{n % 9}T08:00:00.{n:03d}Z", outcome=str(2 + n % 6), course="200", score=n % 5)
        for n in range(40)
    ]
    events += [outcome("3", "2025-01-05", updated="2025-01-05", mastery=2)]
    return [*events, event("quizzes.item_created", "2025-02-01", {"id": "1"})]


def test_positions_have_no_gap(home: World) -> None:
    """Repeats in the batch and of earlier batches take no position, and what is told of a batch is what is there."""
    events = school()
    first = home.take(*events[:30], *events[10:30])
    second = home.take(*events, *events)
    assert (first.appended, first.duplicates) == (30, 20)
    assert (second.appended, second.head) == (len(events) - 30, len(events))
    with home.opened() as (log, _):
        assert [record.position for record in log.records()] == [*range(1, len(events) + 1)]
        assert [log.raw(one) for one in log.records_at([7, 2])] == [home.raw_log()[6], home.raw_log()[1]]
    assert home.verify()["problems"] == []


def test_two_events_under_one_key_are_both_kept(home: World) -> None:
    """Where the hash of two events of one millisecond collides, in one batch or in two, each is kept once."""
    same = b"\x12\x34\x56"
    one, two = (arrival(group("1", "2025-01-01", title=title), same + title.encode() * 13) for title in "ab")
    other = arrival(group("2", "2025-01-01"))
    with home.opened() as (log, _):
        for batch, new in (([one, two, other], 3), ([two, one, other, one], 0)):
            with log.writing() as connection:
                appended = log.append(connection, Arrivals.of(batch), "test", home.clock)
            assert len(appended.positions) == new
            told = dict(zip(appended.positions, appended.arrivals.raws, strict=True))
            assert told == ({record.position: log.raw(record) for record in log.records()} if new else {})


def test_the_order_of_arrival_changes_nothing(new_home: NEW_HOME, tmp_path: Path) -> None:
    """Shuffled, in batches of any size, the answers are those of a log in a file that took them in order."""
    events = school()
    expected = World(tmp_path / "in order")
    expected.take(*events)
    random.Random(7).shuffle(events)  # noqa: S311 - not a secret
    shuffled = new_home()
    for at in range(0, len(events), 17):
        shuffled.take(*events[at : at + 17])
    assert shuffled.digests() == expected.digests()
    assert shuffled.tree("Course:200") == expected.tree("Course:200")


def test_any_text_is_kept_as_it_came(home: World) -> None:
    """A NUL in a name, a character that is none, other scripts: in the log and in what is asked of it."""
    odd = "nul\0 none\ufdd0 \ufdd00 π 🜨"
    home.take(event(odd, "2025-01-01", {"id": odd}), b'{"metadata": 1}\n')
    assert home.take(event(odd, "2025-01-01", {"id": odd})).duplicates == 1
    with home.opened() as (log, _):
        streams = {str(record.originator_id) for record in log.records()}
        assert streams == {f"000001/other/{odd}"}
        with log.writing() as connection:
            quarantine.dismiss(connection, [1], odd, home.clock)
        with log.reading() as connection:
            found = quarantine.find(connection, 1)
    assert found is not None
    assert found.dismissed_because == odd
    assert home.verify()["problems"] == []


def test_what_was_known_is_told_for_ever(home: World) -> None:
    """As known at a position, the answer is what it was then, by the views and by the log's own streams."""
    home.take(outcome("7", "2025-01-01", title="first"))
    home.take(outcome("7", "2025-01-05", updated="2025-01-05", title="second"))
    before = home.digest()
    home.take(outcome("7", "2025-01-03", updated="2025-01-03", title="late"))
    assert home.digest(known_at="2") == before
    assert home.verify(anew=True)["problems"] == []


def test_quarantine_is_of_the_same_transaction(home: World) -> None:
    """What is no event is kept with the events around it, or, where that fails, neither is."""
    home.take(outcome("7", "2025-01-01"), b'{"no": "event"}\n')
    with home.opened() as (log, _):
        with suppress(ZeroDivisionError), log.writing() as connection:
            log.append(connection, Arrivals.of([arrival(outcome("8", "2025-01-01"))]), "test", home.clock)
            quarantine.dismiss(connection, [1], "fails", home.clock)
            assert 1 / 0
        log.forget_uncommitted()
        assert log.head == 1
        with log.reading() as connection:
            (entry,) = quarantine.entries(connection)
            assert b"".join(quarantine.content(connection, entry.number)) == b'{"no": "event"}'


CHANGES = [
    "UPDATE stored_events SET topic = 'x' WHERE position = 1",
    "DELETE FROM stored_events",
    "UPDATE batches SET recorded_at = 0",
    "DELETE FROM ledger",
    "UPDATE ledger SET subject = 'x'",
    "INSERT INTO tenants (number, uuid) VALUES (9, 'forged')",
    "INSERT INTO ledger (number, subject, chain) VALUES (99, 'x', 'x')",
    "UPDATE quarantine SET reason = 'x'",
    "DELETE FROM quarantine_parts",
    "UPDATE properties SET value = '9'",
]


@pytest.mark.parametrize("statement", CHANGES)
def test_no_change_is_taken(home: World, statement: str) -> None:
    """Whoever connects, with whichever rights, the database refuses to change what was written."""
    home.take(b'{"no": "event"}\n')
    home.take(outcome("7", "2025-01-01"))  # so that the last entry of the ledger is of another row
    with pytest.raises((sqlite3.IntegrityError, psycopg.errors.RaiseException), match="the log is immutable"):
        meddle(home, statement)
    assert home.verify()["problems"] == []


@pytest.mark.parametrize(
    ("statement", "words"),
    [
        ("UPDATE stored_events SET topic = 'group_updated' WHERE position = 1", "not what was appended"),
        ("DELETE FROM stored_events WHERE position = 2", "position 2 is missing"),
        ("UPDATE batches SET source = 'elsewhere'", "was changed"),
        ("DELETE FROM tenants", "was removed"),
        ("UPDATE quarantine SET reason = 'x'", "was changed"),
    ],
)
def test_what_is_changed_past_the_triggers_is_found(home: World, statement: str, words: str) -> None:
    """Somebody with all rights drops the triggers and changes a row: `verify` tells which, and that they are gone."""
    home.take(*school(), b'{"no": "event"}\n')
    meddle(home, statement, disarmed=True)
    problems = " | ".join(str(problem) for problem in home.verify()["problems"])
    assert words in problems
    assert "trigger stored_events_refuse" in problems
    with home.opened() as (log, _), log.writing() as connection:
        log.store.arm(connection)
    assert "trigger" not in str(home.verify()["problems"])


def test_damage_is_told_with_the_way_back_of_its_store(home: World) -> None:
    """Where nothing but a copy helps, the words are those of a file for a file, and of a database for a database."""
    home.take(outcome("7", "2025-01-01"))
    meddle(home, "UPDATE properties SET value = 'x' WHERE name = 'bytes_chained_after'", disarmed=True)
    told = str(home.verify()["problems"])
    file, database = "restore log.db from a backup", "restore the database from a dump"
    assert (file in told, database in told) == ((True, False) if home.home.url is None else (False, True))


def test_a_log_that_was_cut_back_is_found_by_a_checkpoint(home: World) -> None:
    """Batches that are gone with all that is said of them leave a sound log; a checkpoint of before tells."""
    home.take(outcome("7", "2025-01-01"))
    with home.opened() as (log, _):
        first = checkpoint(log)
    home.take(outcome("8", "2025-01-01"))
    with home.opened() as (log, _):
        second = checkpoint(log)
        with log.reading() as connection:
            assert [batch.last_position for batch in batches_after(connection, 0)] == [1, 2]
    cut = ["stored_events WHERE position = 2", "batches WHERE last_position = 2", "ledger WHERE subject = 'batches/2'"]
    meddle(home, *(f"DELETE FROM {what}" for what in cut), disarmed=True)
    assert "cut back" in str(home.verify(against=second)["problems"])
    assert "cut back" not in str(home.verify(against=first)["problems"])


def test_a_clock_behind_is_refused(home: World) -> None:
    """A machine whose clock is more than a day behind the last batch appends nothing, and says which time is whose."""
    home.take(outcome("7", "2025-01-01"))
    home.clock -= 2 * 86_400_000_000
    with pytest.raises(HomeUnavailable, match="the clock says"):
        home.take(outcome("8", "2025-01-01"))
    assert home.take(outcome("8", "2025-01-01"), trusts_clock=True).head == 2
    assert home.verify()["problems"] == []
