"""Which files of a folder hold which tables of Canvas Data 2, and their rows, streamed.

A file belongs to the table that its own name begins with, or that the folder around it is called:
`learning_outcome_results.jsonl`, `learning_outcome_results-0001.csv.gz`, `learning_outcome_results/part-0.parquet`,
`canvas.learning_outcome_results.tsv`. Its format is told by its content where that is certain, else by its name.
"""

import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import orjson

from outcomes.domain.errors import UnreadableInput
from outcomes.store.sources.content import any_text_in
from outcomes.store.sources.exports import parquet_rows
from outcomes.store.sources.exports.columns import TABLES
from outcomes.store.sources.exports.delimited import csv_records, lines_of, raw_lines_of, table_of, tsv_records
from outcomes.store.sources.exports.rows import ExportRow, identity
from outcomes.store.sources.file_types import PARQUET_MAGIC
from outcomes.store.sources.files import InputChunks, open_source

_KNOWN_SUFFIXES = re.compile(r"\.(?:jsonl|ndjson|json|csv|tsv|parquet)(?:\.(?:gz|gzip|zst|bz2|xz))?$", re.IGNORECASE)
_ALSO_BEFORE = re.compile(r"^(?:canvas|cd2|dap)[._-]", re.IGNORECASE)
_AFTER_NAME = re.compile(r"(?:[-.]|_?(?:part)?[-_]?\d|$)", re.IGNORECASE)
_DEEPEST = 4


def tables_in(folder: Path) -> dict[str, list[Path]]:
    """Return the files of each table that is there, in the order of their names; raises UnreadableInput if none is."""
    if not folder.is_dir():
        what = "is a file" if folder.exists() else "does not exist"
        raise UnreadableInput(f"cannot read {folder}: it {what}: name the folder that holds an export of Canvas Data 2")
    found: dict[str, list[Path]] = {table: [] for table in TABLES}
    for path in sorted(folder.rglob("*")):
        relative = path.relative_to(folder)
        if path.is_file() and _KNOWN_SUFFIXES.search(path.name) and len(relative.parts) <= _DEEPEST:
            table = _table_of(relative)
            if table is not None:
                found[table].append(path)
    present = {table: paths for table, paths in found.items() if paths}
    if not present:
        raise UnreadableInput(
            f"{folder} holds no table of Canvas Data 2: files are called learning_outcome_results.jsonl.gz, or lie "
            "in a folder of that name; formats are jsonl, csv, tsv and parquet"
        )
    return present


def _table_of(relative: Path) -> str | None:
    names = [_KNOWN_SUFFIXES.sub("", relative.name), *reversed(relative.parts[:-1])]
    for name in names:
        bare = _ALSO_BEFORE.sub("", name.lower())
        # The longest name that fits: `learning_outcome_results` is no part of `learning_outcome`.
        fitting = [table for table in TABLES if bare.startswith(table) and _AFTER_NAME.match(bare[len(table) :])]
        if fitting:
            return max(fitting, key=len)
    return None


def rows_of(path: Path, table: str) -> Iterator[ExportRow]:
    """Yield the rows of a file as they are read; raises UnreadableInput that names the file and the line."""
    name = str(path)
    with open_source(name) as stream:
        is_parquet = stream.read(len(PARQUET_MAGIC)) == PARQUET_MAGIC
    # Opened anew: chunks are read past the stream's own buffer.
    with open_source(name) as stream:
        if is_parquet:
            yield from _named(parquet_rows.records(stream, name), table, name)
            return
        kind = _format_of(path)
        chunks = any_text_in(InputChunks(stream, name), name)
        if kind == "json":
            yield from _json_rows(raw_lines_of(chunks), table, name)
            return
        lines = lines_of(chunks, name)
        records = csv_records(lines, name) if kind == "csv" else tsv_records(lines)
        columns, rows = table_of(records, name)
        _check_columns([column.removeprefix("value.") for column in columns], table, name)
        yield from _flat_rows(rows, name)


def _format_of(path: Path) -> str:
    suffixes = [suffix.lower() for suffix in path.suffixes]
    return "csv" if ".csv" in suffixes else "tsv" if ".tsv" in suffixes else "json"


def _json_rows(lines: Iterable[tuple[int, bytes]], table: str, name: str) -> Iterator[ExportRow]:
    return _named(((number, _object(line, name, number)) for number, line in lines if line.strip()), table, name)


def _object(line: bytes, name: str, number: int) -> dict[str, Any]:
    try:
        found = orjson.loads(line)
    except orjson.JSONDecodeError as error:
        raise UnreadableInput(f"{name} line {number} is no JSON ({error}): cut short? Fetch the file again") from error
    if not isinstance(found, dict):
        raise UnreadableInput(
            f"{name} line {number} is no object with key, value and meta: is it a Canvas Data 2 file?"
        )
    return found


def _named(records: Iterable[tuple[int, dict[str, Any]]], table: str, name: str) -> Iterator[ExportRow]:
    """Yield rows of nested records: {"key": {"id"}, "value": {…}, "meta": {"ts", "action"}}."""
    wanted, seen = set(TABLES[table]), 0
    for number, record in records:
        key, value, meta = record.get("key"), record.get("value") or {}, record.get("meta") or {}
        row_id = identity((key or {}).get("id") if isinstance(key, dict) else None) or identity(value.get("id"))
        if row_id is None:
            raise UnreadableInput(f"{name} line {number} has no key.id: is it a file of {table} of Canvas Data 2?")
        if wanted and value:
            # Nulls may be left out, so a column is missed only if no row has it.
            wanted.difference_update(value)
            seen += 1
        yield ExportRow(row_id, value, meta.get("action"), str(meta.get("ts") or ""), name, number)
    if wanted and seen > _SURELY:
        raise UnreadableInput(_lacking(wanted, table, name))


_SURELY = 1_000
"""So many rows without a column that every useful row has are not rows whose value happens to be null."""


def _flat_rows(rows: Iterable[tuple[int, dict[str, str | None]]], name: str) -> Iterator[ExportRow]:
    for number, row in rows:
        row_id = row.get("key.id") or row.get("value.id") or row.get("id")
        if not row_id:
            raise UnreadableInput(f"{name} line {number} has no key.id: is it a file of Canvas Data 2?")
        value = {
            column.removeprefix("value."): field
            for column, field in row.items()
            if field is not None and not column.startswith(("key.", "meta."))
        }
        yield ExportRow(row_id, value, row.get("meta.action"), row.get("meta.ts") or "", name, number)


def _check_columns(columns: list[str], table: str, name: str) -> None:
    lacking = TABLES[table] - set(columns)
    if columns and lacking:
        raise UnreadableInput(_lacking(lacking, table, name))


def _lacking(columns: Iterable[str], table: str, name: str) -> str:
    return (
        f"{name} has no column {', '.join(sorted(columns))}, which {table} of Canvas Data 2 has: "
        "export the table with all its columns"
    )
