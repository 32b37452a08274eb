"""`python -m scripts.bench.overload`: a service at twice what it can take, and a sender with the patience of Canvas.

First it is asked as fast as it answers; then events come at twice that rate, whatever it answers, each tried four times
with Canvas's waits, scaled down. All of them have to be in the log, once.
"""

import asyncio
import itertools
import random
import re
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http import HTTPStatus
from pathlib import Path
from typing import Annotated

import orjson
import typer

import outcomes
from outcomes.api.access import Access
from outcomes.api.answers.base import Record
from outcomes.cli.options import Format, FormatOption
from outcomes.cli.output import answer
from outcomes.service.configuration import Configuration

WAITS = (60.0, 240.0, 720.0)
"""Seconds between Canvas's four tries: documented is that they grow, with jitter, to 10 or 20 minutes in all."""
_JITTER = 0.2
_ANSWER_WITHIN = 15.0
"""So long Canvas waits for an answer; it is not scaled down."""
_SENDERS = 16
_FIRST_OFFERED = 10_000_000
_STARTS_WITHIN = 30
_LISTENS = re.compile(r"listening on http://127\.0\.0\.1:(\d+)/")

_SERVER = """
import sys
from pathlib import Path
from outcomes.service.configuration import Configuration
from outcomes.service.server import Address, serve_until_stopped
configuration = Configuration(folder=Path(sys.argv[1]), deliveries_at_once=int(sys.argv[2]))
serve_until_stopped(configuration, Address(host="127.0.0.1", port=0))
"""


@dataclass
class Overload(Record):
    """What became of it: rates in events a second, answers by status, and events by the try that brought them in.

    `offered` events were sent, `lost` of them were refused four times and given up, `stored` are in the
    log, `twice` more than once; `unkept` were answered 204 and are not in the log: a fault of the service.
    """

    can_take: float
    rate: float
    offered: int
    answers: dict[str, int]
    in_at_try: dict[str, int]
    lost: int
    stored: int
    twice: int
    unkept: int
    without_retry_after: int
    slowest_answer_ms: float


class _Connections:
    """HTTP/1.1 to one address over connections that are kept: as little work for us as can be."""

    def __init__(self, port: int, path: str) -> None:
        self._port = port
        self._head = f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\nContent-Length: "
        self._free: list[tuple[asyncio.StreamReader, asyncio.StreamWriter]] = []

    async def post(self, body: bytes) -> tuple[int, bool]:
        """Return the status, 0 if there was no answer, and whether it says when to come again."""
        try:
            async with asyncio.timeout(_ANSWER_WITHIN):
                return await self._post(body)
        except (TimeoutError, OSError, asyncio.IncompleteReadError):
            return 0, False

    async def _post(self, body: bytes) -> tuple[int, bool]:
        # The service ends connections that are idle for some seconds.
        while self._free and self._free[-1][0].at_eof():
            self._free.pop()[1].close()
        connection = self._free.pop() if self._free else await asyncio.open_connection("127.0.0.1", self._port)
        reader, writer = connection
        try:
            writer.write(f"{self._head}{len(body)}\r\n\r\n".encode() + body)
            head = (await reader.readuntil(b"\r\n\r\n")).lower()
            length = head.partition(b"content-length: ")[2].partition(b"\r\n")[0]
            if length:
                await reader.readexactly(int(length))
        except BaseException:
            writer.close()
            raise
        self._free.append(connection)
        return int(head.split(b" ", 2)[1]), b"\r\nretry-after: " in head

    async def close(self) -> None:
        for _, writer in self._free:
            writer.close()
        await asyncio.gather(*(writer.wait_closed() for _, writer in self._free), return_exceptions=True)


@dataclass
class _Sent:
    answers: Counter[str] = field(default_factory=Counter)
    in_at_try: Counter[str] = field(default_factory=Counter)
    kept: set[int] = field(default_factory=set)
    lost: int = 0
    without_retry_after: int = 0
    slowest: float = 0.0


@dataclass(frozen=True)
class Plan:
    """How it is done: `seconds` of each, `factor` times what it can take, Canvas's waits divided by `scale`."""

    seconds: float
    scale: float
    at_once: int
    factor: float = 2.0


def overload(folder: Path, plan: Plan) -> Overload:
    """Measure in a fresh home in `folder`."""
    home = folder / "home"
    outcomes.init(home).close()
    with Access(home) as access:
        path = f"/events/in/{access.create_token('ingest').token}"
    with _service(home, plan.at_once) as port:
        can_take, rate, offered, sent = asyncio.run(_load(port, path, plan))
    with outcomes.open(home) as opened:
        numbers = (int(str(entry.entity).partition(":")[2]) for entry in opened.log())
        stored = Counter(number for number in numbers if number >= _FIRST_OFFERED)
    return Overload(
        can_take=round(can_take),
        rate=round(rate),
        offered=offered,
        answers=dict(sent.answers),
        in_at_try=dict(sorted(sent.in_at_try.items())),
        lost=sent.lost,
        stored=len(stored),
        twice=sum(count > 1 for count in stored.values()),
        unkept=len(sent.kept - stored.keys()),
        without_retry_after=sent.without_retry_after,
        slowest_answer_ms=round(sent.slowest * 1000),
    )


