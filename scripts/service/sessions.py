"""How a browser comes in: by the one-time link that `serve` prints, or with a token; and how it leaves."""

from http import HTTPStatus
from urllib.parse import parse_qs

from fastapi import APIRouter, Request
from starlette.responses import RedirectResponse, Response

from outcomes.service.asker import require_our_page
from outcomes.service.bodies import body_of
from outcomes.service.problems import Problem
from outcomes.service.state import state_of


def router() -> APIRouter:
    """Return the routes of sessions; they are for browsers, and no part of the API."""
    found = APIRouter(include_in_schema=False)
    found.add_api_route("/enter/{ticket}", enter)
    found.add_api_route("/session", begin, methods=["POST"])
    found.add_api_route("/session/end", end, methods=["POST"])
    return found


async def enter(http: Request, ticket: str) -> Response:
    """Open a session with a one-time link. HEAD, by which chat programs look at links, does not use it up."""
    askers = state_of(http).askers
    if not askers.is_link(ticket):
        raise Problem(
            HTTPStatus.UNAUTHORIZED,
            "this link was used, is older than 15 minutes, or is of another run: outcomes serve prints a new one",
        )
    response = _back_to(http, "/")
    if http.method != "HEAD":
        askers.set_cookie(response, askers.open_with_link(ticket))
    return response


async def begin(http: Request) -> Response:
    """Open a session with the token in a form, and go on to the form's `next`."""
    require_our_page(http)
    form = parse_qs((await body_of(http)).decode(errors="replace"))
    token, following = (form.get(name, [""])[0] for name in ("token", "next"))
    askers = state_of(http).askers
    secret = askers.open_with_token(token.strip())
    if secret is None:
        raise Problem(HTTPStatus.UNAUTHORIZED, "no token, or not a valid one: ask whoever makes them")
    response = _back_to(http, following)
    askers.set_cookie(response, secret)
    return response


async def end(http: Request) -> Response:
    """End the session of this browser."""
    require_our_page(http)
    askers = state_of(http).askers
    askers.end(http)
    response = _back_to(http, "/")
    askers.delete_cookie(response)
    return response


def _back_to(http: Request, path: str) -> Response:
    """Lead on to a page of ours: whatever could name another site leads to the first page."""
    root = http.scope.get("root_path", "")
    return RedirectResponse(path_of_ours(http, root + path), HTTPStatus.SEE_OTHER)


def path_of_ours(http: Request, path: str) -> str:
    """Return a path if it leads to a page of ours, else that of the first."""
    is_ours = path.startswith("/") and not path.startswith("//") and path.isprintable() and "\\" not in path
    return path if is_ours else http.scope.get("root_path", "") + "/"
