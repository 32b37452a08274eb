"""What the service counts, for Prometheus: by route templates, never by what was asked."""

import re
from threading import Lock
from typing import NamedTuple

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

from outcomes.api.answers.operations import Received
from outcomes.api.home import Home
from outcomes.domain.times import SECOND
from outcomes.projections.operations.lag import Lag

_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)
_ENDS, _LONGEST_REASON = re.compile(r"[:(\"'0-9]"), 60


class Metrics:
    """The counters of one service."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self._requests = Counter("outcomes_requests", "Requests answered.", ("route", "status"), registry=self.registry)
        self._times = Histogram(
            "outcomes_request_seconds", "How long answers took.", ("route",), buckets=_SECONDS, registry=self.registry
        )
        self._events = Counter("outcomes_events", "What became of events.", ("fate",), registry=self.registry)
        self._fates = {fate: self._events.labels(fate) for fate in ("appended", "duplicates", "quarantined")}
        self._of_routes: dict[tuple[str, int], tuple[Counter, Histogram]] = {}
        self._head = Gauge("outcomes_head_position", "Last position of the log.", registry=self.registry)
        self._behind = Gauge(
            "outcomes_views_behind_positions", "How far the views are behind the log.", registry=self.registry
        )
        self._lag = Gauge(
            "outcomes_lag_seconds",
            "How long after it happened the newest event of the last batch was recorded.",
            registry=self.registry,
        )
        self._late = Counter(
            "outcomes_late_events", "Events of batches recorded an hour or more after.", registry=self.registry
        )
        self._reasons = Counter("outcomes_quarantined", "Quarantine, by reason.", ("reason",), registry=self.registry)
        self._streams = Gauge("outcomes_streams", "Streams of server-sent events.", registry=self.registry)
        self._counted, self._seen_in_quarantine = 0, 0
        self._lock = Lock()
        self._waiting = Gauge("outcomes_waiting_bytes", "What has come and is not yet written.", registry=self.registry)

    def answered(self, route: str, status: int, seconds: float) -> None:
        """Count one answer."""
        found = self._of_routes.get((route, status))
        if found is None:
            # Kept, for to look a counter up by its labels takes longer than to count.
            found = self._requests.labels(route, str(status)), self._times.labels(route)
            self._of_routes[route, status] = found
        found[0].inc()
        found[1].observe(seconds)

    def received(self, report: Received) -> None:
        """Count what one sender has brought."""
        for fate, counter in self._fates.items():
            if number := getattr(report, fate):
                counter.inc(number)

    def exposition(self, standing: "Standing", waiting: int, streams: int) -> bytes:
        """Return all of it as Prometheus reads it."""
        self._head.set(standing.head)
        self._behind.set(standing.behind)
        self._waiting.set(waiting)
        self._streams.set(streams)
        if standing.lag.behind is not None:
            self._lag.set(standing.lag.behind / SECOND)
        with self._lock:
            # Two scrapes at once have counted the same: the second adds nothing.
            if standing.lag.position > self._counted:
                self._late.inc(standing.lag.late if standing.counted == self._counted else 0)
                self._counted = standing.lag.position
            for number, reason in standing.quarantined:
                if number > self._seen_in_quarantine:
                    self._reasons.labels(reason).inc()
                    self._seen_in_quarantine = number
        return generate_latest(self.registry)

    def standing(self, home: Home) -> "Standing":
        """Return how a home stands, and what is new in it since the last time."""
        head, counted = home.head, self._counted
        entries = home.quarantine.list(after=self._seen_in_quarantine)
        # What stands behind a colon or bracket is of one piece, and may be data; what stands before it is the reason.
        reasons = [(entry.number, _ENDS.split(entry.reason, 1)[0].strip()[:_LONGEST_REASON]) for entry in entries]
        return Standing(head, max(0, head - home.at().known_at), counted, home.lag(counted), reasons)


class Standing(NamedTuple):
    """How a home stands; `lag` and `quarantined` since the position and number that were `counted` before."""

    head: int
    behind: int
    counted: int
    lag: Lag
    quarantined: list[tuple[int, str]]
