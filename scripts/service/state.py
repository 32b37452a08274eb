"""What all routes of one running service share."""

from dataclasses import dataclass

from starlette.applications import Starlette
from starlette.requests import Request

from outcomes.service.asker import Askers
from outcomes.service.configuration import Configuration
from outcomes.service.inlets.figures import Inlets
from outcomes.service.jobs import Jobs
from outcomes.service.limits import Budget, Turns
from outcomes.service.metrics import Metrics
from outcomes.service.readers import Readers
from outcomes.service.streams import Streams, Told
from outcomes.service.writer import Writer
from outcomes.store.access.access_file import AccessFile
from outcomes.store.sources.signed_body import SignedBodies


@dataclass(frozen=True, kw_only=True)
class State:
    """The parts of one service, between its start and its end."""

    configuration: Configuration
    access: AccessFile
    askers: Askers
    readers: Readers
    writer: Writer
    metrics: Metrics
    inlets: Inlets
    signed: SignedBodies | None
    """What checks the signatures of deliveries, if there are keys."""
    streams: Streams
    jobs: Jobs
    turns: Turns
    bodies: Budget
    head: Told
    """Up to where the views stand, whenever that changes."""


def state_of(request: Request) -> State:
    """Return the parts of the service that was asked."""
    return running(request.app)


def running(app: Starlette) -> State:
    """Return the parts of a service that has started."""
    state: State = app.state.parts
    return state
