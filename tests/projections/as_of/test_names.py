"""What work is called: told by an assignment's own events, asked for by the id that results have of it."""

import pytest

from outcomes.domain.identity import Kind
from outcomes.projections.as_of.names import assignment_title
from outcomes.projections.as_of.state import state_at
from tests.support.given import assignment, result
from tests.support.world import World

WORK = (
    assignment("56", "2025-09-01T08:00:00Z", title="Cell essay"),
    assignment("56", "2025-11-01T08:00:00Z", title="Cell report", updated="2025-11-01T08:00:00Z"),
    assignment("6", "2025-09-02T08:00:00Z", title="Tide table"),
)


def title(world: World, local_id: str, as_of: str | None = None) -> str | None:
    """Return what an assignment is called at a time."""
    with world.at(as_of) as (_, connection, point):
        return assignment_title(connection, point, local_id)


def test_an_assignment_is_named_by_its_local_id_as_it_was_called_at_the_time(world: World) -> None:
    """Its events have the global id, results the local one; a name that came later is not of then."""
    world.take(*WORK)
    assert title(world, "56") == "Cell report"
    assert title(world, "56", "2025-10-01") == "Cell essay"
    assert title(world, "6") == "Tide table"
    assert title(world, "56", "2025-08-01") is None
    assert title(world, "7") is None
    assert title(world, "no number") is None
    assert title(world, "²") is None


def test_without_any_assignment_there_is_no_title(world: World) -> None:
    """A log whose subscription leaves them out has results all the same."""
    world.take(result("90", "2025-10-01T08:00:00Z"))
    assert title(world, "56") is None


@pytest.mark.parametrize(
    ("asset", "called"), [(("Assignment", "56"), "Cell report"), (("Quizzes::Quiz", "56"), None), ((None, None), None)]
)
def test_a_result_says_what_it_assessed(world: World, asset: tuple[str | None, str | None], called: str | None) -> None:
    """Only of assignments do events tell a title: a quiz of the same number is another thing."""
    kind, number = asset
    world.take(*WORK, result("90", "2025-12-01T08:00:00Z", associated_asset_type=kind, associated_asset_id=number))
    with world.at() as (log, connection, point):
        assert state_at(connection, log, point, Kind.RESULT, "90")["assessed"] == called


def test_assignments_are_no_part_of_the_story_of_outcomes(world: World) -> None:
    """They explain results: a timeline leaves them out, unless one is named."""
    world.take(*WORK)
    assert world.timeline() == []
