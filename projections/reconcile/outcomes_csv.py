"""Canvas's CSV of outcomes against the tree of a context: what it holds otherwise, more or no more.

The file is of one moment: no row has a time of its own, so what differs was missed at some time between ours and the
file's, and what is recorded of it is recorded at the file's time. It names no links: where an outcome hangs is
compared, and cannot be recorded. Deleted rows are not in it.
"""

import sqlite3
from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

from outcomes.domain.entities.observation import id_field_of
from outcomes.domain.identity import Context, Kind
from outcomes.domain.reconciliation import ExportMoment, Judgement, Verdict, differences
from outcomes.domain.tree import Node
from outcomes.projections.as_of.point import PointInTime
from outcomes.projections.as_of.tree import tree_at
from outcomes.projections.reconcile.present import KnownVersion, Present
from outcomes.projections.reconcile.verdicts import Verdicts
from outcomes.store.observations.observation import Observation
from outcomes.store.sources.exports.outcomes_csv import GUIDS, CsvNode

TABLE = "outcomes_csv"

Write = Callable[[Observation, int], None]
Place = tuple[str, str]
"""An outcome and the group in which it hangs; the group is empty for the root of the context."""


class _Tree(NamedTuple):
    """What hangs in a context here: its root, active groups, and the link of each place."""

    root: str | None
    groups: set[str]
    links: dict[Place, str]


class OutcomesComparison:
    """Compares one file; what it shows of groups and outcomes is given to `write`, if there is that."""

    def __init__(
        self,
        connection: sqlite3.Connection,
        point: PointInTime,
        present: Present,
        exported: ExportMoment,
        book: Verdicts,
    ) -> None:
        self._connection, self._point = connection, point
        self._present = present
        self._exported = exported
        self.book = book

    def run(self, nodes: list[CsvNode], context: Context, write: Write | None) -> None:
        """Compare everything that a file says of a context."""
        tree = _hanging(tree_at(self._connection, self._point, context).roots)
        ids = {node.guid: node.id for node in nodes if node.kind == "group"}
        for kind in (Kind.GROUP, Kind.OUTCOME):
            some = [node for node in nodes if node.kind == kind.value]
            here = self._present.versions(kind, [node.id for node in some if node.id is not None])
            bodies = self._present.bodies(found.position for found in here.values())
            for node in some:
                theirs = _group(node, ids, tree.root, context) if kind is Kind.GROUP else _outcome(node)
                self._compare(kind, node, theirs, context.course, here.get(node.id or ""), bodies, write)
        self._no_more(nodes, tree, context)
        self._places(nodes, ids, tree, context)

    def _compare(
        self,
        kind: Kind,
        node: CsvNode,
        theirs: dict[str, Any],
        course: str | None,
        here: KnownVersion | None,
        bodies: dict[int, dict[str, Any]],
        write: Write | None,
    ) -> None:
        if node.id is None:
            why = "the file does not tell its id (canvas_id)"
            self.book.add(kind, node.guid, course, Judgement(Verdict.CANNOT_SAY, why=why), told=False)
            return
        ours = {} if here is None else bodies.get(here.position)
        if ours is None:
            return  # erased
        if here is not None:
            theirs = {name: value for name, value in theirs.items() if name not in {"context_type", "context_id"}}
        body = {**ours, **theirs}
        found = self._judged(kind, body, ours, here)
        self.book.add(kind, node.id, course, found, told=here is not None and here.is_told)
        self.book.bad += found.verdict is Verdict.MISSED
        if write is not None and found.verdict in {Verdict.MISSED, Verdict.NEVER_TOLD}:
            time = self._exported.at if here is None else max(self._exported.at, here.event_time)
            told = {name: value for name, value in body.items() if value is not None}
            write(
                Observation(kind, node.id, {**told, id_field_of(kind): node.id}, self._exported.at, None, TABLE), time
            )

    def _judged(self, kind: Kind, theirs: dict[str, Any], ours: dict[str, Any], here: KnownVersion | None) -> Judgement:
        if here is None:
            return Judgement(Verdict.NEVER_TOLD, None, self._exported.at, why="the file does not tell when it was made")
        fields = differences(kind, ours, theirs)
        clock = here.updated_at or here.event_time
        if not fields:
            return Judgement(Verdict.SAME)
        if self._exported.is_under_way(clock):
            return Judgement(Verdict.LAGGING, None, clock, fields, "the file may be of before this change")
        return Judgement(Verdict.MISSED, clock, self._exported.at, fields, "at some time before the file was made")

    def _no_more(self, nodes: list[CsvNode], tree: _Tree, context: Context) -> None:
        theirs = {node.id for node in nodes if node.kind == "group"}
        self._gone(Kind.GROUP, sorted(tree.groups - theirs - {tree.root}), context)

    def _places(self, nodes: list[CsvNode], ids: dict[str, str | None], tree: _Tree, context: Context) -> None:
        outcomes = [node for node in nodes if node.kind == "outcome" and node.id is not None]
        theirs = {
            (node.id or "", ids.get(parent) or "") if parent else (node.id or "", tree.root or "")
            for node in outcomes
            for parent in node.parents or ("",)
        }
        for place, link in sorted(tree.links.items()):
            if place in theirs:
                self.book.add(Kind.LINK, link, context.course, Judgement(Verdict.SAME), told=True)
        self._gone(Kind.LINK, [link for place, link in sorted(tree.links.items()) if place not in theirs], context)
        for outcome, group in sorted(theirs - tree.links.keys()):
            why = f"outcome {outcome} hangs in group {group or 'of the root'}: the file does not tell the link's id"
            found = Judgement(Verdict.NEVER_TOLD, None, self._exported.at, why=why)
            self.book.add(Kind.LINK, f"{group}.{outcome}", context.course, found, told=False)

    def _gone(self, kind: Kind, numbers: list[str], context: Context) -> None:
        gone = Judgement(Verdict.GONE, None, self._exported.at, why="active here, and not in the file")
        for number, here in self._present.versions(kind, numbers).items():
            lagging = Judgement(Verdict.LAGGING, None, here.event_time, why="the file is of before it was made")
            is_new = self._exported.is_under_way(here.event_time)
            self.book.add(kind, number, context.course, lagging if is_new else gone, told=here.is_told)


