"""Which files of a folder hold which tables of Canvas Data 2, and their rows, streamed.

A file belongs to the table that its own name begins with, or that the folder around it is called:
`learning_outcome_results.jsonl`, `learning_outcome_results-0001.csv.gz`, `learning_outcome_results/part-0.parquet`,
`canvas.learning_outcome_results.tsv`. Its format is told by its content where that is certain, else by its name.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from pathlib import Path

from outcomes.domain.errors import UnreadableInput
from outcomes.store.sources.content import any_text_in
from outcomes.store.sources.exports.columns import TABLES
from outcomes.store.sources.exports.delimited import csv_texts, head_of, line_blocks, lines_of, tsv_texts
from outcomes.store.sources.exports.pages import CSV, TSV, Dialect, JsonPage, Page, TextPage
from outcomes.store.sources.exports.parquet_rows import parquet_pages
from outcomes.store.sources.exports.rows import ExportRow
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
            "in a folder of that name, perhaps in those of jobs inside it; formats are jsonl, csv, tsv and parquet"
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
    for page in pages_of(path, table):
        yield from page.rows()


def pages_of(path: Path, table: str) -> Iterator[Page]:
    """Yield the rows of a file some at a time; raises UnreadableInput that names the file and the line."""
    name = str(path)
    with open_source(name) as stream:
        is_parquet = stream.read(len(PARQUET_MAGIC)) == PARQUET_MAGIC
    # Opened anew: chunks are read past the stream's own buffer.
    with open_source(name) as stream:
        if is_parquet:
            yield from _with_columns(parquet_pages(stream, table, name), table, name)
            return
        kind = _format_of(path)
        chunks = any_text_in(InputChunks(stream, name), name)
        if kind == "json":
            yield from _with_columns(_json_pages(chunks, table, name), table, name)
            return
        lines = lines_of(chunks, name)
        texts = csv_texts(lines, name) if kind == "csv" else tsv_texts(lines)
        yield from _text_pages(texts, table, name, _DIALECTS[kind])


_DIALECTS = {"csv": CSV, "tsv": TSV}
_ROWS = 2_000
_SURELY = 1_000
"""So many rows without a column that every useful row has are not rows whose value happens to be null."""


def _format_of(path: Path) -> str:
    suffixes = [suffix.lower() for suffix in path.suffixes]
    return "csv" if ".csv" in suffixes else "tsv" if ".tsv" in suffixes else "json"


def _json_pages(chunks: Iterable[bytes], table: str, name: str) -> Iterator[JsonPage]:
    for first, lines in line_blocks(chunks):
        numbers: Sequence[int] = range(first, first + len(lines))
        if not all(map(bytes.strip, lines)):
            numbers = [number for number, line in zip(numbers, lines, strict=True) if line.strip()]
            lines = [line for line in lines if line.strip()]  # noqa: PLW2901 - the same without empty ones
        if lines:
            yield JsonPage(name, table, numbers, lines)


def _text_pages(texts: Iterator[tuple[int, str]], table: str, name: str, dialect: Dialect) -> Iterator[TextPage]:
    first = next(texts, None)
    if first is None:
        return
    head = head_of(dialect.read(first[1], name, first[0]))
    _check_columns([column.removeprefix("value.") for column in head], table, name)
    rest = ((number, text) for number, text in texts if text)
    while some := list(islice(rest, _ROWS)):
        yield TextPage(name, head, some, dialect)


def _with_columns(pages: Iterator[Page], table: str, name: str) -> Iterator[Page]:
    """Pass pages on; raises UnreadableInput where the table's rows surely lack one of its columns.

    Nulls may be left out, so a column is missed only if no row has it.
    """
    wanted, seen = set(TABLES[table]), 0
    for page in pages:
        for row in page.rows() if wanted else ():
            wanted.difference_update(row.value)
            seen += bool(row.value)
            if not wanted:
                break
        yield page
    if wanted and seen > _SURELY:
        raise UnreadableInput(_lacking(wanted, table, name))


def _check_columns(columns: list[str], table: str, name: str) -> None:
    lacking = TABLES[table] - set(columns)
    if columns and lacking:
        raise UnreadableInput(_lacking(lacking, table, name))


def _lacking(columns: Iterable[str], table: str, name: str) -> str:
    return (
        f"{name} has no column {', '.join(sorted(columns))}, which {table} of Canvas Data 2 has: "
        "export the table with all its columns"
    )
