"""What came in by which way, with which answers: for Prometheus, and the last hour of it for people."""

import time
from collections import Counter, deque
from collections.abc import Iterable
from functools import partial
from http import HTTPStatus
from threading import Lock
from typing import NamedTuple, Self

import prometheus_client as prometheus
from starlette.requests import ClientDisconnect

from outcomes.domain.times import SECOND, Micros
from outcomes.service.inlets.consumers import ConsumerFigures
from outcomes.service.problems import problem_of, unavailable

_GONE = "gone"
_OF_QUEUES = {
    "asked_seconds": "When the queue last answered its consumer.",
    "last_seconds": "When messages last came from the queue.",
    "oldest_message_seconds": "Age of the oldest message that came then.",
    "left_messages": "Receives of unreadable messages, left to come again, since the consumer began.",
    "undeleted_messages": "Messages in the log that could not be deleted, since the consumer began.",
}
_HOUR, _MINUTE = 3600.0, 60.0
_TEXT_OF = {status: str(status.value) for status in HTTPStatus}


class InletFigures(NamedTuple):
    """One way in: when it last brought something, and of the last hour the answers by status and the events."""

    inlet: str
    last: Micros | None
    answers: dict[str, int]
    events: int


class Delivered:
    """One delivery that is being taken: by which way it came, and how many events it brought. Counted when it is left.

    A class, for a generator would cost more than all that is counted.
    """

    def __init__(self, inlets: "Inlets", done: HTTPStatus, inlet: str) -> None:
        self._inlets = inlets
        self._done = done
        self.inlet = inlet
        self.events = 0

    def __enter__(self) -> Self:
        self._inlets.begin(self)
        return self

    def __exit__(self, _kind: type[BaseException] | None, error: BaseException | None, _trace: object) -> None:
        if error is None:
            self._inlets.end(self, _TEXT_OF[self._done])
        else:
            self._inlets.end(self, _status_of(error) if isinstance(error, Exception) else None)

    def brought(self, events: int) -> None:
        """Note how many events it held."""
        self.events = events


class Inlets:
    """Counts deliveries by way and status. `api` is `POST /events`; `webhook` and `webhook-signed` are Canvas's."""

    def __init__(self, registry: prometheus.CollectorRegistry, most_at_once: int) -> None:
        self._most_at_once = most_at_once
        self._at_once = 0
        labels = ("inlet", "status")
        self._deliveries = prometheus.Counter(
            "outcomes_deliveries", "Deliveries answered, by way in and status.", labels, registry=registry
        )
        self._last = prometheus.Gauge(
            "outcomes_delivery_last_seconds", "When events last came by a way in.", ("inlet",), registry=registry
        )
        self._refused = prometheus.Counter(
            "outcomes_signatures_refused", "Signed bodies that were not trusted, by why.", ("why",), registry=registry
        )
        self._queues = {
            name: prometheus.Gauge(f"outcomes_queue_{name}", words, ("queue",), registry=registry)
            for name, words in _OF_QUEUES.items()
        }
        self._counted: dict[tuple[str, str], prometheus.Counter] = {}
        """By way in and status, for to look one up by its labels takes longer than to count."""
        self._hour = _LastHour()

    def counting(self, done: HTTPStatus, inlet: str = "api") -> Delivered:
        """Count what is taken in the block by the answer that it ends with: `done` unless something is raised.

        Raises a 503 at once where too many are under way.
        """
        return Delivered(self, done, inlet)

    def begin(self, delivery: Delivered) -> None:
        """Count one more under way; raises a 503 where that would be too many."""
        if self._at_once >= self._most_at_once:
            self._count(delivery, _TEXT_OF[HTTPStatus.SERVICE_UNAVAILABLE])
            raise unavailable("more is under way than can be taken: nothing of this was taken, send it again")
        self._at_once += 1

    def end(self, delivery: Delivered, status: str | None) -> None:
        """Count one less under way, and how it was answered."""
        self._at_once -= 1
        if status is not None:
            self._count(delivery, status)

    def refused(self, why: str) -> None:
        """Count a signature that was not trusted."""
        self._refused.labels(why).inc()

    def tell_queues(self, consumers: Iterable[ConsumerFigures]) -> None:
        """Take over what the consumers of queues have left."""
        for told in consumers:
            values = {
                "asked_seconds": told.asked / SECOND,
                "last_seconds": (told.last or 0) / SECOND,
                "oldest_message_seconds": told.oldest_message_seconds or 0,
                "left_messages": told.left,
                "undeleted_messages": told.undeleted,
            }
            for name, value in values.items():
                self._queues[name].labels(told.queue).set(value)

    def figures(self) -> list[InletFigures]:
        """Return the figures of each way in that was used."""
        return self._hour.figures()

    def _count(self, delivery: Delivered, status: str) -> None:
        found = self._counted.get((delivery.inlet, status))
        if found is None:
            found = self._counted[delivery.inlet, status] = self._deliveries.labels(delivery.inlet, status)
            # Told when it is asked for.
            self._last.labels(delivery.inlet).set_function(partial(self._hour.last_seconds, delivery.inlet))
        found.inc()
        self._hour.add(delivery.inlet, status, delivery.events)


class _LastHour:
    """Counts by the minute, so that what is older than an hour can be let go."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._minutes: deque[tuple[float, Counter[tuple[str, str]], Counter[str]]] = deque()
        self._last: dict[str, Micros] = {}

    def add(self, inlet: str, status: str, events: int) -> None:
        moment = time.monotonic()
        with self._lock:
            if not self._minutes or moment - self._minutes[-1][0] >= _MINUTE:
                self._minutes.append((moment, Counter(), Counter()))
                self._forget(moment)
            _, answers, brought = self._minutes[-1]
            answers[inlet, status] += 1
            brought[inlet] += events
            if status[0] == "2":
                self._last[inlet] = time.time_ns() // 1_000

    def last_seconds(self, inlet: str) -> float:
        """Return when a way in last brought something, in seconds; 0 if it never has."""
        return self._last.get(inlet, 0) / SECOND

    def figures(self) -> list[InletFigures]:
        with self._lock:
            self._forget(time.monotonic())
            answers, brought = Counter[tuple[str, str]](), Counter[str]()
            for _, of_minute, events in self._minutes:
                answers += of_minute
                brought += events
            names = sorted({inlet for inlet, _ in answers} | self._last.keys())
            return [
                InletFigures(
                    name,
                    self._last.get(name),
                    {status: count for (inlet, status), count in sorted(answers.items()) if inlet == name},
                    brought[name],
                )
                for name in names
            ]

    def _forget(self, moment: float) -> None:
        while self._minutes and moment - self._minutes[0][0] > _HOUR:
            self._minutes.popleft()


def _status_of(error: Exception) -> str:
    if isinstance(error, ClientDisconnect):
        return _GONE
    problem = problem_of(error)
    return str((HTTPStatus.INTERNAL_SERVER_ERROR if problem is None else problem.status).value)
