"""What could not be read: verbatim, with its source, line and reason, until a later version can read it.

Kept in the log's file, in the same transactions. An entry is marked when a retry has taken it or somebody dismissed it,
and removed only by an erasure; the ledger knows each of these steps. The same bytes arriving again are counted, not
stored again.
"""

import json
from collections.abc import Iterable, Iterator, Sequence
from hashlib import blake2b
from secrets import token_bytes
from typing import Any, NamedTuple

from outcomes.domain.times import Micros
from outcomes.store import ledger
from outcomes.store.connection import Connection
from outcomes.store.encoding.content_digest import DIGEST_BYTES
from outcomes.store.ledger import Table, announced, guards
from outcomes.store.log.word_search import holds_any
from outcomes.store.privacy import settings
from outcomes.store.rows import fetch_all
from outcomes.store.sources.segment import Segment

TABLE = Table(
    "quarantine",
    {
        "number": "integer",
        "digest": "blob",
        "first_seen": "integer",
        "last_seen": "integer",
        "times": "integer",
        "source": "text",
        "line": "integer",
        "reason": "text",
        "bytes": "integer",
        "taken_at": "integer?",
        "dismissed_at": "integer?",
        "dismissed_because": "text?",
        "nonce": "blob",
        "places": "text?",
    },
)
PARTS = Table("quarantine_parts", {"number": "integer", "part": "integer", "content": "blob"})

