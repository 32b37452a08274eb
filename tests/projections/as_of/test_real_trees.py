"""Trees of histories that happened: the documentation's own examples, and the Common Core's real revision."""

from collections import Counter
from typing import Any

import pytest

from tests.support.shared_files import COMMON_CORE, DOCUMENTED, Shared, lines_of
from tests.support.world import World


def everything_in(tree: dict[str, Any]) -> list[dict[str, Any]]:
    """Return all nodes of an answer."""
    found, pending = [], [node for nodes in tree.values() for node in nodes]
    while pending:
        node = pending.pop()
        found.append(node)
        pending += node.get("children", [])
    return found


class TestDocumentedExamples:
    """The ten examples of the public page, which name more than they show."""

    @pytest.fixture
    def world(self, shared: Shared, world: World) -> World:
        """A home with the ten."""
        report = world.take(*lines_of(shared(DOCUMENTED)))
        assert (report.read, report.appended, report.quarantined, report.unprojected) == (10, 10, 0, 0)
        return world

    def test_between_the_two_the_outcome_was_the_updated_one(self, world: World) -> None:
        """On the 3rd of November mastery was at 3 of 5; on the 1st at noon there was no outcome yet."""
        tree = world.tree("Course:1234", as_of="2019-11-03")
        assert [(node["id"], node["mastery_points"], node["points_possible"]) for node in tree["unlinked"]] == [
            ("12345", 3, 5)
        ]
        assert everything_in(world.tree("Course:1234", as_of="2019-11-01T12:00:00Z")) == []

    def test_what_the_examples_never_show_is_told_as_unknown(self, world: World) -> None:
        """The group's parent, the links' groups and outcomes are named only: detached, and not known."""
        (group,) = world.tree("Course:32054")["detached"]
        assert (group["id"], group["parent_id"], group["known"]) == ("75033", "75032", True)
        links = world.tree("Course:565")["detached"]
        assert [(node["id"], node["link_id"], node["known"]) for node in links] == [
            ("1234", "12345", False),
            ("1201234", "12345678", False),
        ]


class TestCommonCore:
    """The maths tree as exported on 2012-09-10, and its revision of 2012-11-27."""

    @pytest.fixture
    def world(self, shared: Shared, world: World) -> World:
        """A home with the whole history."""
        report = world.take(*lines_of(shared(COMMON_CORE)))
        assert (report.appended, report.duplicates, report.quarantined) == (1_855, 0, 0)
        return world

    @pytest.mark.parametrize(("as_of", "groups"), [("2012-10-01", 219), ("2012-12-01", 230)])
    def test_the_tree_before_and_after_the_revision(self, world: World, as_of: str, groups: int) -> None:
        """474 outcomes each time, in 219 and in 230 groups; all under one root, nothing detached."""
        tree = world.tree(as_of=as_of)
        kinds = Counter(node["kind"] for node in everything_in(tree))
        assert kinds == {"outcome": 474, "group": groups}
        assert ([node["title"] for node in tree["roots"]], tree["detached"], tree["unlinked"]) == (["ROOT"], [], [])

    def test_before_the_export_there_is_nothing(self, world: World) -> None:
        """And at its first instant only the root."""
        assert everything_in(world.tree(as_of="2012-09-10T13:59:58.999Z")) == []
        assert [node["id"] for node in everything_in(world.tree(as_of="2012-09-10T13:59:59Z"))] == ["1"]

    def test_twenty_four_links_moved(self, world: World) -> None:
        """Their outcomes hang in another group; every other one hangs where it hung."""
        before, after = (
            {node["link_id"]: node["parent_id"] for node in everything_in(world.tree(as_of=time)) if "link_id" in node}
            for time in ("2012-10-01", "2012-12-01")
        )
        assert before.keys() == after.keys()
        assert sum(before[link_id] != after[link_id] for link_id in before) == 24

    def test_ids_that_look_like_numbers_with_exponents(self, world: World) -> None:
        """114340E is an id: its own, in its own place."""
        odd = [node for node in everything_in(world.tree()) if not node["id"].isdigit()]
        assert len({node["id"] for node in odd}) == len(odd) > 0
        assert all(node["known"] for node in odd)
