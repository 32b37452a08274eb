"""Which copy of a row counts: a snapshot and the increments after it hold a row several times."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress

from outcomes.domain.times import Micros
from outcomes.projections.as_of.lookups import id_list
from outcomes.store.observations.lookups import Lookups
from outcomes.store.observations.row_values import instant
from outcomes.store.sources.exports.pages import Page
from outcomes.store.sources.exports.rows import ExportRow

_NOTE = (
    "INSERT INTO newest VALUES (?, ?, ?) ON CONFLICT (id) DO UPDATE SET ts = excluded.ts, place = excluded.place "
    "WHERE excluded.ts >= newest.ts"
)
_PLACES = "SELECT n.place FROM json_each(?) j CROSS JOIN newest n ON n.id = j.value WHERE n.place BETWEEN ? AND ?"


class LatestCopies:
    """The last copy of each row of a table, by the lake's time; of equal ones that which is read last."""

    def __init__(self, lookups: Lookups, table: str, pages: Callable[[], Iterable[Page]]) -> None:
        self._connection = lookups.connection
        self._table, self._pages = table, pages

    def pages(self) -> Iterator[tuple[Page, Sequence[int]]]:
        """Yield all pages, and which of their rows are the last copies."""
        self._connection.execute("DELETE FROM newest")
        first = 0
        for page in self._pages():
            ids, stamps = _ids_and_stamps(page, self._table)
            self._connection.executemany(_NOTE, zip(ids, stamps, range(first, first + len(page)), strict=True))
            first += len(page)
        first = 0
        for page in self._pages():
            ids, _ = _ids_and_stamps(page, self._table)
            found = self._connection.execute(
                _PLACES,
                (id_list(ids), first, first + len(page) - 1),
            )
            yield page, sorted({place - first for (place,) in found})
            first += len(page)


def _ids_and_stamps(page: Page, table: str) -> tuple[list[str], list[Micros]]:
    """Return the ids of rows and the lake's times of them in microseconds; 0 for none. Raises UnreadableInput."""
    columns = page.columns(())
    if columns is not None:
        # What cannot be read here is found again row by row, where it can be said of which row it is.
        with suppress(ValueError, OverflowError):
            return [str(one) for one in columns.ids], [instant(stamp) or 0 for stamp in columns.stamps]
    rows = list(page.rows())
    return [row.id for row in rows], [_stamp_of(row, table) for row in rows]


def _stamp_of(row: ExportRow, table: str) -> Micros:
    try:
        return instant(row.ts) or 0
    except (ValueError, OverflowError) as error:
        raise row.unreadable(table, error) from error