@contextmanager
def _service(home: Path, at_once: int) -> Iterator[int]:
    """Give the port of a service that lets so many deliveries be under way."""
    said = home.with_name("said")
    with said.open("wb") as stderr:
        command = [sys.executable, "-c", _SERVER, str(home), str(at_once)]
        process = subprocess.Popen(command, stderr=stderr)  # noqa: S603 - our own
    try:
        end = time.monotonic() + _STARTS_WITHIN
        while (found := _LISTENS.search(said.read_text())) is None:
            if process.poll() is not None or time.monotonic() > end:
                raise RuntimeError(f"the service did not start: {said.read_text()}")
            time.sleep(0.05)
        yield int(found[1])
    finally:
        process.terminate()
        process.wait(_STARTS_WITHIN)


async def _load(port: int, path: str, plan: Plan) -> tuple[float, float, int, _Sent]:
    """Return how many events a second it takes, how many were offered then, and what became of them."""
    connections = _Connections(port, path)
    numbers = itertools.count(1)
    await _as_fast_as_it_answers(connections, numbers, plan.seconds / 4)
    can_take = await _as_fast_as_it_answers(connections, numbers, plan.seconds)
    sent = _Sent()
    offered = int(plan.factor * can_take * plan.seconds)
    began = time.monotonic()
    tries = []
    for number in range(offered):
        ahead = began + number / (plan.factor * can_take) - time.monotonic()
        if ahead > 0:
            await asyncio.sleep(ahead)
        tries.append(asyncio.create_task(_deliver(connections, _FIRST_OFFERED + number, plan.scale, sent)))
        await asyncio.sleep(0)
    rate = offered / (time.monotonic() - began)
    await asyncio.gather(*tries)
    await connections.close()
    return can_take, rate, offered, sent


async def _as_fast_as_it_answers(connections: _Connections, numbers: Iterator[int], seconds: float) -> float:
    began, taken = time.monotonic(), 0

    async def send() -> None:
        nonlocal taken
        while time.monotonic() - began < seconds:
            status, _ = await connections.post(_event(next(numbers)))
            taken += status == HTTPStatus.NO_CONTENT

    await asyncio.gather(*(send() for _ in range(_SENDERS)))
    return taken / (time.monotonic() - began)


async def _deliver(connections: _Connections, number: int, scale: float, sent: _Sent) -> None:
    """Deliver an event as Canvas does: four tries, then it is given up."""
    for tried, wait in enumerate((0.0, *WAITS), 1):
        await asyncio.sleep(wait / scale * random.uniform(1 - _JITTER, 1 + _JITTER))  # noqa: S311 - jitter
        asked = time.monotonic()
        status, says_when = await connections.post(_event(number))
        sent.slowest = max(sent.slowest, time.monotonic() - asked)
        sent.answers[str(status)] += 1
        sent.without_retry_after += status == HTTPStatus.SERVICE_UNAVAILABLE and not says_when
        if status == HTTPStatus.NO_CONTENT:
            sent.in_at_try[str(tried)] += 1
            sent.kept.add(number)
            return
    sent.lost += 1


def _event(number: int) -> bytes:
    metadata = {
        "event_name": "learning_outcome_created",
        "event_time": "2026-02-01T10:00:00.000Z",
        "root_account_uuid": "overloadedKq2Zt9wXc4Rb8nVh3Lf6Jd1Gs5Ya0",
    }
    body = {"learning_outcome_id": str(number), "context_type": "Account", "context_id": "1", "title": f"No. {number}"}
    return orjson.dumps({"metadata": metadata, "body": body})


def main(
    *,
    seconds: Annotated[float, typer.Option(help="How long it is asked, each way.")] = 3.0,
    scale: Annotated[float, typer.Option(help="By how much Canvas's waits, up to 20 minutes, are shorter.")] = 30.0,
    at_once: Annotated[int, typer.Option(help="Deliveries that may be under way.")] = Configuration.deliveries_at_once,
    form: FormatOption = Format.TABLE,
) -> None:
    """Offer a service twice what it can take, and count what is lost: 0.

    With few `--at-once` it refuses bursts that it could take, each try anew: with 16 some are refused four times.
    """
    with tempfile.TemporaryDirectory() as folder:
        answer(overload(Path(folder), Plan(seconds, scale, at_once)), form)


if __name__ == "__main__":
    typer.run(main)
