"""What drawings are made of: numbers, values and names in one line, tables, who did it."""

import json
import unicodedata
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from functools import cache
from typing import TYPE_CHECKING, Any, TypeVar

from rich.table import Table
from rich.text import Text

from outcomes.api.answers.base import time_text
from outcomes.api.clean_text import clean
from outcomes.api.terminal.tables import VALUE_WIDTH, Cell, Lines, PagedTable, Room
from outcomes.domain.mastery.derivation import exact

if TYPE_CHECKING:
    from outcomes.api.answers.entity import Actor

Item = TypeVar("Item")

_CHANGES = {"created": "green", "updated": "cyan", "deleted": "red", "restored": "magenta", "none": "dim"}
_PATH_SHOWN = 24


def number(value: float | None) -> str:
    """Write a number with every digit that it has, and no idle one: 3 for 3.0; nothing for none.

    A table never shortens a number into another: two that differ must look different.
    """
    if value is None:
        return ""
    return str(value) if isinstance(value, int) else exact(value)


def shown(value: Any) -> str:
    """Write any value in one line: of JSON, or a time."""
    if value is None:
        return "-"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int | float):
        return number(value)
    if isinstance(value, datetime):
        return time_text(value)
    if isinstance(value, list | tuple) and all(isinstance(one, str) for one in value):
        value = ", ".join(value)
    return clean(" ".join(str(value).split()))


def shortened(value: Any, room: Room = VALUE_WIDTH) -> str:
    """Write a value in one line, cut to the room that it has."""
    return _cut(shown(value), room)


def arrow(before: Any, after: Any, room: Room = VALUE_WIDTH) -> str:
    """Write a change from one value to another so that the two look different, also where they are cut.

    What is the same to the eye (other blanks, marks that nobody sees, the same beginning) is written as JSON, from
    shortly before the first difference on.
    """
    one, other = shown(before), shown(after)
    cut = [_cut(text, room) for text in (one, other)]
    if before != after and _looks(cut[0]) == _looks(cut[1]):
        exact_texts = json.dumps(before), json.dumps(after)
        pairs = enumerate(zip(*exact_texts, strict=False))
        same = next((place for place, (one, other) in pairs if one != other), min(map(len, exact_texts)))
        start = 0 if room is None else max(0, same - room // 3)
        cut = [("…" if start else "") + _cut(text[start:], room) for text in exact_texts]
    return f"{cut[0]} → {cut[1]}"


def _looks(text: str) -> str:
    return " ".join(unicodedata.normalize("NFKC", text).split())


def _cut(text: str, room: Room) -> str:
    return text if room is None or len(text) <= room else text[: room - 1] + "…"


def table(columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> PagedTable:
    """Return a plain table of rows that look the same everywhere; cells may be text with style."""
    return fitted_table(columns, rows, lambda row, _room: row)


def fitted_table(
    columns: Sequence[str], items: Iterable[Item], row_of: Callable[[Item, Room], Sequence[Any]]
) -> PagedTable:
    """Return a plain table with a row for each item, made for the room that a value has."""
    return PagedTable(columns, lambda room: ([_cell(cell) for cell in row_of(item, room)] for item in items))


def _cell(cell: Any) -> Cell:
    return cell if isinstance(cell, Lines | Text) else shown(cell)


def facts(pairs: Mapping[str, Any], title: str | None = None) -> Table:
    """Return names and values under one another."""
    drawn = Table.grid(padding=(0, 2))
    if title:
        drawn.title = title
    for name, value in pairs.items():
        drawn.add_row(Text(clean(name), style="bold"), value if isinstance(value, Text) else Text(shown(value)))
    return drawn


@cache
def change(name: str) -> Text:
    """Return the name of a change in its colour."""
    return Text(name, style=_CHANGES.get(name, ""))


def moved(parents: Sequence[str | None]) -> str:
    """Write the group before and after."""
    before, after = (None if parent is None else f"group:{parent}" for parent in parents)
    return arrow(before, after)


def changes(fields: Mapping[str, Sequence[Any]], room: Room = VALUE_WIDTH) -> str:
    """Write fields, each before and after, in one line."""
    return "; ".join(f"{name}: {arrow(before, after, room)}" for name, (before, after) in fields.items())


def actor(who: "Actor", room: Room) -> Lines:
    """Say who did it (who stood behind a masquerade; the job with its number), and below that by what."""
    person, job = who.login or who.user_id, who.job
    if who.real_user_id:
        person = f"{who.real_user_id} as {person or 'someone'}"
    if job and who.job_id:
        job = f"job {job}" if job == who.job_id else f"{job} (job {who.job_id})"
    lines = [clean(part) for part in (person, job, who.via if room is None else _ending(who.via)) if part]
    return Lines("\n".join(lines) or "-")


def _ending(via: str | None) -> str | None:
    """Shorten a path to its end, which says what was done to what."""
    method, _, path = (via or "").rpartition(" ")
    if len(path) <= _PATH_SHOWN:
        return via
    return f"{method} …{path[1 - _PATH_SHOWN :]}".strip()
