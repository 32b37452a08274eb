"""What log.db is made of, and whether a file is one: asked before anything is written to it."""

import sqlite3
from contextlib import closing
from pathlib import Path

from outcomes.domain.errors import HomeUnavailable
from outcomes.store.sqlite.read_only import uri_without_traces

_OURS = frozenset({"stored_events", "batches", "tenants", "dictionaries", "quarantine", "quarantine_parts"})
_ENOUGH = 3
_NAMED_AT_MOST = 5


def holds_a_log(path: Path) -> bool:
    """Say whether a file holds a log. One that is absent, or empty since its making was cut short, does not.

    Raises HomeUnavailable, without a trace in the file, if it is another program's database.
    """
    if not path.exists() or path.stat().st_size == 0:
        return False
    with closing(sqlite3.connect(uri_without_traces(path), uri=True)) as connection:
        tables = {name for (name,) in connection.execute("SELECT name FROM sqlite_schema WHERE type = 'table'")}
        if tables and not _is_ours(connection, tables):
            named = ", ".join(sorted(map(str, tables))[:_NAMED_AT_MOST])
            raise HomeUnavailable(
                f"{path} is another program's database (with the tables {named}) and was left as it is: "
                "name another folder with --home"
            )
    return bool(tables)


def _is_ours(connection: sqlite3.Connection, tables: set[str]) -> bool:
    # A damaged log must still be known as one: it says its format, or has most of our tables.
    if len(_OURS & tables) >= _ENOUGH:
        return True
    columns = {name for (name,) in connection.execute("SELECT name FROM pragma_table_info('properties')")}
    if columns != {"name", "value"}:
        return False
    return connection.execute("SELECT 1 FROM properties WHERE name = 'format'").fetchone() is not None
