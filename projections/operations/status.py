"""How things stand: counts, sizes, positions, tenants."""

import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

from outcomes.domain.catalog import EVENT_TYPES
from outcomes.domain.errors import LogDamaged
from outcomes.domain.event import Event
from outcomes.domain.identity import Context
from outcomes.domain.times import SECOND, Micros, to_text
from outcomes.projections.views.read_model import ReadModel
from outcomes.projections.views.views_file import is_usable
from outcomes.store.connection import Connection
from outcomes.store.encoding.stream_keys import OTHER
from outcomes.store.home_folder import HomeFolder
from outcomes.store.log import quarantine
from outcomes.store.log.event_log import EventLog
from outcomes.store.log.hash_chain import NO_CHAIN, last_batch
from outcomes.store.operations.checkpoint import Checkpoint, checkpoint
from outcomes.store.rows import fetch_all
from outcomes.store.sources.files import source_name
from outcomes.store.sqlite.known_faults import faults_of

_OTHER = f"/{OTHER}/"

Told = TypeVar("Told")


def status(home: HomeFolder, log: EventLog, views: ReadModel, now: Micros) -> dict[str, Any]:
    """Return the contract's answer; counts are of events, by kind and by name. The views are taken as they are.

    `clock_behind_seconds` is how long before the last batch the clock (`now`) is; more than a day, and ingest refuses.
    """
    damaged: list[str] = []

    def told(ask: Callable[[], Told], default: Told) -> Told:
        """Return a part of the answer; where the log is damaged the rest is told all the same."""
        try:
            return ask()
        except (LogDamaged, sqlite3.DatabaseError) as error:
            damaged.append(str(error))
            return default

    nobody: dict[str, int] = {}
    by_kind, by_name = told(lambda: _counts(log), (nobody, nobody))
    head = told(lambda: checkpoint(log), Checkpoint(None, told(lambda: log.head, 0), NO_CHAIN))
    with log.reading() as connection:
        newest = told(lambda: _newest(connection), None)
        nothing: tuple[list[quarantine.QuarantineEntry], list[str]] = ([], [])
        waiting, faults = told(lambda: quarantine.readable_entries(connection), nothing)
    tenants = told(lambda: list(log.tenants()), list[str]())
    position = told(lambda: views.position() or 0, 0)
    contexts = told(lambda: _contexts(views), list[dict[str, Any]]())
    hosts = told(lambda: _hosts(views), list[dict[str, Any]]())
    damaged += faults
    return {
        "home": source_name(home.place),
        "format": told(log.format, 0),
        "encrypted": log.encryption is not None,
        "log": head.log,
        "head": head.position,
        "chain": head.chain.hex(),
        "last_recorded_at": None if head.recorded_at is None else to_text(head.recorded_at),
        "clock_behind_seconds": max(0, (head.recorded_at or 0) - now) / SECOND,
        "last_event_time": None if newest is None else to_text(newest),
        "sqlite": {"version": sqlite3.sqlite_version, "faults": faults_of(sqlite3.sqlite_version_info)},
        "size": {"log": log.store.size(), "views": _size(home.views_path)},
        "kinds": by_kind,
        "event_names": by_name,
        "views_position": position,
        "contexts": contexts,
        "hosts": hosts,
        "quarantined": len(waiting),
        "tenants": tenants,
        "damaged": damaged,
    }


def _counts(log: EventLog) -> tuple[dict[str, int], dict[str, int]]:
    """Return how many events there are by kind and by name. Raises LogDamaged."""
    # By the stream, as they were taken in: an event of a known name may not have been one to project.
    sql = (
        "SELECT topic, substr(ltrim(originator_id, '0123456789'), 1, ?) = ?, count(*) FROM stored_events "
        "GROUP BY 1, 2 ORDER BY 1, 2"
    )
    with log.reading() as connection:
        counted = fetch_all(connection, sql, (len(_OTHER), _OTHER))
    by_kind: dict[str, int] = {}
    by_name: dict[str, int] = {}
    for topic, is_other, count in counted:
        name = topic if isinstance(topic, str) else repr(topic)
        event_type: type[Event] | None = EVENT_TYPES.get(name)
        kind = event_type.kind.value if event_type and not is_other else "unprojected"
        by_kind[kind] = by_kind.get(kind, 0) + count
        by_name[name] = by_name.get(name, 0) + count
    return by_kind, by_name


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


def _newest(connection: Connection) -> int | None:
    last = last_batch(connection)
    return None if last is None else last.max_event_time


def _size(path: Path) -> int:
    files = (path.with_name(path.name + suffix) for suffix in ("", "-wal"))
    return sum(file.stat().st_size for file in files if file.exists())
