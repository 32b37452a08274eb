"""A home: the folder with the log and its views. Opened here, written here, and asked at its points."""

import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import cached_property
from itertools import chain
from os import PathLike
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from outcomes.api.arguments import Id, Known, Time, known_text, place, time_text
from outcomes.api.point import Point
from outcomes.api.session import Session
from outcomes.domain.errors import HomeUnavailable, LogDamaged, UsageError
from outcomes.projections.as_of.point import LogCut, PointQuery, beyond, check_tenant, resolve, resolve_cut
from outcomes.projections.paging import Page
from outcomes.projections.views.read_model import Watch, origin_of, unwatched
from outcomes.store.home_folder import HomeFolder
from outcomes.store.privacy.home_key import KeySource, source_of
from outcomes.store.privacy.settings import REDACT
from outcomes.store.sqlite.read_only import connect_read_only

if TYPE_CHECKING:
    from sqlite_utils import Database

    from outcomes.api.answers.differences import Diff, ScoreChange
    from outcomes.api.answers.events import Log
    from outcomes.api.answers.exports import Bootstrapped, Reconciliation, RollupComparison
    from outcomes.api.answers.operations import Backup, Erased, IngestReport, Rebuilt, Received, Status, Verdict
    from outcomes.api.ingest import Events
    from outcomes.api.quarantine import Quarantine
    from outcomes.api.settings import Settings
    from outcomes.projections.operations.lag import Lag
    from outcomes.store.ingest.group_commit import Delivery
    from outcomes.store.operations.checkpoint import Checkpoint


def _unwatched_table(_table: str, _rows: int) -> None:
    """Watch nothing."""


class Home:
    """One folder with one log and its views, for one thread: give each thread a home of its own.

    Opening one costs a few milliseconds. Reading writes nothing but `views.db`, and that only where it is behind the
    log. `with` closes it, and raises HomeUnavailable if read-only files were written by somebody else meanwhile.
    """

    def __init__(self, session: Session) -> None:
        self._session = session

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._session.__exit__(kind, error, trace)

    def __repr__(self) -> str:
        return f"<outcomes home {self.folder}>"

    @property
    def folder(self) -> Path:
        """The folder that holds `log.db` and `views.db`."""
        return self._session.home.folder

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

    def close(self) -> None:
        """Close all files; answers that are still being read end here."""
        self._session.close()

    # -- asking ----------------------------------------------------------------------------------------------------

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
            raise UsageError("--follow goes on behind the head of the log: leave out --known-at")
        if follow and newest_first:
            raise UsageError("--follow goes on behind the head of the log: leave out --newest-first")
        page = Page(limit, None if after is None else str(after), newest_first)
        wanted = Wanted(page, waiting if follow else None)
        try:
            point = self.at(as_of, known_at, tenant)
        except LogDamaged:
            if (as_of, known_at, tenant) != (None, None, None):
                raise
            # No views can be made of it, and none are needed to show what is left.
            point = Point(self._session, None, LogCut(None, self._session.log.head, 1 << 62), ())
        return log_at(self._session, point, wanted)

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

    # -- writing ---------------------------------------------------------------------------------------------------

    def ingest(
        self,
        *sources: "Events",
        trust_clock: bool = False,
        jwks: str | PathLike[str] | None = None,
        issuer: Sequence[str] = (),
        watch: Callable[[int, int], None] = unwatched,
    ) -> "IngestReport":
        """Append events: one object, an array, NDJSON, glued objects; .gz and .zst too. Repeats are counted, not kept.

        What cannot be an event goes to quarantine, verbatim: the report counts it. Bodies that Canvas has signed are
        checked and opened with the JWK set `jwks`, a file or a URL, if they are of an `issuer` (Canvas's own, unless
        others are named; "any" for any). `watch` is told how many bytes and events were read.

        Raises UnreadableInput before anything is read if a file is not there, KeySetUnavailable if the key set is not,
        HomeUnavailable if the clock is more than a day behind the last batch and `trust_clock` is not set, and
        InputCutShort, with the report, when a file has ended in the middle: all that could be read is in the log.
        """
        from outcomes.api.ingest import ingest, opener

        signed = opener(jwks, issuer)
        return ingest(self._session, sources, watch, trust_clock=trust_clock, signed=signed)

    def receive(self, deliveries: "Sequence[Delivery]", *, patience: float = 5.0) -> "list[Received]":
        """Append what several senders brought in one transaction; return when it is on the disk.

        What cannot be read goes to quarantine. The views follow at the next question, or `catch_up`. Raises HomeBusy
        if others write for longer than `patience` seconds, and then nothing was appended.
        """
        from outcomes.api.ingest import receive

        return receive(self._session, deliveries, patience)

    def bootstrap(
        self,
        from_: str | PathLike[str],
        *,
        at: Time,
        tenant: str | None = None,
        watch: Callable[[str, int], None] = _unwatched_table,
    ) -> "Bootstrapped":
        """Take what Canvas held before events came out of a folder of Canvas Data 2 files, exported at a time.

        Every row that says something new is recorded as an observation, of the time at which the row was saved. Nothing
        is written before all of it has been read. `watch` is told (table, rows). See docs/interop.md. Raises
        UnreadableInput for a folder that is no export, is cut short or another institution's; UsageError.
        """
        from outcomes.api import exports

        return exports.bootstrap(self._session, Path(from_), at, tenant, watch)

    def reconcile(
        self,
        from_: str | PathLike[str],
        *,
        at: Time,
        lag: str = "4h",
        write: bool = False,
        course: Id | None = None,
        tenant: str | None = None,
        watch: Callable[[str, int], None] = _unwatched_table,
    ) -> "Reconciliation | RollupComparison":
        """Compare the log with a folder of Canvas Data 2 files, exported at a time: a verdict for every entity.

        A file of JSON is rollups of Canvas's REST API (of `course`, where it names none): compared number by number.
        One of CSV is the account's Outcome Results report: `write` records what it holds of New Quizzes.

        What happened less than `lag` before the export may not be in it. `write` records what was missed as
        observations, and tells the scores that it changed. The answer is false if events are missing. Raises as
        `bootstrap` does.
        """
        from outcomes.api import exports

        source = Path(from_)
        if source.suffix == ".json" and not source.is_dir():
            from outcomes.api import rollups

            return rollups.reconcile_rollups(self._session, source, at, tenant, course)
        if source.suffix in {".csv", ".gz"} and not source.is_dir():
            return exports.reconcile_report(self._session, source, at, lag, tenant, write=write)
        return exports.reconcile(self._session, source, at, lag, tenant, watch, write=write)

    def rebuild(self, *, watch: Watch = unwatched) -> "Rebuilt":
        """Make new views from the log beside the live ones, and swap them in at the end."""
        from outcomes.api import maintenance

        return maintenance.rebuild(self._session, watch)

    def backup(
        self, to: str | PathLike[str], *, with_key: bool = False, watch: Callable[[int, int], None] = unwatched
    ) -> "Backup":
        """Copy the log as it is now to one new file, also while others write; `with_key` its key, too, to TO.key.

        `watch` is told how many pages of how many are done. To restore it, copy the file to `log.db` in a
        folder, and `verify(against=…)` there.
        """
        from outcomes.api import maintenance

        return maintenance.backup(self._session, to, watch, with_key=with_key)

    def erase(
        self,
        *,
        student: str,
        reason: str,
        all_traces: bool = False,
        tenant: str | None = None,
        watch: Watch = unwatched,
    ) -> "Erased | None":
        """Make all that is stored about a person unreadable for ever; None if nothing of them was ever here.

        Only in an encrypted home. The reason is kept for ever: say it without the person's name. `all_traces` does not
        keep the class figures as they were reported. Run it again if it was cut short.
        """
        from outcomes.api import maintenance

        return maintenance.erase(self._session, student, reason, tenant, watch, all_traces=all_traces)


