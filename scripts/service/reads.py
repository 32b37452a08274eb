"""The routes of all questions, each in three forms."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from fastapi import APIRouter, Request
from starlette.responses import Response

from outcomes.service.answering import Asked, answer
from outcomes.service.examples import examples
from outcomes.service.parameters import MIN_POSITION, Parameter, Parameters
from outcomes.service.problems import described, unavailable
from outcomes.service.questions import POINT, QUESTIONS, Question, example_of
from outcomes.service.rendering import MEDIA_TYPES, Form
from outcomes.service.state import State, state_of

_PAUSE_SECONDS = 0.02
_PROBLEMS = described(400, 401, 403, 404, 503)
_MIN_POSITION = Parameter(MIN_POSITION, MIN_POSITION, "integer", range=(0, 1 << 62))
_PLAIN = str.maketrans({"/": "_", "{": None, "}": None})


def router() -> APIRouter:
    """Return the routes of all questions."""
    found = APIRouter(tags=["questions"])
    for question in QUESTIONS:
        for form in Form:
            _add(found, question, form)
    return found


def _add(router: APIRouter, question: Question, form: Form) -> None:
    parameters = Parameters(question, more=[_MIN_POSITION])
    ending = "" if form is Form.JSON else f".{form}"
    router.add_api_route(
        question.path + ending,
        _endpoint(question, form, parameters),
        methods=["GET"],
        name=f"{question.name} as {form}",
        operation_id=f"{question.path.strip('/').translate(_PLAIN)}_{form}",
        summary=(question.method.__doc__ or "").split("\n")[0],
        response_class=Response,
        responses={200: _described(question, form), **_PROBLEMS},
        openapi_extra={"parameters": parameters.described(example_of(question))},
    )


def _described(question: Question, form: Form) -> dict[str, Any]:
    example = examples().get(question.path, {}).get(form)
    return {"content": {MEDIA_TYPES[form].split(";")[0]: {} if example is None else {"example": example}}}


def _endpoint(question: Question, form: Form, parameters: Parameters) -> Callable[..., Awaitable[Response]]:
    async def endpoint(http: Request) -> Response:
        state = state_of(http)
        asked, position = asked_of(question, form, parameters, http)
        async with state.turns.one(asked.grant.id, http):
            if position is not None:
                await _reached(state, position)
            if question.is_small:
                return await state.readers.ask_small(
                    lambda home: answer(home, asked, may_wait=False), lambda home: answer(home, asked)
                )
            return await state.readers.ask(lambda home: answer(home, asked))

    return endpoint


def asked_of(question: Question, form: Form, parameters: Parameters, http: Request) -> tuple[Asked, int | None]:
    """Return what is asked by whom, and the position that the log should have reached; raises a 401 or 400."""
    state = state_of(http)
    grant = state.askers.who(http)
    given = parameters.read(http)
    position = given.pop(MIN_POSITION, None)
    point: Mapping[str, str | None] = {name: given.pop(name, None) for name in POINT}
    query = http.query_params.multi_items()
    etag = http.headers.get("if-none-match")
    return Asked(question, form, grant, point, given, http.scope["path"], query, etag, state.access), position


async def _reached(state: State, position: int) -> None:
    """Wait until the views have reached a position; raises a 503."""
    waited = 0.0
    while await state.readers.ask(lambda home: home.at().known_at) < position:
        if waited >= state.configuration.waiting_seconds:
            raise unavailable(f"position {position} is not reached: ask again later, or without min_position")
        await asyncio.sleep(_PAUSE_SECONDS)
        waited += _PAUSE_SECONDS
