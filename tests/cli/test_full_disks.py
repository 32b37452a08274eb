"""No room, or no right to write: one clear line and exit code 2, the log whole, and the next run does it all."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from outcomes.store.home_folder import HomeFolder
from outcomes.store.log import quarantine
from outcomes.store.sources.segment import Segment
from tests.support.command import ROOT, Ran
from tests.support.forked import Forked
from tests.support.given import TENANT, group, lines, link, outcome, result
from tests.support.mounts import MOUNT, mounted, small_disk

BEFORE = lines(
    outcome("7", "2025-01-01"),
    *(
        link(f"{course}", "2025-01-01", outcome="7", group="1", context=f"Course:{course}")
        for course in range(200, 220)
    ),
    *(result(str(n), "2025-02-01", student=f"s{n % 77}", course=str(200 + n % 20)) for n in range(2_000)),
)
MORE = lines(*(group(str(n), "2025-02-01", description=os.urandom(2_000).hex()) for n in range(200)))
WAITING = [lines(group(str(9_000 + n), "2025-03-01", description=os.urandom(6_000).hex())) for n in range(30)]
COMMANDS: dict[str, tuple[str, ...]] = {
    "ingest": ("ingest", "{more}"),
    "rebuild": ("rebuild",),
    "replay": ("replay", "--to", "{home}/state.db"),
    "quarantine retry": ("quarantine", "retry"),
    "catching up": ("digest",),
}


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home with something to do for each command, and nothing in its side files."""
    folder = tmp_path_factory.mktemp("full")
    home = Forked(folder / "home")
    assert home("ingest", stdin=BEFORE).code == 0
    log = HomeFolder(home.home).open_log()
    with log.writing() as connection:
        for raw in WAITING:
            quarantine.put(connection, Segment(raw, 1), "old.ndjson", "words of an older version", 1)
    log.close()
    (folder / "more").write_bytes(MORE)
    return home.home


def arguments_of(name: str, home: Path, model: Path) -> list[str]:
    """Fill in a command."""
    places = {"{more}": str(model.parent / "more"), "{home}/state.db": str(home / "state.db")}
    return [places.get(part, part) for part in COMMANDS[name]]


def prepare(name: str, model: Path, home: Path) -> Path:
    """Copy the model; whoever is to make views finds none."""
    shutil.copytree(model, home, dirs_exist_ok=True)
    if name == "catching up":
        (home / "views.db").unlink()
    return home


def check_refusal(ran: Ran) -> None:
    """Exit code 2, nothing but one line that says where to look."""
    assert (ran.code, ran.out) == (2, b""), ran
    assert ran.err.count("\n") == 1, ran.err
    assert ran.err.startswith("error: "), ran.err
    assert any(word in ran.err for word in ("disk", "writable", "permission", "written")), ran.err
    assert "defect" not in ran.err


def check_whole(name: str, home: Forked, model: Path) -> None:
    """The log is what it was or has whole batches more; the same command now does its work."""
    assert home("verify").code == 0
    assert not list(home.home.glob("*.unfinished"))
    arguments = arguments_of(name, home.home, model)
    assert home(*arguments).code == 0
    assert home("verify").code == 0
    told = home("log").out
    assert told.startswith(BEFORE)
    if name == "ingest":
        assert sorted(told.splitlines()) == sorted([*BEFORE.splitlines(), *MORE.splitlines()])
    if name == "quarantine retry":
        assert sorted(told.splitlines()) == sorted([*BEFORE.splitlines(), *WAITING])


# Enough to begin with, too little to finish: side files begin empty, and so do new files.
LIMITS = {
    "ingest": 200_000,
    "rebuild": 150_000,
    "replay": 30_000,
    "quarantine retry": 200_000,
    "catching up": 150_000,
}


@pytest.mark.parametrize("name", COMMANDS)
def test_a_file_that_may_not_grow(name: str, tmp_path: Path, model: Path) -> None:
    """A limit on the size of files is met at some point of each work."""
    home = Forked(prepare(name, model, tmp_path / "home"))
    check_refusal(home(*arguments_of(name, home.home, model), file_limit=LIMITS[name]))
    check_whole(name, home, model)


@pytest.mark.parametrize("name", COMMANDS)
def test_a_disk_that_is_full(name: str, tmp_path: Path, model: Path) -> None:
    """A small disk with nearly nothing left on it: as above; and what needs no room is still answered."""
    need = sum(path.stat().st_size for path in model.iterdir()) >> 10
    disk = tmp_path / "disk"
    with small_disk(disk, need + 9_000):
        home = Forked(prepare(name, model, disk / "home"))
        ballast = disk / "ballast"
        free = os.statvfs(disk).f_bavail * os.statvfs(disk).f_bsize
        left = {"catching up": 700_000}.get(name, 150_000)
        ballast.write_bytes(bytes(max(0, free - left)))
        check_refusal(home(*arguments_of(name, home.home, model)))
        assert home("status").code == 0
        ballast.unlink()
        check_whole(name, home, model)


@pytest.mark.parametrize("name", COMMANDS)
def test_a_folder_that_may_only_be_read(name: str, tmp_path: Path, model: Path) -> None:
    """What would write says so; questions are answered from the views that are there, or say that there are none."""
    home = Forked(prepare(name, model, tmp_path / "home"))
    told = None if name == "catching up" else (home.json("digest"), home.json("mastery", "--tenant", TENANT))
    for path in (*home.home.iterdir(), home.home):
        path.chmod(0o500)
    ran = home(*arguments_of(name, home.home, model), as_owner=True)
    check_refusal(ran)
    if told is not None:
        asked = [home(*q, "--format", "json", as_owner=True) for q in (("digest",), ("mastery", "--tenant", TENANT))]
        assert [(ran.code, ran.json()) for ran in asked] == [(0, told[0]), (0, told[1])]
        assert home("verify", as_owner=True).code == 0
    for path in (home.home, *home.home.iterdir()):
        path.chmod(0o700)
    check_whole(name, home, model)


LEAVES_A_WAL = """
import os, sys
import outcomes
home = outcomes.open(sys.argv[1])
home.ingest(b'{"written": "last"}')
os.kill(os.getpid(), 9)
"""


def test_read_only_media_with_what_a_killed_writer_left(tmp_path: Path, model: Path) -> None:
    """What waits in the write-ahead log of a killed process is read from there; a medium cannot be cleaned up."""
    home = Forked(prepare("", model, tmp_path / "home"))
    refused = len(home.json("quarantine", "list"))
    subprocess.run([sys.executable, "-c", LEAVES_A_WAL, str(home.home)], cwd=ROOT, check=False)
    assert (home.home / "log.db-wal").stat().st_size > 0
    medium = tmp_path / "medium"
    with mounted("--bind", str(home.home), at=medium):
        subprocess.run([MOUNT, "-o", "remount,ro,bind", str(medium)], check=True)
        there = Forked(medium)
        assert len(there.json("quarantine", "list")) == refused + 1
        assert there("verify", "--all").code == 0
        check_refusal(there("ingest", str(model.parent / "more")))
