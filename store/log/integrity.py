"""Is every row beside the events what the ledger knows of it? On whichever database the log is.

Nothing is taken for granted here: whatever stands in any column of any table, the answer is a list of problems.
"""

from collections.abc import Callable, Iterator
from typing import Any

from outcomes.domain.errors import LogDamaged
from outcomes.store.connection import Connection
from outcomes.store.ledger import LEDGER, NO_CHAIN, Table, chain_after, row_hash
from outcomes.store.log import layout, quarantine
from outcomes.store.log.hash_chain import Problem
from outcomes.store.log.layout import FORMAT, IN_LEDGER, LATEST_HASH
from outcomes.store.rows import fetch_all, fetch_one

_RESTORE = "restore the log from a backup"
_PAGE = 1_000
_WITHOUT_ROWID = frozenset({"properties"})

Check = Callable[[Connection], Iterator[Problem]]


def examine(connection: Connection, checks: tuple[Check, ...], unreadable: type[Exception]) -> Iterator[Problem]:
    """Yield what is wrong with a log apart from its events, inside one read transaction.

    `checks` are those of its database, which come first; `unreadable` is what that raises where it cannot read.
    """
    if layout.format_of_tables(connection) == FORMAT:
        checks += (_ledger_chain, _rows_against_ledger, _ledger_against_rows)
    for check in (*checks, _quarantined_bytes):
        try:
            yield from check(connection)
        except unreadable as error:
            yield Problem(f"the log cannot be read ({error}): {_RESTORE}")


def every_row(connection: Connection, table: Table) -> Iterator[tuple[Any, ...]]:
    """Yield the rows of a table, a page at a time."""
    there = connection.columns_of(table.name)
    # Of an older format some columns are not there yet.
    absent = {"nonce": "x''"}
    columns = ", ".join(column if column in there else absent.get(column, "NULL") for column in table.columns)
    if table.name in _WITHOUT_ROWID:
        yield from fetch_all(connection, f"SELECT {columns} FROM {table.name} ORDER BY 1")
        return
    key = connection.row_id or table.key
    sql = f"SELECT {key}, {columns} FROM {table.name} WHERE {key} > ? ORDER BY {key} LIMIT {_PAGE}"
    after = -(1 << 63)
    while rows := fetch_all(connection, sql, (after,)):
        yield from (row[1:] for row in rows)
        after = rows[-1][0]


def shown(key: Any) -> str:
    """Return the key of a row as problems name it."""
    return key if isinstance(key, str) else repr(key)


# -- the ledger -------------------------------------------------------------------------------------------------------


def _ledger_chain(connection: Connection) -> Iterator[Problem]:
    previous, expected = NO_CHAIN, 1
    for number, subject, hashed, chain in every_row(connection, LEDGER):
        where = LEDGER.subject(number)
        if number != expected:
            yield Problem(f"entries {expected} to {number - 1} of the ledger are missing", row=where)
        elif chain != chain_after(previous, number, subject, hashed):
            yield Problem(f"entry {number} of the ledger ({subject}) is not what was written then", row=where)
        # The next entry is judged on its own: against what this one says its hash is.
        previous, expected = chain if isinstance(chain, bytes) else NO_CHAIN, number + 1


def _rows_against_ledger(connection: Connection) -> Iterator[Problem]:
    for table in _tables_in_ledger(connection):
        for row in every_row(connection, table):
            subject = table.subject(shown(row[0]))
            known = fetch_one(connection, LATEST_HASH, (subject,))
            if known is None or known[0] is None:
                yield Problem(f"{subject} was inserted: the ledger does not know it", row=subject)
            elif known[0] != row_hash(row):
                yield Problem(f"{subject} was changed: it is not what the ledger says", row=subject)


def _ledger_against_rows(connection: Connection) -> Iterator[Problem]:
    tables = {table.name: table for table in _tables_in_ledger(connection)}
    latest = "SELECT max(number) FROM ledger later WHERE later.subject = ledger.subject"
    known = f"SELECT subject FROM ledger WHERE row_hash IS NOT NULL AND number = ({latest})"
    for (subject,) in fetch_all(connection, known):
        name, _, key = str(subject).partition("/")
        if name not in tables:
            continue  # what the ledger says of events is looked at with them
        table = tables[name]
        sql = f"SELECT {table.key} FROM {name} WHERE {table.key} = ?"
        if fetch_one(connection, sql, (key,)) is None:
            yield Problem(f"{subject} was removed: the ledger knows it", row=str(subject))


def _tables_in_ledger(connection: Connection) -> list[Table]:
    return [table for table in IN_LEDGER if connection.has_table(table.name)]


# -- quarantine -------------------------------------------------------------------------------------------------------


def _quarantined_bytes(connection: Connection) -> Iterator[Problem]:
    for row in every_row(connection, quarantine.TABLE):
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
        yield Problem(f"quarantine_parts has bytes of no entry ({number!r})", row=f"quarantine_parts/{shown(number)}")
