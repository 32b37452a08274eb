"""One pass over an export: every row against what is known here, a page at a time, in memory that does not grow."""

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from outcomes.domain.errors import UnreadableInput
from outcomes.domain.identity import OBSERVED_ONLY, SHARD, Kind
from outcomes.domain.reconciliation import BAD_NEWS, ExportMoment, Judgement, Theirs, Verdict, differences, judge
from outcomes.domain.times import DAY, SECOND, Micros, to_text
from outcomes.projections.reconcile import kept_rows
from outcomes.projections.reconcile.latest_copies import LatestCopies
from outcomes.projections.reconcile.plain_columns import second_of
from outcomes.projections.reconcile.present import KnownVersion, Present, is_at_once
from outcomes.projections.reconcile.same_results import NAMES
from outcomes.projections.reconcile.scale_increments import LEVELS, LevelIncrements, Scale
from outcomes.projections.reconcile.verdicts import Verdicts
from outcomes.store.observations.lookups import Lookups
from outcomes.store.observations.observation import Observation, Writer
from outcomes.store.observations.shaping import Shaper
from outcomes.store.observations.spool import Spool
from outcomes.store.observations.told_fields import are_all_told, columns_of
from outcomes.store.sources.exports.columns import TABLES
from outcomes.store.sources.exports.files import pages_of, rows_of
from outcomes.store.sources.exports.pages import Page
from outcomes.store.sources.exports.rows import ExportRow, identity

KINDS = {
    "learning_outcome_groups": Kind.GROUP,
    "learning_outcomes": Kind.OUTCOME,
    "content_tags": Kind.LINK,
    "outcome_proficiencies": Kind.PROFICIENCY,
    "learning_outcome_results": Kind.RESULT,
}
"""Tables whose rows get a verdict of their own, and the kind that they are of."""

_ALL_KINDS: dict[str, tuple[Kind, ...]] = {
    **{table: (kind,) for table, kind in KINDS.items()},
    "content_tags": (Kind.LINK, Kind.ALIGNMENT),
    "accounts": (Kind.ACCOUNT, Kind.ACCOUNT_DETAIL),
    "courses": (Kind.COURSE, Kind.COURSE_DETAIL),
    "course_account_associations": (Kind.COURSE_ACCOUNT,),
    "users": (Kind.USER,),
    "enrollment_terms": (Kind.TERM,),
    "course_sections": (Kind.SECTION,),
    "enrollments": (Kind.ENROLLMENT,),
    "post_policies": (Kind.POST_POLICY,),
    "submissions": (Kind.SUBMISSION,),
}
"""What is gone with a row of each table."""
_DETAILS = {"learning_outcome_results": (Kind.RESULT_DETAIL,)}
"""What else a row tells of, and is of no use without it."""
_GLOBAL = frozenset({Kind.ACCOUNT, Kind.COURSE, Kind.USER, Kind.ENROLLMENT})
"""Kinds whose events have global ids."""

Watch = Callable[[str, int], None]


