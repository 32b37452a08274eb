"""Rows of an export some at a time: a few columns of all of them, and each row where that is not enough.

Reading a row takes several times as long as comparing it. So a page keeps what it was read from, and gives the values
of a few columns without making rows of them.
"""

import csv
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence
from functools import cache
from typing import Any, ClassVar, NamedTuple

import msgspec
import orjson

from outcomes.domain.errors import UnreadableInput
from outcomes.store.sources.exports.delimited import Record, by_column, csv_record, tsv_record
from outcomes.store.sources.exports.rows import ExportRow, identity

Values = Sequence[Any]


class Columns(NamedTuple):
    """Ids, actions, the lake's times and some columns of the rows of a page; a null is None or empty text."""

    ids: Values
    actions: Values
    stamps: Values
    values: Sequence[Values]

    def of(self, places: Sequence[int]) -> "Columns":
        """Return the same of some of the rows."""
        ids, actions, stamps, *values = (
            [column[place] for place in places] for column in (self.ids, self.actions, self.stamps, *self.values)
        )
        return Columns(ids, actions, stamps, values)


class Page(ABC):
    """Some rows of a file, in its order; `has_head` says whether the file itself names its columns."""

    has_head: ClassVar[bool] = True

    @abstractmethod
    def __len__(self) -> int:
        """Return how many rows there are."""

    @abstractmethod
    def row(self, place: int) -> ExportRow:
        """Return one row; raises UnreadableInput that names its line."""

    @abstractmethod
    def columns(self, names: tuple[str, ...]) -> Columns | None:
        """Return columns; None where the page has to be read row by row, be it only to say what is wrong with it."""

    @abstractmethod
    def names(self, among: frozenset[str]) -> frozenset[str]:
        """Return which of some columns there are: those of the file's head, or those that any of these rows has."""

    def rows(self) -> Iterator[ExportRow]:
        """Yield all rows; raises UnreadableInput that names the line."""
        return map(self.row, range(len(self)))


class JsonPage(Page):
    """Lines of JSON: {"key": {"id"}, "value": {…}, "meta": {"ts", "action"}}."""

    has_head: ClassVar[bool] = False

    def __init__(self, name: str, table: str, numbers: Sequence[int], lines: list[bytes]) -> None:
        self._name, self._table = name, table
        self._numbers, self._lines = numbers, lines

    def __len__(self) -> int:
        """Return how many rows there are."""
        return len(self._lines)

    def row(self, place: int) -> ExportRow:
        """Return one row; raises UnreadableInput."""
        number = self._numbers[place]
        try:
            found = orjson.loads(self._lines[place])
        except orjson.JSONDecodeError as error:
            raise UnreadableInput(
                f"{self._name} line {number} is no JSON ({error}): cut short? Fetch the file again"
            ) from error
        if not isinstance(found, dict):
            raise UnreadableInput(
                f"{self._name} line {number} is no object with key, value and meta: is it a Canvas Data 2 file?"
            )
        return nested_row(found, self._table, self._name, number)

    def columns(self, names: tuple[str, ...]) -> Columns | None:
        """Return columns, or None."""
        decoder, without = _decoder(names)
        try:
            read = decoder.decode(b"[" + b",".join(self._lines) + b"]")
        except (msgspec.DecodeError, UnicodeDecodeError):
            return None
        if len(read) != len(self._lines):
            return None
        values = [row.value or without for row in read]
        return Columns(
            [row.key.id for row in read],
            [row.meta and row.meta.action for row in read],
            [row.meta and row.meta.ts for row in read],
            [[getattr(value, name) for value in values] for name in names],
        )

    def names(self, among: frozenset[str]) -> frozenset[str]:
        """Return which columns any row has, be it as a null."""
        text = b"\n".join(self._lines)
        # Most that are not there stand nowhere in the text, which is seen at once.
        rest = {name for name in among if f'"{name}"'.encode() in text or f'.{name}"'.encode() in text}
        found: set[str] = set()
        for row in self.rows() if rest else ():
            found |= rest & row.value.keys()
            if len(found) == len(rest):
                break
        return frozenset(found)


