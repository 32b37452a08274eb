"""How things stand: counts, sizes, positions, tenants."""

import sqlite3
from typing import Any

from outcomes.domain.catalog import EVENT_TYPES
from outcomes.domain.event import Event
from outcomes.domain.identity import Context
from outcomes.domain.times import Micros, to_text
from outcomes.projections.views.read_model import ReadModel, is_usable
from outcomes.store.encoding.stream_keys import OTHER
from outcomes.store.home import Home
from outcomes.store.log import quarantine
from outcomes.store.log.event_log import EventLog
from outcomes.store.operations.checkpoint import checkpoint
from outcomes.store.sources.files import source_name

_OTHER = f"{OTHER}/"


def status(home: Home, log: EventLog, views: ReadModel, now: Micros) -> dict[str, Any]:
    """Return the contract's answer; counts are of events, by kind and by name. The views are taken as they are.

    `clock_behind_seconds` is how long before the last batch the clock (`now`) is; more than a day, and ingest refuses.
    """
    with log.reading() as connection:
        # By the stream, as they were taken in: an event of a known name may not have been one to project.
        counted = connection.execute(
            "SELECT topic, substr(originator_id, instr(originator_id, '/') + 1, ?) = ?, count(*) FROM stored_events "
            "GROUP BY 1, 2 ORDER BY 1, 2",
            (len(_OTHER), _OTHER),
        ).fetchall()
        waiting = len(quarantine.entries(connection))
        newest = _newest(connection)
    by_kind: dict[str, int] = {}
    by_name: dict[str, int] = {}
    for name, is_other, count in counted:
        event_type: type[Event] | None = EVENT_TYPES.get(name)
        kind = event_type.kind.value if event_type and not is_other else "unprojected"
        by_kind[kind] = by_kind.get(kind, 0) + count
        by_name[name] = by_name.get(name, 0) + count
    head = checkpoint(log)
    return {
        "home": source_name(str(home.folder)),
        "format": log.format(),
        "encrypted": log.encryption is not None,
        "log": head.log,
        "head": head.position,
        "chain": head.chain.hex(),
        "last_recorded_at": None if head.recorded_at is None else to_text(head.recorded_at),
        "clock_behind_seconds": max(0, (head.recorded_at or 0) - now) / 1_000_000,
        "last_event_time": None if newest is None else to_text(newest),
        "size": {"log": _size(home, "log.db"), "views": _size(home, "views.db")},
        "kinds": by_kind,
        "event_names": by_name,
        "views_position": views.position() or 0,
        "contexts": _contexts(views),
        "hosts": _hosts(views),
        "quarantined": waiting,
        "tenants": list(log.tenants()),
    }


def _contexts(views: ReadModel) -> list[dict[str, Any]]:
    """Return the contexts that the views know, with the groups, links, outcomes and scales ever in each."""
    if not is_usable(views.path):
        return []
    with views.reading_as_is() as connection:
        rows = connection.execute(
            "SELECT t.uuid, c.type, c.id, count(m.id) FROM contexts c JOIN tenants t USING (tenant) "
            "LEFT JOIN members m USING (context) GROUP BY c.context ORDER BY c.context"
        )
        return [
            {"tenant": uuid, "context": str(Context(kind, local_id)), "members": count}
            for uuid, kind, local_id, count in rows
        ]


def _hosts(views: ReadModel) -> list[dict[str, Any]]:
    """Return the hosts that have sent each tenant's events, and the first position of each."""
    if not is_usable(views.path):
        return []
    with views.reading_as_is() as connection:
        rows = connection.execute(
            "SELECT t.uuid, h.host, h.first_position FROM hosts h JOIN tenants t USING (tenant) ORDER BY 1, 3"
        )
        return [{"tenant": uuid, "host": host, "first_position": first} for uuid, host, first in rows]


def _newest(connection: sqlite3.Connection) -> int | None:
    row = connection.execute("SELECT max_event_time FROM batches ORDER BY last_position DESC LIMIT 1").fetchone()
    return None if row is None else int(row[0])


def _size(home: Home, name: str) -> int:
    files = (home.folder / (name + suffix) for suffix in ("", "-wal"))
    return sum(file.stat().st_size for file in files if file.exists())
