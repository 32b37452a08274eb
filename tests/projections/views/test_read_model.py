"""views.db follows its log, is disposable, and is never taken for the views of another."""

import sqlite3
from contextlib import closing
from typing import Any

import pytest
from hypothesis import given

from outcomes.domain.errors import HomeUnavailable
from outcomes.projections.views.read_model import ReadModel
from outcomes.projections.views.views_file import Origin, make, remove
from tests.support.given import group
from tests.support.histories import histories
from tests.support.world import World, fresh_world


def test_views_of_another_log_are_made_anew(world: World) -> None:
    """A log.db restored from a backup, with the views of a later one beside it, is answered from the log."""
    world.take(group("7", "2025-01-01"), group("8", "2025-01-01"))
    for path in world.home.folder.glob("log.db*"):
        path.unlink()
    world.clock += 1
    world.take(group("55", "2025-01-01"))
    assert [root["id"] for root in world.tree()["roots"]] == ["55"]


@given(histories())
def test_deleting_the_views_loses_nothing(history: list[dict[str, Any]]) -> None:
    """views.db is disposable: made anew, it answers every question as before, and passes the proof."""
    with fresh_world() as world:
        world.take(*history)
        before = world.everything_known("2025-02-15", None)
        world.home.views_path.unlink()
        assert world.everything_known("2025-02-15", None) == before
        assert world.verify()["problems"] == []


@pytest.mark.parametrize("tables", ["none", "of another version"])
def test_views_that_were_replaced_amid_a_question_are_told_in_our_words(world: World, tables: str) -> None:
    """Two versions that share a home replace each other's views: who reads at that moment is told to ask again."""
    world.take(group("7", "2025-01-01"))
    with world.home.open_log() as log, closing(ReadModel(world.home, log)) as views:
        if tables == "none":
            remove(world.home.views_path)
        else:
            make(world.home.views_path, Origin(None, 0))
            with closing(sqlite3.connect(world.home.views_path)) as connection, connection:
                connection.execute("UPDATE properties SET value = 'another' WHERE name = 'version'")
        with pytest.raises(HomeUnavailable, match="ask again"), views.reading_as_is():
            pass
    assert [root["id"] for root in world.tree()["roots"]] == ["7"]
