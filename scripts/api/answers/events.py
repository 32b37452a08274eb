"""What happened: the timeline, what came late, and the log itself."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, Self

from outcomes.api.answers.base import Record
from outcomes.api.answers.entity import Actor
from outcomes.api.answers.rows import Rows, ToldRows
from outcomes.domain.times import moment
from outcomes.projections.paging import NextKey

if TYPE_CHECKING:
    from outcomes.projections.history import timeline as projection
    from outcomes.projections.history.late import LateEvent


@dataclass(frozen=True)
class TimelineEntry(Record):
    """What one event changed.

    `recorded_at` and `position` say when and where it entered the log; `late_by_seconds` is how long after
    `event_time` that was, never below 0. `fields` has the value before and after of each that differs from the state
    just before in event order. `order_conflict`: the order of this event is in doubt, and `order_conflict_why` says in
    words why.
    """

    event_time: datetime
    recorded_at: datetime
    position: int
    tenant: str
    kind: str
    id: str
    title: str | None
    event_name: str
    change: str
    fields: Mapping[str, tuple[Any, Any]]
    actor: Actor
    late_by_seconds: float
    order_conflict: bool
    order_conflict_why: str | None

    @classmethod
    def of(cls, entry: "projection.TimelineEntry") -> Self:
        """Take over what the projection tells."""
        return cls(*_told(entry))


def _told(entry: "projection.TimelineEntry") -> tuple[Any, ...]:
    """Return the members of an entry, in their order."""
    return (
        moment(entry.event_time),
        moment(entry.recorded_at),
        entry.position,
        entry.ref.tenant,
        entry.ref.kind.value,
        entry.ref.id,
        entry.title,
        entry.event_name,
        entry.change,
        entry.fields,
        Actor(**entry.actor),
        entry.late_by_seconds,
        entry.order_conflict,
        entry.conflict,
    )


class Timeline(ToldRows[TimelineEntry]):
    """What changed, in the order in which it happened; read as it is iterated."""

    row_type = TimelineEntry


@dataclass(frozen=True)
class LateEntry(TimelineEntry):
    """An event that was recorded long after it happened, and what it changed when it came.

    `overtaken`: a later event of the same entity was there already, so that its state of now did not change. `tree`
    has the places that were added, removed and moved; `scores` whose score or mastery differs from just before.
    """

    overtaken: bool
    tree: Mapping[str, tuple[Mapping[str, Any], ...]]
    scores: tuple[Mapping[str, Any], ...]

    @classmethod
    def of_event(cls, event: "LateEvent") -> Self:
        """Take over what the projection tells."""
        tree = {name: tuple(places) for name, places in event.tree.items()}
        members = (*_told(event.entry), event.entry.is_overtaken, tree, tuple(event.scores))
        return cls(*members)


class Late(ToldRows[LateEntry]):
    """What came late, in the order in which it happened; read as it is iterated."""

    row_type = LateEntry


@dataclass(frozen=True)
class LogEntry(Record):
    """One event of the log: `entity` is `KIND:ID`, None if it is of none; `digest` is that of its content, in hex.

    `recorded_at` is None for one that is in no batch: the log is damaged.
    """

    position: int
    recorded_at: datetime | None
    event_time: datetime
    event_name: str
    tenant: str
    entity: str | None
    digest: str


class Log(Rows[LogEntry]):
    """The events as they came, in the order in which they were appended; read as they are iterated."""

    row_type = LogEntry

    def __init__(
        self,
        read: Callable[[], Iterator[LogEntry]],
        read_bytes: Callable[[bool], Iterator[bytes]],
        remarks: tuple[str, ...],
        damage: Sequence[str],
        following: NextKey | None = None,
    ) -> None:
        super().__init__(read, following)
        self._read_bytes = read_bytes
        self.remarks = remarks
        """In words, where what was asked lies beyond what the log holds, and which head answers."""
        self.damage = damage
        """In words, which events were passed over while reading, since the log is damaged there; it grows meanwhile."""

    def lines(self) -> Iterator[bytes]:
        """Yield each event as it came, as one line that `ingest` takes back, with its end; nothing is parsed.

        Line breaks inside an event (between its tokens) are spaces. Of one whose person was erased there is
        `{"erased": …}`.
        """
        return self._read_bytes(False)

    def placed_lines(self) -> Iterator[bytes]:
        """Yield each event with its place, as one line of JSON: position, recorded_at, entity, event."""
        return self._read_bytes(True)
