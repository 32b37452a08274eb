"""The outcome tree of one context at one point, from the states of its groups, links and outcomes.

Canvas's trees are not tidy (DOMAIN.md 6): several roots, legacy loops, links that arrive before their outcome or
group, outcomes linked twice or owned by another context. Whatever is active is always somewhere in the answer.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Literal, NamedTuple

from outcomes.domain.identity import id_sort_key
from outcomes.domain.times import Micros

ACTIVE, DELETED = "active", "deleted"

NOTHING: Mapping[str, Any] = MappingProxyType({})


class GroupState(NamedTuple):
    """What the tree needs of a group; `shown` is what besides stands at its node."""

    id: str
    parent_id: str | None
    title: str | None
    state: str
    shown: Mapping[str, Any] = NOTHING


class LinkState(NamedTuple):
    """What the tree needs of a link; `event_time` is that of its last own event, `shown` what besides stands there."""

    id: str
    outcome_id: str
    group_id: str | None
    state: str
    event_time: Micros
    shown: Mapping[str, Any] = NOTHING


class OutcomeState(NamedTuple):
    """What the tree needs of an outcome; `shown` is what besides stands at its nodes."""

    id: str
    title: str | None
    state: str
    shown: Mapping[str, Any] = NOTHING


class Deletion(NamedTuple):
    """The last time an outcome was said to be deleted, and whether a CSV import brought it back since."""

    event_time: Micros
    revived: Literal["no", "by import", "otherwise"]


Implied = Literal["deleted", "uncertain"]


def implied_state(link: LinkState, deletion: Deletion | None) -> Implied | None:
    """Say what the deletion of its outcome silently did to a link (DOMAIN.md 4, 6: repair rule).

    Deleting an outcome deletes its links without events. A later event of the link overrules that; the return of
    the outcome does not, unless a CSV import did it, and then nobody can be certain.
    """
    if deletion is None or link.state == DELETED or link.event_time > deletion.event_time:
        return None
    return "uncertain" if deletion.revived == "by import" else "deleted"


@dataclass(slots=True)
class Node:
    """One place in the tree; `why` says why a detached node hangs nowhere."""

    kind: Literal["group", "outcome"]
    id: str
    title: str | None
    state: str
    known: bool
    parent_id: str | None
    details: dict[str, Any] = field(default_factory=dict)
    children: list["Node"] = field(default_factory=list)
    why: str | None = None

    def as_json(self) -> dict[str, Any]:
        """Return the contract's NODE with all below it, however deep."""
        answer = self.alone()
        pending = [(self, answer)]
        while pending:
            node, told = pending.pop()
            if node.kind == "group":
                told["children"] = [child.alone() for child in node.children]
                pending.extend(zip(node.children, told["children"], strict=True))
        return answer

    def alone(self) -> dict[str, Any]:
        """Return the contract's NODE without its children."""
        answer: dict[str, Any] = {
            "kind": self.kind,
            "id": self.id,
            "title": self.title,
            "state": self.state,
            "known": self.known,
            "parent_id": self.parent_id,
            **self.details,
        }
        if self.why is not None:
            answer["why"] = self.why
        return answer


class Tree(NamedTuple):
    """Roots, what hangs nowhere, and the context's own outcomes that no group holds."""

    roots: list[Node]
    detached: list[Node]
    unlinked: list[Node]


