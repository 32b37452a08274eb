"""Calculation methods of accounts and courses: how a score is rolled up (DOMAIN.md 5.2 and 7)."""

from typing import ClassVar

from outcomes.domain.aggregate import Aggregate
from outcomes.domain.columns import Column, Columns
from outcomes.domain.entities.outcome import WholeNumber
from outcomes.domain.event import Body, event_types
from outcomes.domain.identity import Context, Kind, LocalId, context_of


class CalculationMethodBody(Body):
    """Fields of outcome_calculation_method_*: one row per context."""

    id_field: ClassVar[str] = "outcome_calculation_method_id"
    columns: ClassVar[Columns] = {
        "calculation_method": Column(),
        "calculation_int": Column(),
    }

    outcome_calculation_method_id: LocalId
    context_type: str | None = None
    context_id: LocalId | None = None
    calculation_method: str | None = None
    calculation_int: WholeNumber | None = None

    @property
    def context(self) -> Context:
        """Where the method was set."""
        return context_of(self.context_type, self.context_id)


class CalculationMethodSetting(Aggregate[CalculationMethodBody]):
    """An account's or course's calculation method after some of its events."""

    kind: ClassVar[Kind] = Kind.CALCULATION_METHOD


CALCULATION_METHOD_EVENTS = event_types("outcome_calculation_method", Kind.CALCULATION_METHOD, CalculationMethodBody)
