"""Events as lines: as they came, or with their place in the log; up to the head, or going on as events come."""

from bisect import bisect_left
from collections.abc import Iterator

import orjson

from outcomes.domain.event import Event
from outcomes.domain.identity import Kind
from outcomes.domain.times import Micros, to_text
from outcomes.store.encoding.stream_keys import OTHER, entity_of_stream
from outcomes.store.log.event_log import EventLog
from outcomes.store.log.recorder import LogRecord


class RecordedAt:
    """When each event of a log was recorded, also of batches that come while it is asked."""

    def __init__(self, log: EventLog) -> None:
        self._log = log
        self._last_positions: list[int] = []
        self._times: list[Micros] = []

    def of(self, position: int) -> str | None:
        """Return when the event at a position entered the log, as text; None for one that is in no batch."""
        found = self.at(position)
        return None if found is None else to_text(found)

    def at(self, position: int) -> Micros | None:
        """Return the same as an instant."""
        last = self._last_positions
        if not last or last[-1] < position:
            for batch in self._log.batches(last[-1] if last else 0):
                last.append(batch.last_position)
                self._times.append(batch.recorded_at)
        index = bisect_left(last, position)
        return self._times[index] if index < len(last) else None


def follow(log: EventLog, after: int) -> Iterator[LogRecord]:
    """Yield the events after a position, then each that comes, without an end.

    Raises HomeUnavailable once the log is no longer where it was opened.
    """
    with log.recorder.subscribe(after) as subscription:
        subscription.check = log.check_place
        for record in subscription:
            assert isinstance(record, LogRecord)  # noqa: S101 - our recorder selects nothing else
            yield record


def entity_of(log: EventLog, record: LogRecord) -> str | None:
    """Return of which entity an event is, `KIND:ID` as commands take it; None if of none that is known here."""
    _, kind, local_id = entity_of_stream(str(record.originator_id))
    if kind == OTHER:
        return None
    if kind == Kind.USER and log.encryption is not None:  # filed under a keyed hash
        event = log.parse(record)
        if isinstance(event, Event):
            return str(event.ref)
    return f"{kind}:{local_id}"


def raw_line(log: EventLog, record: LogRecord) -> bytes:
    """Return the bytes of an event as `ingest` takes them back."""
    # A line break cannot stand inside a JSON string, so a space in its place changes nothing.
    return log.raw(record).replace(b"\r", b" ").replace(b"\n", b" ") + b"\n"


def placed_line(log: EventLog, recorded: RecordedAt, record: LogRecord) -> bytes:
    """Return an event with its place: position, recorded_at, entity, and in `event` its own bytes."""
    place = {
        "position": record.position,
        "recorded_at": recorded.of(record.position),
        "entity": entity_of(log, record),
    }
    return orjson.dumps(place)[:-1] + b',"event":' + raw_line(log, record)[:-1] + b"}\n"
