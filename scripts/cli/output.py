"""Answers to stdout: one JSON document, NDJSON, CSV, or a table for people. Everything else goes to stderr."""

import json
import os
import re
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import orjson
import typer

from outcomes.api.answers.base import names_of
from outcomes.api.clean_text import clean
from outcomes.api.csv_lines import csv_lines, harmless
from outcomes.cli.options import Format
from outcomes.cli.spreadsheets import BYTE_ORDER_MARK, is_for_spreadsheets, kept_as_text

if TYPE_CHECKING:
    from rich.console import Console

    from outcomes import Answer
    from outcomes.api.answers.base import Record
    from outcomes.api.answers.rows import Rows

_LONGEST_MESSAGE = 1_000
_DAMAGE_SHOWN = 20
_UNPRINTABLE = re.compile(r"[^\n -~]+")
_INDENTED = orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE


def console() -> "Console":
    """Return the console for answers: coloured on a terminal; in a pipe plain, and as wide as it needs to be.

    `COLUMNS` is the width in both; but in a pipe, beside `LINES`, it only tells the size of some terminal elsewhere, as
    programs with readline hand it on.
    """
    from rich.console import Console  # noqa: PLC0415 - slow to load, and needed for tables only

    from outcomes.api.terminal import UNBOUNDED  # noqa: PLC0415 - the same

    asked = os.environ.get("COLUMNS", "")
    if sys.stdout.isatty():
        width = None  # rich asks the environment, then the terminal
    elif asked.isdecimal() and int(asked) and "LINES" not in os.environ:
        width = int(asked)
    else:
        width = UNBOUNDED
    return Console(highlight=False, soft_wrap=False, width=width)


def say(message: str) -> None:
    """Write a message for people to stderr: one line, with what was typed in it, but not megabytes of that."""
    half = _LONGEST_MESSAGE // 2
    text = message if len(message) <= _LONGEST_MESSAGE else f"{message[:half]} … {message[-half:]}"
    print(clean(text), file=sys.stderr)


def report_damage(damage: Sequence[str]) -> None:
    """Having shown the rest, say what of the log could not be shown, and end with exit 1; nothing if there is none."""
    for words in damage[:_DAMAGE_SHOWN]:
        say(words)
    if damage:
        more = len(damage) - _DAMAGE_SHOWN
        say(f"{f'and {more} more; ' if more > 0 else ''}the log is damaged: run outcomes verify")
        raise typer.Exit(1)


def answer(found: "Answer", form: Format) -> None:
    """Write one answer: drawn for people, as a JSON document, or line by line."""
    if form is Format.TABLE:
        from outcomes.api.terminal import show  # noqa: PLC0415 - slow to load, and needed for tables only

        show(found, console())
    elif form is Format.JSON and not found.is_list:
        _write_parts(*found.as_parts())
    else:
        write_lines(found.as_lines(), form, found.columns)


def answer_nothing(record: "type[Record]", form: Format) -> None:
    """Write that there is no answer: null in JSON, the heading alone in CSV, otherwise nothing."""
    if form is Format.JSON:
        write_json(dump(None))
    elif form is Format.CSV:
        write_lines((), form, lambda: names_of(record))


def write_document(value: dict[str, Any], form: Format) -> None:
    """Write a value that is no answer of the API: a JSON document, or the one line of it."""
    if form is Format.JSON:
        write_json(dump(value))
    else:
        write_lines([value], form, lambda: tuple(value))


def answer_part(found: "Rows[Any]", form: Format) -> None:
    """Write a part of a long answer, and to stderr the key with which it goes on."""
    answer(found, form)
    say_next(found)


def say_next(found: "Rows[Any]") -> None:
    """Say how to ask for what comes next, if there is more."""
    if found.next is not None:
        say(f"next: --after {found.next}")


def write_lines(lines: Iterable[dict[str, Any]], form: Format, columns: Callable[[], Sequence[str]]) -> None:
    """Write rows as they come, as NDJSON, CSV with `columns`, or one JSON array."""
    if form is Format.NDJSON:
        write = write_json if sys.stdout.isatty() else sys.stdout.buffer.write
        for line in lines:
            write(orjson.dumps(line, option=orjson.OPT_APPEND_NEWLINE))
    elif form is Format.CSV:
        for text in _csv(lines, columns()):
            _write(text.encode())
    else:
        _write_list(lines, b"")
        write_json(b"\n")


def _write_parts(head: dict[str, Any], lists: Mapping[str, Iterable[dict[str, Any]]]) -> None:
    """Write one JSON document, with the rows of its last members as they come."""
    if not lists:
        write_json(dump(head))
        return
    write_json(dump(head).removesuffix(b"\n}\n"))
    for name, rows in lists.items():
        write_json(b',\n  "' + name.encode() + b'": ')
        _write_list(rows, b"  ")
    write_json(b"\n}\n")


def _write_list(lines: Iterable[dict[str, Any]], indent: bytes) -> None:
    """Write a JSON array, row by row, whose end stands `indent` in."""
    write_json(b"[")
    has_rows, begin = False, b"\n  " + indent
    for line in lines:
        write_json((b"," if has_rows else b"") + begin + dump(line).rstrip(b"\n").replace(b"\n", begin))
        has_rows = True
    write_json(b"\n" + indent + b"]" if has_rows else b"]")


def write_text(lines: Iterable[str]) -> None:
    """Write lines of text as they come."""
    for line in lines:
        _write((clean(line.rstrip("\n")) + "\n" if sys.stdout.isatty() else line).encode())


def dump(value: Any) -> bytes:
    """Return an indented JSON document; trees deeper than orjson goes are left to the standard library."""
    try:
        return orjson.dumps(value, option=_INDENTED)
    except orjson.JSONEncodeError:
        return json.dumps(value, ensure_ascii=False).encode() + b"\n"


def write_json(data: bytes) -> None:
    """Write JSON: to a terminal with everything escaped that it might obey, elsewhere byte for byte."""
    _write(_UNPRINTABLE.sub(_escape, data.decode()).encode() if sys.stdout.isatty() else data)


def _escape(found: re.Match[str]) -> str:
    # Whatever is not printable stands inside a string of JSON, where an escape means the same.
    return "".join(char if char.isprintable() else json.dumps(char)[1:-1] for char in found[0])


def _write(data: bytes) -> None:
    # Not flushed: of a million lines each would be a system call. The end of a command does it.
    sys.stdout.buffer.write(data)


def _csv(lines: Iterable[dict[str, Any]], columns: Sequence[str]) -> Iterator[str]:
    mark = BYTE_ORDER_MARK if is_for_spreadsheets() else ""
    for number, line in enumerate(csv_lines(lines, columns, _cell)):
        yield line if number else mark + line


def _cell(text: str) -> str:
    if is_for_spreadsheets():
        return kept_as_text(text)
    return clean(harmless(text)) if sys.stdout.isatty() else harmless(text)
