"""What a row of each table says, in the words of the events of the same thing.

Columns are named as in Canvas Data 2, and fields as in events: where the two differ, it stands in the shapes of rows.
Ids of places and people are global in events and local in exports.
"""

from collections.abc import Iterator
from typing import Final

from outcomes.domain.entities.observation import id_field_of
from outcomes.store.observations import outcome_rows, place_rows, result_rows
from outcomes.store.observations.lookups import Lookups
from outcomes.store.observations.observation import Institution, Observation
from outcomes.store.observations.row_values import Around, Shape, instant
from outcomes.store.observations.told_fields import untold_fields
from outcomes.store.sources.exports.rows import UNSPECIFIED, ExportRow

_RESULTS: Final = "learning_outcome_results"
_SHAPES: Final[dict[str, Shape]] = {**place_rows.SHAPES, **outcome_rows.SHAPES, **result_rows.SHAPES}


class Shaper:
    """Turns rows into observations, with what the other tables told."""

    def __init__(self, institution: Institution, lookups: Lookups) -> None:
        self.institution = institution
        self._around = Around(institution, lookups)

    def observations(self, table: str, row: ExportRow, lacking: frozenset[str]) -> Iterator[Observation]:
        """Yield what a row says; nothing where it is of no concern. Raises UnreadableInput that names the row.

        `lacking` are the columns that the export does not have.
        """
        return self._observed(_SHAPES[table], table, row, lacking)

    def details(self, row: ExportRow, lacking: frozenset[str]) -> Iterator[Observation]:
        """Yield what a row of results says besides what events tell. Raises UnreadableInput."""
        return self._observed(result_rows.detail, _RESULTS, row, lacking)

    def _observed(self, shape: Shape, table: str, row: ExportRow, lacking: frozenset[str]) -> Iterator[Observation]:
        try:
            for kind, body in shape(row, self._around):
                updated_at = instant(body.get("updated_at") or row.value.get("created_at"))
                if updated_at is None:
                    continue  # at no time of its own it says nothing
                untold = untold_fields(kind, body, lacking)
                shaped = {
                    name: value
                    for name, value in body.items()
                    if value is not None and value != UNSPECIFIED and name not in untold
                }
                local_id = shaped[id_field_of(kind)]
                created_at = instant(row.value.get("created_at"))
                unspecified = tuple(row.unspecified)
                yield Observation(kind, local_id, shaped, updated_at, created_at, table, unspecified, untold)
        except (ValueError, OverflowError) as error:
            raise row.unreadable(table, error) from error
