"""An answer of the API as the body of a response: one JSON document, NDJSON, or CSV."""

import json
from collections.abc import Callable, Iterable, Iterator
from enum import StrEnum
from typing import Any, NamedTuple

import orjson

from outcomes.api.answers.base import Answer
from outcomes.api.answers.events import Log
from outcomes.api.answers.rows import Rows
from outcomes.api.csv_lines import csv_lines

Keep = Callable[[dict[str, Any]], dict[str, Any] | None]
"""What is told of a row, or of a document: all, a part of it, or nothing."""


class Form(StrEnum):
    """How an answer is written."""

    JSON = "json"
    NDJSON = "ndjson"
    CSV = "csv"


MEDIA_TYPES = {Form.JSON: "application/json", Form.NDJSON: "application/x-ndjson", Form.CSV: "text/csv; charset=utf-8"}


class Rendered(NamedTuple):
    """A body, how many rows are in it, and the key with which a list goes on."""

    body: bytes
    rows: int
    next: str | None = None


def render(answer: Answer, form: Form, keep: Keep) -> Rendered:
    """Write an answer. A list in JSON is `{"items": […], "next": KEY}`."""
    following = answer if isinstance(answer, Rows) else None
    if form is Form.JSON and not answer.is_list:
        return Rendered(dump(keep(answer.as_json())), 1)
    if form is Form.NDJSON and isinstance(answer, Log):
        lines = list(answer.placed_lines())
        return Rendered(b"".join(lines), len(lines), answer.next)
    rows = list(_kept(answer.as_lines(), keep))
    after = None if following is None else following.next
    match form:
        case Form.JSON:
            return Rendered(dump({"items": rows, "next": after}), len(rows), after)
        case Form.NDJSON:
            return Rendered(b"".join(dump(row) + b"\n" for row in rows), len(rows), after)
        case Form.CSV:
            return Rendered("".join(csv_lines(rows, answer.columns())).encode(), len(rows), after)


def _kept(rows: Iterable[dict[str, Any]], keep: Keep) -> Iterator[dict[str, Any]]:
    return (kept for row in rows if (kept := keep(row)) is not None)


def dump(value: Any) -> bytes:
    """Return a JSON document; trees deeper than orjson goes are left to the standard library."""
    try:
        return orjson.dumps(value)
    except orjson.JSONEncodeError:
        return json.dumps(value, ensure_ascii=False).encode()
