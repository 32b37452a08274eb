"""The outcome tree of a context."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from outcomes.api.answers.base import Answer, Record, as_json
from outcomes.api.answers.rows import RowList
from outcomes.domain import tree as domain
from outcomes.domain.identity import Kind
from outcomes.projections.views.tables import TABLES

SECTIONS = (("detached", "detached"), ("unlinked", "in no group"))
"""What hangs in no root, by the names of its members, with what people read above it."""


@dataclass(frozen=True, slots=True, repr=False, eq=False)
class TreeNode(Answer):
    """One place in a tree. An outcome has no children.

    `known` is False where others name it and no event has described it. `details` is what else the tree shows, by name,
    also what Canvas tells and this class has no word for. `why` says why a detached node hangs nowhere.
    """

    kind: Literal["group", "outcome"]
    id: str
    title: str | None
    state: str
    known: bool
    parent_id: str | None
    details: Mapping[str, Any]
    why: str | None = None
    children: tuple["TreeNode", ...] = ()

    @property
    def heading(self) -> str:
        """What it is called where people read, or why that is not known."""
        return self.title if self.title is not None else "(no title)" if self.known else "(never seen)"

    @property
    def link_id(self) -> str | None:
        """The link that puts an outcome here."""
        return self.details.get("link_id")

    @property
    def mastery_points(self) -> float | None:
        """From how many points of an outcome's own scale on it is mastered."""
        return self.details.get("mastery_points")

    @property
    def points_possible(self) -> float | None:
        """The most points of an outcome's own scale."""
        return self.details.get("points_possible")

    @property
    def calculation_method(self) -> str | None:
        """How an outcome's results are made one score."""
        return self.details.get("calculation_method")

    @property
    def calculation_int(self) -> int | None:
        """The method's number: a percentage, or how many results."""
        return self.details.get("calculation_int")

    @property
    def implied(self) -> str | None:
        """What the deletion of its outcome silently did to a link: "deleted", "uncertain" (DOMAIN.md 4), or nothing."""
        return self.details.get("implied")

    def __repr__(self) -> str:
        return f"<{self.kind} {self.id} {self.title!r}, {len(self.children)} children>"

    def as_json(self) -> dict[str, Any]:
        """Return the contract's NODE with all below it, however deep."""
        answer = _told(self)
        pending = [(self, answer)]
        while pending:
            node, told = pending.pop()
            if node.kind == "group":
                told["children"] = [_told(child) for child in node.children]
                pending.extend(zip(node.children, told["children"], strict=True))
        return answer

    def walk(self) -> Iterator[tuple[tuple[str, ...], "TreeNode"]]:
        """Yield this node and all below it, parents before children, each with the titles of those above it."""
        pending: list[tuple[tuple[str, ...], TreeNode]] = [((), self)]
        while pending:
            path, node = pending.pop()
            yield path, node
            below = (*path, node.title or node.id)
            pending.extend((below, child) for child in reversed(node.children))


def _told(node: TreeNode) -> dict[str, Any]:
    """Return the contract's NODE without its children."""
    told = {name: getattr(node, name) for name in _OF_ALL} | dict(node.details)
    if node.why is not None:
        told["why"] = node.why
    return told


_OF_ALL = ("kind", "id", "title", "state", "known", "parent_id")
_PLACE = ("section", "depth", "path")
_COLUMNS = (
    *_OF_ALL,
    *TABLES[Kind.GROUP].in_tree,
    "link_id",
    *TABLES[Kind.LINK].in_tree,
    *TABLES[Kind.OUTCOME].in_tree,
    "outcome_state",
    "link_state",
    "implied",
    "why",
)


@dataclass(frozen=True, repr=False)
class OutcomeTree(Answer):
    """A tree at a point. `as_of` None means all event times; `known_at` is a position of the log.

    `roots` are the groups without a parent; `detached` is what is active and hangs nowhere; `unlinked` are outcomes of
    this context that none of its groups holds. Siblings: groups first, then outcomes, each by title, then id.
    """

    tenant: str
    context: str
    as_of: datetime | None
    known_at: int
    roots: tuple[TreeNode, ...]
    detached: tuple[TreeNode, ...]
    unlinked: tuple[TreeNode, ...]

    def __repr__(self) -> str:
        return f"<outcome tree of {self.context}: {sum(1 for _ in self.nodes())} nodes; print it>"

    def __bool__(self) -> bool:
        """Whether anything is there."""
        return bool(self.roots or self.detached or self.unlinked)

    def nodes(self) -> Iterator[TreeNode]:
        """Yield every node, parents before children."""
        return (node for _, part in self._sections() for root in part for _, node in root.walk())

    def as_json(self) -> dict[str, Any]:
        """Return the contract's tree."""
        answer: dict[str, Any] = {
            "tenant": self.tenant,
            "context": self.context,
            "as_of": as_json(self.as_of),
            "known_at": self.known_at,
        }
        return answer | {name: [node.as_json() for node in nodes] for name, nodes in self._sections()}

    def as_lines(self) -> Iterator[dict[str, Any]]:
        """Yield a node a line, with the section it is in, its depth, and the titles above it."""
        for section, roots in self._sections():
            for root in roots:
                for path, node in root.walk():
                    place = dict(zip(_PLACE, (section, len(path), "/".join(path)), strict=True))
                    told = _told(node)
                    yield place | {name: told.get(name) for name in _COLUMNS}

    def columns(self) -> tuple[str, ...]:
        """Return where a node is and what is told of it."""
        return (*_PLACE, *_COLUMNS)

    def _sections(self) -> tuple[tuple[str, tuple[TreeNode, ...]], ...]:
        return ("roots", self.roots), ("detached", self.detached), ("unlinked", self.unlinked)


def frozen(roots: Iterable[domain.Node]) -> tuple[TreeNode, ...]:
    """Return the domain's nodes with all below them, bottom up, however deep."""
    roots = list(roots)
    order = list(roots)
    for node in order:  # grows as it goes
        order.extend(node.children)
    made: dict[int, TreeNode] = {}
    for node in reversed(order):
        children = tuple(made.pop(id(child)) for child in node.children)
        made[id(node)] = TreeNode(
            node.kind,
            node.id,
            node.title,
            node.state,
            node.known,
            node.parent_id,
            node.details,
            node.why,
            children,
        )
    return tuple(made[id(root)] for root in roots)


@dataclass(frozen=True)
class Place(Record):
    """A context: `name` is None where no event has told one; `results` says whether anybody was assessed in it."""

    context: str
    name: str | None
    tree: bool
    results: bool


class Places(RowList[Place]):
    """The contexts of a root account, accounts first."""

    row_type = Place


@dataclass(frozen=True)
class Student(Record):
    """Somebody who was assessed: `student` is the uuid that results have, `name` None where no event has told one."""

    student: str
    name: str | None


class Students(RowList[Student]):
    """Those who were assessed, by name; those without one last."""

    row_type = Student


@dataclass(frozen=True)
class FriendlyDescription(Record):
    """What an outcome is called for students in a place, since when it is so."""

    id: str
    context: str
    description: str | None
    since: datetime


class FriendlyDescriptions(RowList[FriendlyDescription]):
    """The friendly descriptions of an outcome, by place."""

    row_type = FriendlyDescription
