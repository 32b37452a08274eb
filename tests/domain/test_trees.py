"""Trees from points: whatever is active is somewhere in the answer, however untidy the groups and links are.

Trees are compared as short texts: `1(2(7@70) 3)` is group 1 with the groups 2 and 3, and outcome 7, by link 70, in 2.
"""

from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from outcomes.domain.tree import (
    Deletion,
    GroupState,
    LinkState,
    Node,
    OutcomeState,
    Tree,
    build_tree,
    implied_state,
)

DELETED_AT = 100


def folder(local_id: str, parent: str | None = None, title: str | None = None, state: str = "active") -> GroupState:
    """A group."""
    return GroupState(local_id, parent, title or f"G{local_id}", state)


def place(local_id: str, outcome: str, group: str | None, state: str = "active", time: int = 0) -> LinkState:
    """A link of an outcome into a group."""
    return LinkState(local_id, outcome, group, state, time)


SHOWN = {"mastery_points": 3.0, "points_possible": 5.0, "calculation_method": "highest", "calculation_int": None}


def goal(local_id: str, title: str | None = None, state: str = "active") -> OutcomeState:
    """An outcome."""
    return OutcomeState(local_id, title or f"O{local_id}", state, SHOWN)


def grow(groups: Iterable[GroupState], *links: LinkState, goals: Iterable[OutcomeState] = (), **more: Any) -> Tree:
    """Build the tree; without `goals` each linked outcome is known and active."""
    known = list(goals) or [goal(link.outcome_id) for link in links]
    return build_tree(groups, links, {point.id: point for point in known}, **more)


def drawn(nodes: Iterable[Node]) -> str:
    """Draw nodes as text."""
    return " ".join(_drawn(node) for node in nodes)


def _drawn(node: Node) -> str:
    if node.kind == "outcome":
        link_id = node.details["link_id"]
        return node.id if link_id is None else f"{node.id}@{link_id}"
    return f"{node.id}({drawn(node.children)})" if node.children else node.id


def every(tree: Tree) -> Iterator[Node]:
    """Yield all nodes of an answer."""
    pending = [*tree.roots, *tree.detached, *tree.unlinked]
    while pending:
        node = pending.pop()
        yield node
        pending += node.children


