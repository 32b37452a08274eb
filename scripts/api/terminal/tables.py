"""Tables that are written a screenful at a time: however many rows there are, the first is shown at once, few are held.

Where there is no terminal a row is one line and nothing is cut, so that `grep` finds it. On a terminal the columns
share its width: times and numbers stay whole, text is wrapped.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice

from rich.cells import cell_len
from rich.console import Console, ConsoleOptions, RenderableType
from rich.segment import Segment, Segments
from rich.table import Table
from rich.text import Text

Room = int | None
"""How many characters one value of a cell may take; None where nothing is cut."""

UNBOUNDED = 1 << 20
"""The width of what is no terminal."""

VALUE_WIDTH = 60
_PAGE_ROWS = 50
_GAP = 2
_ONE_LINE = "; "
# What would be misread if it stood in two lines: times and numbers.
_WHOLE = re.compile(r"[-+]?\d[-+\dTZ:.e]*|-?")
# Columns shrink to these widths, widest first: what has blanks to be wrapped at, then all but what stays whole.
_WRAPPED, _FOLDED = 12, 6


def room_of(options: ConsoleOptions) -> Room:
    """Return how much of a value is shown there."""
    return None if options.max_width >= UNBOUNDED else VALUE_WIDTH


class Fitted:
    """A drawing that depends on whether there is room for everything."""

    def __init__(self, draw: Callable[[Room], RenderableType]) -> None:
        self._draw = draw

    def __rich_console__(self, _console: Console, options: ConsoleOptions) -> Iterator[RenderableType]:
        yield self._draw(room_of(options))


class PagedTable:
    """A plain table; `rows` gives the cells, made for the room that there is. It can be drawn once."""

    def __init__(self, columns: Sequence[str], rows: Callable[[Room], Iterable[list[Text]]]) -> None:
        self._columns = columns
        self._rows = rows

    def __rich_console__(self, _console: Console, options: ConsoleOptions) -> Iterator[RenderableType]:
        yield from self.pages(options)

    def pages(self, options: ConsoleOptions) -> Iterator[RenderableType]:
        """Yield the table in parts, each as soon as its rows are there; the heading stands above the first."""
        room = room_of(options)
        layout = _lines if room is None else _grid
        rows = iter(self._rows(room))
        header: Sequence[str] | None = self._columns
        widths = [cell_len(name) for name in self._columns]
        while (page := list(islice(rows, _PAGE_ROWS))) or header is not None:
            yield layout(header, page, widths, options)
            header = None


def _lines(
    header: Sequence[str] | None, page: list[list[Text]], widths: list[int], _options: ConsoleOptions
) -> RenderableType:
    """Draw a row a line; `widths` grow with what has been seen, so that columns move to the right now and then.

    What is longer than a value on a terminal moves the rest of its own line only.
    """
    rows = [list(header)] if header is not None else []
    rows += [[_ONE_LINE.join(cell.plain.split("\n")) for cell in row] for row in page]
    for index, column in enumerate(zip(*rows, strict=True)):
        widths[index] = max(widths[index], *(min(cell_len(text), VALUE_WIDTH) for text in column))
    lines = (" " * _GAP).join
    padded = ([text + " " * (width - cell_len(text)) for text, width in zip(row, widths, strict=True)] for row in rows)
    return Segments([Segment("".join(lines(row).rstrip() + "\n" for row in padded))])


def _grid(
    header: Sequence[str] | None, page: list[list[Text]], widths: list[int], options: ConsoleOptions
) -> RenderableType:
    """Draw rows in the width that there is; where that is too small for the times and numbers alone, in a wider one."""
    columns = list(zip(*page, strict=True)) or [()] * len(widths)
    for index, column in enumerate(columns):
        widths[index] = max([widths[index], *(cell_len(line) for cell in column for line in cell.plain.split("\n"))])
    fitting = _fit(widths, columns, options.max_width - _GAP * (len(widths) - 1))
    drawn = Table(box=None, pad_edge=False, header_style="bold", show_header=header is not None)
    for name, width in zip(header or [""] * len(widths), fitting, strict=True):
        drawn.add_column(Text(name), width=width, overflow="fold")
    for row in page:
        drawn.add_row(*row)
    return _Wide(drawn, sum(fitting) + _GAP * (len(fitting) - 1))


def _fit(widths: list[int], columns: Sequence[tuple[Text, ...]], room: int) -> list[int]:
    """Return widths that together take no more than `room`, if there are any."""
    found = list(widths)
    for floors in zip(*map(_floors, widths, columns), strict=True):
        found = _shrunk(found, floors, room)
    return found


def _floors(width: int, column: tuple[Text, ...]) -> tuple[int, int, int]:
    """Return how narrow a column may become: so that no word is broken, then only short ones stay whole, then none."""
    words = [word for cell in column for word in cell.plain.split()]
    longest = max(map(cell_len, words), default=0)
    if all(_WHOLE.fullmatch(cell.plain) for cell in column):
        return width, width, max(_FOLDED, longest)
    has_blanks = any(" " in cell.plain for cell in column)
    return longest if has_blanks else width, _WRAPPED if has_blanks else width, _FOLDED


def _shrunk(widths: list[int], floors: Sequence[int], room: int) -> list[int]:
    """Make the widest narrower, again and again, until all fit or stand on their floors."""
    found = list(widths)
    while sum(found) > room:
        above = [(width, index) for index, width in enumerate(found) if width > floors[index]]
        if not above:
            break
        found[max(above)[1]] -= 1
    return found


class _Wide:
    """A table of a given width, whatever that of the terminal is: better its lines are broken than its numbers."""

    def __init__(self, drawn: Table, width: int) -> None:
        self._drawn, self._width = drawn, width

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> Iterator[Segment]:
        yield from console.render(self._drawn, options.update(width=max(self._width, 1)))
