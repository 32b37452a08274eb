"""The way back to what was known: from a version to older knowledge, past any number of versions recorded since.

"As of T, known at P" asks for the newest version by event order among those recorded up to P. Where a thousand later
ones lie between, walking back over each would take as long as there are of them. So each version names the one before
it, in event order, among those that were known when it came (`previous`), and one far behind on that way (`jump`).
Positions only fall along the way, and the version in force at (T, P) is always on it: every version that it passes over
came later still. The jumps are those of a skew-binary list (E. Myers, 1983), so the way is as long as the number of
versions has binary digits, and a row is never changed once it is written.
"""

import sqlite3

from outcomes.domain.identity import Kind

TABLE = "predecessors"
TABLE_SQL = f"""CREATE TABLE {TABLE} (
    position INTEGER PRIMARY KEY,
    previous INTEGER NOT NULL,
    jump INTEGER NOT NULL,
    depth INTEGER NOT NULL
) STRICT"""

_STEPS = 8
"""Later versions that are walked over one by one: nearly always enough, and quicker than the way back."""


def newest_known(table: str, identity: str, wanted: str, tenant: str, order: tuple[str, ...]) -> str:
    """Return SQL for the position of the version of an entity that is in force at (:until, :known_at)."""
    newest = (
        f"SELECT position FROM {table} WHERE tenant = {tenant} AND {identity} = {wanted} AND event_time <= :until "
        f"ORDER BY {', '.join(f'{column} DESC' for column in order)} LIMIT"
    )
    return (
        f"coalesce((SELECT position FROM ({newest} {_STEPS}) WHERE position <= :known_at LIMIT 1), "
        f"(WITH RECURSIVE back(position) AS (SELECT position FROM ({newest} 1) UNION ALL "
        "SELECT iif(p.jump > :known_at, p.jump, p.previous) "
        f"FROM back b CROSS JOIN {TABLE} p ON p.position = b.position WHERE b.position > :known_at) "
        "SELECT position FROM back WHERE position <= :known_at))"
    )


def triggers(tables: dict[Kind, str], identities: dict[Kind, str], order: tuple[str, ...]) -> dict[str, str]:
    """Return, by name, what notes the way back as versions come: in the order of the log, each once."""
    return {f"{table}_way_back": _trigger(table, identities[kind], order) for kind, table in tables.items()}


def _trigger(table: str, identity: str, order: tuple[str, ...]) -> str:
    columns, new = ", ".join(order), ", ".join(f"NEW.{column}" for column in order)
    newest_first = ", ".join(f"{column} DESC" for column in order)
    return f"""CREATE TRIGGER {table}_way_back AFTER INSERT ON {table} BEGIN
        INSERT INTO {TABLE}
        SELECT NEW.position, u.position,
            CASE WHEN p.depth - coalesce(j.depth, 0) = coalesce(j.depth, 0) - coalesce(k.depth, 0)
                THEN coalesce(j.jump, p.jump) ELSE u.position END,
            coalesce(p.depth, 0) + 1
        FROM (SELECT position FROM {table} WHERE tenant = NEW.tenant AND {identity} = NEW.{identity}
                AND ({columns}) < ({new}) AND position < NEW.position ORDER BY {newest_first} LIMIT 1) u
            LEFT JOIN {TABLE} p ON p.position = u.position
            LEFT JOIN {TABLE} j ON j.position = p.jump
            LEFT JOIN {TABLE} k ON k.position = j.jump;
    END"""


def suspend(connection: sqlite3.Connection, named: dict[str, str]) -> None:
    """Note no ways back: versions are about to come in another order than the log's."""
    for name in named:
        connection.execute(f"DROP TRIGGER {name}")


def resume(connection: sqlite3.Connection, tables: dict[Kind, str], named: dict[str, str]) -> None:
    """Note all ways back, as if the versions that are there had come in the order of the log."""
    for sql in named.values():
        connection.execute(sql)
    for table in tables.values():
        connection.execute(f"CREATE TEMP TABLE in_log_order AS SELECT * FROM {table} ORDER BY position")
        connection.execute(f"DELETE FROM {table}")
        connection.execute(f"INSERT INTO {table} SELECT * FROM in_log_order ORDER BY position")
        connection.execute("DROP TABLE in_log_order")
