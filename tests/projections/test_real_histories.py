"""Histories that happened: the documentation's own examples, the Common Core's real revision, two runs of a course."""

import gzip
import json
import random
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from outcomes.domain.identity import EntityRef, Kind
from outcomes.domain.times import to_text
from outcomes.projections.history.version_steps import Filters
from tests.support.world import World

Shared = Callable[[str], Path]
DOCUMENTED, COMMON_CORE, OPEN_UNIVERSITY = (
    "data/documented_examples.jsonl",
    "data/ccss_math_2012.jsonl.gz",
    "data/oulad_aaa.jsonl.gz",
)


def lines_of(path: Path) -> list[bytes]:
    """Return the lines of a file, packed or not."""
    data = path.read_bytes()
    return (gzip.decompress(data) if path.suffix == ".gz" else data).splitlines()


def everything_in(tree: dict[str, Any]) -> list[dict[str, Any]]:
    """Return all nodes of an answer."""
    found, pending = [], [node for nodes in tree.values() for node in nodes]
    while pending:
        node = pending.pop()
        found.append(node)
        pending += node.get("children", [])
    return found


@pytest.mark.parametrize("name", [DOCUMENTED, COMMON_CORE, OPEN_UNIVERSITY])
def test_shuffled_and_in_several_takes_it_is_the_same_state(shared: Shared, tmp_path: Path, name: str) -> None:
    """Now and in the middle of the story, and the proof holds."""
    events = lines_of(shared(name))
    middle = sorted(json.loads(event)["metadata"]["event_time"] for event in events)[len(events) // 2]
    straight, shuffled = World(tmp_path / "straight"), World(tmp_path / "shuffled")
    straight.take(*events)
    mixed = random.Random(20121127).sample(events, len(events))  # noqa: S311 - not a secret
    third = len(mixed) // 3 + 1
    for start in range(0, len(mixed), third):
        shuffled.take(*mixed[start : start + third], *mixed[:3])
    assert [shuffled.digest(at) for at in (middle, None)] == [straight.digest(at) for at in (middle, None)]


class TestDocumentedExamples:
    """The ten examples of the public page: ties, a creation after an update, an offset."""

    @pytest.fixture
    def world(self, shared: Shared, world: World) -> World:
        """A home with the ten."""
        report = world.take(*lines_of(shared(DOCUMENTED)))
        assert (report.read, report.appended, report.quarantined, report.unprojected) == (10, 10, 0, 0)
        return world

    def last(self, world: World, kind: Kind, local_id: str) -> tuple[dict[str, Any], str, int, int]:
        """Return the final state, the event time and position of the event that made it, and how many there were."""
        with world.at() as (log, _, at):
            found = log.load(EntityRef(at.tenant, kind, local_id))
        assert found is not None
        return found.state(), to_text(found.event_time), found.position, found.events

    def test_outcome_12345_ends_in_its_creation(self, world: World) -> None:
        """Updated on the 1st, created (by a course copy) on the 5th: event time wins, mastery is at 2 of 3."""
        state, *made = self.last(world, Kind.OUTCOME, "12345")
        assert made == ["2019-11-05T10:03:37.526Z", 1, 2]
        assert (state["rubric_criterion"]["mastery_points"], state["rubric_criterion"]["points_possible"]) == (2, 3)
        assert "updated_at" not in state

    def test_group_75033_ends_in_its_creation(self, world: World) -> None:
        """The update is of 13:49, the creation of 18:42 of the same day."""
        state, *made = self.last(world, Kind.GROUP, "75033")
        assert made == ["2019-11-01T18:42:34.373Z", 2, 2]
        assert "updated_at" not in state

    def test_the_two_links_are_two(self, world: World) -> None:
        """12345678 and 12345: each has one event."""
        created, *made = self.last(world, Kind.LINK, "12345678")
        assert (created["learning_outcome_group_id"], made) == ("123456", ["2019-11-01T19:12:01.333Z", 4, 1])
        updated, *made = self.last(world, Kind.LINK, "12345")
        assert (updated["learning_outcome_group_id"], made) == ("1001", ["2019-11-01T19:12:12.060Z", 5, 1])

    def test_result_1_ends_in_its_update(self, world: World) -> None:
        """Both at one instant: the one with a clock of its own is later than the one without."""
        state, *made = self.last(world, Kind.RESULT, "1")
        assert made == ["2019-08-09T21:35:05.000Z", 7, 2]
        assert state["updated_at"] == "2019-11-01T00:21:24.000Z"

    def test_proficiency_1_ends_in_its_update(self, world: World) -> None:
        """A tie again; its clock is written with -06:00 and told in UTC."""
        state, *made = self.last(world, Kind.PROFICIENCY, "1")
        assert made == ["2020-08-18T23:28:24.396Z", 10, 2]
        assert state["updated_at"] == "2020-08-18T23:24:46.000Z"
        assert [rating["points"] for rating in state["outcome_proficiency_ratings"]] == [4, 3, 2, 1, 0]

    def test_the_timeline_marks_what_contradicts_itself(self, world: World) -> None:
        """The two creations after an update, and nothing else."""
        told = [entry.as_json() for entry in world.timeline(Filters(everything=True))]
        assert len(told) == 10
        assert [(entry["kind"], entry["id"]) for entry in told if entry["order_conflict"]] == [
            ("group", "75033"),
            ("outcome", "12345"),
        ]

    def test_the_timeline_says_what_the_documentation_shows(self, world: World) -> None:
        """The updates of group, result and scale change nothing but their clock; the outcome gets another scale."""
        told = {(entry.ref.kind, entry.event_name): entry for entry in world.timeline(Filters(everything=True))}
        for kind, name in [
            (Kind.GROUP, "learning_outcome_group_created"),
            (Kind.RESULT, "learning_outcome_result_updated"),
            (Kind.PROFICIENCY, "outcome_proficiency_updated"),
        ]:
            assert (told[kind, name].change, told[kind, name].fields) == ("none", {})
        outcome = told[Kind.OUTCOME, "learning_outcome_created"]
        assert outcome.change == "updated"
        assert outcome.fields["rubric_criterion.mastery_points"] == (3, 2)
        assert outcome.fields["rubric_criterion.ratings[5].points"] == (0, None)
        assert outcome.actor["job"] == "Canvas::Migration::Worker::CourseCopyWorker#perform"
        assert told[Kind.OUTCOME, "learning_outcome_updated"].actor["login"] == "oxana@example.com"

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

    def test_the_revision_in_the_timeline(self, world: World) -> None:
        """11 new groups, 24 moved links, 474 outcomes and 179 groups edited, on one day."""
        revision = Filters(since=1_353_974_400_000_000, until=1_354_060_800_000_000)  # 2012-11-27 and its end
        told = Counter((entry.ref.kind.value, entry.change) for entry in world.timeline(revision))
        assert told == {
            ("group", "created"): 11,
            ("group", "updated"): 179,
            ("link", "updated"): 24,
            ("outcome", "updated"): 474,
        }

    def test_ids_that_look_like_numbers_with_exponents(self, world: World) -> None:
        """114340E is an id: its own, in its own place."""
        odd = [node for node in everything_in(world.tree()) if not node["id"].isdigit()]
        assert len({node["id"] for node in odd}) == len(odd) > 0
        assert all(node["known"] for node in odd)


def test_two_runs_of_a_course(shared: Shared, world: World) -> None:
    """3,194 deliveries: 3,161 events and 33 repeats; taken again, all are repeats."""
    deliveries = lines_of(shared(OPEN_UNIVERSITY))
    report = world.take(*deliveries)
    assert (report.read, report.appended, report.duplicates, report.quarantined) == (3_194, 3_161, 33, 0)
    digest = world.digest()
    again = world.take(*deliveries)
    assert (again.appended, again.duplicates, again.head) == (0, 3_194, 3_161)
    assert world.digest() == digest
    assert world.verify()["problems"] == []
