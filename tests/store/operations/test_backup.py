"""A backup is one whole file, taken while others write, and restoring it is copying it back."""

import os
import shutil
import sqlite3
import subprocess
import sys
import threading
from contextlib import closing
from pathlib import Path

import pytest

from outcomes.domain.errors import HomeUnavailable, UsageError
from outcomes.projections.views.read_model import unwatched
from outcomes.store import ledger
from outcomes.store.log import log_file
from outcomes.store.log.recorder import TENANTS
from outcomes.store.operations.backup import Backup, backup
from outcomes.store.operations.checkpoint import checkpoint
from tests.support.command import ROOT, Outcomes
from tests.support.given import group, lines, outcome, result
from tests.support.world import World


def taken(world: World, target: Path) -> Backup:
    """Back up a home."""
    with world.opened() as (log, _):
        return backup(log, target, unwatched)


def restored(made: Backup, folder: Path) -> World:
    """Put a backup where a home looks for its log."""
    folder.mkdir(exist_ok=True)
    shutil.copy(made.file, folder / "log.db")
    return World(folder)


def test_a_restored_backup_is_the_log(world: World, tmp_path: Path) -> None:
    """Every byte, the quarantine, the identity and the proof; and it goes on from there."""
    world.take(outcome("7", "2025-01-01"), b"not an event", group("1", "2025-01-01"))
    made = taken(world, tmp_path / "b.db")
    again = restored(made, tmp_path / "again")
    assert again.verify(against=made.of)["problems"] == []
    assert again.raw_log() == world.raw_log()
    assert again.digest() == world.digest()
    with world.opened() as (log, _), again.opened() as (other, _):
        assert checkpoint(other) == checkpoint(log) == made.of
        with other.reading() as connection:
            assert connection.execute("SELECT count(*) FROM quarantine").fetchone() == (1,)
    assert again.take(group("2", "2025-01-01"), group("1", "2025-01-01")).appended == 1


def test_it_is_one_file_for_its_owner(world: World, tmp_path: Path) -> None:
    """No side files beside it, not in WAL mode, mode 0600 under any umask, nothing unfinished left."""
    world.take(outcome("7", "2025-01-01"))
    place = tmp_path / "place"
    place.mkdir()
    before = os.umask(0)
    try:
        made = taken(world, place / "b.db")
    finally:
        os.umask(before)
    assert [path.name for path in place.iterdir()] == ["b.db"]
    assert made.file.stat().st_mode & 0o777 == 0o600
    assert made.bytes == made.file.stat().st_size
    assert made.file.read_bytes()[18:20] == b"\1\1"  # of the file format: 1 is a rollback journal, 2 is WAL


def test_what_is_there_is_not_overwritten(world: World, tmp_path: Path) -> None:
    """A file, a folder, a dangling link: refused, and left as it is."""
    world.take(outcome("7", "2025-01-01"))
    (tmp_path / "file").write_text("precious")
    (tmp_path / "folder").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "nowhere")
    for name in ("file", "folder", "link"):
        with pytest.raises(UsageError, match="is there already: name a new file"):
            taken(world, tmp_path / name)
    assert (tmp_path / "file").read_text() == "precious"
    with pytest.raises(HomeUnavailable, match=r"cannot write .*: choose another place"):
        taken(world, tmp_path / "no" / "such" / "folder.db")


def test_what_fails_leaves_no_file_that_looks_like_a_backup(world: World, tmp_path: Path) -> None:
    """Half-way through the disk is full, or somebody has enough of waiting."""
    world.take(*(result(str(number), "2025-01-01", note=os.urandom(800).hex()) for number in range(1_500)))

    def enough(_done: int, _pages: int) -> None:
        raise KeyboardInterrupt

    with world.opened() as (log, _), pytest.raises(KeyboardInterrupt):
        backup(log, tmp_path / "b.db", enough)
    assert not list(tmp_path.glob("b.db*"))
    limited = f"ulimit -f 500; exec {sys.executable} -m outcomes --home {world.home.folder} backup {tmp_path}/b.db"
    ran = subprocess.run(["/bin/bash", "-c", limited], cwd=ROOT, capture_output=True, text=True, check=False)
    assert (ran.returncode, len(ran.stderr.splitlines()), ran.stderr[:7]) == (2, 1, "error: "), ran
    assert not list(tmp_path.glob("b.db*"))


def test_a_backup_whose_key_cannot_be_copied_leaves_nothing(tmp_path: Path) -> None:
    """Whoever is told that it failed must not find a file that looks like one."""
    world = World(tmp_path / "home", encrypt=True)
    world.take(group("1", "2025-01-01"))
    (tmp_path / "safe").mkdir()
    with world.opened() as (log, _):
        (world.home.folder / "home.key").unlink()
        with pytest.raises(HomeUnavailable):
            backup(log, tmp_path / "safe" / "copy.db", lambda _done, _pages: None, with_key=True)
    assert list((tmp_path / "safe").iterdir()) == []


