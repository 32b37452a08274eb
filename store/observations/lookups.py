"""What rows of an export need of other tables, kept on disk while it is read, so that memory does not grow with it."""

import json
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import Any, Self

from outcomes.domain.times import Micros

_ROWS = 5_000

_TABLES = """
CREATE TABLE users (id TEXT PRIMARY KEY, uuid TEXT) WITHOUT ROWID;
CREATE TABLE courses (id TEXT PRIMARY KEY, uuid TEXT, account TEXT) WITHOUT ROWID;
CREATE TABLE deleted_outcomes (id TEXT PRIMARY KEY, saved_at INTEGER) WITHOUT ROWID;
CREATE TABLE pseudonyms (user_id TEXT, sis_user_id TEXT, PRIMARY KEY (user_id, sis_user_id)) WITHOUT ROWID;
CREATE TABLE ratings (id TEXT PRIMARY KEY, proficiency TEXT, updated_at TEXT, rating TEXT) WITHOUT ROWID;
CREATE INDEX ratings_of_scales ON ratings (proficiency);
CREATE TABLE assessed (assignment_id TEXT, user_id TEXT, user_uuid TEXT, course_id TEXT,
    PRIMARY KEY (assignment_id, user_id)) WITHOUT ROWID;
CREATE TABLE report (course TEXT, user TEXT, outcome TEXT, type TEXT, assessment TEXT, question TEXT, attempt INTEGER,
    score REAL, possible REAL, submitted_at INTEGER,
    PRIMARY KEY (course, user, outcome, type, assessment, question, attempt)) WITHOUT ROWID;
CREATE TABLE newest (id TEXT PRIMARY KEY, ts INTEGER, place INTEGER) WITHOUT ROWID;
"""


class Lookups:
    """A scratch database without a name: the system removes it, whatever happens."""

    def __init__(self) -> None:
        self.connection = sqlite3.connect("file:", uri=True, isolation_level=None)
        self.connection.executescript(f"PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; {_TABLES} BEGIN")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.connection.close()

    def keep(self, table: str, rows: Iterable[tuple[Any, ...]]) -> None:
        """Keep rows of one of the tables; what comes later replaces."""
        iterator = iter(rows)
        while some := list(islice(iterator, _ROWS)):
            marks = ", ".join("?" * len(some[0]))
            self.connection.executemany(f"INSERT OR REPLACE INTO {table} VALUES ({marks})", some)

    def user_uuid(self, user_id: str | None) -> str | None:
        """Return the uuid of a user."""
        return self._one("SELECT uuid FROM users WHERE id = ?", user_id)

    def course_uuid(self, course_id: str | None) -> str | None:
        """Return the uuid of a course."""
        return self._one("SELECT uuid FROM courses WHERE id = ?", course_id)

    def course_account(self, course_id: str) -> str | None:
        """Return the account under which a course hangs."""
        return self._one("SELECT account FROM courses WHERE id = ?", course_id)

    def sis_user_id(self, user_id: str) -> str | None:
        """Return what the school calls a user; the first of several pseudonyms."""
        return self._one("SELECT min(sis_user_id) FROM pseudonyms WHERE user_id = ?", user_id)

    def outcome_deleted_at(self, outcome_id: str | None) -> Micros | None:
        """Return when an outcome was last saved, if the export has it as deleted."""
        row = self.connection.execute("SELECT saved_at FROM deleted_outcomes WHERE id = ?", (outcome_id,)).fetchone()
        return None if row is None else row[0]

    def ratings(self, proficiency: str) -> list[tuple[str, str]]:
        """Return the levels of a mastery scale, each with when it was saved: JSON text."""
        rows = self.connection.execute(
            "SELECT updated_at, rating FROM ratings WHERE proficiency = ? AND rating IS NOT NULL", (proficiency,)
        )
        return rows.fetchall()

    def changed_ratings(self, proficiency: str, known: Sequence[str]) -> list[tuple[str, str | None, str | None]]:
        """Return what is told of levels of a scale, or of those that it is known to have: id, time, JSON text.

        The text is None for those that are deleted, the time, too, for those that were deleted for good: of these not
        even the scale is told.
        """
        rows = self.connection.execute(
            "SELECT id, updated_at, rating FROM ratings WHERE proficiency = ? "
            "OR id IN (SELECT value FROM json_each(?))",
            (proficiency, json.dumps(known)),
        )
        return rows.fetchall()

    def assessed(self, assignment_id: str, user_id: str) -> tuple[str, str] | None:
        """Return the student and course for which a result came of an assignment; None if none did."""
        found: tuple[str, str] | None = self.connection.execute(
            "SELECT user_uuid, course_id FROM assessed WHERE assignment_id = ? AND user_id = ?",
            (assignment_id, user_id),
        ).fetchone()
        return found

    def _one(self, sql: str, key: str | None) -> str | None:
        row = None if key is None else self.connection.execute(sql, (key,)).fetchone()
        return None if row is None else row[0]

    def streamed(self, sql: str) -> Iterator[tuple[Any, ...]]:
        """Yield the rows of a question."""
        return iter(self.connection.execute(sql))
