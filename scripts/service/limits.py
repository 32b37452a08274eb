"""What bounds one sender of requests: failed attempts a minute of an address, questions at once of a token."""

import asyncio
import time
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from http import HTTPStatus

from starlette.requests import ClientDisconnect, Request

from outcomes.service.problems import Problem, unavailable

MOST_FAILURES = 10
QUESTIONS_AT_ONCE = 4
MOST_HEADERS = 100
_MOST_WAITING = 100
_MINUTE = 60.0
_SOON = 0.5
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
        # Put at the end anew, so that the first is who has not failed for longest.
        times = self._times[address] = self._times.pop(address, deque(maxlen=MOST_FAILURES))
        is_over = len(times) == MOST_FAILURES and moment - times[0] < _MINUTE
        if not is_over:
            times.append(moment)
        if len(self._times) > _MOST_ADDRESSES:
            del self._times[next(iter(self._times))]
        return is_over


class Turns:
    """Who asks much waits for their own turn, so that others get theirs."""

    def __init__(self) -> None:
        self._asking: dict[str, asyncio.Semaphore] = {}
        self._number: dict[str, int] = {}

    @asynccontextmanager
    async def one(self, token: str, request: Request) -> AsyncIterator[None]:
        """Wait until fewer than four questions of a token are being asked; raises a 429 if very many wait already.

        Raises ClientDisconnect where who asked has gone meanwhile. The body must have been read before.
        """
        if self._number.get(token, 0) >= _MOST_WAITING:
            raise too_many("a hundred questions of your token are waiting already: ask fewer at once")
        self._number[token] = self._number.get(token, 0) + 1
        turn = self._asking.setdefault(token, asyncio.Semaphore(QUESTIONS_AT_ONCE))
        since = time.monotonic()
        try:
            async with turn:
                # To look costs a tenth of a small question: nobody leaves in a moment.
                if time.monotonic() - since > _SOON and await request.is_disconnected():
                    raise ClientDisconnect
                yield
        finally:
            self._number[token] -= 1
            if not self._number[token]:
                del self._number[token], self._asking[token]


class Budget:
    """Bytes of bodies that are being read: what would be too much for the machine is refused before it is there."""

    def __init__(self, most: int) -> None:
        self.left = most

    def take(self, size: int) -> None:
        """Take so much; raises a 503 where it is not there. It is given back by adding to `left`, in any case."""
        self.left -= size
        if self.left < 0:
            raise unavailable("more comes at once than can be held: nothing of this was taken, send it again")


def too_many(detail: str) -> Problem:
    """Return the problem of who asks too much."""
    return Problem(HTTPStatus.TOO_MANY_REQUESTS, detail, {"Retry-After": "60"})
