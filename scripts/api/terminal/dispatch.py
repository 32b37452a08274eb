"""How each kind of answer is drawn: rooms register theirs; what has none of its own is a table, or names and values."""

from functools import singledispatch
from itertools import chain

from rich.console import RenderableType

from outcomes.api.answers.base import Answer, Record
from outcomes.api.answers.rows import Rows
from outcomes.api.terminal import parts


@singledispatch
def draw(answer: Answer) -> RenderableType:
    """Draw an answer of a kind that has no look of its own: its members under one another."""
    return parts.facts(answer.as_json())


@draw.register(Rows)
def _rows(rows: Rows[Record]) -> RenderableType:
    lines = iter(rows.as_lines())
    first = next(lines, None)
    if first is None:
        return parts.table((), ())
    return parts.table(list(first), (list(line.values()) for line in chain([first], lines)))
