"""Who made each field what it is: per field the value in force, since when, by whom, by which event."""

import sqlite3
from typing import Any

from outcomes.domain.changes import changed_fields
from outcomes.domain.event import Event
from outcomes.domain.identity import Kind
from outcomes.domain.times import to_text
from outcomes.projections.as_of.point import PointInTime
from outcomes.projections.as_of.versions import versions_of
from outcomes.projections.history.timeline import actor_of
from outcomes.store.log.event_log import EventLog


def blame(
    connection: sqlite3.Connection, log: EventLog, point: PointInTime, kind: Kind, local_id: str
) -> dict[str, dict[str, Any]] | None:
    """Return, per field of the state at a point, the event that gave it its value; None if nothing is known.

    An event that repeats a value does not take the blame for it. Fields that were emptied are told, too.
    """
    versions = versions_of(connection, point, kind, local_id)
    if not versions:
        return None
    blamed: dict[str, dict[str, Any]] = {}
    before: dict[str, Any] | None = None
    for order, position in versions:
        record = log.records_at([position])[0]
        event = log.parse(record)
        assert isinstance(event, Event)  # noqa: S101 - versions are made of projected events only
        after = event.body.state()
        for name, (_, value) in changed_fields(before, after).items():
            blamed[name] = {
                "value": value,
                "since": to_text(order.event_time),
                "actor": actor_of(event.metadata, is_erased=log.is_partly_erased(record)),
                "position": position,
            }
        before = after
    return dict(sorted(blamed.items()))