def _hanging(roots: Iterable[Node]) -> _Tree:
    groups: set[str] = set()
    links: dict[Place, str] = {}
    waiting = list(roots)
    root = waiting[0].id if len(waiting) == 1 else None
    while waiting:
        node = waiting.pop()
        groups.add(node.id)
        for child in node.children:
            if child.kind == "group":
                waiting.append(child)
            elif child.details.get("link_state") != "deleted":
                links[child.id, node.id] = str(child.details["link_id"])
    return _Tree(root, groups, links)


def _guid(node: CsvNode) -> str | None:
    return None if node.guid.startswith(tuple(GUIDS.values())) else node.guid


def _group(node: CsvNode, ids: dict[str, str | None], root: str | None, context: Context) -> dict[str, Any]:
    parent = ids.get(node.parents[0]) if node.parents else root
    told = {
        "title": node.title,
        "description": node.description or None,
        "vendor_guid": _guid(node),
        "workflow_state": node.state,
    }
    return {
        **_told(node, told),
        **({"parent_outcome_group_id": parent} if parent is not None and "parent_guids" in node.columns else {}),
        "context_type": context.type,
        "context_id": context.id,
    }


def _outcome(node: CsvNode) -> dict[str, Any]:
    # Not its context: the file says where an outcome hangs, and it may be at home elsewhere.
    ratings = [{"points": points, "description": description} for points, description in node.ratings]
    most = max((points for points, _ in node.ratings if points is not None), default=None)
    criterion = {"mastery_points": node.mastery_points, "points_possible": most, "ratings": ratings}
    told = {
        "title": node.title,
        "display_name": node.display_name or None,
        "description": node.description or None,
        "vendor_guid": _guid(node),
        "calculation_method": node.calculation_method,
        "calculation_int": node.calculation_int,
        "workflow_state": node.state,
    }
    return {
        **_told(node, told),
        "short_description": node.title,
        **({"rubric_criterion": criterion} if ratings and "mastery_points" in node.columns else {}),
    }


def _told(node: CsvNode, fields: dict[str, Any]) -> dict[str, Any]:
    """Return the fields that the file has a column for."""
    return {name: value for name, value in fields.items() if name in node.columns}
