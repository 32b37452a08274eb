"""A replay of files by an engine: from what was asked to the answer."""

import shutil
from collections.abc import Sequence
from pathlib import Path

from outcomes.api.answers.operations import ReplayedFiles
from outcomes.cluster import local
from outcomes.cluster.request import Asked, request_of
from outcomes.cluster.target import new_folder, write_points
from outcomes.domain.errors import UsageError
from outcomes.domain.times import Micros
from outcomes.projections.as_of.fingerprint import combined
from outcomes.projections.partitioned.tables import COLUMNS, point_row
from outcomes.store.sources.files import source_name


def replay(
    sources: Sequence[str],
    to: str,
    asked: Asked,
    now: Micros,
    *,
    workers: int | None = None,
    watch: local.Watch,
) -> ReplayedFiles:
    """Write the state that files of events tell, of each tenant, to a new folder of Parquet files.

    `now` is what the clock says: events dated more than a day after it are left out, as by an ingest. Raises
    UnreadableInput, UsageError, HomeUnavailable; then nothing is written.
    """
    far = [name for name in (*sources, to) if "://" in name]
    if far:
        raise UsageError(f"{far[0]} is no file of this machine: fetch it first")
    request = request_of(sources, Path(to), asked, now)
    with new_folder(request.target) as folder:
        # On the same disk as the answer: a folder for temporary files may be in memory.
        scratch = folder / "_scratch"
        scratch.mkdir(mode=0o700)
        found = local.run(request, folder, scratch, workers, watch)
        shutil.rmtree(scratch)
        if asked.tenant is not None and asked.tenant not in found.fingerprints:
            raise UsageError(f"no such tenant: {asked.tenant!r}: no event in the input is of it")
        points = (
            (tenant, point_row(tenant, request.cut, request.known_at, fingerprint))
            for tenant, fingerprint in found.fingerprints.items()
        )
        write_points(folder, points)
    everything = combined(found.fingerprints.values())
    return ReplayedFiles(
        source_name(to),
        everything.digest,
        everything.entities,
        tuple(found.fingerprints),
        found.events,
        found.refused,
        {table: found.tables[table] for table in COLUMNS if table != "point"},
    )
