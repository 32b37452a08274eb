"""One entity from its own events: the library's repository with our fold, at any point of the log."""

from collections.abc import Iterable, Sequence
from typing import Any
from uuid import UUID

from eventsourcing.application import ProjectorFunction, Repository
from eventsourcing.domain import TDomainEvent, TMutableOrImmutableAggregate
from eventsourcing.persistence import AggregateRecorder, StoredEvent

from outcomes.domain.aggregate import Aggregate
from outcomes.domain.catalog import AGGREGATES
from outcomes.domain.errors import LogDamaged
from outcomes.domain.event import Event, Recorded
from outcomes.domain.identity import Kind
from outcomes.domain.times import Micros
from outcomes.store.encoding.stream_keys import milliseconds_of
from outcomes.store.log.mapper import LogEvent
from outcomes.store.log.recorder import BatchRecorder, LogRecord


def readable(events: Iterable[LogEvent], kind: Kind) -> list[Recorded]:
    """Return those events that can still be read, as the domain folds them; raises LogDamaged for one of another kind.

    Such a one was put among them later.
    """
    found = [
        Recorded(one.position, one.digest, one.event, one.is_partly_erased)
        for one in events
        if isinstance(one.event, Event)
    ]
    for one in found:
        if one.event.kind is not kind:
            name = one.event.name
            raise LogDamaged(f"{name} at position {one.position} is filed under a {kind.value}: run outcomes verify")
    return found


def replayed(
    aggregate: type[Aggregate[Any]], events: Iterable[LogEvent], as_of: Micros | None = None
) -> Aggregate[Any] | None:
    """Replay the events of an entity up to a time, but read no more of them than its state depends on.

    A body replaces the one before (DOMAIN.md 1.7), so those of earlier milliseconds are only counted: an entity with
    100,000 versions would take seconds. Raises LogDamaged where an event of another kind stands among them.
    """
    waiting = sorted((found for found in events if found.is_readable), key=lambda found: found.originator_version)
    while waiting:
        newest = milliseconds_of(waiting[-1].originator_version)
        tied = []
        while waiting and milliseconds_of(waiting[-1].originator_version) == newest:
            tied.append(waiting.pop())
        state = aggregate.replay(readable(tied, aggregate.kind), as_of=as_of, earlier=len(waiting))
        if state is not None:
            return state
    return None


def project_entity(_initial: Any, events: Iterable[Any]) -> Any:
    """Fold the events of a stream into the entity that they are of; None if none of them can be read."""
    history: list[LogEvent] = list(events)
    kinds = (found.event.kind for found in history if isinstance(found.event, Event))
    kind = next(kinds, None)
    return None if kind is None else replayed(AGGREGATES[kind], history)


class LogRepository(Repository[str]):
    """Gets entities by the names of their streams; neither caches nor snapshots, which go wrong where events come late.

    `"000001/outcome/00000000000000010449" in repository` says whether the log knows an entity.
    """

    def get(
        self,
        aggregate_id: str,
        *,
        version: int | None = None,
        projector_func: ProjectorFunction[TMutableOrImmutableAggregate, TDomainEvent] = project_entity,
        fastforward_skipping: bool = False,
        deepcopy_from_cache: bool = True,
    ) -> TMutableOrImmutableAggregate:
        """Return an entity, up to a version; raises AggregateNotFoundError."""
        return super().get(
            aggregate_id,
            version=version,
            projector_func=projector_func,
            fastforward_skipping=fastforward_skipping,
            deepcopy_from_cache=deepcopy_from_cache,
        )


class KnownAt(AggregateRecorder):
    """The streams of a log as they were known at a position, for the library's event store."""

    def __init__(self, recorder: BatchRecorder, position: int) -> None:
        self._recorder = recorder
        self._position = position

    def insert_events(self, stored_events: Sequence[StoredEvent], **_: Any) -> Sequence[int] | None:
        """Refuse: what was known then does not change."""
        raise TypeError(
            f"the log as known at position {self._position} takes no events, and was given {len(stored_events)}"
        )

    def select_events(
        self,
        originator_id: UUID | str,
        *,
        gt: int | None = None,
        lte: int | None = None,
        desc: bool = False,
        limit: int | None = None,
    ) -> Sequence[LogRecord]:
        """Return one stream in event-time order, without what was recorded later."""
        return self._recorder.select_events(
            originator_id, gt=gt, lte=lte, desc=desc, limit=limit, known_at=self._position
        )
