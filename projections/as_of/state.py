"""One entity at a point: replayed from its own events. Questions about many are answered from their versions."""

import sqlite3
from typing import Any

from outcomes.domain.identity import EntityRef, Kind
from outcomes.domain.times import to_text
from outcomes.projections.as_of.names import assignment_title
from outcomes.projections.as_of.point import PointInTime
from outcomes.projections.as_of.tree import link_fate
from outcomes.store.log.event_log import EventLog


def state_at(
    connection: sqlite3.Connection, log: EventLog, point: PointInTime, kind: Kind, local_id: str
) -> dict[str, Any]:
    """Return the state of an entity and which event made it so; `state` is None if nothing is known.

    Of a link also what the deletion of its outcome silently did to it: `implied`, which only the views can tell; of a
    result `assessed`: what the assignment is called that it assessed.
    """
    found = log.load(EntityRef(point.tenant, kind, local_id), as_of=point.as_of, known_at=point.known_at)
    value: dict[str, Any] = {"tenant": point.tenant, "kind": kind.value, "id": local_id}
    if found is None:
        return {**value, "state": None, "event_time": None, "position": None, "events": 0}
    value["state"] = found.state()
    value["event_time"] = to_text(found.event_time)
    value["position"] = found.position
    value["events"] = found.events
    if kind is Kind.RESULT:
        state = value["state"]
        is_of_assignment = state.get("associated_asset_type") == "Assignment" and state.get("associated_asset_id")
        value["assessed"] = (
            assignment_title(connection, point, str(state["associated_asset_id"])) if is_of_assignment else None
        )
    if kind is Kind.LINK:
        value["implied"] = link_fate(connection, point, local_id)
    return value
