"""`verify --rebuild`: views made of the log read backwards tell the same, or `verify` says where they do not."""

import pytest

from outcomes.projections.operations.verify import Checks, verify_home
from outcomes.projections.views import read_model as views_module
from tests.support.given import OTHER_TENANT, group, link, outcome, result
from tests.support.world import World

JAN, FEB, MAR = "2025-01-01", "2025-02-01", "2025-03-01"


@pytest.fixture
def world(world: World) -> World:
    """A home in four batches: late events, a move, two tenants."""
    world.take(group("1", JAN), outcome("7", JAN), link("70", JAN, outcome="7", group="1"))
    world.take(outcome("7", MAR, mastery=4, updated=MAR), result("50", MAR, score=2, updated=MAR))
    world.take(result("50", FEB, score=3, student="another"), group("1", FEB, title="Late", updated=FEB))
    world.take(group("1", JAN, title="Theirs", meta={"tenant": OTHER_TENANT}))
    return world


def test_they_tell_the_same(world: World) -> None:
    """Nothing is found, the live views are not touched, and no file is left."""
    with world.opened() as (_, views):
        views.catch_up()
    before = world.home.views_path.read_bytes()
    verdict = world.verify(anew=True)
    assert (verdict["ok"], verdict["rebuilt"], verdict["problems"]) == (True, True, [])
    assert world.home.views_path.read_bytes() == before
    assert not list(world.home.folder.glob("views.db.proof*"))


def test_a_page_is_smaller_than_the_log(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Several pages, the last one first, however the log divides into them."""
    for size in (1, 3, 8, 9):
        monkeypatch.setattr(views_module, "_PAGE", size)
        assert world.verify(anew=True)["problems"] == []


def test_of_an_empty_log_there_is_nothing_to_compare(world: World) -> None:
    """Nothing to read backwards is no error."""
    empty = World(world.home.folder / "empty")
    assert empty.verify(anew=True)["ok"]


def test_what_is_appended_meanwhile_is_no_damage(world: World) -> None:
    """Another process ingests while verify reads: a proof is of one position."""
    world.take(*(group(str(number), FEB) for number in range(100, 1200)))
    arrived = 0

    def append_meanwhile(_position: int, _head: int) -> None:
        nonlocal arrived
        arrived += 1
        world.take(result(str(5000 + arrived), MAR), outcome("7", MAR, title=f"{arrived}", updated=MAR))

    with world.opened() as (log, views):
        verdict = verify_home(world.home, log, views, Checks(anew=True, watch=append_meanwhile))
    assert arrived >= 2
    assert verdict["problems"] == []
    assert world.verify()["problems"] == []
