"""A home of an older format is read as it is and brought up to date by the first write; a newer one is left alone."""

import shutil
import sqlite3
from contextlib import closing
from hashlib import blake2b
from pathlib import Path
from typing import Any

import pytest

from outcomes.domain.errors import HomeUnavailable, LogDamaged
from outcomes.store import ledger
from outcomes.store.encoding.compression import dictionary_number, shipped_dictionary
from outcomes.store.log.layout import FORMAT
from outcomes.store.log.recorder import PROPERTIES
from outcomes.store.operations.checkpoint import checkpoint
from outcomes.store.privacy import settings
from tests.support.command import Outcomes
from tests.support.given import group, lines, outcome, result
from tests.support.people import ADA, user
from tests.support.world import World

LAYOUT = Path(__file__).with_name("format_1.sql").read_text()
COLUMNS = {"quarantine": "number, digest, first_seen, last_seen, times, source, line, reason, bytes, taken_at"}
COLUMNS |= {"tenants": "*", "dictionaries": "*", "quarantine_parts": "*"}
EVENTS = "position, originator_id, originator_version, topic, state, content_hash"


def of_format_1(world: World, folder: Path) -> World:
    """Return the same log as format 1 kept it: its layout word for word, its chain by its rule, no identity."""
    folder.mkdir()
    with closing(sqlite3.connect(folder / "log.db", isolation_level=None)) as old:
        old.execute("PRAGMA journal_mode=WAL")
        old.executescript(LAYOUT)
        old.execute("ATTACH ? AS new", (str(world.home.log_path),))
        old.execute(f"INSERT INTO stored_events SELECT {EVENTS} FROM new.stored_events ORDER BY position")
        for table in ("tenants", "dictionaries", "quarantine", "quarantine_parts"):
            old.execute(f"INSERT INTO {table} SELECT {COLUMNS[table]} FROM new.{table}")
        old.execute("INSERT INTO properties VALUES ('format', '1')")
        chain = bytes(32)
        for last, first, recorded_at, source, newest in old.execute(
            "SELECT last_position, first_position, recorded_at, source, max_event_time FROM new.batches ORDER BY 1"
        ).fetchall():
            digests = old.execute(
                "SELECT content_hash FROM stored_events WHERE position BETWEEN ? AND ? ORDER BY position", (first, last)
            )
            said = f"{first}|{last}|{recorded_at}|{source}|".encode() + b"".join(row[0] for row in digests)
            chain = blake2b(chain + said, digest_size=32).digest()
            old.execute(
                "INSERT INTO batches VALUES (?, ?, ?, ?, ?, ?)", (last, first, recorded_at, source, newest, chain)
            )
    return World(folder)


@pytest.fixture
def old(world: World, tmp_path: Path) -> World:
    """A home of format 1 with two batches and something in quarantine."""
    world.take(outcome("7", "2025-01-01"), result("50", "2025-02-01"), b"not an event")
    world.take(group("1", "2025-01-01"))
    return of_format_1(world, tmp_path / "old")


def rows(world: World, table: str) -> list[Any]:
    """Return all that a table holds."""
    with closing(sqlite3.connect(world.home.log_path)) as connection:
        return connection.execute(f"SELECT * FROM {table} ORDER BY 1").fetchall()


def test_a_reader_takes_it_as_it_is(old: World, world: World) -> None:
    """Every question is answered, the proof holds, and nothing is written to it."""
    before = old.home.log_path.read_bytes()
    outcomes = Outcomes(old.home.folder)
    assert old.verify(anew=True)["ok"]
    assert outcomes.json("digest")["digest"] == world.digest().digest
    status = outcomes.json("status")
    assert (status["format"], status["log"], status["head"]) == (1, None, 3)
    assert outcomes("checkpoint").out.endswith(b":-\n")
    assert old.home.log_path.read_bytes() == before


