"""What could not be shown, as a page: what happened, what to do, and the number by which the log knows it."""

from http import HTTPStatus

from fastapi import Request
from starlette.responses import Response

from outcomes.domain.errors import SeveralTenants
from outcomes.service.pages.assets import address
from outcomes.service.pages.scheme import chosen
from outcomes.service.pages.templating import rendered
from outcomes.service.problems import NOT_KNOWN, Problem, problem_of, title_of
from outcomes.service.state import state_of

_TITLES = {
    HTTPStatus.BAD_REQUEST: "This address asks for something that cannot be asked",
    HTTPStatus.UNAUTHORIZED: "You are not known here yet",
    HTTPStatus.FORBIDDEN: "Your access does not reach this",
    HTTPStatus.NOT_FOUND: "Nothing is known of this here",
    HTTPStatus.GONE: "This person's data was erased",
    HTTPStatus.INTERNAL_SERVER_ERROR: "This is a defect of ours",
    HTTPStatus.SERVICE_UNAVAILABLE: "This takes too long, or the service is busy",
}


_NO_PAGE = "there is no such page here: the address may be mistyped, or of another version"


_NO_PLACE = (
    "there is no such place: a place is an account or a course with its number, such as Account:1 or Course:1234. "
    "The start lists those that are known"
)


_COME_IN = "to see this, come in with a token: a word that whoever runs this service has made for you"
_ENDED = (
    "a visit ends after two hours in which nothing is looked at, after twelve hours in any case, and when the service "
    "is started anew. Come in again, and you go on where you were"
)


def _detail(problem: Problem, *, has_ended: bool) -> str:
    """Return what happened in words of the page, as a sentence without its full stop."""
    told = problem.detail
    if told.startswith("there is no such route"):
        told = _NO_PAGE
    elif told.startswith("not a context"):
        told = _NO_PLACE
    elif told == NOT_KNOWN:
        told = _ENDED if has_ended else _COME_IN
    return f"{told[:1].upper()}{told[1:]}".removesuffix(".")


def _has_ended(problem: Problem, request: Request) -> bool:
    """Say whether somebody who had come in is no longer known: their browser still has the cookie, or their page."""
    was_in = request.headers.get("hx-request") == "true" or state_of(request).askers.cookie in request.cookies
    return problem.detail == NOT_KNOWN and was_in


def _back(request: Request, root: str) -> str:
    """Return what was asked for, to go on to once one is known."""
    if request.method != "GET":
        return "/"
    url = request.url.remove_query_params("shown")
    return url.path.removeprefix(root) + (f"?{url.query}" if url.query else "")


def response(error: Exception, request: Request) -> Response | None:
    """Return the page of an expected failure; None for a defect of ours."""
    problem = problem_of(error)
    return None if problem is None else page_of(problem, request, is_choice=isinstance(error, SeveralTenants))


def page_of(problem: Problem, request: Request, *, is_choice: bool = False) -> Response:
    """Return a problem as a page."""
    root = request.scope.get("root_path", "")
    has_ended = _has_ended(problem, request)
    html = rendered(
        "failure_toast.html" if request.headers.get("hx-request") == "true" else "failure.html",
        root=root,
        asset=lambda name: address(root, name),
        title="Your visit here has ended" if has_ended else _TITLES.get(problem.status, title_of(problem.status)),
        status=problem.status,
        detail=_detail(problem, has_ended=has_ended),
        number=request.scope.get("request_id", ""),
        back=_back(request, root),
        is_choice=is_choice,
        scheme=chosen(request),
    )
    headers = {**problem.headers, "Cache-Control": "no-store"}
    return Response(html, problem.status, headers, "text/html; charset=utf-8")