class TestPlaces:
    """Where things hang."""

    def test_nothing_makes_an_empty_tree(self) -> None:
        """No groups, no links, no outcomes."""
        assert grow([]) == Tree([], [], [])

    def test_groups_in_groups_and_outcomes_in_them(self) -> None:
        """The plain case."""
        tree = grow([folder("1"), folder("2", "1"), folder("3", "1")], place("70", "7", "2"), place("80", "8", "1"))
        assert drawn(tree.roots) == "1(2(7@70) 3 8@80)"
        assert tree.detached == tree.unlinked == []

    def test_children_may_come_before_their_parents(self) -> None:
        """The order of the rows does not matter."""
        tree = grow([folder("3", "2"), folder("2", "1"), folder("1")], place("70", "7", "3"))
        assert drawn(tree.roots) == "1(2(3(7@70)))"

    def test_a_context_may_have_several_roots(self) -> None:
        """They happen in Canvas; each is a root of the answer."""
        assert drawn(grow([folder("1"), folder("2"), folder("3", "2")]).roots) == "1 2(3)"

    def test_an_outcome_may_be_in_several_groups(self) -> None:
        """Each link is a place of its own."""
        tree = grow([folder("1"), folder("2", "1"), folder("3", "1")], place("70", "7", "2"), place("71", "7", "3"))
        assert drawn(tree.roots) == "1(2(7@70) 3(7@71))"

    def test_an_outcome_linked_twice_into_one_group_is_there_twice(self) -> None:
        """Canvas forbids it and archives hold it: nothing that is active disappears; link 9 stands before link 10."""
        assert drawn(grow([folder("1")], place("10", "7", "1"), place("9", "7", "1")).roots) == "1(7@9 7@10)"

    def test_a_node_tells_what_the_contract_says(self) -> None:
        """An outcome node: its link, its policy, and no children; a group node: children and no policy."""
        tree = grow([folder("1", title="Root")], place("70", "7", "1"), goals=[goal("7", "Reads maps")])
        root = tree.roots[0].as_json()
        (child,) = root.pop("children")
        assert {"kind": "group", "id": "1", "title": "Root", "state": "active", "known": True}.items() <= root.items()
        assert {
            "kind": "outcome",
            "id": "7",
            "title": "Reads maps",
            "state": "active",
            "known": True,
            "link_id": "70",
            "mastery_points": 3.0,
            "points_possible": 5.0,
            "calculation_method": "highest",
            "calculation_int": None,
        }.items() <= child.items()
        assert "children" not in child

    def test_a_link_before_its_outcome_shows_an_unknown_one(self) -> None:
        """Named by the link, never seen itself: in its place, and marked."""
        nothing = dict.fromkeys(SHOWN)
        tree = build_tree([folder("1")], [place("70", "7", "1")], {}, shown_of_unknown=nothing)
        (node,) = tree.roots[0].children
        assert (node.id, node.known, node.title, node.state) == ("7", False, None, "active")
        assert node.as_json()["mastery_points"] is None

    def test_an_own_outcome_in_no_group_is_not_lost(self) -> None:
        """Created in this context and linked nowhere in it."""
        tree = grow([folder("1")], place("70", "7", "1"), goals=[goal("7"), goal("8")], own_outcomes=["7", "8"])
        assert drawn(tree.unlinked) == "8"

    def test_a_deep_chain_is_built(self) -> None:
        """Three thousand groups, one in the other, and an outcome at the bottom."""
        chain = [folder("0"), *(folder(str(depth), str(depth - 1)) for depth in range(1, 3_000))]
        tree = grow(chain, place("70", "7", "2999"))
        node, depth = tree.roots[0], 0
        while node.children:
            (node,) = node.children
            depth += 1
        assert (depth, node.id, len(tree.roots), tree.detached) == (3_000, "7", 1, [])


class TestDetached:
    """Active nodes whose parent is deleted, foreign, unknown or in a loop, and why."""

    @pytest.mark.parametrize(
        ("groups", "foreign", "why"),
        [
            ([folder("2", "9")], frozenset(), "unknown"),
            ([folder("2", "9")], frozenset({"9"}), "another context"),
            ([folder("9", state="deleted"), folder("2", "9")], frozenset(), "deleted"),
            ([folder("9", "9"), folder("2", "9")], frozenset(), "loop"),
        ],
    )
    def test_a_parent_that_cannot_hold_it(self, groups: list[GroupState], foreign: frozenset[str], why: str) -> None:
        """The group and the outcome under such a parent are detached, with all that hangs below them."""
        groups = [*groups, folder("3", "2")]
        tree = grow(groups, place("70", "7", "2"), place("80", "8", "9"), foreign_groups=foreign)
        detached = {node.id: node for node in tree.detached}
        assert drawn([detached["2"]]) == "2(3 7@70)"
        assert drawn([detached["8"]]) == "8@80"
        assert why in str(detached["2"].why)
        assert why in str(detached["8"].as_json()["why"])
        assert tree.roots == []

    def test_a_group_under_itself(self) -> None:
        """A legacy of Canvas: told once, and what hangs in it is told too."""
        tree = grow([folder("1"), folder("2", "2"), folder("3", "2")], place("70", "7", "2"))
        assert drawn(tree.roots) == "1"
        assert drawn(tree.detached) == "2 3 7@70"

    @pytest.mark.parametrize("length", [2, 3])
    def test_a_loop_with_something_hanging_off_it(self, length: int) -> None:
        """Each group of the loop is told once; a child of one of them keeps its own children."""
        ring = [folder(str(at), str(at % length + 1)) for at in range(1, length + 1)]
        tail = [folder("50", "1"), folder("51", "50")]
        for groups in ([*ring, *tail], [*reversed(tail), *reversed(ring)]):
            tree = grow(groups, place("70", "7", "51"), place("80", "8", "2"))
            assert drawn(tree.detached) == " ".join([*(point.id for point in ring), "50(51(7@70))", "8@80"])
            assert tree.roots == []

    def test_a_loop_of_which_one_group_is_deleted(self) -> None:
        """The deleted one is gone, the other is still told."""
        tree = grow([folder("1", "2", state="deleted"), folder("2", "1"), folder("3", "2")])
        assert sorted(node.id for node in every(tree)) == ["2", "3"]

    @pytest.mark.parametrize("parent", ["1", "2"])
    def test_a_deleted_loop_is_told_when_the_deleted_are_asked_for(self, parent: str) -> None:
        """Under itself or under each other: each once, and nothing goes round for ever."""
        groups = [folder("1", parent, state="deleted"), folder("2", "1", state="deleted")]
        assert sorted(node.id for node in every(grow(groups, include_deleted=True))) == ["1", "2"]
        assert list(every(grow(groups))) == []

    def test_a_link_that_names_no_group(self) -> None:
        """It is active, so it is somewhere."""
        assert drawn(grow([folder("1")], place("70", "7", None)).detached) == "7@70"

    def test_a_known_parent_is_no_reason(self) -> None:
        """Only detached nodes say why."""
        tree = grow([folder("1"), folder("2", "1")], place("70", "7", "2"))
        assert all(node.why is None and "why" not in node.as_json() for node in every(tree))


