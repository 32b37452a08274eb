"""What could not be read: verbatim, with its source, line and reason, until a later version can read it.

Kept in the log's file, in the same transactions, but not part of the immutable log: an entry is marked when a retry
has taken it. The same bytes arriving again are counted, not stored again.
"""

import json
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from hashlib import blake2b
from typing import NamedTuple

from outcomes.domain.times import Micros
from outcomes.store.encoding.content_digest import DIGEST_BYTES
from outcomes.store.sources.segment import Segment

TABLES = (
    """CREATE TABLE IF NOT EXISTS quarantine (
        number INTEGER PRIMARY KEY,
        digest BLOB NOT NULL UNIQUE,
        first_seen INTEGER NOT NULL,
        last_seen INTEGER NOT NULL,
        times INTEGER NOT NULL,
        source TEXT NOT NULL,
        line INTEGER NOT NULL,
        reason TEXT NOT NULL,
        bytes INTEGER NOT NULL,
        taken_at INTEGER)""",
    """CREATE TABLE IF NOT EXISTS quarantine_parts (
        number INTEGER NOT NULL REFERENCES quarantine (number),
        part INTEGER NOT NULL,
        content BLOB NOT NULL,
        PRIMARY KEY (number, part))""",
)
_COLUMNS = "number, first_seen, last_seen, times, source, line, reason, bytes, taken_at"

_LONGEST_REASON = 500


class QuarantineEntry(NamedTuple):
    """One stretch of bytes in quarantine; `taken_at` is set once a retry has read it."""

    number: int
    first_seen: Micros
    last_seen: Micros
    times: int
    source: str
    line: int
    reason: str
    bytes: int
    taken_at: Micros | None


def put(connection: sqlite3.Connection, piece: Segment, source: str, reason: str, now: Micros) -> None:
    """Keep the bytes of a piece; if they are there already, count them and put them back in quarantine."""
    hasher = blake2b(digest_size=DIGEST_BYTES)
    size = 0
    for part in piece.chunks():
        hasher.update(part)
        size += len(part)
    number, times = connection.execute(
        "INSERT INTO quarantine (digest, first_seen, last_seen, times, source, line, reason, bytes) "
        "VALUES (?, ?, ?, 1, ?, ?, ?, ?) ON CONFLICT (digest) DO UPDATE SET "
        "times = times + 1, last_seen = excluded.last_seen, reason = excluded.reason, taken_at = NULL "
        "RETURNING number, times",
        (hasher.digest(), now, now, source, piece.line, _shorten(reason), size),
    ).fetchone()
    if times == 1:
        connection.executemany(
            "INSERT INTO quarantine_parts (number, part, content) VALUES (?, ?, ?)",
            ((number, index, part) for index, part in enumerate(piece.chunks())),
        )


def entries(connection: sqlite3.Connection) -> list[QuarantineEntry]:
    """Return what is still in quarantine, oldest first."""
    rows = connection.execute(f"SELECT {_COLUMNS} FROM quarantine WHERE taken_at IS NULL ORDER BY number")
    return [QuarantineEntry(*row) for row in rows]


def find(connection: sqlite3.Connection, number: int) -> QuarantineEntry | None:
    """Return one entry, also if a retry has taken it."""
    row = connection.execute(f"SELECT {_COLUMNS} FROM quarantine WHERE number = ?", (number,)).fetchone()
    return QuarantineEntry(*row) if row else None


def content(connection: sqlite3.Connection, number: int) -> Iterator[bytes]:
    """Yield the bytes of an entry as they came, a bounded part at a time."""
    part = 0
    while row := connection.execute(
        "SELECT content FROM quarantine_parts WHERE number = ? AND part = ?", (number, part)
    ).fetchone():
        yield row[0]
        part += 1


def mark_taken(connection: sqlite3.Connection, number: int, now: Micros) -> None:
    """Take an entry off the list; its bytes stay."""
    connection.execute("UPDATE quarantine SET taken_at = ? WHERE number = ?", (now, number))


def refuse_again(connection: sqlite3.Connection, number: int, reason: str) -> None:
    """Keep an entry, with the reason as this version sees it."""
    connection.execute("UPDATE quarantine SET reason = ? WHERE number = ?", (_shorten(reason), number))


def containing(connection: sqlite3.Connection, words: Sequence[str]) -> list[int]:
    """Return the entries, taken ones too, that hold one of these words: in their bytes, reason or source."""
    needles = {form for word in words for form in _spellings(word)}
    if not needles:
        return []
    rows = connection.execute("SELECT number, source || ' ' || reason FROM quarantine ORDER BY number").fetchall()
    return [
        number
        for number, said in rows
        if _holds([said.encode(errors="surrogatepass")], needles) or _holds(content(connection, number), needles)
    ]


def remove_containing(connection: sqlite3.Connection, words: Sequence[str]) -> int:
    """Remove the entries that hold one of these words, leaving nothing in their place; return how many."""
    found = containing(connection, words)
    connection.execute("PRAGMA secure_delete = ON")
    for number in found:
        connection.execute("DELETE FROM quarantine_parts WHERE number = ?", (number,))
        connection.execute("DELETE FROM quarantine WHERE number = ?", (number,))
    return len(found)


def _spellings(word: str) -> set[bytes]:
    """Return a word as JSON may spell it, in small letters."""
    plain = word.encode(errors="surrogatepass")
    return {
        plain.lower(),
        json.dumps(word)[1:-1].encode().lower(),
        json.dumps(word, ensure_ascii=False)[1:-1].encode(errors="surrogatepass").lower(),
    }


def _holds(parts: Iterable[bytes], needles: set[bytes]) -> bool:
    """Say whether bytes that come in parts hold a needle, also across the seams."""
    overlap = max(map(len, needles)) - 1
    tail = b""
    for part in parts:
        text = tail + part.lower()
        if any(needle in text for needle in needles):
            return True
        tail = text[-overlap:]
    return False


def _shorten(reason: str) -> str:
    # Reasons quote what came, and what came may be one word of megabytes.
    return reason if len(reason) <= _LONGEST_REASON else reason[:_LONGEST_REASON] + "…"
