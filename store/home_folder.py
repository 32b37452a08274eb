"""The data folder: where its files are, and who may read them."""

import sqlite3
from contextlib import AbstractContextManager
from pathlib import Path
from typing import NamedTuple

from outcomes.domain.errors import LogDamaged
from outcomes.store.log.event_log import EventLog
from outcomes.store.log.log_file import LogFile
from outcomes.store.log.log_store import LogStore
from outcomes.store.privacy.home_key import KeySource, default_source
from outcomes.store.sqlite.private_files import make_private_folder
from outcomes.store.sqlite.read_only import is_writable
from outcomes.store.sqlite.write_lock import PATIENCE_SECONDS, writing


class HomeFolder(NamedTuple):
    """One folder with one log and its views."""

    folder: Path
    key_source: KeySource | None = None
    """Where the key of an encrypted home is; None: in home.key in its folder."""

    @property
    def log_path(self) -> Path:
        """The truth."""
        return self.folder / "log.db"

    @property
    def store(self) -> LogStore:
        """Where the log is kept."""
        return LogFile(self.log_path)

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
            if create:
                self.create()
                with self.writing("opening the log"):
                    return EventLog(self.store, self._key, encrypt=encrypt)
            return EventLog(self.store, self._key, create=False)
        except sqlite3.DatabaseError as error:
            if error.sqlite_errorcode not in {sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_CORRUPT}:
                raise
            raise LogDamaged(f"{self.log_path} cannot be read ({error}): restore it from a backup") from error

    @property
    def _key(self) -> KeySource:
        return self.key_source or default_source(self.folder)

    @property
    def is_writable(self) -> bool:
        """Whether anything can be changed here; where not, questions are answered from what is there."""
        return is_writable(self.log_path)

    def writing(self, purpose: str, *, patience: float = PATIENCE_SECONDS) -> AbstractContextManager[None]:
        """Hold the folder's one lock for writers; raises HomeBusy if it cannot be had within `patience` seconds."""
        return writing(self.folder / "writer.lock", purpose, patience=patience)
