"""What ties the log together: a hash per batch over the batch and all before it, and checkpoints to keep elsewhere.

In format 3 a batch's hash covers every column of its events, everything in its own row, and the ledger up to it. In
batches of format 2 it covers what events say and the bytes as they are stored, of format 1 only what they say (their
content digests), and not `max_event_time`; their other columns are covered by the ledger since the log is of format 3.
"""

from collections.abc import Callable, Iterable, Iterator
from hashlib import blake2b, sha256
from struct import pack
from typing import NamedTuple

from outcomes.domain.times import Micros
from outcomes.store.connection import Connection
from outcomes.store.ledger import Table
from outcomes.store.log.row_columns import Row, RowColumns
from outcomes.store.rows import fetch_all, fetch_one

NO_CHAIN = b"\0" * 32
"""What the first batch is chained to."""
_NAME_2, _NAME_3 = b"outcomes chain 2", b"outcomes chain 3"

BATCHES = Table(
    "batches",
    {
        "last_position": "integer",
        "first_position": "integer",
        "recorded_at": "integer",
        "source": "text",
        "max_event_time": "integer",
        "chain": "blob",
    },
)


class Batch(NamedTuple):
    """One transaction of the log. `max_event_time` is over this and all batches before it."""

    last_position: int
    first_position: int
    recorded_at: Micros
    source: str
    max_event_time: Micros
    chain: bytes

    @property
    def span(self) -> str:
        """Its positions, in words."""
        return f"positions {self.first_position} to {self.last_position}"


def chain_after(previous: bytes, ledger: bytes, batch: Batch, rows: RowColumns) -> bytes:
    """Return the hash that ties a batch to all before it: what was appended, where, in which order, when, from where.

    `ledger` is the chain of the ledger's last entry before the batch's own.
    """
    # Processors have SHA-256 built in: over all bytes it costs a quarter of BLAKE2b.
    hasher = sha256(_NAME_3 + previous + ledger)
    hasher.update(_heading(batch))
    # In strokes rather than event by event: this is on the way of every append.
    for texts in (rows.streams, rows.topics):
        hasher.update(pack(f">{len(texts)}I", *map(len, texts)))
        hasher.update("".join(texts).encode())
    hasher.update(pack(f">{len(rows)}q", *rows.versions))
    _add_contents(hasher.update, rows)
    return hasher.digest()


def chain_of_format_2(previous: bytes, batch: Batch, rows: RowColumns) -> bytes:
    """Return the hash of a batch that was appended in format 2."""
    hasher = sha256(_NAME_2 + previous)
    hasher.update(_heading(batch))
    _add_contents(hasher.update, rows)
    return hasher.digest()


def chain_of_format_1(previous: bytes, batch: Batch, rows: RowColumns) -> bytes:
    """Return the hash of a batch that was appended in format 1."""
    hasher = blake2b(previous, digest_size=32)
    hasher.update(f"{batch.first_position}|{batch.last_position}|{batch.recorded_at}|{batch.source}|".encode())
    hasher.update(b"".join(rows.digests))
    return hasher.digest()


def columns_hash(rows: RowColumns) -> bytes:
    """Return the hash of what the chains of older formats leave out of their events: stream, version and topic."""
    columns = tuple(map(tuple, (rows.streams, rows.versions, rows.topics)))
    return sha256(repr(columns).encode()).digest()


def _heading(batch: Batch) -> bytes:
    source = batch.source.encode()
    numbers = (batch.first_position, batch.last_position, batch.recorded_at, batch.max_event_time, len(source))
    return "".join(f"{number}|" for number in numbers).encode() + source


def _add_contents(update: Callable[[bytes], None], rows: RowColumns) -> None:
    update(b"".join(rows.digests))
    update(pack(f">{len(rows)}I", *map(len, rows.states)))
    update(b"".join(rows.states))


def last_batch(connection: Connection) -> Batch | None:
    """Return the newest batch; None for an empty log. Raises LogDamaged."""
    row = fetch_one(connection, f"SELECT {BATCHES.listed} FROM batches ORDER BY last_position DESC LIMIT 1")
    return Batch(*BATCHES.checked(row)) if row else None


def holds(connection: Connection, last_position: int, chain: bytes) -> bool:
    """Say whether a batch ends at a position with that chain: whether all up to there is the same."""
    found = fetch_one(connection, "SELECT chain FROM batches WHERE last_position = ?", (last_position,))
    return found is not None and bool(found[0] == chain)


