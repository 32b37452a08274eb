"""A replay of files by an engine: from what was asked to the answer."""

from collections import Counter
from collections.abc import Sequence
from enum import StrEnum
from pathlib import Path

from outcomes.api.answers.operations import ReplayedFiles
from outcomes.api.extras import require
from outcomes.cluster import local
from outcomes.cluster.request import Asked, Request, request_of
from outcomes.cluster.target import check_new, complete, new_folder
from outcomes.cluster.totals import ReplayTotals
from outcomes.domain.errors import UsageError
from outcomes.domain.times import Micros
from outcomes.projections.as_of.fingerprint import combined
from outcomes.projections.partitioned.places import is_far
from outcomes.projections.partitioned.tables import COLUMNS, point_row
from outcomes.store.sources.files import source_name


class Engine(StrEnum):
    """What carries rows between the steps of a replay."""

    LOCAL = "local"
    SPARK = "spark"


def replay(
    sources: Sequence[str],
    to: str,
    asked: Asked,
    now: Micros,
    *,
    engine: Engine,
    workers: int | None,
    watch: local.Watch,
) -> ReplayedFiles:
    """Write the state that files of events tell, of each tenant, to a new folder of Parquet files.

    `now` is what the clock says: events dated more than a day after it are left out, as by an ingest. Raises
    UnreadableInput, UsageError, HomeUnavailable, MissingExtra; then nothing is written.
    """
    if engine is Engine.SPARK:
        require("pyspark", "spark")
        if workers is not None:
            raise UsageError("--workers is for --engine local: how many Spark uses is in its own settings")
    elif is_far(to):
        raise UsageError(f"--engine local writes a folder on this machine, not {to}; Spark writes to s3://…, too")
    check_new(to)
    request = request_of(sources, asked, now)
    with new_folder(to) as (folder, scratch):
        if engine is Engine.SPARK:
            found = _by_spark(request, folder, scratch)
        else:
            found = local.run(request, folder, Path(scratch), workers, watch)
        if asked.tenant is not None and asked.tenant not in found.fingerprints:
            raise UsageError(f"no such tenant: {asked.tenant!r}: no event in the input is of it")
        points = {
            tenant: point_row(request.cut, request.known_at, fingerprint)
            for tenant, fingerprint in found.fingerprints.items()
        }
        complete(folder, points, found.rows)
    return _answer(to, found)


def _by_spark(request: Request, folder: str, scratch: str) -> ReplayTotals:
    from outcomes.cluster import spark  # noqa: PLC0415 - only where Spark is installed
    from outcomes.cluster.spark_session import session_of  # noqa: PLC0415 - the same

    with session_of() as session:
        return spark.run(session, request, folder, f"{scratch}/routed")


def _answer(to: str, found: ReplayTotals) -> ReplayedFiles:
    everything = combined(found.fingerprints.values())
    tables: Counter[str] = Counter()
    for (_, table), rows in found.rows.items():
        tables[table] += rows
    return ReplayedFiles(
        source_name(to),
        everything.digest,
        everything.entities,
        tuple(found.fingerprints),
        found.events,
        found.refused,
        {table: tables[table] for table in COLUMNS if table != "point"},
    )
