"""The routes of jobs: `POST /jobs/NAME` begins one, `GET` tells how it stands and what came of it, `DELETE` ends it."""

import json
from collections.abc import Awaitable, Callable
from dataclasses import replace
from http import HTTPStatus

from fastapi import APIRouter, Request
from fastapi.sse import EventSourceResponse
from starlette.responses import Response, StreamingResponse

from outcomes.api.home import Home
from outcomes.api.point import Point
from outcomes.service.answering import Asked, admit, note
from outcomes.service.bodies import body_of
from outcomes.service.jobs import Job, JobState
from outcomes.service.parameters import Parameters
from outcomes.service.problems import Problem, answered, described
from outcomes.service.questions import QUESTIONS, Question, example_of, rights_needed
from outcomes.service.reads import asked_of
from outcomes.service.rendering import Form, dump
from outcomes.service.state import State, state_of
from outcomes.store.access.rights import Grant, Right

_OPERATE = frozenset({Right.OPERATE})
_WHOLE = frozenset({"limit", "after", "newest_first"})


def _without_pages(path: str) -> Question:
    """Return a question that is a route, too, as a job: the whole of its answer, however long."""
    question = next(question for question in QUESTIONS if question.path == path)
    return replace(question, hidden=question.hidden | (_WHOLE & question.parameters.keys()))


JOBS = (
    Question("/doctor", Point.doctor, _OPERATE | {Right.STUDENTS}),
    Question("/verify", Home.verify, _OPERATE, hidden=frozenset({"watch", "rearm", "against"}), example="all=true"),
    Question("/rebuild", Home.rebuild, _OPERATE, hidden=frozenset({"watch"})),
    _without_pages("/impact"),
    _without_pages("/mastery"),
)


_ID = "5f0c9a01bc55d0e2"
_BEGUN = {"id": _ID, "href": f"/api/v1/jobs/{_ID}"}
_JOB = {
    "id": _ID,
    "job": "verify",
    "state": "done",
    "tenant": None,
    "as_of": None,
    "known_at": None,
    "started": "2026-02-01T08:00:00.000Z",
    "ended": "2026-02-01T08:00:07.412Z",
    "progress": {"done": 1479, "of": 1479},
    "problem": None,
}


def router() -> APIRouter:
    """Return the routes of jobs."""
    found = APIRouter(tags=["jobs"])
    for question in JOBS:
        _add_beginning(found, question)
    _add_looks(found)
    return found


def _add_beginning(found: APIRouter, question: Question) -> None:
    """Add the route that begins a job."""
    parameters = Parameters(question)
    found.add_api_route(
        f"/jobs{question.path}",
        _beginning(question, parameters),
        methods=["POST"],
        operation_id=f"begin_{question.name}",
        summary=(question.method.__doc__ or "").split("\n")[0],
        status_code=HTTPStatus.ACCEPTED,
        response_class=Response,
        responses={**answered(_BEGUN, status=202), **described(400, 401, 403, 404, 413, 503)},
        openapi_extra={"parameters": parameters.described(example_of(question))},
    )


def _add_looks(found: APIRouter) -> None:
    """Add the routes that look at jobs which were begun, and end them."""
    problems = described(401, 404)
    jobs, job = answered({"items": [_JOB], "next": None}), answered({**_JOB, "result": {"problems": []}})
    stream = answered(f"event: job\ndata: {json.dumps(_JOB)}\n\n", EventSourceResponse.media_type)
    unavailable = described(503)
    for path, endpoint, method, summary, responses in (
        ("/jobs", everything, "GET", "All jobs that you may see, oldest first.", {**jobs, **described(401)}),
        ("/jobs/{id}", one, "GET", "How a job stands, and its answer.", {**job, **problems, **described(410)}),
        ("/jobs/{id}", end, "DELETE", "Cancel a job; what has ended is forgotten.", {204: {}, **problems}),
        ("/jobs/{id}/events", news, "GET", "How a job stands, as it goes on.", {**stream, **problems, **unavailable}),
    ):
        found.add_api_route(
            path,
            endpoint,
            methods=[method],
            operation_id=f"{endpoint.__name__}_of_jobs",
            summary=summary,
            status_code=HTTPStatus.NO_CONTENT if method == "DELETE" else HTTPStatus.OK,
            response_class=Response,
            responses=responses,
        )


