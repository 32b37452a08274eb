"""A replay of files by processes of this machine: the state that a home tells, whole or not at all."""

import contextlib
import gzip
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import orjson
import pytest

import outcomes
from scripts.generator.exports.making import make
from tests.cluster.archive import Archive, assert_same, wait_until
from tests.support import states
from tests.support.command import ROOT, Asked

PAST = "2025-12-01"


@pytest.fixture
def command(tmp_path: Path) -> Asked:
    """Run a command beside a folder that is no home."""
    return Asked(tmp_path / "no-home")


@pytest.mark.parametrize("as_of", [None, PAST])
def test_files_tell_what_a_home_tells(archive: Archive, command: Asked, tmp_path: Path, as_of: str | None) -> None:
    """Digest and every table, row for row, now and at a past time: shuffled, repeated, packed, of several tenants."""
    target = tmp_path / "state"
    point = () if as_of is None else ("--as-of", as_of)
    answer = command.json("replay", "--from", str(archive.folder), "--to", str(target), "--workers", "2", *point)
    assert_same(archive, target, answer, from_log=False, as_of=as_of)
    assert answer["not_events"] > 0
    assert answer["tenants"] == sorted(archive.tenants)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["state"]
    assert {path.stat().st_mode & 0o077 for path in target.rglob("*.parquet")} == {0}


def test_a_log_tells_what_was_known(archive: Archive, command: Asked, tmp_path: Path) -> None:
    """At a position, with the positions of all rows; a position beyond the end is the end."""
    for known_at in ("900", "99999999999"):
        target = tmp_path / known_at
        words = ("replay", "--from", str(archive.log), "--to", str(target), "--known-at", known_at, "--workers", "1")
        assert_same(archive, target, command.json(*words), from_log=True, known_at=known_at)


def test_an_address_is_read_as_a_file_is(archive: Archive, command: Asked, tmp_path: Path) -> None:
    """Folders, packed files and logs behind an address that Arrow can open; a folder of this machine is written."""
    for name, address in (("files", f"file://{archive.folder}"), ("log", f"file://{archive.log}")):
        target = tmp_path / name
        answer = command.json("replay", "--from", address, "--to", str(target), "--workers", "1")
        assert_same(archive, target, answer, from_log=name == "log")
    ran = command("replay", "--from", str(archive.log), "--to", f"file://{tmp_path}/elsewhere")
    assert (ran.code, "Spark writes to s3://" in ran.err) == (2, True)


def test_columns_are_those_of_a_home(archive: Archive, command: Asked, tmp_path: Path) -> None:
    """Names and types of every table, also of a tenant that has no rows in some; one tenant alone, if asked."""
    tenant, target = archive.tenants[0], tmp_path / "state"
    words = ("replay", "--from", str(archive.folder), "--to", str(target), "--tenant", tenant, "--as-of", "2001-01-01")
    words += ("--workers", "1")
    answer = command.json(*words)
    assert (answer["tenants"], answer["results"], answer["entities"]) == ([tenant], 0, 0)
    with outcomes.open(archive.home) as home:
        home.at(tenant=tenant).replay(tmp_path / "of-home", format="parquet")
    wanted = states.columns((tmp_path / "of-home").iterdir())
    wanted["point"].remove(("tenant", "string"))  # whose each is, its folder says
    assert states.columns(target.rglob("*.parquet")) == wanted


def _garbage(folder: Path) -> str:
    (folder / "notes.txt").write_text("no event\n" * 3_000)
    return str(folder / "notes.txt")


def _picture(folder: Path) -> str:
    (folder / "p.png").write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(100))
    return str(folder / "p.png")


def _cut_short(folder: Path) -> str:
    (folder / "c.gz").write_bytes(gzip.compress(os.urandom(4_000).hex().encode())[:2_000])
    return str(folder / "c.gz")


def _empty(folder: Path) -> str:
    (folder / "empty").mkdir()
    return str(folder / "empty")


