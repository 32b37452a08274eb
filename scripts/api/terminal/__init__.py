"""Answers as people like to read them in a terminal: drawn with rich. Loaded when one is first printed."""

import io

from rich.console import Console, RenderableType

from outcomes.api.answers.base import Answer
from outcomes.api.answers.rows import SHOWN, Rows
from outcomes.api.terminal.cleaned import Cleaned
from outcomes.api.terminal.dispatch import drawn
from outcomes.api.terminal.tables import UNBOUNDED, PagedTable

__all__ = ["UNBOUNDED", "drawing", "show", "text"]

_WIDTH = 160


def drawing(answer: Answer) -> RenderableType:
    """Draw all of an answer."""
    return Cleaned(drawn(answer))


def show(answer: Answer, console: Console) -> None:
    """Print an answer; of rows a screenful as soon as it has been read, so that a long table is never held."""
    found = drawn(answer)
    pages = found.pages(console.options) if isinstance(found, PagedTable) else [found]
    for page in pages:
        console.print(Cleaned(page), crop=False)


def text(answer: Answer) -> str:
    """Return an answer as plain text; of many rows the first, and that there are more."""
    more = ""
    if isinstance(answer, Rows):
        answer, is_all = answer.beginning()
        more = "" if is_all else f"\n… and more: these are the first {SHOWN} rows"
    out = io.StringIO()
    Console(file=out, width=_WIDTH, highlight=False, soft_wrap=False, color_system=None).print(
        drawing(answer), crop=False
    )
    lines = (line.rstrip() for line in out.getvalue().rstrip("\n").split("\n"))
    return "\n".join(lines) + more
