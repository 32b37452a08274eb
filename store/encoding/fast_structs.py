"""Structs in place of the domain's models: derived from them, so the two cannot drift apart, and read by msgspec.

Fields stand by name, as in the canonical form of an event, and what is absent is left out when it is written again.
"""

from collections.abc import Callable, Iterator
from functools import cache, lru_cache
from operator import attrgetter
from typing import Annotated, Any, ClassVar, Final, NamedTuple, get_args, get_origin, get_type_hints

import msgspec
from pydantic import BaseModel

from outcomes.domain.catalog import EVENT_TYPES
from outcomes.domain.entities.assessment import AssessmentBody
from outcomes.domain.entities.friendly_description import FriendlyDescriptionBody
from outcomes.domain.entities.outcome import WholeNumber
from outcomes.domain.entities.people import EnrollmentBody, UserBody
from outcomes.domain.entities.places import CourseBody
from outcomes.domain.event import Body, Event, EventLike, Metadata, names_in_state
from outcomes.domain.identity import Kind, LocalId, SisId
from outcomes.domain.times import Micros, Timestamp, moment_text

# What is marked in one sitting bears the same few times.
_time_text = lru_cache(maxsize=4096)(moment_text)
_INTEGER = Annotated[int, msgspec.Meta(ge=-(2**63), le=2**63 - 1)]
_TEXT_ID = Annotated[str, msgspec.Meta(min_length=1, max_length=255)]
_TYPES: Final[dict[Any, Any]] = {
    LocalId: _TEXT_ID,
    # As text until the digest is taken: a time may be spelled in more than one way, and the digest tells them apart.
    Timestamp: str,
    WholeNumber: _INTEGER,
    SisId: str,
    str: str,
    float: float,
    bool: bool,
}
# Archives, and some of the public examples, have numbers for ids (DOMAIN.md 1.8).
_NUMBER_ID: Final = _TEXT_ID | _INTEGER

# Fields that the domain does not read. Those of the envelope are text or null (DOMAIN.md 2); another type is not plain.
_UNREAD_OF_ENVELOPES: Final = (
    "producer",
    "root_account_lti_guid",
    "user_account_id",
    "developer_key_id",
    "time_zone",
    "session_id",
    "user_agent",
    "client_ip",
    "referrer",
)
# Those of bodies are kept, whatever they are (DOMAIN.md 3).
_UNREAD: Final[dict[type[BaseModel], tuple[str, ...]]] = {
    AssessmentBody: ("aligned_to_outcomes", "context_uuid", "attempt"),
    FriendlyDescriptionBody: ("learning_outcome_context_uuid", "root_account_id"),
    CourseBody: ("account_uuid", "created_at"),
    UserBody: ("short_name", "created_at", "user_login"),
    EnrollmentBody: (
        "course_uuid",
        "created_at",
        "limit_privileges_to_course_section",
        "associated_user_id",
    ),
}


class FastEvent(msgspec.Struct, gc=False):
    """An `EventLike` whose parts are structs in place of models; the envelope's time is still text."""

    name: ClassVar[str]
    kind: ClassVar[Kind]
    is_update: ClassVar[bool]

    metadata: Any
    body: Any
    event_time: Micros
    digest: bytes

    @property
    def tenant(self) -> str:
        """The root account's uuid."""
        found: str = self.metadata.root_account_uuid
        return found


def state_of(event: EventLike) -> dict[str, Any]:
    """Return the state that an event tells, whoever read it: a struct that does not hold it becomes the model again."""
    if not isinstance(event, FastEvent) or hasattr(event.body, "state"):
        return event.body.state()
    body = EVENT_TYPES[event.name].body_type.model_validate(msgspec.to_builtins(event.body))
    return body.state()


Values = Callable[[Any], tuple[Any, ...]]
Parts = Callable[[Any], Iterator[tuple[Any, tuple[str, ...]]]]


