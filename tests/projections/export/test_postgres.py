"""A replay into PostgreSQL: the typed tables of the other forms, put in place at once, and nothing of others lost."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import psycopg
import pyarrow.parquet as pq
import pytest
from psycopg.rows import dict_row

from outcomes.domain.errors import DatabaseUnavailable
from outcomes.projections.export import schema_swap
from outcomes.projections.export.parquet import ParquetFolder
from outcomes.projections.export.postgres import postgres_schema
from outcomes.projections.export.postgres_address import SchemaAddress
from outcomes.projections.export.state_file import replay, write_state
from tests.support.given import group, link, outcome, proficiency, result
from tests.support.postgres import Server, postgres_server
from tests.support.world import World

pytestmark = pytest.mark.long
TABLES = ("outcomes", "groups", "links", "proficiencies", "results", "mastery", "point")


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    """One server for all."""
    with postgres_server() as running:
        yield running


@pytest.fixture
def school(world: World, server: Server) -> World:
    """One of each, with odd text, and a database to write it to."""
    server.database("bi")
    world.take(
        group("1", "2025-01-01"),
        outcome("7", "2025-01-01T08:00:00.123Z", title="tab\tline\nback\\slash", brand_new={"a": 1}),
        link("70", "2025-01-01", outcome="7", group="1"),
        proficiency("5", "2025-01-01"),
        result("50", "2025-02-01", score=None),
        result("51", "2025-02-02", score=4, updated="2025-02-03T10:00:00+02:00", mastery=True),
    )
    return world


def silent(words: str) -> None:
    """Say nothing: nobody is waited for."""
    raise AssertionError(words)


def write(
    world: World, server: Server, schema: str = "outcomes", user: str = "postgres", say: schema_swap.Say = silent
) -> dict[str, Any]:
    """Write the state of now to a schema."""
    address = SchemaAddress.of(server.url(f"bi/{schema}", user))
    with world.at() as (log, connection, at), postgres_schema(address, say) as sink:
        return write_state(connection, log, at, sink)


def read(server: Server, table: str, user: str = "postgres") -> list[dict[str, Any]]:
    """Read a table as somebody without us would."""
    with psycopg.connect(server.url("bi", user), row_factory=dict_row) as connection:
        return connection.execute(f"SELECT * FROM outcomes.{table}".encode()).fetchall()


def schemas(server: Server) -> set[str]:
    """Return the schemas that are not PostgreSQL's own."""
    found = server.run("SELECT nspname FROM pg_namespace WHERE nspname !~ '^(pg_|information_schema|public)'", "bi")
    return {str(name) for (name,) in found}


def test_it_holds_what_parquet_files_hold(school: World, server: Server, tmp_path: Path) -> None:
    """Table by table, value by value: text with tabs and breaks, truth, numbers, instants in UTC."""
    with school.at() as (log, connection, at):
        told = replay(connection, log, at, tmp_path / "state", ParquetFolder)
    assert write(school, server) == {name: value for name, value in told.items() if name != "file"}
    for table in TABLES:
        expected = pq.read_table(tmp_path / "state" / f"{table}.parquet").to_pylist()
        assert read(server, table) == expected
    (found,) = (row for row in read(server, "results") if row["id"] == "51")
    assert (type(found["updated_at"]), found["mastery"], found["score"]) == (datetime, True, 4.0)


def test_keys_references_and_indexes_are_those_of_the_file(school: World, server: Server) -> None:
    """A tool that draws relations finds them, though what is named need not be there."""
    school.take(link("71", "2025-01-01", outcome="nobody-told-of-it", group="1"))
    write(school, server)
    constraints = server.run(
        "SELECT conrelid::regclass::text, pg_get_constraintdef(oid) FROM pg_constraint "
        "WHERE connamespace = 'outcomes'::regnamespace AND contype IN ('p', 'f')",
        "bi",
    )
    assert {
        ("outcomes.outcomes", "PRIMARY KEY (learning_outcome_id)"),
        ("outcomes.mastery", "PRIMARY KEY (course_id, student, outcome_id)"),
        (
            "outcomes.links",
            "FOREIGN KEY (learning_outcome_id) REFERENCES outcomes.outcomes(learning_outcome_id) NOT VALID",
        ),
        (
            "outcomes.mastery",
            "FOREIGN KEY (outcome_id) REFERENCES outcomes.outcomes(learning_outcome_id) NOT VALID",
        ),
    } <= set(constraints)
    indexed = server.run("SELECT indexdef FROM pg_indexes WHERE schemaname = 'outcomes' ORDER BY 1", "bi")
    assert any("ON outcomes.results USING btree (user_uuid)" in str(row[0]) for row in indexed)


