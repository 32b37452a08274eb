"""What is done to a home: events come in, views and copies are made, a person is erased."""

from collections.abc import Callable, Sequence
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING

from outcomes.api.arguments import Id, Time
from outcomes.api.home.base import HomeBase
from outcomes.domain.errors import UsageError
from outcomes.projections.views.read_model import Watch, unwatched

if TYPE_CHECKING:
    from outcomes.api.answers.exports import Bootstrapped, Reconciliation, RollupComparison
    from outcomes.api.answers.operations import Backup, Erased, IngestReport, Rebuilt, Received
    from outcomes.api.ingest import Events
    from outcomes.store.ingest.group_commit import Delivery


class HomeCommands(HomeBase):
    """What changes a home, or what is made of it."""

    def ingest(
        self,
        *sources: "Events",
        trust_clock: bool = False,
        leave_views: bool = False,
        jwks: str | PathLike[str] | None = None,
        issuer: Sequence[str] = (),
        watch: Callable[[int, int], None] = unwatched,
    ) -> "IngestReport":
        """Append events: one object, an array, NDJSON, glued objects; .gz and .zst too. Repeats are counted, not kept.

        What cannot be an event goes to quarantine, verbatim: the report counts it. Bodies that Canvas has signed are
        checked and opened with the JWK set `jwks`, a file or a URL, if they are of an `issuer` (Canvas's own, unless
        others are named; "any" for any). `leave_views` returns once all is in the log, and the next question brings the
        views up to date. `watch` is told how many bytes and events were read.

        Raises UnreadableInput before anything is read if a file is not there, KeySetUnavailable if the key set is not,
        HomeUnavailable if the clock is more than a day behind the last batch and `trust_clock` is not set, and
        InputCutShort, with the report, when a file has ended in the middle: all that could be read is in the log.
        """
        from outcomes.api.ingest import ingest, opener

        signed = opener(jwks, issuer)
        return ingest(self._session, sources, watch, trust_clock=trust_clock, signed=signed, leave_views=leave_views)

    def receive(
        self, deliveries: "Sequence[Delivery]", *, patience: float = 5.0, follows_soon: bool = False
    ) -> "list[Received]":
        """Append what several senders brought in one transaction; return when it is on the disk.

        What cannot be read goes to quarantine. The views follow at the next question, or `catch_up`; where that
        `follows_soon`, what they need is kept until then, and not read from the log again. Raises HomeBusy
        if others write for longer than `patience` seconds, and then nothing was appended.
        """
        from outcomes.api.ingest import receive

        return receive(self._session, deliveries, patience, follows_soon=follows_soon)

    def bootstrap(
        self,
        from_: str | PathLike[str],
        *,
        at: Time,
        tenant: str | None = None,
        shard: int | None = None,
        context: str | None = None,
        watch: Callable[[str, int], None] = unwatched,
    ) -> "Bootstrapped":
        """Take what Canvas held before events came out of a folder of Canvas Data 2 files, exported at a time.

        Or of a file: Canvas's CSV of outcomes (of `context`; else of the root account), or an Outcome Results report.

        Every row that says something new is recorded as an observation, of the time at which the row was saved. Nothing
        is written before all of it has been read. Ids of places and people are local in exports, global in events: of
        which `shard` they are events tell, or it is given. `watch` is told (table, rows). See docs/interop.md. Raises
        UnreadableInput for a folder that is no export, is cut short or another institution's; UsageError.
        """
        from outcomes.api import exports

        return exports.bootstrap(self._session, Path(from_), at, exports.Owner(tenant, shard, context), watch)

    def reconcile(
        self,
        from_: str | PathLike[str],
        *,
        at: Time,
        lag: str = "4h",
        write: bool = False,
        course: Id | None = None,
        tenant: str | None = None,
        shard: int | None = None,
        context: str | None = None,
        watch: Callable[[str, int], None] = unwatched,
    ) -> "Reconciliation | RollupComparison":
        """Compare the log with a folder of Canvas Data 2 files, exported at a time: a verdict for every entity.

        A file of JSON is rollups of Canvas's REST API (of `course`, where it names none): compared number by number.
        One of CSV is the account's Outcome Results report, or Canvas's CSV of outcomes (of `context`; else of the root
        account).

        What happened less than `lag` before the export may not be in it. `write` records what was missed as
        observations, and tells the scores that it changed. The answer is false if events are missing. Raises as
        `bootstrap` does.
        """
        from outcomes.api import exports

        source = Path(from_)
        if source.suffix == ".json" and not source.is_dir():
            from outcomes.api import rollups

            if write:
                raise UsageError("rollups are numbers, and nothing is recorded from them: leave --write out")
            return rollups.reconcile_rollups(self._session, source, at, tenant, course)
        if course is not None:
            raise UsageError("--course names the course of rollups: leave it out for other exports")
        owner = exports.Owner(tenant, shard, context)
        return exports.reconcile(self._session, source, at, lag, owner, watch, write=write)

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
