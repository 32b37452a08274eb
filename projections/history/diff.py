"""Two trees compared: two event times, or one event time as known at two points of the log."""

import sqlite3
from collections.abc import Iterator
from typing import Any, NamedTuple

from outcomes.domain.changes import changed_fields, classify
from outcomes.domain.identity import Context, Kind, id_sort_key
from outcomes.domain.tree import Node, Tree
from outcomes.projections.as_of.lookups import context_number, seek
from outcomes.projections.as_of.point import PointInTime
from outcomes.projections.as_of.tree import tree_at
from outcomes.projections.history.score_change import change_between
from outcomes.projections.history.timeline import policy_title, state_of
from outcomes.projections.history.tree_changes import PLACE_FIELDS, PlaceKey, is_in_no_group
from outcomes.projections.mastery.policy import PolicyBook
from outcomes.projections.mastery.query import mastery_at
from outcomes.projections.mastery.results import Scope, courses_of
from outcomes.projections.views.schema import VERSION_TABLES
from outcomes.store.log.event_log import EventLog


class Sides(NamedTuple):
    """The two points that are compared, and what to read them from."""

    connection: sqlite3.Connection
    log: EventLog
    before: PointInTime
    after: PointInTime


def diff(
    connection: sqlite3.Connection, log: EventLog, before: PointInTime, after: PointInTime, context: Context | None
) -> dict[str, list[dict[str, Any]]]:
    """Return what was added, removed, moved and changed from one point to the other, in one context or in all.

    An outcome that is moved keeps its link; one that is linked anew is removed in one place and added in another.
    What is added or removed tells all its fields, from or to nothing, so that the first tree and the answer make the
    second one. One that is taken out of its last group is removed, and not added to those in no group as well. A
    changed title is told as `renamed`, too.
    """
    sides = Sides(connection, log, before, after)
    answer: dict[str, list[dict[str, Any]]] = {"added": [], "removed": [], "moved": [], "changed": []}
    contexts = [context] if context is not None else _contexts(connection, before)
    for place in contexts:
        old, new = (nodes_of(tree_at(connection, point, place)) for point in (before, after))
        for name, rows in places_changed(place, old, new).items():
            for row in rows:
                if name != "moved":
                    key = (row["kind"], row["id"], row.get("link_id") or "")
                    row["fields"] = _fields(sides, old.get(key), new.get(key))
                answer[name].append(row)
        answer["changed"] += _edited(sides, place, old, new)
    return answer


def places_changed(
    context: Context, old: dict[PlaceKey, Node], new: dict[PlaceKey, Node]
) -> dict[str, list[dict[str, Any]]]:
    """Return what was added, removed and moved between two trees of a context."""
    answer: dict[str, list[dict[str, Any]]] = {"added": [], "removed": [], "moved": []}
    in_both = {key[:2] for key in old} & {key[:2] for key in new}
    for key in sorted(old.keys() | new.keys(), key=_sort_key):
        one, other = old.get(key), new.get(key)
        if (one is None or other is None) and is_in_no_group(key) and key[:2] in in_both:
            continue  # its place in a group, which it has in the other tree, says it
        if one is None and other is not None:
            answer["added"].append(_row(context, other))
        elif other is None and one is not None:
            answer["removed"].append(_row(context, one))
        elif one is not None and other is not None and one.parent_id != other.parent_id:
            answer["moved"].append({**_row(context, other), "parent": [one.parent_id, other.parent_id]})
    return answer


def policies_changed(
    connection: sqlite3.Connection, log: EventLog, before: PointInTime, after: PointInTime, context: Context | None
) -> Iterator[dict[str, Any]]:
    """Yield the mastery scales and calculation methods that differ, of one context or of all."""
    number = None if context is None else context_number(connection, before, context)
    if context is not None and number is None:
        return
    for kind in (Kind.PROFICIENCY, Kind.CALCULATION_METHOD):
        rows = connection.execute(
            "SELECT DISTINCT m.id FROM members m JOIN contexts c USING (context) "
            "WHERE c.tenant = :tenant AND m.kind = :kind AND (:context IS NULL OR m.context = :context)",
            {"tenant": before.number, "kind": kind.value, "context": number},
        )
        for local_id in sorted((row[0] for row in rows.fetchall()), key=id_sort_key):
            old, new = (_state(connection, log, point, kind, local_id) for point in (before, after))
            if context is not None and not any(_is_of(context, state) for state in (old, new)):
                continue  # it came here at another time, or as known at another position
            fields = changed_fields(old, new)
            if fields:
                yield {
                    "kind": kind.value,
                    "id": local_id,
                    "title": policy_title(kind, new or old or {}),
                    "change": "removed" if new is None else classify(old, new, fields),
                    "fields": {name: list(change) for name, change in fields.items()},
                }


def _is_of(context: Context, state: dict[str, Any] | None) -> bool:
    return state is not None and (state.get("context_type"), state.get("context_id")) == context


