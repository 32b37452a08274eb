"""What is to be replayed, checked before anything is read at length or written."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

import pyarrow.parquet as pq

from outcomes.domain.errors import UsageError
from outcomes.domain.times import Micros, parse_argument
from outcomes.projections.export.log_parquet import last_position
from outcomes.projections.partitioned.cut import Cut
from outcomes.projections.partitioned.places import files_in, opened
from outcomes.projections.partitioned.splits import Input, plan_input
from outcomes.store.ingest.admission import FARTHEST_APART


class Request(NamedTuple):
    """A replay that can begin: of what, and up to where.

    `known_at` is the position that the answer is of; None where the input knows no positions.
    """

    found: Input
    cut: Cut
    known_at: int | None


class Asked(NamedTuple):
    """What the user said: a tenant, `--as-of`, `--known-at`; any of them may be absent."""

    tenant: str | None = None
    as_of: str | None = None
    known_at: str | None = None


def request_of(sources: Sequence[str], asked: Asked, now: Micros) -> Request:
    """Check what was asked; raises UsageError, UnreadableInput."""
    as_of = None if asked.as_of is None else parse_argument(asked.as_of)
    found = plan_input(files_in(sources))
    if not found.has_positions:
        if asked.known_at is not None:
            raise UsageError(
                "files of events do not tell when the log learnt of each: --known-at needs the log itself, "
                "as outcomes log --format parquet writes it"
            )
        return Request(found, Cut(asked.tenant, as_of, None, now + FARTHEST_APART), None)
    if asked.known_at is not None and len(found.homes) > 1:
        raise UsageError(
            f"these are logs of {len(found.homes)} homes, each with its own positions: --known-at needs the logs of one"
        )
    known_at = _known_at(found.logs, asked.known_at)
    return Request(found, Cut(asked.tenant, as_of, known_at, None), known_at)


def _known_at(logs: Iterable[str], asked: str | None) -> int:
    """Return the position that was asked for, at most the last there is."""
    text = None if asked is None else asked.strip()
    is_position = text is not None and text.isascii() and text.isdigit()
    until = None if text is None or is_position else parse_argument(text)
    last = 0
    for name in logs:
        with opened(name) as stream, pq.ParquetFile(stream) as file:
            last = max(last, last_position(file, until))
    if text is None or not is_position:
        return last
    digits = text.lstrip("0") or "0"
    return last if len(digits) > len(str(last)) else min(last, int(digits))
