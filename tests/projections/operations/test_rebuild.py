"""Views are disposable: lost, spoiled, of another version or made anew under a reader's eyes, they tell the same."""

import os
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from outcomes.projections.operations.rebuild import rebuild
from outcomes.projections.views.read_model import unwatched
from outcomes.store.ingest.ingest import Ingest
from outcomes.store.sources.json_splitter import split
from tests.support.given import OTHER_TENANT, group, lines, link, outcome, proficiency, result
from tests.support.world import World

JAN, FEB, MAR = "2025-01-01", "2025-02-01", "2025-03-01"
COUNT = "SELECT count(*) FROM outcome_versions"
SCHOOL = [
    group("1", JAN),
    outcome("7", JAN),
    link("70", JAN, outcome="7", group="1"),
    result("50", FEB, score=3),
    proficiency("1", JAN),
    outcome("7", MAR, mastery=4, updated=MAR),
    group("1", JAN, title="Theirs", meta={"tenant": OTHER_TENANT}),
]


@pytest.fixture
def world(world: World) -> World:
    """A home with a small school in it, and a late event."""
    world.take(*SCHOOL)
    world.take(group("1", FEB, title="Late", updated=FEB))
    return world


def answers(world: World) -> list[Any]:
    """Return everything that is known now, and at a past time as known at a past position."""
    return [world.everything_known(*at) for at in ((None, None), ("2025-02-15", "7"))]


def rebuilt(world: World) -> dict[str, Any]:
    """Rebuild the views."""
    with world.opened() as (log, _):
        return rebuild(world.home, log, unwatched)


def _delete(path: Path) -> None:
    path.unlink()


def _garbage(path: Path) -> None:
    path.write_bytes(os.urandom(50_000))


def _garbage_after_a_true_header(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:16] + os.urandom(50_000))


def _empty(path: Path) -> None:
    path.write_bytes(b"")


def _another_database(path: Path) -> None:
    for file in path.parent.glob("views.db*"):
        file.unlink()
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE properties (name TEXT, value TEXT)")


def _older_version(path: Path) -> None:
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("UPDATE properties SET value = '0' WHERE name = 'version'")
        connection.execute("DROP TABLE members")


def _newer_version(path: Path) -> None:
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("UPDATE properties SET value = '9999' WHERE name = 'version'")
        connection.execute("ALTER TABLE outcome_versions RENAME TO outcome_states")


SPOILT = [
    _delete,
    _garbage,
    _garbage_after_a_true_header,
    _empty,
    _another_database,
    _older_version,
    _newer_version,
]


@pytest.mark.parametrize("spoil", SPOILT, ids=lambda spoil: spoil.__name__.strip("_"))
class TestSpoiltViews:
    """Whatever happened to views.db, the log has it all."""

    def test_a_reader_gets_the_same_answers(self, world: World, spoil: Callable[[Path], None]) -> None:
        """Without being told, and at every point."""
        before = answers(world)
        spoil(world.home.views_path)
        assert answers(world) == before
        assert world.verify()["problems"] == []

    def test_a_writer_goes_on(self, world: World, spoil: Callable[[Path], None]) -> None:
        """The next batch brings the views all that they lost, and itself."""
        spoil(world.home.views_path)
        world.take(group("2", MAR, parent="1"))
        found = world.tree(tenant=SCHOOL[0]["metadata"]["root_account_uuid"])["roots"][0]
        assert [child["id"] for child in found["children"]] == ["2", "7"]
        assert world.verify()["problems"] == []


