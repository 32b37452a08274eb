"""Every table and column of log.db is edited in turn, in every way: each edit is found by `verify`, which says where.

Meanwhile `log`, `status` and `quarantine list` show the rest, and never a traceback: asked after every third edit, and
after each with OUTCOMES_EXAMPLES=thorough.
"""

import contextlib
import io
import json
import os
import shutil
import sqlite3
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import NamedTuple

import pytest

from outcomes.cli.app import run
from tests.support.command import Outcomes, Ran
from tests.support.given import OTHER_TENANT, TENANT, group, lines
from tests.support.people import class_of_six, user

TABLES = {
    "stored_events": "position",
    "batches": "last_position",
    "tenants": "number",
    "dictionaries": "number",
    "properties": "name",
    "house_rules": "number",
    "subject_keys": "number",
    "quarantine": "number",
    "quarantine_parts": "number",
    "ledger": "number",
}
ASKED_EVERY = 1 if os.environ.get("OUTCOMES_EXAMPLES") == "thorough" else 3
TYPES = ("'words'", "x'00ff'", "1.5", "CAST(x'ff' AS TEXT)", "NULL")
CAROL = user("41230000000660003", "uuidOfCarol", "Carol Stone", "carol@plover.example", "S-3", "2025-01-04")


class Edit(NamedTuple):
    """A change of a table behind its triggers, in words and in SQL; `words` name the place in the answer."""

    table: str
    what: str
    sql: str


