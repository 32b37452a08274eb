"""The CSV of outcomes that Canvas exports and imports: groups and outcomes with the guids of what they hang in.

It tells no times, no links' ids and nothing that is deleted: it is a tree of one moment, not a history.
"""

import re
from collections.abc import Iterable
from itertools import zip_longest
from pathlib import Path
from typing import Final, NamedTuple

from outcomes.domain.errors import UnreadableInput
from outcomes.store.sources.exports.delimited import Record, csv_records_in, head_of
from outcomes.store.sources.exports.rows import number, whole

_NEEDED = ("vendor_guid", "object_type", "title")
GUIDS: Final = {"group": "canvas_outcome_group:", "outcome": "canvas_outcome:"}
"""How a guid begins that Canvas makes up for what has none, before the id."""
_OF_OUTCOMES = frozenset({"mastery_points", "ratings"})
"""Columns that a row of a group may lack: they come last."""


class CsvNode(NamedTuple):
    """A group or an outcome of the file. `parents` are guids; none: it hangs in the root of its context.

    `columns` are those of the file: what it has none for it does not tell.
    """

    kind: str
    id: str | None
    guid: str
    title: str
    description: str | None
    display_name: str | None
    calculation_method: str | None
    calculation_int: int | None
    parents: tuple[str, ...]
    state: str
    mastery_points: float | None
    ratings: tuple[tuple[float | None, str], ...]
    columns: frozenset[str]


def is_outcomes_csv(path: Path) -> bool:
    """Say whether a file's first record names columns of this CSV; raises UnreadableInput if it cannot be read."""
    first = next(csv_records_in(path), None)
    return first is not None and {"object_type", "vendor_guid"} <= set(head_of(first[1]))


def nodes_in(path: Path) -> list[CsvNode]:
    """Return the rows of a file, in its order; raises UnreadableInput that names the line."""
    name = str(path)
    records = list(csv_records_in(path))
    if not records:
        raise UnreadableInput(f"{name} is empty: export the outcomes again")
    columns = head_of(records[0][1])
    lacking = [column for column in _NEEDED if column not in columns]
    if lacking:
        raise UnreadableInput(f"{name} has no column {', '.join(lacking)}: is it a CSV of outcomes?")
    nodes = []
    for line, record in records[1:]:
        if any(record):
            try:
                nodes.append(_node(columns, record))
            except ValueError as error:
                raise UnreadableInput(f"{name} line {line}: {error}: export the outcomes again") from error
    _check_parents(nodes, name)
    return nodes


def _node(columns: list[str], record: Record) -> CsvNode:
    cells = dict(zip(columns, record, strict=False))  # ratings go on to the right of their column's name
    kind = cells.get("object_type") or ""
    if kind not in GUIDS:
        raise ValueError(f"object_type is {kind!r}, neither outcome nor group")
    may_lack = {"", "ratings"} | (_OF_OUTCOMES if kind == "group" else set())
    missing = [name for name in columns[len(record) :] if name not in may_lack]
    if missing:
        raise ValueError(f"the row ends before {missing[0]}: it was cut short or changed")
    guid = cells.get("vendor_guid") or ""
    local = cells.get("canvas_id") or (guid.removeprefix(GUIDS[kind]) if guid.startswith(GUIDS[kind]) else None)
    first = columns.index("ratings") if "ratings" in columns else len(record)
    return CsvNode(
        kind=kind,
        id=local,
        guid=guid,
        title=cells.get("title") or "",
        description=cells.get("description"),
        display_name=cells.get("display_name"),
        calculation_method=cells.get("calculation_method"),
        calculation_int=whole(cells.get("calculation_int")),
        parents=tuple((cells.get("parent_guids") or "").split()),
        state=cells.get("workflow_state") or "active",
        mastery_points=points_of(cells.get("mastery_points")),
        ratings=tuple(_ratings(record[first:])),
        columns=frozenset(columns),
    )


def _ratings(cells: Record) -> Iterable[tuple[float | None, str]]:
    for points, description in zip_longest(cells[::2], cells[1::2]):
        if points is not None:
            yield points_of(points), description or ""


def points_of(text: str | None) -> float | None:
    """Return points, which Canvas writes as its user's language does: 1,000.5 or 1.000,5 or 1 000,5 or 3,5."""
    plain = "" if text is None else re.sub(r"(?<=\d)[\s'\u2019](?=\d{3})", "", text.strip())
    if re.fullmatch(r"[1-9]\d{0,2}(,\d{3})+(\.\d+)?", plain):
        plain = plain.replace(",", "")
    elif "," in plain and plain.rfind(",") > plain.rfind("."):
        plain = plain.replace(".", "").replace(",", ".")
    return number(plain)


def _check_parents(nodes: list[CsvNode], name: str) -> None:
    known: set[str] = set()
    for node in nodes:
        missing = [guid for guid in node.parents if guid not in known]
        if missing:
            raise UnreadableInput(f"{name}: {node.kind} {node.guid} hangs in {missing[0]}, which no row before it is")
        if node.kind == "group":
            known.add(node.guid)
