"""A home lives through anything in any order, and never goes back on what it promised.

Hypothesis makes up lives: ingests, repeats, settings, erasures, rebuilds, lost views, backups, restores and restarts,
over real files. After every step the promises are asked for.
"""

import contextlib
import random
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from outcomes.projections.as_of.point import PointQuery, resolve, tenants
from outcomes.projections.operations.erase import erase
from outcomes.projections.operations.rebuild import rebuild
from outcomes.projections.views.read_model import ReadModel, unwatched
from outcomes.store.log.event_log import EventLog
from outcomes.store.operations.backup import Backup, backup
from outcomes.store.privacy import settings as home_settings
from tests.support import given as make
from tests.support.histories import POINTS, histories
from tests.support.world import World, fresh_world

TENANTS = {make.TENANT: "Plover", make.OTHER_TENANT: "Wren"}
STUDENTS = [
    (tenant, f"{student}Of{name}") for tenant, name in TENANTS.items() for student in ("studentAda", "studentBo")
]


def _with_own_names(history: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Give the students of the two tenants different names, so that all traces of one can be looked for."""
    for event in history:
        if "user_uuid" in event["body"]:
            event["body"]["user_uuid"] += f"Of{TENANTS[event['metadata']['root_account_uuid']]}"
    return history


LIVES = histories().map(_with_own_names)
FEW_EVENTS = histories(most=6).map(_with_own_names)


class OpenWorld(World):
    """A home that stays open from one step to the next, as in a service, until it is restarted."""

    def __init__(self, folder: Path, *, encrypt: bool) -> None:
        super().__init__(folder, encrypt=encrypt)
        self._stack = contextlib.ExitStack()
        self._session: tuple[EventLog, ReadModel] | None = None

    @contextlib.contextmanager
    def opened(self) -> Iterator[tuple[EventLog, ReadModel]]:
        """Give the open session; open one if there is none."""
        if self._session is None:
            self._session = self._stack.enter_context(super().opened())
        yield self._session

    def close(self) -> None:
        """End the session, as the end of a process does."""
        self._session = None
        self._stack.close()


class Report(NamedTuple):
    """What was answered at a point. Digests and timelines name people, so an erasure after it may change them."""

    as_of: str | None
    known_at: int
    answers: dict[str, Any]
    erasures: int

    def trees(self) -> dict[str, Any]:
        """The part that no erasure changes: no node names a person."""
        return {name: answer for name, answer in self.answers.items() if " of " in name and "timeline" not in name}


class Known(NamedTuple):
    """What a home was told and forgot, and was asked: as far as a backup brings it back."""

    events: list[dict[str, Any]]
    erased: frozenset[str]
    erasures: int
    was_redacted: bool
    reports: tuple[Report, ...]

    @property
    def head(self) -> int:
        """How many positions that makes: one for each event told, and for each erasure."""
        return len(self.events) + self.erasures


class LifeOfAHome(RuleBasedStateMachine):
    """One home, from its first event on."""

    def __init__(self) -> None:
        super().__init__()
        memory = Path("/dev/shm")  # noqa: S108 - real files, without waiting for a disk
        self.place = tempfile.TemporaryDirectory(dir=memory if memory.is_dir() else None)
        self.known = Known([], frozenset(), 0, was_redacted=False, reports=())
        self.backups: list[tuple[Backup, Known]] = []

    @initialize(encrypted=st.booleans(), first=LIVES)
    def begin(self, *, encrypted: bool, first: list[dict[str, Any]]) -> None:
        """Make the home."""
        self.encrypted = encrypted
        self.world = OpenWorld(Path(self.place.name) / "home", encrypt=encrypted)
        self.ingest(first, chunk=1 << 16, redact=None)

    def teardown(self) -> None:
        """Leave nothing."""
        self.world.close()
        self.place.cleanup()

    @rule(events=FEW_EVENTS, chunk=st.integers(1, 3000), redact=st.none() | st.sampled_from(["on", "off"]))
    def ingest(self, events: list[dict[str, Any]], chunk: int, redact: str | None) -> None:
        """New events, or events told before, or both, in reads of any size, redacted from now on or not."""
        if redact is not None:
            with self.world.opened() as (log, _), self.world.home.writing("settings"), log.writing() as connection:
                home_settings.record(connection, home_settings.REDACT, redact, self.world.clock)
            self.known = self.known._replace(was_redacted=True)
        new: list[dict[str, Any]] = []
        for event in events:
            if event not in self.known.events and event not in new:
                new.append(event)
        report = self.world.take(*events, chunk=chunk)
        assert (report.appended, report.quarantined) == (len(new), 0)
        self.known = self.known._replace(events=[*self.known.events, *new])

    @rule(chance=st.randoms(use_true_random=False))
    def repeat(self, chance: random.Random) -> None:
        """What was told before, once more and in another order, is a repeat, even of someone who was erased."""
        told = chance.choices(self.known.events, k=8)
        assert self.world.take(*told).duplicates == len(told)

    @rule(seconds=st.integers(0, 100_000))
    def wait(self, seconds: int) -> None:
        """Time passes."""
        self.world.clock += seconds * 1_000_000

    @rule(as_of=st.sampled_from([*POINTS, None]), chance=st.randoms(use_true_random=False))
    def report(self, as_of: str | None, chance: random.Random) -> None:
        """Someone asks at a point, and keeps the answer."""
        known_at = chance.randint(0, self.known.head)
        answers = self.world.everything_known(as_of, str(known_at))
        kept = (*self.known.reports[-2:], Report(as_of, known_at, answers, self.known.erasures))
        self.known = self.known._replace(reports=kept)

    @precondition(lambda self: self.encrypted)
    @rule(who=st.sampled_from(STUDENTS), all_traces=st.booleans())
    def erase(self, who: tuple[str, str], *, all_traces: bool) -> None:
        """A person of whom there is anything is erased."""
        tenant, student = who
        with self.world.opened() as (log, views):
            with views.reading() as connection:
                if tenant not in tenants(connection):
                    return
                point = resolve(connection, PointQuery(tenant))
            done = erase(
                self.world.home,
                log,
                views,
                point,
                student,
                reason="a request",
                erased_by="registrar",
                all_traces=all_traces,
                clock=lambda: self.world.clock,
                watch=unwatched,
            )
        if done is not None:
            # One who was erased before, and of whom nothing was left, needs no second record.
            recorded = 0 if done["position"] is None else 1
            self.known = self.known._replace(
                erased=self.known.erased | {student}, erasures=self.known.erasures + recorded
            )

    @rule()
    def rebuild(self) -> None:
        """New views, in place of the old ones, say the same."""
        before = self.world.digests()
        with self.world.opened() as (log, _):
            rebuild(self.world.home, log, unwatched)
        assert self.world.digests() == before

    @rule()
    def lose_the_views(self) -> None:
        """views.db may be deleted at any time, also under an open session."""
        self.world.home.views_path.unlink(missing_ok=True)

    @rule()
    def restart(self) -> None:
        """The process ends; another one begins."""
        self.world.close()

    @rule()
    def back_up(self) -> None:
        """A copy of the log is put aside, with the key that it was written under."""
        target = Path(self.place.name) / f"{len(self.backups)}.db"
        with self.world.opened() as (log, _):
            self.backups.append((backup(log, target, unwatched, with_key=True), self.known))

    @precondition(lambda self: self.backups)
    @rule(data=st.data(), beside_views_of_later=st.booleans())
    def restore(self, data: st.DataObject, *, beside_views_of_later: bool) -> None:
        """An earlier copy is put in place, in a new folder or beside views that know more."""
        made, self.known = data.draw(st.sampled_from(self.backups))
        self.world.close()
        folder, clock = self.world.home.folder, self.world.clock
        if beside_views_of_later:
            for path in folder.glob("log.db*"):
                path.unlink()
        else:
            shutil.rmtree(folder)
            folder.mkdir(mode=0o700)
        shutil.copy(made.file, folder / "log.db")
        if self.encrypted:
            shutil.copy(made.file.with_name(f"{made.file.name}.key"), folder / "home.key")
        self.world = OpenWorld(folder, encrypt=self.encrypted)
        # What is told from now on is not recorded at the instant of what was lost.
        self.world.clock = clock + 1
        assert self.world.verify(against=made.of)["problems"] == []

    @precondition(lambda self: not self.encrypted and not self.known.was_redacted)
    @rule(chance=st.randoms(use_true_random=False))
    def compare_with_another_life(self, chance: random.Random) -> None:
        """A home that was told the same in another order, in one piece, has the same digests.

        Those of an encrypted home are keyed with its own secret, and what was redacted is another content.
        """
        with fresh_world() as other:
            other.take(*chance.sample(self.known.events, len(self.known.events)))
            assert other.digests() == self.world.digests()

    @invariant()
    def the_log_holds_each_event_once(self) -> None:
        """There are as many positions as different events were told, and erasures made."""
        with self.world.opened() as (log, _):
            assert log.head == self.known.head

    @invariant()
    def what_was_known_never_changes(self) -> None:
        """Every report that was kept can be made again, but for people who were erased since."""
        for report in self.known.reports:
            now = self.world.everything_known(report.as_of, str(report.known_at))
            then = report.trees() if report.erasures != self.known.erasures else report.answers
            assert {name: now[name] for name in then} == then

    @invariant()
    def the_home_is_whole(self) -> None:
        """The chain holds, and the views are what a replay, and views made backwards, say."""
        verdict = self.world.verify(anew=True)
        assert verdict["problems"] == []

    @invariant()
    def the_erased_are_in_no_byte(self) -> None:
        """Neither in a file of the home as it is, nor in what the log gives out."""
        if self.known.erased:
            files = [path.read_bytes() for path in self.world.home.folder.rglob("*") if path.is_file()]
            held = b"".join([*files, *self.world.raw_log()])
            assert [student for student in self.known.erased if student.encode() in held] == []


TestLifeOfAHome = LifeOfAHome.TestCase
TestLifeOfAHome.settings = settings(
    max_examples=max(10, settings.default.max_examples // 3),
    stateful_step_count=20,
)
