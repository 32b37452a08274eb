"""SIGKILL at any moment of any work: the next run finishes it; nothing is lost, doubled or half there.

OUTCOMES_KILLS says how often each kind of work is killed (few by default), OUTCOMES_SEED which moments. They are spread
over the work as it was measured first: from when its process takes the lock to some time after it is done.
"""

import os
import random
import shutil
import sqlite3
import sys
import time
from collections import Counter
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from outcomes.store.home_folder import HomeFolder
from outcomes.store.log import quarantine
from outcomes.store.sources.segment import Segment
from tests.support.forked import Forked
from tests.support.given import OTHER_TENANT, TENANT, group, lines, link, outcome, result

KILLS = int(os.environ.get("OUTCOMES_KILLS", "2"))
SEED = int(os.environ.get("OUTCOMES_SEED", "7"))
FILES, EVENTS_A_FILE, REPEATS = 8, 50, 20
COURSES, STUDENTS, OUTCOMES = 8, 12, 8


def _events() -> list[dict[str, Any]]:
    """A school of two tenants with late events; no two events are equal but the repeats at the end."""
    chance = random.Random(SEED)  # noqa: S311 - not a secret
    events = [group("1", "2025-01-01"), *(outcome(str(n), "2025-01-02") for n in range(OUTCOMES))]
    events += [
        link(f"{course}{n}", "2025-01-03", outcome=str(n), group="1", context=f"Course:{course}")
        for course in range(200, 200 + COURSES)
        for n in range(OUTCOMES)
    ]
    while len(events) < FILES * EVENTS_A_FILE - REPEATS:
        n = len(events)
        when = f"2025-0{chance.randint(2, 9)}-1{chance.randint(0, 9)}T08:{chance.randint(10, 59)}:00.{n % 1000:03d}Z"
        course, student = str(chance.randrange(200, 200 + COURSES)), f"student{chance.randrange(STUDENTS)}"
        events.append(
            result(str(n), when, outcome=str(n % OUTCOMES), course=course, student=student, score=n % 5)
            if n % 4
            else outcome(str(n % OUTCOMES), when, updated=when, mastery=1 + n % 4, meta={"tenant": OTHER_TENANT})
        )
    return events + chance.sample(events, REPEATS)


EVENTS = _events()
DIFFERENT = len(EVENTS) - REPEATS
REFUSED = [lines(group(str(9_000 + n), "2025-05-01", meta={"tenant": OTHER_TENANT})) for n in range(25)]


OLDER_READER = 0
DEADLINE = 60.0  # seconds: work that has not begun or ended by then never will


class Work(NamedTuple):
    """What may be killed: how a home is made ready for it, the command, how to see its progress, and its end."""

    ready: Callable[[Forked, list[str]], None]
    arguments: tuple[str, ...]
    progress: Callable[[Path], int]
    end: int


def _take_in(home: Forked, files: list[str]) -> None:
    assert home("ingest", *files).code == 0


def _refuse_some(home: Forked, files: list[str]) -> None:
    """Bring events into quarantine that an older version did not understand, among what nobody does."""
    _take_in(home, files)
    log = HomeFolder(home.home).open_log()
    with log.writing() as connection:
        for raw in REFUSED:
            quarantine.put(connection, Segment(raw, 1), "old.ndjson", "words of an older version", 1)
            quarantine.put(connection, Segment(raw[:-9], 2), "old.ndjson", "words of an older version", 1)
        quarantine.note_reader(connection, OLDER_READER, 1)
    log.close()


def _lose_views(home: Forked, files: list[str]) -> None:
    _take_in(home, files)
    for file in home.home.glob("views.db*"):
        file.unlink()


def ask(path: Path, query: str) -> int:
    """Ask a database without our code; -1 while it has no such table, or is not there."""
    if not path.exists():
        return -1
    try:
        with closing(sqlite3.connect(path)) as connection:
            return int(connection.execute(query).fetchone()[0])
    except sqlite3.OperationalError:
        return -1


HEAD = "SELECT coalesce(max(position), 0) FROM stored_events"
STANDS = "SELECT coalesce(max(notification_id), 0) FROM tracking"
TAKEN = "SELECT count(*) FROM quarantine WHERE taken_at IS NOT NULL"
WORKS = {
    "ingest": Work(lambda *_: None, ("ingest",), lambda home: ask(home / "log.db", HEAD), DIFFERENT),
    # The old views are marked; the new ones are not.
    "rebuild": Work(
        _take_in,
        ("rebuild",),
        lambda home: ask(home / "views.db", "SELECT count(*) = 0 FROM tenants WHERE uuid = 'old'"),
        1,
    ),
    "quarantine retry": Work(
        _refuse_some, ("quarantine", "retry"), lambda home: ask(home / "log.db", TAKEN), len(REFUSED)
    ),
    "catching up": Work(_lose_views, ("digest",), lambda home: ask(home / "views.db", STANDS), DIFFERENT),
}


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """The school in several files, something unreadable in each; every file ends a batch."""
    folder = tmp_path_factory.mktemp("files")
    paths = [folder / f"{number}.ndjson" for number in range(FILES)]
    for number, path in enumerate(paths):
        part = EVENTS[number * EVENTS_A_FILE : (number + 1) * EVENTS_A_FILE]
        path.write_bytes(lines(*part, f"no event at all: {number}"))
    return [str(path) for path in paths]


