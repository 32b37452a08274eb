"""Tables that are written a screenful at a time: however many rows there are, the first is shown at once, few are held.

Where there is no terminal a row is one line and nothing is cut, so that `grep` finds it. On a terminal the columns
share its width: times and numbers stay whole, text is wrapped.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice, zip_longest

from rich.cells import cell_len
from rich.console import Console, ConsoleOptions, RenderableType
from rich.segment import Segment, Segments
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
_WORDS = re.compile(r"\s*\S+\s*")
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


class Lines(str):
    """Text of a cell that keeps its line ends."""

    __slots__ = ()


Cell = str | Text
"""What stands in a cell: plain text, or text with style."""


class PagedTable:
    """A plain table; `rows` gives the cells, made for the room that there is. It can be drawn once."""

    def __init__(self, columns: Sequence[str], rows: Callable[[Room], Iterable[list[Cell]]]) -> None:
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


def _plain(cell: Cell) -> str:
    return cell if isinstance(cell, str) else cell.plain


def _width(text: str) -> int:
    return len(text) if text.isascii() else cell_len(text)


def _lines(
    header: Sequence[str] | None, page: list[list[Cell]], widths: list[int], _options: ConsoleOptions
) -> RenderableType:
    """Draw a row a line; `widths` grow with what has been seen, so that columns move to the right now and then.

    What is longer than a value on a terminal moves the rest of its own line only.
    """
    rows = [list(header)] if header is not None else []
    rows += [[_plain(cell).replace("\n", _ONE_LINE) for cell in row] for row in page]
    for index, column in enumerate(zip(*rows, strict=True)):
        widths[index] = max(widths[index], *(min(_width(text), VALUE_WIDTH) for text in column))
    lines = (" " * _GAP).join
    padded = ([text + " " * (width - _width(text)) for text, width in zip(row, widths, strict=True)] for row in rows)
    return Segments([Segment("".join(lines(row).rstrip() + "\n" for row in padded))])


def _grid(
    header: Sequence[str] | None, page: list[list[Cell]], widths: list[int], options: ConsoleOptions
) -> RenderableType:
    """Draw rows in the width that there is; where that is too small for the times and numbers alone, in a wider one."""
    columns = [tuple(map(_plain, column)) for column in zip(*page, strict=True)] or [()] * len(widths)
    for index, column in enumerate(columns):
        widths[index] = max([widths[index], *(_width(line) for text in column for line in text.split("\n"))])
    fitting = _fit(widths, columns, options.max_width - _GAP * (len(widths) - 1))
    return _Grid(header, page, fitting)


class _Grid:
    """Rows in columns of given widths, whatever that of the terminal is: better its lines are broken than its numbers.

    It is what a table of rich's would be, for a small part of its time: most cells fit as they are.
    """

    def __init__(self, header: Sequence[str] | None, rows: list[list[Cell]], widths: list[int]) -> None:
        self._header, self._rows, self._widths = header, rows, widths

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> Iterator[Segment]:
        if self._header is not None:
            names = self._broken([Text(name, style="bold") for name in self._header], console, options)
            deepest = max(map(len, names), default=0)
            yield from self._drawn([[*[()] * (deepest - len(name)), *name] for name in names])
        for row in self._rows:
            yield from self._drawn(self._broken(row, console, options))

    def _broken(
        self, row: Sequence[Cell], console: Console, options: ConsoleOptions
    ) -> Sequence[Sequence[Sequence[Segment]]]:
        return [_broken(cell, width, console, options) for cell, width in zip(row, self._widths, strict=True)]

    def _drawn(self, cells: Sequence[Sequence[Sequence[Segment]]]) -> Iterator[Segment]:
        for pieces in zip_longest(*cells, fillvalue=()):
            yield from self._line(pieces)

    def _line(self, pieces: Sequence[Sequence[Segment]]) -> Iterator[Segment]:
        waiting = 0
        for piece, width in zip(pieces, self._widths, strict=True):
            for segment in piece:
                yield Segment(" " * waiting + segment.text, segment.style) if waiting else segment
                waiting = 0
            waiting += width + _GAP - sum(_width(segment.text) for segment in piece)
        yield Segment.line()


def _broken(cell: Cell, width: int, console: Console, options: ConsoleOptions) -> list[list[Segment]]:
    """Return the lines of a cell in a width."""
    if isinstance(cell, str) or not cell.spans:
        lines = _plain(cell).split("\n")
        if all(line.isascii() or cell_len(line) <= width for line in lines):
            style = None if isinstance(cell, str) or not cell.style else console.get_style(cell.style)
            return [[Segment(part, style)] for line in lines for part in _wrapped(line, width)]
    drawn = Text(cell) if isinstance(cell, str) else cell
    return console.render_lines(drawn, options.update(width=max(width, 1), overflow="fold", height=None), pad=False)


def _wrapped(line: str, width: int) -> list[str]:
    """Break a line as rich does, at blanks, and words that are too long where the width ends."""
    if len(line) <= width or not line.isascii():
        return [line]
    parts, current = [], ""
    for word in _WORDS.findall(line):
        if len(current) + len(word.rstrip()) > width:
            parts += [current] if current else []
            current = ""
            while len(word.rstrip()) > width:
                parts.append(word[:width])
                word = word[width:]  # noqa: PLW2901 - the rest of it
        current += word
    return [part.rstrip() for part in (*parts, current)]


def _fit(widths: list[int], columns: Sequence[tuple[str, ...]], room: int) -> list[int]:
    """Return widths that together take no more than `room`, if there are any."""
    found = list(widths)
    if sum(found) <= room:
        return found
    for floors in zip(*map(_floors, widths, columns), strict=True):
        found = _shrunk(found, floors, room)
    return found


def _floors(width: int, column: tuple[str, ...]) -> tuple[int, int, int]:
    """Return how narrow a column may become: so that no word is broken, then only short ones stay whole, then none."""
    words = [word for text in column for word in text.split()]
    longest = max(map(_width, words), default=0)
    if all(map(_WHOLE.fullmatch, column)):
        return width, width, max(_FOLDED, longest)
    has_blanks = any(" " in text for text in column)
    return longest if has_blanks else width, _WRAPPED if has_blanks else width, _FOLDED


def _shrunk(widths: list[int], floors: Sequence[int], room: int) -> list[int]:
    """Make the widest narrower, again and again, until all fit or stand on their floors."""
    found = list(widths)
    while sum(found) > room:
        above = sorted((width, index) for index, width in enumerate(found) if width > floors[index])
        if not above:
            break
        widest, index = above.pop()
        # Down to the next one at once, as far as that is needed: of equals the last one goes first, by one.
        least = max(floors[index], above[-1][0] if above else 0, widest - (sum(found) - room))
        found[index] = min(widest - 1, least)
    return found
