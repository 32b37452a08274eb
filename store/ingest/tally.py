"""How much of a source is events: where nearly nothing is, reading on would only fill the log's file."""

from outcomes.store.ingest.prepare import Prepared

MOST_REFUSED = 1_000
_MOST_REFUSED_BYTES = 256 << 20
_REFUSED_PER_EVENT = 100
_LONGEST_REASON = 120


class Tally:
    """Counts events and refusals of one source."""

    def __init__(self, source: str) -> None:
        self._source = source
        self._events = self._refused = self._refused_bytes = 0
        self._first = ""
        self._line = 0

    def add(self, part: Prepared) -> None:
        """Count what is in a part."""
        self._events += len(part.arrivals)
        if part.refused:
            segment, reason = part.refused[0]
            self._first = self._first or f"line {segment.line}: {reason[:_LONGEST_REASON]}"
            self._refused += len(part.refused)
            self._refused_bytes += sum(segment.size() for segment, _ in part.refused)
            self._line = part.refused[-1][0].line

    def is_hopeless(self) -> bool:
        """Say whether so much was refused, and so little was not, that the source is of another kind."""
        is_much = self._refused >= MOST_REFUSED or self._refused_bytes >= _MOST_REFUSED_BYTES
        return is_much and self._refused > _REFUSED_PER_EVENT * self._events

    def verdict(self) -> str:
        """Say in one line what was found and what to do."""
        return (
            f"{self._source} was read up to line {self._line} and no further: {self._refused:,} pieces of it are no "
            f"events and {self._events:,} are; the first is {self._first}: see outcomes quarantine list; "
            "quarantine dismiss --source takes them out of the counts"
        )
