"""The seam: what a log needs of where it is kept, beyond SQL that SQLite and PostgreSQL both understand."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any, Protocol

from eventsourcing.persistence import InfrastructureFactory, PersistenceError
from eventsourcing.utils import Environment

from outcomes.store.connection import Connection
from outcomes.store.log.hash_chain import Problem


class Changes(Protocol):
    """Tells whether a log was written since one last looked."""

    def value(self) -> int | None:
        """Return a number that differs after each commit; None if it cannot be told now."""

    def close(self) -> None:
        """Close what it looks with."""


class LogStore(Protocol):
    """Where one log is kept. Reading and writing rows is SQL; all else is here."""

    @property
    def place(self) -> str:
        """In words, for messages; never with a password."""

    @property
    def restore(self) -> str:
        """What to do where it is damaged, in words."""

    def exists(self) -> bool:
        """Say whether a log is there; raises HomeUnavailable if another program's data is."""

    def create(self) -> None:
        """Make the place, empty and private, if it is not there."""

    def refuse_encryption(self) -> None:
        """Raise UsageError where the promise of encryption cannot be kept."""

    def presence(self) -> Callable[[], None]:
        """Return what raises HomeUnavailable once the log is no longer where it is now."""

    def environment(self) -> dict[str, str]:
        """Return what the library's factory is made from."""

    def factory(self, env: Environment) -> InfrastructureFactory[Any]:
        """Return the library's factory, whose recorder is a BatchRecorder."""

    def make_tables(self, connection: Connection) -> None:
        """Make the tables of a log of the present format, without its guards."""

    def arm(self, connection: Connection) -> None:
        """Put the triggers that refuse every change back as they should be, and drop any other."""

    def examine(self, connection: Connection) -> Iterator[Problem]:
        """Yield what is wrong with a log apart from its events, inside one read transaction."""

    def peek(self) -> AbstractContextManager[Connection]:
        """Open one read transaction of a log that cannot be opened as one, or is not yet."""

    def changes(self) -> Changes:
        """Return what tells whether the log was written."""

    def sweep(self, *, patience: float, otherwise: str) -> None:
        """Leave nothing that is not in the tables; raises HomeUnavailable, with what to do `otherwise`."""

    def copy(self, connection: Connection, target: Path, watch: Callable[[int, int], None]) -> None:
        """Copy the log as this transaction sees it to a file of SQLite; `watch` is told (done, of how many)."""

    def raised(self, error: PersistenceError) -> Exception:
        """Return, for an error of the library, what our own statements raise here in such a case."""

    def grants(self) -> list[str]:
        """Return the SQL that gives roles their rights."""

    def size(self) -> int:
        """Return how many bytes it takes."""