@pytest.fixture(scope="module")
def origin(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An encrypted home of two tenants and several batches, with quarantine, settings and an erasure."""
    made = Outcomes(tmp_path_factory.mktemp("origin") / "home")
    for arguments, stdin in (
        (("init", "--encrypt", "--redact"), b""),
        (("ingest",), lines(*class_of_six(), group("90", "2025-01-01", meta={"tenant": OTHER_TENANT}))),
        (("ingest",), lines(CAROL)),
        (("erase", "--student", "uuidOfCarol", "--reason", "request of 12 May", "--tenant", TENANT), b""),
        (("ingest",), lines(group("91", "2025-01-01"))),
    ):
        assert made(*arguments, stdin=stdin).code == 0
    return made.home


def edits_of(home: Path, table: str) -> Iterator[Edit]:
    """Yield the edits: of one row each column's value, type and null; a row removed, copied and replaced."""
    with closing(sqlite3.connect(home / "log.db")) as log:
        columns = [(name, bool(key)) for _, name, _, _, _, key in log.execute(f"PRAGMA table_info({table})")]
        key = TABLES[table]
        keys = [row[0] for row in log.execute(f"SELECT {key} FROM {table} ORDER BY {key}")]
    names = [name for name, _ in columns]
    chosen = keys if table == "properties" else [keys[-1]]
    for at in chosen:
        where = f"WHERE {key} = {at!r}"
        for name, is_key in columns:
            if not is_key or table == "properties":
                other = f"CASE typeof({name}) WHEN 'integer' THEN {name} + 1 WHEN 'null' THEN 7 ELSE {name} || 'x' END"
                blob = f"CASE typeof({name}) WHEN 'blob' THEN CAST({name} || x'00' AS BLOB) ELSE {other} END"
                yield Edit(table, f"{name} of {at}: another value", f"UPDATE {table} SET {name} = {blob} {where}")
            for value in TYPES:
                yield Edit(table, f"{name} of {at}: {value}", f"UPDATE {table} SET {name} = {value} {where}")
        yield Edit(table, f"{at} removed", f"DELETE FROM {table} {where}")
        changed = ", ".join("'w' || hex(randomblob(4))" if n != key else n for n in names)
        yield Edit(table, f"{at} replaced", f"INSERT OR REPLACE INTO {table} SELECT {changed} FROM {table} {where}")
    fresh = "'another'" if table == "properties" else f"max({key}) + 5"
    uniques = {"uuid": "'another'", "digest": "randomblob(16)", "person": "randomblob(16)", "originator_id": "'9/x/1'"}
    copied = ", ".join(fresh if name == key else uniques.get(name, f"max({name})") for name in names)
    yield Edit(table, "a row inserted", f"INSERT INTO {table} SELECT {copied} FROM {table}")


def apply(home: Path, edit: Edit) -> bool:
    """Make an edit without the triggers, which are put back; say whether SQLite let it be, and it changed anything."""
    with closing(sqlite3.connect(home / "log.db", isolation_level=None)) as log:
        log.text_factory = bytes
        triggers = log.execute("SELECT name, sql FROM sqlite_schema WHERE type = 'trigger'").fetchall()
        for name, _ in triggers:
            log.execute(f"DROP TRIGGER {name.decode()}")
        whole = f"SELECT * FROM {edit.table}"
        before = sorted(map(repr, log.execute(whole)))
        with contextlib.suppress(sqlite3.IntegrityError):
            log.execute(edit.sql)
        after = sorted(map(repr, log.execute(whole)))
        for _, statement in triggers:
            log.execute(statement.decode())
    return before != after


def asked(home: Path, *arguments: str) -> Ran:
    """Run a command in this process."""
    out, err = (io.TextIOWrapper(io.BytesIO(), encoding="utf-8") for _ in range(2))
    given = sys.stdin
    sys.stdin = io.TextIOWrapper(io.BytesIO())
    try:
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            code = run(["--home", str(home), *arguments])
    finally:
        sys.stdin = given
    out.flush()
    err.flush()
    return Ran(code, out.buffer.getvalue(), err.buffer.getvalue().decode())


def faults(home: Path, edit: Edit, *, is_asked: bool) -> Iterator[str]:
    """Say what `verify`, and if asked the other commands, do otherwise than is promised after an edit."""
    verdict = asked(home, "verify", "--format", "json")
    if verdict.code != 1:
        yield f"verify: {verdict.code} {verdict.err}"
        return
    problems = json.loads(verdict.out)["problems"]
    if not any("position" in problem or "row" in problem for problem in problems):
        yield f"verify names no place: {problems[:3]}"
    if edit.table.removesuffix("_parts") not in verdict.out.decode() and not any(
        "position" in problem for problem in problems
    ):
        yield f"verify does not name {edit.table}: {problems[:3]}"
    if not is_asked or not edit.what.endswith(TYPES):
        return
    for arguments in (("log",), ("status",), ("quarantine", "list"), ("quarantine", "show", "1")):
        ran = asked(home, *arguments)
        is_shown = ran.code in {0, 1} or arguments[-1] == "1"
        if not is_shown or "a defect" in ran.err or "Traceback" in ran.err:
            yield f"{' '.join(arguments)}: {ran.code} {ran.err}"


@pytest.mark.long
@pytest.mark.parametrize("table", TABLES)
def test_every_edit_is_found_and_named(origin: Path, tmp_path: Path, table: str) -> None:
    """Another value, another type, null, a row removed, inserted or replaced: exit 1 and the place."""
    home, tried, wrong = tmp_path / "home", 0, []
    for edit in edits_of(origin, table):
        shutil.copytree(origin, home)
        if apply(home, edit):
            tried += 1
            is_asked = tried % ASKED_EVERY == 0
            wrong += [f"{edit.what}: {words}" for words in faults(home, edit, is_asked=is_asked)]
        shutil.rmtree(home)
    assert tried > 3
    assert wrong == [], "\n".join(wrong)


def test_the_log_shows_what_is_left(origin: Path, tmp_path: Path) -> None:
    """One event with a version in words: all the others are printed, the one is named, and the exit says so."""
    home = shutil.copytree(origin, tmp_path / "home")
    whole = asked(home, "log").out.splitlines()
    apply(home, Edit("stored_events", "", "UPDATE stored_events SET originator_version = 'words' WHERE position = 3"))
    ran = asked(home, "log")
    assert ran.code == 1
    assert ran.out.splitlines() == whole[:2] + whole[3:]
    assert "originator_version of stored_events/3 is text, not integer" in ran.err


SCHEMA = {
    "a trigger added": (
        "CREATE TRIGGER gone AFTER INSERT ON quarantine BEGIN DELETE FROM quarantine_parts; END",
        "the trigger gone is not one of outcomes",
    ),
    "a trigger dropped": ("DROP TRIGGER quarantine_guard_delete", "quarantine_guard_delete is gone or was changed"),
    "a table added": ("CREATE TABLE more (id)", "the table more is not one of outcomes"),
    "a view added": ("CREATE VIEW more AS SELECT 1", "the view more is not one of outcomes"),
    "an index dropped": ("DROP INDEX ledger_subjects", "the index ledger_subjects is gone"),
    "a column added": ("ALTER TABLE house_rules ADD COLUMN more", "laid out otherwise"),
    "a table dropped": ("DROP TABLE house_rules", "the table house_rules is gone"),
}


@pytest.mark.parametrize("name", SCHEMA)
def test_the_layout_is_known(origin: Path, tmp_path: Path, name: str) -> None:
    """Tables, indexes, views and triggers: each that is gone, changed or added is named."""
    statement, words = SCHEMA[name]
    home = shutil.copytree(origin, tmp_path / "home")
    with closing(sqlite3.connect(home / "log.db", isolation_level=None)) as log:
        log.execute(statement)
    ran = asked(home, "verify", "--format", "json")
    assert ran.code == 1, ran.err
    assert words in ran.out.decode()


REFUSED = (
    "UPDATE subject_keys SET key = NULL, erased_with = (SELECT person FROM subject_keys WHERE key IS NULL LIMIT 1)",
    "INSERT INTO subject_keys VALUES (99, randomblob(16), NULL, NULL)",
    "INSERT INTO house_rules VALUES (9, 'redact', 'on', 1)",
    "DELETE FROM quarantine",
    "DELETE FROM quarantine_parts",
    "UPDATE quarantine SET taken_at = 1",
    "INSERT OR REPLACE INTO quarantine SELECT * FROM quarantine",
    "UPDATE properties SET value = '1' WHERE name = 'format'",
    "INSERT INTO tenants VALUES (9, 'somebody')",
    "INSERT OR REPLACE INTO ledger SELECT number, subject, row_hash, chain FROM ledger WHERE number = 1",
    "DELETE FROM ledger",
)


@pytest.mark.parametrize("statement", REFUSED)
def test_a_plain_statement_is_refused(origin: Path, tmp_path: Path, statement: str) -> None:
    """With its triggers, as any SQLite client finds it, the log refuses what is not announced in its ledger."""
    home = shutil.copytree(origin, tmp_path / "home")
    with closing(sqlite3.connect(home / "log.db")) as log:
        with pytest.raises(sqlite3.IntegrityError, match=r"the log is immutable|a key is kept or destroyed"):
            log.execute(statement)
        log.rollback()
    assert asked(home, "verify").code == 0


def test_replaced_events_are_found(origin: Path, tmp_path: Path) -> None:
    """REPLACE asks no trigger of stored_events: the chain covers the version, and verify names where."""
    home = shutil.copytree(origin, tmp_path / "home")
    with closing(sqlite3.connect(home / "log.db", isolation_level=None)) as log:
        log.execute(
            "INSERT OR REPLACE INTO stored_events SELECT position, originator_id, originator_version + 1, topic, "
            "state, content_hash FROM stored_events WHERE position = 2"
        )
    ran = asked(home, "verify", "--format", "json")
    assert ran.code == 1
    assert 1 in {problem.get("position") for problem in json.loads(ran.out)["problems"]}