def _beginning(question: Question, parameters: Parameters) -> Callable[..., Awaitable[Response]]:
    """Return the function of the route that begins a job."""

    async def endpoint(http: Request) -> Response:
        state = state_of(http)
        asked, _ = asked_of(question, Form.JSON, parameters, http)
        await body_of(http, 0)
        async with state.turns.one(asked.grant.id, http):
            point = await state.readers.ask(lambda home: _admitted(home, asked))
        job = state.jobs.start(asked, point)
        href = f"{http.scope['path'].rpartition('/')[0]}/{job.id}"
        headers = {"Location": href, "Cache-Control": "no-store"}
        return Response(dump({"id": job.id, "href": href}), HTTPStatus.ACCEPTED, headers, "application/json")

    return endpoint


def _admitted(home: Home, asked: Asked) -> dict[str, str | None]:
    """Return the point of a job that may begin; what is wrong with it is said now, and not by the job."""
    point = admit(home, asked).point
    if not asked.question.is_about_the_home:
        home.at(**point).tenant  # noqa: B018 - raises where none is named, or one that is not there
    return point


async def everything(http: Request) -> Response:
    """List the jobs of who asks, and those that they could have begun, without their answers."""
    state = state_of(http)
    grant = state.askers.who(http)
    found = [job.as_json() for job in state.jobs.all() if may_see(grant, job)]
    return Response(dump({"items": found, "next": None}), media_type="application/json")


async def one(http: Request, id: str) -> Response:  # noqa: A002 - named like the route's part
    """Tell how a job stands, with its answer once it is done."""
    state = state_of(http)
    grant, job = _found(state, http, id)
    if job.state is JobState.DONE:
        async with state.turns.one(grant.id, http):
            await state.readers.ask(lambda home: _note_job(home, grant, job))
    headers = {"Cache-Control": "private, no-store"}
    # Unpacked in a thread, a part at a time: it may be of a gigabyte.
    return StreamingResponse(job.document(), media_type="application/json", headers=headers)


def _note_job(home: Home, grant: Grant, job: Job) -> None:
    """Record that a job's answer is looked at, in a reader's thread; raises a 410 if somebody was erased since."""
    if home.edition != job.edition:
        raise Problem(HTTPStatus.GONE, "somebody was erased since this was answered: begin the job again")
    if Right.STUDENTS in rights_needed(job.asked.question, job.asked.given):
        note(replace(job.asked, grant=grant), job.point, job.rows)


async def end(http: Request, id: str) -> Response:  # noqa: A002 - the same
    """Cancel a job that runs; forget one that has ended."""
    state = state_of(http)
    _, job = _found(state, http, id)
    state.jobs.end(job)
    return Response(status_code=HTTPStatus.NO_CONTENT)


async def news(http: Request, id: str) -> Response:  # noqa: A002 - the same
    """Stream how a job stands, until it has ended."""
    state = state_of(http)
    grant, job = _found(state, http, id)
    return state.streams.response(
        job.told,
        "job",
        grant.id,
        is_allowed=lambda: state.askers.is_still(http, grant),
        is_last=lambda told: told["state"] != JobState.RUNNING,
    )


def _found(state: State, http: Request, job_id: str) -> tuple[Grant, Job]:
    """Return who asks, and the job; raises a 401 or 404."""
    grant = state.askers.who(http)
    job = state.jobs.find(job_id)
    if job is None or not may_see(grant, job):
        raise Problem(HTTPStatus.NOT_FOUND, "no such job: the last few are kept, until the service ends")
    return grant, job


def may_see(grant: Grant, job: Job) -> bool:
    """Say whether a job is one's own, or one that one may begin oneself, with the same answer."""
    if job.asked.grant.id == grant.id:
        return True
    has_all = not (grant.scope.tenants or grant.scope.contexts) and job.asked.grant.rights <= grant.rights
    return has_all and rights_needed(job.asked.question, job.asked.given) <= grant.rights