def test_a_second_replay_takes_the_place_of_the_first_with_its_readers(school: World, server: Server) -> None:
    """Who might read the old tables reads the new ones, and saw the old until the end; who writes has but one right."""
    server.run("DROP ROLE IF EXISTS reader, writer")
    server.run("CREATE ROLE reader LOGIN; CREATE ROLE writer LOGIN; GRANT CREATE ON DATABASE bi TO writer")
    write(school, server, user="writer")
    server.run("GRANT USAGE ON SCHEMA outcomes TO reader; GRANT SELECT ON outcomes.results TO reader", "bi")
    server.run("GRANT SELECT ON outcomes.mastery TO PUBLIC", "bi")
    school.take(result("52", "2025-02-04", score=2))
    address = SchemaAddress.of(server.url("bi/outcomes", "writer"))
    with school.at() as (log, connection, at), postgres_schema(address, silent) as sink:
        write_state(connection, log, at, sink)
        assert len(read(server, "results", "reader")) == 2
    assert len(read(server, "results", "reader")) == 3
    assert read(server, "mastery", "reader")
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        read(server, "outcomes", "reader")
    assert schemas(server) == {"outcomes"}


def test_a_replay_that_is_killed_leaves_what_was_there(school: World, server: Server) -> None:
    """Killed where all is written and only a reader is waited for: the old tables stand, and nothing else."""
    write(school, server)
    school.take(result("52", "2025-02-04", score=2))
    url = server.url("bi/outcomes")
    waiting = "SELECT 1 FROM pg_stat_activity WHERE application_name = 'outcomes replay' AND wait_event_type = 'Lock'"
    with psycopg.connect(server.url("bi")) as reader:
        reader.execute("SELECT count(*) FROM outcomes.results")
        command = [sys.executable, "-m", "outcomes", "--home", str(school.home.folder), "replay", "--to", url]
        with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True) as process:
            _until(lambda: bool(server.run(waiting)))
            assert process.stderr is not None
            assert f"process {reader.info.backend_pid}" in process.stderr.readline()
            os.kill(process.pid, signal.SIGKILL)
    gone = "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'outcomes replay'"
    _until(lambda: server.run(gone) == [(0,)])
    assert schemas(server) == {"outcomes"}
    assert len(read(server, "results")) == 2
    write(school, server)
    assert len(read(server, "results")) == 3


def test_who_reads_for_long_is_not_waited_for_for_ever(
    school: World, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who it is is told while it waits, and in the refusal, which says what to do; the old tables stand."""
    monkeypatch.setattr(schema_swap, "_LOCK_TRIES", 2)
    monkeypatch.setattr(schema_swap, "_LOCK_SECONDS", 0.1)
    monkeypatch.setattr(schema_swap, "_PAUSE_SECONDS", 0.0)
    write(school, server)
    said: list[str] = []
    with psycopg.connect(server.url("bi"), application_name="a dashboard") as reader:
        reader.execute("SELECT count(*) FROM outcomes.results")
        who = f"postgres in process {reader.info.backend_pid} (a dashboard)"
        with pytest.raises(DatabaseUnavailable, match="somebody has been reading") as refusal:
            write(school, server, say=said.append)
    (words,) = said
    assert words.endswith(f"0.2 seconds at most: {who}")
    assert f"({who}): nothing was changed" in str(refusal.value)
    assert schemas(server) == {"outcomes"}


@pytest.mark.parametrize(
    ("done", "said"),
    [
        ("CREATE SCHEMA outcomes; CREATE TABLE outcomes.mine (a int)", "is there already, and no replay made it"),
        ("ALTER TABLE outcomes.results ENABLE ROW LEVEL SECURITY", "row-level security on results"),
        ("CREATE VIEW public.mine AS SELECT id FROM outcomes.results", "view mine depends on table outcomes.results"),
        ("CREATE TABLE outcomes.mine (a int)", "table outcomes.mine depends on schema outcomes"),
    ],
)
def test_nothing_of_anybody_else_is_dropped(school: World, server: Server, done: str, said: str) -> None:
    """A schema that no replay made, rules for readers, views and tables of others: refused, and all stays."""
    if not done.startswith("CREATE SCHEMA"):
        write(school, server)
    server.run(done, "bi")
    with pytest.raises(DatabaseUnavailable, match=said):
        write(school, server)
    assert schemas(server) == {"outcomes"}


def test_one_replay_at_a_time_writes_a_schema(school: World, server: Server) -> None:
    """The second is told at once; another schema is free."""
    with postgres_schema(SchemaAddress.of(server.url("bi/outcomes")), silent):
        with pytest.raises(DatabaseUnavailable, match="another replay is writing"):
            write(school, server)
        write(school, server, "others")


def test_a_user_without_the_right_is_told_which(school: World, server: Server) -> None:
    """No traceback, and nothing made."""
    server.run("DROP ROLE IF EXISTS nobody_special")
    server.run("CREATE ROLE nobody_special LOGIN")
    with pytest.raises(DatabaseUnavailable, match="GRANT CREATE ON DATABASE"):
        write(school, server, user="nobody_special")
    assert schemas(server) == set()


def test_a_character_that_postgres_cannot_hold_is_replaced(world: World, server: Server) -> None:
    """Its text has no NUL: the rest of a title is no worse for it."""
    server.database("bi")
    world.take(outcome("7", "2025-01-01", title="Reading\0fluently"))
    write(world, server)
    assert [row["title"] for row in read(server, "outcomes")] == ["Reading�fluently"]


def _until(is_so: Any) -> None:
    deadline = time.monotonic() + 30
    while not is_so():
        assert time.monotonic() < deadline, "it never came to that"
        time.sleep(0.05)
