"""The last gate before a terminal or a file."""

from collections.abc import Iterable, Iterator

from rich.console import Console, ConsoleOptions, RenderableType
from rich.segment import Segment

from outcomes.api.clean_text import clean_lines
from outcomes.api.terminal.tables import room_of


class Cleaned:
    """A drawing whose every piece of text is clean, whoever put it in."""

    def __init__(self, drawing: RenderableType) -> None:
        self._drawing = drawing

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> Iterator[Segment]:
        drawn = (
            Segment(text if control else clean_lines(text), style, control)
            for text, style, control in console.render(self._drawing, options)
        )
        yield from _without_padding(drawn) if room_of(options) is None else drawn


def _without_padding(drawn: Iterable[Segment]) -> Iterator[Segment]:
    """Leave out the blanks that fill a column up to its end: in a file they are only in the way."""
    for line in Segment.split_lines(drawn):
        while line and not line[-1].text.strip():
            line.pop()
        yield from line[:-1]
        if line:
            yield Segment(line[-1].text.rstrip(), line[-1].style)
        yield Segment.line()
