"""Two trees compared: two event times, or one event time as known at two points of the log."""

import sqlite3
from collections.abc import Iterator
from typing import Any

from domain.changes import changed_fields
from domain.event import Event
from domain.identity import Context, Kind, id_sort_key
from domain.tree import Node
from projections.mastery import mastery_at
from projections.point import Point
from projections.schema import VERSION_TABLES
from projections.scores import Scope
from projections.tree import seek, tree_at
from store.log import EventLog

# Where a node hangs is told by "moved"; the fields behind that are not told twice.
_PLACE_FIELDS = frozenset({"parent_outcome_group_id", "learning_outcome_group_id"})


def diff(
    connection: sqlite3.Connection, log: EventLog, before: Point, after: Point, context: Context | None
) -> dict[str, list[dict[str, Any]]]:
    """Return what was added, removed, moved and changed from one point to the other, in one context or in all.

    An outcome that is moved keeps its link; one that is linked anew is removed in one place and added in another.
    """
    answer: dict[str, list[dict[str, Any]]] = {"added": [], "removed": [], "moved": [], "changed": []}
    contexts = [context] if context is not None else _contexts(connection, before)
    for place in contexts:
        old, new = _nodes(connection, before, place), _nodes(connection, after, place)
        for key in sorted(old.keys() | new.keys(), key=_sort_key):
            one, other = old.get(key), new.get(key)
            if one is None and other is not None:
                answer["added"].append(_entry(place, other, {}))
            elif other is None and one is not None:
                answer["removed"].append(_entry(place, one, {}))
            elif one is not None and other is not None:
                if one.parent_id != other.parent_id:
                    answer["moved"].append({**_entry(place, other, {}), "parent": [one.parent_id, other.parent_id]})
                fields = _changed(connection, log, before, after, one, other)
                if fields:
                    answer["changed"].append(_entry(place, other, fields))
    return answer


def students_changed(
    connection: sqlite3.Connection, before: Point, after: Point, context: Context | None
) -> Iterator[dict[str, Any]]:
    """Yield the students whose score or mastery differs between the points, in one course or in all."""
    course = context.id if context is not None and context.type == "Course" else None
    scope = Scope(course=course)
    old = {row.sort_key: row for row in mastery_at(connection, before, scope)}
    new = {row.sort_key: row for row in mastery_at(connection, after, scope)}
    for key in sorted(old.keys() | new.keys()):
        one, other = old.get(key), new.get(key)
        row = other or one
        assert row is not None  # noqa: S101 - the key is from one of them
        scores = [one.score if one else None, other.score if other else None]
        mastered = [one.mastered if one else None, other.mastered if other else None]
        if scores[0] != scores[1] or mastered[0] != mastered[1]:
            yield {
                "course_id": row.course_id,
                "student": row.student,
                "outcome_id": row.outcome_id,
                "outcome_title": row.outcome_title,
                "score": scores,
                "mastered": mastered,
            }


def _contexts(connection: sqlite3.Connection, point: Point) -> list[Context]:
    rows = connection.execute(
        "SELECT DISTINCT c.type, c.id FROM contexts c JOIN members m USING (context) "
        "WHERE c.tenant = ? AND m.kind IN ('group', 'link', 'outcome')",
        (point.number,),
    )
    return sorted((Context(*row) for row in rows.fetchall()), key=lambda place: (place.type, id_sort_key(place.id)))


def _nodes(connection: sqlite3.Connection, point: Point, context: Context) -> dict[tuple[str, str, str], Node]:
    tree = tree_at(connection, point, context)
    pending = [*tree.roots, *tree.detached, *tree.unlinked]
    found = {}
    while pending:
        node = pending.pop()
        found[_key(node)] = node
        pending.extend(node.children)
    return found


def _key(node: Node) -> tuple[str, str, str]:
    # Groups are themselves; an outcome may hang in several places, which its links tell apart.
    return (node.kind, node.id, node.details.get("link_id") or "")


def _sort_key(key: tuple[str, str, str]) -> tuple[Any, ...]:
    return (key[0], id_sort_key(key[1]), id_sort_key(key[2]))


def _entry(context: Context, node: Node, fields: dict[str, Any]) -> dict[str, Any]:
    entry = {
        "kind": node.kind,
        "id": node.id,
        "title": node.title,
        "context": str(context),
        "parent_id": node.parent_id,
        "fields": {name: list(change) for name, change in fields.items()},
    }
    if node.kind == "outcome":
        entry["link_id"] = node.details.get("link_id")
    return entry


def _changed(
    connection: sqlite3.Connection, log: EventLog, before: Point, after: Point, one: Node, other: Node
) -> dict[str, Any]:
    kind = Kind(other.kind)
    fields = _state_change(connection, log, before, after, kind, other.id)
    link_id = other.details.get("link_id")
    if link_id is not None and one.details.get("implied") != other.details.get("implied"):
        fields["link.implied"] = (one.details.get("implied"), other.details.get("implied"))
    return fields


def _state_change(
    connection: sqlite3.Connection, log: EventLog, before: Point, after: Point, kind: Kind, local_id: str
) -> dict[str, Any]:
    positions = [_position(connection, point, kind, local_id) for point in (before, after)]
    if positions[0] == positions[1]:
        return {}
    states = [None if position is None else _state(log, position) for position in positions]
    changes = changed_fields(states[0], states[1])
    return {name: change for name, change in changes.items() if name not in _PLACE_FIELDS}


def _position(connection: sqlite3.Connection, point: Point, kind: Kind, local_id: str) -> int | None:
    row = connection.execute(
        f"SELECT position FROM {VERSION_TABLES[kind]} WHERE position = {seek(kind, ':id')}",
        {**point.bounds(), "id": local_id},
    ).fetchone()
    return None if row is None else int(row[0])


def _state(log: EventLog, position: int) -> dict[str, Any]:
    event = log.parse(log.records_at([position])[0])
    assert isinstance(event, Event)  # noqa: S101 - versions are made of projected events only
    return event.body.state()
