"""Several processes on one home: nothing lost, nothing doubled, nobody locked out, no half answers."""

import fcntl
import os
import signal
import time
from pathlib import Path

import pytest

from outcomes.store.ingest.ingest import Ingest, NullFollower
from outcomes.store.sources.json_splitter import split
from tests.support.forked import Forked, Given, Running
from tests.support.given import OTHER_TENANT, group, lines, result
from tests.support.world import World

FILES, EVENTS_A_FILE = 10, 90


def some(first: int, last: int) -> list[dict[str, object]]:
    """Return results with ids in a range: equal ids are equal events, and every one is an entity of its own."""
    return [result(str(number), "2025-02-01", student=f"s{number % 40}") for number in range(first, last)]


@pytest.fixture
def home(tmp_path: Path) -> Forked:
    """A home with one event in it."""
    home = Forked(tmp_path / "home")
    assert home("ingest", stdin=lines(*some(0, 1))).code == 0
    return home


def write_files(folder: Path, name: str, first: int) -> list[str]:
    """Write files of events, each the end of a batch, from a first id on."""
    paths = [folder / f"{name}{number}" for number in range(FILES)]
    for number, path in enumerate(paths):
        begin = first + number * EVENTS_A_FILE
        path.write_bytes(lines(*some(begin, begin + EVENTS_A_FILE)))
    return [str(path) for path in paths]


def is_running(*runs: Running) -> bool:
    """Say whether one of them still runs."""
    return any(run.process.exitcode is None for run in runs)


class Watched:
    """What readers saw, one after the other."""

    def __init__(self, home: Forked) -> None:
        self._home = home
        self.positions: list[int] = []

    def ask(self) -> None:
        """Ask what shows a half batch, a gap or an older position; answers are of a home with one entity an event."""
        digest = self._home.json("digest")
        assert digest["known_at"] == digest["entities"], "a digest of half a batch"
        self.positions.append(digest["known_at"])
        rows = self._home.json("mastery", "--course", "200")
        assert sum(row["results_counted"] for row in rows) >= digest["known_at"], "scores older than the digest before"
        assert self._home("verify").code == 0

    def check(self, batch_ends: set[int]) -> None:
        """Every answer was of the end of a batch, and none was older than the one before."""
        assert set(self.positions) <= batch_ends
        assert self.positions == sorted(self.positions)


def batch_ends(home: Forked) -> set[int]:
    """Return where batches of the log end."""
    from tests.support.world import World  # noqa: PLC0415

    with World(home.home).opened() as (log, _):
        return {batch.last_position for batch in log.batches()}


@pytest.mark.long
def test_writers_take_turns_and_readers_see_whole_batches(home: Forked, tmp_path: Path) -> None:
    """Two ingests with half of their events in common, rebuilds and readers: every event once, as if alone."""
    half = FILES * EVENTS_A_FILE // 2
    files = [write_files(tmp_path, "one", 0), write_files(tmp_path, "two", half)]
    writers = [home.start("ingest", *names) for names in files]
    watched, rebuilds = Watched(home), 0
    while is_running(*writers):
        watched.ask()
        assert home("rebuild").code == 0
        rebuilds += 1
    assert [writer.finish()[0::2] for writer in writers] == [(0, "")] * 2
    watched.ask()
    watched.check(batch_ends(home))
    assert rebuilds > 0
    assert home.json("status")["head"] == half * 3
    alone = Forked(tmp_path / "alone")
    alone("ingest", *files[0], *files[1])
    assert home.json("digest")["digest"] == alone.json("digest")["digest"]
    assert home("verify", "--all").code == 0


@pytest.mark.long
def test_a_home_opened_for_the_first_time_by_many(tmp_path: Path) -> None:
    """Writers make it together; a reader gets an answer, or is told that there is no log yet."""
    for turn in range(4):
        home = Forked(tmp_path / f"home{turn}")
        writers = [home.start("ingest", given=Given(stdin=lines(*some(n, n + 3)))) for n in range(4)]
        readers = [home.start(*question) for question in (("status",), ("digest",), ("rebuild",), ("digest",))]
        assert [run.finish()[0::2] for run in writers] == [(0, "")] * 4
        for ran in (run.finish() for run in readers):
            assert ran.code == 0 or (ran.code == 2 and "no log at" in ran.err), ran
        assert (home.json("status")["head"], home("verify", "--all").code) == (6, 0)
        assert {path.stat().st_mode & 0o077 for path in home.home.iterdir()} == {0}