class TestRebuild:
    """New views beside the live ones, swapped in at the end."""

    def test_it_says_what_it_did(self, world: World) -> None:
        """Events, seconds and the digest."""
        answer = rebuilt(world)
        assert answer.keys() == {"events", "seconds", "digest"}
        assert (answer["events"], answer["digest"]) == (8, world.digest().digest)

    @pytest.mark.parametrize("spoil", [_garbage, _older_version], ids=lambda spoil: spoil.__name__.strip("_"))
    def test_it_repairs_what_is_spoilt(self, world: World, spoil: Callable[[Path], None]) -> None:
        """The digest that it tells is that of the state, and every answer is as before."""
        digest, before = world.digest(), answers(world)
        spoil(world.home.views_path)
        assert rebuilt(world)["digest"] == digest.digest
        assert answers(world) == before

    def test_it_leaves_nothing_behind(self, world: World) -> None:
        """No file of the new views is left beside the live ones."""
        before = {path.name for path in world.home.folder.iterdir()}
        rebuilt(world)
        assert {path.name for path in world.home.folder.iterdir()} - before <= {
            "rebuild.lock",
            "views.db-wal",
            "views.db-shm",
        }

    def test_what_an_earlier_one_left_unfinished_is_no_obstacle(self, world: World) -> None:
        """It was killed half-way, and its file is still there."""
        world.home.folder.joinpath("views.db.new").write_bytes(os.urandom(20_000))
        before = answers(world)
        rebuilt(world)
        assert answers(world) == before

    def test_it_mends_what_somebody_changed_by_hand(self, world: World) -> None:
        """`verify` finds it, `rebuild` removes it."""
        before = answers(world)
        with closing(sqlite3.connect(world.home.views_path, isolation_level=None)) as connection:
            connection.execute("UPDATE outcome_versions SET title = 'forged' WHERE position = 6")
        assert world.verify()["problems"] != []
        rebuilt(world)
        assert world.verify()["problems"] == []
        assert answers(world) == before

    def test_a_reader_keeps_its_snapshot_and_a_new_one_sees_the_new(self, world: World) -> None:
        """Nobody sees a gap, nobody waits: one transaction is of the old views, the next of the new."""
        with closing(sqlite3.connect(world.home.views_path, isolation_level=None)) as forger:
            forger.execute("UPDATE outcome_versions SET title = 'of the old views'")
        titles = "SELECT DISTINCT title FROM outcome_versions"
        with closing(sqlite3.connect(world.home.views_path, isolation_level=None)) as reader:
            reader.execute("BEGIN")
            assert reader.execute(titles).fetchall() == [("of the old views",)]
            rebuilt(world)
            assert reader.execute(titles).fetchall() == [("of the old views",)]
            assert reader.execute(COUNT).fetchone() == (2,)
            with closing(sqlite3.connect(world.home.views_path)) as newcomer:
                assert newcomer.execute(titles).fetchall() == [("Outcome 7",)]
            reader.execute("COMMIT")
            assert reader.execute(titles).fetchall() == [("Outcome 7",)]

    def test_an_open_writer_goes_on_with_the_new_views(self, world: World) -> None:
        """Numbers that it had learnt for names may mean others now: it must not trust them."""
        with closing(sqlite3.connect(world.home.views_path, isolation_level=None)) as forger:
            # From here on the live views give other numbers to new names than a rebuild does.
            forger.execute("INSERT INTO contexts VALUES (9000, 9000, 'Course', '9000')")
            forger.execute("INSERT INTO tenants VALUES (9000, 'nobody')")
        course = {"context_type": "Course", "context_id": "300", "meta": {"tenant": "a-third-tenant"}}
        with world.opened() as (log, views):
            writer = Ingest(world.home, log, lambda: world.clock, views)
            writer.take_segments(split([lines(outcome("9", JAN, **course))]), "before")
            rebuilt(world)
            writer.take_segments(split([lines(outcome("10", MAR, **course), result("60", MAR, course="300"))]), "after")
        assert world.verify()["problems"] == []
        found = world.tree("Course:300", tenant="a-third-tenant")["unlinked"]
        assert [node["id"] for node in found] == ["10", "9"]
        told = answers(world)
        world.home.views_path.unlink()
        assert answers(world) == told

    def test_an_open_reader_goes_on_with_the_new_views(self, world: World) -> None:
        """Its next question is answered from them."""
        with world.opened() as (_, views):
            with views.reading() as connection:
                assert connection.execute(COUNT).fetchone() == (2,)
            rebuilt(world)
            world.take(outcome("8", JAN))
            with views.reading() as connection:
                assert connection.execute(COUNT).fetchone() == (3,)

    def test_of_an_empty_log_it_makes_empty_views(self, tmp_path: Path) -> None:
        """Nothing to do is no error."""
        empty = World(tmp_path / "empty")
        empty.take()
        assert (rebuilt(empty)["events"], empty.digest().entities) == (0, 0)
