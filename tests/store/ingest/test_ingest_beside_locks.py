"""Ingest while another program keeps the views locked: the log is what counts."""

import sqlite3
from contextlib import closing

import pytest

import outcomes
from outcomes.store.ingest.ingest import Ingest, NullFollower
from outcomes.store.sources.json_splitter import split
from outcomes.store.sqlite import datastore
from tests.support.given import group, lines
from tests.support.world import World


@pytest.mark.parametrize("lock", ["BEGIN IMMEDIATE", "PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE"])
def test_the_log_takes_what_the_views_cannot(world: World, monkeypatch: pytest.MonkeyPatch, lock: str) -> None:
    """Everything is counted, nothing fails, and the next question finds it."""
    monkeypatch.setattr(datastore, "BUSY_SECONDS", 0.1)
    world.take(group("1", "2025-01-01"))
    path = world.home.folder / "more.ndjson"
    path.write_bytes(lines(group("2", "2025-01-02", parent="1")))
    with closing(sqlite3.connect(world.home.views_path, isolation_level=None)) as other:
        other.executescript(lock)
        other.execute("UPDATE properties SET value = value")
        with outcomes.open(world.home.folder) as home:
            report = home.ingest(str(path))
        assert (report.appended, report.head) == (1, 2)
        assert report.views is not None
        assert "follow" in report.views
        other.execute("ROLLBACK")
    assert world.digest().entities == 2


def test_a_lock_names_its_file(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """So that one knows whom to look for."""
    from outcomes.cli.error_messages import in_words  # noqa: PLC0415 - typer is slow to load

    monkeypatch.setattr(datastore, "BUSY_SECONDS", 0.1)
    world.take(group("1", "2025-01-01"))
    with closing(sqlite3.connect(world.home.log_path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(sqlite3.OperationalError) as caught:
            world.take(group("2", "2025-01-02"))
    assert str(world.home.log_path) in (in_words(caught.value) or "")


@pytest.mark.parametrize("locked", ["writer.lock", "views.db"])
def test_a_question_waits_for_no_writer(world: World, locked: str) -> None:
    """It is answered from the views as they stand; when the writer is gone, from all of the log."""
    world.take(group("1", "2025-01-01"))
    with world.home.open_log() as log:
        run = Ingest(world.home, log, lambda: world.clock, NullFollower())
        run.take_segments(split([lines(group("2", "2025-01-02", parent="1"))]), "given")
    with outcomes.open(world.home.folder) as home:
        if locked == "writer.lock":
            with world.home.writing("something long"):
                assert not home.catch_up()
                assert home.at().known_at == 1
        else:
            with closing(sqlite3.connect(world.home.views_path, isolation_level=None)) as other:
                other.execute("BEGIN IMMEDIATE")
                assert not home.catch_up()
                assert home.at().known_at == 1
                other.execute("ROLLBACK")
        assert home.catch_up()
        assert home.at().known_at == 2