class TestStates:
    """Active, archived, deleted."""

    def test_archived_stays_in_its_place(self) -> None:
        """An archived group or outcome is there, says so, and its children are untouched."""
        tree = grow(
            [folder("1"), folder("2", "1", state="archived"), folder("3", "2")],
            place("70", "7", "3"),
            goals=[goal("7", state="archived")],
        )
        assert drawn(tree.roots) == "1(2(3(7@70)))"
        assert {node.id: node.state for node in every(tree)} == {
            "1": "active",
            "2": "archived",
            "3": "active",
            "7": "archived",
        }

    def test_deleted_is_left_out(self) -> None:
        """A deleted group, link or outcome is not in the tree."""
        tree = grow(
            [folder("1"), folder("2", "1", state="deleted"), folder("3", state="deleted")],
            place("70", "7", "1", state="deleted"),
            place("80", "8", "1"),
            goals=[goal("7"), goal("8", state="deleted")],
        )
        assert drawn(tree.roots) == "1"
        assert tree.detached == []

    def test_deleted_is_shown_where_it_was_when_asked(self) -> None:
        """With --include-deleted a deleted thing hangs where it hung, even under a deleted parent."""
        tree = grow(
            [folder("1"), folder("2", "1", state="deleted"), folder("3", "2", state="deleted")],
            place("70", "7", "3", state="deleted"),
            place("80", "8", "1"),
            goals=[goal("7"), goal("8", state="deleted")],
            include_deleted=True,
        )
        assert drawn(tree.roots) == "1(2(3(7@70)) 8@80)"
        assert {node.id: node.state for node in every(tree)} == {
            "1": "active", "2": "deleted", "3": "deleted", "7": "deleted", "8": "deleted",
        }  # fmt: skip

    def test_an_active_child_of_a_deleted_group_stays_detached_when_deleted_ones_are_shown(self) -> None:
        """It is the contradiction that matters, so it is not hidden by showing more."""
        tree = grow([folder("1", state="deleted"), folder("2", "1")], include_deleted=True)
        assert (drawn(tree.roots), drawn(tree.detached)) == ("1", "2")


