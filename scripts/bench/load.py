"""`python -m scripts.bench.load`: what the service costs beside the bare call and a bare route. On loopback only."""

import os
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from itertools import count
from pathlib import Path
from typing import Annotated

import typer

import outcomes
from outcomes.api.access import Access
from outcomes.cli.options import Format
from outcomes.cli.output import answer, say
from outcomes.service.rendering import dump
from scripts.bench.__main__ import Figures
from scripts.bench.fixtures import Fixtures, Sizes
from scripts.bench.measure import Figure, of
from scripts.bench.post_load import BARE_ROUTE, INSERT_ROUTE, Senders, event

_ROUNDS = 3
_SENDERS, _READERS = 64, 8
_SECONDS = 3.0
"""How long each load is kept up."""
_POSTS = "/api/v1/events"
_MEMORY = Path("/dev/shm")  # noqa: S108 - a folder is made in it that is ours alone


class Client:
    """One connection that is kept; it does nearly nothing itself, so that what is measured is the service."""

    def __init__(self, port: int, token: str) -> None:
        self._socket = socket.create_connection(("127.0.0.1", port), timeout=60)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._head = f"Host: 127.0.0.1\r\nAuthorization: Bearer {token}\r\n"

    def close(self) -> None:
        """Close it."""
        self._socket.close()

    def get(self, path: str) -> None:
        """Ask, and read the answer."""
        self._ask(f"GET {path} HTTP/1.1\r\n{self._head}\r\n".encode())

    def post(self, path: str, body: bytes) -> None:
        """Post, and read the answer."""
        length = f"Content-Length: {len(body)}\r\n\r\n"
        self._ask(f"POST {path} HTTP/1.1\r\n{self._head}{length}".encode() + body)

    def _ask(self, request: bytes) -> None:
        self._socket.sendall(request)
        head = b""
        while b"\r\n\r\n" not in head:
            head += self._received()
        names, _, body = head.partition(b"\r\n\r\n")
        if not names.startswith(b"HTTP/1.1 200"):
            raise SystemExit(f"not answered: {head[:500]!r}")
        length = int(names.lower().partition(b"content-length:")[2].split(b"\r\n")[0])
        got = len(body)
        while got < length:
            got += len(self._received())

    def _received(self) -> bytes:
        found = self._socket.recv(1 << 18)
        if not found:
            raise SystemExit("the service ended")
        return found


class Service:
    """A process that answers on a port."""

    def __init__(self, process: "subprocess.Popen[bytes]", port: int, token: str) -> None:
        self.process = process
        self._port = port
        self._token = token

    @contextmanager
    def client(self) -> Iterator[Client]:
        """Give a connection."""
        with closing(Client(self._port, self._token)) as client:
            yield client

    def senders(self, path: str, number: int, first: int = 1) -> Senders:
        """Give so many senders of events."""
        return Senders(self._port, path, self._token, number, first)

    def resident(self) -> int:
        """Return how many bytes of memory it holds."""
        pages = Path(f"/proc/{self.process.pid}/statm").read_text().split()[1]
        return int(pages) * os.sysconf("SC_PAGE_SIZE")


@contextmanager
def running(arguments: list[str], token: str = "") -> Iterator[Service]:
    """Give a process that says where it listens; it ends with the block."""
    process = subprocess.Popen([sys.executable, *arguments], stderr=subprocess.PIPE)  # noqa: S603 - our own
    assert process.stderr is not None  # noqa: S101 - asked for above
    try:
        line = next(line for line in process.stderr if line.startswith(b"listening on "))
        drain = threading.Thread(target=lambda: [None for _ in process.stderr or ()], daemon=True)
        drain.start()
        yield Service(process, int(line.split(b":")[2].split(b"/")[0]), token)
    finally:
        process.terminate()
        process.wait(20)
        process.stderr.close()


@contextmanager
def serving(home: Path) -> Iterator[Service]:
    """Serve a home to a token of all rights."""
    with Access(home) as access:
        token = access.create_token("tree,students,people,ingest,operate").token
    with running(["-m", "outcomes", "--home", str(home), "serve", "--port", "0"], token) as service:
        yield service


def median_seconds(work: Callable[[], object], times: int) -> float:
    """Return how long one piece of work takes, by the median of many."""
    work()
    return statistics.median(_timed(work) for _ in range(times))


def _timed(work: Callable[[], object]) -> float:
    begun = time.perf_counter()
    work()
    return time.perf_counter() - begun


def under_load(service: Service, connections: int, ask: Callable[[Client], None]) -> list[float]:
    """Let so many ask for a few seconds, each again once it is answered; return how long each answer took."""
    end = time.monotonic() + _SECONDS

    def one(_: int) -> list[float]:
        with service.client() as client:
            taken = []
            while time.monotonic() < end:
                taken.append(_timed(lambda: ask(client)))
            return taken

    with ThreadPoolExecutor(connections) as threads:
        return [taken for all_of_one in threads.map(one, range(connections)) for taken in all_of_one]


def p99(times: list[float]) -> float:
    """Return what all but a hundredth keep."""
    return statistics.quantiles(times, n=100)[98]


