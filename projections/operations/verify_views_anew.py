"""Do the live views hold, row by row, what views made anew hold? Every table is compared, every column of it.

Both number tenants, contexts and students as they turn up, so in each order they have other numbers: rows are compared
with what the numbers stand for.
"""

import sqlite3
from collections.abc import Iterator
from typing import Any, Final

from outcomes.projections.operations.reverse_replay import ANEW

_MEND = "run outcomes rebuild"
_LIVE: Final = "main"
_SHOWN = 200

# Where the library notes how far the views are: of that, only the last row counts (see `verify_views`).
_BESIDE: Final = {"tracking"}
# The numbers themselves; who refers to one is compared by name, so that another number shows there.
_NUMBERS: Final = {"tenants": "tenant", "contexts": "context", "students": "student"}


def views_problems(connection: sqlite3.Connection) -> Iterator[str]:
    """Say how the live views (`main`) differ from those made anew (`anew`), which are attached to the connection."""
    layout = "type, name, tbl_name, sql"
    yield from _differences(connection, "sqlite_schema", layout, layout)
    tables = [
        name
        for (name,) in connection.execute(
            f"SELECT name FROM {ANEW}.sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%' ORDER BY name"
        ).fetchall()
        if name not in _BESIDE
    ]
    for table in tables:
        columns = [row[1] for row in connection.execute(f"PRAGMA {ANEW}.table_info({table})")]
        sides = (_named(table, columns, side) for side in (_LIVE, ANEW))
        yield from _differences(connection, table, *sides)
    # Questions go by indexes: one that disagrees with its table gives other answers.
    for (words,) in connection.execute(f"PRAGMA {_LIVE}.integrity_check(10)"):
        if words != "ok":
            yield f"views.db is damaged ({words}): {_MEND}"


def _differences(connection: sqlite3.Connection, table: str, live: str, anew: str) -> Iterator[str]:
    """Compare a table, given what to select of it on each side."""
    where = " WHERE name <> 'generation'" if table == "properties" else ""  # drawn by lot, for each file
    ours = f"SELECT {live} FROM {_LIVE}.{table} r{where}"
    theirs = f"SELECT {anew} FROM {ANEW}.{table} r{where}"
    try:
        for these, those, words in ((ours, theirs, "too many or changed"), (theirs, ours, "missing or changed")):
            rows = iter(connection.execute(f"{these} EXCEPT {those}"))
            example = next(rows, None)
            if example is not None:
                count = 1 + sum(1 for _ in rows)
                yield f"the views' {table}: {count} rows {words}, such as {_shown(example)}: {_MEND}"
        # As sets they are equal; equal rows may be there twice where an index no longer forbids it.
        counts = [connection.execute(f"SELECT count(*) FROM {s}.{table}").fetchone()[0] for s in (_LIVE, ANEW)]
        if counts[0] != counts[1]:
            yield f"the views' {table}: {counts[0]} rows, where there should be {counts[1]}: {_MEND}"
    except sqlite3.OperationalError as error:
        yield f"the views' {table} cannot be compared ({error}): {_MEND}"


def _named(table: str, columns: list[str], side: str) -> str:
    """Return what to select of a table so that nothing depends on numbers that a file has given by itself."""
    uuid = f"(SELECT t.uuid FROM {side}.tenants t WHERE t.tenant ="
    context = f"SELECT {uuid} c.tenant) || '/' || c.type || ':' || c.id FROM {side}.contexts c WHERE c.context = r."
    found = {
        "tenant": f"{uuid} r.tenant)",
        "student": f"(SELECT {uuid} s.tenant) || '/' || s.uuid FROM {side}.students s WHERE s.student = r.student)",
        **{column: f"({context}{column})" for column in ("context", "course", "parent")},
    }
    # A number that is nobody's is not the same as none.
    names = {column: f"coalesce({name}, 'number ' || r.{column})" for column, name in found.items()}
    own = _NUMBERS.get(table)
    if table == "result_places":
        names |= {column: _anywhere(names.get(column, f"r.{column}"), side) for column in _PLACE}
    return ", ".join(names.get(column, f"r.{column}") for column in columns if column != own)


_PLACE: Final = ("course", "student", "outcome_id")


def _anywhere(place: str, side: str) -> str:
    """Of a result that moved, the place that came first is noted: any of all those it had is right."""
    same = " AND ".join(f"m.{column} = r.{column}" for column in ("tenant", "result_id", *_PLACE))
    return f"iif(EXISTS (SELECT 1 FROM {side}.moved_results m WHERE {same}), 'one of several', {place})"


def _shown(row: tuple[Any, ...]) -> str:
    values = (value.hex() if isinstance(value, bytes) else str(value) for value in row if value is not None)
    text = " ".join(values)
    return text if len(text) <= _SHOWN else text[:_SHOWN] + "…"
