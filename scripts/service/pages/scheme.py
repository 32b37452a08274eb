"""Light, dark, or as the system: a choice that a cookie keeps. It holds nothing about anybody."""

from http import HTTPStatus

from fastapi import APIRouter, Request
from starlette.responses import RedirectResponse, Response

from outcomes.service.sessions import path_of_ours

_COOKIE, _SCHEMES = "scheme", {"light", "dark"}
_A_YEAR = 31_536_000


def router() -> APIRouter:
    """Return the route of the choice."""
    found = APIRouter()
    found.add_api_route("/scheme/{name}", _choose, include_in_schema=False)
    return found


def chosen(request: Request) -> str:
    """Return what a browser has chosen; empty for as the system."""
    name = request.cookies.get(_COOKIE, "")
    return name if name in _SCHEMES else ""


async def _choose(request: Request, name: str) -> Response:
    response = RedirectResponse(path_of_ours(request, request.query_params.get("back", "/")), HTTPStatus.SEE_OTHER)
    if name in _SCHEMES:
        response.set_cookie(_COOKIE, name, max_age=_A_YEAR, httponly=True, samesite="lax")
    else:
        response.delete_cookie(_COOKIE, httponly=True, samesite="lax")
    return response
