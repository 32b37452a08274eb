"""A point in both times, and every question that can be asked there."""

import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime
from functools import cache, partial
from os import PathLike
from pathlib import Path
from typing import Literal, NamedTuple, overload

from outcomes.api.answers.differences import Heading, ScoreChange
from outcomes.api.answers.entity import Blame, BlamedField, EntityState
from outcomes.api.answers.events import Late, LateEntry, Timeline, TimelineEntry
from outcomes.api.answers.mastery import (
    ClassFigures,
    ClassReport,
    Explanation,
    Flips,
    History,
    Impact,
    Mastery,
    MasteryRow,
    PolicyChange,
    ScoreMove,
    Setting,
    SettingList,
)
from outcomes.api.answers.moments import Moment, Moments
from outcomes.api.answers.operations import Digest, Finding, Findings, Replayed
from outcomes.api.answers.tree import OutcomeTree, frozen
from outcomes.api.arguments import Id, Time, duration, entity_of, id_text, instant, place, text
from outcomes.api.session import Session
from outcomes.api.what_if import Scale, WhatIf, what_if
from outcomes.domain.errors import UsageError
from outcomes.domain.identity import Kind, parse_context, parse_entity, parse_kind
from outcomes.domain.times import moment
from outcomes.projections.as_of.fingerprint import fingerprint_at
from outcomes.projections.as_of.names import student_name
from outcomes.projections.as_of.point import LogCut, PointInTime, check_tenant, in_tenant, recorded_by
from outcomes.projections.as_of.state import state_at
from outcomes.projections.as_of.tree import tree_at
from outcomes.projections.history import moments as gathered
from outcomes.projections.history import policy_impact
from outcomes.projections.history.blame import blame as blame_of
from outcomes.projections.history.late import late as late_of
from outcomes.projections.history.score_history import score_history
from outcomes.projections.history.timeline import timeline as entries_of
from outcomes.projections.history.version_steps import Filters, StepKey
from outcomes.projections.mastery import row as projection
from outcomes.projections.mastery.class_figures import class_answer
from outcomes.projections.mastery.explanation import explanation
from outcomes.projections.mastery.pages import page_of
from outcomes.projections.mastery.policy import SETTINGS, PolicyBook
from outcomes.projections.mastery.query import mastery_at
from outcomes.projections.mastery.results import Scope
from outcomes.projections.operations.doctor import doctor as findings_at
from outcomes.projections.paging import NextKey, Page, limited
from outcomes.store.privacy import settings
from outcomes.store.privacy.settings import REDACT

_HOSTS_MEANING = "of the tenant, now: events of other hosts go to quarantine"
_REDACT_MEANING = (
    "of the whole home, now: client_ip, user_agent, session_id, referrer, user_login are dropped before writing"
)


class Question(NamedTuple):
    """What one question is read from, and where it is asked."""

    connection: sqlite3.Connection
    point: PointInTime


