"""Connections: how many there may be, and how long one may keep us waiting for a request or the rest of its body.

Each takes a file, and without files nothing can be opened, not even what writes. So there are never as many as files.
"""

import asyncio
import resource
import time
from typing import Any

from uvicorn.server import ServerState

from outcomes.service.protocol import OnePiece

PATIENCE_SECONDS = 15.0
"""For the head of a request, from its connection on, and again for its body. Canvas itself gives up after so long."""
_LOOK_SECONDS = 5.0
_MOST, _MOST_FILES = 2_000, 4_096
_OWN_FILES = 300
"""Files of a home, for all threads that have it open, with room to spare."""


def most_connections() -> int:
    """Return how many there may be by the system's bound on open files, which is raised to what we may have."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = _MOST_FILES if hard == resource.RLIM_INFINITY else min(_MOST_FILES, hard)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
        soft = wanted
    files = _MOST_FILES if soft == resource.RLIM_INFINITY else soft
    return min(_MOST, max(files - _OWN_FILES, files // 2))


def bounded(most: int) -> type[asyncio.Protocol]:
    """Return our protocol, but of so many connections at most: the next is closed at once."""

    class Bounded(OnePiece):
        def connection_made(self, transport: asyncio.Transport) -> None:
            self.transport = transport
            if len(self.connections) < most:
                super().connection_made(transport)
            else:
                transport.abort()

    return Bounded


class Patience:
    """Closes connections that are slow to say what they want."""

    def __init__(self, state: ServerState) -> None:
        self._connections: set[Any] = state.connections
        self._waited_since: dict[Any, tuple[Any, float]] = {}
        """Of a connection that we wait for: its last request, and since when."""

    async def run(self) -> None:
        """Look now and then, until it is cancelled."""
        while True:
            await asyncio.sleep(_LOOK_SECONDS)
            self.look(time.monotonic())

    def end(self) -> None:
        """Close all that we wait for: we take nothing more."""
        for one in list(self._connections):
            if _is_waited_for(one):
                one.transport.close()

    def look(self, moment: float) -> None:
        """Close those that have kept us waiting for too long."""
        before, self._waited_since = self._waited_since, {}
        for one in list(self._connections):
            if not _is_waited_for(one):
                continue
            cycle = one.cycle
            known, since = before.get(one, (cycle, moment))
            since = since if known is cycle else moment
            if moment - since >= PATIENCE_SECONDS - _LOOK_SECONDS:
                one.transport.close()
            self._waited_since[one] = cycle, since


def _is_waited_for(connection: Any) -> bool:
    """Say whether we wait for a request, or for the rest of one; else it waits for us."""
    cycle = connection.cycle
    return cycle is None or cycle.response_complete or cycle.more_body
