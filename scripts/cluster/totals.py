"""What an engine found, besides the tables that it wrote."""

from collections import Counter
from typing import NamedTuple

from outcomes.projections.as_of.fingerprint import Fingerprint


class ReplayTotals(NamedTuple):
    """Each tenant's fingerprint, the rows of each tenant's tables, how many events were read, and what was none."""

    fingerprints: dict[str, Fingerprint]
    rows: Counter[tuple[str, str]]
    events: int
    refused: int