class TestSiblings:
    """Groups first, then outcomes, each by title (case-folded), then id as a number."""

    def test_groups_come_before_outcomes(self) -> None:
        """Whatever their titles."""
        tree = grow([folder("1"), folder("2", "1", title="Z")], place("70", "7", "1"), goals=[goal("7", "A")])
        assert drawn(tree.roots) == "1(2 7@70)"

    def test_titles_are_compared_without_case(self) -> None:
        """Straße is STRASSE; é stands after z, by code point."""
        titles = {"2": "beta", "3": "Alpha", "4": "GAMMA", "5": "Straße", "6": "STRASSE", "7": "zeta", "8": "élan"}
        tree = grow([folder("1"), *(folder(local_id, "1", title=text) for local_id, text in titles.items())])
        assert drawn(tree.roots) == "1(3 2 4 5 6 7 8)"

    def test_equal_titles_are_ordered_by_id_as_a_number(self) -> None:
        """2 before 10 before 114340E."""
        ids = ["10", "114340E", "2"]
        tree = grow([folder("1"), *(folder(local_id, "1", title="Same") for local_id in ids)])
        assert drawn(tree.roots) == "1(2 10 114340E)"

    def test_outcomes_too(self) -> None:
        """By title, then id; an outcome that was never seen has no title and stands first."""
        links = [place(f"{local_id}0", local_id, "1") for local_id in ("10", "2", "9", "5")]
        goals = [goal("10", "same"), goal("2", "Same"), goal("9", "alpha")]
        assert drawn(grow([folder("1")], *links, goals=goals).roots) == "1(5@50 9@90 2@20 10@100)"

    def test_roots_detached_and_unlinked_are_in_order_too(self) -> None:
        """Every list of the answer is."""
        tree = grow(
            [folder("2", title="b"), folder("1", title="C"), folder("4", "99", "b"), folder("3", "99", "C")],
            goals=[goal("9", "b"), goal("8", "C")],
            own_outcomes=["8", "9"],
        )
        assert [drawn(nodes) for nodes in tree] == ["2 1", "4 3", "9 8"]


class TestImpliedDeletion:
    """Deleting an outcome silently deletes its links: derived, and marked."""

    @pytest.mark.parametrize(
        ("time", "revived", "implied"),
        [
            (DELETED_AT - 1, "no", "deleted"),
            (DELETED_AT, "no", "deleted"),
            (DELETED_AT + 1, "no", None),
            (DELETED_AT - 1, "otherwise", "deleted"),
            (DELETED_AT, "otherwise", "deleted"),
            (DELETED_AT + 1, "otherwise", None),
            (DELETED_AT - 1, "by import", "uncertain"),
            (DELETED_AT, "by import", "uncertain"),
            (DELETED_AT + 1, "by import", None),
        ],
    )
    def test_a_link_follows_its_outcome_unless_it_spoke_later(self, time: int, revived: Any, implied: Any) -> None:
        """Before or at the deletion: deleted; after it: its own event wins; a return by import: nobody knows."""
        assert implied_state(place("70", "7", "1", time=time), Deletion(DELETED_AT, revived)) == implied

    def test_what_was_never_deleted_implies_nothing(self) -> None:
        """No deletion, no mark."""
        assert implied_state(place("70", "7", "1"), None) is None

    def test_a_link_that_was_deleted_itself_needs_no_implication(self) -> None:
        """Its own word is enough."""
        assert implied_state(place("70", "7", "1", state="deleted"), Deletion(DELETED_AT, "by import")) is None

    def test_an_outcome_back_by_hand_leaves_its_old_place_empty(self) -> None:
        """The outcome is active again, the link stays deleted; a new link is a new place."""
        tree = grow(
            [folder("1")],
            place("70", "7", "1", time=50),
            place("71", "7", "1", time=150),
            deletions={"7": Deletion(DELETED_AT, "otherwise")},
        )
        assert drawn(tree.roots) == "1(7@71)"

    def test_and_shows_among_the_unlinked_if_it_is_the_contexts_own(self) -> None:
        """Active and nowhere linked: it is told, not lost."""
        tree = grow(
            [folder("1")],
            place("70", "7", "1", time=50),
            deletions={"7": Deletion(DELETED_AT, "otherwise")},
            own_outcomes=["7"],
        )
        assert (drawn(tree.roots), drawn(tree.unlinked)) == ("1", "7")

    def test_an_outcome_back_by_import_is_in_its_old_place_with_a_mark(self) -> None:
        """The import may have revived the link without an event: shown, as uncertain."""
        tree = grow([folder("1")], place("70", "7", "1", time=50), deletions={"7": Deletion(DELETED_AT, "by import")})
        (node,) = tree.roots[0].children
        assert (node.id, node.state, node.as_json()["implied"]) == ("7", "active", "uncertain")

    def test_with_the_deleted_shown_the_mark_says_that_nobody_said_so(self) -> None:
        """An implied deletion is told apart from one that was an event."""
        tree = grow(
            [folder("1")],
            place("70", "7", "1", time=50),
            place("71", "7", "1", state="deleted", time=50),
            goals=[goal("7", state="deleted")],
            deletions={"7": Deletion(DELETED_AT, "no")},
            include_deleted=True,
        )
        assert [(node.details["link_id"], node.details["implied"]) for node in tree.roots[0].children] == [
            ("70", "deleted"),
            ("71", None),
        ]


