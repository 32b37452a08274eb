"""How each kind of answer is drawn: modules register theirs; any other is a table, or names and values."""

from functools import singledispatch
from importlib import import_module
from itertools import chain

from rich.console import RenderableType

from outcomes.api.answers.base import Answer, Record
from outcomes.api.answers.rows import Rows
from outcomes.api.terminal import parts

_DRAWN_IN = {
    "tree": ("trees",),
    "differences": ("trees",),
    "entity": ("events",),
    "events": ("events",),
    "moments": ("events",),
    "mastery": ("mastery",),
    "operations": ("operations",),
    "exports": ("exports",),
}
_EVERYWHERE = tuple(dict.fromkeys(chain(*_DRAWN_IN.values())))


def drawn(answer: Answer) -> RenderableType:
    """Draw an answer; what draws its subject is loaded when the first one comes."""
    subject = type(answer).__module__.rpartition(".")[2]
    for name in _DRAWN_IN.get(subject, _EVERYWHERE):
        import_module(f"outcomes.api.terminal.{name}")
    return draw(answer)


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
