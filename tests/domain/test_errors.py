"""The tree of errors is drawn at the head of its module: what the drawing says is so."""

import inspect
import re

from outcomes.domain import errors

# Four blanks a step to the right: "* Name  what it is for".
_DRAWN = re.compile(r"^(?P<blanks> *)\* (?P<name>\w+)", re.MULTILINE)


def test_the_drawing_has_every_error_under_its_parent() -> None:
    """None is missing, none is there that is gone, and each stands one step to the right of what it is derived from."""
    drawn: dict[str, str | None] = {}
    above: list[str] = []
    for line in _DRAWN.finditer(errors.__doc__ or ""):
        depth = len(line["blanks"]) // 4
        above[depth:] = [line["name"]]
        drawn[line["name"]] = above[depth - 1] if depth else None

    derived = {
        name: kind.__bases__[0]
        for name, kind in inspect.getmembers(errors, inspect.isclass)
        if kind.__module__ == errors.__name__
    }
    parents = {name: None if base is Exception else base.__name__ for name, base in derived.items()}
    assert drawn == parents
