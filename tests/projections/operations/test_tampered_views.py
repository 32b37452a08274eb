"""Every change of views.db that could change an answer shows in `verify --rebuild`: each column of each table."""

import gzip
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from outcomes.projections.operations.reverse_replay import reverse_views
from outcomes.projections.operations.verify_views_anew import views_problems
from outcomes.projections.views.read_model import unwatched
from tests.support.command import ROOT
from tests.support.given import OTHER_TENANT, event, group, lines, outcome, result, setting
from tests.support.world import World

SAMPLE = ROOT / "scripts" / "cli" / "sample" / "school-year.ndjson.gz"
ASKER = {"user_id": "41230000000000017", "user_sis_id": "S-17"}
MOVED = [
    result("90", "2025-03-01", course="200", student="studentAda", outcome="7", meta=ASKER),
    result("90", "2025-03-02", course="201", student="studentBen", outcome="8", updated="2025-03-02"),
    result("90", "2025-03-03", course="200", student="studentBen", outcome="7", updated="2025-03-03"),
    outcome("7", "2025-03-04", updated="2025-03-04", title="Later"),
    outcome("7", "2025-03-02", updated="2025-03-02", title="Late to arrive"),
    setting("outcomes_new_decaying_average_calculation", "2025-01-01", value=False),
    result("91", "2025-03-01", course="200", student="studentGone"),
    group("1", "2025-01-01", meta={"tenant": OTHER_TENANT}),
]
"""A result that moved, versions that come late, somebody else's school; the sample has all else that events tell."""

OBSERVED = [
    event(f"outcomes_{kind}_observed", "2025-03-05", body)
    for kind, body in {
        "result_detail": {"result_id": "90", "course_id": "200", "submitted_at": "2025-02-28", "hidden": False},
        "alignment": {"alignment_id": "70", "learning_outcome_id": "7", "workflow_state": "active"},
        "submission": {"submission_id": "71", "course_id": "200", "assignment_id": "72", "user_uuid": "studentAda"},
        "post_policy": {"post_policy_id": "73", "course_id": "200", "post_manually": True},
        "section": {"section_id": "74", "course_id": "200", "name": "Morning"},
        "term": {"term_id": "75", "name": "Spring"},
        "course_detail": {"course_id": "200", "enrollment_term_id": "75", "course_code": "TIDES 1"},
        "course_account": {"course_account_id": "76", "course_id": "200", "account_id": "1"},
        "account_detail": {"account_id": "1", "sis_source_id": "PLOVER"},
    }.items()
]
"""What only an export tells."""

# `properties` says of which log the views are, and of what layout; `tracking` up to where they go: see the tests below.
OF_THE_FILE = {"properties", "tracking"}


@pytest.fixture(scope="module")
def proof(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[World, sqlite3.Connection]]:
    """A home whose views have rows in every table, and a connection to them with views made anew beside."""
    world = World(tmp_path_factory.mktemp("tampered") / "home", encrypt=True)
    world.take(gzip.decompress(SAMPLE.read_bytes()))
    for late in MOVED:
        world.take(late)
    world.take(*OBSERVED)
    assert world.erase("studentGone")
    with world.opened() as (log, views):
        views.catch_up()
        with reverse_views(world.home, log, unwatched) as connection:
            yield world, connection


def tables(connection: sqlite3.Connection) -> list[str]:
    """Return the names of all tables of ours."""
    rows = connection.execute(
        "SELECT name FROM main.sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%' ORDER BY 1"
    )
    return [name for (name,) in rows if name not in OF_THE_FILE]


def found_after(connection: sqlite3.Connection, *statements: str) -> list[str]:
    """Change the live views, look, and take the change back."""
    connection.execute("SAVEPOINT change")
    try:
        for statement in statements:
            connection.execute(statement)
        return list(views_problems(connection))
    finally:
        connection.execute("ROLLBACK TO change")
        connection.execute("RELEASE change")


def test_nothing_is_found_where_nothing_was_changed(proof: tuple[World, sqlite3.Connection]) -> None:
    """Otherwise the rest of this file says nothing; and no table is empty, or it would not be looked at."""
    _, connection = proof
    assert list(views_problems(connection)) == []
    assert len(tables(connection)) > 20
    empty = [t for t in tables(connection) if not connection.execute(f"SELECT count(*) FROM main.{t}").fetchone()[0]]
    assert empty == []


def edits(connection: sqlite3.Connection) -> Iterator[tuple[str, str]]:
    """Yield, for every column of every table, what sets it to something else in one row."""
    for table in tables(connection):
        keys = ", ".join(primary_key(connection, table))
        last = f"SELECT {keys} FROM main.{table} ORDER BY {keys.replace(', ', ' DESC, ')} DESC LIMIT 1"
        for _, column, stored, *_ in connection.execute(f"PRAGMA main.table_info({table})").fetchall():
            another = {
                "INTEGER": f"coalesce({column}, 0) + 1000003",
                "REAL": f"coalesce({column}, 0) + 0.5",
                "TEXT": f"coalesce({column}, '') || 'x'",
                "BLOB": f"zeroblob(length({column}))",
            }[stored]
            yield f"{table}.{column}", f"UPDATE main.{table} SET {column} = {another} WHERE ({keys}) = ({last})"


