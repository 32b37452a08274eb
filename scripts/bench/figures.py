"""What is measured, each against a yardstick in the same run."""

import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from domain.identity import Context
from projections.mastery import mastery_at
from projections.point import Asked, Point, resolve
from projections.rebuild import rebuild
from projections.rollups import kept, refresh
from projections.scores import Scope
from projections.tree import tree_at
from projections.views import unwatched
from scripts.bench.figure import Figure, compare, of, seconds
from scripts.bench.home import bare_append, class_results, ingest, opened, tree_history
from scripts.bench.rollup import whole_rollup
from scripts.generator import PERFECT, Faults, generate
from store.home import Home
from store.log import EventLog

_ACCOUNT = Context("Account", "1")


def appending(folder: Path, events: int, rounds: int) -> Iterator[Figure]:
    """Ingest with log, digest and views against a bare append of the same bytes; late events; size on disk."""
    lines = list(generate(events=events, seed=7))
    home = folder / "ingest"

    def ours() -> None:
        shutil.rmtree(home, ignore_errors=True)
        ingest(home, lines)

    yield compare(
        "ingest with log, digest and views, per second / bare sqlite3 append of the same bytes",
        lambda: bare_append(folder / "bare.db", lines),
        ours,
        limit=0.4,
        rounds=rounds,
        more_is_better=True,
    )
    ours()
    on_disk = sum((home / name).stat().st_size for name in ("log.db", "views.db"))
    size = on_disk / sum(len(line) + 1 for line in lines)
    yield of("bytes on disk of log and views / bytes of the NDJSON", [size], limit=0.6)
    yield _late(folder, events // 5, rounds)


def _late(folder: Path, events: int, rounds: int) -> Figure:
    late = list(generate(events=events, seed=8, faults=Faults(late=1.0, repeat=0, malformed=0)))
    in_order = list(generate(events=events, seed=8, faults=PERFECT))

    def taking(lines: list[bytes]) -> None:
        shutil.rmtree(folder / "late", ignore_errors=True)
        ingest(folder / "late", lines)

    return compare(
        "appending late events / in order, per event", lambda: taking(late), lambda: taking(in_order), limit=1.5,
        rounds=rounds,
    )  # fmt: skip


def rebuilding(folder: Path, rounds: int) -> Iterator[Figure]:
    """Rebuild all views against one pass that only reads the log and parses each event."""
    home = Home(folder / "ingest")
    with opened(home.folder) as (log, _):
        yield compare(
            "rebuild of all views, per second / reading and parsing the log",
            lambda: _drain(log),
            lambda: rebuild(home, log, unwatched),
            limit=0.5,
            rounds=rounds,
            more_is_better=True,
        )


def _drain(log: EventLog) -> None:
    for record in log.records():
        log.parse(record)


def trees(folder: Path, versions: int, rounds: int) -> Iterator[Figure]:
    """The tree of 2,000 outcomes at past points, at many versions and at few."""
    few, many = folder / "few", folder / "many"
    ingest(few, tree_history(2_000, 10_000))
    ingest(many, tree_history(2_000, versions))
    with opened(many) as (log, views), views.reading() as connection, opened(few) as (_, views_of_few):
        head = log.head
        as_of = _point(connection, 0.37)
        known_at = _point(connection, 0.37, known_at=head * 6 // 10)
        now = resolve(connection, Asked())
        label = f"at {versions:,} versions"
        yield compare(
            f"tree of 2,000 outcomes at a past T / now, {label}",
            lambda: tree_at(connection, as_of, _ACCOUNT),
            lambda: tree_at(connection, now, _ACCOUNT),
            limit=3.5,
            rounds=rounds,
            repeat=3,
        )
        yield compare(
            f"the same known at P / as-of alone, {label}",
            lambda: tree_at(connection, known_at, _ACCOUNT),
            lambda: tree_at(connection, as_of, _ACCOUNT),
            limit=1.3,
            rounds=rounds,
            repeat=3,
        )
        with views_of_few.reading() as small:
            early = _point(small, 0.37)
            yield compare(
                f"the same as-of query {label} / at 10,000",
                lambda: tree_at(connection, as_of, _ACCOUNT),
                lambda: tree_at(small, early, _ACCOUNT),
                limit=2.5,
                rounds=rounds,
                repeat=3,
            )


def _point(connection: sqlite3.Connection, share: float, known_at: int | None = None) -> Point:
    """Return a point at a share of the event times that there are."""
    whole = resolve(connection, Asked())
    first = connection.execute("SELECT min(event_time) FROM outcome_versions").fetchone()[0]
    moment = int(first + (whole.until - first) * share)
    cut = resolve(connection, Asked(known_at=None if known_at is None else str(known_at)))
    return cut._replace(as_of=moment, until=min(moment, cut.until))


def mastery(folder: Path, rounds: int) -> Iterator[Figure]:
    """A student and a class at a past T, against a replay of the log and against the kept table."""
    home = folder / "class"
    ingest(home, class_results(students=35, outcomes=40, each=336))
    with opened(home) as (_, views):
        refresh(views)
    with opened(home) as (_, views), views.reading() as connection:
        past = _class_point(connection)
        now = resolve(connection, Asked())
        yield compare(
            "mastery of a class of 35 x 40 at a past T / read of the kept table",
            lambda: list(mastery_at(connection, past, Scope(course="9"))),
            lambda: list(kept(connection, now, Scope(course="9"))),
            limit=20,
            rounds=rounds,
        )
    with opened(folder / "ingest") as (log, views), views.reading() as connection:
        past = _class_point(connection)
        student = connection.execute(
            "SELECT s.uuid FROM students s JOIN student_courses c USING (student) GROUP BY 1 ORDER BY count(*) DESC"
        ).fetchone()[0]
        replay = seconds(lambda: _drain(log))
        taken = [seconds(lambda: list(mastery_at(connection, past, Scope(student=student)))) for _ in range(rounds)]
        # The replay grows with the log, the answer hardly: told for a million results, as the limit is.
        results = connection.execute("SELECT count(*) FROM result_versions").fetchone()[0]
        scaled = [one / (replay * 1_000_000 / results) for one in taken]
        yield of("mastery of one student at a past T / a replay of 1 M results", scaled, limit=0.001)
        yield from whole_rollup(connection, resolve(connection, Asked()), rounds)


def _class_point(connection: sqlite3.Connection) -> Point:
    whole = resolve(connection, Asked())
    first = connection.execute("SELECT min(event_time) FROM result_versions").fetchone()[0]
    moment = int(first + (whole.until - first) * 0.8)
    return whole._replace(as_of=moment, until=min(moment, whole.until))


def memory(folder: Path, events: int) -> Iterator[Figure]:
    """Peak memory of ingest and of rebuild, at so many events against a tenth of them."""
    for command in ("ingest", "rebuild"):
        peaks = [_peak(folder / f"memory-{count}", command, count) for count in (events // 10, events)]
        yield of(f"peak memory of {command}, {events:,} events / {events // 10:,}", [peaks[1] / peaks[0]], limit=1.3)


def _peak(home: Path, command: str, events: int) -> float:
    """Run a command in a process of its own, fed by the generator, and return its peak in KiB."""
    code = (
        "import sys; from scripts.cli import run; run(sys.argv[1:]); "
        # Not getrusage: what that says of a child begins with the size of its parent.
        "peak = [line for line in open('/proc/self/status') if line.startswith('VmHWM')][0].split()[1]; "
        "print(peak, file=sys.stderr)"
    )
    arguments = [sys.executable, "-c", code, "--home", str(home), command, "--format", "json"]
    if command == "ingest":
        shutil.rmtree(home, ignore_errors=True)
        source = [sys.executable, "-m", "scripts.generator", "--events", str(events), "--seed", "5"]
        with subprocess.Popen(source, stdout=subprocess.PIPE) as feed:  # noqa: S603 - our own generator
            done = subprocess.run(arguments, stdin=feed.stdout, capture_output=True, text=True, check=True)  # noqa: S603
    else:
        done = subprocess.run(arguments, capture_output=True, text=True, check=True)  # noqa: S603 - our own command
    return float(done.stderr.split()[-1])
