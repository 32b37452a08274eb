"""`python -m scripts.bench.load`: what the service costs beside the bare call and a bare route. On loopback only."""

import os
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

import orjson
import typer

import outcomes
from outcomes.api.access import Access
from outcomes.cli.options import Format
from outcomes.cli.output import answer, say
from outcomes.service.rendering import dump
from scripts.bench.__main__ import Figures
from scripts.bench.fixtures import Fixtures, Sizes
from scripts.bench.histories import TENANT
from scripts.bench.measure import Figure, of

_ROUNDS = 3
_SENDERS, _READERS = 64, 8
_SECONDS = 3.0
"""How long each load is kept up."""

_BARE_ROUTE = """
import asyncio, socket, sys, uvicorn
from fastapi import FastAPI, Request
from starlette.responses import Response
app = FastAPI()
@app.post("/events")
async def take(http: Request) -> Response:
    await http.body()
    return Response(b"{}", media_type="application/json")
taken = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
taken.bind(("127.0.0.1", 0))
taken.listen(1_000)
print("listening on http://127.0.0.1:%d/enter/" % taken.getsockname()[1], file=sys.stderr, flush=True)
server = uvicorn.Server(uvicorn.Config(app, log_config=None, access_log=False))
with asyncio.Runner(loop_factory=server.config.get_loop_factory()) as runner:
    runner.run(server.serve([taken]))
"""


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
    """Durable posts against a route that only reads the body; posts while trees are asked; memory over many posts."""
    home = fixtures.tree_home(2_000, 4_000)
    numbers = count(1)

    def post(client: Client) -> None:
        client.post("/api/v1/events", _event(next(numbers)))

    with serving(home) as service, running(["-c", _BARE_ROUTE]) as bare:
        ratios = []
        for _ in range(_ROUNDS):
            ours = len(under_load(service, _SENDERS, post))
            ratios.append(ours / len(under_load(bare, _SENDERS, lambda one: one.post("/events", _event(1)))))
        yield of("durable posts / bare POST route, 64 senders", ratios, limit=0.6, more_is_better=True)
        seconds = []
        for _ in range(_ROUNDS):
            with ThreadPoolExecutor(1) as readers:
                asked = readers.submit(under_load, service, 4, lambda one: one.get("/api/v1/tree?context=Account:1"))
                seconds.append(p99(under_load(service, 4, post)))
                asked.result()
        yield of("p99 of a post while 4 readers ask trees, seconds", seconds, limit=1.0, more_is_better=False)


def remembering(fixtures: Fixtures, posts: int) -> Iterator[Figure]:
    """Memory after many posts against memory before the last fifth of them.

    Before, it grows until the caches of SQLite are full, 16 MiB for each of the writer's two files, and no further.
    """
    numbers = count(10_000_000)
    with serving(fixtures.home_of(fixtures.tree(4_000))) as service:

        def some(share: int) -> int:
            def one(_: int) -> None:
                with service.client() as client:
                    for _ in range(share // _SENDERS):
                        client.post("/api/v1/events", _event(next(numbers)))

            with ThreadPoolExecutor(_SENDERS) as threads:
                list(threads.map(one, range(_SENDERS)))
            return service.resident()

        before, after = some(posts - posts // 5), some(posts // 5)
    name = f"memory after {posts:,} posts / after {posts - posts // 5:,}"
    yield of(name, [after / before], limit=1.02, more_is_better=False)


def _event(number: int) -> bytes:
    body = {
        "learning_outcome_id": f"9{number}",
        "title": f"Outcome {number}",
        "context_type": "Account",
        "context_id": "77",
        "workflow_state": "active",
        "calculation_method": "highest",
    }
    metadata = {
        "event_name": "learning_outcome_created",
        "event_time": "2026-02-01T08:00:00.000Z",
        "root_account_uuid": TENANT,
    }
    return orjson.dumps({"metadata": metadata, "body": body})


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
