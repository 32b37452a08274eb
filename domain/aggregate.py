"""Rebuilding one entity: fold its events, in their order, up to a point in event time and in the log."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any, ClassVar, Generic, Self, TypeVar, cast

from outcomes.domain.event import Body, Recorded
from outcomes.domain.identity import Kind
from outcomes.domain.times import Micros

BodyT = TypeVar("BodyT", bound=Body)


@dataclass(frozen=True)
class Aggregate(Generic[BodyT]):
    """The state of one entity after some of its events. Subclasses bind the kind and the body.

    A dataclass around a model: the body has been validated, and a model for each kind would double what the bodies
    take to load.
    """

    kind: ClassVar[Kind]

    tenant: str
    body: BodyT
    event_time: Micros
    position: int
    events: int

    @classmethod
    def evolve(cls, state: Self | None, recorded: Recorded) -> Self:
        """Return the state after one more event.

        A body replaces the one before, never merges with it; an update of an unknown entity creates it; a
        deleted entity may come back (DOMAIN.md 4, 10.1-10.3).
        """
        if recorded.event.kind is not cls.kind:
            raise TypeError(f"{cls.__name__} cannot evolve by {recorded.event.name}: replay one entity at a time")
        return cls(
            tenant=recorded.event.tenant,
            body=cast("BodyT", recorded.event.body),
            event_time=recorded.event.event_time,
            position=recorded.position,
            events=1 if state is None else state.events + 1,
        )

    @classmethod
    def replay(
        cls,
        history: Iterable[Recorded],
        *,
        as_of: Micros | None = None,
        known_at: int | None = None,
        earlier: int = 0,
    ) -> Self | None:
        """Fold the events with `event_time <= as_of` and `position <= known_at`; None if there is none.

        The history may come in any order: it is put in its own. `earlier` is how many more came before all of these.
        """
        state: Self | None = None
        for recorded in in_order(history, as_of=as_of, known_at=known_at):
            state = cls.evolve(state, recorded)
        return replace(state, events=state.events + earlier) if state and earlier else state

    @property
    def id(self) -> str:
        """The entity's local id."""
        return self.body.local_id

    @property
    def is_deleted(self) -> bool:
        """Whether Canvas itself says that it is deleted."""
        return self.body.is_deleted

    def state(self) -> dict[str, Any]:
        """Return the body's fields as JSON values."""
        return self.body.state()


def in_order(
    history: Iterable[Recorded],
    *,
    as_of: Micros | None = None,
    known_at: int | None = None,
) -> list[Recorded]:
    """Return the events up to the point (as_of, known_at), in the order of their entity."""
    return sorted(
        (
            recorded
            for recorded in history
            if (as_of is None or recorded.event.event_time <= as_of)
            and (known_at is None or recorded.position <= known_at)
        ),
        key=lambda recorded: recorded.order,
    )
