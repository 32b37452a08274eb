"""From each format of log.db to the next: made new, or brought from an older one, never by rewriting an event.

A reader takes a log of an older format as it is; the first transaction that writes to it brings it up to date.
"""

import time
from collections.abc import Callable
from secrets import token_hex

from outcomes.domain.errors import HomeUnavailable, LogDamaged, UsageError
from outcomes.store import ledger
from outcomes.store.connection import Connection
from outcomes.store.log import layout, quarantine
from outcomes.store.log.hash_chain import BATCHES, Batch, batches_after, columns_hash
from outcomes.store.log.layout import FORMAT
from outcomes.store.log.log_file import disarm
from outcomes.store.log.log_store import LogStore
from outcomes.store.log.recorder import DICTIONARIES, PROPERTIES, TENANTS, rows_of
from outcomes.store.privacy import keyring, settings
from outcomes.store.privacy.home_key import HomeKey, KeySource
from outcomes.store.privacy.key_tree import KeyTree
from outcomes.store.rows import fetch_one

IDENTITY = "identity"
BYTES_CHAINED_AFTER = "bytes_chained_after"
COLUMNS_CHAINED_AFTER = "columns_chained_after"


def found_format(connection: Connection) -> int | None:
    """Return the format of a log; None if there is no log in the file yet.

    Raises HomeUnavailable for a newer one, and LogDamaged where the log says another format than it has.
    """
    laid_out = layout.format_of_tables(connection)
    if laid_out is None:
        return None
    said = read_property(connection, "format")
    if said is None:
        raise LogDamaged("the log holds events and does not say its format: restore it from a backup")
    if not said.isdecimal() or int(said) > FORMAT:
        raise HomeUnavailable(
            f"this log has format {said}, made by a newer version; this one knows {FORMAT}: upgrade outcomes",
        )
    if (int(said) == FORMAT) != (laid_out == FORMAT):
        raise LogDamaged(
            f"the log says that it has format {said}, and is laid out as {laid_out}: run outcomes verify, "
            "and restore it from a backup"
        )
    return int(said)


def format_to_read(connection: Connection) -> int | None:
    """Return the format by which a log is to be read, whatever damage it says of itself; None if there is none yet.

    Raises HomeUnavailable for a newer one.
    """
    laid_out = layout.format_of_tables(connection)
    row = fetch_one(connection, "SELECT name, value FROM properties WHERE name = 'format'") if laid_out else None
    said = None if row is None else row[1]
    is_current = isinstance(said, str) and said.isdecimal() and int(said) <= FORMAT
    if isinstance(said, str) and not is_current and layout.says_what_was_written(connection, "format"):
        found_format(connection)
    return laid_out


def read_property(connection: Connection, name: str) -> str | None:
    """Return what the log says of itself under a name; None if it does not. Raises LogDamaged."""
    if not connection.has_table(PROPERTIES.name):
        return None
    row = fetch_one(connection, "SELECT name, value FROM properties WHERE name = ?", (name,))
    return None if row is None else str(PROPERTIES.checked(row)[1])


def format_said(connection: Connection) -> str | None:
    """Return the format that a log, which has its tables, says that it has. Raises LogDamaged."""
    row = fetch_one(connection, "SELECT name, value FROM properties WHERE name = 'format'")
    return None if row is None else str(PROPERTIES.checked(row)[1])


def bring_up_to_date(connection: Connection, store: LogStore, key_source: KeySource) -> None:
    """Make the log's tables, or migrate them, inside a write transaction; does nothing to a current log.

    An encrypted log of before format 3 gets a key outside of it; what was in its place is to be swept up afterwards.
    """
    number = found_format(connection)
    if number == FORMAT:
        _check_columns(connection)
        return
    if number is None:
        _create(connection, store)
        return
    for step in range(number, FORMAT):
        _STEPS[step](connection, store, key_source)


def _check_columns(connection: Connection) -> None:
    missing = layout.missing_column(connection)
    if missing is not None:
        raise LogDamaged(
            f"the log has no column {missing}: it was changed, or made by a build of format {FORMAT} that was never "
            "released: ingest what outcomes log prints of it into a new home"
        )


def encrypt_new(connection: Connection, store: LogStore, key_source: KeySource) -> None:
    """Make a log that has just been made an encrypted one: its key, elsewhere, and the table of people's keys."""
    for statement in keyring.TABLES:
        connection.execute(statement)
    key = HomeKey.new(str(read_property(connection, IDENTITY)))
    key_source.write(key, is_new=True)
    ledger.insert(connection, PROPERTIES, keyring.KEY_CHECK, key.check)
    store.arm(connection)


