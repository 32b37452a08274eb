"""Between stored bytes and domain events. The bytes are what Canvas sent; they are never written anew."""

from typing import Any, cast

from eventsourcing.domain import DomainEventProtocol
from eventsourcing.persistence import Mapper, StoredEvent

from domain.catalog import parse_event
from domain.errors import LogDamaged, NotAnEvent
from domain.event import Event, OtherEvent, Recorded
from store import thin
from store.canonical import decode
from store.codec import Codec
from store.recorder import LogRecord


class LogMapper(Mapper[str]):
    """The library's mapper: it only reads here, since appending passes the received bytes through."""

    def __init__(self, codec: Codec) -> None:
        self._codec = codec

    def to_stored_event(self, domain_event: Any) -> StoredEvent:
        """Refuse: an event is appended as the bytes that came, through EventLog.append."""
        raise TypeError(f"events enter the log as received bytes, not as {type(domain_event).__name__}")

    def to_domain_event(self, stored_event: StoredEvent) -> DomainEventProtocol[str]:
        """Return the domain event with its place in the log."""
        assert isinstance(stored_event, LogRecord)  # noqa: S101 - our recorder returns nothing else
        event = self.parse(stored_event)
        assert isinstance(event, Event)  # noqa: S101 - streams of entities hold only their own events
        # The library's protocol wants originator_id and _version on the event; our projector reads neither.
        return cast("DomainEventProtocol[str]", Recorded(stored_event.position, stored_event.digest, event))

    def raw(self, record: LogRecord) -> bytes:
        """Return the bytes as they came."""
        return self._codec.decompress(record.state)

    def parse(self, record: LogRecord) -> Event | OtherEvent:
        """Return the event of a record; raises LogDamaged naming its position."""
        try:
            return parse_event(decode(self.raw(record)))
        except (NotAnEvent, LogDamaged) as error:
            raise _damaged(record.position, error) from error

    def read(self, position: int, state: bytes) -> Event | OtherEvent:
        """Return the event of stored bytes for a read model: a plain result has structs in place of models."""
        try:
            raw = self._codec.decompress(state)
            return thin.parse(decode(raw), raw)
        except (NotAnEvent, LogDamaged) as error:
            raise _damaged(position, error) from error


def _damaged(position: int, error: Exception) -> LogDamaged:
    return LogDamaged(f"the event at position {position} no longer reads as one ({error}): run outcomes verify")
