"""Errors as RFC 9457 problem documents: what happened, the offending value, what to do."""

import re
import sqlite3
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

import orjson
from starlette.responses import Response

from outcomes.domain.errors import (
    HomeUnavailable,
    LogDamaged,
    OutcomesError,
    QuestionStopped,
)

MEDIA_TYPE = "application/problem+json"
_LONGEST_DETAIL = 1_000
_SOON = "5"
_OPTION = re.compile(r"(?<![\w-])--([a-z][\w-]*)", re.IGNORECASE)
_NAMES_OF_RFC_9110 = {HTTPStatus.REQUEST_ENTITY_TOO_LARGE: "Content Too Large"}
NOT_KNOWN = "no token, or not a valid one: send Authorization: Bearer TOKEN; outcomes token create makes one"
_EXAMPLES = {
    400: "no such parameter: contxt: there are as_of, context, include_deleted, known_at, min_position, tenant",
    401: NOT_KNOWN,
    403: "this needs the right students, which your token lacks: ask whoever made it",
    404: "nothing is known of this show at this point",
    410: "somebody was erased since this was answered: begin the job again",
    413: "more than 12 MiB: send it in several requests",
    421: "this service is not known by that name: serve --allow-host NAME adds it",
    429: "ten attempts failed within a minute: wait for one, and look at your token",
    431: "more than 100 headers: send fewer",
    503: "more has come than can be written: nothing of this was taken, send it again",
}
_OF_ALL = (421, 429, 431)
"""What the gate may answer, whatever is asked."""


class Problem(Exception):  # noqa: N818 - the name that RFC 9457 gives it
    """An answer that is no answer. `detail` is one sentence or two for people."""

    def __init__(self, status: HTTPStatus, detail: str, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(detail)
        self.status = status
        self.detail = detail
        self.headers = dict(headers or {})

    def document(self) -> dict[str, Any]:
        """Return it as JSON has it."""
        return {"title": title_of(self.status), "status": self.status.value, "detail": self.detail[:_LONGEST_DETAIL]}

    def response(self) -> Response:
        """Return it as an answer."""
        headers = {"Cache-Control": "no-store", **self.headers}
        return Response(orjson.dumps(self.document()), self.status.value, headers, MEDIA_TYPE)


def unavailable(detail: str, seconds: str = _SOON) -> Problem:
    """Return the problem of what may work later."""
    return Problem(HTTPStatus.SERVICE_UNAVAILABLE, detail, {"Retry-After": seconds})


def title_of(status: HTTPStatus) -> str:
    """Return the name of a status as RFC 9110 has it, which Python's own has from 3.13 on."""
    return _NAMES_OF_RFC_9110.get(status, status.phrase)


def answered(example: Any, media_type: str = "application/json", status: int = 200) -> dict[int | str, dict[str, Any]]:
    """Return how a route that answers so says so in its description."""
    return {status: {"content": {media_type: {"example": example}}}}


def described(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """Return how a route that may answer with these problems says so in its description."""
    found = sorted({*statuses, *_OF_ALL})
    return {status: _described(HTTPStatus(status)) for status in found}


def _described(status: HTTPStatus) -> dict[str, Any]:
    example = Problem(status, _EXAMPLES[status]).document()
    return {"description": title_of(status), "content": {MEDIA_TYPE: {"example": example}}}


def problem_of(error: Exception) -> Problem | None:
    """Return what an expected failure is as a problem; None for a defect of ours."""
    match error:
        case Problem():
            return error
        case QuestionStopped():
            return unavailable("the question took longer than one may: narrow it to a course, a time or a page", "30")
        case HomeUnavailable():
            return unavailable(str(error))
        case LogDamaged():
            return Problem(HTTPStatus.INTERNAL_SERVER_ERROR, f"{error}: outcomes verify tells more")
        case OutcomesError():
            return Problem(HTTPStatus.BAD_REQUEST, _as_parameters(str(error)))
        case sqlite3.OperationalError() | OSError():
            return unavailable("the disk or the database is busy or full: try again, and look at /health/ready")
        case _:
            return None


def _as_parameters(words: str) -> str:
    """Return a message that names options as one that names parameters: `--as-of` is `as_of` here."""
    return _OPTION.sub(lambda option: option[1].replace("-", "_"), words)
