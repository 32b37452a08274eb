"""The moments of a context: its changes, gathered by who made them in one go."""

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, Self

from outcomes.api.answers.base import Record
from outcomes.api.answers.entity import Actor
from outcomes.api.answers.rows import Rows
from outcomes.domain.times import moment

if TYPE_CHECKING:
    from outcomes.projections.history import moments as projection

_TOLD_AS = {"since": "from", "until": "to"}


@dataclass(frozen=True)
class Thing(Record):
    """Something that changed: an outcome, a group, a scale; by the title that it had then."""

    kind: str
    id: str
    title: str


@dataclass(frozen=True)
class Moment(Record):
    """Changes that belong together, from the first (`since`) to the last (`until`).

    `added`, `removed`, `moved` and `changed` count places in the tree, as `diff` lists them; scales, methods and
    friendly descriptions of the context count as changed. `policy`: how something is scored changed, and `flipped`
    students, counted outcome by outcome, gained or lost mastery by that alone: so many `gained`, so many `lost`.
    `things` counts what changed, each once, however many places it has; `kinds` by kind and what became of it; `first`
    are the first three. `actor` and `request` (or job) are None where there are several, or none was told. `positions`
    are the first and the last in the log.
    """

    since: datetime
    until: datetime
    actor: Actor | None
    request: str | None
    added: int
    removed: int
    moved: int
    changed: int
    policy: bool
    flipped: int
    positions: tuple[int, int]
    title: str
    gained: int
    lost: int
    things: int
    kinds: dict[str, dict[str, int]]
    first: list[Thing]

    @classmethod
    def of(cls, found: "projection.Moment") -> Self:
        """Take over what the projection gathered."""
        times = {"since": moment(found.since), "until": moment(found.until)}
        first = [Thing(*thing) for thing in found.first]
        actor = None if found.actor is None else Actor(**found.actor)
        return cls(**{**found._asdict(), **times, "actor": actor, "first": first})

    def as_json(self) -> dict[str, Any]:
        """Return the contract's row; `from` and `to` are no names in Python."""
        return {_TOLD_AS.get(name, name): value for name, value in super().as_json().items()}


class Moments(Rows[Moment]):
    """The moments of a context, newest first; whom policies flipped is computed as they are iterated."""

    row_type = Moment

    def columns(self) -> tuple[str, ...]:
        """Return the members of a row, as its JSON names them."""
        return tuple(_TOLD_AS.get(name, name) for name in super().columns())
