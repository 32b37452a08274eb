"""Rows as CSV: quoted where they must be, and never taken for formulas."""

import csv
import io
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

import orjson

_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def harmless(text: str) -> str:
    """Return text that a spreadsheet takes for text: people choose their own names, and an apostrophe keeps them so."""
    return "'" + text if text.startswith(_FORMULA) else text


def csv_lines(
    lines: Iterable[dict[str, Any]], columns: Sequence[str], cell: Callable[[str], str] = harmless
) -> Iterator[str]:
    """Yield a heading and a line for each row, each with its line end; `cell` makes text what it is in a cell.

    The heading is there without any row, too: a program that reads the columns by name need not know the difference.
    """
    buffer = io.StringIO()
    # Both line ends are named so that a cell with either is quoted; rows end in the short one.
    writer = csv.DictWriter(buffer, fieldnames=columns, extrasaction="ignore", lineterminator="\r\n")
    writer.writeheader()
    yield _row_of(buffer)
    for line in lines:
        writer.writerow({name: _value(value, cell) for name, value in line.items()})
        yield _row_of(buffer)


def _row_of(buffer: io.StringIO) -> str:
    row = buffer.getvalue().removesuffix("\r\n")
    buffer.seek(0)
    buffer.truncate()
    return row + "\n"


def _value(value: Any, cell: Callable[[str], str]) -> Any:
    if isinstance(value, dict | list):
        value = orjson.dumps(value).decode()
    return cell(value) if isinstance(value, str) else value
