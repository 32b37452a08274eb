"""The way in for programs that have a token: `POST /events`."""

from http import HTTPStatus
from typing import Any

from fastapi import APIRouter, Request
from starlette.responses import Response

from outcomes.service.asker import require
from outcomes.service.bodies import LARGEST_EVENTS, body_of
from outcomes.service.places import require_whole
from outcomes.service.problems import Problem, answered, described
from outcomes.service.rendering import dump
from outcomes.service.state import state_of
from outcomes.store.access.rights import Grant, Right
from outcomes.store.ingest.group_commit import Delivery

BODY: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "description": "One event or several, in any form that `outcomes ingest` reads.",
        "content": {"application/json": {"schema": {}}, "application/x-ndjson": {"schema": {}}},
    }
}
_RECEIVED = {"read": 1, "appended": 1, "duplicates": 0, "quarantined": 0, "unprojected": 0, "head": 1479}
_PROBLEMS = described(400, 401, 403, 413, 503)


def router() -> APIRouter:
    """Return the way in."""
    found = APIRouter(tags=["events"])
    found.add_api_route(
        "/events",
        take,
        methods=["POST"],
        summary="Append events; answered once they are on the disk.",
        response_class=Response,
        responses={**answered(_RECEIVED), **_PROBLEMS},
        openapi_extra=BODY,
    )
    return found


async def take(http: Request) -> Response:
    """Append what is in the body, whatever of it can be read; the rest is in quarantine."""
    state = state_of(http)
    with state.inlets.counting(HTTPStatus.OK) as delivery:
        grant = state.askers.who(http)
        may_bring(grant)
        content = await body_of(http, LARGEST_EVENTS)
        if not content:
            raise Problem(HTTPStatus.BAD_REQUEST, "the body is empty: it must hold an event, or several")
        received = await state.writer.take(Delivery(f"https:{grant.id}", content))
        delivery.brought(received.read)
    state.metrics.received(received)
    return Response(dump(received.as_json()), HTTPStatus.OK, media_type="application/json")


def may_bring(grant: Grant) -> None:
    """Refuse who may not bring events in, or may for a part only: what comes in is of the whole home."""
    require(grant, {Right.INGEST})
    require_whole(grant)
