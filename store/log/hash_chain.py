"""What ties the log together: a hash per batch over the batch and all before it, and checkpoints to keep elsewhere.

Since format 2 a batch's hash covers the stored bytes of its events and everything in its own row. In batches of
format 1 it covers what the events say (their content digests), and not `max_event_time`.
"""

import sqlite3
from collections.abc import Iterable, Iterator
from hashlib import blake2b, sha256
from struct import pack
from typing import NamedTuple

from outcomes.domain.times import Micros

NO_CHAIN = b"\0" * 32
"""What the first batch is chained to."""
_NAME = b"outcomes chain 2"
_COLUMNS = "last_position, first_position, recorded_at, source, max_event_time, chain"


class Batch(NamedTuple):
    """One transaction of the log. `max_event_time` is over this and all batches before it."""

    last_position: int
    first_position: int
    recorded_at: Micros
    source: str
    max_event_time: Micros
    chain: bytes


class ChainLink(NamedTuple):
    """What a chain takes of one event: the digest of its content, and the bytes as they are stored."""

    digest: bytes
    state: bytes


def chain_after(
    previous: bytes, batch: Batch, links: Iterable[tuple[bytes, bytes]], *, covers_bytes: bool = True
) -> bytes:
    """Return the hash that ties a batch to all before it: what was appended, in which order, when, from where.

    A link is the digest and the stored bytes of an event.
    """
    if not covers_bytes:
        return _chain_of_format_1(previous, batch, links)
    # Processors have SHA-256 built in: over all bytes it costs a quarter of BLAKE2b.
    hasher = sha256(_NAME + previous)
    source = batch.source.encode()
    numbers = (batch.first_position, batch.last_position, batch.recorded_at, batch.max_event_time, len(source))
    hasher.update("".join(f"{number}|" for number in numbers).encode() + source)
    # In three strokes rather than event by event: this is on the way of every append.
    digests, states = list(zip(*links, strict=True)) or ((), ())
    hasher.update(b"".join(digests))
    hasher.update(pack(f">{len(states)}I", *map(len, states)))
    hasher.update(b"".join(states))
    return hasher.digest()


def _chain_of_format_1(previous: bytes, batch: Batch, links: Iterable[tuple[bytes, bytes]]) -> bytes:
    hasher = blake2b(previous, digest_size=32)
    hasher.update(f"{batch.first_position}|{batch.last_position}|{batch.recorded_at}|{batch.source}|".encode())
    for digest, _ in links:
        hasher.update(digest)
    return hasher.digest()


def last_batch(connection: sqlite3.Connection) -> Batch | None:
    """Return the newest batch; None for an empty log."""
    row = connection.execute(f"SELECT {_COLUMNS} FROM batches ORDER BY last_position DESC LIMIT 1").fetchone()
    return Batch(*row) if row else None


def batches_after(connection: sqlite3.Connection, position: int) -> list[Batch]:
    """Return the batches that end after a position, in order."""
    rows = connection.execute(
        f"SELECT {_COLUMNS} FROM batches WHERE last_position > ? ORDER BY last_position", (position,)
    )
    return [Batch(*row) for row in rows]


class Problem(NamedTuple):
    """Something that is not as it was appended, in words, and where in the log."""

    words: str
    position: int


class ChainProof:
    """Follows the log from its first event and says where it is not what was appended.

    `loose_until` is the last position of batches whose chain does not cover bytes (a log of format 1).
    """

    def __init__(self, batches: list[Batch], loose_until: int) -> None:
        self._waiting = iter(batches)
        self._batch = next(self._waiting, None)
        self._loose_until = loose_until
        self._chain = NO_CHAIN
        self._links: list[ChainLink] = []
        self._expected = 1
        self._batch_from = 1
        self._newest: Micros | None = None

    def take(self, position: int, link: ChainLink, event_time: Micros | None) -> Iterator[Problem]:
        """Take the next event; yield what is wrong up to it. Without a time the event could not be read."""
        if position != self._expected:
            yield Problem(_missing(self._expected, position - 1), self._expected)
        while self._batch is not None and position > self._batch.last_position:
            yield from self._close_batch(self._batch)
        self._expected = position + 1
        self._links.append(link)
        if event_time is not None:
            self._newest = event_time if self._newest is None else max(self._newest, event_time)
        if self._batch is not None and position == self._batch.last_position:
            yield from self._close_batch(self._batch)

    def end(self) -> Iterator[Problem]:
        """Say what is wrong at the end of the log."""
        if self._batch is not None:
            last = max(batch.last_position for batch in (self._batch, *self._waiting))
            yield Problem(_missing(self._expected, last), self._expected)
        elif self._links:
            yield Problem("the events after the last batch were not appended by outcomes", self._batch_from)

    def _close_batch(self, batch: Batch) -> Iterator[Problem]:
        if batch.first_position != self._batch_from:
            yield Problem(
                f"the batch of positions {batch.first_position} to {batch.last_position} should begin at "
                f"{self._batch_from}: batches were removed, inserted or changed",
                self._batch_from,
            )
        is_loose = batch.last_position <= self._loose_until
        if chain_after(self._chain, batch, self._links, covers_bytes=not is_loose) != batch.chain:
            yield Problem(
                f"positions {batch.first_position} to {batch.last_position} are not what was appended then "
                "(an event, their order, or when and whence they came)",
                batch.first_position,
            )
        elif is_loose and self._newest is not None and self._newest != batch.max_event_time:
            yield Problem("the batch's newest event time is not that of its events", batch.first_position)
        # The next batch is judged on its own: against what this one says its hash is.
        self._chain, self._links, self._batch_from = batch.chain, [], batch.last_position + 1
        self._batch = next(self._waiting, None)


def _missing(first: int, last: int) -> str:
    return f"position {first} is missing" if first == last else f"positions {first} to {last} are missing"
