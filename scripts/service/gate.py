"""What every request passes: the host's name, a number for it, and the headers that every answer carries."""

import time
from collections.abc import Iterable
from http import HTTPStatus
from secrets import token_hex

import structlog
from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from outcomes.service.metrics import Metrics
from outcomes.service.problems import Problem

_CONTENT = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; "
    "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
HEADERS = {
    "Content-Security-Policy": _CONTENT,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}


class Gate:
    """ASGI middleware around the whole application."""

    def __init__(self, app: ASGIApp, hosts: Iterable[str], metrics: Metrics) -> None:
        self._app = app
        self._metrics = metrics
        # Route templates, never addresses: these name students, and one holds a key.
        self._log = structlog.get_logger()
        self._hosts = frozenset(hosts)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let a request through, or not."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        number = scope["request_id"] = token_hex(8)
        begun, status = time.perf_counter(), [0]

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                status[0] = message["status"]
                headers = MutableHeaders(scope=message)
                for name, value in HEADERS.items():
                    headers.setdefault(name, value)
                headers.setdefault("Cache-Control", "no-store")
                headers["X-Request-Id"] = number
            await send(message)

        try:
            await self._let_through(scope, receive, send_with_headers)
        finally:
            route = getattr(scope.get("route"), "path", "none")
            seconds = time.perf_counter() - begun
            self._metrics.answered(route, status[0], seconds)
            self._log.info("answered", route=route, status=status[0], ms=round(seconds * 1000, 1), request=number)

    async def _let_through(self, scope: Scope, receive: Receive, send: Send) -> None:
        if self._is_for_us(scope):
            await self._app(scope, receive, send)
        else:
            problem = Problem(
                HTTPStatus.MISDIRECTED_REQUEST,
                "this service is not known by that name: serve --allow-host NAME adds it",
            )
            await problem.response()(scope, receive, send)

    def _is_for_us(self, scope: Scope) -> bool:
        host = next((value for name, value in scope["headers"] if name == b"host"), b"").decode("latin-1")
        name, colon, port = host.rpartition(":")
        return (name if colon and port.isdigit() else host).lower() in self._hosts