class Comparison:
    """Compares one export; what an observation mends is written to `spool` as events, if there is one."""

    def __init__(
        self,
        present: Present,
        shaper: Shaper,
        lookups: Lookups,
        exported: ExportMoment,
        book: Verdicts,
        spool: Spool | None,
        writer: Writer,
    ) -> None:
        self._present = present
        self._shaper = shaper
        self._lookups = lookups
        self._exported = exported
        self.book = book
        self._spool = spool
        self._writer = writer
        self._levels: LevelIncrements | None = None
        self._lacking_in_json: dict[str, frozenset[str]] = {}

    def run(self, files: dict[str, list[Path]], watch: Watch) -> None:
        """Read all tables that are there, those first that others need. Raises UnreadableInput."""
        for table in TABLES:
            if table in {"pseudonyms", LEVELS}:
                continue
            paths = files.get(table, [])
            if table == "users":
                self._lookups.keep(
                    "pseudonyms", kept_rows.pseudonyms(self._rows("pseudonyms", files.get("pseudonyms", [])))
                )
            if table == "outcome_proficiencies":
                self._keep_levels(files.get(LEVELS, []))
            if paths:
                self._table(table, paths, watch)
            if table == "outcome_proficiencies" and self._levels is not None:
                for changed in self._levels.alone():
                    self._judge_scale(changed.scale, changed.here, changed.body)

    def _keep_levels(self, paths: list[Path]) -> None:
        self._lookups.keep("ratings", kept_rows.levels(self._rows(LEVELS, paths)))
        if paths and not any(action is None for action in _first_actions(LEVELS, paths)):
            self._levels = LevelIncrements(self._lookups, self._present)

    def _rows(self, table: str, paths: list[Path]) -> Iterator[ExportRow]:
        for page, places in self._pages(table, paths):
            yield from map(page.row, places)

    def _table(self, table: str, paths: list[Path], watch: Watch) -> None:
        is_whole, done = True, 0
        for page, places in self._pages(table, paths):
            rest = places
            if len(places):
                self._refuse_another_institution(table, page.row(places[0]))
            lacking = self._lacking(table, page, paths)
            if table == "learning_outcome_results":
                is_whole_page, rest = self._not_the_same(page, places, lacking)
                is_whole = is_whole and is_whole_page
            rows = [page.row(place) for place in rest]
            is_whole = is_whole and all(row.action is None for row in rows)
            self._refuse_other_times(table, rows)
            kept_rows.keep(self._lookups, table, rows)
            self._page(table, rows, lacking)
            done += len(places)
            watch(table, done)
        # Of an increment in which nothing changed there are files, and no rows: nothing is absent from that.
        if is_whole and done and table in KINDS:
            self._absent(KINDS[table])

    def _pages(self, table: str, paths: list[Path]) -> Iterator[tuple[Page, Sequence[int]]]:
        """Yield pages, and which of their rows count: increments repeat what a snapshot before them has."""
        if self._is_incremental(table, paths):
            newest = LatestCopies(
                self._lookups, table, lambda: (page for path in paths for page in pages_of(path, table))
            )
            yield from newest.pages()
            return
        for path in paths:
            yield from ((page, range(len(page))) for page in pages_of(path, table))

    def _lacking(self, table: str, page: Page, paths: list[Path]) -> frozenset[str]:
        """Return the columns that the export does not have; JSON lacks those that no row of the whole table has."""
        if self._spool is None and table not in KINDS:
            return frozenset()
        kinds = (*_ALL_KINDS[table], *_DETAILS.get(table, ()))
        if page.has_head:
            wanted = columns_of(kinds)
            return wanted - page.names(wanted)
        if table not in self._lacking_in_json:
            self._lacking_in_json[table] = self._absent_from_json(table, kinds, paths)
        return self._lacking_in_json[table]

    def _absent_from_json(self, table: str, kinds: Sequence[Kind], paths: list[Path]) -> frozenset[str]:
        lacking = columns_of(kinds)
        for page in (page for path in paths for page in pages_of(path, table) if not page.has_head):
            lacking -= page.names(lacking)
            if are_all_told(kinds, lacking):
                break
        return lacking

    def _is_incremental(self, table: str, paths: list[Path]) -> bool:
        return any(action is not None for action in _first_actions(table, paths))

    def _page(self, table: str, page: list[ExportRow], lacking: frozenset[str]) -> None:
        if self._spool is None and table not in KINDS:
            return  # these get no verdict: they are of use only where they are recorded
        seen: dict[Kind, list[Observation]] = defaultdict(list)
        for row in page:
            if row.is_gone:
                self._gone(table, row)
            else:
                for found in self._shaper.observations(table, row, lacking):
                    seen[found.kind].append(found)
        for kind, observations in seen.items():
            if kind in OBSERVED_ONLY:
                self._observe(kind, observations)
            elif kind is Kind.RESULT:
                self._judge(kind, observations, self._present.results([one.id for one in observations]))
            else:
                self._judge(kind, observations, self._present.versions(kind, [one.id for one in observations]))

    def _not_the_same(self, page: Page, places: Sequence[int], lacking: frozenset[str]) -> tuple[bool, Sequence[int]]:
        """Count the results that are surely the same; return whether none has an action, and which are left.

        Of those that are the same, too, their details are observed.
        """
        columns = page.columns(NAMES)
        if columns is None:
            self._present.note_seen_results([row.id for row in map(page.row, places) if not row.is_gone])
            return True, places
        if len(places) < len(page):
            columns = columns.of(places)
        look = self._present.same_results(columns, self._latest)
        for (course, is_told), count in look.same.items():
            self.book.same(Kind.RESULT, course, told=is_told, count=count)
        if self._spool is not None:
            same = [page.row(places[place]) for place in np.flatnonzero(look.is_same).tolist()]
            kept_rows.keep(self._lookups, "learning_outcome_results", same)
            self._observe(Kind.RESULT_DETAIL, [one for row in same for one in self._shaper.details(row, lacking)])
        rest = [places[place] for place in np.flatnonzero(~look.is_same).tolist()]
        return not any(columns.actions), rest

    @property
    def _latest(self) -> int:
        return (self._exported.at + DAY) // SECOND

    def _refuse_another_institution(self, table: str, row: ExportRow) -> None:
        """Compare the root account, by its local id; one row of a page stands for all of them."""
        theirs, ours = identity(row.value.get("root_account_id")), self._shaper.institution.root_account
        if theirs is None or ours is None or not theirs.isdecimal():
            return
        if int(theirs) % SHARD != int(ours) % SHARD:
            raise UnreadableInput(
                f"{row.file} line {row.line}: {table} {row.id} is of the root account {theirs}, not of "
                f"{int(ours) % SHARD}: this is another institution's export"
            )

    def _refuse_other_times(self, table: str, page: list[ExportRow]) -> None:
        for row in page:
            updated = _saved(table, row)
            if updated is not None and updated > self._latest:
                raise UnreadableInput(
                    f"{row.file} line {row.line}: {table} {row.id} was saved at {row.value['updated_at']}, after "
                    f"the export of {to_text(self._exported.at)}: give the time of the export as --at"
                )

    def _judge(self, kind: Kind, seen: list[Observation], here: dict[str, KnownVersion]) -> None:
        if kind in KINDS.values() and kind is not Kind.RESULT:
            self._present.note_seen(kind, (one.id for one in seen))
        bodies = self._present.bodies(found.position for found in here.values())
        for one in seen:
            found = here.get(one.id)
            body = None if found is None else bodies.get(found.position)
            if found is not None and body is None:
                continue  # erased: what is forgotten is not learnt again
            if kind is Kind.PROFICIENCY and self._levels is not None:
                self._judge_scale(self._levels.applied(one, body or {}), found, body)
                continue
            ours = None
            if found is not None and body is not None:
                is_implied = kind is Kind.LINK and self._is_changed_silently(body, found, one)
                ours = self._present.ours(found, body, is_implied=is_implied)
            self._conclude(kind, one.completed(body or {}), judge(kind, _theirs(one), ours, self._exported), found)

    def _judge_scale(self, scale: Scale, here: KnownVersion | None, body: dict[str, Any] | None) -> None:
        """Judge a scale of whose levels only those are told that changed."""
        one, kind = scale.seen, Kind.PROFICIENCY
        ours = None if here is None or body is None else self._present.ours(here, body)
        found = judge(kind, _theirs(one), ours, self._exported)
        one = one.completed(body or {})
        if here is None or body is None or not scale.lost_at_no_time:
            self._conclude(kind, one, found, here)
            return
        fields = differences(kind, body, one.body, one.untold)
        found = Judgement(
            Verdict.GONE, None, self._exported.at, fields, "a level was deleted for good; no event tells that"
        )
        self._conclude(kind, one, found, here)
        self._write(one, self._exported.at)

    def _is_changed_silently(self, body: dict[str, Any], here: KnownVersion, seen: Observation) -> bool:
        outcome, saved = body.get("learning_outcome_id"), seen.updated_at
        deleted = self._lookups.outcome_deleted_at(outcome)
        if deleted is not None and is_at_once(deleted, saved):
            return True  # where the event of that deletion was missed, it is the outcome's
        return self._present.is_changed_silently(outcome, here.event_time, saved)

    def _conclude(self, kind: Kind, one: Observation, found: Judgement, here: KnownVersion | None) -> None:
        if kind in KINDS.values():
            self.book.add(kind, one.id, one.course, found, told=here is not None and here.is_told)
            is_late = found.verdict is Verdict.NEVER_TOLD and found.since is not None
            self.book.bad += found.verdict in BAD_NEWS or is_late
        if here is not None and found.verdict is Verdict.SAME and kind is Kind.USER:
            self._learn_sis_id(one, here)
        if found.is_mended:
            # Not before what it follows: events are posted after their row is saved, and ordered by that.
            self._write(one, one.updated_at if here is None else max(one.updated_at, here.event_time))

    def _learn_sis_id(self, one: Observation, here: KnownVersion) -> None:
        """Write what the school calls a user: it stands in another table, and is no save of the user's."""
        sis_id, at = one.body.get("user_sis_id"), self._exported.at
        if sis_id is None or at < here.event_time:
            return
        known = self._present.bodies([here.position]).get(here.position)
        if known is not None and known.get("user_sis_id") != sis_id:
            self._write(one._replace(body={**known, **one.body}), at)

    def _write(self, one: Observation, event_time: Micros) -> None:
        if self._spool is not None:
            self._spool.write(self._writer.line(one, event_time))
            self.book.written[one.kind] += 1

    def _observe(self, kind: Kind, seen: list[Observation]) -> None:
        """Write what no event tells, where it is news."""
        if self._spool is None:
            return
        if kind is Kind.COURSE_ACCOUNT:
            # Associations are what follows from a course's account: of use where nothing tells that itself.
            told = self._present.placed_courses([one.body["course_id"] for one in seen])
            seen = [one for one in seen if one.body["course_id"] not in told]
        here = self._present.versions(kind, [one.id for one in seen])
        bodies = self._present.bodies(found.position for found in here.values())
        for one in seen:
            found, known = here.get(one.id), None
            time = one.updated_at
            if found is not None:
                known = bodies.get(found.position)
                if known is None or found.updated_at > one.updated_at:
                    continue
                if not differences(kind, known, one.body, one.untold):
                    continue
                # Changed without being saved, as the posting of a grade is: of two exports the later one is right.
                time = self._exported.at if found.updated_at == one.updated_at else max(time, found.event_time)
                if time < found.event_time:
                    continue
            if not one.unspecified:
                self._write(one.completed(known or {}), time)

    def _gone(self, table: str, row: ExportRow) -> None:
        for kind in _ALL_KINDS[table]:
            local_id = self._shaper.institution.global_id(row.id) if kind in _GLOBAL else row.id
            self._gone_of(kind, local_id or row.id, table)

    def _gone_of(self, kind: Kind, local_id: str, table: str) -> None:
        here = self._present.results([local_id]) if kind is Kind.RESULT else self._present.versions(kind, [local_id])
        found = here.get(local_id)
        if found is None:
            return
        body = self._present.bodies([found.position]).get(found.position)
        if body is None or body.get("workflow_state") == "deleted":
            return
        fields = {"workflow_state": (body.get("workflow_state"), "deleted")}
        why = "deleted for good; no event tells that"
        seen = Observation(kind, local_id, {**body, "workflow_state": "deleted"}, self._exported.at, None, table)
        if kind in KINDS.values():
            gone = Judgement(Verdict.GONE, None, self._exported.at, fields, why)
            self.book.add(kind, local_id, seen.course, gone, told=True)
        # The one observation with the export's own time: such a row has no other.
        self._write(seen, self._exported.at)

    def _absent(self, kind: Kind) -> None:
        gone = Judgement(Verdict.GONE, why="active here, and not in the whole table")
        for one in self._present.unseen(kind):
            is_new = self._exported.is_under_way(one.event_time)
            lagging = Judgement(Verdict.LAGGING, None, one.event_time, why="the export is of before it was made")
            self.book.add(kind, one.id, one.course, lagging if is_new else gone, told=True)


def _theirs(one: Observation) -> Theirs:
    return Theirs(one.body, one.updated_at, one.created_at, one.unspecified, one.untold)


def _first_actions(table: str, paths: list[Path]) -> list[str | None]:
    """Return the action of the first row of each file that has one: None of a whole snapshot."""
    firsts = (next(rows_of(path, table), None) for path in paths)
    return [row.action for row in firsts if row is not None]


def _saved(table: str, row: ExportRow) -> int | None:
    try:
        return second_of(row.value.get("updated_at"))
    except (ValueError, OverflowError) as error:
        raise row.unreadable(table, error) from error
