"""Between stored bytes and domain events. The bytes are what Canvas sent; they are never written anew."""

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Final, TypeVar

import orjson
from eventsourcing.persistence import Mapper, Notification, StoredEvent

from outcomes.domain.catalog import parse_event
from outcomes.domain.errors import LogDamaged, NotAnEvent
from outcomes.domain.event import ErasedEvent, Event, EventLike, OtherEvent
from outcomes.domain.times import to_text
from outcomes.store.encoding import fast_parser
from outcomes.store.encoding.compression import Codec
from outcomes.store.encoding.content_digest import content_digest
from outcomes.store.encoding.stream_keys import milliseconds_of, tenant_number_of
from outcomes.store.log.recorder import EVENTS, LogRecord
from outcomes.store.privacy.encryption import EventEncryption, Opened
from outcomes.store.sources.json_values import decode

ReadT = TypeVar("ReadT")

_USUAL: Final = (int, str, int, str, bytes, bytes)
"""What stands in the columns of every event that nobody has damaged: any other is for `EVENTS.checked` to name."""


@dataclass(frozen=True)
class LogEvent:
    """An event of the log as users of the library get it: where it stands, and, read when it is asked, what it says."""

    originator_id: str
    originator_version: int
    position: int
    digest: bytes
    record: LogRecord = field(repr=False)
    mapper: "LogMapper" = field(repr=False, compare=False)

    @property
    def event(self) -> Event | OtherEvent | ErasedEvent:
        """An Event; an OtherEvent if its name is not projected; an ErasedEvent if its person was erased.

        Raises LogDamaged.
        """
        return self._read[0]

    @property
    def is_partly_erased(self) -> bool:
        """Whether someone else whom it named was erased."""
        return not self._read[1]

    @property
    def is_readable(self) -> bool:
        """Whether anything of it can be read any more; without reading it."""
        return self.mapper.is_readable(self.record)

    @cached_property
    def _read(self) -> tuple[Event | OtherEvent | ErasedEvent, bool]:
        return self.mapper.read_whole(self.record)


class LogMapper(Mapper[str]):
    """The library's mapper: it only reads here, since appending passes the received bytes through.

    `tenant` gives the uuid of a tenant's number.
    """

    def __init__(self, codec: Codec, tenant: Callable[[int], str]) -> None:
        self._codec = codec
        self._tenant = tenant
        self.encryption: EventEncryption | None = None
        """What opens the states of an encrypted home."""

    def to_stored_event(self, domain_event: Any) -> StoredEvent:
        """Refuse: an event is appended as the bytes that came, through EventLog.append."""
        raise TypeError(f"events enter the log as received bytes, not as {type(domain_event).__name__}")

    def to_domain_event(self, stored_event: StoredEvent) -> LogEvent:
        """Return the event of a notification, or of a record of a stream."""
        record = self._record(stored_event)
        stream = str(record.originator_id)
        return LogEvent(stream, record.originator_version, record.position, record.digest, record, self)

    def _record(self, stored_event: StoredEvent) -> LogRecord:
        """Return a stored event with its digest, which one that went through other hands has lost."""
        if isinstance(stored_event, LogRecord):
            return stored_event
        if not isinstance(stored_event, Notification) or self.encryption is not None:
            raise TypeError(f"read with its digest, as this log's recorder selects it, not as {type(stored_event)!r}")
        raw = self._codec.decompress(stored_event.state)
        return LogRecord(**vars(stored_event), digest=content_digest(decode(raw), raw))

    def open(self, state: bytes, digest: bytes) -> Opened:
        """Return what can still be read of stored bytes; raises LogDamaged."""
        if self.encryption is None:
            return Opened(self._codec.decompress(state), is_whole=True)
        return self.encryption.open(state, digest)

    def open_record(self, record: LogRecord) -> Opened:
        """Return the same of a record; raises LogDamaged also where a column is of another type than belongs there."""
        version, state, digest = record.originator_version, record.state, record.digest
        row = (record.position, record.originator_id, version, record.topic, state, digest)
        if tuple(map(type, row)) != _USUAL:
            EVENTS.checked(row)
        return self.open(record.state, record.digest)

    def raw(self, record: LogRecord) -> bytes:
        """Return the bytes as they came; of an erased event a line that says so, which ingest takes for none."""
        opened = self.open_record(record)
        return _erased_line(record) if opened.raw is None else opened.raw

    def parse(self, record: LogRecord) -> Event | OtherEvent | ErasedEvent:
        """Return the event of a record; raises LogDamaged naming its position."""
        return self.read_whole(record)[0]

    def is_readable(self, record: LogRecord) -> bool:
        """Say whether anything of an event can be read any more."""
        return self.encryption is None or self.encryption.is_readable(record.state)

    def parse_quickly(self, record: LogRecord) -> EventLike | OtherEvent | ErasedEvent:
        """Return the same; a plain event may have structs in place of models, of which its body has its `state`."""
        return self._read_whole(record, fast_parser.parse_with_state)[0]

    def read_whole(self, record: LogRecord) -> tuple[Event | OtherEvent | ErasedEvent, bool]:
        """Return the event of a record, and whether all of it could be read."""
        return self._read_whole(record, _parse)

    def _read_whole(self, record: LogRecord, parse: Callable[[bytes], ReadT]) -> tuple[ReadT | ErasedEvent, bool]:
        try:
            opened = self.open_record(record)
            if opened.raw is None:
                tenant = self._tenant(tenant_number_of(str(record.originator_id)))
                event = ErasedEvent(record.topic, tenant, milliseconds_of(record.originator_version) * 1_000)
                return event, opened.is_whole
            return parse(opened.raw), opened.is_whole
        except (NotAnEvent, LogDamaged) as error:
            raise _damaged(record.position, error) from error

    def read(self, position: int, digest: bytes, state: bytes) -> EventLike | OtherEvent | None:
        """Return the event of stored bytes for a read model: a plain result has structs in place of models.

        None where nothing of it can be read any more.
        """
        try:
            if state.__class__ is not bytes or digest.__class__ is not bytes:
                raise LogDamaged("its state or content_hash is no blob")  # noqa: TRY301 - said with its position below
            raw = self._codec.decompress(state) if self.encryption is None else self.encryption.open(state, digest).raw
            return None if raw is None else fast_parser.parse(raw)
        except (NotAnEvent, LogDamaged) as error:
            raise _damaged(position, error) from error


def _parse(raw: bytes) -> Event | OtherEvent:
    return parse_event(decode(raw))


def _damaged(position: int, error: Exception) -> LogDamaged:
    return LogDamaged(f"the event at position {position} no longer reads as one ({error}): run outcomes verify")


def _erased_line(record: LogRecord) -> bytes:
    time = to_text(milliseconds_of(record.originator_version) * 1_000)
    told = {"position": record.position, "event_name": record.topic, "event_time": time, "digest": record.digest.hex()}
    return orjson.dumps({"erased": told})
