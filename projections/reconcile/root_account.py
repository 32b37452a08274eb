"""Which root account a tenant is, by its global id: that tells the shard on which its places and people are."""

import sqlite3

from outcomes.domain.identity import SHARD
from outcomes.store.log.event_log import EventLog
from outcomes.store.log.provenance import told_positions

_AT_ONCE = 500


def root_account(connection: sqlite3.Connection, log: EventLog, tenant: str) -> str | None:
    """Return the global id of a tenant's root account, as the first event that names it tells; None if none does."""
    number = log.tenants().get(tenant)
    if number is None or not _is_named(connection, tenant):
        return None
    last = 0
    with log.reading() as reading:
        while some := told_positions(reading, number, last, _AT_ONCE):
            for event in map(log.parse, log.records_at(some)):
                root = getattr(getattr(event, "metadata", None), "root_account_id", None)
                if root is not None and root.isdecimal():
                    return str(root)
            last = some[-1]
    return None


def shard_of(root: str | None) -> int | None:
    """Return the shard of a root account, by its global id."""
    return None if root is None else int(root) // SHARD


def _is_named(connection: sqlite3.Connection, tenant: str) -> bool:
    """Say whether any event named the root account: the views know, and so no log is read to its end in vain."""
    row = connection.execute(
        "SELECT 1 FROM tenants t JOIN contexts c ON c.tenant = t.tenant AND c.type = 'Account' "
        "JOIN placements p ON p.context = c.context AND p.event_time = 0 AND p.parent = p.context WHERE t.uuid = ?",
        (tenant,),
    ).fetchone()
    return row is not None
