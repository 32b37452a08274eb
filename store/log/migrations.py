"""The layout of log.db and its number: made new, or brought from an older one, never by rewriting an event.

A reader takes a log of an older format as it is; the first transaction that writes to it brings it up to date.
"""

import sqlite3
from collections.abc import Callable
from secrets import token_hex

from outcomes.domain.errors import HomeUnavailable, LogDamaged
from outcomes.store.log import quarantine
from outcomes.store.log.recorder import TABLES, TRIGGERS
from outcomes.store.privacy import keyring, settings

FORMAT = 2
"""Version of the layout of log.db; a home of a newer one is not touched.

1. events, batches, tenants, dictionaries, properties, quarantine
2. the log has an identity, and the chain covers the stored bytes of every batch after `bytes_chained_after`;
   house rules; a log that is sealed has keys of people
"""

IDENTITY = "identity"
BYTES_CHAINED_AFTER = "bytes_chained_after"


def found_format(connection: sqlite3.Connection) -> int | None:
    """Return the format of a log; None if there is no log in the file yet. Raises HomeUnavailable for a newer one."""
    text = read_property(connection, "format")
    if text is None:
        return None
    if not text.isdecimal() or int(text) > FORMAT:
        raise HomeUnavailable(
            f"this log has format {text}, made by a newer version; this one knows {FORMAT}: upgrade outcomes",
        )
    return int(text)


def read_property(connection: sqlite3.Connection, name: str) -> str | None:
    """Return what the log says of itself under a name; None if it does not."""
    if connection.execute("SELECT 1 FROM sqlite_schema WHERE name = 'properties'").fetchone() is None:
        return None
    row = connection.execute("SELECT value FROM properties WHERE name = ?", (name,)).fetchone()
    return None if row is None else str(row[0])


def bring_up_to_date(connection: sqlite3.Connection) -> None:
    """Make the log's tables, or migrate them, inside a write transaction; does nothing to a current log."""
    number = found_format(connection)
    if number == FORMAT:
        return
    if number is None:
        _create(connection)
        return
    while number < FORMAT:
        _STEPS[number](connection)
        number += 1
    _set_format(connection, number)


def rearm(connection: sqlite3.Connection) -> None:
    """Put the triggers that refuse every change back as they should be."""
    for name, statement in _triggers(connection).items():
        connection.execute(f"DROP TRIGGER IF EXISTS {name}")
        connection.execute(statement)


def disarmed(connection: sqlite3.Connection) -> list[str]:
    """Return the names of triggers that are gone, or do something else than refuse."""
    there = dict(connection.execute("SELECT name, sql FROM sqlite_schema WHERE type = 'trigger'").fetchall())
    return [name for name, statement in _triggers(connection).items() if there.get(name) != statement]


def _triggers(connection: sqlite3.Connection) -> dict[str, str]:
    return TRIGGERS if read_property(connection, keyring.SEALED) is None else {**TRIGGERS, **keyring.TRIGGERS}


def _create(connection: sqlite3.Connection) -> None:
    for statement in (*TABLES, *quarantine.TABLES):
        connection.execute(statement)
    if connection.execute("SELECT 1 FROM stored_events").fetchone():
        raise LogDamaged("log.db holds events and does not say its format: restore it from a backup")
    rearm(connection)
    connection.execute("INSERT INTO properties VALUES ('format', ?)", (str(FORMAT),))
    _give_identity(connection, chained_after=0)


def _to_2(connection: sqlite3.Connection) -> None:
    for statement in settings.TABLES:
        connection.execute(statement)
    # Early builds of format 1 had fewer triggers.
    rearm(connection)
    head = connection.execute("SELECT coalesce(max(last_position), 0) FROM batches").fetchone()[0]
    _give_identity(connection, chained_after=int(head))


def _give_identity(connection: sqlite3.Connection, *, chained_after: int) -> None:
    connection.execute("INSERT INTO properties VALUES (?, ?)", (IDENTITY, token_hex(16)))
    connection.execute("INSERT INTO properties VALUES (?, ?)", (BYTES_CHAINED_AFTER, str(chained_after)))


def _set_format(connection: sqlite3.Connection, number: int) -> None:
    # The one row that may ever change, here and nowhere else: an older version must not open what it cannot read.
    connection.execute("DROP TRIGGER properties_refuse_update")
    connection.execute("UPDATE properties SET value = ? WHERE name = 'format'", (str(number),))
    connection.execute(TRIGGERS["properties_refuse_update"])


_STEPS: dict[int, Callable[[sqlite3.Connection], None]] = {1: _to_2}
"""From each older format, the step to the next."""
