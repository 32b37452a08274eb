"""What log.db is made of, table by table and trigger by trigger, and which format of it a log has."""

from outcomes.store import ledger
from outcomes.store.connection import Connection
from outcomes.store.ledger import LEDGER, guards, row_hash
from outcomes.store.log import quarantine, recorder
from outcomes.store.log.hash_chain import BATCHES
from outcomes.store.log.recorder import DICTIONARIES, EVENTS, PROPERTIES, TENANTS
from outcomes.store.privacy import keyring, settings
from outcomes.store.rows import fetch_one

FORMAT = 3
"""Version of the layout of log.db; a home of a newer one is not touched.

1. events, batches, tenants, dictionaries, properties, quarantine
2. the log has an identity, and the chain covers the stored bytes of every batch after `bytes_chained_after`;
   settings of the home; an encrypted log has keys of people
3. a ledger of every row beside the events, which the chain covers, with every column of the events of batches after
   `columns_chained_after`; quarantine can be dismissed
"""

IN_LEDGER = (PROPERTIES, DICTIONARIES, TENANTS, BATCHES, settings.TABLE, quarantine.TABLE, keyring.TABLE)
"""The tables whose every row the ledger knows."""
ALL = (*IN_LEDGER, EVENTS, quarantine.PARTS, LEDGER)

LATEST_HASH = "SELECT row_hash FROM ledger WHERE subject = ? ORDER BY number DESC LIMIT 1"
"""What the ledger says of a row by now."""

_IMMUTABLE_LEDGER = {
    f"ledger_refuse_{action.lower()}": (
        f"CREATE TRIGGER ledger_refuse_{action.lower()} BEFORE {action} ON ledger "
        f"BEGIN SELECT RAISE(ABORT, 'the log is immutable: {action} on ledger is refused'); END"
    )
    for action in ("UPDATE", "DELETE")
} | {
    "ledger_refuse_replace": (
        "CREATE TRIGGER ledger_refuse_replace BEFORE INSERT ON ledger "
        "WHEN NEW.number <> (SELECT coalesce(max(number), 0) + 1 FROM ledger) "
        "BEGIN SELECT RAISE(ABORT, 'the log is immutable: REPLACE on ledger is refused'); END"
    )
}


def format_of_tables(connection: Connection) -> int | None:
    """Return the format that the tables are of, whatever the log says; None where there are none."""
    if connection.has_table(LEDGER.name):
        return FORMAT
    if connection.has_table(settings.TABLE.name):
        return 2
    return 1 if connection.has_table(EVENTS.name) or connection.has_table(PROPERTIES.name) else None


def missing_column(connection: Connection) -> str | None:
    """Return a column that a log of the present format should have and has not, as `table.column`; None if none is."""
    for table in IN_LEDGER:
        found = connection.columns_of(table.name)
        for column in table.columns if found else ():
            if column not in found:
                return f"{table.name}.{column}"
    return None


def says_what_was_written(connection: Connection, name: str) -> bool:
    """Say whether a property is what the ledger knows of it: so a newer format, for one, is no damage."""
    if not connection.has_table(LEDGER.name):
        return True
    row = fetch_one(connection, "SELECT name, value FROM properties WHERE name = ?", (name,))
    subject = PROPERTIES.subject(name)
    known = fetch_one(connection, LATEST_HASH, (subject,))
    return row is not None and known is not None and known[0] == row_hash(row)


def tables(number: int, *, is_encrypted: bool) -> tuple[str, ...]:
    """Return the statements that make the tables and indexes of a format (3; older ones are only read)."""
    assert number == FORMAT  # noqa: S101 - older ones are never made
    encrypted = keyring.TABLES if is_encrypted else ()
    return (*recorder.TABLES, *settings.TABLES, *quarantine.TABLES, *ledger.TABLES, *encrypted)


def triggers(number: int, *, is_encrypted: bool) -> dict[str, str]:
    """Return the triggers of a format, by name."""
    found = recorder.TRIGGERS | (keyring.TRIGGERS if is_encrypted else {})
    if number < FORMAT:
        return found
    for table in IN_LEDGER:
        if table.name not in {quarantine.TABLE.name, keyring.TABLE.name}:
            found |= guards(table, is_alterable=False)
    return found | quarantine.TRIGGERS | (keyring.GUARDS if is_encrypted else {}) | _IMMUTABLE_LEDGER
