"""HTTP as uvicorn speaks it, but the head and body of an answer in one piece: one call of the system, one packet."""

import asyncio
from typing import Any

from uvicorn.protocols.http.auto import AutoHTTPProtocol

_LARGEST_PIECE = 64 << 10


class OnePiece(AutoHTTPProtocol):  # type: ignore[misc,valid-type]  # it is one of two classes, by what is installed
    """The protocol of one connection."""

    def connection_made(self, transport: asyncio.Transport) -> None:
        """Begin."""
        super().connection_made(_Gathering(transport, self.loop))

    def on_response_complete(self) -> None:
        """Send what there is of an answer that has ended."""
        self.transport.flush()
        super().on_response_complete()


class _Gathering:
    """A transport that sends what is written in one turn of the loop together."""

    def __init__(self, transport: asyncio.Transport, loop: asyncio.AbstractEventLoop) -> None:
        self._transport = transport
        self._loop = loop
        self._parts: list[bytes] = []
        self._size = 0

    def write(self, data: bytes) -> None:
        if not self._parts:
            self._loop.call_soon(self.flush)
        self._parts.append(data)
        self._size += len(data)
        if self._size > _LARGEST_PIECE:
            self.flush()

    def flush(self) -> None:
        parts, self._parts, self._size = self._parts, [], 0
        if parts and not self._transport.is_closing():
            self._transport.write(b"".join(parts))

    def close(self) -> None:
        self.flush()
        self._transport.close()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._transport, name)
