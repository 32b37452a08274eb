"""One short text for a whole state: equal for equal histories, whatever the order in which they arrived."""

import sqlite3
from collections.abc import Iterable, Iterator
from hashlib import blake2b
from typing import Any, NamedTuple

from outcomes.domain.identity import Kind
from outcomes.projections.as_of.lookups import seek
from outcomes.projections.as_of.point import LogCut
from outcomes.projections.views.schema import ID_COLUMNS, VERSION_TABLES

_BYTES = 16
_MODULUS = 1 << (8 * _BYTES)


class Fingerprint(NamedTuple):
    """`digest` of the state, and how many entities it is of."""

    digest: str
    entities: int


def fingerprint_of(winners: Iterable[tuple[str, str, str, bytes]]) -> Fingerprint:
    """Fold (tenant, kind, id, digest of the event in force) of every entity, in any order.

    A sum of hashes does not depend on the order, so nothing needs to be sorted or held.
    """
    total = entities = 0
    for tenant, kind, local_id, digest in winners:
        entity = f"{tenant}\0{kind}\0{local_id}\0".encode()
        total += int.from_bytes(blake2b(entity + digest, digest_size=_BYTES).digest(), "big")
        entities += 1
    return Fingerprint((total % _MODULUS).to_bytes(_BYTES, "big").hex(), entities)


def combined(parts: Iterable[Fingerprint]) -> Fingerprint:
    """Return the fingerprint of several parts of a state, none of which shares an entity with another."""
    total = entities = 0
    for part in parts:
        total += int(part.digest, 16)
        entities += part.entities
    return Fingerprint((total % _MODULUS).to_bytes(_BYTES, "big").hex(), entities)


def fingerprint_at(connection: sqlite3.Connection, cut: LogCut, tenant: str | None = None) -> Fingerprint:
    """Return the fingerprint of the views at a cut, of one tenant or of all."""
    return fingerprint_of(_winners(connection, cut, tenant))


def _winners(connection: sqlite3.Connection, cut: LogCut, tenant: str | None) -> Iterator[tuple[str, str, str, bytes]]:
    bounds: dict[str, Any] = {"until": cut.until, "known_at": cut.known_at, "tenant": tenant}
    for kind, table in VERSION_TABLES.items():
        identity = ID_COLUMNS[kind]
        rows = connection.execute(
            f"SELECT t.uuid, m.id, v.digest FROM (SELECT DISTINCT tenant, {identity} AS id FROM {table}) m "
            f"JOIN tenants t USING (tenant) JOIN {table} v ON v.position = {seek(kind, tenant='m.tenant')} "
            "WHERE :tenant IS NULL OR t.uuid = :tenant",
            bounds,
        )
        yield from ((uuid, kind.value, local_id, digest) for uuid, local_id, digest in rows)
    # SQLite sorts on disk where there is no room in memory, so this stays small however many results there are.
    rows = connection.execute(
        "SELECT t.uuid, v.result_id, v.digest FROM result_versions v JOIN contexts c ON c.context = v.course "
        "JOIN tenants t ON t.tenant = c.tenant WHERE v.event_time <= :until AND v.position <= :known_at "
        "AND (:tenant IS NULL OR t.uuid = :tenant) "
        "ORDER BY t.tenant, v.result_id, v.event_time, v.updated_at, v.is_update, v.digest",
        bounds,
    )
    last: tuple[str, str, bytes] | None = None
    for uuid, local_id, digest in rows:
        if last is not None and last[:2] != (uuid, local_id):
            yield last[0], Kind.RESULT.value, last[1], last[2]
        last = (uuid, local_id, digest)
    if last is not None:
        yield last[0], Kind.RESULT.value, last[1], last[2]