def holders(home: Path) -> str:
    """Return what the lock files say: who is killed while holding a lock leaves its name in it."""
    paths = (home / name for name in ("writer.lock", "rebuild.lock"))
    return " ".join(path.read_text() for path in paths if path.exists())


def told(home: Forked) -> list[Any]:
    """Everything that must come out the same: the state, each event in its place, quarantine, scores."""
    waiting = [(entry["source"], entry["bytes"], entry["reason"]) for entry in home.json("quarantine", "list")]
    scores = home.json("mastery", "--tenant", TENANT)
    return [home.json("digest")["digest"], home("log").out, waiting, scores]


class Ready(NamedTuple):
    """A home before the work, what it tells after it, and how many seconds the work takes."""

    folder: Path
    arguments: tuple[str, ...]
    told: list[Any]
    lasts: float


def wait_until(holds: Callable[[], bool]) -> None:
    """Wait until a condition holds, but not for ever."""
    until = time.monotonic() + DEADLINE
    while not holds():
        assert time.monotonic() < until
        time.sleep(0.001)


def prepare(work: Work, folder: Path, files: list[str]) -> Ready:
    """Do the work once without a kill, and measure it."""
    model = Forked(folder / "model")
    work.ready(model, files)
    model.home.mkdir(exist_ok=True)
    if work.arguments == ("rebuild",):
        with closing(sqlite3.connect(model.home / "views.db")) as views, views:
            views.execute("INSERT INTO tenants (uuid) VALUES ('old')")
    shutil.copytree(model.home, folder / "ready")
    arguments = (*work.arguments, *(files if work.arguments == ("ingest",) else ()))
    assert work.progress(model.home) < work.end
    run = model.start(*arguments)
    wait_until(lambda: bool(holders(model.home).strip()))
    began = time.monotonic()
    wait_until(lambda: work.progress(model.home) >= work.end)
    lasts = time.monotonic() - began
    assert run.finish().code == 0
    return Ready(folder / "ready", arguments, told(model), lasts)


def kill(home: Forked, work: Work, arguments: tuple[str, ...], after: float) -> str:
    """Start the work and kill it so many seconds after its beginning; say where the kill fell."""
    run = home.start(*arguments)
    if after >= 0:
        until = time.monotonic() + 20
        while not holders(home.home).strip() and run.process.exitcode is None and time.monotonic() < until:
            time.sleep(0.001)
        time.sleep(after)
    was_running = run.kill()
    held = str(run.pid) in holders(home.home)
    done = work.progress(home.home)
    if held or 0 < done < work.end:
        return "inside"
    return "after" if done >= work.end or not was_running else "before"


@pytest.mark.long
@pytest.mark.parametrize("name", WORKS)
def test_killed_at_any_moment(name: str, tmp_path: Path, files: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    """After each kill the proof holds; the next run finishes; then all is as if nothing had happened."""
    work = WORKS[name]
    ready = prepare(work, tmp_path, files)
    chance = random.Random(f"{SEED} {name}")  # noqa: S311 - not a secret
    first, last = (-0.1, 1.2) if KILLS >= 10 else (0.0, 0.8)
    fell: Counter[str] = Counter()
    for turn in range(KILLS):
        home = Forked(tmp_path / f"home{turn}")
        shutil.copytree(ready.folder, home.home)
        # A random moment in each of as many parts: few kills are spread as evenly as many.
        share = first + (last - first) * (turn + chance.random()) / KILLS
        fell[kill(home, work, ready.arguments, share * ready.lasts)] += 1
        if ask(home.home / "log.db", HEAD) >= 0:
            proof = home("verify", "--all", "--format", "json")
            assert proof.code == 0, (share, proof)
        again = home(*ready.arguments)
        assert again.code == 0, (share, again)
        assert home("verify", "--all").code == 0, share
        assert told(home) == ready.told, share
        shutil.rmtree(home.home)
    with capsys.disabled():
        sys.stderr.write(f" {name}: {ready.lasts:.2f} s of work, {KILLS} kills fell {dict(fell)} ")
    # Of a few kills all may fall beside the work, where the machine was busier when it was timed.
    enough = KILLS < 10 or fell["inside"] * 3 >= KILLS
    assert enough, f"too many kills fell before or after the work, so they tell little: {fell}"
