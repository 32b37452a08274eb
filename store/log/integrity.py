"""Is log.db what this software keeps? Its layout, its guards, the types in it, and every row that the ledger knows.

Nothing is taken for granted here: whatever stands in any column of any table, the answer is a list of problems.
"""

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from typing import Any

from outcomes.domain.errors import LogDamaged
from outcomes.store.log import layout, quarantine
from outcomes.store.log.hash_chain import Problem
from outcomes.store.log.layout import FORMAT, IN_LEDGER, LATEST_HASH
from outcomes.store.privacy import keyring
from outcomes.store.sqlite.ledger import LEDGER, NO_CHAIN, Table, chain_after, row_hash
from outcomes.store.sqlite.rows import fetch_all, fetch_one

_RESTORE = "restore log.db from a backup"
_PAGE = 1_000
_WITHOUT_ROWID = frozenset({"properties"})
_CORRUPT_AT_MOST = 20


Check = Callable[[sqlite3.Connection], Iterator[Problem]]


def examine(connection: sqlite3.Connection) -> Iterator[Problem]:
    """Yield what is wrong with a log apart from its events, inside one read transaction."""
    checks: tuple[Check, ...] = (_pages, _schema, _types)
    if layout.format_of_tables(connection) == FORMAT:
        checks += (_ledger_chain, _rows_against_ledger, _ledger_against_rows)
    for check in (*checks, _quarantined_bytes):
        try:
            yield from check(connection)
        except sqlite3.DatabaseError as error:
            yield Problem(f"log.db cannot be read ({error}): {_RESTORE}")


def _pages(connection: sqlite3.Connection) -> Iterator[Problem]:
    for (words,) in fetch_all(connection, f"PRAGMA integrity_check({_CORRUPT_AT_MOST})"):
        if words != "ok":
            yield Problem(f"SQLite finds log.db damaged ({words}): {_RESTORE}")


# -- layout and guards ------------------------------------------------------------------------------------------------


def _schema(connection: sqlite3.Connection) -> Iterator[Problem]:
    number = layout.format_of_tables(connection) or FORMAT
    is_encrypted = layout.has_table(connection, keyring.TABLE.name)
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
            yield Problem(f"the {kind} {name} is {state}: {_RESTORE}")
    for kind, name in there:
        if (kind, name) not in wanted:
            yield Problem(f"the {kind} {name} is not one of outcomes: find out who made it, and drop it")


# -- types ------------------------------------------------------------------------------------------------------------


def _types(connection: sqlite3.Connection) -> Iterator[Problem]:
    """Look at every value beside the events, which are looked at as they are read."""
    for table in (*IN_LEDGER, LEDGER):
        if layout.has_table(connection, table.name):
            for row in _every_row(connection, table):
                for fault in table.faults(row):
                    yield Problem(f"{fault}: {_RESTORE}", row=table.subject(_shown(row[0])))
    parts = quarantine.PARTS
    wrong = " OR ".join(f"typeof({column}) <> '{wanted}'" for column, wanted in parts.columns.items())
    for number, part in fetch_all(connection, f"SELECT number, part FROM {parts.name} WHERE {wrong}"):
        where = f"{parts.subject(_shown(number))}/{_shown(part)}"
        yield Problem(f"{where} has a value of a wrong type: {_RESTORE}", row=where)


def _every_row(connection: sqlite3.Connection, table: Table) -> Iterator[tuple[Any, ...]]:
    """Yield the rows of a table, a page at a time."""
    there = {name for _, name, *_ in fetch_all(connection, f"PRAGMA table_info({table.name})")}
    # Of an older format some columns are not there yet.
    absent = {"nonce": "x''"}
    columns = ", ".join(column if column in there else absent.get(column, "NULL") for column in table.columns)
    if table.name in _WITHOUT_ROWID:
        yield from fetch_all(connection, f"SELECT {columns} FROM {table.name} ORDER BY 1")
        return
    sql = f"SELECT rowid, {columns} FROM {table.name} WHERE rowid > ? ORDER BY rowid LIMIT {_PAGE}"
    after = -(1 << 63)
    while rows := fetch_all(connection, sql, (after,)):
        yield from (row[1:] for row in rows)
        after = rows[-1][0]


def _shown(key: Any) -> str:
    return key if isinstance(key, str) else repr(key)


# -- the ledger -------------------------------------------------------------------------------------------------------


def _ledger_chain(connection: sqlite3.Connection) -> Iterator[Problem]:
    previous, expected = NO_CHAIN, 1
    for number, subject, hashed, chain in _every_row(connection, LEDGER):
        where = LEDGER.subject(number)
        if number != expected:
            yield Problem(f"entries {expected} to {number - 1} of the ledger are missing", row=where)
        elif chain != chain_after(previous, number, subject, hashed):
            yield Problem(f"entry {number} of the ledger ({subject}) is not what was written then", row=where)
        # The next entry is judged on its own: against what this one says its hash is.
        previous, expected = chain if isinstance(chain, bytes) else NO_CHAIN, number + 1


def _rows_against_ledger(connection: sqlite3.Connection) -> Iterator[Problem]:
    for table in _tables_in_ledger(connection):
        for row in _every_row(connection, table):
            subject = table.subject(_shown(row[0]))
            known = fetch_one(connection, LATEST_HASH, (subject,))
            if known is None or known[0] is None:
                yield Problem(f"{subject} was inserted: the ledger does not know it", row=subject)
            elif known[0] != row_hash(row):
                yield Problem(f"{subject} was changed: it is not what the ledger says", row=subject)


def _ledger_against_rows(connection: sqlite3.Connection) -> Iterator[Problem]:
    tables = {table.name: table for table in _tables_in_ledger(connection)}
    latest = "SELECT subject FROM (SELECT subject, row_hash, max(number) FROM ledger GROUP BY subject) "
    for (subject,) in fetch_all(connection, f"{latest} WHERE row_hash IS NOT NULL"):
        name, _, key = str(subject).partition("/")
        if name not in tables:
            continue  # what the ledger says of events is looked at with them
        table = tables[name]
        sql = f"SELECT {table.key} FROM {name} WHERE {table.key} = ?"
        if fetch_one(connection, sql, (key,)) is None:
            yield Problem(f"{subject} was removed: the ledger knows it", row=str(subject))


def _tables_in_ledger(connection: sqlite3.Connection) -> list[Table]:
    return [table for table in IN_LEDGER if layout.has_table(connection, table.name)]


# -- quarantine -------------------------------------------------------------------------------------------------------


def _quarantined_bytes(connection: sqlite3.Connection) -> Iterator[Problem]:
    for row in _every_row(connection, quarantine.TABLE):
        if not any(quarantine.TABLE.faults(row)):
            entry = quarantine.QuarantineEntry(*row)
            try:
                is_whole = quarantine.is_whole(connection, entry)
            except LogDamaged:
                continue  # said with the types
            if not is_whole:
                where = quarantine.TABLE.subject(entry.number)
                yield Problem(f"the bytes of {where} are not those that came: {_RESTORE}", row=where)
    strays = "SELECT DISTINCT number FROM quarantine_parts WHERE number NOT IN (SELECT number FROM quarantine)"
    for (number,) in fetch_all(connection, strays):
        yield Problem(f"quarantine_parts has bytes of no entry ({number!r})", row=f"quarantine_parts/{_shown(number)}")
