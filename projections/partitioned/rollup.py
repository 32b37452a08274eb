"""The third step: mastery of one part, computed by the views' own questions over views in memory.

They hold no more than the versions in force, which is all that the questions at this point would find.
"""

import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from itertools import count, islice
from typing import Any, Self

from outcomes.domain.positions import LARGEST
from outcomes.projections.as_of.point import FOREVER, PointInTime
from outcomes.projections.mastery.query import mastery_at
from outcomes.projections.mastery.results import Scope
from outcomes.projections.mastery.row import MasteryRow
from outcomes.projections.partitioned.combining import PLACEMENT
from outcomes.projections.partitioned.cut import Cut
from outcomes.projections.partitioned.rows import unpacked
from outcomes.projections.views import predecessors, schema
from outcomes.projections.views.writer import IdTable, ViewWriter

_PAGE = 10_000


class PartViews:
    """Views of one tenant: what hangs in no course stays, the parts come and go. To be closed."""

    def __init__(self, tenant: str, cut: Cut, of_tenant: Iterable[bytes]) -> None:
        self.tenant = tenant
        self._connection = sqlite3.connect(":memory:", isolation_level=None)
        schema.create(self._connection)
        # One version an entity has no way back.
        predecessors.suspend(self._connection, schema.WAYS_BACK)
        self._positions = count(1)
        names = IdTable(self._connection)
        names.know([tenant])
        self._add(names, of_tenant)
        until = FOREVER if cut.as_of is None else cut.as_of
        self._point = PointInTime(tenant, names.tenants[tenant], cut.as_of, LARGEST, until)

    def mastery(self, facts: Iterable[bytes]) -> Iterator[MasteryRow]:
        """Yield the rows of a part: of whole courses, or of some students of a course."""
        with self._holding(facts):
            yield from mastery_at(self._connection, self._point, Scope())

    def close(self) -> None:
        """Let the memory go."""
        self._connection.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @contextmanager
    def _holding(self, facts: Iterable[bytes]) -> Iterator[None]:
        self._connection.execute("BEGIN")
        try:
            # Numbers of names that it learns go with it.
            self._add(IdTable(self._connection), facts)
            yield
        finally:
            self._connection.execute("ROLLBACK")

    def _add(self, names: IdTable, facts: Iterable[bytes]) -> None:
        waiting = map(unpacked, facts)
        while page := list(islice(waiting, _PAGE)):
            writer = ViewWriter(names)
            writer.add((next(self._positions), row) for row in page if row[0] != PLACEMENT)
            for _, place, parent, event_time, digest in (row for row in page if row[0] == PLACEMENT):
                position = next(self._positions)
                writer.placements.add((names.contexts[place], event_time, digest, position, names.contexts[parent]))
            writer.write()


def facts_of(column: Any) -> Iterator[bytes]:
    """Yield the facts of a column of routed rows, some at a time in memory."""
    for start in range(0, len(column), _PAGE):
        yield from (facts for facts in column[start : start + _PAGE].to_pylist() if facts is not None)
