"""Pieces of the input that are read apart: a range of a file of lines, a whole packed file, some groups of a log.

A plain file is cut where a line begins an event. What is packed, or is no NDJSON in UTF-8, cannot be read from its
middle: it is one split, read as `ingest` reads it.
"""

import re
from collections.abc import Iterator
from enum import StrEnum
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple

import pyarrow as pa
import pyarrow.parquet as pq

from outcomes.domain.catalog import parse_event
from outcomes.domain.errors import NotAnEvent, UnreadableInput
from outcomes.domain.event import EventLike, OtherEvent
from outcomes.projections.export.log_parquet import LogRow, Stretch, is_log, opened_log, rows_of, stretch_of
from outcomes.projections.partitioned.combining import Combiner
from outcomes.projections.partitioned.places import is_far, opened, size_of
from outcomes.store.encoding import fast_parser
from outcomes.store.encoding.content_digest import content_digest
from outcomes.store.ingest.prepare import Prepared, prepare, prepare_source, value_of
from outcomes.store.ingest.tally import Tally
from outcomes.store.sources.content import check_readable
from outcomes.store.sources.file_types import HEAD_BYTES, PARQUET_MAGIC
from outcomes.store.sources.json_patterns import FIRST_KEY
from outcomes.store.sources.json_splitter import split as split_values
from outcomes.store.sources.json_values import decode
from outcomes.store.sources.text_encoding import encoding_of
from outcomes.store.sources.unpacking import packing_of

SPLIT_BYTES = 32 << 20
"""Of a plain file: some thirty thousand events."""
_GROUPS_ROWS = 60_000
_EVENT_BYTES, _PACKED = 1_000, 12
_ROWS_AT_ONCE = 500
_CHUNK = 1 << 20
_SEARCHED = 8 << 20
"""No event is longer: where none begins in so many bytes, the file is no NDJSON."""
_BEGINS = re.compile(rb"\n(?=\{" + FIRST_KEY.pattern + rb")")
_FIRST = re.compile(rb"\{" + FIRST_KEY.pattern)


class Form(StrEnum):
    """How a split is read."""

    LINES = "lines"
    WHOLE = "whole"
    LOG = "log"


class Split(NamedTuple):
    """A piece of one file: bytes of lines, row groups of a log, or all of it."""

    path: str
    form: Form
    start: int = 0
    end: int = 0


class Input(NamedTuple):
    """What is to be read: its splits, the files that are logs, of which homes, and about how many events there are."""

    splits: list[Split]
    logs: list[str]
    homes: frozenset[str]
    expected: int

    @property
    def has_positions(self) -> bool:
        """Whether all of it is from logs, which alone know positions."""
        return bool(self.logs) and all(one.form is Form.LOG for one in self.splits)


def plan_input(files: list[str]) -> Input:
    """Cut files into splits; raises UnreadableInput, before anything is read, if one is known to hold no events.

    Also where of a log a stretch is missing.
    """
    logs = [name for name in files if _is_log_file(name)]
    homes = _homes_of(logs)
    check_readable(name for name in files if name not in logs and not is_far(name))
    splits = [one for name in files for one in (_splits_of_log(name) if name in logs else _splits_of(name))]
    return Input(splits, logs, homes, sum(_events_in_log(name) if name in logs else _expected(name) for name in files))


def _homes_of(logs: list[str]) -> frozenset[str]:
    """Return the logs that files are of; raises UnreadableInput where they are not all of one from its beginning."""
    known: dict[str, int] = {}
    for stretch, name in sorted((_stretch_in(name), name) for name in logs):
        upto = known.get(stretch.log, 0)
        if stretch.after > upto:
            raise UnreadableInput(
                f"{name} begins after position {stretch.after}, and what came from {upto + 1} on is in no other file: "
                "give those files, too"
            )
        known[stretch.log] = max(upto, stretch.upto)
    return frozenset(known)


def _stretch_in(name: str) -> Stretch:
    with opened(name) as stream, pq.ParquetFile(stream) as file:
        return stretch_of(file)


def _expected(name: str) -> int:
    """Return about how many events are in a file."""
    with opened(name) as stream:
        is_packed = packing_of(stream.read(HEAD_BYTES)) is not None
    return size_of(name) * (_PACKED if is_packed else 1) // _EVENT_BYTES


def _events_in_log(name: str) -> int:
    with opened(name) as stream, pq.ParquetFile(stream) as file:
        return int(file.metadata.num_rows)


