"""The tree as HTML, line by line, and what of it differs between two times: only that is sent to an open page.

Written without templates: a tree of thousands of lines is made at each step of the slider.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from markupsafe import Markup, escape

from outcomes.service.pages import words

_MARKS = {
    "added": ("+", "new at this moment"),
    "changed": ("≠", "changed at this moment"),
    "moved": ("→", "moved at this moment"),
    "removed": ("×", "removed at this moment"),
}
_GHOST = "x-"
"""Before the id of a line that stands for what is no longer there."""


@dataclass(frozen=True)
class Row:
    """One line with all below it. `told` is all that the line shows; two rows with equal `told` look the same."""

    id: str
    kind: str
    address: str
    told: tuple[str, str, str, str]
    children: tuple["Row", ...] = ()
    number: int = 0
    """How many outcomes it is, or holds."""


def rows(nodes: Iterable[Mapping[str, Any]], marks: Mapping[str, str]) -> tuple[Row, ...]:
    """Return the lines of nodes, in the order of their titles; `marks` has what became of them, by `kind:id`."""
    return tuple(_row(node, marks) for node in sorted(nodes, key=_order))


def _order(node: Mapping[str, Any]) -> tuple[Any, ...]:
    return (node["kind"] != "group", words.in_order(node["title"] or ""))


def _row(node: Mapping[str, Any], marks: Mapping[str, str]) -> Row:
    is_group = node["kind"] == "group"
    title = node["title"] or f"{node['kind']} {node['id']}"
    mark = marks.get(f"{node['kind']}:{node['id']}") or marks.get(f"link:{node.get('link_id')}") or ""
    remark = "" if node["known"] else "no event has described it yet"
    if node["state"] not in {"active", "implied", None}:
        remark = node["state"]
    if node.get("implied") == "uncertain":
        remark = "perhaps deleted with its outcome"
    if node.get("why"):
        remark = node["why"]
    told = (title, "" if is_group else words.policy(node), mark, remark)
    if is_group:
        return group_row(f"g-{node['id']}", told, rows(node["children"], marks))
    key = f"l-{node['link_id']}" if node.get("link_id") else f"o-{node['id']}"
    return Row(key, "outcome", node["id"], told, number=1)


def group_row(key: str, told: tuple[str, str, str, str], children: tuple[Row, ...]) -> Row:
    """Return the line of a group, or of a section, with all below it."""
    return Row(key, "group", "", told, children, outcomes_below(children))


def with_removed(before: Sequence[Row], after: Sequence[Row]) -> tuple[Row, ...]:
    """Return lines, and among them, where they were, those of a moment before that are nowhere any more."""
    there = set(_ids(after))
    return _merged(before, after, {row.id: row for row in _all(before)}, there)


def _merged(before: Sequence[Row], after: Sequence[Row], old: Mapping[str, Row], there: set[str]) -> tuple[Row, ...]:
    here = {row.id for row in after}
    behind: dict[str | None, list[Row]] = {}
    last: str | None = None
    for row in before:
        if row.id in here:
            last = row.id
        elif row.id not in there:
            behind.setdefault(last, []).append(_ghost(row, there))
    found = behind.get(None, [])
    for row in after:
        was = old.get(row.id)
        if was is None or row.kind != "group":
            found.append(row)
        else:
            found.append(replace(row, children=_merged(was.children, row.children, old, there)))
        found += behind.get(row.id, [])
    return tuple(found)


def _ghost(row: Row, there: set[str]) -> Row:
    title, policy, _, remark = row.told
    children = tuple(_ghost(child, there) for child in row.children if child.id not in there)
    return Row(f"{_GHOST}{row.id}", row.kind, row.address, (title, policy, "removed", remark), children)


def _ids(found: Sequence[Row]) -> Iterator[str]:
    return (row.id for row in _all(found))


def _all(found: Sequence[Row]) -> Iterator[Row]:
    pending = list(found)
    while pending:
        row = pending.pop()
        yield row
        pending.extend(row.children)


def group_names(found: Sequence[Row]) -> dict[str, str]:
    """Return the titles of groups by their ids, also of those that are no longer there."""
    groups = (row for row in _all(found) if row.kind == "group")
    return {row.id.removeprefix(_GHOST).removeprefix("g-"): row.told[0] for row in groups}


def matching(found: Sequence[Row], text: str) -> tuple[Row, ...]:
    """Return the lines that hold a text, with the groups above them."""
    wanted, kept = words.folded(text), []
    for row in found:
        if wanted in words.folded(row.told[0]):
            kept.append(row)
        elif below := matching(row.children, text):
            kept.append(group_row(row.id, row.told, below))
    return tuple(kept)


def outcomes_below(found: Sequence[Row]) -> int:
    """Count the outcomes."""
    return sum(row.number for row in found)


def html(found: Sequence[Row], root: str, query: str) -> Markup:
    """Return lines as list items; `root` and `query` stand before and behind an outcome's address."""
    parts: list[str] = []
    for row in found:
        _write(row, root, query, parts)
    return Markup("".join(parts))  # noqa: S704 - all that is not ours is escaped where it is written


def _write(row: Row, root: str, query: str, parts: list[str]) -> None:
    title, policy, mark, remark = row.told
    marked = f' class="is-{mark}"' if mark else ""
    sign = (
        f'<span class="mark" title="{_MARKS[mark][1]}">{_MARKS[mark][0]}<i> {_MARKS[mark][1]}</i></span>'
        if mark
        else ""
    )
    note = f'<span class="remark">{escape(remark)}</span>' if remark else ""
    if row.kind == "outcome":
        link = f'<a href="{root}/outcome/{escape(row.address)}{query}">{escape(title)}</a>'
        parts.append(
            f'<li id="{escape(row.id)}"{marked}><div class="leaf">{sign}{link}{note}'
            f'<span class="policy">{escape(policy)}</span></div></li>'
        )
        return
    parts.append(
        f'<li id="{escape(row.id)}"{marked}><details open><summary>{sign}<span class="title">{escape(title)}</span>'
        f'{note}<span class="number">{row.number}</span></summary><ul>'
    )
    for child in row.children:
        _write(child, root, query, parts)
    parts.append("</ul></details></li>")


def differences(before: Sequence[Row], after: Sequence[Row], root: str, query: str) -> Iterator[str]:
    """Yield partial swaps that make the second list of the first, where both have the same lines in the same order.

    A group whose own line, or whose list of lines, differs is sent whole; of any other only what differs below it.
    """
    for old, new in zip(before, after, strict=True):
        # Lists are compared line by line as they are gone through: to compare whole groups first would do it twice.
        is_same_list = [row.id for row in old.children] == [row.id for row in new.children]
        if old.told != new.told or not is_same_list:
            yield swap(f"#{new.id}", "outerHTML", html((new,), root, query))
            continue
        if new.kind == "outcome":
            continue
        if new.number != old.number:
            yield swap(f"#{new.id} > details > summary > .number", "innerHTML", str(new.number))
        yield from differences(old.children, new.children, root, query)


def swap(target: str, how: str, content: str) -> str:
    """Return one swap of a part of an open page."""
    return f'<hx-partial hx-target="{escape(target)}" hx-swap="{how}">{content}</hx-partial>'
