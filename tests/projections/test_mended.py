"""Defects that a sceptical reader found, each mended, each held to its promise."""

from typing import Any

import pytest

from outcomes.domain.identity import Context, Kind
from outcomes.projections.history.version_steps import Filters
from tests.support.given import event, group, link, outcome, rubric_assessed
from tests.support.world import World


@pytest.mark.parametrize("name", ["rubric_assessed", "user_created", "enrollment_created"])
def test_a_new_field_may_have_any_name(world: World, name: str) -> None:
    """A field that Canvas adds is kept and harms nothing, even one that is called `context`."""
    ids = {"id": "9", "user_id": "9", "enrollment_id": "9"}
    world.take(event(name, "2025-01-02", {**ids, "context": {"a": 1}}), group("1", "2025-01-01"))
    assert len(world.tree()["roots"]) == 1
    assert world.verify()["problems"] == []


@pytest.mark.parametrize("updated", ["0001-01-01 00:00:00 +0500", "9999-12-31T23:59:59-05:00", "0001-01-01T00:00:00Z"])
def test_a_time_beyond_the_calendar_goes_to_quarantine(world: World, updated: str) -> None:
    """One odd time neither stops an ingest nor makes an answer fail later."""
    report = world.take(outcome("7", "2025-01-01", updated=updated), outcome("8", "2025-01-01"))
    assert (report.appended, report.quarantined) == (1, 1)
    assert [entry.ref.id for entry in world.timeline()] == ["8"]


def test_a_malformed_url_is_told_as_it_came(world: World) -> None:
    """What cannot be taken apart is shown whole."""
    world.take(outcome("7", "2025-01-01", meta={"url": "https://[bad/x", "http_method": "PUT"}))
    (entry,) = world.timeline()
    assert entry.actor["via"] == "PUT https://[bad/x"


@pytest.mark.parametrize("point", [{"known_at": "2"}, {"as_of": "2025-01-02"}])
def test_a_contexts_timeline_at_a_point_never_changes(world: World, point: dict[str, Any]) -> None:
    """A link that arrives later does not bring its outcome into an old report of the course."""
    world.take(group("1", "2025-01-01", context="Course:200"), outcome("7", "2025-01-02"))
    course = Filters(context=Context("Course", "200"))
    before = world.timeline(course, **point)
    world.take(link("70", "2025-01-03", outcome="7", group="1", context="Course:200"))
    assert world.timeline(course, **point) == before
    assert {entry.ref.kind for entry in world.timeline(course)} == {Kind.GROUP, Kind.LINK, Kind.OUTCOME}


def test_views_of_another_log_are_made_anew(world: World) -> None:
    """A log.db restored from a backup, with the views of a later one beside it, is answered from the log."""
    world.take(group("7", "2025-01-01"), group("8", "2025-01-01"))
    for path in world.home.folder.glob("log.db*"):
        path.unlink()
    world.clock += 1
    world.take(group("55", "2025-01-01"))
    assert [root["id"] for root in world.tree()["roots"]] == ["55"]


def test_a_regrading_is_no_conflict(world: World) -> None:
    """rubric_assessed is never called an update; its rising clock says that all is in order."""
    world.take(
        rubric_assessed("9", "2025-01-01", submitted="2024-12-01", graded="2025-01-01"),
        rubric_assessed("9", "2025-01-02", submitted="2024-12-01", graded="2025-01-02"),
    )
    entries = world.timeline(Filters(entities=[(Kind.ASSESSMENT, "9")]))
    assert [entry.order_conflict for entry in entries] == [False, False]


def test_a_deep_tree_is_told_whole(world: World) -> None:
    """Two thousand groups, each in the one before: no depth is too deep for the answer."""
    world.take(*(group(str(n), "2025-01-01", parent=None if n == 1 else str(n - 1)) for n in range(1, 2_001)))
    node, depth = world.tree()["roots"][0], 1
    while node["children"]:
        node, depth = node["children"][0], depth + 1
    assert depth == 2_000


def test_a_null_metadata_is_as_if_absent(world: World) -> None:
    """Null means absent, in the envelope's own name, too."""
    value = group("1", "2025-01-01")
    assert world.take({"metadata": None, "attributes": value["metadata"], "body": value["body"]}).appended == 1
