"""What every answer can do: be JSON as the command line writes it, be lines of CSV, be printed, be shown in a notebook.

How answers look in a terminal and in a notebook is kept apart from them (`outcomes.api.terminal`, `outcomes.api.html`)
and loaded when one is first printed: whoever only computes pays nothing for it.
"""

from collections.abc import Iterable, Mapping
from dataclasses import field, fields
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, get_args, get_type_hints

from outcomes.domain.times import moment_text, parse_moment

if TYPE_CHECKING:
    from rich.console import RenderableType

_PLAIN = frozenset({str, int, float, bool, type(None)})


class Answer:
    """The root of all answers."""

    is_list: ClassVar[bool] = False
    """Whether its JSON is the list of its lines, so that it can be written as they come."""

    def as_json(self) -> Any:
        """Return the document that the command of the same name writes with `--format json`."""
        raise NotImplementedError

    def as_parts(self) -> tuple[dict[str, Any], Mapping[str, Iterable[dict[str, Any]]]]:
        """Return the same document as its first members and those lists at its end that may be too long to be held."""
        return self.as_json(), {}

    def as_lines(self) -> Iterable[dict[str, Any]]:
        """Yield what the command writes with `--format ndjson` and `csv`: one object a line, all with the same keys."""
        found = self.as_json()
        return found if isinstance(found, list) else [found]

    def columns(self) -> tuple[str, ...]:
        """Return the names of the members that its lines have, in their order: the heading of its CSV."""
        return tuple(next(iter(self.as_lines())))

    def __rich__(self) -> "RenderableType":
        from outcomes.api.terminal import drawing

        return drawing(self)

    def __str__(self) -> str:
        from outcomes.api.terminal import text

        return text(self)

    def _repr_html_(self) -> str | None:
        from outcomes.api.html import html

        return html(self)

    def _repr_pretty_(self, printer: Any, cycle: bool) -> None:
        """Show what `print` shows where a notebook or IPython shows a value as text."""
        printer.text("…" if cycle else str(self))


class Record(Answer):
    """A frozen dataclass whose fields are, in their order, the members of its JSON."""

    def as_json(self) -> dict[str, Any]:
        """Return the fields by name: times as UTC text with `Z`, what is `optional` left out where there is none."""
        # Copied at once, for most members are as JSON has them already, and some answers have a million rows.
        told = dict(vars(self))
        kind: Any = type(self)
        for name, is_optional in _not_plain(kind):
            value = told[name]
            if is_optional and value is None:
                del told[name]
            elif type(value) not in _PLAIN:
                told[name] = as_json(value)
        return told


def names_of(record: type[Record]) -> tuple[str, ...]:
    """Return the names of all members that the JSON of a record may have, in their order."""
    kind: Any = record
    return tuple(member.name for member in fields(kind))


def optional(**more: Any) -> Any:
    """Declare a field that stands in the JSON only where it is told."""
    return field(metadata={"optional": True}, **more)


@cache
def _not_plain(record: Any) -> tuple[tuple[str, bool], ...]:
    """Return the members that JSON may have otherwise than they are, or may not have: their names, and whether so."""
    hints = get_type_hints(record)
    found = ((member.name, "optional" in member.metadata) for member in fields(record))
    return tuple((name, is_optional) for name, is_optional in found if is_optional or not _is_plain(hints[name]))


def _is_plain(hint: Any) -> bool:
    return all(option in _PLAIN for option in get_args(hint) or (hint,))


def as_json(value: Any) -> Any:
    """Return any value of an answer as JSON has it."""
    kind = type(value)
    if kind in _PLAIN:
        return value
    # What nearly all values are comes first, asked by its very type: a long timeline has millions.
    if kind is dict:
        return {name: inner if type(inner) in _PLAIN else as_json(inner) for name, inner in value.items()}
    if kind is tuple or kind is list:
        if _PLAIN.issuperset(map(type, value)):
            return [*value]
        return [as_json(inner) for inner in value]
    return _as_json(value)


def _as_json(value: Any) -> Any:
    match value:
        case datetime():
            return time_text(value)
        case Answer():
            return value.as_json()
        case Mapping():
            return {name: as_json(inner) for name, inner in value.items()}
        case list() | tuple():
            return [as_json(inner) for inner in value]
        case Path():
            return str(value)
        case _:
            return value


def time_text(value: datetime) -> str:
    """Write an instant as all answers do: UTC, `Z`, milliseconds, and microseconds where there are any."""
    return moment_text(value)


def moment_of(text: str | None) -> datetime | None:
    """Read back an instant that an answer of the projections has as text."""
    return None if text is None else parse_moment(text)