# The last four columns came with format 3. The nonce makes what the ledger keeps of an entry that was removed no way to
# confirm a guess of it; `places` is where the same bytes came again: [[source, line], …].
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
        taken_at INTEGER, dismissed_at INTEGER, dismissed_because TEXT, nonce BLOB, places TEXT)""",
    """CREATE TABLE IF NOT EXISTS quarantine_parts (
        number INTEGER NOT NULL REFERENCES quarantine (number),
        part INTEGER NOT NULL,
        content BLOB NOT NULL,
        PRIMARY KEY (number, part))""",
)
TO_FORMAT_3 = (
    "ALTER TABLE quarantine ADD COLUMN dismissed_at INTEGER",
    "ALTER TABLE quarantine ADD COLUMN dismissed_because TEXT",
    "ALTER TABLE quarantine ADD COLUMN nonce BLOB",
    "ALTER TABLE quarantine ADD COLUMN places TEXT",
    "UPDATE quarantine SET nonce = randomblob(16)",
)


def _part_guard(action: str, when: str) -> tuple[str, str]:
    name = f"quarantine_parts_guard_{action}"
    refusal = f"the log is immutable: {action.upper()} on quarantine_parts is refused"
    return name, f"CREATE TRIGGER {name} BEFORE {when} BEGIN SELECT RAISE(ABORT, '{refusal}'); END"


_THERE = "EXISTS (SELECT 1 FROM quarantine_parts WHERE number = NEW.number AND part = NEW.part)"
TRIGGERS = {
    **guards(TABLE, is_alterable=True),
    **dict(
        [
            _part_guard(
                "insert",
                f"INSERT ON quarantine_parts WHEN {_THERE} OR NOT {announced('quarantine', 'NEW.number')}",
            ),
            _part_guard("update", "UPDATE ON quarantine_parts"),
            _part_guard(
                "delete",
                f"DELETE ON quarantine_parts WHEN NOT {announced('quarantine', 'OLD.number', is_removal=True)}",
            ),
        ]
    ),
}
"""What refuses every change that is not announced in the ledger, by name."""

_LONGEST_REASON = 500
_MOST_PLACES = 100
_PART = 500
"""Entries that are read at once."""
_LEAST, _MOST = -(1 << 63), (1 << 63) - 1
_NONCE_BYTES = 16


_Blob = bytes  # a name of its own, since an entry has a field `bytes`


class QuarantineEntry(NamedTuple):
    """One stretch of bytes in quarantine.

    `taken_at` is set once a retry has read it, `dismissed_at` and `dismissed_because` once somebody took it out of the
    counts.
    """

    number: int
    digest: _Blob
    first_seen: Micros
    last_seen: Micros
    times: int
    source: str
    line: int
    reason: str
    bytes: int
    taken_at: Micros | None
    dismissed_at: Micros | None
    dismissed_because: str | None
    nonce: _Blob
    places: str | None

    def all_places(self) -> list[tuple[str, int]]:
        """Return the sources and lines where the bytes came, the first one first; of very many the first few."""
        try:
            more = [] if self.places is None else [(str(source), int(line)) for source, line in json.loads(self.places)]
        except (ValueError, TypeError):  # changed by somebody, as `verify` tells
            more = []
        return [(self.source, self.line), *more]

    def is_from(self, source: str) -> bool:
        """Say whether the bytes ever came from a source."""
        return any(name == source for name, _ in self.all_places())

    @property
    def is_waiting(self) -> bool:
        """Whether it is neither taken nor dismissed."""
        return self.taken_at is None and self.dismissed_at is None


def put(connection: Connection, segment: Segment, source: str, reason: str, now: Micros) -> None:
    """Keep the bytes of a segment; if they are there already, count them and put them back in quarantine.

    Bytes that were dismissed are counted and stay dismissed.
    """
    digest, size = _digest(segment.chunks())
    known = find_all(connection, "digest = ?", digest)
    if known:
        again = known[0]._replace(times=known[0].times + 1, last_seen=now, reason=_shorten(reason), taken_at=None)
        ledger.change(connection, TABLE, *again._replace(places=_with_place(known[0], source, segment.line)))
        return
    number = ledger.next_number(connection, TABLE)
    entry = QuarantineEntry(
        number, digest, now, now, 1, source, segment.line, _shorten(reason), size, None, None, None, _nonce(), None
    )
    ledger.insert(connection, TABLE, *entry)
    connection.executemany(
        "INSERT INTO quarantine_parts (number, part, content) VALUES (?, ?, ?)",
        ((number, index, part) for index, part in enumerate(segment.chunks())),
    )


def _with_place(entry: QuarantineEntry, source: str, line: int) -> str | None:
    places = entry.all_places()
    if (source, line) in places or len(places) >= _MOST_PLACES:
        return entry.places
    return json.dumps([*places[1:], (source, line)])


def entries(connection: Connection) -> list[QuarantineEntry]:
    """Return what is still in quarantine, oldest first. Raises LogDamaged."""
    return [entry for entry in find_all(connection, "taken_at IS NULL") if entry.is_waiting]


def readable_entries(
    connection: Connection, *, after: int | None = None, newest_first: bool = False, most: int | None = None
) -> tuple[list[QuarantineEntry], list[str]]:
    """Return what is still in quarantine as far as it can be told, and in words which entries are damaged.

    Of those after a number, in either direction, at most so many.
    """
    found: list[QuarantineEntry] = []
    damage: list[str] = []
    for row in _rows_after(connection, after, newest_first=newest_first):
        if most is not None and len(found) >= most:
            break
        faults = list(TABLE.faults(row))
        damage += faults
        entry = None if faults else QuarantineEntry(*row)
        if entry is not None and entry.is_waiting:
            found.append(entry)
    return found, damage


def find(connection: Connection, number: int) -> QuarantineEntry | None:
    """Return one entry, also if it was taken or dismissed. Raises LogDamaged."""
    return next(iter(find_all(connection, "number = ?", number)), None)


def find_all(connection: Connection, where: str, *parameters: Any) -> list[QuarantineEntry]:
    """Return the entries of which a condition holds, oldest first. Raises LogDamaged."""
    return [QuarantineEntry(*TABLE.checked(row)) for row in _rows(connection, where, *parameters)]


def _rows_after(connection: Connection, number: int | None, *, newest_first: bool) -> Iterator[tuple[Any, ...]]:
    """Yield what no retry has taken, from a number on, a bounded part at a time."""
    beyond, order = ("number < ?", "number DESC") if newest_first else ("number > ?", "number")
    at = number if number is not None else _MOST if newest_first else _LEAST
    while rows := _rows(connection, f"taken_at IS NULL AND {beyond}", at, order=f"{order} LIMIT {_PART}"):
        yield from rows
        at = rows[-1][0]


def _rows(connection: Connection, where: str, *parameters: Any, order: str = "number") -> list[tuple[Any, ...]]:
    rows = fetch_all(connection, f"SELECT * FROM quarantine WHERE {where} ORDER BY {order}", parameters)
    return list(map(_whole_row, rows))


def _whole_row(row: tuple[Any, ...]) -> tuple[Any, ...]:
    # Before format 3 there were no dismissals and no nonce.
    return row if len(row) == len(TABLE.columns) else (*row, None, None, b"", None)


def content(connection: Connection, number: int) -> Iterator[bytes]:
    """Yield the bytes of an entry as they came, a bounded part at a time. Raises LogDamaged."""
    part = 0
    sql = f"SELECT {PARTS.listed} FROM quarantine_parts WHERE number = ? AND part = ?"
    while rows := fetch_all(connection, sql, (number, part)):
        yield PARTS.checked(rows[0])[-1]
        part += 1


def is_whole(connection: Connection, entry: QuarantineEntry) -> bool:
    """Say whether the bytes of an entry are those that came. Raises LogDamaged."""
    sql = "SELECT count(*), max(part) FROM quarantine_parts WHERE number = ?"
    count, last = connection.execute(sql, (entry.number,)).fetchone()
    return last in {None, count - 1} and _digest(content(connection, entry.number)) == (entry.digest, entry.bytes)


def mark_taken(connection: Connection, number: int, now: Micros) -> None:
    """Take an entry off the list; its bytes stay."""
    _change(connection, number, taken_at=now)


def refuse_again(connection: Connection, number: int, reason: str) -> None:
    """Keep an entry, with the reason as this version sees it."""
    _change(connection, number, reason=_shorten(reason))


def dismiss(connection: Connection, numbers: Iterable[int], because: str, now: Micros) -> int:
    """Take entries that wait out of the counts, saying why; the record and the bytes stay. Return how many."""
    waiting = {entry.number for entry in entries(connection)} & set(numbers)
    for number in sorted(waiting):
        _change(connection, number, dismissed_at=now, dismissed_because=because)
    return len(waiting)


def unread_by(connection: Connection, reader: int) -> int:
    """Return up to which number the entries were last read by another version of the reader; 0 if none were."""
    version, _, number = (settings.current(connection, settings.QUARANTINE_READER) or "").partition(">")
    return int(number) if version == str(reader) else _last_number(connection)


def note_reader(connection: Connection, reader: int, now: Micros, *, read_all: bool = False) -> None:
    """Write down that what comes from now on is read by this version, or, after a retry, that all of it was."""
    known = settings.current(connection, settings.QUARANTINE_READER)
    if known is None or known.partition(">")[0] != str(reader) or (read_all and known != f"{reader}>0"):
        number = 0 if read_all else _last_number(connection)
        settings.record(connection, settings.QUARANTINE_READER, f"{reader}>{number}", now)


def _last_number(connection: Connection) -> int:
    return int(connection.execute("SELECT coalesce(max(number), 0) FROM quarantine").fetchone()[0])


def _change(connection: Connection, number: int, **values: Any) -> None:
    for entry in find_all(connection, "number = ?", number):
        ledger.change(connection, TABLE, *entry._replace(**values))


def containing(connection: Connection, words: Sequence[str]) -> list[int]:
    """Return the entries, taken ones too, that hold one of these words: in their bytes, reason or source.

    However the word is written there: in another encoding, escaped, in Base64, or packed.
    """
    if not words:
        return []
    rows = connection.execute("SELECT number, source || ' ' || reason FROM quarantine ORDER BY number").fetchall()
    return [
        number
        for number, said in rows
        if holds_any([said.encode(errors="surrogatepass")], words) or holds_any(content(connection, number), words)
    ]


def remove_containing(connection: Connection, words: Sequence[str]) -> int:
    """Remove the entries that hold one of these words, leaving nothing in their place; return how many."""
    found = containing(connection, words)
    connection.forget_for_good()
    for number in found:
        ledger.announce(connection, TABLE.subject(number), None)
        connection.execute("DELETE FROM quarantine_parts WHERE number = ?", (number,))
        connection.execute("DELETE FROM quarantine WHERE number = ?", (number,))
    return len(found)


def _digest(parts: Iterable[bytes]) -> tuple[bytes, int]:
    hasher = blake2b(digest_size=DIGEST_BYTES)
    size = 0
    for part in parts:
        hasher.update(part)
        size += len(part)
    return hasher.digest(), size


def _nonce() -> bytes:
    return token_bytes(_NONCE_BYTES)


def _shorten(reason: str) -> str:
    # Reasons quote what came, and what came may be one word of megabytes.
    return reason if len(reason) <= _LONGEST_REASON else reason[:_LONGEST_REASON] + "…"