@pytest.mark.long
def test_views_deleted_under_running_readers_and_writers(home: Forked, tmp_path: Path) -> None:
    """Whoever comes next makes them anew; nobody gets less than was there before, or any error."""
    writer = home.start("ingest", *write_files(tmp_path, "one", 0))
    watched = Watched(home)
    while is_running(writer):
        readers = [home.start("digest", "--format", "json") for _ in range(2)]
        for path in home.home.glob("views.db*"):
            path.unlink(missing_ok=True)
        for ran in (reader.finish() for reader in readers):
            assert ran.code == 0, ran
            assert ran.json()["known_at"] == ran.json()["entities"]
        watched.ask()
    assert writer.finish().code == 0
    watched.ask()
    watched.check(batch_ends(home))
    assert home("verify", "--all").code == 0


def stopped_in_the_middle(home: Forked, *arguments: str) -> Running:
    """Start a writer and stop it (SIGSTOP) while it holds the lock."""
    lock = os.open(home.home / "writer.lock", os.O_RDWR)
    try:
        for _ in range(200):
            run = home.start(*arguments)
            while run.process.exitcode is None:
                os.kill(run.pid, signal.SIGSTOP)
                try:
                    fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                except BlockingIOError:
                    return run
                fcntl.flock(lock, fcntl.LOCK_UN)
                os.kill(run.pid, signal.SIGCONT)
                time.sleep(0.002)
                run.process.join(0)
    finally:
        os.close(lock)
    raise AssertionError("the writer was never met with the lock")


def test_a_stopped_writer_stops_no_reader(home: Forked) -> None:
    """Readers answer from what is there; killed in its place, the writer leaves nothing half done."""
    more = home.home.parent / "more"
    more.write_bytes(lines(*some(1, 400)))
    run = stopped_in_the_middle(home, "ingest", str(more))
    began = time.monotonic()
    ran = home("status", "--format", "json")
    assert ran.code == 0
    assert time.monotonic() - began < 20
    os.kill(run.pid, signal.SIGKILL)
    run.process.join()
    assert home("ingest", str(more)).code == 0
    assert (home.json("status")["head"], home("verify", "--all").code) == (400, 0)


def test_a_writer_that_waits_too_long_says_for_whom(home: Forked) -> None:
    """The lock's holder is named with its process and what it does; the message is one line."""
    from outcomes.domain.errors import HomeUnavailable  # noqa: PLC0415
    from outcomes.store.sqlite.write_lock import writing  # noqa: PLC0415

    path = home.home / "writer.lock"
    with (
        writing(path, "ingest"),
        pytest.raises(HomeUnavailable, match=rf"process {os.getpid()} \(ingest\) has been writing in .* wait for it"),
        writing(path, "rebuild", patience=0.2),
    ):
        pass


def test_catching_up_shows_only_whole_batches(tmp_path: Path) -> None:
    """Views that are far behind follow in several transactions, each up to the end of a batch, with no batch beyond."""
    world = World(tmp_path / "home")
    sizes = (4_000, 3_000, 4_500, 4_000)
    with world.opened() as (log, views):
        run = Ingest(world.home, log, lambda: world.clock, NullFollower())
        first = 0
        for size in sizes:
            run.take_segments(split([lines(*some(first, first + size))]), "given")
            first += size
        ends = {batch.last_position for batch in log.batches()}
        seen: list[tuple[int, int, int]] = []

        def look(*_: int) -> None:
            with views.reading_as_is() as connection:
                known = "SELECT max(last_position) FROM batches"
                held = "SELECT count(*) FROM result_versions"
                stands = "SELECT max(notification_id) FROM tracking"
                seen.append(tuple(int(connection.execute(q).fetchone()[0]) for q in (known, held, stands)))  # type: ignore[arg-type]

        views.catch_up(look)
    assert len(seen) > 1
    assert {position for at in seen for position in at} <= ends
    assert all(len(set(at)) == 1 for at in seen)


def test_a_question_of_mastery_waits_for_no_writer(home: Forked) -> None:
    """While another process holds the writer's lock, scores are told at once: a question writes nothing."""
    from outcomes.store.sqlite.write_lock import writing  # noqa: PLC0415

    assert home("ingest", stdin=lines(*some(1, 2))).code == 0
    with writing(home.home / "writer.lock", "a long ingest"):
        began = time.monotonic()
        rows = home.json("mastery", "--course", "200")
        assert time.monotonic() - began < 20
    assert sum(row["results_counted"] for row in rows) >= 1


def test_a_rebuild_serves_the_tenants_of_all(home: Forked) -> None:
    """Readers of one tenant go on while views of both are made anew."""
    home("ingest", stdin=lines(group("1", "2025-01-01", meta={"tenant": OTHER_TENANT})))
    run = home.start("rebuild")
    while is_running(run):
        assert len(home.json("tree", "--context", "Account:1", "--tenant", OTHER_TENANT)["roots"]) == 1
    assert run.finish().code == 0
