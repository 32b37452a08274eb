"""The last gate before a terminal."""

from collections.abc import Iterator

from rich.console import Console, ConsoleOptions, RenderableType
from rich.segment import Segment

from outcomes.api.clean_text import clean_lines


class Cleaned:
    """A drawing whose every piece of text is clean, whoever put it in."""

    def __init__(self, drawing: RenderableType) -> None:
        self._drawing = drawing

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> Iterator[Segment]:
        for text, style, control in console.render(self._drawing, options):
            yield Segment(text if control else clean_lines(text), style, control)
