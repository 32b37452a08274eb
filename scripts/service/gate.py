"""What every request passes: the host's name, a number for it, and the headers that every answer carries."""

import time
from collections.abc import Iterable
from http import HTTPStatus
from secrets import token_hex

import structlog
from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from outcomes.service.limits import MOST_HEADERS, Failures, too_many
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
_KEYS_IN = ("/events/in/", "/enter/", "/session")
"""Paths of routes that take a key otherwise than in a header."""


class Gate:
    """ASGI middleware around the whole application."""

    def __init__(self, app: ASGIApp, hosts: Iterable[str], metrics: Metrics) -> None:
        self._app = app
        self._metrics = metrics
        # Route templates, never addresses: these name students, and one holds a key.
        self._log = structlog.get_logger()
        self._hosts = frozenset(hosts)
        self._failures = Failures()

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
        if len(scope["headers"]) > MOST_HEADERS:
            status, words = HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE, f"more than {MOST_HEADERS} headers: send fewer"
        elif not self._is_for_us(scope):
            status = HTTPStatus.MISDIRECTED_REQUEST
            words = "this service is not known by that name: serve --allow-host NAME adds it"
        else:
            await self._app(scope, receive, self._counting_failures(scope, receive, send))
            return
        await Problem(status, words).response()(scope, receive, send)

    def _counting_failures(self, scope: Scope, receive: Receive, send: Send) -> Send:
        """Return what sends answers on; whose attempts failed too often is told to stop instead."""
        is_replaced = False

        async def send_on(message: Message) -> None:
            nonlocal is_replaced
            if is_replaced:
                return
            is_refusal = message["type"] == "http.response.start" and message["status"] == HTTPStatus.UNAUTHORIZED
            if is_refusal and _is_attempt(scope) and self._failures.is_one_too_many(_address_of(scope)):
                is_replaced = True
                problem = too_many("ten attempts failed within a minute: wait for one, and look at your token")
                await problem.response()(scope, receive, send)
            else:
                await send(message)

        return send_on

    def _is_for_us(self, scope: Scope) -> bool:
        host = next((value for name, value in scope["headers"] if name == b"host"), b"").decode("latin-1")
        name, colon, port = host.rpartition(":")
        return (name if colon and port.isdigit() else host).lower() in self._hosts


def _is_attempt(scope: Scope) -> bool:
    """Say whether a request came with a key: a browser whose session is over comes without."""
    path: str = scope["path"].removeprefix(scope.get("root_path", ""))
    return path.startswith(_KEYS_IN) or any(name == b"authorization" for name, _ in scope["headers"])


def _address_of(scope: Scope) -> str:
    client = scope.get("client")
    return client[0] if client else ""