def batches_after(connection: Connection, position: int) -> list[Batch]:
    """Return the batches that end after a position, in order. Raises LogDamaged."""
    sql = f"SELECT {BATCHES.listed} FROM batches WHERE last_position > ? ORDER BY last_position"
    return [Batch(*BATCHES.checked(row)) for row in fetch_all(connection, sql, (position,))]


class Problem(NamedTuple):
    """Something that is not as it was appended, in words, and where: in the log, or in the row of a table."""

    words: str
    position: int | None = None
    row: str | None = None


class Rules(NamedTuple):
    """What the chain covers where, and what the ledger knows.

    Up to `loose_until` the chain does not cover stored bytes (format 1), up to `bare_until` not the other columns
    (formats 1 and 2). `ledger_before` gives the ledger's chain before the entry of a batch, `columns_of` the hash that
    it has of a batch's columns; None where there is no ledger, or no such entry.
    """

    loose_until: int
    bare_until: int
    ledger_before: Callable[[int], bytes | None]
    columns_of: Callable[[int], bytes | None]


class ChainProof:
    """Follows the log from its first event and says where it is not what was appended."""

    def __init__(self, batches: Iterable[Batch], rules: Rules) -> None:
        self._waiting = iter(batches)
        self._batch = next(self._waiting, None)
        self._rules = rules
        self._chain = NO_CHAIN
        self._rows: list[Row] = []
        self._expected = 1
        self._batch_from = 1
        self._newest: Micros | None = None

    def take(self, position: int, row: Row, event_time: Micros | None) -> Iterator[Problem]:
        """Take the next event; yield what is wrong up to it. Without a time the event could not be read."""
        if position != self._expected:
            yield Problem(_missing(self._expected, position - 1), self._expected)
        while self._batch is not None and position > self._batch.last_position:
            yield from self._close_batch(self._batch)
        self._expected = position + 1
        self._rows.append(row)
        if event_time is not None:
            self._newest = event_time if self._newest is None else max(self._newest, event_time)
        if self._batch is not None and position == self._batch.last_position:
            yield from self._close_batch(self._batch)

    def end(self) -> Iterator[Problem]:
        """Say what is wrong at the end of the log."""
        if self._batch is not None:
            last = max(batch.last_position for batch in (self._batch, *self._waiting))
            yield Problem(_missing(self._expected, last), self._expected)
        elif self._rows:
            yield Problem("the events after the last batch were not appended by outcomes", self._batch_from)

    def _close_batch(self, batch: Batch) -> Iterator[Problem]:
        if batch.first_position != self._batch_from:
            yield Problem(
                f"the batch of {batch.span} should begin at {self._batch_from}: "
                "batches were removed, inserted or changed",
                self._batch_from,
            )
        if self._chained(batch) != batch.chain:
            yield Problem(
                f"{batch.span} are not what was appended then (an event, its place, their order, or when and whence "
                "they came)",
                batch.first_position,
            )
        elif batch.last_position <= self._rules.loose_until and self._newest not in {None, batch.max_event_time}:
            yield Problem("the batch's newest event time is not that of its events", batch.first_position)
        elif batch.last_position <= self._rules.bare_until and not self._has_its_columns(batch):
            yield Problem(f"an entity, version or name of {batch.span} was changed", batch.first_position)
        # The next batch is judged on its own: against what this one says its hash is.
        self._chain, self._rows, self._batch_from = batch.chain, [], batch.last_position + 1
        self._batch = next(self._waiting, None)

    def _chained(self, batch: Batch) -> bytes | None:
        rows = RowColumns.of(self._rows)
        if batch.last_position <= self._rules.loose_until:
            return chain_of_format_1(self._chain, batch, rows)
        if batch.last_position <= self._rules.bare_until:
            return chain_of_format_2(self._chain, batch, rows)
        ledger = self._rules.ledger_before(batch.last_position)
        return None if ledger is None else chain_after(self._chain, ledger, batch, rows)

    def _has_its_columns(self, batch: Batch) -> bool:
        known = self._rules.columns_of(batch.last_position)
        return known is None or known == columns_hash(RowColumns.of(self._rows))


def _missing(first: int, last: int) -> str:
    return f"position {first} is missing" if first == last else f"positions {first} to {last} are missing"
