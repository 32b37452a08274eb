"""What is to be replayed, checked before anything is read at length or written."""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

import pyarrow.parquet as pq

from outcomes.domain.errors import HomeUnavailable, UsageError
from outcomes.domain.times import Micros, parse_argument
from outcomes.projections.export.log_parquet import last_position
from outcomes.projections.partitioned.cut import Cut
from outcomes.projections.partitioned.splits import Input, files_in, plan_input
from outcomes.store.ingest.door import A_DAY


class Request(NamedTuple):
    """A replay that can begin: of what, up to where, and into which new folder.

    `known_at` is the position that the answer is of; None where the input knows no positions.
    """

    found: Input
    cut: Cut
    known_at: int | None
    target: Path


class Asked(NamedTuple):
    """What the user said: a tenant, `--as-of`, `--known-at`; any of them may be absent."""

    tenant: str | None = None
    as_of: str | None = None
    known_at: str | None = None


def request_of(sources: Sequence[str], target: Path, asked: Asked, now: Micros) -> Request:
    """Check what was asked; raises UsageError, UnreadableInput, HomeUnavailable if the target is there."""
    if target.exists():
        raise HomeUnavailable(f"{target} is there already: name a new folder")
    if not target.absolute().parent.is_dir():
        raise HomeUnavailable(f"{target.absolute().parent} is no folder: make it, or name another")
    as_of = None if asked.as_of is None else parse_argument(asked.as_of)
    found = plan_input(files_in(map(Path, sources)))
    if not found.has_positions:
        if asked.known_at is not None:
            raise UsageError(
                "files of events do not tell when the log learnt of each: --known-at needs the log itself, "
                "as outcomes log --format parquet writes it"
            )
        return Request(found, Cut(asked.tenant, as_of, None, now + A_DAY), None, target)
    known_at = _known_at(found.logs, asked.known_at)
    return Request(found, Cut(asked.tenant, as_of, known_at, None), known_at, target)


def _known_at(logs: Iterable[str], asked: str | None) -> int:
    """Return the position that was asked for, at most the last there is."""
    text = None if asked is None else asked.strip()
    is_position = text is not None and text.isascii() and text.isdigit()
    until = None if text is None or is_position else parse_argument(text)
    last = 0
    for name in logs:
        with pq.ParquetFile(name) as file:
            last = max(last, last_position(file, until))
    if text is None or not is_position:
        return last
    digits = text.lstrip("0") or "0"
    return last if len(digits) > len(str(last)) else min(last, int(digits))
