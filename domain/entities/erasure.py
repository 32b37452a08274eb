"""Erasures: that a person was erased, when and why.

The event is ours. It names the person by a hash that only its home can make.
"""

from typing import Any, ClassVar

from outcomes.domain.aggregate import Aggregate
from outcomes.domain.columns import Column, Columns
from outcomes.domain.event import Body, event_types
from outcomes.domain.identity import Kind, LocalId


class ErasureBody(Body):
    """What is kept of an erasure: who asked, why, how much became unreadable; the person as a keyed hash only."""

    id_field: ClassVar[str] = "erasure"
    columns: ClassVar[Columns] = {
        "reason": Column(),
        "erased_by": Column(),
        "figures": Column(),
    }

    erasure: LocalId
    reason: str
    erased_by: str | None = None
    all_traces: bool = False
    keys: tuple[str, ...] = ()
    figures: tuple[dict[str, Any], ...] = ()


class Erasure(Aggregate[ErasureBody]):
    """The erasure of a person after some repeats."""

    kind: ClassVar[Kind] = Kind.ERASURE


ERASURE_EVENT = "outcomes_student_erased"
ERASURE_EVENTS = event_types(ERASURE_EVENT, Kind.ERASURE, ErasureBody, "")
