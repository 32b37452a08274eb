"""The outcome tree of a context at a point: one indexed seek per group, link and outcome, then the pure builder."""

import sqlite3
from collections.abc import Iterable
from typing import Any

from outcomes.domain.identity import Context, Kind
from outcomes.domain.tree import (
    Deletion,
    GroupState,
    LinkState,
    OutcomeState,
    Tree,
    build_tree,
    implied_state,
)
from outcomes.projections.as_of.lookups import context_number, seek
from outcomes.projections.as_of.point import PointInTime
from outcomes.projections.views.schema import NEWEST_FIRST, ORDER, VERSION_TABLES


def tree_at(
    connection: sqlite3.Connection, point: PointInTime, context: Context, *, include_deleted: bool = False
) -> Tree:
    """Return the tree of a context; an unknown context has an empty one."""
    number = context_number(connection, point, context)
    if number is None:
        return Tree([], [], [])
    groups = [GroupState(*row[1:]) for row in _members(connection, point, number, Kind.GROUP) if row[0] == number]
    links = [LinkState(*row[1:]) for row in _members(connection, point, number, Kind.LINK) if row[0] == number]
    outcomes: dict[str, OutcomeState] = {}
    own = []
    for row in _members(connection, point, number, Kind.OUTCOME):
        outcomes[row[1]] = OutcomeState(*row[1:])
        if row[0] == number:
            own.append(row[1])
    return build_tree(
        groups,
        links,
        outcomes,
        deletions=_deletions(connection, point, number),
        own_outcomes=own,
        foreign_groups=_foreign_groups(connection, point, groups, links),
        include_deleted=include_deleted,
    )


_COLUMNS = {
    Kind.GROUP: "v.group_id, v.parent_id, v.title, coalesce(v.workflow_state, 'active')",
    Kind.LINK: "v.link_id, v.outcome_id, v.group_id, coalesce(v.workflow_state, 'active'), v.event_time",
    Kind.OUTCOME: "v.outcome_id, v.title, coalesce(v.workflow_state, 'active'), v.display_name, v.mastery_points, "
    "v.points_possible, v.calculation_method, v.calculation_int",
}


def _members(connection: sqlite3.Connection, point: PointInTime, context: int, kind: Kind) -> Iterable[tuple[Any, ...]]:
    """Yield the state, at the point, of everything of a kind that was ever in a context; its context comes first."""
    return connection.execute(
        f"SELECT v.context, {_COLUMNS[kind]} FROM members m JOIN {VERSION_TABLES[kind]} v ON v.position = {seek(kind)} "
        "WHERE m.context = :context AND m.kind = :kind",
        {**point.bounds(), "context": context, "kind": kind.value},
    )


def _deletions(connection: sqlite3.Connection, point: PointInTime, context: int) -> dict[str, Deletion]:
    """Return, for outcomes of the context that were ever deleted up to the point, the last time that they were."""
    rows = connection.execute(
        f"SELECT outcome_id, {', '.join(ORDER)} FROM outcome_versions WHERE tenant = :tenant "
        "AND workflow_state = 'deleted' AND event_time <= :until AND position <= :known_at "
        "AND outcome_id IN (SELECT id FROM members WHERE context = :context AND kind = 'outcome') "
        f"ORDER BY outcome_id, {', '.join(ORDER)}",
        {**point.bounds(), "context": context},
    )
    last = {row[0]: tuple(row[1:]) for row in rows.fetchall()}
    return {
        outcome_id: Deletion(key[0], _revival(connection, point, outcome_id, key)) for outcome_id, key in last.items()
    }


def deletion_of(connection: sqlite3.Connection, point: PointInTime, outcome_id: str) -> Deletion | None:
    """Return the last time, up to the point, that one outcome was deleted, and whether it has come back since."""
    order = ", ".join(ORDER)
    key = connection.execute(
        f"SELECT {order} FROM outcome_versions WHERE tenant = :tenant AND outcome_id = :id "
        "AND workflow_state = 'deleted' AND event_time <= :until AND position <= :known_at "
        f"ORDER BY {NEWEST_FIRST} LIMIT 1",
        {**point.bounds(), "id": outcome_id},
    ).fetchone()
    return None if key is None else Deletion(key[0], _revival(connection, point, outcome_id, key))


def _revival(connection: sqlite3.Connection, point: PointInTime, outcome_id: str, key: tuple[Any, ...]) -> Any:
    row = connection.execute(
        "SELECT by_import FROM outcome_versions WHERE tenant = :tenant AND outcome_id = :id "
        f"AND ({', '.join(ORDER)}) > (:k0, :k1, :k2, :k3) AND event_time <= :until AND position <= :known_at "
        f"ORDER BY {', '.join(ORDER)} LIMIT 1",
        {**point.bounds(), "id": outcome_id, **{f"k{index}": part for index, part in enumerate(key)}},
    ).fetchone()
    if row is None:
        return "no"
    return "by import" if row[0] else "otherwise"


def _foreign_groups(
    connection: sqlite3.Connection, point: PointInTime, groups: list[GroupState], links: list[LinkState]
) -> frozenset[str]:
    """Return the parents named here that are groups of another context at this point."""
    own = {group.id for group in groups}
    named = {group.parent_id for group in groups} | {link.group_id for link in links}
    return frozenset(
        group_id
        for group_id in named - own - {None}
        if group_id is not None
        and connection.execute(f"SELECT {seek(Kind.GROUP, ':id')}", {**point.bounds(), "id": group_id}).fetchone()[0]
        is not None
    )


def link_fate(connection: sqlite3.Connection, point: PointInTime, link_id: str) -> str | None:
    """Say what the deletion of its outcome silently did to a link: deleted, uncertain, or nothing (None)."""
    row = connection.execute(
        f"SELECT v.context, {_COLUMNS[Kind.LINK]} FROM link_versions v WHERE v.position = {seek(Kind.LINK, ':id')}",
        {**point.bounds(), "id": link_id},
    ).fetchone()
    if row is None:
        return None
    link = LinkState(*row[1:])
    return implied_state(link, deletion_of(connection, point, link.outcome_id))
