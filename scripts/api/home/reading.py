"""What is asked of a home: points in both times, and what is of no point."""

import sqlite3
from collections.abc import Callable, Iterator
from functools import cached_property
from itertools import chain
from os import PathLike, fspath
from pathlib import Path
from typing import TYPE_CHECKING

from outcomes.api.arguments import Known, Time, instant, known_text, place, time_text
from outcomes.api.home.base import HomeBase
from outcomes.api.point import Point
from outcomes.domain.errors import LogDamaged, UsageError
from outcomes.domain.positions import position_of
from outcomes.projections.as_of.point import FOREVER, LogCut, PointQuery, beyond, check_tenant, resolve, resolve_cut
from outcomes.projections.paging import Page, number_of_key
from outcomes.projections.views.read_model import Watch, unwatched
from outcomes.store.sources.files import source_name
from outcomes.store.sqlite.read_only import connect_read_only

if TYPE_CHECKING:
    from sqlite_utils import Database

    from outcomes.api.answers.differences import Diff, ScoreChange
    from outcomes.api.answers.events import Log
    from outcomes.api.answers.operations import LogWritten, Status, Verdict
    from outcomes.api.quarantine import Quarantine
    from outcomes.api.settings import Settings
    from outcomes.projections.operations.lag import Lag
    from outcomes.store.operations.checkpoint import Checkpoint


