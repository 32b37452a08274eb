"""The ways in: `POST /events` with a token, and `POST /events/in/KEY` for Canvas, which can send no header."""

from http import HTTPStatus
from typing import Any

from fastapi import APIRouter, Request
from starlette.responses import Response

from outcomes.service.asker import require
from outcomes.service.bodies import LARGEST_EVENTS, body_of
from outcomes.service.problems import Problem, described
from outcomes.service.rendering import dump
from outcomes.service.state import state_of
from outcomes.store.access.rights import Grant, Right

_BODY: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "description": "One event or several, in any form that `outcomes ingest` reads.",
        "content": {"application/json": {"schema": {}}, "application/x-ndjson": {"schema": {}}},
    }
}
_PROBLEMS = described(400, 401, 403, 413, 503)


def router() -> APIRouter:
    """Return the ways in."""
    found = APIRouter(tags=["events"])
    found.add_api_route(
        "/events",
        take,
        methods=["POST"],
        summary="Append events; answered once they are on the disk.",
        response_class=Response,
        responses={200: {"content": {"application/json": {}}}, **_PROBLEMS},
        openapi_extra=_BODY,
    )
    return found


def canvas_router() -> APIRouter:
    """Return the way in for Canvas's HTTPS delivery, outside the base: this address is typed into Canvas."""
    found = APIRouter(tags=["events"])
    found.add_api_route(
        "/events/in/{key}",
        take_from_canvas,
        methods=["POST"],
        summary="Canvas's unsigned HTTPS delivery; the key is a token with the right ingest.",
        status_code=HTTPStatus.NO_CONTENT,
        response_class=Response,
        responses=_PROBLEMS,
        openapi_extra={**_BODY, "security": []},
    )
    return found


async def take(http: Request) -> Response:
    """Append what is in the body, whatever of it can be read; the rest is in quarantine."""
    state = state_of(http)
    grant = state.askers.who(http)
    _may_bring(grant)
    content = await body_of(http, LARGEST_EVENTS)
    received = await state.writer.take(f"https:{grant.id}", content)
    state.metrics.received(received)
    return Response(dump(received.as_json()), HTTPStatus.OK, media_type="application/json")


async def take_from_canvas(http: Request, key: str) -> Response:
    """Append what Canvas delivers: what cannot be read is kept, and answered like the rest, or it would come again."""
    state = state_of(http)
    grant = state.askers.holder(key)
    if grant is None:
        raise Problem(HTTPStatus.UNAUTHORIZED, "the key at the end of this address is none, or was revoked")
    _may_bring(grant)
    state.metrics.received(await state.writer.take(f"canvas:{grant.id}", await body_of(http, LARGEST_EVENTS)))
    return Response(status_code=HTTPStatus.NO_CONTENT)


def _may_bring(grant: Grant) -> None:
    """Refuse who may not bring events in, or may for a part only: what comes in is of the whole home."""
    require(grant, {Right.INGEST})
    if grant.scope.tenants or grant.scope.contexts:
        raise Problem(
            HTTPStatus.FORBIDDEN,
            "events may be of all tenants, and your token is of a part: make one with scope all",
        )