def test_the_first_write_brings_it_up_to_date(old: World) -> None:
    """It gets an identity and the newer chain from there on; what was stored stays byte for byte."""
    tables = ("stored_events", "batches", "tenants", "dictionaries", "quarantine", "quarantine_parts")
    before = {table: rows(old, table) for table in tables}
    with old.opened() as (log, _):
        past = checkpoint(log)
    old.take(group("2", "2025-01-01"))
    for table in tables:
        width = len(before[table][0])
        assert [row[:width] for row in rows(old, table)][: len(before[table])] == before[table], table
    properties = dict(rows(old, "properties"))
    assert (properties["format"], properties["bytes_chained_after"]) == (str(FORMAT), "3")
    assert len(properties["identity"]) == 32
    assert old.verify(against=past)["problems"] == []


def test_it_is_guarded_again_afterwards(old: World) -> None:
    """The migration changed one property, and no one else can; guards that early builds lacked are there."""
    with closing(sqlite3.connect(old.home.log_path, isolation_level=None)) as early:
        early.execute("DROP TRIGGER tenants_refuse_replace")
    assert old.verify()["problems"] == []
    old.take(group("2", "2025-01-01"))
    with closing(sqlite3.connect(old.home.log_path)) as connection:
        for statement in ("UPDATE properties SET value = '1'", "INSERT OR REPLACE INTO tenants SELECT * FROM tenants"):
            with pytest.raises(sqlite3.IntegrityError, match="the log is immutable"):
                connection.execute(statement)
    assert old.verify()["problems"] == []


def test_a_retry_of_the_quarantine_is_a_write_too(old: World) -> None:
    """Whichever command writes first."""
    assert Outcomes(old.home.folder)("quarantine", "retry").code == 0
    assert dict(rows(old, "properties"))["format"] == str(FORMAT)


def test_a_write_that_fails_leaves_the_old_format(old: World) -> None:
    """Migration and write are one transaction."""
    before = rows(old, "properties")

    def fail() -> None:
        with old.opened() as (log, _), log.writing():
            raise InterruptedError

    with pytest.raises(InterruptedError):
        fail()
    assert rows(old, "properties") == before


@pytest.mark.parametrize(
    "forge",
    [
        "UPDATE stored_events SET content_hash = zeroblob(16) WHERE position = 1",
        "UPDATE batches SET recorded_at = recorded_at + 1 WHERE last_position = 2",
        "UPDATE batches SET max_event_time = max_event_time + 1 WHERE last_position = 2",
    ],
)
@pytest.mark.parametrize("migrated", [False, True])
def test_what_was_appended_by_format_1_is_proved_by_its_rule(old: World, forge: str, migrated: bool) -> None:
    """Before the migration and after it."""
    if migrated:
        old.take(group("2", "2025-01-01"))
    with closing(sqlite3.connect(old.home.log_path, isolation_level=None)) as connection:
        guards = connection.execute("SELECT name, sql FROM sqlite_schema WHERE type = 'trigger'").fetchall()
        for name, _ in guards:
            connection.execute(f"DROP TRIGGER {name}")
        connection.execute(forge)
        for _, statement in guards:
            connection.execute(statement)
    assert 1 in {problem.get("position") for problem in old.verify()["problems"]}


@pytest.mark.parametrize("number", ["4", "two"])
def test_a_newer_home_is_left_alone(world: World, number: str) -> None:
    """Reading and writing say what to do, with exit 2 and one line; not a byte of it changes."""
    world.take(group("1", "2025-01-01"))
    with closing(sqlite3.connect(world.home.log_path, isolation_level=None)) as connection:
        connection.execute("DROP TRIGGER properties_refuse_update")
        ledger.change(connection, PROPERTIES, "format", number)
    before = world.home.log_path.read_bytes()
    with pytest.raises(HomeUnavailable, match=f"format {number}, made by a newer version; this one knows {FORMAT}: up"):
        world.take(group("2", "2025-01-01"))
    outcomes = Outcomes(world.home.folder)
    ran = outcomes("verify")
    assert (ran.code, ran.err.count("\n")) == (2, 1)
    assert "upgrade outcomes" in ran.err
    assert world.home.log_path.read_bytes() == before


