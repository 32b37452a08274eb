"""Parts of the rows of mastery: by course, student and outcome, or those assessed last first."""

import heapq
from collections.abc import Iterable, Iterator
from typing import Any

from outcomes.domain.identity import id_sort_key
from outcomes.projections.mastery.row import MasteryRow
from outcomes.projections.paging import NextKey, Page, key_of_parts, limited, number_of_key, parts_of_key


def page_of(rows: Iterable[MasteryRow], page: Page, following: NextKey) -> Iterator[MasteryRow]:
    """Yield the part of the rows that is asked for; they come by course, student and outcome.

    The newest first are those assessed last; who was never assessed comes at the end. Only as many as are asked for
    are held.
    """
    order = _newest_first if page.newest_first else _in_order
    if page.after is not None:
        start = _place(page.after, newest_first=page.newest_first)
        rows = (row for row in rows if order(row) > start)
    if page.newest_first:
        rows = sorted(rows, key=order) if page.limit is None else heapq.nsmallest(page.limit + 1, rows, key=order)
    return limited(rows, page, _key, following)


def _key(row: MasteryRow) -> str:
    return key_of_parts(row.last_assessed_at or 0, row.course_id, row.student, row.outcome_id)


def _place(key: str, *, newest_first: bool) -> tuple[Any, ...]:
    assessed_at, course, student, outcome = parts_of_key(key, 4)
    place = (id_sort_key(course), student, id_sort_key(outcome))
    return (-number_of_key(assessed_at), *place) if newest_first else place


def _in_order(row: MasteryRow) -> tuple[Any, ...]:
    return row.sort_key


def _newest_first(row: MasteryRow) -> tuple[Any, ...]:
    return (-(row.last_assessed_at or 0), *row.sort_key)
