"""Long work on the feed: look for what is missing, prove the log, make its views anew; begun and watched here."""

from datetime import datetime
from http import HTTPStatus
from typing import Any, NamedTuple

import orjson
from fastapi import APIRouter, Request
from starlette.responses import RedirectResponse, Response

from outcomes.domain.times import moment
from outcomes.service.answering import Asked, admit
from outcomes.service.asker import require_our_page
from outcomes.service.job_routes import JOBS, may_see
from outcomes.service.jobs import Job, JobState
from outcomes.service.pages import failures
from outcomes.service.pages.viewer import Viewer
from outcomes.service.problems import Problem
from outcomes.service.questions import rights_needed
from outcomes.service.rendering import Form
from outcomes.service.state import State, state_of
from outcomes.store.access.rights import Right

_OFFERED = {
    "doctor": (
        "Look for what is missing or at odds",
        "gaps, silence, places of outcomes of which nothing was told; and what to do",
    ),
    "verify": ("Prove that the log is whole", "that no event was changed, and that the answers follow from them"),
    "rebuild": ("Make the answers anew", "from all events, beside the old ones, which serve until it is done"),
}
_QUESTIONS = {question.name: question for question in JOBS if question.name in _OFFERED}
_NOW: dict[str, str | None] = {"tenant": None, "as_of": None, "known_at": None}
_LARGEST = 1 << 20


class Offer(NamedTuple):
    """A job that can be begun; `needs` says what that lacks, and is empty if it lacks nothing."""

    words: str
    help: str
    address: str
    needs: str

    @property
    def may(self) -> bool:
        """Whether it can be begun now."""
        return not self.needs


class Run(NamedTuple):
    """A job as it stands. `result` is its answer, None while there is none, or where it is too long to be shown."""

    id: str
    name: str
    words: str
    state: str
    started: datetime
    done: int
    of: int | None
    problem: str
    result: Any
    is_of_before: bool
    end: str
    news: str


def router() -> APIRouter:
    """Return the routes that begin and end jobs; they are outside the screens, which are answered in reader threads."""
    found = APIRouter(include_in_schema=False)
    for before in ("", "/{tenant}"):
        found.add_api_route(f"{before}/feed/jobs/{{name}}", _begin, methods=["POST"])
        found.add_api_route(f"{before}/feed/jobs/{{name}}/end", _end, methods=["POST"])
    return found


async def _begin(request: Request, name: str, tenant: str | None = None) -> Response:
    state = state_of(request)
    try:
        asked = _asked(request, state, name, tenant)
        async with state.turns.one(asked.grant.id, request):
            point = await state.readers.ask(lambda home: admit(home, asked).point)
        state.jobs.start(asked, point)
    except Exception as error:  # noqa: BLE001 - what is no expected failure is raised again
        return _failed(error, request)
    return _to_feed(request, tenant)


async def _end(request: Request, name: str, tenant: str | None = None) -> Response:
    state = state_of(request)
    try:
        grant = state.askers.who(request)
        require_our_page(request)
        job = state.jobs.find(name)
        if job is not None and may_see(grant, job):
            state.jobs.end(job)
    except Exception as error:  # noqa: BLE001 - what is no expected failure is raised again
        return _failed(error, request)
    return _to_feed(request, tenant)


def _asked(request: Request, state: State, name: str, tenant: str | None) -> Asked:
    grant = state.askers.who(request)
    require_our_page(request)
    if name not in _QUESTIONS:
        raise Problem(HTTPStatus.NOT_FOUND, "there is no such job here")
    point = {**_NOW, "tenant": tenant}
    return Asked(_QUESTIONS[name], Form.JSON, grant, point, {}, request.url.path, (), None, state.access)


def _failed(error: Exception, request: Request) -> Response:
    found = failures.response(error, request)
    if found is None:
        raise error
    return found


def _to_feed(request: Request, tenant: str | None) -> Response:
    before = "" if tenant is None else f"/{tenant}"
    return RedirectResponse(f"{request.scope.get('root_path', '')}{before}/feed#work", HTTPStatus.SEE_OTHER)


def parts(viewer: Viewer) -> dict[str, Any]:
    """Return what the feed shows of jobs: those that can be begun, the one that runs, and the last of each kind."""
    assert viewer.jobs is not None  # noqa: S101 - screens always have them
    newest: dict[str, Job] = {}
    for job in viewer.jobs.all():
        if job.asked.question.name in _OFFERED and may_see(viewer.grant, job):
            newest[job.asked.question.name] = job
    offers = [
        Offer(words, help_, viewer.where.bare(f"/feed/jobs/{name}"), _needs(viewer, name))
        for name, (words, help_) in _OFFERED.items()
    ]
    runs = [_run(viewer, job) for job in sorted(newest.values(), key=lambda job: -job.started)]
    return {"offers": offers, "runs": runs, "is_running": any(run.state == JobState.RUNNING for run in runs)}


def _needs(viewer: Viewer, name: str) -> str:
    if not _QUESTIONS[name].rights <= viewer.grant.rights:
        return "needs the right “students”, too"
    return "" if viewer.has_tenant or _QUESTIONS[name].is_about_the_home else "of one school: choose it first"


def _run(viewer: Viewer, job: Job) -> Run:
    done, of = job.progress
    name = job.asked.question.name
    is_of_before = job.state is JobState.DONE and job.edition != viewer.home.edition
    result = None
    if job.state is JobState.DONE and not is_of_before and len(job.packed) < _LARGEST:
        result = orjson.loads(b"".join(job.document()))["result"]
        if Right.STUDENTS in rights_needed(job.asked.question, job.asked.given):
            viewer.rows += job.rows
    return Run(
        id=job.id,
        name=name,
        words=_OFFERED[name][0],
        state=str(job.state),
        started=moment(job.started),
        done=done,
        of=of,
        problem="" if job.problem is None else str(job.problem.get("detail", "")),
        result=result,
        is_of_before=is_of_before,
        end=viewer.where.bare(f"/feed/jobs/{job.id}/end"),
        news=f"{viewer.where.root}/api/v1/jobs/{job.id}/events",
    )
