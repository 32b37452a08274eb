"""A state written to a file, a folder or a schema of its own."""

import sqlite3
from collections.abc import Callable
from pathlib import Path

from outcomes.api.answers.operations import Replayed
from outcomes.api.extras import require
from outcomes.domain.errors import UsageError
from outcomes.projections.as_of.point import PointInTime
from outcomes.projections.export.postgres_address import SchemaAddress, is_postgres
from outcomes.projections.export.state_file import FileSink, SqliteFile, write_state
from outcomes.projections.export.state_file import replay as replay_to
from outcomes.store.log.event_log import EventLog


def replay(
    connection: sqlite3.Connection,
    log: EventLog,
    point: PointInTime,
    to: str,
    *,
    is_parquet: bool,
    say: Callable[[str], None],
) -> Replayed:
    """Write a state, see `Point.replay`."""
    if is_postgres(to):
        if is_parquet:
            raise UsageError(
                f"{SchemaAddress.of(to)} is no folder for Parquet files: leave out the format, or name a folder"
            )
        return _to_postgres(connection, log, point, SchemaAddress.of(to), say)
    sink: type[FileSink] = SqliteFile
    if is_parquet:
        require("pyarrow", "parquet")
        from outcomes.projections.export.parquet import ParquetFolder

        sink = ParquetFolder
    return Replayed.of(replay_to(connection, log, point, Path(to), sink))


def _to_postgres(
    connection: sqlite3.Connection,
    log: EventLog,
    point: PointInTime,
    address: SchemaAddress,
    say: Callable[[str], None],
) -> Replayed:
    require("psycopg", "postgres")
    from outcomes.projections.export.postgres import postgres_schema

    with postgres_schema(address, say) as sink:
        told = write_state(connection, log, point, sink)
    return Replayed.of({"file": str(address), **told})
