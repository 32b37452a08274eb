"""CSV as spreadsheets read it: `--excel`, an option of every command that writes CSV."""

import re
from collections.abc import Callable
from contextvars import ContextVar
from functools import wraps
from inspect import Parameter, signature
from typing import Annotated, Any

import typer

from outcomes.cli.options import Format
from outcomes.domain.errors import UsageError

BYTE_ORDER_MARK = "\ufeff"
"""By which a spreadsheet knows UTF-8."""

_ExcelOption = Annotated[
    bool,
    typer.Option(
        "--excel", help="With --format csv: for spreadsheets, with a byte order mark, and 11-12 or 1E5 kept as text."
    ),
]
_is_asked = ContextVar("excel", default=False)
_MONTHS = "jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec"
# What looks like a number, a date, a time, a truth or a formula; but times as we write them are times.
_TAKEN_FOR_MORE = re.compile(
    rf"(?!\d{{4}}-\d\d-\d\dT)\s*(?:[=@\t\r+-].*|[.$€£(]*\d.*|(?:{_MONTHS})[a-z]*[\s.,-]*\d.*|true|false)",
    re.IGNORECASE | re.DOTALL,
)
# A literal inside a formula is at most so long; what is longer is taken for nothing but text.
_LONGEST_LITERAL = 255


def writes_csv(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command the option `--excel`."""

    @wraps(command)
    def with_excel(*arguments: Any, excel: bool = False, **options: Any) -> Any:
        if excel and options.get("form") is not Format.CSV:
            raise UsageError("--excel is for spreadsheets: give --format csv, too")
        token = _is_asked.set(excel)
        try:
            return command(*arguments, **options)
        finally:
            _is_asked.reset(token)

    told = signature(command)
    option = Parameter("excel", Parameter.KEYWORD_ONLY, default=False, annotation=_ExcelOption)
    with_excel.__signature__ = told.replace(parameters=[*told.parameters.values(), option])  # type: ignore[attr-defined]
    with_excel.__annotations__ = {**command.__annotations__, "excel": _ExcelOption}
    return with_excel


def is_for_spreadsheets() -> bool:
    """Say whether the CSV that is being written was asked for with `--excel`."""
    return _is_asked.get()


def kept_as_text(text: str) -> str:
    """Return a cell in which text stays text, whatever it looks like: as a formula of its own."""
    if len(text) > _LONGEST_LITERAL or not _TAKEN_FOR_MORE.fullmatch(text):
        return text
    literal = text.replace('"', '""')
    return f'="{literal}"'
