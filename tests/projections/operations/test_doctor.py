"""The doctor: each thing that can be missing or at odds is found, counted and shown, at any point."""

from datetime import timedelta
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from outcomes.domain.times import moment, parse_argument
from outcomes.projections.history.version_steps import Filters
from outcomes.projections.operations.doctor import doctor
from tests.support.given import OTHER_TENANT, group, link, outcome, result
from tests.support.histories import POINTS, histories
from tests.support.world import World, fresh_world

JAN, FEB, MAR, APR = (f"2025-0{month}-01" for month in range(1, 5))


def findings(world: World, **point: Any) -> dict[str, Any]:
    """Return what is found, by name."""
    with world.at(**point) as (log, connection, at):
        return {finding["finding"]: finding for finding in doctor(connection, log, at, world.clock)}


def examples(world: World, name: str, **point: Any) -> list[tuple[str, str, int]]:
    """Return the examples of one finding; all of them, in these small histories."""
    found = findings(world, **point)[name]
    assert found["count"] == len(found["examples"])
    return [(example["kind"], example["id"], example["position"]) for example in found["examples"]]


def test_a_whole_history_has_nothing(world: World) -> None:
    """Every check is named, with its advice, and counts 0; so in an empty log."""
    whole = (group("1", JAN), outcome("7", JAN), link("70", JAN, outcome="7", group="1"), result("50", FEB))
    for history in ((), whole):
        world.take(*history)
        found = findings(world)
        assert {name: finding["count"] for name, finding in found.items()} == dict.fromkeys(
            (
                "updates_of_things_never_created",
                "links_to_unknown_groups",
                "links_to_unknown_outcomes",
                "results_of_unknown_outcomes",
                "results_of_nobody",
                "results_of_deleted_outcomes",
                "silent_periods",
                "order_conflicts",
                "batches_of_the_future",
                "several_hosts",
                "implied_deletions",
            ),
            0,
        )
        assert all(finding["advice"] for finding in found.values())


def test_updates_of_things_never_created(world: World) -> None:
    """The first event that is known of each; a creation that comes late mends it, but not the past."""
    world.take(
        outcome("7", MAR, updated=MAR),
        outcome("7", FEB, updated=FEB),
        group("1", JAN, updated=JAN),
        result("50", FEB, updated=FEB),
        result("51", FEB),
    )
    name = "updates_of_things_never_created"
    assert sorted(examples(world, name)) == [("group", "1", 3), ("outcome", "7", 2), ("result", "50", 4)]
    world.take(outcome("7", JAN), result("50", JAN))
    assert examples(world, name) == [("group", "1", 3)]
    assert len(examples(world, name, known_at="5")) == 3


def test_links_to_what_nobody_has_told(world: World) -> None:
    """Unknown groups and unknown outcomes, of active links only, and only until they are told."""
    world.take(
        link("70", JAN, outcome="7", group="1"),
        link("71", JAN, outcome="8", group="1"),
        link("71", FEB, outcome="8", group="1", updated=FEB, workflow_state="deleted"),
        group("1", MAR),
    )
    assert examples(world, "links_to_unknown_groups") == []
    assert examples(world, "links_to_unknown_groups", as_of=FEB) == [("link", "70", 1)]
    assert examples(world, "links_to_unknown_outcomes") == [("link", "70", 1)]
    assert len(examples(world, "links_to_unknown_outcomes", as_of=JAN)) == 2


def test_results_of_unknown_and_deleted_outcomes(world: World) -> None:
    """In force, not deleted themselves, and under the outcome that they are of now."""
    world.take(
        outcome("7", JAN),
        outcome("9", JAN),
        result("50", FEB, outcome="7"),
        result("51", FEB, outcome="8"),
        result("52", FEB, outcome="8"),
        result("52", MAR, outcome="9", updated=MAR),
        result("53", FEB, outcome="8", workflow_state="deleted"),
        outcome("7", APR, updated=APR, workflow_state="deleted"),
    )
    assert examples(world, "results_of_unknown_outcomes") == [("result", "51", 4)]
    assert [place for _, place, _ in examples(world, "results_of_unknown_outcomes", as_of=FEB)] == ["51", "52"]
    assert examples(world, "results_of_deleted_outcomes") == [("result", "50", 3)]
    assert examples(world, "results_of_deleted_outcomes", as_of=MAR) == []


def test_results_that_name_no_student(world: World) -> None:
    """In force, not deleted, and still nobody's: a later event may have named the student."""
    nobody = {"user_uuid": None}
    world.take(
        outcome("7", JAN),
        result("50", FEB, **nobody),
        result("51", FEB, **nobody),
        result("51", MAR, updated=MAR),
        result("52", FEB, workflow_state="deleted", **nobody),
    )
    assert examples(world, "results_of_nobody") == [("result", "50", 2)]
    assert [place for _, place, _ in examples(world, "results_of_nobody", as_of=FEB)] == ["50", "51"]


