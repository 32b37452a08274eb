"""What a home does not take in, though it is an event: dated far ahead, or sent by a host that is none of the tenant's.

Unlike what cannot be read, this may be right another day: a retry looks at it each time.
"""

from collections.abc import Callable
from functools import cache, partial

import orjson

from outcomes.domain.times import DAY, Micros, to_text
from outcomes.store.connection import Connection
from outcomes.store.encoding.arrival import Arrival, Arrivals
from outcomes.store.privacy import settings
from outcomes.store.sources.segment import Refused, Segment

FARTHEST_APART: Micros = DAY
"""How far clocks may be apart: an event ahead of ours, or ours behind the last batch."""
_AHEAD = "is more than a day in the future"
_STRANGE = "is none of the hosts that outcomes settings set hosts has named"


def may_be_right_another_day(reason: str) -> bool:
    """Say whether a reason is one of those given here."""
    return reason.endswith((_AHEAD, _STRANGE))


def refuse_the_future(arrivals: Arrivals, now: Micros) -> tuple[Arrivals, Refused]:
    """Part what is dated far ahead from the rest: one such event would make every later "as of" seek in vain."""
    limit = now + FARTHEST_APART
    if max(arrivals.event_times, default=0) <= limit:
        return arrivals, []
    return _part(
        arrivals,
        lambda arrival: f"event_time {to_text(arrival.event_time)} {_AHEAD}" if arrival.event_time > limit else None,
    )


HostsOf = Callable[[str], frozenset[str]]
"""Returns the hosts whose events a tenant takes; none if it takes those of any."""


def hosts_in(connection: Connection) -> HostsOf:
    """Return what looks the hosts of a tenant up, each once: for one transaction that writes."""
    return cache(partial(settings.hosts_of, connection, rule=settings.in_force))


def refuse_other_hosts(hosts_of: HostsOf, arrivals: Arrivals) -> tuple[Arrivals, Refused]:
    """Part what other hosts than the named ones have sent from the rest; an event that names no host is taken."""
    allowed = {tenant: hosts_of(tenant) for tenant in dict.fromkeys(arrivals.tenants)}
    if not any(allowed.values()):
        return arrivals, []

    def verdict(arrival: Arrival) -> str | None:
        names = allowed[arrival.tenant]
        host = _host_in(arrival.raw) if names else None
        return None if host is None or host.casefold() in names else f"its host {host!r} {_STRANGE}"

    return _part(arrivals, verdict)


def _part(arrivals: Arrivals, verdict: Callable[[Arrival], str | None]) -> tuple[Arrivals, Refused]:
    verdicts = [(arrival, verdict(arrival)) for arrival in arrivals.rows()]
    refused = [(Segment(arrival.raw, arrival.line), reason) for arrival, reason in verdicts if reason is not None]
    if not refused:
        return arrivals, []
    return Arrivals.of(arrival for arrival, reason in verdicts if reason is None), refused


def _host_in(raw: bytes) -> str | None:
    event = orjson.loads(raw)
    metadata = event.get("metadata") or event.get("attributes") or {}
    host = metadata.get("hostname")
    return host if isinstance(host, str) else None
