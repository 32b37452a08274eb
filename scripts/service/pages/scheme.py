"""Light, dark, or as the system: a choice that a cookie keeps. It holds nothing about anybody."""

from http import HTTPStatus

from fastapi import APIRouter, Request
from starlette.responses import RedirectResponse, Response

from outcomes.service.sessions import path_of_ours

_A_YEAR = 31_536_000


def router() -> APIRouter:
    """Return the route of the choice."""
    found = APIRouter()
    found.add_api_route("/scheme/{name}", _choose, include_in_schema=False)
    return found


async def _choose(request: Request, name: str, back: str = "/") -> Response:
    response = RedirectResponse(path_of_ours(request, back), HTTPStatus.SEE_OTHER)
    if name in {"light", "dark"}:
        response.set_cookie("scheme", name, max_age=_A_YEAR, httponly=True, samesite="lax")
    else:
        response.delete_cookie("scheme", httponly=True, samesite="lax")
    return response
