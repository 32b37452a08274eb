"""What is written of events, as columns of a batch: so it is appended, and so it is hashed."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Self

Row = tuple[str, int, str, bytes, bytes]
"""What is written per event: the library's originator_id, originator_version, topic and state, and our content_hash."""


@dataclass(slots=True)
class RowColumns:
    """Rows of a batch, a column for each value: to put five thousand together and take them apart again costs.

    `states` may be made only as they are asked for, and are here then.
    """

    streams: Sequence[str]
    versions: Sequence[int]
    topics: Sequence[str]
    digests: Sequence[bytes]
    states: Sequence[bytes] = ()

    @classmethod
    def of(cls, rows: Iterable[Row]) -> Self:
        """Stand the values of rows side by side."""
        columns: Any = list(zip(*rows, strict=True)) or [()] * 5
        streams, versions, topics, states, digests = columns
        return cls(streams, versions, topics, digests, states)

    def row(self, index: int) -> Row:
        """Return one of the rows."""
        return (
            self.streams[index],
            self.versions[index],
            self.topics[index],
            self.states[index],
            self.digests[index],
        )

    def __len__(self) -> int:
        """Return how many rows there are."""
        return len(self.versions)
