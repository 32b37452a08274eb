"""The tables of entities in an export: their columns, and the row that an entity's event in force makes."""

from datetime import datetime
from typing import Any, NamedTuple

import orjson

from outcomes.domain.identity import Kind
from outcomes.domain.times import Micros, to_text
from outcomes.projections.export.column_types import Columns, columns_of
from outcomes.projections.mastery.row import MasteryRow
from outcomes.projections.views.tables import TABLES, VersionTable, plain_type

# Where a title names a row, tools show it in place of the id.
OUTCOME = ("outcomes", "learning_outcome_id")
_GROUP = ("groups", "learning_outcome_group_id")
_REFERENCES = {
    Kind.GROUP: (("parent_outcome_group_id", *_GROUP),),
    Kind.LINK: (("learning_outcome_id", *OUTCOME), ("learning_outcome_group_id", *_GROUP)),
    Kind.RESULT: (("learning_outcome_id", *OUTCOME),),
}
_INDEXED = {
    Kind.OUTCOME: ("context_id",),
    Kind.GROUP: ("context_id",),
    Kind.LINK: ("context_id",),
    Kind.PROFICIENCY: ("context_id",),
    Kind.RESULT: ("user_uuid", "result_context_id"),
}


class EntityTable(NamedTuple):
    """The table of one kind of entity: every declared field, what else an event had, and where it stands in the log.

    `key`, `references` and `indexed` are as in `state_file.Table`. `fields` are the columns that come from the body;
    `lists` are the places among them of what stands as JSON text.
    """

    name: str
    columns: Columns
    key: tuple[str, ...]
    references: tuple[tuple[str, str, str], ...]
    indexed: tuple[str, ...]
    fields: tuple[str, ...]
    lists: tuple[int, ...]

    def values(self, state: dict[str, Any], event_time: Micros, position: int | None) -> list[Any]:
        """Return the row of the event in force that told a state, in the order of the columns; times are UTC text."""
        found = [state.get(name) for name in self.fields]
        for place in self.lists:
            if found[place] is not None:
                found[place] = orjson.dumps(found[place]).decode()
        unknown = {name: value for name, value in state.items() if name not in self.columns}
        found.append(orjson.dumps(unknown).decode() if unknown else None)
        found += (to_text(event_time), position)
        return found


def _entity_table(kind: Kind, spec: VersionTable, name: str) -> EntityTable:
    body = spec.body
    annotations = {field: told.annotation for field, told in body.model_fields.items()}
    # The id comes first.
    fields = tuple({body.id_field: None, **dict.fromkeys(annotations)})
    columns = {body.id_field: str, **columns_of(annotations)}
    return EntityTable(
        name,
        {**columns, "other_fields": str, "event_time": datetime, "position": int},
        (body.id_field,),
        _REFERENCES.get(kind, ()),
        _INDEXED.get(kind, ()),
        fields,
        tuple(place for place, field in enumerate(fields) if plain_type(annotations[field]) is None),
    )


ENTITY_TABLES: dict[Kind, EntityTable] = {
    kind: _entity_table(kind, spec, spec.exported_as) for kind, spec in TABLES.items() if spec.exported_as is not None
}

MASTERY: Columns = columns_of(MasteryRow.__annotations__) | {"last_assessed_at": datetime}

POINT: Columns = {
    "tenant": str,
    "as_of": datetime,
    "known_at": int,
    "digest": str,
    "entities": int,
    "version": int,
}
"""What a replay is of."""
