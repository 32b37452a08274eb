"""How events come in: of each way in the last delivery, and of the last hour the answers and the events."""

from fastapi import APIRouter, Request
from starlette.responses import Response

from outcomes.domain.times import to_text
from outcomes.service.asker import require
from outcomes.service.inlets.figures import InletFigures
from outcomes.service.problems import described
from outcomes.service.rendering import dump
from outcomes.service.state import state_of
from outcomes.store.access.rights import Right


def router() -> APIRouter:
    """Return the route."""
    found = APIRouter(tags=["operations"])
    found.add_api_route(
        "/inlets",
        inlets,
        summary="The ways in: last delivery, and of the last hour the answers by status and the events. Needs operate.",
        response_class=Response,
        responses={200: {"content": {"application/json": {}}}, **described(401, 403)},
    )
    return found


async def inlets(http: Request) -> Response:
    """Return the figures of each way in that was used since the service began."""
    state = state_of(http)
    require(state.askers.who(http), {Right.OPERATE})
    items = [_told(figures) for figures in state.inlets.figures()]
    return Response(dump({"items": items, "next": None}), media_type="application/json")


def _told(figures: InletFigures) -> dict[str, object]:
    return {**figures._asdict(), "last": None if figures.last is None else to_text(figures.last)}