def _is_log_file(name: str) -> bool:
    if not is_far(name) and not Path(name).is_file():
        return False
    with opened(name) as stream:
        if stream.read(len(PARQUET_MAGIC)) != PARQUET_MAGIC:
            return False
        try:
            with pq.ParquetFile(stream) as file:
                return is_log(file)
        except (OSError, ValueError):
            return False  # damaged: whoever reads it says so


def _splits_of(name: str) -> Iterator[Split]:
    size = size_of(name)
    with opened(name) as stream:
        if size <= SPLIT_BYTES or not _is_lines(stream.read(HEAD_BYTES)):
            yield Split(name, Form.WHOLE)
            return
        start = 0
        while start < size:
            end = _next_beginning(stream, start + SPLIT_BYTES, size)
            yield Split(name, Form.LINES, start, end)
            start = end


def _is_lines(head: bytes) -> bool:
    return packing_of(head) is None and encoding_of(head) is None and _FIRST.match(head) is not None


def _next_beginning(stream: BinaryIO, at: int, size: int) -> int:
    """Return where the next line begins an event; the end of the file where none does for long."""
    before = b""
    for start in range(at, min(size, at + _SEARCHED), _CHUNK):
        stream.seek(start)
        text = before + stream.read(_CHUNK)
        if found := _BEGINS.search(text):
            return start - len(before) + found.end()
        before = text[-HEAD_BYTES:]
    return size


def _splits_of_log(name: str) -> Iterator[Split]:
    with opened(name) as stream, pq.ParquetFile(stream) as file:
        start = rows = 0
        for group in range(file.num_row_groups):
            rows += file.metadata.row_group(group).num_rows
            if rows >= _GROUPS_ROWS or group == file.num_row_groups - 1:
                yield Split(name, Form.LOG, start, group + 1)
                start, rows = group + 1, 0


def read_split(split: Split, combiner: Combiner) -> Iterator[None]:
    """Give a combiner the events of a split; yields now and then, so that what it holds can be taken.

    Raises UnreadableInput where a file is damaged or holds hardly any events: of such input no state can be told.
    """
    if split.form is Form.LOG:
        yield from _read_log(split, combiner)
        return
    tally = Tally(split.path)
    for part in _prepared(split, combiner):
        if part.damage is not None:
            raise UnreadableInput(f"{part.damage}: nothing was written")
        tally.add(part)
        if tally.is_hopeless():
            raise UnreadableInput(f"{split.path} is no file of events: {tally.verdict()}")
        combiner.refused += len(part.refused)
        for tenant in dict.fromkeys(part.arrivals.tenants):
            combiner.see_tenant(tenant)
        yield


def _prepared(split: Split, combiner: Combiner) -> Iterator[Prepared]:
    def take(event: Any, digest: bytes) -> tuple[()]:
        combiner.add(event, digest)
        return ()

    with opened(split.path) as stream:
        if split.form is Form.WHOLE:
            yield from prepare_source(stream, split.path, take)
        else:
            yield from prepare(split_values(_range(stream, split), value_of), take)


def _range(stream: BinaryIO, split: Split) -> Iterator[bytes]:
    stream.seek(split.start)
    for at in range(split.start, split.end, _CHUNK):
        yield stream.read(min(_CHUNK, split.end - at))


def _read_log(split: Split, combiner: Combiner) -> Iterator[None]:
    with opened(split.path) as stream, opened_log(stream) as file:
        for number, row in enumerate(_rows_of(file, split), 1):
            try:
                _take_row(row, combiner)
            except NotAnEvent as error:
                what = f"the event at position {row.position} no longer reads as one ({error})"
                raise _damaged(split.path, what) from error
            if number % _ROWS_AT_ONCE == 0:
                yield
        yield


def _rows_of(file: pq.ParquetFile, split: Split) -> Iterator[LogRow]:
    try:
        yield from rows_of(file, list(range(split.start, split.end)))
    except (OSError, pa.ArrowException) as error:
        raise _damaged(split.path, str(error).splitlines()[0].rstrip(".")) from error


def _damaged(path: str, what: str) -> UnreadableInput:
    return UnreadableInput(f"{path} is damaged: {what}: write it anew with outcomes log --format parquet")


def _take_row(row: LogRow, combiner: Combiner) -> None:
    """Give a combiner one event of a log, under the log's own digest where that is not of its content."""
    event: EventLike | OtherEvent
    if row.digest is not None:
        event, digest = fast_parser.parse(row.raw), row.digest
    elif (quick := fast_parser.try_parse(row.raw)) is not None:
        event, digest = quick, quick.digest
    else:
        value = decode(row.raw)
        event, digest = parse_event(value), content_digest(value, row.raw)
    if isinstance(event, OtherEvent):
        combiner.see_tenant(event.tenant)
    else:
        combiner.add(event, digest, row.position)