class FastSchema(NamedTuple):
    """How events of one name are read, and where ids, numbers and times stand in them.

    `ids_of` takes the ids of the metadata, and of a body, at once. `parts` finds what is nested in a body, and the
    names of the numbers in it; None if nothing can be. `tells_state`: its bodies have the `state` of the domain's.
    `numbered` is the same for ids that are numbers; None in that shape itself.
    """

    name: str
    make: Callable[[Any, Any, Micros, bytes], FastEvent]
    decode: Callable[[bytes], Any]
    ids: tuple[tuple[str, tuple[str, ...]], ...]
    ids_of: tuple[Values, Values]
    numbers: tuple[str, ...]
    parts: Parts | None
    times: tuple[str, ...]
    tells_state: bool
    numbered: "FastSchema | None"


@lru_cache(maxsize=256)  # made when the first event of a name comes: most commands read few, or none
def schema_of(name: bytes) -> FastSchema | None:
    """Return the shape of the events of a name; None if none can be read this way."""
    event_type = EVENT_TYPES.get(name.decode())
    return _shape(event_type) if event_type is not None and _is_plain(event_type.body_type) else None


@cache
def _hints(model: type[BaseModel]) -> dict[str, tuple[Any, bool]]:
    """Return each field's type without None, and whether it must be there."""
    found = {}
    for name, hint in get_type_hints(model, include_extras=True).items():
        if name in model.model_fields:
            kinds = get_args(hint)
            is_optional = type(None) in kinds
            found[name] = (kinds[0] if is_optional else hint, not is_optional)
    return found


def _named(model: type[BaseModel], wanted: Any) -> tuple[str, ...]:
    return tuple(name for name, (kind, _) in _hints(model).items() if kind is wanted)


def _values_of(names: tuple[str, ...]) -> Values:
    """Return what takes fields as one tuple, however few they are."""
    if len(names) > 1:
        return attrgetter(*names)
    return lambda struct: tuple([getattr(struct, name) for name in names])


def _nested(model: type[BaseModel]) -> dict[str, tuple[type[BaseModel], bool]]:
    """Return the models in a model's fields, and whether there are many of them."""
    found: dict[str, tuple[type[BaseModel], bool]] = {}
    for name, (kind, _) in _hints(model).items():
        if kind in _TYPES:
            continue
        is_many = get_origin(kind) is tuple
        inner = get_args(kind)[0] if is_many else kind
        if isinstance(inner, type) and issubclass(inner, BaseModel):
            found[name] = (inner, is_many)
    return found


def _is_plain(model: type[BaseModel], *, is_outermost: bool = True) -> bool:
    """Say whether structs can stand for a model. Ids and times are looked for in its own fields only."""
    hints, nested = _hints(model), _nested(model)
    return (
        all(name in nested or kind in _TYPES for name, (kind, _) in hints.items())
        and (is_outermost or not any(kind in (LocalId, Timestamp) for kind, _ in hints.values()))
        and all(_is_plain(inner, is_outermost=False) for inner, _ in nested.values())
    )


@cache  # one struct for a model wherever it stands: what reads fields of few types reads them quicker
def _struct(
    model: type[BaseModel], id_type: Any, unread: tuple[str, ...] = (), unread_type: Any = None
) -> type[msgspec.Struct]:
    types = {**_TYPES, LocalId: id_type}
    nested = {name: (_struct(inner, id_type), is_many) for name, (inner, is_many) in _nested(model).items()}
    fields: list[Any] = []
    for name, (kind, is_required) in _hints(model).items():
        if name in nested:
            inner, is_many = nested[name]
            field: Any = list[inner] if is_many else inner  # type: ignore[valid-type]
        else:
            field = types[kind]
        # Absent, but never null: a null may be an older shape (domain.upcasting), and is not plain.
        fields.append((name, field) if is_required else (name, field, None))
    # To the digest a null is not as if nothing were there.
    fields += [(name, unread_type, msgspec.UNSET) for name in unread]
    namespace = {"model_dump": _dump_of(model), **_properties(model)}
    if issubclass(model, Body):
        namespace["local_id"] = property(attrgetter(model.id_field))
        if _is_flat(model):
            namespace["state"] = _state_of(model)
    return msgspec.defstruct(
        f"Plain{model.__name__}",
        sorted(fields),
        namespace=namespace,
        kw_only=True,
        omit_defaults=True,
        forbid_unknown_fields=True,
        gc=False,
    )


