"""Who made each field what it is: per field the value in force, since when, by whom, by which event."""

from typing import Any

from outcomes.domain.changes import changed_fields
from outcomes.domain.event import Recorded
from outcomes.domain.identity import EntityRef, Kind
from outcomes.domain.times import to_text
from outcomes.projections.as_of.point import PointInTime
from outcomes.projections.history.timeline import actor_of
from outcomes.store.log.event_log import EventLog


def blame(log: EventLog, point: PointInTime, kind: Kind, local_id: str) -> dict[str, dict[str, Any]] | None:
    """Return, per field of the state at a point, the event that gave it its value; None if nothing is known.

    An event that repeats a value does not take the blame for it. Fields that were emptied are told, too.
    """
    history = log.history(EntityRef(point.tenant, kind, local_id), as_of=point.as_of, known_at=point.known_at)
    return _blamed_in(history) if history else None


def _blamed_in(history: list[Recorded]) -> dict[str, dict[str, Any]]:
    """Fold the events of an entity, in their order, into who made each field what it is."""
    blamed: dict[str, dict[str, Any]] = {}
    before: dict[str, Any] | None = None
    for recorded in history:
        event = recorded.event
        after = event.body.state()
        for name, (_, value) in changed_fields(before, after).items():
            blamed[name] = {
                "value": value,
                "since": to_text(event.event_time),
                "actor": actor_of(event.metadata, is_erased=recorded.is_partly_erased),
                "position": recorded.position,
            }
        before = after
    return dict(sorted(blamed.items()))
