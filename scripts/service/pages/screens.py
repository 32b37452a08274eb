"""What all screens have in common: an address, a view for who looks, its data beside it, and its failures in words."""

from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from http import HTTPStatus
from types import MappingProxyType
from typing import Any
from urllib.parse import parse_qs

from fastapi import APIRouter, Request
from starlette.background import BackgroundTask
from starlette.requests import ClientDisconnect
from starlette.responses import RedirectResponse, Response

from outcomes.api.home import Home
from outcomes.domain.errors import OutcomesError
from outcomes.service.answering import Asked, answer
from outcomes.service.asker import require_our_page
from outcomes.service.bodies import body_of
from outcomes.service.pages import citations, failures
from outcomes.service.pages.frame import bare, frame
from outcomes.service.pages.kept import Kept
from outcomes.service.pages.picker import picker
from outcomes.service.pages.scheme import chosen
from outcomes.service.pages.templating import rendered
from outcomes.service.pages.viewer import Viewer
from outcomes.service.pages.where import CHOSEN, Where
from outcomes.service.problems import Problem
from outcomes.service.proxy import PERSON
from outcomes.service.questions import QUESTIONS
from outcomes.service.rendering import Form
from outcomes.service.state import State, state_of
from outcomes.store.access.rights import Grant

_HTML = "text/html; charset=utf-8"
_NOT_KEPT = {"Cache-Control": "private, no-store"}

Data = tuple[str, dict[str, Any]]
"""The question whose answer a view shows, with what is given to it: its rows are what `.csv` and `.json` hold."""


@dataclass(frozen=True)
class View:
    """What a screen shows to one who looks. `subject` is what stands at the head of the sentence: "The tree"."""

    template: str
    title: str
    parts: Mapping[str, Any] = field(default_factory=dict)
    subject: str | None = None
    context: str | None = None
    status: HTTPStatus = HTTPStatus.OK
    is_bare: bool = False
    """Whether nothing stands around it, for no place is chosen yet."""
    is_of_home: bool = False
    """Whether it is about all that the home holds, so that it can be shown where no place is chosen, or may be seen."""
    pinned: Mapping[str, str | None] = field(default_factory=dict)
    """What the address of a citation says besides both clocks: what nobody chose may be another then."""


@dataclass(frozen=True)
class Fragment:
    """A part of a page, for a page that is open already."""

    html: str


@dataclass(frozen=True)
class Elsewhere:
    """Another address, which answers this one."""

    address: str


@dataclass(frozen=True)
class Download:
    """A file to keep."""

    content: bytes
    media_type: str
    name: str


Shown = View | Fragment | Elsewhere | Download


@dataclass(frozen=True)
class Screen:
    """One screen. `section` is its place in the navigation."""

    path: str
    section: str
    build: Callable[[Viewer], Shown]
    data: Callable[[Viewer], Data] | None = None
    takes_form: bool = False
    """Whether it is asked by a form's POST: for what must not stand in an address, as a name of a person."""


def router(screens: tuple[Screen, ...]) -> APIRouter:
    """Return the routes of screens: each with and without a tenant before it, and its data before itself."""
    found, kept = APIRouter(include_in_schema=False), Kept()
    for before in ("", "/{tenant}"):
        for screen in screens:
            if screen.data is not None:
                for form in Form:
                    found.add_api_route(f"{before}{screen.path}.{form}", _data_endpoint(screen, form, kept))
            methods = ["POST"] if screen.takes_form else ["GET"]
            found.add_api_route(f"{before}{screen.path}", _endpoint(screen, kept), methods=methods)
    return found


def _endpoint(screen: Screen, kept: Kept) -> Callable[[Request], Awaitable[Response]]:
    async def endpoint(request: Request) -> Response:
        state = state_of(request)
        try:
            grant = state.askers.who(request)
            form = await _form(request) if screen.takes_form else {}
            viewer_of = partial(_viewer, request=request, grant=grant, state=state, kept=kept, form=form)
            async with state.turns.one(grant.id, request):
                response, afterwards = await state.readers.ask(lambda home: _looked(viewer_of(home), screen))
        except Exception as error:
            failed = failures.response(error, request)
            if failed is None:
                raise
            return failed
        if afterwards is not None:
            response.background = BackgroundTask(_prepare, state, request, grant, afterwards, viewer_of)
        return response

    return endpoint


def _data_endpoint(screen: Screen, form: Form, kept: Kept) -> Callable[[Request], Awaitable[Response]]:
    async def endpoint(request: Request) -> Response:
        state = state_of(request)
        grant = state.askers.who(request)
        async with state.turns.one(grant.id, request):
            return await state.readers.ask(
                lambda home: _data(_viewer(home, request, grant, state, kept), screen, form, request)
            )

    return endpoint


