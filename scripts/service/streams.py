"""What is told as it happens (server-sent events): a bounded number of streams, each asked now and then who listens."""

import asyncio
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable
from typing import Any

from fastapi.sse import KEEPALIVE_COMMENT, EventSourceResponse, format_sse_event
from starlette.types import Receive, Scope, Send

from outcomes.service.problems import unavailable
from outcomes.service.rendering import dump

LARGEST_NUMBER, OF_ONE_TOKEN = 50, 8
RECHECK_SECONDS = 60.0
_KEEPALIVE_SECONDS = 15.0
_RETRY_MS = 2_000

News = dict[str, Any]


class Told:
    """The newest of what is told, and who waits for it; `tell` may be called from any thread.

    Whoever is slow misses what came between: each is told the whole, not a difference.
    """

    def __init__(self) -> None:
        self.newest: News | None = None
        self._waiting: set[asyncio.Event] = set()
        self._loop = asyncio.get_running_loop()

    def tell(self, news: News) -> None:
        """Tell all who wait, once the loop comes to it; at its end there is nobody."""
        if not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._tell, news)

    def _tell(self, news: News) -> None:
        if news != self.newest:
            self.newest = news
            for event in self._waiting:
                event.set()

    def wake(self, event: asyncio.Event) -> None:
        """Set an event whenever there is news."""
        self._waiting.add(event)

    def forget(self, event: asyncio.Event) -> None:
        """Set it no longer."""
        self._waiting.discard(event)


class Streams:
    """All streams of one service."""

    def __init__(self) -> None:
        self._of_tokens: Counter[str] = Counter()
        self._is_closed = False
        self._open: set[asyncio.Event] = set()

    @property
    def number(self) -> int:
        """How many there are."""
        return self._of_tokens.total()

    def close(self) -> None:
        """End all streams, so that the service can end."""
        self._is_closed = True
        for event in self._open:
            event.set()

    def response(
        self,
        told: Told,
        event: str,
        token: str,
        *,
        is_allowed: Callable[[], bool],
        is_last: Callable[[News], bool] = lambda _news: False,
    ) -> "EventSourceResponse":
        """Stream what is told until the last of it, or until who listens may no longer; raises a 503 if too many do."""
        if self.number >= LARGEST_NUMBER or self._is_closed:
            raise unavailable(f"there are {LARGEST_NUMBER} streams already: ask without, or later", "30")
        if self._of_tokens[token] >= OF_ONE_TOKEN:
            raise unavailable(f"your token has {OF_ONE_TOKEN} streams already: end one, or ask without", "30")
        return _Stream(self._of_tokens, token, self._news(told, event, is_allowed, is_last))

    async def _news(
        self, told: Told, name: str, is_allowed: Callable[[], bool], is_last: Callable[[News], bool]
    ) -> AsyncIterator[bytes]:
        awake = asyncio.Event()
        self._open.add(awake)
        told.wake(awake)
        try:
            yield format_sse_event(retry=_RETRY_MS)
            known, checked = None, time.monotonic()
            while not self._is_closed and (known is None or not is_last(known)):
                if time.monotonic() - checked > RECHECK_SECONDS:
                    if not is_allowed():
                        return
                    checked = time.monotonic()
                awake.clear()
                if told.newest is not None and told.newest != known:
                    known = told.newest
                    yield format_sse_event(data_str=dump(known).decode(), event=name)
                elif not await _is_set(awake, _KEEPALIVE_SECONDS):
                    yield KEEPALIVE_COMMENT
        finally:
            told.forget(awake)
            self._open.discard(awake)


class _Stream(EventSourceResponse):
    """One stream; it counts for as long as it is sent."""

    def __init__(self, of_tokens: Counter[str], token: str, news: AsyncIterator[bytes]) -> None:
        # A proxy that gathers what it passes on would keep news until there is more.
        super().__init__(news, headers={"X-Accel-Buffering": "no", "Cache-Control": "no-store"})
        self._of_tokens = of_tokens
        self._token = token

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self._of_tokens[self._token] += 1
        try:
            await super().__call__(scope, receive, send)
        finally:
            self._of_tokens[self._token] -= 1
            if not self._of_tokens[self._token]:
                del self._of_tokens[self._token]


async def _is_set(event: asyncio.Event, seconds: float) -> bool:
    try:
        await asyncio.wait_for(event.wait(), seconds)
    except TimeoutError:
        return False
    return True