def test_events_without_a_format_are_no_new_log(world: World) -> None:
    """Whoever removed the row does not get a log made over it."""
    world.take(group("1", "2025-01-01"))
    with closing(sqlite3.connect(world.home.log_path, isolation_level=None)) as connection:
        connection.execute("DROP TRIGGER properties_refuse_delete")
        connection.execute("DELETE FROM properties")
    with pytest.raises(LogDamaged, match="does not say its format: restore it from a backup"):
        world.take(group("2", "2025-01-01"))


def test_views_of_an_older_layout_are_made_anew(world: World) -> None:
    """Of a layout that knew nothing of logs, too: the answers are the same."""
    world.take(group("1", "2025-01-01"), outcome("7", "2025-01-01"))
    before = world.digest()
    with closing(sqlite3.connect(world.home.views_path, isolation_level=None)) as views:
        views.execute("DELETE FROM properties WHERE name IN ('log', 'chain')")
        views.execute("DELETE FROM outcome_versions")
    assert world.digest() == before


def test_the_migration_brings_house_rules(old: World) -> None:
    """Format 1 had none: until something is written there none are in force; then they can be decided."""
    with old.opened() as (log, _):
        with log.reading() as connection:
            assert settings.current(connection, settings.REDACT) is None
        with old.home.writing("test"), log.writing() as connection:
            settings.record(connection, settings.REDACT, "on", 1)
            assert settings.current(connection, settings.REDACT) == "on"
    assert old.verify()["ok"]


ENCRYPTED = Path(__file__).with_name("format_2_encrypted.sql").read_text()
ITS_CHECKPOINT = "outcomes-checkpoint:19:" + ENCRYPTED.split("outcomes-checkpoint:19:")[1].split("\n")[0]


@pytest.fixture
def encrypted(tmp_path: Path) -> Outcomes:
    """An encrypted home of format 2, as that version left it."""
    home = tmp_path / "encrypted"
    home.mkdir(mode=0o700)
    with closing(sqlite3.connect(home / "log.db", isolation_level=None)) as old:
        old.execute("PRAGMA journal_mode=WAL")
        old.executescript(ENCRYPTED)
        shipped = shipped_dictionary()
        old.execute("INSERT INTO dictionaries VALUES (?, ?)", (dictionary_number(shipped), shipped))
    return Outcomes(home)


def secret_of(outcomes: Outcomes) -> str:
    """Return the secret that format 2 kept inside."""
    with closing(sqlite3.connect(outcomes.home / "log.db")) as old:
        return str(old.execute("SELECT value FROM properties WHERE name = 'secret'").fetchone()[0])


def test_an_encrypted_log_of_format_2_is_read_as_it_is(encrypted: Outcomes) -> None:
    """Its secret and keys are inside, and stay until somebody writes."""
    verdict = encrypted.json("verify", "--all", "--against", ITS_CHECKPOINT)
    assert (verdict["ok"], verdict["erased"]) == (True, 1), verdict
    assert ADA.encode() in encrypted("mastery", "--format", "json").out
    assert secret_of(encrypted)
    assert not (encrypted.home / "home.key").exists()


