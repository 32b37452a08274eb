"""Trees of real homes at any time: what the past looked like, and what was known of it then.

Trees are compared as short texts: `1(2(7) 3)` is group 1 with the groups 2 and 3, and outcome 7 in 2.
"""

from typing import Any

import pytest

from outcomes.domain.errors import SeveralTenants
from tests.support.given import ASKER, OTHER_TENANT, TENANT, group, link, outcome
from tests.support.world import World

JAN, FEB, MAR, APR, MAY = (f"2025-0{month}-01" for month in range(1, 6))
IMPORT = {"job_tag": "OutcomeImport#run", "job_id": "77"}
COURSE_COPY = {"job_tag": "Canvas::Migration::Worker::CourseCopyWorker#perform", "job_id": "78"}
EMPTY = {"roots": "", "detached": "", "unlinked": ""}


def drawn(nodes: list[dict[str, Any]]) -> str:
    """Draw nodes as text."""
    return " ".join(node["id"] + (f"({drawn(node['children'])})" if node.get("children") else "") for node in nodes)


def shape(world: World, context: str = "Account:1", **asked: Any) -> dict[str, str]:
    """Draw the three lists of an answer."""
    return {name: drawn(nodes) for name, nodes in world.tree(context, **asked).items()}


def roots(world: World, context: str = "Account:1", **asked: Any) -> str:
    """Draw the roots of an answer."""
    return shape(world, context, **asked)["roots"]


def nodes(world: World, context: str = "Account:1", **asked: Any) -> dict[str, dict[str, Any]]:
    """Return all nodes of an answer by their id."""
    pending = [node for found in world.tree(context, **asked).values() for node in found]
    found = {}
    while pending:
        node = pending.pop()
        found[node["id"]] = node
        pending += node.get("children", [])
    return found


class TestPast:
    """As of T: what had happened by then."""

    def test_the_tree_grows_with_time(self, world: World) -> None:
        """Each event counts from its own instant on, that instant included."""
        world.take(
            group("1", JAN),
            group("2", FEB, parent="1"),
            outcome("7", MAR),
            link("70", APR, outcome="7", group="2"),
        )
        assert shape(world, as_of="2024-12-31T23:59:59.999Z") == EMPTY
        assert [roots(world, as_of=time) for time in (JAN, FEB, MAR, APR)] == ["1", "1(2)", "1(2)", "1(2(7))"]
        assert shape(world, as_of=MAR)["unlinked"] == "7"
        assert shape(world) == {"roots": "1(2(7))", "detached": "", "unlinked": ""}

    def test_t_may_be_given_in_any_offset(self, world: World) -> None:
        """An as-of is an instant: one minute before and at midnight in Denver."""
        world.take(group("1", "2025-01-01T07:00:00Z"))
        assert roots(world, as_of="2024-12-31T23:59:59-07:00") == ""
        assert roots(world, as_of="2025-01-01T00:00:00-07:00") == "1"

    def test_a_group_moves_between_parents(self, world: World) -> None:
        """With all that is in it; before the move it is where it was."""
        world.take(
            group("1", JAN),
            group("2", JAN, parent="1"),
            group("3", JAN, parent="1"),
            group("4", JAN, parent="2"),
            outcome("7", JAN),
            link("70", JAN, outcome="7", group="4"),
            group("4", MAR, parent="3", updated=MAR),
            group("4", MAY, parent="1", updated=MAY),
        )
        assert [roots(world, as_of=time) for time in (FEB, APR, MAY)] == ["1(2(4(7)) 3)", "1(2 3(4(7)))", "1(2 3 4(7))"]

    def test_an_outcome_moves_with_its_link(self, world: World) -> None:
        """Same link, other group."""
        world.take(
            group("1", JAN),
            group("2", JAN, parent="1"),
            group("3", JAN, parent="1"),
            outcome("7", JAN),
            link("70", JAN, outcome="7", group="2"),
            link("70", MAR, outcome="7", group="3", updated=MAR),
        )
        assert [roots(world, as_of=time) for time in (FEB, MAR)] == ["1(2(7) 3)", "1(2 3(7))"]

    def test_titles_and_policies_are_those_of_the_time(self, world: World) -> None:
        """A tree of last year shows last year's names, mastery points and methods."""
        world.take(
            group("1", JAN, title="Maps"),
            group("1", MAR, title="Charts", updated=MAR),
            outcome("7", JAN, title="Reads", mastery=3),
            outcome(
                "7",
                MAR,
                title="Draws",
                mastery=4,
                calculation_method="decaying_average",
                calculation_int=65,
                updated=MAR,
            ),
            link("70", JAN, outcome="7", group="1"),
        )
        before, now = nodes(world, as_of=FEB), nodes(world)
        assert (before["1"]["title"], now["1"]["title"]) == ("Maps", "Charts")
        kept = ("title", "mastery_points", "points_possible", "calculation_method", "calculation_int", "link_id")
        assert [before["7"][name] for name in kept] == ["Reads", 3, 5, "highest", None, "70"]
        assert [now["7"][name] for name in kept] == ["Draws", 4, 5, "decaying_average", 65, "70"]

    def test_archived_and_back_and_deleted_and_back(self, world: World) -> None:
        """A group's four states in turn; only deletion takes it out."""
        states = [(JAN, "active"), (FEB, "archived"), (MAR, "deleted"), (APR, "active")]
        world.take(*(group("1", time, updated=time, workflow_state=state) for time, state in states))
        seen = [nodes(world, as_of=time).get("1", {}).get("state") for time, _ in states]
        assert seen == ["active", "archived", None, "active"]
        assert nodes(world, as_of=MAR, include_deleted=True)["1"]["state"] == "deleted"