def students_changed(
    connection: sqlite3.Connection, before: PointInTime, after: PointInTime, context: Context | None
) -> Iterator[dict[str, Any]]:
    """Yield the students whose score or mastery differs between the points: of a course, an account, or all."""
    book = PolicyBook(connection, after)
    for course in sorted(_courses(connection, before, after, context), key=id_sort_key):
        if context is None or context.type != "Account" or _is_below(book, course, context):
            scope = Scope(course=course)
            old = {row.sort_key: row for row in mastery_at(connection, before, scope, include_removed=True)}
            new = {row.sort_key: row for row in mastery_at(connection, after, scope, include_removed=True)}
            for key in sorted(old.keys() | new.keys()):
                change = change_between(old.get(key), new.get(key))
                if change is not None:
                    yield change


def _courses(
    connection: sqlite3.Connection, before: PointInTime, after: PointInTime, context: Context | None
) -> set[str]:
    if context is not None and context.type == "Course":
        return {context.id}
    return {course for point in (before, after) for course in courses_of(connection, point, Scope())}


def _is_below(book: PolicyBook, course: str, account: Context) -> bool:
    """Say whether a course hangs below an account; one of which the way up is not known may do so."""
    chain = book.chain(course)
    return str(account) in chain.contexts or not chain.complete


def _contexts(connection: sqlite3.Connection, point: PointInTime) -> list[Context]:
    rows = connection.execute(
        "SELECT DISTINCT c.type, c.id FROM contexts c JOIN members m USING (context) "
        "WHERE c.tenant = ? AND m.kind IN ('group', 'link', 'outcome')",
        (point.number,),
    )
    return sorted((Context(*row) for row in rows.fetchall()), key=lambda place: (place.type, id_sort_key(place.id)))


def nodes_of(tree: Tree) -> dict[PlaceKey, Node]:
    """Return every node of a tree: groups are themselves, an outcome's several places are told apart by its links."""
    pending = [*tree.roots, *tree.detached, *tree.unlinked]
    found: dict[PlaceKey, Node] = {}
    while pending:
        node = pending.pop()
        found[node.kind, node.id, node.details.get("link_id") or ""] = node
        pending.extend(node.children)
    return found


def _sort_key(key: PlaceKey) -> tuple[Any, ...]:
    return (key[0], id_sort_key(key[1]), id_sort_key(key[2]))


def _row(context: Context, node: Node) -> dict[str, Any]:
    row: dict[str, Any] = {
        "kind": node.kind,
        "id": node.id,
        "title": node.title,
        "context": str(context),
        "parent_id": node.parent_id,
        "fields": {},
    }
    if node.kind == "outcome":
        row["link_id"] = node.details.get("link_id")
    return row


def _edited(
    sides: Sides, context: Context, old: dict[PlaceKey, Node], new: dict[PlaceKey, Node]
) -> Iterator[dict[str, Any]]:
    for key in sorted(old.keys() & new.keys(), key=_sort_key):
        fields = _fields(sides, old[key], new[key])
        if fields:
            row = {**_row(context, new[key]), "fields": fields}
            titles = [old[key].title, new[key].title]
            if titles[0] != titles[1]:
                row["renamed"] = titles
            yield row


def _fields(sides: Sides, one: Node | None, other: Node | None) -> dict[str, list[Any]]:
    """Return the fields of an entity that differ, and those of the link that puts it there."""
    connection, log, before, after = sides
    node = one or other
    assert node is not None  # noqa: S101 - it is in one of the trees
    kind = Kind(node.kind)
    positions = [
        None if side is None else _position(connection, point, kind, node.id)
        for side, point in ((one, before), (other, after))
    ]
    fields: dict[str, list[Any]] = {}
    if positions[0] != positions[1]:
        old, new = (None if at is None else state_of(log, log.records_at([at])[0]) for at in positions)
        changes = changed_fields(old, new)
        fields = {name: list(change) for name, change in changes.items() if name not in PLACE_FIELDS}
    for name, detail in (("link.workflow_state", "link_state"), ("link.implied", "implied")):
        pair = [None if side is None else side.details.get(detail) for side in (one, other)]
        if pair[0] != pair[1]:
            fields[name] = pair
    return fields


def _state(
    connection: sqlite3.Connection, log: EventLog, point: PointInTime, kind: Kind, local_id: str
) -> dict[str, Any] | None:
    position = _position(connection, point, kind, local_id)
    return None if position is None else state_of(log, log.records_at([position])[0])


def _position(connection: sqlite3.Connection, point: PointInTime, kind: Kind, local_id: str) -> int | None:
    row = connection.execute(
        f"SELECT position FROM {VERSION_TABLES[kind]} WHERE position = {seek(kind, ':id')}",
        {**point.bounds(), "id": local_id},
    ).fetchone()
    return None if row is None else int(row[0])
