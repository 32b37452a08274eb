"""The routes of all questions: parameters from the API's own signatures, answers in three forms."""

import asyncio
from collections.abc import Awaitable, Callable
from http import HTTPStatus
from inspect import Parameter, Signature
from typing import Annotated, Any

from fastapi import APIRouter, Path, Query, Request
from starlette.responses import Response

from outcomes.service.answering import Asked, answer
from outcomes.service.problems import Problem, described, unavailable
from outcomes.service.questions import POINT, QUESTIONS, Question
from outcomes.service.rendering import MEDIA_TYPES, Form
from outcomes.service.state import State, state_of

PAGE, LARGEST_PAGE = 1_000, 10_000
"""Rows of a list, if nothing else is said, and at most."""

_PAUSE_SECONDS = 0.02
_MEANING = {
    "tenant": "Root account; needed only where the log has several.",
    "as_of": "State at this event time: ISO 8601; a date is its midnight, UTC.",
    "known_at": "As the log knew it at this position or clock time.",
    "min_position": "Wait until the log has reached this position: read your own writes.",
    "limit": "Rows at most.",
    "after": "After the row with this key, which the page before named as next.",
}
_PROBLEMS = described(400, 401, 403, 404, 503)


def router() -> APIRouter:
    """Return the routes of all questions."""
    found = APIRouter(tags=["questions"])
    for question in QUESTIONS:
        # The forms first: an id in a path would take the ending for its own.
        for form in (Form.CSV, Form.NDJSON, Form.JSON):
            ending = "" if form is Form.JSON else f".{form}"
            found.add_api_route(
                question.path + ending,
                _endpoint(question, form),
                methods=["GET"],
                name=f"{question.name} as {form}",
                operation_id=f"{question.path.strip('/').translate(_PLAIN)}_{form}",
                summary=(question.method.__doc__ or "").split("\n")[0],
                response_class=Response,
                responses={200: {"content": {MEDIA_TYPES[form].split(";")[0]: {}}}, **_PROBLEMS},
                openapi_extra={"x-example": f"{question.path}{ending}?{question.example}"},
            )
    return found


_PLAIN = str.maketrans({"/": "_", "{": None, "}": None})


def _endpoint(question: Question, form: Form) -> Callable[..., Awaitable[Response]]:
    """Return the function of a route, with the signature from which its parameters are read and documented."""
    parameters = [_parameter(question, name, found) for name, found in question.parameters.items() if name not in POINT]
    if not question.is_about_the_home:
        parameters += [_query(name, str | None, None) for name in POINT]
    parameters.append(_query("min_position", int | None, None, ge=0, le=1 << 62))
    names = {_alias(question, parameter.name): parameter.name for parameter in parameters}

    async def endpoint(http: Request, **given: Any) -> Response:
        state = state_of(http)
        grant = state.askers.who(http)
        if unknown := http.query_params.keys() - names.keys():
            listed = ", ".join(sorted(unknown))
            raise Problem(HTTPStatus.BAD_REQUEST, f"no such parameter: {listed}: there are {', '.join(sorted(names))}")
        await _reached(state, given.pop("min_position"))
        point = {name: given.pop(name, None) for name in POINT}
        asked = Asked(
            question,
            form,
            grant,
            point,
            {name: value for name, value in given.items() if value is not None},
            http.url.path,
            dict(http.query_params),
            http.headers.get("if-none-match"),
            state.access,
        )
        return await state.readers.ask(lambda home: answer(home, asked))

    http = Parameter("http", Parameter.POSITIONAL_OR_KEYWORD, annotation=Request)
    endpoint.__signature__ = Signature([http, *parameters])  # type: ignore[attr-defined]
    return endpoint


async def _reached(state: State, position: int | None) -> None:
    """Wait until the log has reached a position; raises a 503."""
    if position is None:
        return
    waited = 0.0
    while await state.readers.ask(lambda home: home.at().known_at) < position:
        if waited >= state.configuration.waiting_seconds:
            raise unavailable(f"position {position} is not reached: ask again later, or without min_position")
        await asyncio.sleep(_PAUSE_SECONDS)
        waited += _PAUSE_SECONDS


def _alias(question: Question, name: str) -> str:
    return question.renamed.get(name, name)


def _parameter(question: Question, name: str, found: Parameter) -> Parameter:
    alias = _alias(question, name)
    if f"{{{name}}}" in question.path:
        kind: Any = int if name == "number" else str
        return Parameter(name, Parameter.KEYWORD_ONLY, annotation=Annotated[kind, Path()])
    if name == "limit":
        return _query(name, int, PAGE, ge=0, le=LARGEST_PAGE)
    if isinstance(found.default, bool):
        return _query(name, bool, found.default, alias=alias)
    if name == "entity" and alias == name:
        return _query(name, list[str], found.default or [])
    kind = float if name == "mastery_points" else str
    if found.default is Parameter.empty:
        return _query(name, kind, Parameter.empty, alias=alias)
    return _query(name, kind | None, found.default, alias=alias)


def _query(name: str, kind: Any, default: Any, **constraints: Any) -> Parameter:
    described = Query(description=_MEANING.get(name), **constraints)
    return Parameter(name, Parameter.KEYWORD_ONLY, default=default, annotation=Annotated[kind, described])
