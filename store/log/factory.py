"""The library's parts as they are made over our SQLite: its factory, and its repository with our fold."""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any
from uuid import UUID

from eventsourcing.application import ProjectorFunction, Repository
from eventsourcing.domain import TDomainEvent, TMutableOrImmutableAggregate
from eventsourcing.persistence import AggregateRecorder, StoredEvent
from eventsourcing.sqlite import SQLiteFactory
from eventsourcing.utils import Environment, EnvType

from outcomes.domain.catalog import AGGREGATES
from outcomes.domain.event import Event, Recorded
from outcomes.store.log.mapper import LogEvent
from outcomes.store.log.recorder import LogRecord, LogRecorder
from outcomes.store.sqlite.datastore import Datastore


class LogFactory(SQLiteFactory):
    """Makes recorders over our datastore; the file is to be there."""

    application_recorder_class = LogRecorder

    def __init__(self, env: Environment | EnvType | None) -> None:
        super().__init__(env)  # which reads the variables; its own datastore has opened nothing yet
        self.datastore: Datastore = Datastore(
            Path(self.datastore.pool.db_name), originator_id_type=self.datastore.originator_id_type
        )


def readable(events: Iterable[LogEvent]) -> list[Recorded]:
    """Return those events of a stream that can still be read, as the domain folds them."""
    return [
        Recorded(event.position, event.digest, event.event, event.is_partly_erased)
        for event in events
        if isinstance(event.event, Event)
    ]


def project_entity(_initial: Any, events: Iterable[Any]) -> Any:
    """Fold the events of a stream into the entity that they are of; None if none of them can be read."""
    history = readable(events)
    return AGGREGATES[history[0].event.kind].replay(history) if history else None


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

    def __init__(self, recorder: LogRecorder, position: int) -> None:
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
