"""A home: what it tells of itself, and how it is closed."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from types import TracebackType
from typing import Self

from outcomes.api.session import Session
from outcomes.projections.views.views_file import origin_of


class HomeBase:
    """A home without its questions and its commands."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._session.__exit__(kind, error, trace)

    def __repr__(self) -> str:
        return f"<outcomes home {self._session.home.place}>"

    @property
    def folder(self) -> Path:
        """The folder that holds `views.db`, and `log.db` unless the log is on PostgreSQL."""
        return self._session.home.folder

    @property
    def place(self) -> str:
        """Where the home is: its folder, or the URL of its log without the password."""
        return self._session.home.place

    def grants(self) -> list[str]:
        """Return the SQL that gives the roles of a log on PostgreSQL their rights; none for a folder."""
        return self._session.log.store.grants()

    @property
    def head(self) -> int:
        """The last position of the log; 0 if it is empty."""
        return self._session.log.head

    @property
    def tenants(self) -> list[str]:
        """The root accounts of which the log holds events."""
        return list(self._session.log.tenants())

    @property
    def edition(self) -> str:
        """A text that changes if the answer to a question at a fixed point may: after an erasure, or of another log."""
        return ":".join(origin_of(self._session.log).properties())

    @property
    def log_id(self) -> str:
        """The id of the log, in hex: copies of one log have the same. Empty before there is an event."""
        return self._session.log.identity() or ""

    @contextmanager
    def stopping_when(self, is_over: Callable[[], bool]) -> Iterator[None]:
        """Let questions end with QuestionStopped once `is_over()`; it is asked often, and must be quick."""
        views = self._session.views
        views.is_over, before = is_over, views.is_over
        try:
            yield
        finally:
            views.is_over = before

    def leave_following(self) -> None:
        """Take the views as they stand from now on: another home of this process lets them follow the log.

        Questions then cost no look at the log, but for one at whether somebody was erased.
        """
        self._session.is_followed = True

    def is_current(self) -> bool:
        """Say whether the views are at the head of the log: a look, where nothing was written since the last."""
        return self._session.views.is_current()

    def in_one_reading(self) -> AbstractContextManager[bool]:
        """Give whether the views are at the head of the log; all that is asked inside is then of one moment."""
        return self._session.views.in_one_reading()

    def check_place(self) -> None:
        """Raise HomeUnavailable once the log is no longer where it was opened: deleted, moved or replaced."""
        self._session.log.check_place()

    def close(self) -> None:
        """Close all files; answers that are still being read end here."""
        self._session.close()
