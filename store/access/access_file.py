"""access.db: tokens by their fingerprints, and one row for each answer that told of a student."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from hashlib import sha256
from pathlib import Path
from secrets import token_hex, token_urlsafe
from threading import Lock, RLock
from typing import NamedTuple, Self

from outcomes.domain.errors import UsageError
from outcomes.domain.times import MINUTE, Micros
from outcomes.store.access.rights import Grant, Right, Scope, parse_rights
from outcomes.store.sqlite.datastore import BUSY_SECONDS, begin_at_once, connect
from outcomes.store.sqlite.private_files import make_private, sync_to_disk

ACCESS_FILE = "access.db"
ERASED = "erased person"
"""What stands in the record of looks for a student who was erased."""

_PREFIX = "outcomes_"
"""By which scanners for secrets, and people, know a token when they see one."""
_SECRET_BYTES = 32
_NOTING_MS = 1_000
"""So long an answer waits for its look while another program writes here (`access prune`); then it is not given."""
_NOTING_AT_ONCE_MS = 1
"""So long the one thread waits that answers small questions and takes all requests: for a look of another thread."""
_PAGE_BYTES = 4_096
"""Each look writes a page, and is answered after: a small one is written sooner."""
_WRITES_IN_WAL = 5_000
"""So many looks, and uses of tokens, are moved from the write-ahead log into the file itself at once. Seldom, for after
it SQLite lets the next look wait for the disk, and with it who asks then."""

_TABLES = """
CREATE TABLE IF NOT EXISTS tokens (
    id TEXT PRIMARY KEY, fingerprint BLOB NOT NULL UNIQUE, label TEXT NOT NULL, rights TEXT NOT NULL,
    scope TEXT NOT NULL, created INTEGER NOT NULL, expires INTEGER, last_used INTEGER, revoked INTEGER
) STRICT;
CREATE TABLE IF NOT EXISTS people (token TEXT PRIMARY KEY REFERENCES tokens (id), person TEXT NOT NULL) STRICT;
CREATE INDEX IF NOT EXISTS people_by_name ON people (person);
CREATE TABLE IF NOT EXISTS looks (
    number INTEGER PRIMARY KEY, at INTEGER NOT NULL, token TEXT NOT NULL, label TEXT NOT NULL, route TEXT NOT NULL,
    tenant TEXT, course TEXT, student TEXT, as_of TEXT, known_at TEXT, rows INTEGER NOT NULL, via TEXT NOT NULL
) STRICT;
CREATE TRIGGER IF NOT EXISTS looks_are_kept BEFORE UPDATE ON looks WHEN NEW.student IS NOT 'erased person'
BEGIN SELECT raise(ABORT, 'a look that was recorded is not changed'); END;
"""


class Token(NamedTuple):
    """A token without its secret. Times are microseconds; None where there is none."""

    id: str
    label: str
    rights: str
    scope: str
    created: Micros
    expires: Micros | None
    last_used: Micros | None
    revoked: Micros | None
    person: str | None


class Look(NamedTuple):
    """One answer that told of students: who asked what, of whom, at which point, and how many rows they were given."""

    at: Micros
    token: str
    label: str
    route: str
    tenant: str | None
    course: str | None
    student: str | None
    as_of: str | None
    known_at: str | None
    rows: int
    via: str


class AccessFile:
    """The tokens and the looks of one home; threads may share it."""

    def __init__(self, folder: Path) -> None:
        path = folder / ACCESS_FILE
        make_private(path)
        self._lock = RLock()
        self._connection = connect(path, synchronous="FULL", page_bytes=_PAGE_BYTES)
        self._connection.execute("PRAGMA secure_delete=ON")
        self._connection.executescript(_TABLES)
        self._noting = _Noting(path, _NOTING_MS)
        self._noting_at_once = _Noting(path, _NOTING_AT_ONCE_MS)
        # Of its own, too: nobody who asks waits while the disk writes. Its commits do not wait for it either, for they
        # hold the file's one lock for writers.
        self._flushing = connect(path, synchronous="NORMAL")
        for one in (self._connection, self._flushing):
            one.execute("PRAGMA wal_autocheckpoint = 0")
        self._wal = path.with_name(f"{path.name}-wal")
        self._flushed = self._in_wal = 0
        self._known: dict[bytes | str, Token] = {}
        """Tokens as they were looked up, by fingerprint or id; good while only looks are written."""
        self._known_at: int | None = None
        self._used: dict[str, Micros] = {}
        """When tokens were used, by their ids, for the next `flush`: who asks waits for nobody who writes here."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Put all on the disk, and close the file."""
        self.flush()
        self._flushing.close()
        self._noting.close()
        self._noting_at_once.close()
        with self._lock:
            self._connection.close()

    # -- tokens ----------------------------------------------------------------------------------------------------

    def create(
        self,
        rights: frozenset[Right],
        scope: Scope,
        label: str,
        now: Micros,
        expires: Micros | None,
        *,
        person: str | None = None,
    ) -> tuple[Token, str]:
        """Make a token; return it with its secret, which is stored nowhere. A person has it without the secret, too."""
        secret = _PREFIX + token_urlsafe(_SECRET_BYTES)
        told = ",".join(right for right in Right if right in rights)
        token = Token(token_hex(4), label, told, str(scope), now, expires, None, None, person)
        with self._writing() as connection:
            connection.execute(
                "INSERT INTO tokens VALUES (?, ?, ?, ?, ?, ?, ?, NULL, NULL)",
                (token.id, _fingerprint(secret), *token[1:6]),
            )
            if person is not None:
                connection.execute("INSERT INTO people VALUES (?, ?)", (token.id, person))
        return token, secret

    def tokens(self) -> list[Token]:
        """Return all tokens that were ever made, oldest first."""
        with self._lock:
            return [Token(*row) for row in self._connection.execute(f"{_TOKENS} ORDER BY created, id")]

    def revoke(self, token_id: str, now: Micros) -> Token:
        """End a token; raises UsageError if there is none of that id."""
        with self._writing() as connection:
            connection.execute("UPDATE tokens SET revoked = ? WHERE id = ? AND revoked IS NULL", (now, token_id))
            row = connection.execute(f"{_TOKENS} WHERE id = ?", (token_id,)).fetchone()
        if row is None:
            raise UsageError(f"no such token: {token_id!r}: see outcomes token list")
        return Token(*row)

    def holder(self, secret: str, now: Micros) -> Grant | None:
        """Return what the holder of a secret may do; None if that is no token, or one that has ended."""
        return self._grant("fingerprint", _fingerprint(secret), now)

    def grant(self, token_id: str, now: Micros) -> Grant | None:
        """Return what the holder of a token may do, by the token's id; None if there is none, or it has ended."""
        return self._grant("id", token_id, now)

    def grant_of_person(self, person: str, now: Micros) -> Grant | None:
        """Return what a person may do by the newest token that was made for them and holds; None if there is none."""
        with self._lock:
            rows = self._connection.execute(
                "SELECT token FROM people JOIN tokens ON token = id WHERE person = ? ORDER BY created DESC, token",
                (person,),
            ).fetchall()
        found = (self.grant(token, now) for (token,) in rows)
        return next((grant for grant in found if grant is not None), None)

    def _grant(self, column: str, value: bytes | str, now: Micros) -> Grant | None:
        token = self._token(column, value)
        if token is None or token.revoked is not None or (token.expires is not None and token.expires <= now):
            return None
        if token.last_used is None or now - token.last_used > MINUTE:
            self._used[token.id] = now
        return _grant_of(token.id, token.label, token.rights, token.scope)

    def _token(self, column: str, value: bytes | str) -> Token | None:
        """Return a token as it stands now: looked up anew only once something but a look was written."""
        known = self._known_now()
        if value in known:
            return known[value]
        with self._lock:
            row = self._connection.execute(f"{_TOKENS} WHERE {column} = ?", (value,)).fetchone()
        if row is None:
            return None
        known[value] = Token(*row)
        return known[value]

    def _known_now(self) -> dict[bytes | str, Token]:
        """Return the tokens that are known and stand as they were; what is added to it holds as long."""
        version = self._noting_at_once.version()
        if version != self._known_at:
            # A new one, so that what was looked up before the change is added to no other.
            self._known, self._known_at = {}, version
        return self._known

    # -- looks -----------------------------------------------------------------------------------------------------

    def note(self, look: Look, *, may_wait: bool = True) -> None:
        """Record a look, before its answer is given; it is on the disk after the next `flush`.

        Raises sqlite3.OperationalError where another program has written for longer than one can wait: a second, and
        hardly at all unless one `may_wait`.
        """
        (self._noting if may_wait else self._noting_at_once).note(look)

    def flush(self) -> None:
        """Put the looks that were noted on the disk, and when tokens were used, unless others write here just now."""
        self._flush_uses()
        noted = self._noting.noted + self._noting_at_once.noted
        if noted != self._flushed:
            sync_to_disk(self._wal)
            # Only now: what could not be put there is for the next time.
            self._in_wal += noted - self._flushed
            self._flushed = noted
        if self._in_wal > _WRITES_IN_WAL:
            self._flushing.execute("PRAGMA wal_checkpoint(PASSIVE)")
            self._in_wal = 0

    def _flush_uses(self) -> None:
        used = self._used.copy()
        if used and begin_at_once(self._flushing, BUSY_SECONDS * 1_000):
            with self._flushing:
                noted = ((at, token) for token, at in used.items())
                self._flushing.executemany("UPDATE tokens SET last_used = ? WHERE id = ?", noted)
            self._in_wal += len(used)
            # What was noted meanwhile stays for the next time.
            for token, at in used.items():
                if self._used[token] == at:
                    del self._used[token]

    def looks(
        self, *, student: str | None = None, since: Micros | None = None, newest: int | None = None
    ) -> Iterator[Look]:
        """Yield the looks, oldest first: those at one student, or since a time; or the newest so many, newest first."""
        condition, given = _which_looks(student, since)
        order = "ORDER BY number" if newest is None else f"ORDER BY number DESC LIMIT {newest}"
        with self._lock:
            rows = self._connection.execute(
                f"SELECT {', '.join(Look._fields)} FROM looks {condition} {order}", given
            ).fetchall()
        return (Look(*row) for row in rows)

    def count_looks(self, *, student: str | None = None, since: Micros | None = None) -> int:
        """Return how many looks there are: at one student, or since a time."""
        condition, given = _which_looks(student, since)
        with self._lock:
            return int(self._connection.execute(f"SELECT count(*) FROM looks {condition}", given).fetchone()[0])

    def prune(self, before: Micros) -> int:
        """Delete the looks from before a time; return how many."""
        with self._writing() as connection:
            return connection.execute("DELETE FROM looks WHERE at < ?", (before,)).rowcount

    def forget(self, student: str) -> int:
        """Take a student who was erased out of the record: that somebody was looked at stays, not who."""
        with self._writing() as connection:
            swept = connection.execute("UPDATE looks SET student = ? WHERE student = ?", (ERASED, student)).rowcount
        with self._lock:
            self._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        return swept

    @contextmanager
    def _writing(self) -> Iterator[sqlite3.Connection]:
        with self._lock:
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield self._connection
            except BaseException:
                self._connection.execute("ROLLBACK")
                raise
            self._connection.execute("COMMIT")