class TestKnown:
    """Known at P: what the log had said by then."""

    def test_a_late_event_changes_the_past_but_not_what_was_known_of_it(self, world: World) -> None:
        """A rename of February arrives in May: February's tree changes, the report made before does not."""
        world.take(group("1", JAN, title="First"), group("1", MAR, title="Third", updated=MAR))
        world.take(group("1", FEB, title="Second", updated=FEB))
        assert nodes(world, as_of=FEB)["1"]["title"] == "Second"
        assert nodes(world, as_of=FEB, known_at="2")["1"]["title"] == "First"
        assert nodes(world)["1"]["title"] == nodes(world, known_at="2")["1"]["title"] == "Third"

    def test_a_late_move_changes_where_things_hung(self, world: World) -> None:
        """Between the late event and its successor only."""
        world.take(
            group("1", JAN),
            group("2", JAN, parent="1"),
            outcome("7", JAN),
            link("70", JAN, outcome="7", group="1"),
            link("70", APR, outcome="7", group="1", updated=APR),
        )
        world.take(link("70", FEB, outcome="7", group="2", updated=FEB))
        assert [roots(world, as_of=time) for time in (JAN, MAR, APR)] == ["1(2 7)", "1(2(7))", "1(2 7)"]
        assert roots(world, as_of=MAR, known_at="5") == "1(2 7)"

    def test_a_late_deletion_empties_the_past(self, world: World) -> None:
        """And only from its own time on."""
        world.take(group("1", JAN), group("2", JAN, parent="1"))
        world.take(group("2", FEB, parent="1", updated=FEB, workflow_state="deleted"))
        assert [roots(world, as_of=time) for time in (JAN, MAR)] == ["1(2)", "1"]
        assert roots(world, as_of=MAR, known_at="2") == "1(2)"

    def test_every_position_is_a_point(self, world: World) -> None:
        """Inside a batch, too: known at P is the first P events."""
        world.take(group("1", JAN), group("2", JAN, parent="1"), group("3", JAN, parent="2"))
        assert [roots(world, known_at=str(position)) for position in range(5)] == [
            "",
            "1",
            "1(2)",
            "1(2(3))",
            "1(2(3))",
        ]

    def test_a_parent_that_arrives_later_was_unknown_until_then(self, world: World) -> None:
        """Its child was detached as known then, though its parent existed already."""
        world.take(group("2", FEB, parent="1"))
        world.take(group("1", JAN))
        assert shape(world, known_at="1") == {"roots": "", "detached": "2", "unlinked": ""}
        assert shape(world, as_of=FEB) == {"roots": "1(2)", "detached": "", "unlinked": ""}

    def test_an_outcome_that_arrives_after_its_link_was_unknown_until_then(self, world: World) -> None:
        """In its place with known false; by event time it is known from its own time on."""
        world.take(group("1", JAN), link("70", JAN, outcome="7", group="1"))
        assert nodes(world)["7"] | {"known": False, "title": None, "state": "active"} == nodes(world)["7"]
        world.take(outcome("7", FEB, title="Reads"))
        assert nodes(world)["7"] | {"known": True, "title": "Reads"} == nodes(world)["7"]
        assert nodes(world, as_of=JAN)["7"]["known"] is False
        assert nodes(world, known_at="2")["7"]["known"] is False


