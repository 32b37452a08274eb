"""The outcome tree of a context at a point: one indexed seek per group, link and outcome, then the pure builder."""

import sqlite3
from collections.abc import Iterable
from typing import Any

from outcomes.domain.identity import Context, Kind
from outcomes.domain.tree import (
    DELETED,
    Deletion,
    GroupState,
    LinkState,
    OutcomeState,
    Tree,
    build_tree,
    implied_state,
)
from outcomes.projections.as_of.lookups import context_number, id_list, seek
from outcomes.projections.as_of.point import PointInTime
from outcomes.projections.views.schema import NEWEST_FIRST, ORDER, VERSION_TABLES
from outcomes.projections.views.tables import TABLES


def tree_at(
    connection: sqlite3.Connection, point: PointInTime, context: Context, *, include_deleted: bool = False
) -> Tree:
    """Return the tree of a context; an unknown context has an empty one."""
    number = context_number(connection, point, context)
    if number is None:
        return Tree([], [], [])
    found = _Found(*(_members(connection, point, number, kind) for kind in (Kind.GROUP, Kind.LINK, Kind.OUTCOME)))
    groups, links = found.groups(number), found.links(number)
    return build_tree(
        groups,
        links,
        found.outcomes(),
        deletions=_deletions(connection, point, number),
        own_outcomes=found.own_outcomes(number),
        foreign_groups=_foreign_groups(connection, point, groups, links),
        shown_of_unknown=_NOTHING_KNOWN,
        include_deleted=include_deleted,
    )


def part_of_tree(
    connection: sqlite3.Connection,
    point: PointInTime,
    context: Context,
    *,
    groups: list[str],
    outcomes: list[str],
    link: str | None = None,
) -> Tree:
    """Return the places of a few groups and outcomes in a context, by seeks: all that an event of one can change.

    The nodes, their states and parents are those of the whole tree; but with the rest of it left out, they may hang
    nowhere here. What an event of a `link` can change is its own place, and that of an outcome that no link is left of:
    of the other links only one is there, if there is any.
    """
    number = context_number(connection, point, context)
    if number is None:
        return Tree([], [], [])
    deletions = {
        outcome: deletion for outcome in outcomes if (deletion := deletion_of(connection, point, outcome)) is not None
    }
    if link is None:
        links = [one for outcome in outcomes for (one,) in connection.execute(_LINKS, (point.number, outcome, number))]
    else:
        others = (_another(connection, point, (number, outcome, link), deletions.get(outcome)) for outcome in outcomes)
        links = [link, *(other for other in others if other is not None)]
    ids = {Kind.GROUP: groups, Kind.LINK: list(dict.fromkeys(links)), Kind.OUTCOME: outcomes}
    found = _Found(*(_named(connection, point, kind, some) for kind, some in ids.items()))
    return build_tree(
        found.groups(number),
        found.links(number),
        found.outcomes(),
        deletions=deletions,
        own_outcomes=found.own_outcomes(number),
        shown_of_unknown=_NOTHING_KNOWN,
    )


def _another(
    connection: sqlite3.Connection, point: PointInTime, of: tuple[int, str, str], deletion: Deletion | None
) -> str | None:
    """Return a link that puts an outcome somewhere in a context, but not the one that is named with them."""
    context, outcome, link = of
    rows = connection.execute(_OTHER_LINKS, {**point.bounds(), "context": context, "outcome": outcome, "link": link})
    others = (LinkState(*row) for row in rows)
    return next((one.id for one in others if one.state != DELETED and implied_state(one, deletion) != DELETED), None)


