"""What could not be shown, as a page: what happened, what to do, and the number by which the log knows it."""

from http import HTTPStatus

from fastapi import Request
from starlette.responses import Response

from outcomes.domain.errors import SeveralTenants
from outcomes.service.pages.assets import address
from outcomes.service.pages.scheme import chosen
from outcomes.service.pages.templating import rendered
from outcomes.service.problems import Problem, problem_of, title_of

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


def _detail(problem: Problem) -> str:
    """Return what happened in words of the page."""
    if problem.detail.startswith("there is no such route"):
        return _NO_PAGE
    return _NO_PLACE if problem.detail.startswith("not a context") else problem.detail


def _back(request: Request, root: str) -> str:
    """Return what was asked for, to go on to once one is known."""
    query = request.url.query
    return request.url.path.removeprefix(root) + (f"?{query}" if query else "") if request.method == "GET" else "/"


def response(error: Exception, request: Request) -> Response | None:
    """Return the page of an expected failure; None for a defect of ours."""
    problem = problem_of(error)
    return None if problem is None else page_of(problem, request, is_choice=isinstance(error, SeveralTenants))


def page_of(problem: Problem, request: Request, *, is_choice: bool = False) -> Response:
    """Return a problem as a page."""
    root = request.scope.get("root_path", "")
    html = rendered(
        "failure_toast.html" if request.headers.get("hx-request") == "true" else "failure.html",
        root=root,
        asset=lambda name: address(root, name),
        title=_TITLES.get(problem.status, title_of(problem.status)),
        status=problem.status,
        detail=_detail(problem),
        number=request.scope.get("request_id", ""),
        back=_back(request, root),
        is_choice=is_choice,
        scheme=chosen(request),
    )
    headers = {**problem.headers, "Cache-Control": "no-store"}
    return Response(html, problem.status, headers, "text/html; charset=utf-8")
