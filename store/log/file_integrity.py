"""Is log.db itself what this software keeps: its pages, its layout, its guards, the types in it?"""

import sqlite3
from collections.abc import Iterator
from contextlib import closing

from outcomes.store.connection import Connection
from outcomes.store.ledger import LEDGER
from outcomes.store.log import layout, quarantine
from outcomes.store.log.hash_chain import Problem
from outcomes.store.log.integrity import Check, every_row, shown
from outcomes.store.log.layout import FORMAT, IN_LEDGER
from outcomes.store.privacy import keyring
from outcomes.store.rows import fetch_all

RESTORE = "restore log.db from a backup"
_CORRUPT_AT_MOST = 20


def _pages(connection: Connection) -> Iterator[Problem]:
    for (words,) in fetch_all(connection, f"PRAGMA integrity_check({_CORRUPT_AT_MOST})"):
        if words != "ok":
            yield Problem(f"SQLite finds log.db damaged ({words}): {RESTORE}")


# -- layout and guards ------------------------------------------------------------------------------------------------


def _schema(connection: Connection) -> Iterator[Problem]:
    number = layout.format_of_tables(connection) or FORMAT
    is_encrypted = connection.has_table(keyring.TABLE.name)
    there = {
        (kind, name): " ".join(str(sql).split())
        for kind, name, sql in fetch_all(connection, "SELECT type, name, sql FROM sqlite_schema")
        if sql is not None and not str(name).startswith("sqlite_")
    }
    triggers = layout.triggers(number, is_encrypted=is_encrypted)
    for name, statement in triggers.items():
        # Format 1 had no home settings, and its early builds no guard against REPLACE; the migration brings them.
        is_later = number == 1 and (name.endswith("_replace") or name.startswith("house_rules"))
        if there.get(("trigger", name)) != statement and not is_later:
            yield Problem(
                f"the trigger {name} is gone or was changed, so that the log could be: "
                "outcomes verify --rearm puts it back"
            )
    if number == FORMAT:
        yield from _other_schema(
            {key: sql for key, sql in there.items() if key[0] != "trigger"}, is_encrypted=is_encrypted
        )
    for kind, name in there:
        if kind == "trigger" and name not in triggers:
            yield Problem(
                f"the trigger {name} is not one of outcomes: find out what it did; outcomes verify --rearm drops it"
            )


def _other_schema(there: dict[tuple[str, str], str], *, is_encrypted: bool) -> Iterator[Problem]:
    with closing(sqlite3.connect(":memory:")) as model:
        for statement in layout.tables(FORMAT, is_encrypted=is_encrypted):
            model.execute(statement)
        rows = model.execute("SELECT type, name, sql FROM sqlite_schema WHERE sql IS NOT NULL").fetchall()
    wanted = {(kind, name): " ".join(sql.split()) for kind, name, sql in rows}
    for (kind, name), sql in wanted.items():
        if there.get((kind, name)) != sql:
            state = "laid out otherwise than outcomes made it" if (kind, name) in there else "gone"
            yield Problem(f"the {kind} {name} is {state}: {RESTORE}")
    for kind, name in there:
        if (kind, name) not in wanted:
            yield Problem(f"the {kind} {name} is not one of outcomes: find out who made it, and drop it")


# -- types ------------------------------------------------------------------------------------------------------------


def _types(connection: Connection) -> Iterator[Problem]:
    """Look at every value beside the events, which are looked at as they are read."""
    for table in (*IN_LEDGER, LEDGER):
        if connection.has_table(table.name):
            for row in every_row(connection, table):
                for fault in table.faults(row):
                    yield Problem(f"{fault}: {RESTORE}", row=table.subject(shown(row[0])))
    parts = quarantine.PARTS
    wrong = " OR ".join(f"typeof({column}) <> '{wanted}'" for column, wanted in parts.columns.items())
    for number, part in fetch_all(connection, f"SELECT number, part FROM {parts.name} WHERE {wrong}"):
        where = f"{parts.subject(shown(number))}/{shown(part)}"
        yield Problem(f"{where} has a value of a wrong type: {RESTORE}", row=where)


CHECKS: tuple[Check, ...] = (_pages, _schema, _types)
"""What is looked at in the file, in this order."""
