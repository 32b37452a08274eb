"""Answers to stdout: one JSON document, NDJSON, CSV, or a table for people. Everything else goes to stderr."""

import csv
import io
import json
import sys
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import orjson
from rich.console import Console, RenderableType

from scripts.options import Format

_INDENTED = orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE


def console() -> Console:
    """Return the console for answers: coloured on a terminal, plain elsewhere, as wide as it needs to be in a pipe."""
    width = None if sys.stdout.isatty() else 160
    return Console(highlight=False, soft_wrap=False, width=width)


def say(message: str) -> None:
    """Write a message for people to stderr."""
    print(clean(message), file=sys.stderr)


def answer(
    value: Any,
    form: Format,
    table: Callable[[], RenderableType],
    rows: Callable[[], Iterable[dict[str, Any]]] | None = None,
) -> None:
    """Write one answer: `value` is the JSON document, `rows` its lines for NDJSON and CSV, `table` the drawing."""
    if form is Format.TABLE:
        console().print(table())
    elif form is Format.JSON:
        _write(dump(value))
    else:
        lines = rows() if rows is not None else value if isinstance(value, list) else [value]
        write_lines(lines, form)


def write_lines(lines: Iterable[dict[str, Any]], form: Format) -> None:
    """Write rows as they come, as NDJSON, CSV or one JSON array."""
    if form is Format.NDJSON:
        for line in lines:
            _write(orjson.dumps(line, option=orjson.OPT_APPEND_NEWLINE))
    elif form is Format.CSV:
        for text in _csv(lines):
            _write(text.encode())
    else:
        _write(dump(list(lines)))


def dump(value: Any) -> bytes:
    """Return an indented JSON document; trees deeper than orjson goes are left to the standard library."""
    try:
        return orjson.dumps(value, option=_INDENTED)
    except orjson.JSONEncodeError:
        return json.dumps(value, ensure_ascii=False).encode() + b"\n"


def clean(text: str) -> str:
    """Return text that a terminal shows and does not obey: control and formatting characters become visible."""
    return "".join(char if char.isprintable() or char == " " else "�" for char in text)


def _write(data: bytes) -> None:
    sys.stdout.buffer.write(data)
    sys.stdout.buffer.flush()


def _csv(lines: Iterable[dict[str, Any]]) -> Iterator[str]:
    buffer = io.StringIO()
    writer: csv.DictWriter[str] | None = None
    for line in lines:
        if writer is None:
            writer = csv.DictWriter(buffer, fieldnames=list(line), extrasaction="ignore", lineterminator="\n")
            writer.writeheader()
        writer.writerow({name: _cell(value) for name, value in line.items()})
        yield buffer.getvalue()
        buffer.seek(0)
        buffer.truncate()


def _cell(value: Any) -> Any:
    if isinstance(value, dict | list):
        value = orjson.dumps(value).decode()
    return clean(value) if isinstance(value, str) and sys.stdout.isatty() else value