def reading(fixtures: Fixtures) -> Iterator[Figure]:
    """A route against the call that it makes, for one student and for a tree; and eight readers against one."""
    with serving(fixtures.classroom) as service, outcomes.open(fixtures.classroom) as home, service.client() as client:
        row = next(iter(home.at().mastery(limit=1)))
        where = {"course": str(row.course_id), "student": row.student, "outcome": str(row.outcome_id)}
        path = "/api/v1/explain?" + "&".join(f"{name}={value}" for name, value in where.items())
        ratios = [
            median_seconds(lambda: dump(home.at().explain(**where).as_json()), 200)  # type: ignore[union-attr]
            / median_seconds(lambda: client.get(path), 200)
            for _ in range(_ROUNDS)
        ]
        yield of("bare call / route, one student", ratios, limit=0.6, more_is_better=True)
        alone = statistics.median(under_load(service, 1, lambda one: one.get(path)))
        together = [p99(under_load(service, _READERS, lambda one: one.get(path))) / alone for _ in range(_ROUNDS)]
        yield of("p99 of 8 readers / p50 of one", together, limit=16, more_is_better=False)
    tree = fixtures.tree_home(2_000, 4_000)
    with serving(tree) as service, outcomes.open(tree) as home, service.client() as client:
        path = "/api/v1/tree?context=Account:1"
        ratios = [
            median_seconds(lambda: dump(home.at().tree("Account:1").as_json()), 20)
            / median_seconds(lambda: client.get(path), 20)
            for _ in range(_ROUNDS)
        ]
        yield of("bare call / route, tree of 2,000", ratios, limit=0.85, more_is_better=True)


def posting(fixtures: Fixtures) -> Iterator[Figure]:
    """Durable posts against a route that only reads the body, and against one that only puts it into a table.

    What is answered only once it is on the disk waits for that; so both are measured without a disk, too, where the
    system has a file system in memory. And posts while trees are asked.
    """
    home = fixtures.tree_home(2_000, 4_000)
    yield from _beside_bare_routes(home, fixtures.folder, "")
    if _MEMORY.is_dir():
        with tempfile.TemporaryDirectory(prefix="outcomes-load-", dir=_MEMORY) as folder:
            copy = Path(folder) / "home"
            shutil.copytree(home, copy)
            yield from _beside_bare_routes(copy, Path(folder), ", without a disk")
    with serving(home) as service:
        seconds = []
        numbers = count(20_000_000)
        for _ in range(_ROUNDS):
            with ThreadPoolExecutor(1) as readers:
                asked = readers.submit(under_load, service, 4, lambda one: one.get("/api/v1/tree?context=Account:1"))
                seconds.append(p99(under_load(service, 4, lambda one: one.post(_POSTS, event(next(numbers))))))
                asked.result()
        yield of("p99 of a post while 4 readers ask trees, seconds", seconds, limit=1.0, more_is_better=False)


def _beside_bare_routes(home: Path, folder: Path, where: str) -> Iterator[Figure]:
    with (
        serving(home) as service,
        running(["-c", BARE_ROUTE]) as bare,
        running(["-c", INSERT_ROUTE, str(folder / "inserted.db")]) as inserting,
    ):
        ours = service.senders(_POSTS, _SENDERS)
        others = [one.senders("/events", _SENDERS) for one in (bare, inserting)]
        rounds = [[one.for_seconds(_SECONDS) for one in (ours, *others)] for _ in range(_ROUNDS)]
    took, read, inserted = zip(*rounds, strict=True)
    for what, rates in (("durable posts", took), ("bare route", read), ("bare INSERT in groups", inserted)):
        say(f"{statistics.median(rates):10,.0f}  {what}{where}, a second")
    bound = statistics.median(insert / bare for insert, bare in zip(inserted, read, strict=True))
    say(f"{bound:10.4g}  bare INSERT in groups / bare POST route, {_SENDERS} senders{where}: hardly more can be had")
    ratios = [ours / bare for ours, bare in zip(took, read, strict=True)]
    name = f"durable posts / bare POST route, {_SENDERS} senders{where}"
    yield of(name, ratios, limit=0.6, more_is_better=True)


def remembering(fixtures: Fixtures, posts: int) -> Iterator[Figure]:
    """Memory after many posts against memory after the first tenth of them."""
    with serving(fixtures.home_of(fixtures.tree(4_000))) as service:
        senders = service.senders(_POSTS, _SENDERS, first=10_000_000)
        senders.so_many(posts // 10)
        before = service.resident()
        senders.so_many(posts - posts // 10)
        after = service.resident()
    say(f"memory: {before >> 20} MiB after {posts // 10:,} posts, {after >> 20} MiB after {posts:,}")
    name = f"memory after {posts:,} posts / after {posts // 10:,}"
    yield of(name, [after / before], limit=1.1, more_is_better=False)


def load(
    posts: Annotated[int, typer.Option("--posts", help="How many, for memory; 0 leaves it out.")] = 100_000,
    form: Annotated[Format, typer.Option("--format")] = Format.TABLE,
) -> None:
    """Measure the service beside what it stands on. It takes about two minutes."""
    with tempfile.TemporaryDirectory(prefix="outcomes-load-") as folder:
        sizes = Sizes(events=0, outcomes=2_000, versions=4_000, growth=0, rounds=_ROUNDS, seed=7)
        fixtures = Fixtures(Path(folder), sizes)
        wanted = {"read": reading(fixtures), "post": posting(fixtures)}
        if posts:
            wanted["memory"] = remembering(fixtures, posts)
        found = []
        for key, figures in wanted.items():
            for figure in figures:
                say(f"{figure.ratio:10.4g}  {figure.name}")
                found.append((key, figure))
    answer(Figures(sizes, found), form)


if __name__ == "__main__":
    typer.run(load)
