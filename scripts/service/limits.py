"""What bounds one sender of requests: failed attempts a minute of an address, questions at once of a token."""

import asyncio
import time
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from http import HTTPStatus

from outcomes.service.problems import Problem

MOST_FAILURES = 10
QUESTIONS_AT_ONCE = 4
MOST_HEADERS = 100
_MOST_WAITING = 100
_MINUTE = 60.0
_MOST_ADDRESSES = 10_000


class Failures:
    """Attempts with a key that does not hold, by address: after ten in a minute the next are told to stop.

    Whoever has a key that holds is let in, whatever others behind the same address try.
    """

    def __init__(self) -> None:
        self._times: dict[str, deque[float]] = {}

    def is_one_too_many(self, address: str) -> bool:
        """Note a failed attempt; say whether there were ten before it within a minute."""
        moment = time.monotonic()
        times = self._times.setdefault(address, deque(maxlen=MOST_FAILURES))
        is_over = len(times) == MOST_FAILURES and moment - times[0] < _MINUTE
        if not is_over:
            times.append(moment)
        if len(self._times) > _MOST_ADDRESSES:
            self._times = {one: seen for one, seen in self._times.items() if moment - seen[-1] < _MINUTE}
        return is_over


class Turns:
    """Who asks much waits for their own turn, so that others get theirs."""

    def __init__(self) -> None:
        self._asking: dict[str, asyncio.Semaphore] = {}
        self._number: dict[str, int] = {}

    @asynccontextmanager
    async def one(self, token: str) -> AsyncIterator[None]:
        """Wait until fewer than four questions of a token are being asked; raises a 429 if very many wait already."""
        if self._number.get(token, 0) >= _MOST_WAITING:
            raise too_many("of your token a hundred questions wait already: ask fewer at once")
        self._number[token] = self._number.get(token, 0) + 1
        turn = self._asking.setdefault(token, asyncio.Semaphore(QUESTIONS_AT_ONCE))
        try:
            async with turn:
                yield
        finally:
            self._number[token] -= 1
            if not self._number[token]:
                del self._number[token], self._asking[token]


def too_many(detail: str) -> Problem:
    """Return the problem of who asks too much."""
    return Problem(HTTPStatus.TOO_MANY_REQUESTS, detail, {"Retry-After": "60"})
