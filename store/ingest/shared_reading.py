"""Reading shared between two processes: the one that reads ahead leaves some to the one that writes, when that waits.

What is left is known to be a plain event, so that where it begins and ends is settled, and costs a third of what it
takes to read. So both have as much to do, whichever of reading and writing is more.
"""

from typing import Any

from outcomes.store.encoding import fast_parser
from outcomes.store.encoding.arrival import UNREAD, Arrival, Arrivals, Extract, is_unread, read
from outcomes.store.ingest.prepare import Prepared, value_of
from outcomes.store.sources.segment import Segment


class SharedReading:
    """How one source is read: `value_of` goes to whoever prepares it, `read_on` finishes what that has left."""

    def __init__(self, extract: Extract) -> None:
        self._extract = extract
        self._leaves = False

    def leave(self, leaves: bool) -> None:
        """Leave plain events unread from here on, or read them."""
        self._leaves = leaves

    def value_of(self, text: bytes) -> Any:
        """Return what a whole object is read as, or left as."""
        return UNREAD if self._leaves and fast_parser.is_plain(text) else value_of(text)

    def read_on(self, part: Prepared) -> Prepared:
        """Read what was left in a part; what proves to be no event after all is refused."""
        if all(part.arrivals.digests):
            return part
        arrived: list[Arrival] = []
        for arrival in part.arrivals.rows():
            if not is_unread(arrival):
                arrived.append(arrival)
                continue
            segment = Segment(arrival.raw, arrival.line, value_of(arrival.raw))
            found = read(segment, self._extract)
            if isinstance(found, Arrival):
                arrived.append(found)
            else:
                part.refused.append((segment, found))
        part.arrivals = Arrivals.of(arrived)
        part.refused.sort(key=lambda one: one[0].line)
        return part
