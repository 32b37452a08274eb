"""A state written to a file or folder of its own."""

import sqlite3
from pathlib import Path

from outcomes.api.answers.operations import Replayed
from outcomes.api.extras import require
from outcomes.projections.as_of.point import PointInTime
from outcomes.projections.export.state_file import Sink, SqliteFile
from outcomes.projections.export.state_file import replay as replay_to
from outcomes.store.log.event_log import EventLog


def replay(
    connection: sqlite3.Connection, log: EventLog, point: PointInTime, to: Path, *, is_parquet: bool
) -> Replayed:
    """Write a state, see `Point.replay`."""
    sink: type[Sink] = SqliteFile
    if is_parquet:
        require("pyarrow", "parquet")
        from outcomes.projections.export.parquet import ParquetFolder

        sink = ParquetFolder
    return Replayed.of(replay_to(connection, log, point, to, sink))
