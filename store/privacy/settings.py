"""What was decided for a home as a whole, when and by whom: rows that are only ever added; the last one holds."""

from collections.abc import Callable

from outcomes.domain.times import Micros
from outcomes.store import ledger
from outcomes.store.connection import Connection
from outcomes.store.ledger import Table
from outcomes.store.rows import fetch_one

TABLE = Table("house_rules", {"number": "integer", "name": "text", "value": "text", "set_at": "integer"})
TABLES = (
    """CREATE TABLE IF NOT EXISTS house_rules (
        number INTEGER PRIMARY KEY,
        name TEXT NOT NULL,
        value TEXT NOT NULL,
        set_at INTEGER NOT NULL)""",
)

REDACT = "redact"
"""on: what is personal in envelopes and not needed is dropped before it is written."""
KEYS_OUT = "keys_out"
"""begun: an encrypted log of an older format got its key outside, but free space may still hold it; finished."""
ERASURE = "erasure"
"""begun: keys are destroyed, but views or free space may still hold what they encrypted; finished."""

QUARANTINE_READER = "quarantine_reader"
"""VERSION>NUMBER: entries of the quarantine beyond a number were last read by that version of the reader."""
_HOSTS = "hosts:"
ANY_HOST = "any"


def current(connection: Connection, name: str) -> str | None:
    """Return what was last decided, None if nothing ever was. Raises LogDamaged."""
    if not connection.has_table(TABLE.name):
        return None  # a log of format 1
    return in_force(connection, name)


def in_force(connection: Connection, name: str) -> str | None:
    """Return the same in a transaction that writes: by then the log has the table."""
    sql = f"SELECT {TABLE.listed} FROM house_rules WHERE name = ? ORDER BY number DESC LIMIT 1"
    row = fetch_one(connection, sql, (name,))
    return None if row is None else str(TABLE.checked(row)[2])


Rule = Callable[[Connection, str], str | None]
"""Returns what was last decided under a name: `current`, or `in_force`."""


def record(connection: Connection, name: str, value: str, now: Micros) -> None:
    """Add a decision, inside the caller's transaction."""
    ledger.insert(connection, TABLE, ledger.next_number(connection, TABLE), name, value, now)


def hosts_of(connection: Connection, tenant: str, *, rule: Rule = current) -> frozenset[str]:
    """Return the hosts whose events a tenant takes, in small letters; none if it takes those of any."""
    value = rule(connection, _HOSTS + tenant) or ANY_HOST
    return frozenset() if value == ANY_HOST else frozenset(value.split())


def record_hosts(connection: Connection, tenant: str, hosts: frozenset[str], now: Micros) -> None:
    """Decide whose events a tenant takes from now on; no hosts: those of any."""
    record(connection, _HOSTS + tenant, " ".join(sorted(hosts)) or ANY_HOST, now)