class Point:
    """The state at (T, P): of events up to an event time, as the log knew it at a position. Made by `Home.at`.

    A point stays what it is while events come in: where no `known_at` was given it is the log's head of that moment.
    Questions about one root account raise SeveralTenants where the log holds several and none was named.
    """

    def __init__(self, session: Session, tenant: str | None, cut: LogCut, remarks: Iterable[str]) -> None:
        self._session = session
        self._tenant = tenant
        self._cut = cut
        self.remarks = tuple(remarks)
        """In words, where what was asked lies beyond what the log holds, and which head answers."""

    def __repr__(self) -> str:
        when = "all event times" if self.as_of is None else self.as_of.isoformat()
        return f"<point at {when}, known at position {self.known_at}>"

    @property
    def as_of(self) -> datetime | None:
        """The event time up to which events count; None for all."""
        return None if self._cut.as_of is None else moment(self._cut.as_of)

    @property
    def cut(self) -> LogCut:
        """The point without its tenant, as the projections have it."""
        return self._cut

    @property
    def known_at(self) -> int:
        """The position up to which events count."""
        return self._cut.known_at

    @property
    def tenant(self) -> str:
        """The root account's uuid; empty for an empty log."""
        with self.reading() as question:
            return question.point.tenant

    @property
    def chosen_tenant(self) -> str | None:
        """The root account that was named; None if none was."""
        return self._tenant

    # -- what stands there -----------------------------------------------------------------------------------------

    def tree(self, context: str, *, include_deleted: bool = False) -> OutcomeTree:
        """Return the outcome tree of `Account:1`, `Course:1234` or `Global`; one that is not known is empty."""
        where = parse_context(context)
        with self.reading() as (connection, point):
            found = tree_at(connection, point, where, include_deleted=include_deleted)
        sections = (frozen(nodes) for nodes in (found.roots, found.detached, found.unlinked))
        return OutcomeTree(point.tenant, str(where), self.as_of, self.known_at, *sections)

    def show(self, kind: str, id: Id | None = None) -> EntityState:  # noqa: A002 - named like the command's argument
        """Return one entity's state, of `"outcome", 7` or `"outcome:7"`.

        Kinds are outcome, group, link, proficiency, result, calculation_method, ….
        """
        wanted, local_id = entity_of(kind, id)
        with self.reading() as (connection, point):
            return EntityState.of(state_at(connection, self._session.log, point, wanted, local_id))

    def digest(self) -> Digest:
        """Return a fingerprint of the whole state: of all tenants, unless the point is of one."""
        with self._session.reading() as connection:
            check_tenant(connection, self._tenant)
            found = fingerprint_at(connection, self._cut, self._tenant)
        return Digest(found.digest, found.entities, self.as_of, self.known_at)

    def doctor(self) -> Findings:
        """Return what is missing or at odds in the events, with examples, and what to do about it."""
        with self.reading() as (connection, point):
            found = findings_at(connection, self._session.log, point, self._session.clock())
        rows = (Finding(**{**finding, "examples": tuple(finding["examples"])}) for finding in found)
        return Findings(self._heading(point), rows)

    def settings(self) -> SettingList:
        """Return the settings in force, the one of the home among them as it is now."""
        with self.reading() as (connection, point):
            book = PolicyBook(connection, point)
            found = [Setting(name, _on_or_off(book, name), meaning) for name, meaning in SETTINGS.items()]
        with self._session.log.reading() as connection:
            redaction = settings.current(connection, REDACT) or "not set"
            hosts = " ".join(sorted(settings.hosts_of(connection, point.tenant))) or settings.ANY_HOST
        of_now = [Setting(REDACT, redaction, _REDACT_MEANING), Setting("hosts", hosts, _HOSTS_MEANING)]
        return SettingList([*found, *of_now])

    def replay(self, to: str | PathLike[str], *, format: Literal["sqlite", "parquet"] = "sqlite") -> Replayed:  # noqa: A002 - named like the option
        """Write the whole state to a new SQLite file with plain tables, or to a new folder of Parquet files.

        Raises HomeUnavailable if it is there already, MissingExtra for Parquet without pyarrow.
        """
        from outcomes.api.replay import replay  # noqa: PLC0415 - slow to load, and seldom asked for

        with self.reading() as (connection, point):
            return replay(connection, self._session.log, point, Path(to), is_parquet=format == "parquet")

    # -- how it came about -----------------------------------------------------------------------------------------

    def timeline(
        self,
        context: str | None = None,
        *,
        entity: str | Iterable[str] = (),
        since: Time | None = None,
        until: Time | None = None,
        actor: str | None = None,
        field: str | None = None,
        request: str | None = None,
        all: bool = False,  # noqa: A002 - named like the option
        limit: int | None = None,
        after: str | None = None,
        newest_first: bool = False,
    ) -> Timeline:
        """Return what changed, when and by whom, in the order in which it happened; read as it is iterated.

        At most `limit` of it, after the key that the part before named as `.next`; or the newest first.

        `entity` is one `KIND:ID` or several. `actor` is a part of an id, login, role, job or path; `field` a name such
        as `mastery_points`; `request` the id of one request or job. `all` adds events that changed nothing.
        """
        filters = Filters(
            context=place(context),
            entities=[parse_entity(one) for one in ([entity] if isinstance(entity, str) else entity)],
            since=instant(since),
            until=instant(until),
            actor=text(actor),
            field=text(field),
            request=text(request),
            everything=all,
            after=None if after is None else StepKey.of(after),
            newest_first=newest_first,
        )
        page, following = Page(limit, after, newest_first), NextKey()

        def ask(connection: sqlite3.Connection) -> Iterator[TimelineEntry]:
            found = entries_of(connection, self._session.log, self._place(connection), filters)
            return (TimelineEntry.of(entry) for entry in limited(found, page, lambda entry: str(entry.key), following))

        self._check()
        return Timeline(lambda: self._session.stream(ask), following)

    def blame(self, kind: str, id: Id | None = None) -> Blame:  # noqa: A002 - named like the command's argument
        """Return, of each field of an entity, who made it what it is, and since when; named as for `show`."""
        wanted, local_id = entity_of(kind, id)
        with self.reading() as (_, point):
            fields = blame_of(self._session.log, point, wanted, local_id)
        return Blame(wanted.value, local_id, {name: BlamedField.of(told) for name, told in (fields or {}).items()})

    def late(
        self,
        *,
        over: str = "1h",
        recorded_since: Time | None = None,
        recorded_until: Time | None = None,
        limit: int | None = None,
        after: str | None = None,
        newest_first: bool = False,
    ) -> Late:
        """Return what was recorded at least `over` (90s, 15m, 1h, 2d, 1w) after it happened, and what that changed.

        Read as it is iterated; of what was recorded between two times, at most `limit`, after the key that the part
        before named as `.next`, or the newest first by event time.
        """
        least, since, until = duration(over), instant(recorded_since), instant(recorded_until)
        filters = Filters(after=None if after is None else StepKey.of(after), newest_first=newest_first)
        page, following = Page(limit, after, newest_first), NextKey()

        def ask(connection: sqlite3.Connection) -> Iterator[LateEntry]:
            point = self._place(connection)
            first = 0 if since is None else recorded_by(connection, since - 1) + 1
            last = point.known_at if until is None else recorded_by(connection, until)
            wanted = filters._replace(recorded=(first, last))
            found = late_of(connection, self._session.log, point, least, wanted)
            part = limited(found, page, lambda event: str(event.entry.key), following)
            return (LateEntry.of_event(event) for event in part)

        self._check()
        return Late(lambda: self._session.stream(ask), following)

    def moments(
        self, context: str, *, by: str = "moment", limit: int | None = None, after: str | None = None
    ) -> Moments:
        """Return the changes of a context, newest first, gathered by who made them in which request or job.

        `by` is "day" (all of a UTC day together), "moment" (of one doer in one request, or in jobs of one name, with
        no pause of more than five minutes) or "change" (each by itself). At most `limit`, after the key that the part
        before named as `.next`.
        """
        where, page, following = parse_context(context), Page(limit, after, newest_first=True), NextKey()
        level = _way_to_gather(by)
        gathered.place_of_key(after)  # refused at once, not when it is read

        def ask(connection: sqlite3.Connection) -> Iterator[Moment]:
            found = gathered.moments(connection, self._session.log, self._place(connection), where, level, after)
            return (Moment.of(moment) for moment in limited(found, page, lambda moment: moment.key, following))

        self._check()
        return Moments(lambda: self._session.stream(ask), following)

    # -- mastery ---------------------------------------------------------------------------------------------------

    @overload
    def mastery(
        self,
        *,
        course: Id | None = None,
        student: str | None = None,
        outcome: Id | None = None,
        method: str | None = None,
        mastery_points: float | None = None,
        scale: Scale | None = None,
        compare: Literal[False] = False,
        include_removed: bool = False,
        limit: int | None = None,
        after: str | None = None,
        newest_first: bool = False,
    ) -> Mastery: ...
    @overload
    def mastery(
        self,
        *,
        course: Id | None = None,
        student: str | None = None,
        outcome: Id | None = None,
        method: str | None = None,
        mastery_points: float | None = None,
        scale: Scale | None = None,
        compare: bool,
        include_removed: bool = False,
        limit: int | None = None,
        after: str | None = None,
        newest_first: bool = False,
    ) -> Mastery | Flips: ...
    def mastery(
        self,
        *,
        course: Id | None = None,
        student: str | None = None,
        outcome: Id | None = None,
        method: str | None = None,
        mastery_points: float | None = None,
        scale: Scale | None = None,
        compare: bool = False,
        include_removed: bool = False,
        limit: int | None = None,
        after: str | None = None,
        newest_first: bool = False,
    ) -> Mastery | Flips:
        """Return each student's score and mastery, by Canvas's own arithmetic; computed as it is iterated.

        What if: `method` ("n_mastery:3"), `mastery_points` (from so many points on), `scale` (a file, or its levels)
        replace the policy in force; with `compare` only those whose status flips by that are returned. Students all of
        whose enrollments in a course are deleted are left out, unless `include_removed`. At most `limit` rows, after
        the key that the part before named as `.next`; or those assessed last first.
        """
        scope = Scope(id_text(course), student, id_text(outcome))
        page, following = Page(limit, after, newest_first), NextKey()
        replaced = what_if(method, mastery_points, scale)
        if compare and replaced is None:
            raise UsageError(
                "--compare needs another policy to compare with: give --method, --mastery-points or --scale"
            )

        if compare and page != Page():
            raise UsageError("--compare lists all whose status flips: leave out --limit, --after and --newest-first")

        def rows(connection: sqlite3.Connection, policy: WhatIf | None) -> Iterator[projection.MasteryRow]:
            point = self._place(connection)
            override = None if policy is None else policy(PolicyBook(connection, point))
            return mastery_at(connection, point, scope, override=override, include_removed=include_removed)

        def scores(connection: sqlite3.Connection) -> Iterator[MasteryRow]:
            name_of = cache(partial(student_name, connection, self._place(connection)))
            part = page_of(rows(connection, replaced), page, following)
            return (MasteryRow.of(row, name_of(row.student)) for row in part)

        def changes(connection: sqlite3.Connection) -> Iterator[ScoreChange]:
            found = policy_impact.flips(rows(connection, None), rows(connection, replaced))
            return (ScoreChange.of(flip.as_json()) for flip in found)

        self._check()
        if compare:
            return Flips(lambda: self._session.stream(changes))
        return Mastery(lambda: self._session.stream(scores), scope.course, following)

    def explain(self, *, course: Id, student: str, outcome: Id) -> Explanation | None:
        """Return why a score is what it is: every result, its weight, and the sum; None if there is no result."""
        with self.reading() as (connection, point):
            found = explanation(connection, point, str(course), student, str(outcome))
        return None if found is None else Explanation.of(found)

    def history(self, *, course: Id, student: str, outcome: Id) -> History:
        """Return one score through time: every instant at which it or its mastery changed, and what changed it.

        Between two of them it stood as `mastery` tells there; empty if there never was a score.
        """
        with self.reading() as (connection, point):
            found = score_history(connection, self._session.log, point, str(course), student, str(outcome))
        return History(ScoreMove.of(move) for move in found)

    def impact(self, entity: Id) -> Impact:
        """Return, for each change of a policy, how many students' mastery flipped with no new work.

        `entity` is an outcome's id, or `proficiency:ID`, or `calculation_method:ID`.
        """
        kind_text, colon, local_id = str(entity).partition(":")
        kind = parse_kind(kind_text) if colon else Kind.OUTCOME
        if kind not in policy_impact.HAVE_POLICY:
            raise UsageError(f"{kind} has no policy: name an outcome, proficiency:ID or calculation_method:ID")

        def ask(connection: sqlite3.Connection) -> Iterator[PolicyChange]:
            wanted = local_id if colon else str(entity)
            found = policy_impact.impact(connection, self._session.log, self._place(connection), kind, wanted)
            return (PolicyChange.of(change) for change in found)

        self._check()
        return Impact(lambda: self._session.stream(ask))

    def class_(self, *, course: Id) -> ClassReport:
        """Return how a class stands, outcome by outcome, without names (the command is called `class`)."""
        with self.reading() as (connection, point):
            found = class_answer(connection, point, str(course))
        return ClassReport(ClassFigures.of(figures) for figures in found)

    def places_above(self, context: str) -> tuple[str, ...]:
        """Return a context and all that it hangs below, as far as events have told, innermost first."""
        with self.reading() as (connection, point):
            return PolicyBook(connection, point).chain_of(parse_context(context)).contexts

    # -- where it is asked -----------------------------------------------------------------------------------------

    def _place(self, connection: sqlite3.Connection) -> PointInTime:
        return in_tenant(connection, self._cut, self._tenant)

    @contextmanager
    def reading(self) -> Iterator[Question]:
        """Give the views, in one read transaction, and this point in them: for a question that has no method here."""
        with self._session.reading() as connection:
            yield Question(connection, self._place(connection))

    def _check(self) -> None:
        """Refuse at once what a lazy answer would refuse when it is read."""
        with self.reading():
            pass

    def _heading(self, point: PointInTime) -> Heading:
        return Heading(point.tenant, self.as_of, self.known_at)


def _way_to_gather(given: str) -> gathered.By:
    try:
        return gathered.By(given)
    except ValueError as error:
        raise UsageError(f"not a way to gather moments: {given!r}: use {', '.join(gathered.By)}") from error


def _on_or_off(book: PolicyBook, name: str) -> str:
    on, off = book.setting(name, default=True), book.setting(name, default=False)
    return "not set" if on != off else "on" if on else "off"