class _Noting:
    """A connection that notes looks, one after the other: threads that use it take turns.

    A look is with the system before its answer is given: there it outlives this process. `flush` puts it on the disk,
    once for all that have come meanwhile, for a wait at each would be longer than most questions.
    """

    def __init__(self, path: Path, patience_ms: int) -> None:
        self._connection = connect(path, synchronous="NORMAL")
        self._connection.execute("PRAGMA wal_autocheckpoint = 0")
        self._connection.execute(f"PRAGMA busy_timeout = {patience_ms}")
        self._lock = Lock()
        self.noted = 0
        """How many were, each counted once it is with the system."""

    def note(self, look: Look) -> None:
        # One statement is one transaction: no thread holds the file while it waits for the interpreter.
        with self._lock:
            self._connection.execute(_NOTE, look)
            self.noted += 1

    def version(self) -> int:
        """Return a number that differs after each commit of any other connection."""
        with self._lock:
            return int(self._connection.execute("PRAGMA data_version").fetchone()[0])

    def close(self) -> None:
        with self._lock:
            self._connection.close()


def _which_looks(student: str | None, since: Micros | None) -> tuple[str, list[str | Micros]]:
    """Return a condition on looks, and its parameters."""
    wanted: list[tuple[str, str | Micros]] = []
    if student is not None:
        wanted.append(("student = ?", student))
    if since is not None:
        wanted.append(("at >= ?", since))
    condition = f"WHERE {' AND '.join(words for words, _ in wanted)}" if wanted else ""
    return condition, [value for _, value in wanted]


_NOTE = f"INSERT INTO looks VALUES (NULL, {', '.join('?' * len(Look._fields))})"
_TOKENS = f"SELECT {', '.join(Token._fields)} FROM tokens LEFT JOIN people ON token = id"


@lru_cache(maxsize=1_000)
def _grant_of(token_id: str, label: str, rights: str, scope: str) -> Grant:
    return Grant(token_id, label, parse_rights(rights), Scope.parse(scope))


def _fingerprint(secret: str) -> bytes:
    # 256 random bits cannot be guessed, so a slow hash would protect nothing and cost everyone who asks.
    return sha256(secret.encode()).digest()


def forget_student(folder: Path, student: str) -> None:
    """Sweep the record of looks of a home, if it has one, of a student who was erased."""
    if (folder / ACCESS_FILE).exists():
        with AccessFile(folder) as access:
            access.forget(student)
