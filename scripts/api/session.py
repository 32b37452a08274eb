"""An open home: its log and its views, and how a question reads them. Everything that opens a home does it here."""

import sqlite3
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from os import PathLike
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TypeVar
from weakref import WeakSet

from outcomes.api.arguments import now
from outcomes.domain.times import Micros
from outcomes.projections.views.read_model import ReadModel, Watch, unwatched
from outcomes.store.home_folder import HomeFolder
from outcomes.store.log.event_log import EventLog
from outcomes.store.privacy.home_key import KeySource
from outcomes.store.sqlite.read_only import ImmutableReadGuard

Row = TypeVar("Row")


class Session:
    """The parts of one open home, for one thread.

    `key_source` is where an encrypted home's key is, if not in its folder; `clock` tells when something is recorded.
    """

    def __init__(
        self,
        home: str | PathLike[str],
        *,
        create: bool = False,
        encrypt: bool = False,
        views: Path | None = None,
        key_source: KeySource | None = None,
        clock: Callable[[], Micros] = now,
    ) -> None:
        self.home = HomeFolder.at(home, views, key_source)
        # Looked at before anything is read: see `still`.
        self._guard = ImmutableReadGuard.of(self.home.log_path, self.home.views_path)
        self.log: EventLog = self.home.open_log(create=create, encrypt=encrypt)
        self.views = ReadModel(self.home, self.log)
        self.clock = clock
        self.is_followed = False
        """Whether somebody else lets the views follow the log: then questions take them as they stand."""
        self._streams: WeakSet[Generator[Any, None, None]] = WeakSet()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        try:
            if kind is None:
                self.still()
        finally:
            self.close()

    def still(self) -> None:
        """Raise HomeUnavailable if files that cannot be locked were written since they were opened."""
        self._guard.check()

    def close(self) -> None:
        """Close all files. Answers that are still being read end here."""
        for stream in list(self._streams):
            stream.close()
        self.views.close()
        self.log.close()

    @contextmanager
    def reading(self, watch: Watch = unwatched) -> Iterator[sqlite3.Connection]:
        """Give the views at the head of the log; everything read in here is of one moment."""
        views = self.views
        with views.reading_followed(watch) if self.is_followed else views.reading(watch) as connection:
            yield connection
        self.still()

    def stream(self, ask: Callable[[sqlite3.Connection], Iterator[Row]]) -> Iterator[Row]:
        """Yield an answer row by row as it is read, all of it of one moment."""
        return self.kept(self._stream(ask))

    def kept(self, rows: Generator[Row, None, None]) -> Iterator[Row]:
        """Return a generator that will be ended when the home is closed."""
        self._streams.add(rows)
        return rows

    def _stream(self, ask: Callable[[sqlite3.Connection], Iterator[Row]]) -> Generator[Row, None, None]:
        with self.reading() as connection:
            yield from ask(connection)
