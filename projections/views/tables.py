"""The tables of versions, one a kind: every column with its type and its source, as the bodies declare them.

The schema, what is extracted from an event, what the tree shows and the names of exports are all made from these.
"""

from collections.abc import Callable, Iterator
from datetime import datetime
from functools import lru_cache
from operator import attrgetter
from types import NoneType, UnionType
from typing import Annotated, Any, Final, NamedTuple, Union, get_args, get_origin, get_type_hints

import orjson
from pydantic import BaseModel

from outcomes.domain.catalog import EVENT_TYPES
from outcomes.domain.columns import Column
from outcomes.domain.event import Body, EventLike, Metadata
from outcomes.domain.identity import Kind
from outcomes.domain.times import micros

_OF_ENVELOPE, _OF_BODY = "metadata.", "body."
_STORED: Final = {str: str, int: int, float: float, bool: int, datetime: int}


class TableColumn(NamedTuple):
    """One column of a table of versions.

    `kind` is what it means: str, int, float, bool, datetime, or list for what is neither and stands as JSON text.
    `source` leads to its value from the event.
    """

    name: str
    kind: type
    source: str
    in_tree: bool

    @property
    def stored(self) -> type:
        """What the database holds: a time is integer microseconds since 1970 UTC."""
        return _STORED.get(self.kind, str)


class VersionTable(NamedTuple):
    """The versions of the entities of one kind.

    `current` is the SQL view of how they are now, `exported_as` their table in an export of a whole state, if they have
    one.
    """

    kind: Kind
    body: type[Body]
    name: str
    current: str
    exported_as: str | None
    columns: tuple[TableColumn, ...]

    @property
    def in_tree(self) -> tuple[str, ...]:
        """The columns that the outcome tree shows."""
        return tuple(column.name for column in self.columns if column.in_tree)


_CURRENT: Final = {
    Kind.GROUP: "outcome_groups",
    Kind.LINK: "outcome_links",
    Kind.PROFICIENCY: "proficiencies",
    Kind.POST_POLICY: "post_policies",
}
_EXPORTED: Final = {
    Kind.OUTCOME: "outcomes",
    Kind.GROUP: "groups",
    Kind.LINK: "links",
    Kind.PROFICIENCY: "proficiencies",
    Kind.RESULT: "results",
}


def plain_type(annotation: Any) -> type | None:
    """Return str, int, float, bool or datetime where values are that or None; None for whatever else they are."""
    if get_origin(annotation) in {Union, UnionType}:
        annotation = next(option for option in get_args(annotation) if option is not NoneType)
    if get_origin(annotation) is Annotated:
        annotation = get_args(annotation)[0]
    return annotation if annotation in _STORED else None


def _annotation(model: type[BaseModel], name: str) -> Any:
    if name in model.model_fields:
        return model.model_fields[name].annotation
    return get_type_hints(getattr(model, name).fget)["return"]


def _columns_of(body: type[Body]) -> Iterator[TableColumn]:
    for name, (source, in_tree) in {"workflow_state": Column(), **body.columns}.items():
        field = source or name
        is_of_envelope = field.startswith(_OF_ENVELOPE)
        model: type[BaseModel] = Metadata if is_of_envelope else body
        kind = plain_type(_annotation(model, field.removeprefix(_OF_ENVELOPE)))
        yield TableColumn(name, kind or list, field if is_of_envelope else f"{_OF_BODY}{field}", in_tree)


def _table(kind: Kind, body: type[Body]) -> VersionTable:
    current = _CURRENT.get(kind, f"{kind.value}s")
    return VersionTable(kind, body, f"{kind.value}_versions", current, _EXPORTED.get(kind), tuple(_columns_of(body)))


_BODIES: Final = {event.kind: event.body_type for event in EVENT_TYPES.values()}
TABLES: Final[dict[Kind, VersionTable]] = {kind: _table(kind, _BODIES[kind]) for kind in Kind}


def reader_of(table: VersionTable) -> Callable[[EventLike], tuple[Any, ...]]:
    """Return what takes the values of a table's columns from an event, in their order."""
    sources = [column.source for column in table.columns]
    # In most tables all are of the body: found in it, they are one step nearer.
    is_of_body = all(source.startswith(_OF_BODY) for source in sources)
    read = attrgetter(*(source.removeprefix(_OF_BODY) if is_of_body else source for source in sources))
    kinds = enumerate(column.kind for column in table.columns)
    conversions = [(place, _CONVERT[kind]) for place, kind in kinds if kind in _CONVERT]

    def read_and_convert(event: EventLike) -> tuple[Any, ...]:
        found = read(event.body if is_of_body else event)
        if not conversions:
            return found
        values = list(found)
        for place, convert in conversions:
            if values[place] is not None:
                values[place] = convert(values[place])
        return tuple(values)

    return read_and_convert


def _json(values: Any) -> str:
    plain = [value if isinstance(value, dict | str) else value.model_dump(exclude_none=True) for value in values]
    return orjson.dumps(plain).decode()


# What is marked in one sitting bears the same few times.
_CONVERT: Final[dict[type, Callable[[Any], Any]]] = {datetime: lru_cache(maxsize=4096)(micros), list: _json}
