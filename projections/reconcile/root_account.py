"""Which root account a tenant is, by its global id: that tells the shard on which its places and people are."""

import sqlite3

from outcomes.domain.event import ErasedEvent
from outcomes.domain.identity import SHARD, Kind
from outcomes.projections.views.schema import ID_COLUMNS, VERSION_TABLES
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
                root = None if isinstance(event, ErasedEvent) else event.metadata.root_account_id
                if root is not None and root.isdecimal():
                    return root
            last = some[-1]
    return None


def shard_of(root: str | None) -> int | None:
    """Return the shard of a root account, by its global id."""
    return None if root is None else int(root) // SHARD


def shards_of_accounts(connection: sqlite3.Connection, tenant: str) -> set[int]:
    """Return the shards of all accounts that are known of a tenant; 0 is that of ids which stayed local."""
    rows = connection.execute(
        f"SELECT DISTINCT v.{ID_COLUMNS[Kind.ACCOUNT]} FROM tenants t JOIN {VERSION_TABLES[Kind.ACCOUNT]} v "
        "ON v.tenant = t.tenant WHERE t.uuid = ?",
        (tenant,),
    )
    return {int(account) // SHARD for (account,) in rows if account.isdecimal()}


def _is_named(connection: sqlite3.Connection, tenant: str) -> bool:
    """Say whether any event named the root account: the views know, and so no log is read to its end in vain."""
    row = connection.execute(
        "SELECT 1 FROM tenants t JOIN contexts c ON c.tenant = t.tenant AND c.type = 'Account' "
        "JOIN placements p ON p.context = c.context AND p.event_time = 0 AND p.parent = p.context WHERE t.uuid = ?",
        (tenant,),
    ).fetchone()
    return row is not None