def test_links_that_a_deletion_took_along(world: World) -> None:
    """Without an event of their own; after the return by an import nobody can be certain."""
    world.take(
        group("1", JAN),
        outcome("7", JAN),
        link("70", JAN, outcome="7", group="1"),
        outcome("7", FEB, updated=FEB, workflow_state="deleted"),
        outcome("7", MAR, updated=MAR, meta={"job_tag": "OutcomeImport#run"}),
    )
    assert examples(world, "implied_deletions", as_of=JAN) == []
    for as_of, fate in ((FEB, "deleted"), (MAR, "uncertain")):
        (example,) = findings(world, as_of=as_of)["implied_deletions"]["examples"]
        assert (example["id"], example["position"], example["implied"]) == ("70", 3, fate)


def test_a_silence_is_told_with_both_its_ends(world: World) -> None:
    """Twelve weeks with a hundred results each Monday, and one Monday without."""
    first = moment(parse_argument("2025-01-06"))
    mondays = [f"{first + timedelta(weeks=week):%Y-%m-%d}" for week in range(12) if week != 6]
    for week, monday in enumerate(mondays):
        world.take(
            *(result(f"{week}{place:03d}", f"{monday}T10:{place % 60:02d}:{place // 60:02d}Z") for place in range(100))
        )
    (silence,) = findings(world)["silent_periods"]["examples"]
    assert silence == {
        "from": "2025-02-10T10:59:00.000Z",
        "to": "2025-02-24T10:00:00.000Z",
        "positions": [560, 601],
        "expected": 100,
    }


def test_many_findings_are_counted_and_a_few_shown(world: World) -> None:
    """Five examples, of each kind in turn, of however many; another tenant's are not among them."""
    world.take(
        *(outcome(str(place), JAN, updated=JAN) for place in range(1, 20)),
        group("1", JAN, updated=JAN),
        outcome("99", JAN, updated=JAN, meta={"tenant": OTHER_TENANT}),
    )
    tenant = outcome("1", JAN)["metadata"]["root_account_uuid"]
    found = findings(world, tenant=tenant)["updates_of_things_never_created"]
    assert (found["count"], len(found["examples"])) == (20, 5)
    assert "group" in {example["kind"] for example in found["examples"]}


@given(histories(), st.sampled_from([*POINTS, None]), st.sampled_from([None, "4"]))
def test_it_finds_the_conflicts_that_the_timeline_marks(
    history: list[dict[str, Any]], as_of: str | None, known_at: str | None
) -> None:
    """The same events, found by one query instead of reading each history."""
    point = {"as_of": as_of, "known_at": known_at, "tenant": history[0]["metadata"]["root_account_uuid"]}
    with fresh_world() as world:
        world.take(*history)
        marked = [entry for entry in world.timeline(Filters(everything=True), **point) if entry.order_conflict]
        found = findings(world, **point)["order_conflicts"]
    told = {entry.position for entry in marked if entry.kind != "setting"}
    assert found["count"] == len(told)
    assert {example["position"] for example in found["examples"]} <= told


def test_contradictions_among_results_graded_together_are_counted_in_any_order_of_arrival() -> None:
    """A class graded in one go has many results of one course and instant: those that contradict themselves count."""
    same = "2025-03-10T09:00:00Z"
    graded = [result(number, same) for number in ("50", "51", "52", "53")]
    contradicting = [result("51", same, score=1), result("53", same, score=2)]
    for history in (graded + contradicting, contradicting + graded):
        with fresh_world() as other:
            other.take(*history)
            assert {local_id for _, local_id, _ in examples(other, "order_conflicts")} == {"51", "53"}


def test_two_contradicting_events_of_one_instant_are_counted(world: World) -> None:
    """Whichever of them arrived first: their digests decide, and a repeat with another envelope contradicts nothing."""
    same = "2025-03-10T09:00:00Z"
    a, b = (outcome("7", same, title=title, updated=same) for title in ("A", "B"))
    again = group("1", same, meta={"request_id": "another"})
    world.take(b, outcome("7", "2025-01-01"), a, group("1", same), again)
    found = findings(world)["order_conflicts"]
    marked = [entry for entry in world.timeline(Filters(everything=True)) if entry.order_conflict]
    assert found["count"] == 1
    assert "same instant" in found["examples"][0]["why"]
    assert [entry.position for entry in marked] == [found["examples"][0]["position"]]
