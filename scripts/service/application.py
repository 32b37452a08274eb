"""The application: routes, errors as problems, and what is opened at its start and closed at its end."""

import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI, Request
from fastapi.routing import iter_route_contexts
from starlette.responses import Response

from outcomes.service import events_in, health, job_routes, news, reads, sessions
from outcomes.service.asker import Askers
from outcomes.service.configuration import Configuration
from outcomes.service.description import Described
from outcomes.service.gate import Gate
from outcomes.service.inlets import report, webhook
from outcomes.service.inlets.figures import Inlets
from outcomes.service.jobs import Jobs
from outcomes.service.limits import Budget, Turns
from outcomes.service.metrics import Metrics
from outcomes.service.pages import failures
from outcomes.service.pages import routes as pages
from outcomes.service.periodic import Periodic
from outcomes.service.problems import Problem
from outcomes.service.readers import Readers
from outcomes.service.routing import Routes, path_of
from outcomes.service.state import State
from outcomes.service.streams import Streams, Told
from outcomes.service.writer import Writer
from outcomes.store.access.access_file import AccessFile

BASE = "/api/v1"
_FLUSH_SECONDS = 0.8
_CLOSE_SECONDS = 2.5
"""In which all that runs in threads is to end, once the last request was answered."""


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
        writer = Writer(configuration, lambda position: head.tell({"head": position}))
        flusher = Periodic("flusher", _FLUSH_SECONDS, access.flush)
        app.state.parts = State(
            configuration=configuration,
            access=access,
            askers=Askers(access, is_secure=configuration.is_secure),
            readers=readers,
            writer=writer,
            metrics=metrics,
            inlets=inlets,
            signed=signed,
            streams=Streams(),
            jobs=jobs,
            turns=Turns(),
            bodies=Budget(configuration.queue_bytes),
            head=head,
        )
        yield
        end = time.monotonic() + _CLOSE_SECONDS
        for close in (writer.close, jobs.close, readers.close, flusher.close):
            close(max(0.0, end - time.monotonic()))
        access.close()

    app = Described(
        title="outcomes",
        description=(
            "What happened to learning outcomes in Canvas: every question at any time. Send a token as Bearer. "
            "HEAD answers what GET does, without its body; a slash at the end of a path changes nothing."
        ),
        version="1",
        lifespan=lifespan,
        openapi_url=f"{BASE}/openapi.json",
        docs_url=None,
        redoc_url=None,
        swagger_ui_oauth2_redirect_url=None,
    )
    for router in (events_in, reads, news, job_routes, report):
        app.include_router(router.router(), prefix=BASE)
    for router in (webhook, sessions, health, pages):
        app.include_router(router.router())
    app.include_router(webhook.router(), prefix=BASE, include_in_schema=False)
    app.gate = Gate(Routes(iter_route_contexts(app.routes)), configuration.hosts, metrics, _told)
    return app


def _told(problem: Problem, request: Request) -> Response:
    """Return a problem as a page for people, else as a document."""
    is_for_people = "text/html" in request.headers.get("accept", "") and not path_of(request.scope).startswith(BASE)
    return failures.page_of(problem, request) if is_for_people else problem.response()
