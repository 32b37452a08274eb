"""A past tree as the CSV that Canvas's outcomes import takes back: an undo for a tool that has none.

Groups come first, generation by generation, since an import must have seen a parent before its children. The root of
the context is not written: what hangs in it has no parent there. Where Canvas has no `vendor_guid` it writes and reads
`canvas_outcome:ID` and `canvas_outcome_group:ID`.
"""

import csv
import io
import sqlite3
from collections.abc import Iterator
from typing import Any

from outcomes.domain.identity import Context, Kind
from outcomes.domain.mastery import stored_int_of
from outcomes.domain.tree import Node
from outcomes.projections.as_of.bodies import bodies_at
from outcomes.projections.as_of.lookups import id_list, seek
from outcomes.projections.as_of.point import PointInTime
from outcomes.projections.as_of.tree import tree_at
from outcomes.projections.views.schema import VERSION_TABLES
from outcomes.store.log.event_log import EventLog

COLUMNS = (
    "canvas_id",
    "vendor_guid",
    "object_type",
    "title",
    "description",
    "display_name",
    "calculation_method",
    "calculation_int",
    "parent_guids",
    "workflow_state",
    "mastery_points",
    "ratings",
)
"""The ratings go on behind their column: points and description in turn, under no name."""

State = dict[str, Any]


def canvas_csv(connection: sqlite3.Connection, log: EventLog, point: PointInTime, context: Context) -> Iterator[str]:
    """Yield the lines of the file. What was never described, or hangs nowhere, is left out."""
    tree = tree_at(connection, point, context)
    groups, parents = _generations(tree.roots)
    states = _states(connection, log, point, Kind.GROUP, [group.id for group, _ in groups])
    guids = {number: _guid(state, "canvas_outcome_group", number) for number, state in states.items()}
    outcomes = _states(connection, log, point, Kind.OUTCOME, list(parents))
    width = 2 * max((len(_ratings(state)) for state in outcomes.values()), default=1)
    yield _line([*COLUMNS, *[""] * (width - 1)])
    for group, parent in groups:
        if (state := states.get(group.id)) is not None:
            yield _line(_group_row(group.id, state, guids[group.id], guids.get(parent or "", "")))
    for number, above in parents.items():
        if (state := outcomes.get(number)) is not None:
            yield _line(_outcome_row(number, state, " ".join(guids[one] for one in above if one in guids)))


def _generations(roots: list[Node]) -> tuple[list[tuple[Node, str | None]], dict[str, list[str]]]:
    """Return the groups below the roots by generation, each with its parent, and the groups of each outcome."""
    groups: list[tuple[Node, str | None]] = []
    parents: dict[str, list[str]] = {}
    generation = [(root, child) for root in roots for child in root.children]
    tops = {root.id for root in roots}
    while generation:
        for parent, node in generation:
            above = None if parent.id in tops else parent.id
            if node.kind == "group":
                groups.append((node, above))
            elif node.details.get("implied") != "deleted":
                parents.setdefault(node.id, []).extend([] if above is None else [above])
        generation = [(node, child) for _, node in generation for child in node.children]
    return groups, parents


def _states(
    connection: sqlite3.Connection, log: EventLog, point: PointInTime, kind: Kind, ids: list[str]
) -> dict[str, State]:
    rows = connection.execute(
        f"SELECT j.value, v.position FROM json_each(:ids) j JOIN {VERSION_TABLES[kind]} v "
        f"ON v.position = {seek(kind, 'j.value')}",
        {**point.bounds(), "ids": id_list(ids)},
    ).fetchall()
    positions = dict(rows)
    bodies = bodies_at(log, positions.values())
    return {number: bodies[positions[number]] for number in ids if positions.get(number) in bodies}


def _guid(state: State, fallback: str, number: str) -> str:
    return state.get("vendor_guid") or f"{fallback}:{number}"


def _group_row(number: str, state: State, guid: str, parent: str) -> list[str]:
    told = [state.get("title") or "", state.get("description") or "", "", "", ""]
    return [number, guid, "group", *told, parent, state.get("workflow_state", "active"), "", ""]


def _outcome_row(number: str, state: State, parents: str) -> list[str]:
    criterion = state.get("rubric_criterion") or {}
    return [
        number,
        _guid(state, "canvas_outcome", number),
        "outcome",
        state.get("title", state.get("short_description")) or "",
        state.get("description") or "",
        state.get("display_name") or "",
        state.get("calculation_method") or "",
        _number(stored_int_of(state.get("calculation_method"), state.get("calculation_int"))),
        parents,
        state.get("workflow_state", "active"),
        _number(criterion.get("mastery_points")),
        *(cell for points, description in _ratings(state) for cell in (_number(points), description)),
    ]


def _ratings(state: State) -> list[tuple[float | None, str]]:
    criterion = state.get("rubric_criterion") or {}
    return [(rating.get("points"), rating.get("description") or "") for rating in criterion.get("ratings") or []]


def _number(value: float | None) -> str:
    if value is None:
        return ""
    return str(int(value)) if float(value).is_integer() else repr(float(value))


def _line(cells: list[str]) -> str:
    out = io.StringIO()
    csv.writer(out, lineterminator="\n").writerow(cells)
    return out.getvalue()
