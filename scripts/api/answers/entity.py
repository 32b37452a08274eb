"""One entity: its state, and who made each field what it is."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Self

from outcomes.api.answers.base import Record, moment_of, names_of


@dataclass(frozen=True)
class Actor(Record):
    """Who did it, and by what. Each may be unknown.

    `user_id` and `login` are whom Canvas names, `real_user_id` who stood behind a masquerade; `role` what they were in
    that context; `job` and `job_id` the background job; `via` the request's method and path; `request_id` joins all
    that was done in one request; `host` is the Canvas that sent the event. Of someone who was erased `login` is
    "erased person".
    """

    user_id: str | None
    login: str | None
    role: str | None
    job: str | None
    via: str | None
    real_user_id: str | None
    job_id: str | None
    request_id: str | None
    host: str | None


@dataclass(frozen=True)
class EntityState(Record):
    """One entity at a point. `state` has the body's fields under Canvas's own names; None where nothing is known.

    `event_time` and `position` are those of the event that made it so; `events` counts those up to the point. Of a
    link that is known, `implied` says what the deletion of its outcome silently did to it: "deleted", "uncertain", or
    nothing. Of a result that is known, `assessed` is the title of the assignment that it assessed, if one was told.
    """

    tenant: str
    kind: str
    id: str
    state: Mapping[str, Any] | None
    event_time: datetime | None
    position: int | None
    events: int
    implied: str | None = None
    assessed: str | None = None

    @classmethod
    def of(cls, told: Mapping[str, Any]) -> Self:
        """Take over what the projection tells."""
        return cls(**{**told, "event_time": moment_of(told["event_time"])})

    def __bool__(self) -> bool:
        """Whether anything is known of it."""
        return self.state is not None

    def as_json(self) -> dict[str, Any]:
        """Return the contract's answer; `implied` stands in that of a link only, `assessed` in that of a result."""
        told = super().as_json()
        for name, kind in (("implied", "link"), ("assessed", "result")):
            if self.kind != kind or self.state is None:
                del told[name]
        return told


@dataclass(frozen=True)
class BlamedField(Record):
    """The value of a field, since when it has it, and which event of whom gave it."""

    value: Any
    since: datetime
    actor: Actor
    position: int

    @classmethod
    def of(cls, told: Mapping[str, Any]) -> Self:
        """Take over what the projection tells."""
        since = moment_of(told["since"])
        assert since is not None  # noqa: S101 - every event has a time
        return cls(told["value"], since, Actor(**told["actor"]), told["position"])


@dataclass(frozen=True)
class Blame(Record):
    """Of each field of an entity, who made it what it is. No field: nothing is known of the entity."""

    kind: str
    id: str
    fields: Mapping[str, BlamedField]

    def __bool__(self) -> bool:
        """Whether anything is known of it."""
        return bool(self.fields)

    def as_lines(self) -> Iterator[dict[str, Any]]:
        """Yield a field a line."""
        return ({"field": name, **field.as_json()} for name, field in self.fields.items())

    def columns(self) -> tuple[str, ...]:
        """Return the name of a field and what is told of it."""
        return ("field", *names_of(BlamedField))
