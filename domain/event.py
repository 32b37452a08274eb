"""A Canvas live event as a value: its envelope, its place in the log, and the order of events of one entity."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, ClassVar, NamedTuple, Protocol

from pydantic import BaseModel, ConfigDict

from outcomes.domain.columns import Columns
from outcomes.domain.identity import EntityRef, Kind, LocalId, SisId
from outcomes.domain.times import Micros, Timestamp, in_utc, micros, moment_text
from outcomes.domain.upcasting import OF_ALL, Shapes

_IMPORT_JOB = "OutcomeImport#run"


class Metadata(BaseModel):
    """The envelope (DOMAIN.md 2). Name, time and tenant are always there; whatever else may be absent.

    `context_*` here describe the web request, not the body. Ids are global. Job-made events name no user.
    """

    model_config = ConfigDict(frozen=True, extra="ignore", coerce_numbers_to_str=True, defer_build=True)

    event_name: str
    event_time: Timestamp
    root_account_uuid: str
    user_id: LocalId | None = None
    user_login: str | None = None
    user_sis_id: SisId | None = None
    real_user_id: LocalId | None = None
    context_role: str | None = None
    context_type: str | None = None
    context_id: LocalId | None = None
    context_account_id: LocalId | None = None
    context_sis_source_id: SisId | None = None
    request_id: str | None = None
    hostname: str | None = None
    http_method: str | None = None
    url: str | None = None
    root_account_id: LocalId | None = None
    job_id: LocalId | None = None
    job_tag: str | None = None
    export_table: str | None = None
    export_row: str | None = None
    exported_at: str | None = None

    @property
    def is_observed(self) -> bool:
        """Whether it is an observation of ours: a row of an export, not an event of Canvas."""
        return self.export_table is not None

    @property
    def is_by_import(self) -> bool:
        """Whether a CSV import of outcomes made it (DOMAIN.md 6: what an import revives)."""
        return self.job_tag == _IMPORT_JOB


class Body(BaseModel):
    """What an event says of its entity: the *full* state of the listed fields, never a patch (DOMAIN.md 1.7).

    A missing key means null. Fields that Canvas adds later are kept.
    """

    model_config = ConfigDict(frozen=True, extra="allow", allow_inf_nan=False, defer_build=True)

    id_field: ClassVar[str]
    shapes: ClassVar[Shapes] = OF_ALL
    schema_version: ClassVar[int] = 3
    columns: ClassVar[Columns] = {}

    workflow_state: str | None = None
    updated_at: Timestamp | None = None

    @property
    def local_id(self) -> str:
        """The id that keys this entity inside its tenant and kind."""
        found: str = getattr(self, self.id_field)
        return found

    @property
    def is_deleted(self) -> bool:
        """Deleted is a state like any other; an absent state means active (the public examples omit it)."""
        return self.workflow_state == "deleted"

    def state(self) -> dict[str, Any]:
        """Return the fields under Canvas's own names as JSON values: nulls left out, times in UTC text."""
        fields = self.model_dump(exclude_none=True)
        for name, value in fields.items():
            if isinstance(value, datetime):
                fields[name] = moment_text(value)
            elif name.endswith("_at") and isinstance(value, str):
                fields[name] = in_utc(value)  # of a field that is not read here: Canvas names its times so
        # What every body has comes last, so that the id and the title come first.
        for name in _OF_EVERY_BODY:
            if name in fields:
                fields[name] = fields.pop(name)
        return fields


_OF_EVERY_BODY = tuple(Body.model_fields)


def names_in_state(body_type: type[Body]) -> tuple[str, ...]:
    """Return the declared fields of a body in the order in which its state has them."""
    return (*(name for name in body_type.model_fields if name not in _OF_EVERY_BODY), *_OF_EVERY_BODY)


@dataclass(frozen=True, slots=True)
class Event:
    """One live event of a known name; each name is a subclass, which says its kind and its body.

    The parts are pydantic models; the pair of them need not be validated again. `event_time` is when Canvas says
    that it happened, as an integer because every key and every order starts with it.
    """

    name: ClassVar[str]
    kind: ClassVar[Kind]
    is_update: ClassVar[bool]
    body_type: ClassVar[type[Body]]

    metadata: Metadata
    body: Body
    event_time: Micros

    @property
    def tenant(self) -> str:
        """The root account's uuid."""
        return self.metadata.root_account_uuid

    @property
    def ref(self) -> EntityRef:
        """The entity whose state this is."""
        return EntityRef(self.tenant, self.kind, self.body.local_id)


class EventLike(Protocol):
    """What every projected event offers, whoever read it: `Event` as the domain does, or a quicker reader's struct.

    Its parts have the fields and properties of the models that they are declared as.
    """

    @property
    def name(self) -> str:
        """Canvas's `event_name`."""

    @property
    def kind(self) -> Kind:
        """What kind of entity it is of."""

    @property
    def is_update(self) -> bool:
        """Whether it changed something that was there."""

    @property
    def metadata(self) -> Metadata:
        """The envelope."""

    @property
    def body(self) -> Body:
        """The entity's fields."""

    @property
    def event_time(self) -> Micros:
        """When it happened."""

    @property
    def tenant(self) -> str:
        """The root account's uuid."""


def event_types(family: str, kind: Kind, body_type: type[Body], *endings: str) -> tuple[type[Event], ...]:
    """Make the event types of a family: they differ in nothing but their names."""
    return tuple(
        type(
            "".join(part.title() for part in f"{family}{ending}".split("_")),
            (Event,),
            {
                "__doc__": f"Canvas's {family}{ending}.",
                "__slots__": (),
                "name": f"{family}{ending}",
                "kind": kind,
                "is_update": ending == "_updated",
                "body_type": body_type,
            },
        )
        for ending in endings or ("_created", "_updated")
    )


@dataclass(frozen=True, slots=True)
class OtherEvent:
    """An event of a name that this version does not project: stored whole, ignored by the views."""

    metadata: Metadata
    body: Any
    event_time: Micros

    @property
    def tenant(self) -> str:
        """The root account's uuid."""
        return self.metadata.root_account_uuid


@dataclass(frozen=True, slots=True)
class ErasedEvent:
    """What is left of an event whose person was erased: that it was, what it was called, and when.

    Nothing projects it. `event_time` is good to the millisecond.
    """

    name: str
    tenant: str
    event_time: Micros


class OrderKey(NamedTuple):
    """The total order of events of one entity: it never depends on arrival (docs/contract.md: the order of events).

    `updated_at` is 0 where the body has none, so that absent is first; `digest` settles what nothing else does.
    """

    event_time: Micros
    updated_at: Micros
    is_update: bool
    digest: bytes


@dataclass(frozen=True, slots=True)
class Recorded:
    """An event with its place in the log: `position` grows in append order, `digest` is of its content.

    `is_partly_erased`: someone whom it named was erased, and the event is what is left of it.
    """

    position: int
    digest: bytes
    event: Event
    is_partly_erased: bool = False

    @property
    def order(self) -> OrderKey:
        """Where this event stands among those of its entity."""
        return order_key(self.event, self.digest)


def order_key(event: EventLike, digest: bytes) -> OrderKey:
    """Return the place of an event in its entity's history."""
    return OrderKey(event.event_time, updated_micros(event), event.is_update, digest)


def updated_micros(event: EventLike) -> Micros:
    """Return when an event's entity was last updated, as its order counts it: 0 where the event does not tell."""
    updated_at = event.body.updated_at
    # Instants up to 1970 would sort before "absent"; they are as good as the first microsecond.
    return 0 if updated_at is None else max(1, micros(updated_at))
