"""Columns of plain tables, with their types, from the fields of bodies and rows."""

from collections.abc import Mapping
from datetime import datetime
from types import NoneType, UnionType
from typing import Annotated, Any, Union, get_args, get_origin

_PLAIN = (str, int, float, bool, datetime)

Columns = dict[str, type]
"""Names with str, int, float, bool or datetime. Every value may be absent; what is none of these is JSON text."""


def columns_of(annotations: Mapping[str, Any]) -> Columns:
    """Return the columns for annotated fields."""
    return {name: _plain_type(annotation) for name, annotation in annotations.items()}


def _plain_type(annotation: Any) -> type:
    if get_origin(annotation) in {Union, UnionType}:
        annotation = next(option for option in get_args(annotation) if option is not NoneType)
    if get_origin(annotation) is Annotated:
        annotation = get_args(annotation)[0]
    return annotation if annotation in _PLAIN else str