class TestContexts:
    """Accounts, courses, and the global tree."""

    def test_an_account_outcome_linked_in_a_course(self, world: World) -> None:
        """In the course's tree by its link; in its own account's tree it is where the account put it."""
        world.take(
            group("1", JAN),
            group("2", JAN, context="Course:200"),
            outcome("7", JAN, title="Reads"),
            link("70", JAN, outcome="7", group="1"),
            link("71", FEB, outcome="7", group="2", context="Course:200"),
        )
        assert shape(world, "Course:200") == {"roots": "2(7)", "detached": "", "unlinked": ""}
        assert shape(world) == {"roots": "1(7)", "detached": "", "unlinked": ""}
        assert nodes(world, "Course:200")["7"]["link_id"] == "71"
        assert nodes(world, "Course:200")["7"]["title"] == "Reads"
        assert roots(world, "Course:200", as_of=JAN) == "2"

    def test_a_course_outcome_is_no_part_of_the_accounts_tree(self, world: World) -> None:
        """Each context has its own outcomes in no group."""
        world.take(outcome("7", JAN), outcome("8", JAN, context_type="Course", context_id="200"))
        assert shape(world)["unlinked"] == "7"
        assert shape(world, "Course:200")["unlinked"] == "8"

    def test_global_groups_and_links(self, world: World) -> None:
        """No context is the global one; a link's context there is the group itself."""
        world.take(
            group("1", JAN, context="Global", title="ROOT"),
            group("2", JAN, context="Global", parent="1"),
            outcome("7", JAN, context_type=None, context_id=None),
            outcome("8", JAN, context_type=None, context_id=None),
            link("70", JAN, outcome="7", group="2", context="LearningOutcomeGroup:2"),
        )
        assert shape(world, "Global") == {"roots": "1(2(7))", "detached": "", "unlinked": "8"}
        assert shape(world) == EMPTY

    def test_a_parent_in_another_context_is_foreign(self, world: World) -> None:
        """A course group under an account's: detached in the course, and absent in the account."""
        world.take(group("1", JAN), group("2", JAN, parent="1", context="Course:200"))
        assert shape(world, "Course:200") == {"roots": "", "detached": "2", "unlinked": ""}
        assert "another context" in world.tree("Course:200")["detached"][0]["why"]
        assert shape(world) == {"roots": "1", "detached": "", "unlinked": ""}

    def test_what_turns_up_in_another_context_is_in_that_one(self, world: World) -> None:
        """Groups, links and outcomes belong where their last event says; before it, where they were."""
        world.take(
            group("1", JAN, context="Course:200"),
            outcome("7", JAN, context_type="Course", context_id="200"),
            link("70", JAN, outcome="7", group="1", context="Course:200"),
            group("1", FEB, updated=FEB),
            link("70", FEB, outcome="7", group="1", updated=FEB),
            outcome("8", JAN, context_type="Course", context_id="200"),
            outcome("8", FEB, updated=FEB),
        )
        assert shape(world, "Course:200", as_of=JAN) == {"roots": "1(7)", "detached": "", "unlinked": "8"}
        assert shape(world, as_of=JAN) == EMPTY
        assert shape(world, "Course:200") == {"roots": "", "detached": "", "unlinked": "7"}
        assert shape(world) == {"roots": "1(7)", "detached": "", "unlinked": "8"}

    def test_a_deleted_parent_leaves_its_children_detached(self, world: World) -> None:
        """Canvas deletes children first; where it did not, they are told."""
        world.take(
            group("1", JAN),
            group("2", JAN, parent="1"),
            group("3", JAN, parent="2"),
            group("2", FEB, parent="1", updated=FEB, workflow_state="deleted"),
        )
        assert shape(world, as_of=JAN) == {"roots": "1(2(3))", "detached": "", "unlinked": ""}
        assert shape(world) == {"roots": "1", "detached": "3", "unlinked": ""}

    def test_a_loop_that_comes_and_goes(self, world: World) -> None:
        """While two groups are under each other they are detached; when one is moved out, all is well."""
        world.take(
            group("1", JAN),
            group("2", JAN, parent="1"),
            group("3", JAN, parent="2"),
            group("2", FEB, parent="3", updated=FEB),
            group("2", MAR, parent="1", updated=MAR),
        )
        assert shape(world, as_of=FEB) == {"roots": "1", "detached": "2 3", "unlinked": ""}
        assert shape(world, as_of=MAR) == {"roots": "1(2(3))", "detached": "", "unlinked": ""}

    @pytest.mark.parametrize("context", ["Course:999", "Account:2", "Global"])
    def test_a_context_that_nobody_named_is_empty(self, world: World, context: str) -> None:
        """Not an error: there is nothing in it."""
        world.take(group("1", JAN))
        assert shape(world, context) == EMPTY

    def test_tenants_do_not_mix(self, world: World) -> None:
        """The same ids in two tenants are two trees; without a tenant the question is refused, naming both."""
        world.take(
            group("1", JAN, title="Plovers"),
            group("1", JAN, title="Wrens", meta={"tenant": OTHER_TENANT}),
            group("2", JAN, parent="1", meta={"tenant": OTHER_TENANT}),
        )
        assert nodes(world, tenant=TENANT)["1"]["title"] == "Plovers"
        assert roots(world, tenant=TENANT) == "1"
        assert nodes(world, tenant=OTHER_TENANT)["1"]["title"] == "Wrens"
        assert roots(world, tenant=OTHER_TENANT) == "1(2)"
        with pytest.raises(SeveralTenants, match=f"{TENANT}.*{OTHER_TENANT}"):
            world.tree()


