"""What the service counts, for Prometheus: by route templates, never by what was asked."""

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

from outcomes.api.answers.operations import Received

_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)


class Metrics:
    """The counters of one service."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self._requests = Counter("outcomes_requests", "Requests answered.", ("route", "status"), registry=self.registry)
        self._times = Histogram(
            "outcomes_request_seconds", "How long answers took.", ("route",), buckets=_SECONDS, registry=self.registry
        )
        self._events = Counter("outcomes_events", "What became of events.", ("fate",), registry=self.registry)
        self._head = Gauge("outcomes_head_position", "Last position of the log.", registry=self.registry)
        self._waiting = Gauge("outcomes_waiting_bytes", "What has come and is not yet written.", registry=self.registry)

    def answered(self, route: str, status: int, seconds: float) -> None:
        """Count one answer."""
        self._requests.labels(route, str(status)).inc()
        self._times.labels(route).observe(seconds)

    def received(self, report: Received) -> None:
        """Count what one sender has brought."""
        for fate in ("appended", "duplicates", "quarantined"):
            self._events.labels(fate).inc(getattr(report, fate))

    def exposition(self, head: int, waiting: int) -> bytes:
        """Return all of it as Prometheus reads it."""
        self._head.set(head)
        self._waiting.set(waiting)
        return generate_latest(self.registry)
