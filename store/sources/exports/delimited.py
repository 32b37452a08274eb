r"""CSV and TSV as Canvas writes them, record by record, with nulls told apart from empty text.

In CSV a null is nothing at all, or NULL without quotes; empty text is "". Python's csv module does not tell whether a
field was quoted, so this is a reader of our own. In TSV a null is \N.
"""

import re
from collections.abc import Iterable, Iterator
from pathlib import Path

from outcomes.domain.errors import UnreadableInput
from outcomes.store.sources.content import any_text_in
from outcomes.store.sources.files import InputChunks, open_source

Record = list[str | None]

_FIELD = re.compile(r'(?:"((?:[^"]|"")*)"|([^",]*))(,|\Z)')
_ESCAPES = {"\\t": "\t", "\\n": "\n", "\\r": "\r", "\\\\": "\\"}
_ESCAPE = re.compile(r"\\[tnr\\]")
_LONGEST_RECORD = 64 << 20
_BLOCK = 1 << 20


def line_blocks(chunks: Iterable[bytes]) -> Iterator[tuple[int, list[bytes]]]:
    """Yield lines of text without their ends, about a megabyte at a time, with the number of the first."""
    waiting: list[bytes] = []
    size, first = 0, 1
    for chunk in chunks:
        waiting.append(chunk)
        size += len(chunk)
        if size >= _BLOCK:
            *lines, rest = b"".join(waiting).split(b"\n")
            yield first, lines
            first += len(lines)
            waiting, size = [rest], 0
    *lines, rest = b"".join(waiting).split(b"\n")
    yield first, [*lines, rest] if rest else lines


def raw_lines_of(chunks: Iterable[bytes]) -> Iterator[tuple[int, bytes]]:
    """Yield the lines of text with their numbers, without their ends."""
    for first, lines in line_blocks(chunks):
        yield from enumerate(lines, first)


def lines_of(chunks: Iterable[bytes], name: str) -> Iterator[tuple[int, str]]:
    """Yield the same as UTF-8 text, with what stands before the line feed; raises UnreadableInput."""
    return ((number, _decoded(line, name, number)) for number, line in raw_lines_of(chunks))


def _decoded(line: bytes, name: str, number: int) -> str:
    try:
        return line.decode()
    except UnicodeDecodeError as error:
        raise UnreadableInput(f"{name} line {number} is not UTF-8: {error.reason}: fetch the file again") from error


def csv_texts(lines: Iterable[tuple[int, str]], name: str) -> Iterator[tuple[int, str]]:
    """Yield the text of each record of CSV with the number of its first line; raises UnreadableInput."""
    first, size, is_inside, waiting = 0, 0, False, list[str]()
    for number, line in lines:
        if not waiting and '"' not in line:
            yield number, line.removesuffix("\r")
            continue
        first = first if waiting else number
        waiting.append(line)
        size += len(line)
        is_inside ^= line.count('"') % 2 == 1
        if is_inside and size > _LONGEST_RECORD:
            break
        if is_inside:
            continue  # a quoted field goes on in the next line
        yield first, "\n".join(waiting).removesuffix("\r")
        size, waiting = 0, []
    if waiting:
        raise UnreadableInput(
            f"{name} ends inside the quotes of the record that begins on line {first}: fetch the file again"
        )


def csv_records_in(path: Path) -> Iterator[tuple[int, Record]]:
    """Yield the records of a file of CSV, however it is packed, as they are read; raises UnreadableInput."""
    name = str(path)
    with open_source(name) as stream:
        yield from csv_records(lines_of(any_text_in(InputChunks(stream, name), name), name), name)


def csv_records(lines: Iterable[tuple[int, str]], name: str) -> Iterator[tuple[int, Record]]:
    """Yield the records of CSV with the numbers of their first lines; raises UnreadableInput."""
    return ((number, csv_record(text, name, number)) for number, text in csv_texts(lines, name))


def csv_record(line: str, name: str, number: int) -> Record:
    """Return the fields of one record of CSV; raises UnreadableInput that names the line."""
    if '"' not in line:
        return [None if field in {"", "NULL"} else field for field in line.split(",")]
    record: Record = []
    place = 0
    while True:
        found = _FIELD.match(line, place)
        if found is None:
            raise UnreadableInput(f"{name} line {number}: text after a closing quote: fetch the file again")
        quoted, plain, end = found.groups()
        record.append(quoted.replace('""', '"') if quoted is not None else None if plain in {"", "NULL"} else plain)
        place = found.end()
        if not end:
            return record


def tsv_texts(lines: Iterable[tuple[int, str]]) -> Iterator[tuple[int, str]]:
    """Yield the text of each record of TSV with its number."""
    return ((number, line.removesuffix("\r")) for number, line in lines)


def tsv_record(line: str) -> Record:
    """Return the fields of one record of TSV."""
    return [None if field == "\\N" else _unescaped(field) for field in line.split("\t")]


def _unescaped(field: str) -> str:
    return _ESCAPE.sub(lambda found: _ESCAPES[found[0]], field) if "\\" in field else field


def head_of(record: Record) -> list[str]:
    """Return the names of columns, as the first record tells them: in small letters, as Canvas has them."""
    return [(column or "").strip().lower() for column in record]


def is_blank(record: Record) -> bool:
    """Whether a record is an empty line."""
    return record in ([None], [""])


def by_column(columns: list[str], record: Record, name: str, number: int) -> dict[str, str | None]:
    """Return the fields of a record by their columns; raises UnreadableInput where they do not fit."""
    if len(record) != len(columns):
        raise UnreadableInput(
            f"{name} line {number} has {len(record)} fields, its head names {len(columns)}: "
            "the file was cut short or changed: fetch it again"
        )
    return dict(zip(columns, record, strict=True))


def table_of(
    records: Iterator[tuple[int, Record]], name: str
) -> tuple[list[str], Iterator[tuple[int, dict[str, str | None]]]]:
    """Return the columns that the first record names, and the others by them; raises UnreadableInput."""
    head = next(records, None)
    if head is None:
        return [], iter(())
    columns = head_of(head[1])
    return columns, (
        (number, by_column(columns, record, name, number)) for number, record in records if not is_blank(record)
    )