def _is_encrypted(connection: Connection) -> bool:
    return connection.has_table(keyring.TABLE.name)


def _create(connection: Connection, store: LogStore) -> None:
    store.make_tables(connection)
    for name, value in (
        ("format", str(FORMAT)),
        (IDENTITY, token_hex(16)),
        (BYTES_CHAINED_AFTER, "0"),
        (COLUMNS_CHAINED_AFTER, "0"),
    ):
        ledger.insert(connection, PROPERTIES, name, value)
    store.arm(connection)


def _to_2(connection: Connection, _store: LogStore, _key_source: KeySource) -> None:
    for statement in settings.TABLES:
        connection.execute(statement)
    head = connection.execute("SELECT coalesce(max(last_position), 0) FROM batches").fetchone()[0]
    for name, value in ((IDENTITY, token_hex(16)), (BYTES_CHAINED_AFTER, str(head))):
        connection.execute("INSERT INTO properties VALUES (?, ?)", (name, value))


def _to_3(connection: Connection, store: LogStore, key_source: KeySource) -> None:
    """Begin the ledger: with all that stands beside the events, and with what older chains leave out of these."""
    disarm(connection)
    for statement in (*ledger.TABLES, *quarantine.TO_FORMAT_3):
        connection.execute(statement)
    batches = batches_after(connection, 0)
    for batch in batches:
        _take_over_columns(connection, batch)
    head = batches[-1].last_position if batches else 0
    connection.execute("INSERT INTO properties VALUES (?, ?)", (COLUMNS_CHAINED_AFTER, str(head)))
    connection.execute("UPDATE properties SET value = '3' WHERE name = 'format'")
    if _is_encrypted(connection):
        _take_keys_out(connection, key_source)
    for table in (PROPERTIES, DICTIONARIES, TENANTS, BATCHES, settings.TABLE, quarantine.TABLE):
        ledger.take_over(connection, table)
    if _is_encrypted(connection):
        ledger.take_over(connection, keyring.TABLE)
        settings.record(connection, settings.KEYS_OUT, "begun", time.time_ns() // 1_000)
    store.arm(connection)


def _take_keys_out(connection: Connection, key_source: KeySource) -> None:
    """Put the secret outside the log, and wrap every key of a person under a key that is there, too."""
    connection.forget_for_good()
    identity, secret = read_property(connection, IDENTITY), read_property(connection, keyring.OLD_SECRET)
    if identity is None or secret is None:
        raise LogDamaged("the log is encrypted and has lost its secret: restore the log from a backup")
    destroyed = [row[0] for row in connection.execute("SELECT number FROM subject_keys WHERE key IS NULL")]
    try:
        known = bytes.fromhex(secret)
    except (TypeError, ValueError) as error:
        raise LogDamaged("the secret of the encrypted log is not what it was: restore the log from a backup") from error
    key = _key_of(identity, known, destroyed, key_source)
    connection.execute("DELETE FROM properties WHERE name = ?", (keyring.OLD_SECRET,))
    connection.execute("INSERT INTO properties VALUES (?, ?)", (keyring.KEY_CHECK, key.check))
    for number, stored in connection.execute("SELECT number, key FROM subject_keys WHERE key IS NOT NULL").fetchall():
        wrapped = keyring.wrapped(key.tree, number, stored)
        connection.execute("UPDATE subject_keys SET key = ? WHERE number = ?", (wrapped, number))


def _key_of(identity: str, secret: bytes, destroyed: list[int], key_source: KeySource) -> HomeKey:
    """Return the key for a log that has its secret inside; one that a migration left that was cut short is used."""
    try:
        key = key_source.read()
    except HomeUnavailable:
        key = HomeKey(identity, secret, KeyTree.new().without(destroyed))
        key_source.write(key, is_new=True)
    if (key.log, key.secret) != (identity, secret):
        raise UsageError(f"{key_source.place} holds the key of another home: move it away first")
    return key


def _take_over_columns(connection: Connection, batch: Batch) -> None:
    rows = rows_of(connection, batch.first_position, batch.last_position)
    ledger.announce(connection, f"stored_events/{batch.last_position}", columns_hash(rows))


_STEPS: dict[int, Callable[[Connection, LogStore, KeySource], None]] = {1: _to_2, 2: _to_3}
"""From each older format, the step to the next."""
