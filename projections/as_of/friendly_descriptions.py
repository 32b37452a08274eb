"""What an outcome is called for students: its friendly descriptions, one a place (DOMAIN.md 3 and 7)."""

import sqlite3
from typing import NamedTuple

from outcomes.domain.identity import Kind
from outcomes.domain.times import Micros
from outcomes.projections.as_of.lookups import seek
from outcomes.projections.as_of.point import PointInTime
from outcomes.projections.views.schema import ID_COLUMNS, VERSION_TABLES

_KIND = Kind.FRIENDLY_DESCRIPTION


class FriendlyDescription(NamedTuple):
    """One description in force, the place that it is for, and since when it is so."""

    id: str
    context: str
    description: str | None
    since: Micros


def friendly_descriptions(
    connection: sqlite3.Connection, point: PointInTime, outcome_id: str
) -> list[FriendlyDescription]:
    """Return the friendly descriptions of an outcome that are active at a point, by place."""
    rows = connection.execute(
        f"SELECT m.id, c.type, c.id, v.description, v.event_time "
        f"FROM (SELECT DISTINCT {ID_COLUMNS[_KIND]} AS id FROM {VERSION_TABLES[_KIND]} "
        "WHERE tenant = :tenant AND outcome_id = :outcome) m "
        f"JOIN {VERSION_TABLES[_KIND]} v ON v.position = {seek(_KIND)} JOIN contexts c ON c.context = v.context "
        "WHERE v.outcome_id = :outcome AND coalesce(v.workflow_state, 'active') = 'active' ORDER BY c.type, c.id, m.id",
        {**point.bounds(), "outcome": outcome_id},
    )
    return [FriendlyDescription(own_id, f"{kind}:{place}", text, since) for own_id, kind, place, text, since in rows]
