"""Where a view stands: its path, both times, its filters; and the addresses of other views from there."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, time, timedelta
from urllib.parse import quote, urlencode

from outcomes.domain.positions import position_of
from outcomes.domain.times import micros, moment, parse_argument, to_text

CLOCKS = ("at", "known")
_OTHER = ("vs_at", "vs_on")
CHOSEN = frozenset({"on", "known_on", "vs_on"})
"""Days that were chosen in a calendar."""
NOW = "now"
"""The other time may be today, where that which is looked at is past."""
_ONCE = ("on", "step", "shown", "cite", "fp", "cited", "log", "edition", "known_on", "done")
"""Parameters of one request, which no link takes along."""


@dataclass(frozen=True)
class Where:
    """An address, in parts. `root` is where the service hangs; `tenant` stands in the path if it must be said.

    `vs` is the other time, with which views that compare do so: an instant, or `NOW`. All links take it along.
    """

    root: str
    tenant: str | None
    path: str
    at: str | None
    known: str | None
    filters: Mapping[str, str]
    vs: str | None = None

    @classmethod
    def of(cls, root: str, tenant: str | None, path: str, query: Mapping[str, str]) -> "Where":
        """Read an address; raises UsageError."""
        at = _at(query)
        known = query.get("known_on") or query.get("known") or None
        if known and position_of(known) is None:
            known = to_text(end_of_day(known))
        apart = (*CLOCKS, *_OTHER, *_ONCE)
        filters = {name: value for name, value in query.items() if name not in apart and value != ""}
        return cls(root, tenant, path, at, known, filters, _vs(query))

    @property
    def moment(self) -> datetime | None:
        """The instant that is looked at; None for today."""
        return None if self.at is None else moment(parse_argument(self.at))

    def here(self, **changes: str | None) -> str:
        """Return this view's address with some parameters changed; None takes one away."""
        return self._address(self.path, {**self.filters, **changes})

    def to(self, path: str, **parameters: str | None) -> str:
        """Return another view's address at the same times."""
        return self._address(path, parameters)

    def bare(self, path: str, **parameters: str | None) -> str:
        """Return an address of today."""
        return replace(self, at=None, known=None, vs=None).to(path, **parameters)

    def stepped(self, step: str, times: Sequence[str]) -> str:
        """Return this view's address at the time before or after in which something changed; after the last, today."""
        if step == "earlier":
            earlier = [time for time in times if self.at is None or time < self.at]
            return self.here(at=earlier[-1] if earlier else times[0] if times else self.at)
        return self.here(at=next((time for time in times if self.at is not None and time > self.at), None))

    def data(self, form: str) -> str:
        """Return the address of this view's data."""
        return self._address(f"{self.path}.{form}", dict(self.filters))

    def _address(self, path: str, parameters: Mapping[str, str | None]) -> str:
        told = {"at": self.at, "known": self.known, "vs_at": self.vs, **parameters}
        query = urlencode({name: value for name, value in told.items() if value is not None}, safe=":,")
        tenant = "" if self.tenant is None else f"/{quote(self.tenant)}"
        return f"{self.root}{tenant}{quote(path, safe='/:')}{'?' if query else ''}{query}"


def _at(query: Mapping[str, str]) -> str | None:
    """Return the instant that is meant: a day, chosen in a calendar, is meant to its end."""
    chosen = query.get("on")
    if chosen:
        return to_text(end_of_day(chosen))
    at = query.get("at") or None
    return None if at is None else to_text(parse_argument(at))


def _vs(query: Mapping[str, str]) -> str | None:
    """Return the other time: a day, chosen in a calendar, is meant to its end."""
    chosen = query.get("vs_on")
    if chosen:
        return to_text(end_of_day(chosen))
    at = query.get("vs_at") or None
    return at if at in {None, NOW} else to_text(parse_argument(at))


def end_of_day(text: str) -> int:
    """Return the last millisecond of a day; of an instant, itself. Raises UsageError."""
    instant = parse_argument(text)
    if "T" in text or " " in text.strip():
        return instant
    day = moment(instant).date()
    return micros(datetime.combine(day, time.max, UTC) - timedelta(microseconds=999))
