"""The application: routes, errors as problems, and what is opened at its start and closed at its end."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from http import HTTPStatus

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import Response

from outcomes.domain.errors import OutcomesError
from outcomes.service import events_in, health, job_routes, news, reads, sessions
from outcomes.service.asker import Askers
from outcomes.service.configuration import Configuration
from outcomes.service.description import Described
from outcomes.service.gate import Gate
from outcomes.service.inlets import report, webhook
from outcomes.service.inlets.figures import Inlets
from outcomes.service.jobs import Jobs
from outcomes.service.limits import Turns
from outcomes.service.metrics import Metrics
from outcomes.service.pages import failures
from outcomes.service.pages import routes as pages
from outcomes.service.problems import Problem, problem_of
from outcomes.service.readers import Readers
from outcomes.service.state import State
from outcomes.service.streams import Streams, Told
from outcomes.service.writer import Writer
from outcomes.store.access.access_file import AccessFile

BASE = "/api/v1"


def create_app(configuration: Configuration) -> FastAPI:
    """Return the application of one service; it opens its home when it starts."""
    metrics = Metrics()
    inlets = Inlets(metrics.registry, configuration.deliveries_at_once)
    signed = webhook.signed_bodies(configuration)

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        access = AccessFile(configuration.folder)
        readers = Readers(configuration)
        head, jobs = Told(), Jobs(configuration)
        writer = Writer(configuration, lambda position: head.tell({"head": position}), access.flush)
        askers = Askers(access, is_secure=configuration.is_secure)
        app.state.parts = State(
            configuration, access, askers, readers, writer, metrics, inlets, signed, Streams(), jobs, Turns(), head
        )
        yield
        jobs.close()
        writer.close()
        readers.close()
        access.close()

    app = Described(
        title="outcomes",
        description="What happened to learning outcomes in Canvas: every question at any time. Send a token as Bearer.",
        version="1",
        lifespan=lifespan,
        openapi_url=f"{BASE}/openapi.json",
        docs_url=None,
        redoc_url=None,
        swagger_ui_oauth2_redirect_url=None,
    )
    # Routes are tried in turn: what comes most often comes first.
    app.include_router(events_in.router(), prefix=BASE)
    app.include_router(webhook.router())
    app.include_router(reads.router(), prefix=BASE)
    app.include_router(news.router(), prefix=BASE)
    app.include_router(job_routes.router(), prefix=BASE)
    app.include_router(report.router(), prefix=BASE)
    app.include_router(sessions.router())
    app.include_router(health.router())
    app.include_router(pages.router())
    app.add_middleware(Gate, hosts=configuration.hosts, metrics=metrics)
    for expected in (Problem, OutcomesError, OSError, RecursionError):
        app.add_exception_handler(expected, _problem)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(HTTPException, _http)
    app.add_exception_handler(Exception, _defect)
    return app


async def _problem(request: Request, error: Exception) -> Response:
    found = problem_of(error)
    if found is None:
        raise error
    return failures.page_of(found, request) if _is_for_people(request) else found.response()


async def _invalid(_request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)  # noqa: S101 - narrows what Starlette calls us with
    words = "; ".join(f"{fault['loc'][-1]}: {fault['msg']}" for fault in error.errors())
    return Problem(HTTPStatus.BAD_REQUEST, f"{words}: see {BASE}/openapi.json").response()


async def _http(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)  # noqa: S101 - the same
    found = Problem(HTTPStatus(error.status_code), str(error.detail), error.headers)
    return failures.page_of(found, request) if _is_for_people(request) else found.response()


async def _defect(request: Request, _error: Exception) -> Response:
    found = Problem(HTTPStatus.INTERNAL_SERVER_ERROR, "a defect of ours: the log has its number")
    return failures.page_of(found, request) if _is_for_people(request) else found.response()


def _is_for_people(request: Request) -> bool:
    return "text/html" in request.headers.get("accept", "") and not request.url.path.startswith(BASE)