def open(  # noqa: A001 - as gzip.open
    folder: str | PathLike[str],
    *,
    create: bool = False,
    encrypt: bool = False,
    key_file: str | PathLike[str] | None = None,
    key_command: str | None = None,
) -> Home:
    """Open a home; `create` makes it if it is not there, encrypted with `encrypt`. Use it in a `with`.

    The key of an encrypted home is in its `home.key`, unless `key_file` names another file, or `key_command` a command
    that prints it.

    Raises HomeUnavailable if there is none, LogDamaged if its log cannot be read, UsageError if it should be encrypted
    and one that is not is there already.
    """
    key_source = _key_source(folder, key_file, key_command)
    return Home(Session(Path(folder), create=create, encrypt=encrypt, key_source=key_source))


def init(
    folder: str | PathLike[str],
    *,
    encrypt: bool = False,
    redact: bool = False,
    key_file: str | PathLike[str] | None = None,
    key_command: str | None = None,
) -> Home:
    """Make a home and open it. Its key, if it has one, is where `open` looks for it.

    `encrypt` encrypts what is about a person with their own key, for `erase`: that is chosen here, once. `redact`
    drops address, browser, session, referrer and login of who acted; `home.settings` can change it. Raises UsageError
    if it is there already and would have to become another.
    """
    path = Path(folder)
    if HomeFolder(path).log_path.exists() and not (encrypt or redact):
        raise UsageError(f"{path} is there already: nothing was done; name another folder with --home")
    home = open(path, create=True, encrypt=encrypt, key_file=key_file, key_command=key_command)
    if redact:
        home.settings.set(REDACT, "on")
    return home


def verify(
    folder: str | PathLike[str],
    *,
    key_file: str | PathLike[str] | None = None,
    key_command: str | None = None,
    **options: Any,
) -> "Verdict":
    """Return the verdict of `Home.verify`, with its options, also on a log that is too damaged to be opened.

    Raises HomeUnavailable where there is no log, or none that this version knows; UsageError.
    """
    from outcomes.api import maintenance

    options["against"] = maintenance.checkpoint_given(options.get("against"))
    try:
        with open(folder, key_file=key_file, key_command=key_command) as home:
            return home.verify(**options)
    except (LogDamaged, HomeUnavailable) as error:
        return maintenance.verify_damaged(Path(folder), error)


def _key_source(
    folder: str | PathLike[str], key_file: str | PathLike[str] | None, key_command: str | None
) -> KeySource:
    return source_of(Path(folder), None if key_file is None else Path(key_file), key_command)
