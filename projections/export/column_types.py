"""Columns of plain tables, with their types, from the fields of bodies and rows."""

from collections.abc import Mapping
from typing import Any

from outcomes.projections.views.tables import plain_type

Columns = dict[str, type]
"""Names with str, int, float, bool or datetime. Every value may be absent; what is none of these is JSON text."""


def columns_of(annotations: Mapping[str, Any]) -> Columns:
    """Return the columns for annotated fields."""
    return {name: plain_type(annotation) or str for name, annotation in annotations.items()}
