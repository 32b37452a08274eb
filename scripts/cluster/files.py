"""`outcomes.replay_files`: the state that files of events tell, computed by several processes, without a home."""

from collections.abc import Callable, Sequence
from os import PathLike, fspath
from typing import TYPE_CHECKING, Literal

from outcomes.api.arguments import Known, Time, known_text, now, time_text
from outcomes.api.extras import require
from outcomes.domain.errors import UsageError
from outcomes.projections.export.postgres_address import is_postgres
from outcomes.projections.views.read_model import unwatched

if TYPE_CHECKING:
    from outcomes.api.answers.operations import ReplayedFiles


def replay_files(
    from_: Sequence[str | PathLike[str]],
    to: str | PathLike[str],
    *,
    engine: Literal["local", "spark"] = "local",
    workers: int | None = None,
    tenant: str | None = None,
    as_of: Time | None = None,
    known_at: Known | None = None,
    watch: Callable[[int, int | None, int], None] = unwatched,
) -> "ReplayedFiles":
    """Write the state that files tell to a new folder: `TABLE/tenant=UUID/part-N.parquet`, for each tenant in them.

    `from_` are files and folders of events, plain or packed, or logs as Parquet (`Home.write_log`), which alone allow
    `known_at`. `workers` are processes of this machine, one a core unless said otherwise; Spark has its own, and
    reads and writes addresses such as s3://bucket/folder, too.

    Raises UnreadableInput, UsageError, HomeUnavailable, MissingExtra: then nothing is written.
    """
    require("pyarrow", "parquet")
    from outcomes.cluster.replay import Engine, replay  # noqa: PLC0415 - pyarrow is slow to load
    from outcomes.cluster.request import Asked  # noqa: PLC0415 - the same

    if is_postgres(fspath(to)):
        raise UsageError("a replay of files makes a folder: name one, or ingest them and replay the home to PostgreSQL")
    asked = Asked(tenant, time_text(as_of), known_text(known_at))
    sources = [fspath(source) for source in from_]
    return replay(sources, fspath(to), asked, now(), engine=Engine(engine), workers=workers, watch=watch)