class HomeQuestions(HomeBase):
    """The questions of a home."""

    @cached_property
    def quarantine(self) -> "Quarantine":
        """What could not be read, and another try at it."""
        from outcomes.api.quarantine import Quarantine

        return Quarantine(self._session)

    @cached_property
    def settings(self) -> "Settings":
        """What no event of Canvas tells: features of a root account, and what this home drops."""
        from outcomes.api.settings import Settings

        return Settings(self._session, self.at)

    def at(self, as_of: Time | None = None, known_at: Known | None = None, tenant: str | None = None) -> Point:
        """Return the point at an event time, as known at a position or clock time: where all questions are asked.

        Without `as_of` all event times count, without `known_at` all that is in the log now. `tenant` (the root
        account's uuid) is needed only where the log holds several. Raises UsageError, and HomeUnavailable where the
        views would have to be written and cannot be.
        """
        asked = PointQuery(tenant, time_text(as_of), known_text(known_at))
        with self._session.reading() as connection:
            check_tenant(connection, tenant)
            cut = resolve_cut(connection, asked)
            return Point(self._session, tenant, cut, beyond(connection, asked, cut))

    def catch_up(self, watch: Watch = unwatched) -> bool:
        """Bring the views to the head of the log; every question does it. `watch` is told (position, head).

        False if somebody else is writing: questions wait for no writer, and are answered from the views as they stand.
        """
        return self._session.views.catch_up(watch)

    def diff(
        self,
        context: str | None = None,
        from_: Time | None = None,
        to: Time | None = None,
        *,
        from_known: Known | None = None,
        to_known: Known | None = None,
        students: bool = False,
        tenant: str | None = None,
        as_of: Time | None = None,
        known_at: Known | None = None,
    ) -> "Diff":
        """Compare two trees: at two event times (of `known_at`), or at `as_of` as the log knew it at two positions.

        Without a context it compares all of them; without `to` or `to_known`, with now. `students` adds whose score or
        mastery differs.
        """
        from outcomes.api.answers.differences import (
            Diff,
            Heading,
            ScoreChange,
            ScoreChanges,
            node_change,
            policy_difference,
        )
        from outcomes.projections.history.diff import diff, policies_changed, students_changed

        if (from_ is None) == (from_known is None):
            raise UsageError("say from when: --from T1 [--to T2], or --from-known P1 [--to-known P2]")
        # What has no meaning beside the others is read all the same, so that no slip of the pen goes unnoticed.
        knowns = (known_text(known) for known in (known_at, to_known))
        for given in (as_of, to, *(text for text in knowns if text is not None and position_of(text) is None)):
            instant(given)
        where = place(context)
        pairs: tuple[tuple[Time | None, Known | None], ...] = (
            ((from_, known_at), (to, known_at)) if from_ is not None else ((as_of, from_known), (as_of, to_known))
        )
        log = self._session.log
        with self._session.reading() as connection:
            queries = [PointQuery(tenant, time_text(time), known_text(known)) for time, known in pairs]
            before, after = points = [resolve(connection, query) for query in queries]
            remarks = [beyond(connection, query, point) for query, point in zip(queries, points, strict=True)]
            places = diff(connection, log, before, after, where)
            policies = [policy_difference(told) for told in policies_changed(connection, log, before, after, where)]

        def scores(connection: sqlite3.Connection) -> "Iterator[ScoreChange]":
            return map(ScoreChange.of, students_changed(connection, before, after, where))

        return Diff(
            **{name: tuple(map(node_change, rows)) for name, rows in places.items()},
            policies=tuple(policies),
            students=ScoreChanges(lambda: self._session.stream(scores)) if students else None,
            before=Heading.of(before.heading()),
            after=Heading.of(after.heading()),
            remarks=tuple(chain(*remarks)),
        )

    def log(
        self,
        *,
        after: int | str | None = None,
        limit: int | None = None,
        newest_first: bool = False,
        follow: bool = False,
        as_of: Time | None = None,
        known_at: Known | None = None,
        tenant: str | None = None,
        waiting: Callable[[], None] = lambda: None,
    ) -> "Log":
        """Return the events as they came, in the order in which they were appended; read as they are iterated.

        `after` is a position; with `newest_first` it goes backwards from there. `.lines()` are the bytes, which
        `ingest` takes back. With `follow` it goes on as events come, without an end; `waiting` is called whenever it
        may have to wait for the next.
        """
        from outcomes.api.log import Wanted, log_at

        if follow and known_at is not None:
            raise UsageError("--follow prints what comes after the head of the log: leave out --known-at")
        if follow and newest_first:
            raise UsageError("--follow prints what comes after the head of the log: leave out --newest-first")
        page = Page(limit, None if after is None else str(after), newest_first)
        wanted = Wanted(page, waiting if follow else None)
        try:
            point = self.at(as_of, known_at, tenant)
        except LogDamaged:
            if (as_of, known_at, tenant) != (None, None, None):
                raise
            # No views can be made of it, and none are needed to show what is left.
            point = Point(self._session, None, LogCut(None, self._session.log.head, FOREVER), ())
        return log_at(self._session, point, wanted)

    def write_log(
        self, to: str | PathLike[str], *, after: int | str | None = None, known_at: Known | None = None
    ) -> "LogWritten":
        """Write the events behind a position, up to another, to a new Parquet file that `replay_files` reads.

        Beside the bytes of each it has what the log alone knows: position, time of recording, and the digest where
        that is not the content's. Raises HomeUnavailable if the file is there, LogDamaged, MissingExtra.
        """
        from outcomes.api.answers.operations import LogWritten
        from outcomes.api.extras import require

        require("pyarrow", "parquet")
        from outcomes.projections.export.log_parquet import write_log

        log = self._session.log
        upto = log.head if known_at is None else self.at(known_at=known_at).cut.known_at
        written = write_log(log, Path(to), 0 if after is None else number_of_key(str(after)), upto)
        return LogWritten(source_name(fspath(to)), *written)

    def lag(self, after: int = 0) -> "Lag":
        """Return how far the record is behind Canvas, and how many of the events after a position came late."""
        from outcomes.projections.operations.lag import lag_after

        with self._session.reading() as connection:
            return lag_after(connection, after)

    def status(self) -> "Status":
        """Return how things stand: head, sizes, counts, positions, tenants. The views are taken as they are."""
        from outcomes.api.answers.operations import Status
        from outcomes.projections.operations.status import status

        session = self._session
        return Status.of(status(session.home, session.log, session.views, session.clock()))

    def verify(
        self,
        *,
        all: bool = False,  # noqa: A002 - named like the option
        against: "str | PathLike[str] | Checkpoint | None" = None,
        rebuild: bool = False,
        rearm: bool = False,
        watch: Watch = unwatched,
    ) -> "Verdict":
        """Prove that the log is whole and that the views equal a replay of it; the verdict is false if not.

        `all` replays every entity, not a sample of 200; `rebuild` makes views anew, the log read backwards, and
        compares every row. `against` is a checkpoint, or a file that holds one: the log has only grown since.
        `rearm` puts back triggers, having reported those that are gone or changed.
        """
        from outcomes.api import maintenance

        before = maintenance.checkpoint_given(against)
        checks = maintenance.Checks(everything=all, anew=rebuild, against=before, watch=watch)
        return maintenance.verify(self._session, checks, rearm=rearm)

    def checkpoint(self) -> "Checkpoint":
        """Return one line that stands for the whole log as it is now, to keep elsewhere: `str()` is that line."""
        from outcomes.store.operations.checkpoint import checkpoint

        return checkpoint(self._session.log)

    def database(self) -> "Database":
        """Return the views as a sqlite-utils database, brought up to date first. It cannot be written. Close it."""
        from sqlite_utils import Database

        self.catch_up()
        return Database(connect_read_only(self._session.home.views_path))