def test_the_first_write_takes_the_keys_out(encrypted: Outcomes) -> None:
    """Every answer is as before; secret and keys are in no byte of log.db; its checkpoints keep verifying."""
    before, secret = encrypted.json("digest"), secret_of(encrypted)
    with closing(sqlite3.connect(encrypted.home / "log.db")) as old:
        keys = [key for (key,) in old.execute("SELECT key FROM subject_keys WHERE key IS NOT NULL")]
        events = old.execute("SELECT * FROM stored_events ORDER BY position").fetchall()
    assert len(keys) > 3
    assert encrypted("ingest", stdin=lines(group("99", "2025-06-01"))).code == 0
    assert encrypted.json("digest", "--known-at", "19") == {**before, "known_at": 19}
    found = b"".join(path.read_bytes() for path in encrypted.home.glob("log.db*"))
    assert [key for key in (*keys, secret.encode(), bytes.fromhex(secret)) if key in found] == []
    with closing(sqlite3.connect(encrypted.home / "log.db")) as now:
        assert now.execute("SELECT * FROM stored_events WHERE position <= 19 ORDER BY position").fetchall() == events
    verdict = encrypted.json("verify", "--all", "--rebuild", "--against", ITS_CHECKPOINT)
    assert (verdict["ok"], verdict["erased"], encrypted.json("status")["format"]) == (True, 1, FORMAT), verdict
    assert encrypted("erase", "--student", ADA, "--reason", "x").code == 0
    assert ADA.encode() not in encrypted("mastery", "--format", "json").out
    assert encrypted("verify", "--all").code == 0


def test_a_migration_that_was_cut_short_finds_its_key(encrypted: Outcomes) -> None:
    """Killed between key and log, the key that is there is the right one; another home's is refused."""
    copy = Outcomes(shutil.copytree(encrypted.home, encrypted.home.with_name("copy")))
    assert copy("ingest", stdin=lines(group("99", "2025-06-01"))).code == 0
    shutil.copy(copy.home / "home.key", encrypted.home / "home.key")
    assert encrypted("ingest", stdin=lines(group("99", "2025-06-01"))).code == 0
    assert (encrypted.home / "home.key").read_bytes() == (copy.home / "home.key").read_bytes()
    assert encrypted("verify", "--all").code == 0


@pytest.mark.skipif(
    sqlite3.sqlite_version_info < (3, 35), reason="to drop a column, as the test does, needs SQLite 3.35"
)
def test_a_log_of_an_unreleased_build_says_what_to_do_with_it(world: World, tmp_path: Path) -> None:
    """Some early homes of format 3 lack a column: nothing is written to them, and what they hold is not lost."""
    world.take(outcome("7", "2025-01-01"), b"not an event")
    with closing(sqlite3.connect(world.home.log_path, isolation_level=None)) as early:
        for (name,) in early.execute("SELECT name FROM sqlite_schema WHERE type = 'trigger'").fetchall():
            early.execute(f"DROP TRIGGER {name}")
        early.execute("ALTER TABLE quarantine DROP COLUMN places")
    outcomes = Outcomes(world.home.folder)
    refused = outcomes("ingest", "-", stdin=b"not one either")
    assert (refused.code, refused.err.count("\n")) == (2, 1)
    assert "no column quarantine.places" in refused.err
    taken = Outcomes(tmp_path / "new")("ingest", "-", "--format", "json", stdin=outcomes("log").out)
    assert taken.json()["appended"] == 1


def test_an_event_that_was_unknown_when_it_came_is_filed_under_its_name(world: World, tmp_path: Path) -> None:
    """Format 1 did not project users: its logs hold them in one stream a name, and that is no damage."""
    world.take(user("41230000000000009", ADA, "Ada", "ada", "S-1", "2025-01-01"), outcome("7", "2025-01-01"))
    old = of_format_1(world, tmp_path / "old")
    with closing(sqlite3.connect(old.home.log_path, isolation_level=None)) as file:
        triggers = file.execute("SELECT name, sql FROM sqlite_schema WHERE type = 'trigger'").fetchall()
        for name, _ in triggers:
            file.execute(f"DROP TRIGGER {name}")
        file.execute("UPDATE stored_events SET originator_id = '000001/other/user_created' WHERE position = 1")
        for _, sql in triggers:
            file.execute(sql)
    assert old.verify()["problems"] == []
    old.take(group("2", "2025-01-01"))
    assert old.verify(anew=True)["problems"] == []