def test_a_writer_is_not_held_up(world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In the middle of a backup another connection commits at once, and the backup neither fails nor begins again."""
    monkeypatch.setattr(log_file, "_PAGES_A_STEP", 8)
    world.take(*(result(str(number), "2025-01-01", note=os.urandom(800).hex()) for number in range(1_500)))
    told: list[tuple[int, int]] = []

    def write_meanwhile(done: int, pages: int) -> None:
        if not told:
            with closing(sqlite3.connect(world.home.log_path, timeout=0, isolation_level=None)) as writer:
                writer.execute("BEGIN IMMEDIATE")
                ledger.insert(writer, TENANTS, 2, "a writer of another process")
                writer.execute("COMMIT")
        told.append((done, pages))

    with world.opened() as (log, _):
        made = backup(log, tmp_path / "b.db", write_meanwhile)
    assert len(told) > 1
    assert told == sorted(told)
    with closing(sqlite3.connect(made.file)) as copy:
        assert copy.execute("SELECT count(*) FROM tenants").fetchone() == (1,)


def test_backups_while_an_ingest_runs_hold_whole_batches(tmp_path: Path) -> None:
    """Each of several, taken at any moment of a running ingest: whole in itself, and the log only grew since."""
    events = [result(str(number), "2025-02-01", student=f"s{number % 40}") for number in range(12_000)]
    (tmp_path / "events").write_bytes(lines(*events))
    outcomes = Outcomes(tmp_path / "home")
    outcomes("ingest", stdin=lines(*events[:1]))
    made: list[dict[str, object]] = []
    with subprocess.Popen(
        [sys.executable, "-m", "outcomes", "--home", str(outcomes.home), "ingest", str(tmp_path / "events")],
        cwd=ROOT,
        stdout=subprocess.DEVNULL,
    ) as ingest:
        finished = threading.Event()
        threading.Thread(target=lambda: (ingest.wait(), finished.set()), daemon=True).start()
        while not finished.wait(0.1):
            world = World(outcomes.home)
            with world.opened() as (log, _):
                done = backup(log, tmp_path / f"{len(made)}.db", unwatched)
            made.append({"file": done.file, "head": done.of.position, "checkpoint": str(done.of)})
    assert ingest.returncode == 0
    heads = [one["head"] for one in made]
    assert heads == sorted(heads)  # type: ignore[type-var]
    live = World(outcomes.home)
    with live.opened() as (log, _):
        ends = {batch.last_position for batch in log.batches()}
        assert ends >= set(heads)
        assert len(ends) > 2
    assert any(0 < head < max(ends) for head in heads)  # type: ignore[operator]
    middle = made[len(made) // 2]
    assert outcomes("verify", "--against", str(middle["checkpoint"])).code == 0
    (tmp_path / "again").mkdir()
    shutil.copy(str(middle["file"]), tmp_path / "again" / "log.db")
    verdict = Outcomes(tmp_path / "again").json("verify", "--against", str(middle["checkpoint"]))
    assert (verdict["ok"], verdict["events"]) == (True, middle["head"])


class TestViewsOfAnotherLog:
    """Views tell of one log: those of another are noticed and made anew."""

    def test_a_log_restored_over_a_longer_one(self, world: World, tmp_path: Path) -> None:
        """The views know batches that the restored log does not have."""
        world.take(outcome("7", "2025-01-01", title="kept"))
        made = taken(world, tmp_path / "b.db")
        world.take(outcome("7", "2025-03-01", title="lost", updated="2025-03-01"))
        assert world.digest().entities == 1
        self._put_back(world, made)
        with world.at() as (_, connection, _point):
            assert connection.execute("SELECT title FROM outcomes").fetchall() == [("kept",)]
        assert world.verify()["problems"] == []

    def test_a_restored_log_that_has_grown_as_long_again(self, world: World, tmp_path: Path) -> None:
        """Same identity, same positions, same time of recording, other events."""
        world.take(outcome("7", "2025-01-01"))
        made = taken(world, tmp_path / "b.db")
        world.take(group("1", "2025-03-01", title="lost"))
        kept = world.home.views_path.read_bytes()
        self._put_back(world, made)
        world.take(group("1", "2025-03-01", title="instead"))
        world.home.views_path.write_bytes(kept)
        with world.at() as (_, connection, _point):
            assert connection.execute("SELECT title FROM outcome_groups").fetchall() == [("instead",)]

    def test_another_log_of_the_same_events(self, world: World, tmp_path: Path) -> None:
        """Even an equal history is another log: its identity says so, before any event does."""
        other = World(tmp_path / "other")
        for each in (world, other):
            each.take()
        with world.opened() as (_, views):
            views.catch_up()
        shutil.copy(world.home.views_path, other.home.views_path)
        with world.opened() as (one, _), other.opened() as (two, views):
            assert one.identity() != two.identity()
            views.catch_up()
            with views.reading_as_is() as connection:
                owner = connection.execute("SELECT value FROM properties WHERE name = 'log'").fetchone()
            assert owner == (two.identity(),)

    @staticmethod
    def _put_back(world: World, made: Backup) -> None:
        for suffix in ("-wal", "-shm"):
            Path(f"{world.home.log_path}{suffix}").unlink(missing_ok=True)
        shutil.copy(made.file, world.home.log_path)


def test_views_are_not_touched_by_a_backup(world: World, tmp_path: Path) -> None:
    """A backup reads the log and nothing else: it works without views."""
    world.take(outcome("7", "2025-01-01"))
    world.home.views_path.unlink()
    taken(world, tmp_path / "b.db")
    assert not world.home.views_path.exists()
