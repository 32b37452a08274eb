"""Up to where events count, and whose."""

from typing import NamedTuple

from outcomes.domain.times import Micros


class Cut(NamedTuple):
    """A point as of `as_of`, known at position `known_at`; None is everything. `tenant` narrows to one.

    Events dated after `horizon` are refused, as an ingest of today would; the log's own are not.
    """

    tenant: str | None = None
    as_of: Micros | None = None
    known_at: int | None = None
    horizon: Micros | None = None