FEW = ["1", "2", "3", "4", "5"]
PARENTS = st.none() | st.sampled_from([*FEW, "foreign", "unknown"])
GROUP_STATES = st.sampled_from(["active", "active", "archived", "deleted"])
FORESTS = st.dictionaries(st.sampled_from(FEW), st.tuples(PARENTS, GROUP_STATES)).map(
    lambda groups: [folder(local_id, parent, state=state) for local_id, (parent, state) in groups.items()]
)
LINKS = st.dictionaries(
    st.sampled_from(["70", "71", "72", "73"]), st.tuples(st.sampled_from(["7", "8", "9"]), PARENTS, GROUP_STATES)
).map(lambda links: [place(local_id, *rest) for local_id, rest in links.items()])


@given(FORESTS, LINKS, st.booleans())
def test_whatever_is_active_is_in_the_answer_exactly_once(
    groups: list[GroupState], links: list[LinkState], include_deleted: bool
) -> None:
    """Loops, strangers and deletions notwithstanding: nothing is lost, nothing is told twice."""
    tree = grow(
        groups,
        *links,
        goals=[goal("7"), goal("8", state="archived")],
        own_outcomes=["7", "8"],
        foreign_groups=frozenset({"foreign"}),
        include_deleted=include_deleted,
    )
    found = Counter((node.kind, node.details.get("link_id", node.id)) for node in every(tree))
    wanted = Counter(
        [("group", point.id) for point in groups if include_deleted or point.state != "deleted"]
        + [("outcome", point.id) for point in links if include_deleted or point.state != "deleted"]
    )
    unlinked = Counter(
        ("outcome", None)
        for local_id in "78"
        if not any(point.outcome_id == local_id and point.state != "deleted" for point in links)
    )
    assert found == wanted + unlinked
    assert {point.id for point in groups if point.parent_id is None and point.state != "deleted"} <= {
        node.id for node in tree.roots
    }


@given(FORESTS, LINKS)
def test_everything_hangs_under_the_parent_that_it_names(groups: list[GroupState], links: list[LinkState]) -> None:
    """A child's parent_id is the id of the node above it; roots name none; what is detached says why."""
    tree = grow(groups, *links, foreign_groups=frozenset({"foreign"}))
    assert all(root.parent_id is None and root.kind == "group" for root in tree.roots)
    assert all(node.why for node in tree.detached)
    assert all(child.parent_id == node.id and child.why is None for node in every(tree) for child in node.children)


@given(FORESTS, LINKS, st.randoms(use_true_random=False))
def test_the_order_of_the_rows_does_not_matter(groups: list[GroupState], links: list[LinkState], chance: Any) -> None:
    """The same groups and links in any order make the same tree."""
    straight = grow(groups, *links)
    shuffled = grow(chance.sample(groups, len(groups)), *chance.sample(links, len(links)))
    assert [drawn(nodes) for nodes in shuffled] == [drawn(nodes) for nodes in straight]
