"""How what stands at a point came about."""

import sqlite3
from collections.abc import Container, Iterable, Iterator
from typing import TYPE_CHECKING

from outcomes.api.arguments import Id, Time, duration, entity_of, instant, place, text
from outcomes.api.point.base import PointBase
from outcomes.domain.errors import UsageError
from outcomes.domain.identity import BACKGROUND, parse_context, parse_entity, parse_kind
from outcomes.projections.paging import NextKey, Page, limited

if TYPE_CHECKING:
    from outcomes.api.answers.entity import Blame
    from outcomes.api.answers.events import Late, Timeline
    from outcomes.api.answers.moments import Moment, Moments
    from outcomes.projections.history import timeline as projection
    from outcomes.projections.history.late import LateEvent
    from outcomes.projections.history.moments import By


class HistoryQuestions(PointBase):
    """The questions about how what stands at a point came about."""

    def timeline(
        self,
        context: str | None = None,
        *,
        entity: str | Iterable[str] = (),
        kind: str | Iterable[str] = (),
        since: Time | None = None,
        until: Time | None = None,
        actor: str | None = None,
        field: str | None = None,
        request: str | None = None,
        all: bool = False,  # noqa: A002 - named like the option
        limit: int | None = None,
        after: str | None = None,
        newest_first: bool = False,
    ) -> "Timeline":
        """Return what changed, when and by whom, in the order in which it happened; read as it is iterated.

        At most `limit` of it, after the key that the part before named as `.next`; or the newest first.

        `entity` is one `KIND:ID` or several, `kind` one `KIND` or several. `actor` is a part of an id, login, role, job
        or path; `field` a name such as `mastery_points`; `request` the id of one request or job. `all` adds events that
        changed nothing.
        """
        from outcomes.api.answers.events import Timeline, TimelineEntry
        from outcomes.projections.history.timeline import timeline
        from outcomes.projections.history.version_steps import Filters, StepKey

        kinds = frozenset(parse_kind(one) for one in ([kind] if isinstance(kind, str) else kind))
        filters = Filters(
            context=place(context),
            entities=[parse_entity(one) for one in ([entity] if isinstance(entity, str) else entity)],
            since=instant(since),
            until=instant(until),
            actor=text(actor),
            field=text(field),
            request=text(request),
            everything=all,
            kinds=kinds,
            besides=kinds & BACKGROUND,
            after=None if after is None else StepKey.of(after),
            newest_first=newest_first,
        )
        page, following = Page(limit, after, newest_first), NextKey()

        def ask(connection: sqlite3.Connection) -> "Iterator[projection.TimelineEntry]":
            found = timeline(connection, self._session.log, self._place(connection), filters)
            return limited(found, page, lambda entry: str(entry.key), following)

        self._check()
        return Timeline(lambda: self._session.stream(ask), TimelineEntry.of, following)

    def blame(self, kind: str, id: Id | None = None) -> "Blame":  # noqa: A002 - named like the command's argument
        """Return, of each field of an entity, who made it what it is, and since when; named as for `show`."""
        from outcomes.api.answers.entity import Blame, BlamedField
        from outcomes.projections.history.blame import blame

        wanted, local_id = entity_of(kind, id)
        with self.reading() as (_, point):
            fields = blame(self._session.log, point, wanted, local_id)
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
    ) -> "Late":
        """Return what was recorded at least `over` (90s, 15m, 1h, 2d, 1w) after it happened, and what that changed.

        Read as it is iterated; of what was recorded between two times, at most `limit`, after the key that the part
        before named as `.next`, or the newest first by event time.
        """
        from outcomes.api.answers.events import Late, LateEntry
        from outcomes.projections.as_of.point import recorded_by
        from outcomes.projections.history.late import late
        from outcomes.projections.history.version_steps import Filters, StepKey

        least, since, until = duration(over), instant(recorded_since), instant(recorded_until)
        filters = Filters(after=None if after is None else StepKey.of(after), newest_first=newest_first)
        page, following = Page(limit, after, newest_first), NextKey()

        def ask(connection: sqlite3.Connection) -> "Iterator[LateEvent]":
            point = self._place(connection)
            first = 0 if since is None else recorded_by(connection, since - 1) + 1
            last = point.known_at if until is None else recorded_by(connection, until)
            wanted = filters._replace(recorded=(first, last))
            found = late(connection, self._session.log, point, least, wanted)
            return limited(found, page, lambda event: str(event.entry.key), following)

        self._check()
        return Late(lambda: self._session.stream(ask), LateEntry.of_event, following)

    def moments(
        self,
        context: str,
        *,
        by: str = "moment",
        limit: int | None = None,
        after: str | None = None,
        courses: Container[str] | None = None,
    ) -> "Moments":
        """Return the changes of a context, newest first, gathered by who made them in which request or job.

        `by` is "day" (all of a UTC day together), "moment" (of one doer in one request, or in jobs of one name, with
        no pause of more than five minutes) or "change" (each by itself). At most `limit`, after the key that the part
        before named as `.next`. Of other courses than `courses`, by their ids, no student is counted as flipped.
        """
        from outcomes.api.answers.moments import Moment, Moments
        from outcomes.projections.history import moments as gathered

        where, page, following = parse_context(context), Page(limit, after, newest_first=True), NextKey()
        level = _way_to_gather(by)
        gathered.place_of_key(after)  # refused at once, not when it is read

        def ask(connection: sqlite3.Connection) -> "Iterator[Moment]":
            point = self._place(connection)
            found = gathered.moments(connection, self._session.log, point, where, level, after, courses)
            return (Moment.of(moment) for moment in limited(found, page, lambda moment: moment.key, following))

        self._check()
        return Moments(lambda: self._session.stream(ask), following)


def _way_to_gather(given: str) -> "By":
    from outcomes.projections.history.moments import By

    try:
        return By(given)
    except ValueError as error:
        raise UsageError(f"not a way to gather moments: {given!r}: use {', '.join(By)}") from error