async def _form(request: Request) -> dict[str, str]:
    """Return the fields of a form; only a page of ours may send one."""
    require_our_page(request)
    return {name: values[0] for name, values in parse_qs((await body_of(request)).decode(errors="replace")).items()}


def _viewer(
    home: Home, request: Request, grant: Grant, state: State, kept: Kept, form: Mapping[str, str] = MappingProxyType({})
) -> Viewer:
    parameters = dict(request.path_params)
    tenant = parameters.pop("tenant", None)
    root = request.scope.get("root_path", "")
    path = request.url.path.removeprefix(root)
    if tenant is not None:
        path = path.removeprefix(f"/{tenant}")
        if tenant not in home.tenants or tenant not in (grant.scope.tenants or {tenant}):
            # In the same words, so that nobody learns which schools there are.
            raise Problem(HTTPStatus.NOT_FOUND, "there is no such page here")
    for ending in Form:
        path = path.removesuffix(f".{ending}")
    query = dict(request.query_params)
    where = Where.of(root, tenant, path or "/", query)
    return Viewer(
        home,
        grant,
        where,
        query,
        parameters,
        kept,
        state.access,
        is_fragment=request.headers.get("hx-request") == "true",
        form=form,
        scheme=chosen(request),
        inlets=state.inlets.figures(),
        jobs=state.jobs,
        writer=state.writer,
        has_session=request.scope.get(PERSON) is None,
        origin=f"{request.url.scheme}://{request.url.netloc}",
    )


def _looked(viewer: Viewer, screen: Screen) -> tuple[Response, Callable[[Viewer], None] | None]:
    return _shown(viewer, screen), viewer.afterwards


async def _prepare(
    state: State,
    request: Request,
    grant: Grant,
    afterwards: Callable[[Viewer], None],
    viewer_of: Callable[[Home], Viewer],
) -> None:
    """Ask, once the answer is sent, what will be asked next: that it cannot be answered now is nobody's loss."""
    with suppress(OutcomesError, OSError, Problem, ClientDisconnect):
        async with state.turns.one(grant.id, request):
            await state.readers.ask(lambda home: afterwards(viewer_of(home)))


def _shown(viewer: Viewer, screen: Screen) -> Response:
    if not screen.takes_form and CHOSEN & viewer.query.keys():
        # A day that was chosen in a calendar has an address as every other time has.
        return RedirectResponse(viewer.where.here(), HTTPStatus.SEE_OTHER, _NOT_KEPT)
    shown = screen.build(viewer)
    viewer.note(screen.path)
    match shown:
        case Elsewhere():
            return RedirectResponse(shown.address, HTTPStatus.SEE_OTHER, _NOT_KEPT)
        case Fragment():
            return Response(shown.html, headers=_NOT_KEPT, media_type=_HTML)
        case Download():
            headers = {**_NOT_KEPT, "Content-Disposition": f'attachment; filename="{shown.name}"'}
            return Response(shown.content, headers=headers, media_type=shown.media_type)
        case View():
            around = bare(viewer, shown) if shown.is_bare else frame(viewer, screen.section, shown)
            around |= _cited(viewer, screen, shown, around)
            around["picker"] = picker(viewer, screen.section, shown.context) if around.get("is_placed") else None
            html = rendered(shown.template, **{**around, **shown.parts})
            return Response(html, shown.status, _NOT_KEPT, _HTML)


def _cited(viewer: Viewer, screen: Screen, shown: View, around: Mapping[str, Any]) -> dict[str, Any]:
    """Return the citation that is asked for, the proof of one that was opened, and the ways to the data."""
    if screen.data is None or shown.is_bare:
        return {"citation": None, "proof": None, "data": []}
    cited = screen.data(viewer)
    is_asked = "cite" in viewer.query
    is_opened = "fp" in viewer.query and not is_asked
    name = around["organisation"]
    return {
        "citation": citations.citation(viewer, cited, shown.title, name, shown.pinned) if is_asked else None,
        "proof": citations.proof(viewer, partial(citations.fingerprint, viewer, cited)) if is_opened else None,
        "data": [(form.upper(), viewer.where.data(form)) for form in (Form.CSV, Form.JSON)],
    }


def _data(viewer: Viewer, screen: Screen, form: Form, request: Request) -> Response:
    assert screen.data is not None  # noqa: S101 - only such screens have this route
    name, given = screen.data(viewer)
    question = next(question for question in QUESTIONS if question.name == name)
    point, path, query = viewer.point(), request.scope["path"], request.query_params.multi_items()
    return answer(viewer.home, Asked(question, form, viewer.grant, point, given, path, query, None, viewer.access))