def build_tree(
    groups: Iterable[GroupState],
    links: Iterable[LinkState],
    outcomes: Mapping[str, OutcomeState],
    *,
    deletions: Mapping[str, Deletion] | None = None,
    own_outcomes: Iterable[str] = (),
    foreign_groups: frozenset[str] = frozenset(),
    shown_of_unknown: Mapping[str, Any] = NOTHING,
    include_deleted: bool = False,
) -> Tree:
    """Hang every group and link of a context where it belongs.

    `groups` and `links` are those whose context this is; `outcomes` whatever is known of the linked ones;
    `foreign_groups` the ids, among the parents named, that live in another context; `own_outcomes` the ids of
    outcomes created in this context; `shown_of_unknown` what stands at an outcome that was only named by others.
    """
    by_id = {group.id: group for group in groups}
    looped = _on_a_loop(by_id)
    shown: list[Node] = [_group_node(group) for group in by_id.values()]
    linked: set[str] = set()
    for link in links:
        deletion = (deletions or {}).get(link.outcome_id)
        node = _outcome_node(link, outcomes.get(link.outcome_id), deletion, shown_of_unknown)
        if node.details["link_state"] != DELETED:
            linked.add(link.outcome_id)
        shown.append(node)

    nodes = {node.id: node for node in shown if node.kind == "group"}
    roots: list[Node] = []
    detached: list[Node] = []
    for node in shown:
        if node.state == DELETED and not include_deleted:
            continue
        if node.kind == "group" and node.parent_id is None:
            roots.append(node)
            continue
        node.why = _why_detached(node, by_id, looped, foreign_groups)
        if node.why is None or (node.state == DELETED and node.parent_id in by_id and node.parent_id not in looped):
            node.why = None
            nodes[str(node.parent_id)].children.append(node)
        else:
            detached.append(node)
    unlinked = [
        _unlinked_node(outcomes[outcome_id])
        for outcome_id in own_outcomes
        if outcome_id in outcomes
        and outcome_id not in linked
        and (include_deleted or outcomes[outcome_id].state != DELETED)
    ]
    for siblings in (roots, detached, unlinked, *(node.children for node in nodes.values())):
        siblings.sort(key=_sibling_order)
    return Tree(roots, detached, unlinked)


def _sibling_order(node: Node) -> tuple[bool, str, tuple[int, int, str], tuple[int, int, str]]:
    # Groups first, each by title (case-folded), then id as a number; the link tells one outcome's two places apart.
    link_id = str(node.details.get("link_id") or "")
    return (node.kind == "outcome", (node.title or "").casefold(), id_sort_key(node.id), id_sort_key(link_id))


def _why_detached(
    node: Node,
    groups: Mapping[str, GroupState],
    looped: frozenset[str],
    foreign: frozenset[str],
) -> str | None:
    parent_id = node.parent_id
    if parent_id is None:
        return "no group named"
    if parent_id in foreign:
        return "parent in another context"
    parent = groups.get(parent_id)
    if parent is None:
        return "parent unknown"
    if parent.state == DELETED:
        return "parent deleted"
    return "parent in a loop" if parent_id in looped else None


def _on_a_loop(groups: Mapping[str, GroupState]) -> frozenset[str]:
    """Find the groups that are their own ancestor; each is visited once, however deep the tree."""
    looped: set[str] = set()
    settled: set[str] = set()
    for start in groups:
        path: dict[str, int] = {}
        current: str | None = start
        while current is not None and current in groups and current not in settled and current not in path:
            path[current] = len(path)
            current = groups[current].parent_id
        if current in path:
            looped.update(list(path)[path[current] :])
        settled.update(path)
    return frozenset(looped)


def _group_node(group: GroupState) -> Node:
    details = dict(group.shown)
    return Node("group", group.id, group.title, group.state, known=True, parent_id=group.parent_id, details=details)


def _outcome_node(
    link: LinkState, outcome: OutcomeState | None, deletion: Deletion | None, shown_of_unknown: Mapping[str, Any]
) -> Node:
    implied = implied_state(link, deletion)
    link_state = DELETED if implied == "deleted" else link.state
    details: dict[str, Any] = {
        "link_id": link.id,
        **link.shown,
        **(outcome.shown if outcome else shown_of_unknown),
        "outcome_state": outcome.state if outcome else None,
        "link_state": link_state,
        "implied": implied,
    }
    # A deleted link takes the outcome out of this place, whatever the outcome's own state.
    state = DELETED if link_state == DELETED else outcome.state if outcome else ACTIVE
    return Node(
        "outcome",
        link.outcome_id,
        outcome.title if outcome else None,
        state,
        known=outcome is not None,
        parent_id=link.group_id,
        details=details,
    )


def _unlinked_node(outcome: OutcomeState) -> Node:
    details = {
        "link_id": None,
        **outcome.shown,
        "outcome_state": outcome.state,
        "link_state": None,
        "implied": None,
    }
    return Node("outcome", outcome.id, outcome.title, outcome.state, known=True, parent_id=None, details=details)
