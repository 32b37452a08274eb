"""How events come in: by which way, when last, with which answers; and how the consumers of queues are."""

from fastapi import APIRouter, Request
from starlette.responses import Response

from outcomes.domain.times import to_text
from outcomes.service.asker import require
from outcomes.service.inlets.consumers import ConsumerFigures, noted
from outcomes.service.inlets.figures import InletFigures
from outcomes.service.places import require_whole
from outcomes.service.problems import answered, described
from outcomes.service.rendering import dump
from outcomes.service.state import state_of
from outcomes.store.access.rights import Right

_EXAMPLE: dict[str, object] = {
    "items": [
        {"inlet": "webhook-signed", "last": "2026-02-01T08:00:04.117Z", "answers": {"204": 1412}, "events": 1412},
    ],
    "queues": [],
    "next": None,
}


def router() -> APIRouter:
    """Return the route."""
    found = APIRouter(tags=["operations"])
    found.add_api_route(
        "/inlets",
        inlets,
        summary="The ways in: of each the last delivery, answers and events of the last hour; queues. Needs operate.",
        response_class=Response,
        responses={**answered(_EXAMPLE), **described(401, 403)},
    )
    return found


async def inlets(http: Request) -> Response:
    """Return the figures of each way in that was used since the service began, and of the queues' consumers."""
    state = state_of(http)
    grant = state.askers.who(http)
    require(grant, {Right.OPERATE})
    require_whole(grant)
    items = [_told(figures) for figures in state.inlets.figures()]
    queues = [_of_queue(figures) for figures in noted(state.configuration.folder)]
    return Response(dump({"items": items, "queues": queues, "next": None}), media_type="application/json")


def _of_queue(figures: ConsumerFigures) -> dict[str, object]:
    times = {"asked": to_text(figures.asked), "last": None if figures.last is None else to_text(figures.last)}
    return {**figures._asdict(), **times}


def _told(figures: InletFigures) -> dict[str, object]:
    return {**figures._asdict(), "last": None if figures.last is None else to_text(figures.last)}
