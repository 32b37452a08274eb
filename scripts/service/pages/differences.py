"""What differs between two trees, told as the tree shows it: what leaves its last group hangs in none, it is not gone.

The API's `diff` tells places: taken out of its last group an outcome is `removed` there. Here both trees say what
became of it.
"""

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from typing import Any, NamedTuple

from outcomes.domain.phrasing import listed
from outcomes.service.pages import frame, words
from outcomes.service.pages.story import FieldChange, field_changes
from outcomes.service.pages.viewer import Viewer

NO_GROUP, NOWHERE = "no group", "a group that is not there"
KINDS = ("changed", "policies", "moved", "removed", "added")
"""In the order in which they are told."""
_BECAME = {"created": "added", "deleted": "removed", "removed": "removed", "restored": "brought back"}


class Side(NamedTuple):
    """One of the two that are compared: a time, and what was known."""

    at: str
    known: str | None
    words: str

    @property
    def time(self) -> datetime:
        """The time as such."""
        time = words.moment_of(self.at)
        assert time is not None  # noqa: S101 - it is text of an instant
        return time


class Difference(NamedTuple):
    """One thing that differs: what it is, what became of it, and where."""

    title: str
    what: str
    became: str
    address: str | None
    fields: list[FieldChange]
    note: str


Places = Mapping[str, Mapping[str | None, str]]
"""By outcome: the names of the groups that hold it, by their ids; under None, that none does."""


class Trees(NamedTuple):
    """Both trees, as far as places go: where outcomes hang, what groups are called, and the number of outcomes.

    It is counted as in the tree: an outcome in two groups stands there twice.
    """

    before: Places
    after: Places
    groups: Mapping[str, str]
    numbers: tuple[int, int]


def trees(viewer: Viewer, context: str, earlier: Side, later: Side) -> Trees:
    """Return both trees of a context."""
    found = [viewer.ask("tree", at=side.at, known=side.known, context=context) for side in (earlier, later)]
    names: dict[str, str] = {}
    for side in (later, earlier):
        all_groups = viewer.ask("tree", at=side.at, known=side.known, context=context, include_deleted=True)
        names |= frame.group_names(all_groups)
    before, after = ([*_hanging(tree)] for tree in found)
    return Trees(_places(before), _places(after), names, (len(before), len(after)))


def told(viewer: Viewer, found: Mapping[str, Any], trees: Trees) -> dict[str, list[Difference]]:
    """Return what a diff has found, by `KINDS`."""
    moved = {row["id"]: row for kind in ("removed", "added") for row in found[kind] if _is_in_both(row, trees)}
    rows = {kind: [row for row in found[kind] if not _is_in_both(row, trees)] for kind in ("removed", "added")}
    return {
        "changed": [_difference(viewer, row, "changed", "") for row in found["changed"]],
        "policies": [_policy(viewer, row) for row in found["policies"]],
        "moved": [
            *(_difference(viewer, row, "moved", _move(row, trees.groups)) for row in found["moved"]),
            *(_difference(viewer, row, "moved", _replaced(row, trees)) for row in moved.values()),
        ],
        **{kind: [_difference(viewer, row, kind, _in(row, trees.groups)) for row in rows[kind]] for kind in rows},
    }


def _is_in_both(row: Mapping[str, Any], trees: Trees) -> bool:
    """Say whether an outcome that came to or went from a place is in the other tree, too, somewhere else."""
    return row["kind"] == "outcome" and row["id"] in trees.before and row["id"] in trees.after


def _hanging(tree: Mapping[str, Any]) -> Iterator[tuple[str, str | None, str]]:
    """Yield each line of an outcome: its id, and the group that it hangs in, by id and name."""
    sections = ((tree["roots"], None, NO_GROUP), (tree["unlinked"], None, NO_GROUP), (tree["detached"], "", NOWHERE))
    pending = [(node, group, name) for nodes, group, name in sections for node in nodes]
    while pending:
        node, group, name = pending.pop()
        if node["kind"] == "outcome":
            yield node["id"], group, name
        pending.extend((child, node["id"], node["title"] or node["id"]) for child in node.get("children", ()))


def _places(hanging: Iterable[tuple[str, str | None, str]]) -> Places:
    found: dict[str, dict[str | None, str]] = {}
    for outcome, group, name in hanging:
        found.setdefault(outcome, {})[group] = name
    return found


def _replaced(row: Mapping[str, Any], trees: Trees) -> str:
    """Say where an outcome went that was linked anew, or lost or got one of several places."""
    before, after = trees.before[row["id"]], trees.after[row["id"]]
    gone = [name for group, name in before.items() if group not in after]
    come = [name for group, name in after.items() if group not in before]
    if gone and come:
        return f"from {listed(gone)} to {listed(come)}"
    if gone:
        return f"out of {listed(gone)}; still in {listed(after.values())}"
    if come:
        return f"into {listed(come)}, besides {listed(before.values())}"
    return f"linked anew in {listed(after.values())}"


def _move(row: Mapping[str, Any], groups: Mapping[str, str]) -> str:
    before, after = (groups.get(str(group), NO_GROUP) for group in row["parent"])
    return f"from {before} to {after}"


def _in(row: Mapping[str, Any], groups: Mapping[str, str]) -> str:
    if row["parent_id"]:
        return f"in {groups.get(str(row['parent_id']), 'a group')}"
    return f"in {NO_GROUP}" if row["kind"] == "outcome" else ""


def _difference(viewer: Viewer, row: Mapping[str, Any], became: str, note: str) -> Difference:
    address = viewer.where.to(f"/outcome/{row['id']}") if row["kind"] == "outcome" else None
    what = "" if row["kind"] == "outcome" else "group "
    shown = [] if became != "changed" else list(field_changes(row["fields"]))
    return Difference(row["title"] or row["id"], what, became, address, shown, note)


def _policy(viewer: Viewer, row: Mapping[str, Any]) -> Difference:
    became = _BECAME.get(row["change"], "changed")
    shown = [] if became in {"added", "removed"} else list(field_changes(row["fields"]))
    context = row["title"].rpartition(" of ")[2]
    title = frame.readable(viewer, row["title"])
    return Difference(title, "", became, viewer.where.to(f"/scale/{context}"), shown, "")


def in_order(found: Mapping[str, list[Difference]]) -> Iterator[Difference]:
    """Yield all of it in one list."""
    for kind in KINDS:
        yield from found[kind]
