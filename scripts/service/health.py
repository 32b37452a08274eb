"""Whether the service lives, whether it can do its work and what of it cannot, and what it counts."""

import asyncio
import sqlite3
import time
from http import HTTPStatus

from fastapi import APIRouter, Request
from prometheus_client import CONTENT_TYPE_LATEST
from starlette.responses import Response

from outcomes.api.arguments import now
from outcomes.api.home import Home
from outcomes.domain.errors import KeySetUnavailable, OutcomesError
from outcomes.domain.times import SECOND
from outcomes.service.asker import require
from outcomes.service.inlets.consumers import noted
from outcomes.service.places import require_whole
from outcomes.service.problems import Problem, answered, described
from outcomes.service.rendering import dump
from outcomes.service.state import State, state_of
from outcomes.store.access.rights import Right
from outcomes.store.sources.signed_body import SignedBodies

_FRESH_SECONDS = 1.0
_FAR_BEHIND = 10_000
"""Positions: while others write, the views are always a little behind."""
_OK = "ok"
_REFUSED = "what came last could not be written: the answer to it, with 503, says why; is the disk full or read-only?"
_COUNTED = 'outcomes_requests_total{route="/api/v1/tree",status="200"} 12.0\n'
_READY = {
    "ready": True,
    "parts": {"readers": _OK, "writer": _OK, "disk": _OK},
    "lag": {"views_behind": 0, "behind_canvas_seconds": 12.4, "quiet_seconds": 3.1},
}


def router() -> APIRouter:
    """Return the routes of operations, outside the base."""
    found, readiness = APIRouter(tags=["operations"]), Readiness()
    lives, is_ready, counted = answered({"status": "alive"}), answered(_READY), answered(_COUNTED, "text/plain")
    for path, endpoint, summary, responses, extra in (
        ("/health/live", live, "The process answers.", {**lives, **described()}, {"security": []}),
        ("/health/ready", readiness.ready, "Which part is off.", {**is_ready, **described(503)}, {"security": []}),
        (
            "/metrics",
            metrics,
            "Counters for Prometheus.",
            {**counted, **described(401, 403)},
            {},
        ),
    ):
        found.add_api_route(
            path, endpoint, summary=summary, response_class=Response, responses=responses, openapi_extra=extra
        )
    return found


async def live(_http: Request) -> Response:
    """Say that the process answers."""
    return Response(dump({"status": "alive"}), media_type="application/json")


class Readiness:
    """Looks once a second at most, however many ask: anybody may."""

    def __init__(self) -> None:
        self._looking = asyncio.Lock()
        self._found: tuple[HTTPStatus, bytes] | None = None
        self._until = 0.0

    async def ready(self, http: Request) -> Response:
        """Say of each part whether it works, in words; 503 if one does not."""
        async with self._looking:
            if self._found is None or time.monotonic() > self._until:
                self._found = await _looked(state_of(http))
                self._until = time.monotonic() + _FRESH_SECONDS
        status, body = self._found
        return Response(body, status, media_type="application/json")


async def _looked(state: State) -> tuple[HTTPStatus, bytes]:
    try:
        lag = await state.readers.ask(_lag_of)
    except (OutcomesError, OSError, Problem, sqlite3.Error):
        lag = None
    parts = {"readers": _readers(lag), "writer": _writer(state), "disk": state.configuration.lack_of_room() or _OK}
    if state.signed is not None:
        parts["keys"] = await asyncio.to_thread(_keys, state.signed)
    is_ready = all(words == _OK for words in parts.values())
    status = HTTPStatus.OK if is_ready else HTTPStatus.SERVICE_UNAVAILABLE
    return status, dump({"ready": is_ready, "parts": parts, "lag": lag})


async def metrics(http: Request) -> Response:
    """Return the counters; they need a token with the right operate."""
    state = state_of(http)
    grant = state.askers.who(http)
    require(grant, {Right.OPERATE})
    require_whole(grant)
    state.inlets.tell_queues(noted(state.configuration.folder))
    async with state.turns.one(grant.id, http):
        standing = await state.readers.ask(state.metrics.standing)
    told = state.metrics.exposition(standing, state.writer.waiting_bytes, state.streams.number)
    return Response(told, media_type=CONTENT_TYPE_LATEST)


def _lag_of(home: Home) -> dict[str, float | int | None]:
    found, head = home.lag(home.head), home.head
    quiet = None if found.recorded_at is None else (now() - found.recorded_at) / SECOND
    return {
        "views_behind": max(0, head - home.at().known_at),
        "behind_canvas_seconds": None if found.behind is None else found.behind / SECOND,
        "quiet_seconds": quiet,
    }


def _readers(lag: dict[str, float | int | None] | None) -> str:
    if lag is None:
        return "the log or its views cannot be read: outcomes status tells more"
    behind = lag["views_behind"] or 0
    return _OK if behind < _FAR_BEHIND else f"the views are {behind} positions behind the log: they follow"


def _writer(state: State) -> str:
    if not state.writer.is_alive:
        return "it has ended: start the service again"
    return _REFUSED if state.writer.is_refused else _OK


def _keys(signed: SignedBodies) -> str:
    try:
        signed.keys.check()
    except KeySetUnavailable:
        return "no key to check signatures with can be had: is what --jwks names there?"
    return _OK
