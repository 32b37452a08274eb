"""What events said, by where they stand in the log."""

from collections.abc import Iterable
from typing import Any

from outcomes.domain.event import ErasedEvent, OtherEvent
from outcomes.store.log.event_log import EventLog


def bodies_at(log: EventLog, positions: Iterable[int]) -> dict[int, dict[str, Any]]:
    """Return the bodies of events by position; of an erased one nothing."""
    found = {}
    for record in log.records_at(sorted(positions)):
        event = log.parse_quickly(record)
        if not isinstance(event, OtherEvent | ErasedEvent):
            found[record.position] = event.body.state()
    return found
