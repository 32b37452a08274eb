"""What every request passes: the host's name, a number for it, its route, and the headers that every answer carries."""

import time
from collections.abc import Callable, Iterable
from functools import cached_property
from http import HTTPStatus
from itertools import count
from secrets import randbits
from typing import Any

import structlog
from starlette.background import BackgroundTask
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from outcomes.service.defects import log_defect
from outcomes.service.limits import MOST_HEADERS, Failures, too_many
from outcomes.service.metrics import Metrics
from outcomes.service.problems import Problem, problem_of
from outcomes.service.routing import Routes, path_of

_CONTENT = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; "
    "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
HEADERS = {
    "Content-Security-Policy": _CONTENT,
    "X-Content-Type-Options": "nosniff",
    # Not "no-referrer": with it browsers send forms with `Origin: null`, and what changes something must say its page.
    "Referrer-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-store",
}
"""What an answer carries that does not say otherwise itself."""

_RAW_HEADERS = [(name.lower().encode(), value.encode()) for name, value in HEADERS.items()]
_KEYS_IN = ("/events/in/", "/api/v1/events/in/", "/enter/", "/session")
"""Paths of routes that take a key otherwise than in a header."""

_DEFECT = "a defect of ours: the log has its number"

Tell = Callable[[Problem, Request], Response]
"""Returns a problem as an answer, in the form that who asked can read."""


class Gate:
    """The application as ASGI: lets a request through to its route, or not, and sends what comes of it."""

    def __init__(self, routes: Routes, hosts: Iterable[str], metrics: Metrics, tell: Tell) -> None:
        self._routes = routes
        self._metrics = metrics
        self._tell = tell
        self._hosts = frozenset(hosts)
        self._failures = Failures()
        # They tell requests apart, of other runs, too; that they can be guessed harms nobody.
        self._numbers = count(randbits(63))

    @cached_property
    def _log(self) -> Any:
        # Bound once, at the first answer, when it is configured: an unbound one is bound anew for each line.
        return structlog.get_logger().bind()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        number = scope["request_id"] = f"{next(self._numbers):016x}"
        begun, status = time.perf_counter(), 0
        scope["template"] = "none"
        request = Request(scope, receive, send)
        afterwards: BackgroundTask | None = None
        try:
            response, defect = await self._answer(request)
            status = response.status_code
            _complete(response, number)
            afterwards, response.background = response.background, None
            await (_head_of(response, send) if scope["method"] == "HEAD" else response(scope, receive, send))
        except ClientDisconnect:
            defect = None  # they are gone in the middle of a body: there is nobody to answer
        except Exception as error:  # noqa: BLE001 - in the middle of an answer; the server breaks the connection off
            defect = error
        finally:
            seconds = time.perf_counter() - begun
            route = scope["template"]
            self._metrics.answered(route, status, seconds)
            # Route templates, never addresses: these name students, and one holds a key.
            self._log.info("answered", route=route, status=status, ms=round(seconds * 1000, 1), request=number)
        if defect is not None:
            log_defect(defect, request=number)
        if afterwards is not None and scope["method"] != "HEAD":
            await afterwards()

    async def _answer(self, request: Request) -> tuple[Response, Exception | None]:
        """Return the answer, and the defect of ours that it came of, if there is one."""
        defect = None
        try:
            self._check(request.scope)
            found = self._routes.find(request)
            request.scope["template"] = found.template
            response = await found.call(request)
        except ClientDisconnect:
            raise
        except Exception as error:  # noqa: BLE001 - whoever asked must be told, whatever it was
            problem = problem_of(error)
            if problem is None:
                defect, problem = error, Problem(HTTPStatus.INTERNAL_SERVER_ERROR, _DEFECT)
            else:
                # It holds on to this frame, and the frame to it: what had come of a body would stay for long.
                error.__traceback__ = None
            response = self._tell(problem, request)
        if response.status_code == HTTPStatus.UNAUTHORIZED and self._is_one_failure_too_many(request.scope):
            words = "ten attempts failed within a minute: wait for one, and look at your token"
            response = self._tell(too_many(words), request)
        return response, defect

    def _check(self, scope: Scope) -> None:
        """Refuse what is asked by a name that is not ours, or with too many headers."""
        if len(scope["headers"]) > MOST_HEADERS:
            words = f"more than {MOST_HEADERS} headers: send fewer"
            raise Problem(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE, words)
        host = next((value for name, value in scope["headers"] if name == b"host"), b"").decode("latin-1")
        name, colon, port = host.rpartition(":")
        if (name if colon and port.isdigit() else host).lower() not in self._hosts:
            words = "this service is not known by that name: serve --allow-host NAME adds it"
            raise Problem(HTTPStatus.MISDIRECTED_REQUEST, words)

    def _is_one_failure_too_many(self, scope: Scope) -> bool:
        return _is_attempt(scope) and self._failures.is_one_too_many(_address_of(scope))


def _complete(response: Response, number: str) -> None:
    """Add to an answer what every one carries."""
    headers = response.raw_headers
    said = {name for name, _ in headers}
    headers += [pair for pair in _RAW_HEADERS if pair[0] not in said]
    headers.append((b"x-request-id", number.encode()))


async def _head_of(response: Response, send: Send) -> None:
    """Send what stands before the body of an answer; a stream is not begun."""
    await send({"type": "http.response.start", "status": response.status_code, "headers": response.raw_headers})
    await send({"type": "http.response.body"})


def _is_attempt(scope: Scope) -> bool:
    """Say whether a request came with a key: a browser whose session is over comes without."""
    return path_of(scope).startswith(_KEYS_IN) or any(name == b"authorization" for name, _ in scope["headers"])


def _address_of(scope: Scope) -> str:
    client = scope.get("client")
    return client[0] if client else ""
