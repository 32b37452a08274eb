"""`GET /head/events`: a stream that says where the views stand, whenever that changes: for whoever keeps up to date."""

from fastapi import APIRouter, Request
from fastapi.sse import EventSourceResponse
from starlette.responses import Response

from outcomes.service.asker import require
from outcomes.service.places import require_whole
from outcomes.service.problems import answered, described
from outcomes.service.state import state_of
from outcomes.store.access.rights import Right

_EXAMPLE = 'event: head\ndata: {"head":1479}\n\n'


def router() -> APIRouter:
    """Return the route of news."""
    found = APIRouter(tags=["questions"])
    found.add_api_route(
        "/head/events",
        head,
        summary="Tell whenever there is more to ask about (server-sent events).",
        response_class=Response,
        responses={
            **answered(_EXAMPLE, EventSourceResponse.media_type),
            **described(401, 403, 503),
        },
    )
    return found


async def head(http: Request) -> Response:
    """Stream `{"head": N}`: now, and as often as the views have followed the log."""
    state = state_of(http)
    grant = state.askers.who(http)
    require(grant, {Right.TREE})
    require_whole(grant)
    return state.streams.response(state.head, "head", grant.id, is_allowed=lambda: state.askers.is_still(http, grant))