def _properties(model: type[BaseModel]) -> dict[str, Any]:
    return {
        name: value
        for base in reversed(model.__mro__)
        if base.__module__.startswith("outcomes.domain.")
        for name, value in vars(base).items()
        if name == "id_field" or isinstance(value, property)
    }


def _dump_of(model: type[BaseModel]) -> Callable[..., dict[str, Any]]:
    numbers, names = set(_named(model, float)), tuple(model.model_fields)

    def model_dump(struct: Any, *, exclude_none: bool) -> dict[str, Any]:
        """Return the fields as the model would."""
        found = ((name, getattr(struct, name)) for name in names)
        return {
            name: float(value) if value is not None and name in numbers else value
            for name, value in found
            if value is not None or not exclude_none
        }

    return model_dump


def _is_flat(model: type[Body]) -> bool:
    """Say whether a struct in place of a model holds all of its state, and none of it in structs of their own."""
    return not _nested(model) and model not in _UNREAD


def _state_of(model: type[Body]) -> Callable[[Any], dict[str, Any]]:
    numbers, times = frozenset(_named(model, float)), frozenset(_named(model, Timestamp))
    fields = [
        (name, _time_text if name in times else float if name in numbers else None) for name in names_in_state(model)
    ]

    def state(struct: Any) -> dict[str, Any]:
        """Return the fields as `Body.state` does."""
        found = {}
        for name, convert in fields:
            value = getattr(struct, name)
            if value is not None:
                found[name] = value if convert is None else convert(value)
        return found

    return state


def _parts_of(model: type[BaseModel]) -> Parts | None:
    nested = [
        (name, is_many, _named(inner, float), _parts_of(inner)) for name, (inner, is_many) in _nested(model).items()
    ]
    if not nested:
        return None

    def parts(struct: Any) -> Iterator[tuple[Any, tuple[str, ...]]]:
        for name, is_many, numbers, deeper in nested:
            value = getattr(struct, name)
            for part in () if value is None else value if is_many else (value,):
                yield part, numbers
                if deeper is not None:
                    yield from deeper(part)

    return parts


def _shape(event_type: type[Event]) -> FastSchema:
    body = event_type.body_type
    told = {"name": event_type.name, "kind": event_type.kind, "is_update": event_type.is_update}
    plain: Any = msgspec.defstruct(f"Plain{event_type.__name__}", [], bases=(FastEvent,), namespace=told, gc=False)
    ids = (_named(Metadata, LocalId), _named(body, LocalId))
    shape = FastSchema(
        name=event_type.name,
        make=plain,
        decode=_decoder(body, _TEXT_ID),
        ids=(("metadata", ids[0]), ("body", ids[1])),
        ids_of=(_values_of(ids[0]), _values_of(ids[1])),
        numbers=_named(body, float),
        parts=_parts_of(body),
        times=_named(body, Timestamp),
        tells_state=_is_flat(body),
        numbered=None,
    )
    return shape._replace(numbered=shape._replace(decode=_decoder(body, _NUMBER_ID)))


def _decoder(body: type[BaseModel], id_type: Any) -> Callable[[bytes], Any]:
    envelope = msgspec.defstruct(
        "PlainEnvelope",
        [
            ("body", _struct(body, id_type, _UNREAD.get(body, ()), str | bool | _INTEGER)),
            ("metadata", _struct(Metadata, id_type, _UNREAD_OF_ENVELOPES, str | None)),
        ],
        forbid_unknown_fields=True,
        gc=False,
    )
    return msgspec.json.Decoder(envelope).decode
