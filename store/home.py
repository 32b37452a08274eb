"""The data folder: where its files are, and who may read them."""

from contextlib import AbstractContextManager
from pathlib import Path
from typing import NamedTuple

from domain.errors import HomeUnavailable
from store.lock import writing
from store.log import EventLog


class Home(NamedTuple):
    """One folder with one log and its views."""

    folder: Path

    @property
    def log_path(self) -> Path:
        """The truth."""
        return self.folder / "log.db"

    @property
    def views_path(self) -> Path:
        """Disposable: rebuilt from the log when it is not there."""
        return self.folder / "views.db"

    def create(self) -> None:
        """Make the folder, for its owner only, if it is not there."""
        try:
            self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError as error:
            raise HomeUnavailable(
                f"cannot make the folder {self.folder}: {error.strerror}: choose another with --home",
            ) from error

    def open_log(self, *, create: bool = False, seal: bool = False) -> EventLog:
        """Open the log; only a command that writes creates it, sealed if asked. Raises UsageError if it is not."""
        if create:
            self.create()
            with self.writing("opening the log"):
                return EventLog(self.log_path, seal=seal)
        return EventLog(self.log_path, create=False)

    def writing(self, purpose: str) -> AbstractContextManager[None]:
        """Hold the folder's one lock for writers."""
        return writing(self.folder / "writer.lock", purpose)