# Links of the outcome and, of those, in the context: an outcome has few links, a context may have thousands.
_LINKS = "SELECT DISTINCT link_id FROM link_versions WHERE tenant = ? AND outcome_id = ? AND context = ?"
_OTHER_LINKS = (
    "SELECT v.link_id, v.outcome_id, v.group_id, coalesce(v.workflow_state, 'active'), v.event_time "
    "FROM (SELECT DISTINCT link_id AS id FROM link_versions "
    "WHERE tenant = :tenant AND outcome_id = :outcome AND context = :context) m "
    f"CROSS JOIN link_versions v ON v.position = {seek(Kind.LINK)} "
    "WHERE m.id <> :link AND v.context = :context AND v.outcome_id = :outcome"
)
_NOTHING_KNOWN = dict.fromkeys(TABLES[Kind.OUTCOME].in_tree)


class _Found:
    """Rows of groups, links and outcomes: their context first, what the tree shows besides last."""

    def __init__(self, *rows: Iterable[tuple[Any, ...]]) -> None:
        self._groups, self._links, self._outcomes = map(list, rows)

    def groups(self, context: int) -> list[GroupState]:
        return [
            GroupState(group_id, parent_id, title, state, _shown(Kind.GROUP, shown))
            for place, group_id, parent_id, title, state, *shown in self._groups
            if place == context
        ]

    def links(self, context: int) -> list[LinkState]:
        return [
            LinkState(link_id, outcome_id, group_id, state, event_time, _shown(Kind.LINK, shown))
            for place, link_id, outcome_id, group_id, state, event_time, *shown in self._links
            if place == context
        ]

    def outcomes(self) -> dict[str, OutcomeState]:
        return {
            outcome_id: OutcomeState(outcome_id, title, state, _shown(Kind.OUTCOME, shown))
            for _, outcome_id, title, state, *shown in self._outcomes
        }

    def own_outcomes(self, context: int) -> list[str]:
        return [outcome_id for place, outcome_id, *_ in self._outcomes if place == context]


def _shown(kind: Kind, values: list[Any]) -> dict[str, Any]:
    return dict(zip(TABLES[kind].in_tree, values, strict=True))


_COLUMNS = {
    Kind.GROUP: "v.group_id, v.parent_id, v.title, coalesce(v.workflow_state, 'active')",
    Kind.LINK: "v.link_id, v.outcome_id, v.group_id, coalesce(v.workflow_state, 'active'), v.event_time",
    Kind.OUTCOME: "v.outcome_id, v.title, coalesce(v.workflow_state, 'active')",
}


def _columns(kind: Kind) -> str:
    """Return an entity's context, what the tree is built from, and what it shows besides."""
    return ", ".join(("v.context", _COLUMNS[kind], *(f"v.{column}" for column in TABLES[kind].in_tree)))


def _members(connection: sqlite3.Connection, point: PointInTime, context: int, kind: Kind) -> Iterable[tuple[Any, ...]]:
    """Yield the state, at the point, of everything of a kind that was ever in a context; its context comes first."""
    return connection.execute(
        f"SELECT {_columns(kind)} FROM members m JOIN {VERSION_TABLES[kind]} v ON v.position = {seek(kind)} "
        "WHERE m.context = :context AND m.kind = :kind",
        {**point.bounds(), "context": context, "kind": kind.value},
    )


def _named(connection: sqlite3.Connection, point: PointInTime, kind: Kind, ids: list[str]) -> Iterable[tuple[Any, ...]]:
    """Yield the state, at the point, of those of a kind that are known then; its context comes first."""
    return connection.execute(
        f"SELECT {_columns(kind)} FROM json_each(:ids) m JOIN {VERSION_TABLES[kind]} v "
        f"ON v.position = {seek(kind, 'm.value')}",
        {**point.bounds(), "ids": id_list(ids)},
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
        f"SELECT {_COLUMNS[Kind.LINK]} FROM link_versions v WHERE v.position = {seek(Kind.LINK, ':id')}",
        {**point.bounds(), "id": link_id},
    ).fetchone()
    if row is None:
        return None
    link = LinkState(*row)
    return implied_state(link, deletion_of(connection, point, link.outcome_id))
