"""What the consumer of a queue, a process of its own, leaves in the home for the service to tell: a file a queue."""

import os
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import quote

import orjson

from outcomes.domain.times import Micros

_FOLDER = "consumers"
_ENDING = ".json"


class ConsumerFigures(NamedTuple):
    """A queue as its consumer last saw it, and what it has taken since it began.

    `queue` is its address without the scheme: two may have one name. `asked` is when it last answered, `last` when it
    last gave something; `oldest_message_seconds` is the age of the oldest message that came with that.
    """

    queue: str
    asked: Micros
    last: Micros | None
    events: int
    quarantined: int
    left: int
    undeleted: int
    oldest_message_seconds: float | None


def note(home: Path, figures: ConsumerFigures) -> None:
    """Write figures down, in place of those before; a disk that does not take them stops nobody."""
    folder = home / _FOLDER
    path = folder / f"{quote(figures.queue, safe='')}{_ENDING}"
    beside = path.with_suffix(f".{os.getpid()}")
    folder.mkdir(mode=0o700, exist_ok=True)
    beside.write_bytes(orjson.dumps(figures._asdict()))
    beside.replace(path)


def noted(home: Path) -> list[ConsumerFigures]:
    """Return the figures of all consumers that ever took from a queue into this home."""
    found = [_read(path) for path in sorted((home / _FOLDER).glob(f"*{_ENDING}"))]
    return [figures for figures in found if figures is not None]


def _read(path: Path) -> ConsumerFigures | None:
    try:
        told: dict[str, Any] = orjson.loads(path.read_bytes())
        return ConsumerFigures(**told)
    except (OSError, ValueError, TypeError):  # of another version, or no longer there
        return None
