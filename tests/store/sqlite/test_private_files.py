"""Events name people: whatever the umask, a home and all that is written from it is for its owner only."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from outcomes.domain.errors import HomeUnavailable
from outcomes.projections.operations.reverse_replay import reverse_views
from outcomes.store.sqlite.private_files import make_private, make_private_folder
from tests.support.command import Outcomes
from tests.support.given import group, lines, outcome, result
from tests.support.world import World


@pytest.fixture(params=[0o000, 0o777], ids=lambda umask: f"umask {umask:03o}")
def umask(request: pytest.FixtureRequest) -> Iterator[int]:
    """Run a test, and the processes that it starts, under a umask."""
    before = os.umask(request.param)
    yield request.param
    os.umask(before)


def modes(folder: Path) -> dict[str, int]:
    """Return the permissions of all that is in a folder."""
    return {path.name: path.stat().st_mode & 0o777 for path in folder.iterdir()}


@pytest.mark.usefixtures("umask")
def test_a_home_and_what_comes_of_it(tmp_path: Path) -> None:
    """Folder 0700, every file 0600: the log and views with their side files, locks, backups, replays."""
    home, elsewhere = tmp_path / "new" / "home", tmp_path / "elsewhere"
    elsewhere.mkdir()
    elsewhere.chmod(0o755)
    (tmp_path / "new").mkdir()
    (tmp_path / "new").chmod(0o755)
    outcomes = Outcomes(home)
    assert outcomes("ingest", stdin=lines(group("1", "2025-01-01"), outcome("7", "2025-01-01"))).code == 0
    assert outcomes("replay", "--to", str(elsewhere / "state.db")).code == 0
    assert outcomes("backup", str(elsewhere / "backup.db")).code == 0
    assert home.stat().st_mode & 0o777 == 0o700
    assert set(modes(home)) >= {"log.db", "views.db", "writer.lock"}
    assert {**modes(home), **modes(elsewhere)} == dict.fromkeys([*modes(home), "state.db", "backup.db"], 0o600)


@pytest.mark.usefixtures("umask")
def test_files_that_are_there_only_for_a_while(tmp_path: Path) -> None:
    """Side files of open databases, and the views that are being made: seen while they are there."""
    world = World(tmp_path / "home")
    world.take(result("1", "2025-01-01"))
    with (
        world.opened() as (log, views),
        views.reading(),
        reverse_views(world.home, log, lambda _done, _all: None),
        log.writing(),
    ):
        seen = modes(world.home.folder)
    assert {"log.db-wal", "log.db-shm", "views.db-wal", "views.db.proof", "views.db.proof-wal"} <= set(seen)
    assert set(seen.values()) == {0o600}


def test_a_restored_log_that_others_could_read_is_closed(tmp_path: Path) -> None:
    """Copied back under a careless umask, it is for its owner again once something is written."""
    world = World(tmp_path / "home")
    world.take(group("1", "2025-01-01"))
    world.home.log_path.chmod(0o644)
    world.take(group("2", "2025-01-01"))
    assert modes(world.home.folder)["log.db"] == 0o600


def test_an_empty_folder_that_is_there_is_closed(tmp_path: Path) -> None:
    """It was made for us a moment ago."""
    folder = tmp_path / "empty"
    folder.mkdir()
    folder.chmod(0o755)
    assert Outcomes(folder)("ingest", stdin=lines(group("1", "2025-01-01"))).err == ""
    assert folder.stat().st_mode & 0o777 == 0o700


def test_a_folder_with_files_stays_as_it_is_and_is_named(tmp_path: Path) -> None:
    """Who may enter it is for its owner to say; what we put into it is closed all the same."""
    folder = tmp_path / "shared"
    folder.mkdir()
    (folder / "theirs").write_text("theirs")
    folder.chmod(0o755)
    ran = Outcomes(folder)("ingest", stdin=lines(group("1", "2025-01-01")))
    assert (ran.code, folder.stat().st_mode & 0o777) == (0, 0o755)
    assert ran.err == f"warning: others may enter {folder} (its mode is 755): chmod 700 {folder}\n"
    assert modes(folder)["log.db"] == 0o600


def test_files_of_parquet_are_closed(tmp_path: Path) -> None:
    """As every other copy of the data, also in a folder that others may enter later."""
    outcomes = Outcomes(tmp_path / "home")
    outcomes("ingest", stdin=lines(group("1", "2025-01-01"), outcome("7", "2025-01-01")))
    assert outcomes("replay", "--to", str(tmp_path / "parquet"), "--format", "parquet").code == 0
    assert len(modes(tmp_path / "parquet")) > 3
    assert set(modes(tmp_path / "parquet").values()) == {0o600}


def test_a_lock_that_is_a_link_is_refused(tmp_path: Path) -> None:
    """Whatever it leads to stays as it is."""
    world = World(tmp_path / "home")
    world.take(group("1", "2025-01-01"))
    theirs = tmp_path / "theirs"
    theirs.write_text("theirs")
    lock = world.home.folder / "writer.lock"
    lock.unlink()
    lock.symlink_to(theirs)
    with pytest.raises(HomeUnavailable, match=r"writer\.lock is a link"):
        world.take(group("2", "2025-01-01"))
    assert theirs.read_text() == "theirs"
    lock.unlink()
    lock.symlink_to(tmp_path / "nowhere")
    with pytest.raises(HomeUnavailable, match=r"writer\.lock is a link"):
        world.take(group("2", "2025-01-01"))
    assert not (tmp_path / "nowhere").exists()


def test_a_folder_that_is_there_stays_as_it_is(tmp_path: Path) -> None:
    """Also one that is made for an export."""
    folder = tmp_path / "shared"
    folder.mkdir()
    (folder / "theirs").touch(0o600)
    folder.chmod(0o755)
    make_private_folder(folder)
    make_private(folder / "file")
    assert (folder.stat().st_mode & 0o777, modes(folder)) == (0o755, {"file": 0o600, "theirs": 0o600})
