"""What every shape of a row needs: its times, its state, and what other tables told."""

from collections.abc import Callable, Iterator
from datetime import datetime
from functools import lru_cache
from typing import Any, NamedTuple

from outcomes.domain.identity import Kind
from outcomes.domain.times import Micros, moment_text, parse_moment
from outcomes.domain.times import micros as micros_of
from outcomes.store.observations.lookups import Lookups
from outcomes.store.observations.observation import Institution
from outcomes.store.sources.exports.rows import ExportRow, identity, text

Body = dict[str, Any]
Shaped = Iterator[tuple[Kind, Body]]
"""What a row says: bodies as events of the kind have them. Raises ValueError for what cannot be read."""


class Around(NamedTuple):
    """Whose export a row is of, and what its other tables told."""

    institution: Institution
    lookups: Lookups

    def global_id(self, value: Any) -> str | None:
        """Return an id as the events of places and people have it."""
        return self.institution.global_id(identity(value))


Shape = Callable[[ExportRow, Around], Shaped]


@lru_cache(maxsize=8192)
def moment_of(value: str) -> datetime:
    """Return the instant that a text tells. Raises ValueError."""
    return parse_moment(value)


def time(value: Any) -> str | None:
    """Return a time as events write it; None for none. Raises ValueError."""
    return None if value is None or value == "" else moment_text(moment_of(str(value)))


def instant(value: Any) -> Micros | None:
    """Return a time as microseconds; None for none. Raises ValueError."""
    return None if value is None or value == "" else micros_of(moment_of(str(value)))


def common(row: ExportRow) -> Body:
    """Return what rows of nearly all tables tell."""
    return {
        "workflow_state": text(row.value.get("workflow_state")),
        "updated_at": time(row.value.get("updated_at")),
    }
