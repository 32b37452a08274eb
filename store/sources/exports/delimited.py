r"""CSV and TSV as Canvas writes them, record by record, with nulls told apart from empty text.

In CSV a null is nothing at all, or NULL without quotes; empty text is "". Python's csv module does not tell whether a
field was quoted, so this is a reader of our own. In TSV a null is \N.
"""

import re
from collections.abc import Iterable, Iterator

from outcomes.domain.errors import UnreadableInput

Record = list[str | None]

_FIELD = re.compile(r'(?:"((?:[^"]|"")*)"|([^",]*))(,|\Z)')
_ESCAPES = {"\\t": "\t", "\\n": "\n", "\\r": "\r", "\\\\": "\\"}
_ESCAPE = re.compile(r"\\[tnr\\]")
_LONGEST_RECORD = 64 << 20


def raw_lines_of(chunks: Iterable[bytes]) -> Iterator[tuple[int, bytes]]:
    """Yield the lines of text with their numbers, without their ends."""
    rest, count = b"", 0
    for chunk in chunks:
        *lines, rest = (rest + chunk).split(b"\n")
        for count, line in enumerate(lines, count + 1):  # noqa: B020 - goes on from chunk to chunk
            yield count, line
    if rest:
        yield count + 1, rest


def lines_of(chunks: Iterable[bytes], name: str) -> Iterator[tuple[int, str]]:
    """Yield the same as UTF-8 text; raises UnreadableInput."""
    return ((number, _decoded(line, name, number)) for number, line in raw_lines_of(chunks))


def _decoded(line: bytes, name: str, number: int) -> str:
    try:
        return line.removesuffix(b"\r").decode()
    except UnicodeDecodeError as error:
        raise UnreadableInput(f"{name} line {number} is not UTF-8: {error.reason}: fetch the file again") from error


def csv_records(lines: Iterable[tuple[int, str]], name: str) -> Iterator[tuple[int, Record]]:
    """Yield the records of CSV with the numbers of their first lines; raises UnreadableInput."""
    first, waiting = 0, ""
    for number, line in lines:
        if waiting:
            waiting += "\n" + line
            if len(waiting) > _LONGEST_RECORD:
                break
        else:
            first, waiting = number, line
        if waiting.count('"') % 2:
            continue  # a quoted field goes on in the next line
        yield first, _csv_record(waiting, name, first)
        waiting = ""
    if waiting:
        raise UnreadableInput(
            f"{name} ends inside the quotes of the record that begins on line {first}: fetch the file again"
        )


def _csv_record(line: str, name: str, number: int) -> Record:
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


def tsv_records(lines: Iterable[tuple[int, str]]) -> Iterator[tuple[int, Record]]:
    """Yield the records of TSV with their numbers."""
    for number, line in lines:
        fields = line.split("\t")
        yield number, [None if field == "\\N" else _unescaped(field) for field in fields]


def _unescaped(field: str) -> str:
    return _ESCAPE.sub(lambda found: _ESCAPES[found[0]], field) if "\\" in field else field


def table_of(
    records: Iterator[tuple[int, Record]], name: str
) -> tuple[list[str], Iterator[tuple[int, dict[str, str | None]]]]:
    """Return the columns that the first record names, and the others by them; raises UnreadableInput."""
    head = next(records, None)
    if head is None:
        return [], iter(())
    columns = [(column or "").strip().removeprefix("\ufeff") for column in head[1]]
    return columns, _by_column(columns, records, name)


def _by_column(
    columns: list[str], records: Iterator[tuple[int, Record]], name: str
) -> Iterator[tuple[int, dict[str, str | None]]]:
    width = len(columns)
    for number, record in records:
        if len(record) != width:
            if record in ([None], [""]):
                continue  # an empty line
            raise UnreadableInput(
                f"{name} line {number} has {len(record)} fields, its head names {width}: "
                "the file was cut short or changed: fetch it again"
            )
        yield number, dict(zip(columns, record, strict=True))
