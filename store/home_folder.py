"""The data folder: where its files are, and who may read them."""

import os
import sqlite3
from contextlib import AbstractContextManager
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, Self

from outcomes.domain.errors import LogDamaged, MissingExtra, UsageError
from outcomes.store.log.event_log import EventLog
from outcomes.store.log.log_file import LogFile
from outcomes.store.log.log_store import LogStore
from outcomes.store.privacy.home_key import KeySource, default_source
from outcomes.store.sqlite.private_files import make_private_folder
from outcomes.store.sqlite.read_only import is_writable
from outcomes.store.sqlite.write_lock import PATIENCE_SECONDS, writing

if TYPE_CHECKING:
    from outcomes.store.log.log_database import LogDatabase

VIEWS_VARIABLE = "OUTCOMES_VIEWS"


def is_url(home: str | PathLike[str]) -> bool:
    """Say whether a home is named by the URL of a log on PostgreSQL, not by a folder."""
    return str(home).startswith(("postgresql:", "postgres:"))


class HomeFolder(NamedTuple):
    """One folder with one log and its views."""

    folder: Path
    key_source: KeySource | None = None
    """Where the key of an encrypted home is; None: in home.key in its folder."""

    @property
    def log_path(self) -> Path:
        """The truth."""
        return self.folder / "log.db"

    url: str | None = None
    """Where on PostgreSQL the log is; None: in log.db in the folder, which else holds this node's views alone."""

    @classmethod
    def at(cls, home: str | PathLike[str], views: Path | None = None, key_source: KeySource | None = None) -> Self:
        """Return a home by its folder, or by the URL of its log, whose views are in a folder of this machine.

        That is `views`, or OUTCOMES_VIEWS, or a folder for this database among what programs keep of their state
        (XDG_STATE_HOME, else ~/.local/state). Raises UsageError, and MissingExtra without psycopg.
        """
        if not is_url(home):
            if views is not None:
                raise UsageError(f"{home} is a folder, and holds its views itself: --views is for a log on PostgreSQL")
            return cls(Path(home), key_source)
        if key_source is not None:
            raise UsageError("homes on PostgreSQL are not encrypted, and have no key: leave out --key-file")
        url = str(home)
        named = os.environ.get(VIEWS_VARIABLE)
        folder = views or (Path(named) if named else _state_folder() / _database_at(url).key)
        return cls(folder, None, url)

    @property
    def store(self) -> LogStore:
        """Where the log is kept."""
        return LogFile(self.log_path) if self.url is None else _database_at(self.url)

    @property
    def place(self) -> str:
        """Where the home is, for messages."""
        return str(self.folder) if self.url is None else self.store.place

    @property
    def views_path(self) -> Path:
        """Disposable: rebuilt from the log when it is not there."""
        return self.folder / "views.db"

    def create(self) -> None:
        """Make the folder, for its owner only, if it is not there."""
        make_private_folder(self.folder)

    def open_log(self, *, create: bool = False, encrypt: bool = False) -> EventLog:
        """Open the log; only a command that writes creates it, encrypted if asked.

        Raises HomeUnavailable, LogDamaged, and UsageError if a home that is there is not encrypted.
        """
        try:
            if create or self.url is not None:
                self.create()
            if create:
                with self.writing("opening the log"):
                    return EventLog(self.store, self.key, encrypt=encrypt)
            return EventLog(self.store, self.key, create=False)
        except sqlite3.DatabaseError as error:
            if error.sqlite_errorcode not in {sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_CORRUPT}:
                raise
            raise LogDamaged(f"{self.log_path} cannot be read ({error}): restore it from a backup") from error

    @property
    def key(self) -> KeySource:
        """Where its key is, if it is encrypted."""
        return self.key_source or default_source(self.folder)

    @property
    def is_writable(self) -> bool:
        """Whether anything can be changed here; where not, questions are answered from what is there."""
        return is_writable(self.log_path) if self.url is None else os.access(self.folder, os.W_OK)

    def writing(self, purpose: str, *, patience: float = PATIENCE_SECONDS) -> AbstractContextManager[None]:
        """Hold the folder's one lock for writers; raises HomeBusy if it cannot be had within `patience` seconds."""
        return writing(self.folder / "writer.lock", purpose, patience=patience)


def _state_folder() -> Path:
    named = os.environ.get("XDG_STATE_HOME")
    return (Path(named) if named else Path.home() / ".local" / "state") / "outcomes"


def _database_at(url: str) -> "LogDatabase":
    try:
        from outcomes.store.log.log_database import LogDatabase  # noqa: PLC0415 - psycopg is an extra
    except ImportError as error:
        raise MissingExtra(
            "psycopg is not installed, and a log on PostgreSQL needs it: pip install 'outcome-projector[postgres]'"
        ) from error
    return LogDatabase(url)
