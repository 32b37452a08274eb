"""The mastery scales and calculation methods that accounts and courses have stored: of a place, above it and below."""

import sqlite3
from collections.abc import Iterator
from typing import Any, NamedTuple

import orjson

from outcomes.domain.identity import Context, Kind
from outcomes.domain.times import Micros
from outcomes.projections.as_of.lookups import seek
from outcomes.projections.as_of.point import PointInTime
from outcomes.projections.mastery.policy import PolicyBook
from outcomes.projections.views.schema import VERSION_TABLES

ABOVE, HERE, BELOW = "above", "here", "below"
_COLUMNS = {
    Kind.PROFICIENCY: "v.ratings, NULL, NULL",
    Kind.CALCULATION_METHOD: "NULL, v.calculation_method, v.calculation_int",
}


class StoredPolicy(NamedTuple):
    """One scale or method. `place` says where its context stands to the one asked about: above, here or below it.

    `is_nearest` tells whether it is the one that counts there, where accounts decide (DOMAIN.md 7).
    """

    context: str
    place: str
    kind: str
    id: str
    state: str
    since: Micros
    ratings: list[dict[str, Any]]
    calculation_method: str | None
    calculation_int: int | None
    is_nearest: bool


def stored_policies(connection: sqlite3.Connection, point: PointInTime, context: Context) -> list[StoredPolicy]:
    """Return what is stored in a context, in those above it and in those below; nearest first, then those below."""
    book = PolicyBook(connection, point)
    above = book.chain_of(context).contexts
    found = [one for kind in _COLUMNS for one in _all_of(connection, point, kind)]
    found = [one._replace(place=place) for one in found if (place := _place(book, above, one.context)) is not None]
    order = {name: number for number, name in enumerate(above)}
    found.sort(key=lambda one: (order.get(one.context, len(order)), one.context, one.kind != Kind.PROFICIENCY, one.id))
    seen: set[str] = set()
    return [one._replace(is_nearest=_is_first(one, seen)) for one in found]


def _is_first(one: StoredPolicy, seen: set[str]) -> bool:
    if one.state != "active" or one.place == BELOW or one.kind in seen:
        return False
    seen.add(one.kind)
    return True


def _place(book: PolicyBook, above: tuple[str, ...], context: str) -> str | None:
    if context == above[0]:
        return HERE
    if context in above:
        return ABOVE
    kind, _, local_id = context.partition(":")
    return BELOW if above[0] in book.chain_of(Context(kind, local_id)).contexts else None


def _all_of(connection: sqlite3.Connection, point: PointInTime, kind: Kind) -> Iterator[StoredPolicy]:
    # A school has few of them, so all are read, and those that hang elsewhere are left out.
    rows = connection.execute(
        f"SELECT DISTINCT c.type, c.id, m.id, coalesce(v.workflow_state, 'active'), v.event_time, {_COLUMNS[kind]} "
        f"FROM members m JOIN contexts c ON c.context = m.context JOIN {VERSION_TABLES[kind]} v "
        f"ON v.position = {seek(kind)} WHERE m.kind = :kind AND c.tenant = :tenant AND v.context = m.context",
        {**point.bounds(), "kind": kind.value},
    )
    for type_, local_id, own_id, state, since, ratings, method, size in rows.fetchall():
        levels = sorted(orjson.loads(ratings or "[]"), key=lambda level: -(level.get("points") or 0))
        yield StoredPolicy(
            f"{type_}:{local_id}", HERE, kind.value, own_id, state, since, levels, method, size, is_nearest=False
        )