def primary_key(connection: sqlite3.Connection, table: str) -> list[str]:
    """Return the columns of a table's key."""
    rows = connection.execute(f"PRAGMA main.table_info({table})").fetchall()
    return [row[1] for row in sorted(rows, key=lambda row: row[5]) if row[5]]


@pytest.mark.long
def test_any_column_of_any_table(proof: tuple[World, sqlite3.Connection]) -> None:
    """One value of one row, in each column of each table there is: found, and the table is named."""
    _, connection = proof
    unseen = []
    for place, statement in edits(connection):
        found = found_after(connection, statement)
        if not any(place.split(".")[0] in words or place in NUMBERS for words in found):
            unseen.append(place)
    assert unseen == []


# Who refers to a number finds nobody under it any more: the tables that refer are named.
NUMBERS = {"tenants.tenant", "contexts.context", "students.student"}


def test_a_row_of_any_table_removed(proof: tuple[World, sqlite3.Connection]) -> None:
    """The first one by its key, from each table: found."""
    _, connection = proof
    for table in tables(connection):
        keys = ", ".join(primary_key(connection, table))
        first = f"SELECT {keys} FROM main.{table} ORDER BY {keys} LIMIT 1"
        assert any(
            table in words for words in found_after(connection, f"DELETE FROM main.{table} WHERE ({keys}) = ({first})")
        ), table


def test_a_row_of_any_table_inserted(proof: tuple[World, sqlite3.Connection]) -> None:
    """A copy under another key: found."""
    _, connection = proof
    for table in tables(connection):
        columns = [(row[1], row[2]) for row in connection.execute(f"PRAGMA main.table_info({table})").fetchall()]
        last = primary_key(connection, table)[-1]
        another = {"INTEGER": f"{last} + 1000003", "TEXT": f"{last} || 'x'", "BLOB": "zeroblob(16)"}
        taken = [
            another[stored] if name == last else f"{name} || 'x'" if name == "uuid" else name
            for name, stored in columns
        ]
        names = ", ".join(name for name, _ in columns)
        extra = f"INSERT INTO main.{table} ({names}) SELECT {', '.join(taken)} FROM main.{table} LIMIT 1"
        if table == "contexts":
            extra = "INSERT INTO main.contexts (tenant, type, id) VALUES (1, 'Course', 'nowhere')"
        assert any(table in words for words in found_after(connection, extra)), table


LAYOUT = {
    "a table more": "CREATE TABLE main.notes (text TEXT)",
    "a trigger more": "CREATE TRIGGER main.lie AFTER INSERT ON names BEGIN DELETE FROM members; END",
    "a trigger gone": "DROP TRIGGER main.link_versions_way_back",
    "an index gone": "DROP INDEX main.link_versions_by_outcome",
    "a view gone": "DROP VIEW main.results",
    "a table gone": "DROP TABLE main.sis_ids",
    "a column more": "ALTER TABLE main.members ADD COLUMN note TEXT",
}


@pytest.mark.parametrize("name", LAYOUT)
def test_the_layout(proof: tuple[World, sqlite3.Connection], name: str) -> None:
    """Tables, indexes, triggers and SQL views are what this version makes."""
    _, connection = proof
    assert any("sqlite_schema" in words for words in found_after(connection, LAYOUT[name]))


@pytest.fixture
def lied(world: World) -> Callable[[str], World]:
    """A small home whose views are changed by one statement, outside of ours."""
    world.take(group("1", "2025-01-01"), outcome("7", "2025-01-01"), *MOVED[:4])
    with world.opened() as (_, views):
        views.catch_up()

    def change(statement: str) -> World:
        with closing(sqlite3.connect(world.home.views_path, isolation_level=None)) as live:
            assert live.execute(statement).rowcount > 0
        return world

    return change


def test_the_whole_command_finds_it(lied: Callable[[str], World]) -> None:
    """By way of `verify` itself: exit not ok, the table and a row named, no file left."""
    world = lied("UPDATE result_versions SET score = 0")
    verdict = world.verify(anew=True)
    assert not verdict["ok"]
    assert any("the views' result_versions: 3 rows" in problem["problem"] for problem in verdict["problems"])
    assert not list(world.home.folder.glob("views.db.proof*"))


def test_up_to_where_the_views_go(lied: Callable[[str], World]) -> None:
    """A position beyond the log would hide events that are still to come."""
    world = lied("UPDATE tracking SET notification_id = notification_id + 5")
    assert any("but stand at" in problem["problem"] for problem in world.verify(anew=True)["problems"])


@pytest.mark.parametrize("name", ["version", "log", "erased_keys", "chain", "generation"])
def test_what_the_views_say_of_themselves(lied: Callable[[str], World], name: str) -> None:
    """Views that are not of this log or layout are made anew before they answer, so no answer is another."""
    world = lied("UPDATE properties SET value = value WHERE name = 'log'")
    before: Any = world.everything_known()
    lied(f"UPDATE properties SET value = value || '0' WHERE name = '{name}'")
    assert world.everything_known() == before
    assert world.verify(anew=True)["problems"] == []


def test_what_is_vouched_for_is_said(world: World, tmp_path: Path) -> None:
    """Without --rebuild derived rows are not compared, without --all only a sample: the verdict says both."""
    world.take(lines(group("1", "2025-01-01")))
    said = world.verify()["unproved"]
    assert any("views.db" in words and "--rebuild" in words for words in said)
    assert not any("views.db" in words for words in world.verify(anew=True)["unproved"])
    assert list(tmp_path.glob("home"))