@cache
def _decoder(names: tuple[str, ...]) -> tuple[msgspec.json.Decoder[Any], Any]:
    """Return what reads only these columns, which is several times as fast, and a row's values where it has none."""
    key = msgspec.defstruct("Key", [("id", int | str)], gc=False)
    value = msgspec.defstruct("Value", [(name, str | int | float | None, None) for name in names], gc=False)
    meta = msgspec.defstruct("Meta", [("action", str | None, None), ("ts", str | None, None)], gc=False)
    fields: list[tuple[str, Any] | tuple[str, Any, Any]] = [("key", key), ("value", value | None, None)]
    row: Any = msgspec.defstruct("Row", [*fields, ("meta", meta | None, None)], gc=False)
    return msgspec.json.Decoder(list[row]), value()


_PARTS = ("key", "value", "meta")


def nested_row(record: dict[str, Any], table: str, name: str, number: int) -> ExportRow:
    """Return the row of a record; raises UnreadableInput.

    Tools that know no nesting join the names by dots, or leave out all but the columns themselves.
    """
    if not record.keys() & {"key", "value"}:
        record = _nested(record)
    key, value, meta = (record.get(part) or {} for part in _PARTS)
    for part, found in zip(_PARTS, (key, value, meta), strict=True):
        if not isinstance(found, dict):
            raise UnreadableInput(
                f"{name} line {number}: {part} is {found!r:.40}, no object: is it a file of {table} of Canvas Data 2?"
            )
    row_id = identity(key.get("id")) or identity(value.get("id"))
    if row_id is None:
        raise UnreadableInput(f"{name} line {number} has no key.id: is it a file of {table} of Canvas Data 2?")
    return ExportRow(row_id, value, meta.get("action"), str(meta.get("ts") or ""), name, number)


def _nested(flat: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = {part: {} for part in _PARTS}
    for name, field in flat.items():
        part, dot, rest = name.partition(".")
        inner, column = (part, rest) if dot and part in found else ("value", name)
        found[inner][column] = field
    return found


class Dialect(NamedTuple):
    """How records of text are read: one, with all that is to be said of it, or many at once, and what a null is."""

    read: Callable[[str, str, int], Record]
    split: Callable[[list[str]], list[list[str]] | None]
    null: str


class TextPage(Page):
    """Records of CSV or TSV, with columns key.id, value.… and meta.…."""

    def __init__(self, name: str, head: list[str], texts: list[tuple[int, str]], dialect: Dialect) -> None:
        self._name, self._head, self._texts = name, head, texts
        self._dialect = dialect

    def __len__(self) -> int:
        """Return how many rows there are."""
        return len(self._texts)

    def row(self, place: int) -> ExportRow:
        """Return one row; raises UnreadableInput."""
        number, text = self._texts[place]
        row = by_column(self._head, self._dialect.read(text, self._name, number), self._name, number)
        row_id = row.get("key.id") or row.get("value.id") or row.get("id")
        if not row_id:
            raise UnreadableInput(f"{self._name} line {number} has no key.id: is it a file of Canvas Data 2?")
        value = {
            column.removeprefix("value."): field
            for column, field in row.items()
            if field is not None and not column.startswith(("key.", "meta."))
        }
        return ExportRow(row_id, value, row.get("meta.action"), row.get("meta.ts") or "", self._name, number)

    def columns(self, names: tuple[str, ...]) -> Columns | None:
        """Return columns, or None."""
        records = self._dialect.split([text for _, text in self._texts])
        width, null = len(self._head), self._dialect.null
        if records is None or "key.id" not in self._head or any(len(record) != width for record in records):
            return None
        nothing = [None] * len(records)
        places = {column.removeprefix("value."): place for place, column in enumerate(self._head)}

        def column(name: str) -> Values:
            if name not in places:
                return nothing
            place = places[name]
            return [None if record[place] == null else record[place] for record in records]

        ids = column("key.id")
        if not all(ids):
            return None
        return Columns(ids, column("meta.action"), column("meta.ts"), [column(name) for name in names])

    def names(self, among: frozenset[str]) -> frozenset[str]:
        """Return which columns the head names."""
        return among & {column.removeprefix("value.") for column in self._head}


def _csv_fields(texts: list[str]) -> list[list[str]] | None:
    if any('"NULL"' in text for text in texts):
        return None  # a text, not a null: Python's reader does not tell them apart
    try:
        records = list(csv.reader(texts, strict=True))
    except csv.Error:
        return None
    return records if len(records) == len(texts) else None


def _tsv_fields(texts: list[str]) -> list[list[str]]:
    # What is escaped stays as it is written: it is equal to nothing, and so read as a row.
    return [text.split("\t") for text in texts]


CSV = Dialect(csv_record, _csv_fields, "NULL")
TSV = Dialect(lambda text, _name, _number: tsv_record(text), _tsv_fields, "\\N")