@pytest.mark.parametrize(
    ("make", "told"),
    [
        (lambda folder: str(folder / "nowhere"), "does not exist"),
        (_empty, "there is no file in it"),
        (_picture, "a PNG picture"),
        (_garbage, "no file of events"),
        (_cut_short, "c.gz"),
        (lambda folder: f"file://{folder}/nowhere", "does not exist"),
        (lambda _: "carrier-pigeon://roof", "cannot open carrier-pigeon://roof"),
    ],
    ids=["nowhere", "empty", "picture", "garbage", "cut-short", "far", "unheard-of"],
)
def test_wrong_input_is_refused_as_a_whole(
    archive: Archive, command: Asked, tmp_path: Path, make: Callable[[Path], str], told: str
) -> None:
    """One line, exit 2, and nothing is written, though other files were right."""
    given = tmp_path / "given"
    given.mkdir()
    ran = command(
        "replay", "--from", str(archive.log), "--from", make(given), "--to", str(tmp_path / "state"), "--workers", "1"
    )
    assert (ran.code, ran.out, ran.err.count("\n")) == (2, b"", 1)
    assert told in ran.err
    assert sorted(path.name for path in tmp_path.iterdir()) == ["given"]


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("--known-at", "5"), "outcomes log --format parquet"),
        (("--as-of", "some day"), "not a time"),
        (("--tenant", "nobody"), "no such tenant"),
    ],
)
def test_what_files_cannot_tell_is_refused(
    archive: Archive, command: Asked, tmp_path: Path, words: tuple[str, ...], told: str
) -> None:
    """Positions of files of events, times that are none, tenants of whom there is no event."""
    ran = command("replay", "--from", str(archive.folder), "--to", str(tmp_path / "state"), "--workers", "1", *words)
    assert (ran.code, ran.out, ran.err.count("\n")) == (2, b"", 1)
    assert told in ran.err
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_is_there_is_left_alone(archive: Archive, command: Asked, tmp_path: Path) -> None:
    """Nothing is overwritten, by a replay or by the log as Parquet; and --workers is of files."""
    (tmp_path / "mine").mkdir()
    ran = command("replay", "--from", str(archive.folder), "--to", str(tmp_path / "mine"))
    assert (ran.code, "is there already" in ran.err) == (2, True)
    command.home = archive.home
    ran = command("log", "--format", "parquet", "--to", str(archive.log))
    assert (ran.code, "is there already" in ran.err) == (2, True)
    ran = command("log", "--format", "parquet", "--to", str(tmp_path / "new"), "--tenant", archive.tenants[0])
    assert (ran.code, "--after" in ran.err) == (2, True)
    ran = command("replay", "--to", str(tmp_path / "state.db"), "--workers", "2")
    assert (ran.code, "--from" in ran.err) == (2, True)
    assert [path.name for path in tmp_path.iterdir()] == ["mine"]


@contextlib.contextmanager
def begun(archive: Archive, target: Path) -> Iterator[subprocess.Popen[bytes]]:
    """Give a replay whose processes have begun to write."""
    words = ["replay", "--from", str(archive.folder), "--to", str(target), "--workers", "2", "--format", "json"]
    with subprocess.Popen(
        [sys.executable, "-m", "outcomes", *words], cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        try:
            scratch = target.with_name(target.name + ".unfinished") / "_scratch"
            wait_until(lambda: scratch.is_dir() and any(scratch.iterdir()))
            yield process
        finally:
            process.kill()


def workers_of(process: subprocess.Popen[bytes]) -> list[int]:
    """Return the processes that do the work."""
    children = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
    return [int(pid) for pid in children if b"spawn_main" in Path(f"/proc/{pid}/cmdline").read_bytes()]


needs_proc = pytest.mark.skipif(not Path("/proc/self/task").is_dir(), reason="needs Linux's /proc to find processes")


@needs_proc
@pytest.mark.long
def test_a_killed_worker_changes_nothing(archive: Archive, tmp_path: Path) -> None:
    """What it was at is done once more."""
    target = tmp_path / "state"
    with begun(archive, target) as process:
        os.kill(workers_of(process)[0], signal.SIGKILL)
        out, err = process.communicate(timeout=120)
    assert (process.returncode, err) == (0, b"")
    assert_same(archive, target, orjson.loads(out), from_log=False)


@needs_proc
@pytest.mark.long
def test_a_killed_replay_leaves_nothing_that_looks_like_one(archive: Archive, tmp_path: Path, command: Asked) -> None:
    """Its workers end with it, and the next one begins anew."""
    target = tmp_path / "state"
    with begun(archive, target) as process:
        workers = workers_of(process)
        process.kill()
        process.communicate(timeout=60)
        wait_until(lambda: not any(Path(f"/proc/{pid}").is_dir() for pid in workers))
    assert not target.exists()
    answer = command.json("replay", "--from", str(archive.folder), "--to", str(target))
    assert_same(archive, target, answer, from_log=False)
    assert [path.name for path in tmp_path.iterdir()] == ["state"]


def test_what_exports_told_counts_as_in_a_home(tmp_path: Path, command: Asked) -> None:
    """Observations of an export are in the log: hidden results, removed alignments, grades that wait to be posted."""
    made = make(tmp_path / "made", events=1_500, seed=5)
    with outcomes.open(tmp_path / "home", create=True) as home:
        home.ingest(made.folder / "events.ndjson")
        home.bootstrap(made.folder, at=made.at)
        tenant, notes = next(iter(home.status().tenants)), {note for row in home.at().mastery() for note in row.notes}
        home.write_log(tmp_path / "log.parquet")
    assert any("not posted yet" in note for note in notes)
    archive = Archive(made.folder, tmp_path / "home", tmp_path / "log.parquet", (tenant,))
    target = tmp_path / "state"
    answer = command.json("replay", "--from", str(archive.log), "--to", str(target), "--workers", "1")
    assert_same(archive, target, answer, from_log=True)
