"""Many senders of events in one process, each sending again once it is answered, and routes to compare with.

All senders are served by one epoll loop that does nearly nothing: with two cores it is the service that is measured.
"""

import select
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from itertools import count

import orjson

from scripts.bench.histories import TENANT

_SERVED = """
taken = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
taken.bind(("127.0.0.1", 0))
taken.listen(1_000)
print("listening on http://127.0.0.1:%d/enter/" % taken.getsockname()[1], file=sys.stderr, flush=True)
server = uvicorn.Server(uvicorn.Config(app, log_config=None, access_log=False))
with asyncio.Runner(loop_factory=server.config.get_loop_factory()) as runner:
    runner.run(server.serve([taken]))
"""
BARE_ROUTE = f"""
import asyncio, socket, sys, uvicorn
from fastapi import FastAPI, Request
from starlette.responses import Response
app = FastAPI()
@app.post("/events")
async def take(http: Request) -> Response:
    await http.body()
    return Response(b"{{}}", media_type="application/json")
{_SERVED}"""
"""Reads the body, and keeps nothing."""
INSERT_ROUTE = f"""
import asyncio, queue, socket, sqlite3, sys, threading, uvicorn
from fastapi import FastAPI, Request
from starlette.responses import Response
app, come = FastAPI(), queue.SimpleQueue()
def settle(waiting):
    for one in waiting:
        one.set_result(None)
def write():
    log = sqlite3.connect(sys.argv[1], isolation_level=None)
    log.execute("PRAGMA page_size=16384")
    log.execute("PRAGMA journal_mode=WAL")
    log.execute("PRAGMA synchronous=FULL")
    log.execute("CREATE TABLE events (number INTEGER PRIMARY KEY, body BLOB)")
    while True:
        group = [come.get()]
        while not come.empty():
            group.append(come.get())
        log.execute("BEGIN IMMEDIATE")
        log.executemany("INSERT INTO events (body) VALUES (?)", [(body,) for body, _ in group])
        log.execute("COMMIT")
        group[0][1].get_loop().call_soon_threadsafe(settle, [answer for _, answer in group])
threading.Thread(target=write, daemon=True).start()
@app.post("/events")
async def take(http: Request) -> Response:
    answer = asyncio.get_running_loop().create_future()
    come.put((await http.body(), answer))
    await answer
    return Response(b"{{}}", media_type="application/json")
{_SERVED}"""
"""Puts the body into a table of SQLite, with all that have come in one transaction, and answers after its commit."""


def event(number: int) -> bytes:
    """Return an event that no other number has."""
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


class Senders:
    """So many connections that are kept, to one path of one service; every event is a new one."""

    def __init__(self, port: int, path: str, token: str, number: int, first: int = 1) -> None:
        self._address = ("127.0.0.1", port)
        self._head = f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {token}\r\nContent-Length: "
        self._number = number
        self._numbers = count(first)

    def for_seconds(self, seconds: float) -> float:
        """Send for so long; return how many were answered a second."""
        end = time.perf_counter() + seconds
        return self._send(lambda _: time.perf_counter() < end)

    def so_many(self, posts: int) -> float:
        """Send so many; return how many were answered a second."""
        return self._send(lambda sent: sent < posts)

    def _send(self, goes_on: Callable[[int], bool]) -> float:
        with ExitStack() as stack, select.epoll() as ready:
            sockets = {}
            for _ in range(self._number):
                one = stack.enter_context(closing(socket.create_connection(self._address, timeout=60)))
                one.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                sockets[one.fileno()] = one
                ready.register(one, select.EPOLLIN)
            begun, sent, waiting = time.perf_counter(), 0, set(sockets)
            for one in sockets.values():
                one.sendall(self._request())
                sent += 1
            while waiting:
                for number in _ready(ready):
                    _read_answer(sockets[number])
                    if goes_on(sent):
                        sockets[number].sendall(self._request())
                        sent += 1
                    else:
                        waiting.discard(number)
            return sent / (time.perf_counter() - begun)

    def _request(self) -> bytes:
        body = event(next(self._numbers))
        return f"{self._head}{len(body)}\r\n\r\n".encode() + body


def _ready(ready: select.epoll) -> Iterator[int]:
    found = ready.poll(60)
    if not found:
        raise SystemExit("not answered within a minute")
    return (number for number, _ in found)


def _read_answer(one: socket.socket) -> None:
    """Read an answer, which may come in pieces."""
    got = one.recv(1 << 16)
    while b"\r\n\r\n" not in got or len(got) < _length(got):
        more = one.recv(1 << 16)
        if not more:
            raise SystemExit("the service ended")
        got += more
    if not got.startswith(b"HTTP/1.1 200"):
        raise SystemExit(f"not answered: {got[:500]!r}")


def _length(got: bytes) -> int:
    head = got[: got.index(b"\r\n\r\n")]
    return len(head) + 4 + int(head.lower().partition(b"content-length:")[2].split(b"\r\n")[0])