class TestImpliedDeletion:
    """A deleted outcome takes its links with it, in every context, without an event."""

    @pytest.fixture
    def world(self, world: World) -> World:
        """Outcome 7 in an account and in a course, deleted in March."""
        world.take(
            group("1", JAN),
            group("2", JAN, context="Course:200"),
            outcome("7", JAN),
            link("70", JAN, outcome="7", group="1"),
            link("71", JAN, outcome="7", group="2", context="Course:200"),
            outcome("7", MAR, updated=MAR, workflow_state="deleted"),
        )
        return world

    def test_its_places_are_empty_from_then_on(self, world: World) -> None:
        """And were not before."""
        assert [roots(world, as_of=time) for time in (FEB, MAR)] == ["1(7)", "1"]
        assert [roots(world, "Course:200", as_of=time) for time in (FEB, MAR)] == ["2(7)", "2"]
        assert nodes(world, "Course:200", include_deleted=True)["7"]["implied"] == "deleted"

    @pytest.mark.parametrize("by", [ASKER, COURSE_COPY, {}], ids=["by hand", "by course copy", "by nobody"])
    def test_restored_otherwise_than_by_import_it_is_in_no_group(self, world: World, by: dict[str, str]) -> None:
        """Its old links stay deleted; as of March nothing has changed."""
        world.take(outcome("7", APR, updated=APR, meta=by))
        assert shape(world) == {"roots": "1", "detached": "", "unlinked": "7"}
        assert shape(world, "Course:200") == {"roots": "2", "detached": "", "unlinked": ""}
        assert shape(world, as_of=MAR) == {"roots": "1", "detached": "", "unlinked": ""}

    def test_restored_by_import_it_is_where_it_was_perhaps(self, world: World) -> None:
        """A CSV import revives links without an event: shown, marked uncertain, from the import on."""
        world.take(outcome("7", APR, updated=APR, meta=IMPORT))
        assert roots(world) == "1(7)"
        assert nodes(world)["7"]["implied"] == nodes(world, "Course:200")["7"]["implied"] == "uncertain"
        assert roots(world, as_of=MAR) == "1"

    def test_a_later_event_of_the_link_ends_the_doubt(self, world: World) -> None:
        """What Canvas says of the link itself wins over anything implied."""
        world.take(
            outcome("7", APR, updated=APR, meta=IMPORT),
            link("70", MAY, outcome="7", group="1", updated=MAY),
            link("71", MAY, outcome="7", group="2", context="Course:200", updated=MAY, workflow_state="deleted"),
        )
        assert nodes(world)["7"]["implied"] is None
        assert roots(world, "Course:200") == "2"

    def test_linked_again_it_has_a_new_place(self, world: World) -> None:
        """Canvas makes a new link; the old one stays deleted, so the outcome is there once."""
        world.take(outcome("7", APR, updated=APR), link("72", MAY, outcome="7", group="1"))
        assert roots(world) == "1(7)"
        assert nodes(world)["7"]["link_id"] == "72"

    def test_deleted_again_the_import_counts_no_more(self, world: World) -> None:
        """The last deletion is the one that counts: after it a return by hand leaves the link deleted."""
        world.take(
            outcome("7", APR, updated=APR, meta=IMPORT),
            outcome("7", "2025-04-10", updated="2025-04-10", workflow_state="deleted"),
            outcome("7", MAY, updated=MAY),
        )
        assert [roots(world, as_of=time) for time in (APR, "2025-04-10", MAY)] == ["1(7)", "1", "1"]

    def test_deleted_again_a_link_that_spoke_between_is_deleted_again(self, world: World) -> None:
        """Its event was after the first deletion and before the second."""
        world.take(
            outcome("7", APR, updated=APR),
            link("70", "2025-04-10", outcome="7", group="1", updated="2025-04-10"),
            outcome("7", MAY, updated=MAY, workflow_state="deleted"),
        )
        assert [roots(world, as_of=time) for time in ("2025-04-10", MAY)] == ["1(7)", "1"]

    def test_a_deletion_that_arrives_late_was_not_known(self, world: World) -> None:
        """Known before it, the outcome was still there."""
        assert roots(world, known_at="5") == "1(7)"
        assert roots(world, known_at="6") == "1"


def test_a_deep_tree_is_told_whole(world: World) -> None:
    """Two thousand groups, each in the one before: no depth is too deep for the answer."""
    world.take(*(group(str(n), "2025-01-01", parent=None if n == 1 else str(n - 1)) for n in range(1, 2_001)))
    node, depth = world.tree()["roots"][0], 1
    while node["children"]:
        node, depth = node["children"][0], depth + 1
    assert depth == 2_000
