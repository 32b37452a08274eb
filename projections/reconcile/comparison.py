"""One pass over an export: every row against what is known here, a page at a time, in memory that does not grow."""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path
from typing import BinaryIO

from outcomes.domain.errors import UnreadableInput
from outcomes.domain.identity import OBSERVED_ONLY, Kind
from outcomes.domain.reconciliation import BAD_NEWS, WRITTEN, Cut, Judgement, Theirs, Verdict, differences, judge
from outcomes.domain.times import Micros, to_text
from outcomes.projections.reconcile.book import Book
from outcomes.projections.reconcile.present import Here, HereResult, Present
from outcomes.projections.reconcile.same_results import is_same, second_of
from outcomes.store.observations.lookups import Lookups
from outcomes.store.observations.observation import Observation, Writer
from outcomes.store.observations.shaping import Shaper, assignment_of, rating_of, time
from outcomes.store.sources.exports.columns import TABLES
from outcomes.store.sources.exports.files import rows_of
from outcomes.store.sources.exports.rows import ExportRow, identity, text

_PAGE = 2_000
_A_DAY: Micros = 86_400_000_000
_SECOND = 1_000_000

KINDS = {
    "learning_outcome_groups": Kind.GROUP,
    "learning_outcomes": Kind.OUTCOME,
    "content_tags": Kind.LINK,
    "outcome_proficiencies": Kind.PROFICIENCY,
    "learning_outcome_results": Kind.RESULT,
}
"""Tables whose rows get a verdict of their own, and the kind that they are of."""

Watch = Callable[[str, int], None]


class Comparison:
    """Compares one export; what an observation mends is written to `spool` as events, if there is one."""

    def __init__(
        self,
        present: Present,
        shaper: Shaper,
        lookups: Lookups,
        cut: Cut,
        book: Book,
        spool: BinaryIO | None,
        writer: Writer,
    ) -> None:
        self._present = present
        self._shaper = shaper
        self._lookups = lookups
        self._cut = cut
        self.book = book
        self._spool = spool
        self._writer = writer

    def run(self, files: dict[str, list[Path]], watch: Watch) -> None:
        """Read all tables that are there, those first that others need. Raises UnreadableInput."""
        for table in TABLES:
            if table in {"pseudonyms", "outcome_proficiency_ratings"}:
                continue
            paths = files.get(table, [])
            if table == "users":
                self._lookups.keep("pseudonyms", self._pseudonyms(files.get("pseudonyms", [])))
            if table == "outcome_proficiencies":
                self._lookups.keep("ratings", self._ratings(files.get("outcome_proficiency_ratings", [])))
            if paths:
                self._table(table, paths, watch)

    def _pseudonyms(self, paths: list[Path]) -> Iterator[tuple[str | None, str | None]]:
        for path in paths:
            for row in rows_of(path, "pseudonyms"):
                sis_id = identity(row.value.get("sis_user_id"))
                if sis_id is not None and row.value.get("workflow_state") != "deleted" and not row.is_gone:
                    yield identity(row.value.get("user_id")), sis_id

    def _ratings(self, paths: list[Path]) -> Iterator[tuple[str | None, str, str | None, str]]:
        for path in paths:
            for row in rows_of(path, "outcome_proficiency_ratings"):
                # A revived scale may hold levels still marked deleted, and they count (DOMAIN.md 3); others are old.
                if not row.is_gone and row.value.get("workflow_state") != "deleted":
                    scale = identity(row.value.get("outcome_proficiency_id"))
                    yield scale, row.id, time(row.value.get("updated_at")), rating_of(row)

    def _table(self, table: str, paths: list[Path], watch: Watch) -> None:
        rows: Iterator[ExportRow] = (row for path in paths for row in rows_of(path, table))
        is_whole, done = True, 0
        if len(paths) > 1 and self._is_incremental(table, paths):
            rows = self._newest(table, paths)
        while page := list(islice(rows, _PAGE)):
            is_whole = is_whole and all(row.action is None for row in page)
            self._keep(table, page)
            self._page(table, page)
            done += len(page)
            watch(table, done)
        if is_whole and table in KINDS:
            self._absent(KINDS[table])

    def _is_incremental(self, table: str, paths: list[Path]) -> bool:
        firsts = (next(rows_of(path, table), None) for path in paths)
        return any(row is not None and row.action is not None for row in firsts)

    def _newest(self, table: str, paths: list[Path]) -> Iterator[ExportRow]:
        """Yield of each row its last copy: increments repeat what a snapshot before them has."""
        self._lookups.connection.execute("DELETE FROM newest")
        for path in paths:
            for row in rows_of(path, table):
                self._lookups.connection.execute(
                    "INSERT INTO newest VALUES (?, ?, ?, ?) ON CONFLICT (id) DO UPDATE SET ts = excluded.ts, "
                    "file = excluded.file, line = excluded.line WHERE excluded.ts >= newest.ts",
                    (row.id, row.ts, row.file, row.line),
                )
        for path in paths:
            for row in rows_of(path, table):
                found = self._lookups.connection.execute("SELECT file, line FROM newest WHERE id = ?", (row.id,))
                if found.fetchone() == (row.file, row.line):
                    yield row

    def _keep(self, table: str, page: list[ExportRow]) -> None:
        """Keep what later tables ask for."""
        if table in {"users", "courses"}:
            self._lookups.keep(table, ((row.id, text(row.value.get("uuid"))) for row in page))
        elif table == "learning_outcome_results":
            self._lookups.keep("assessed", self._assessed(page))

    def _assessed(self, page: list[ExportRow]) -> Iterator[tuple[str, str, str | None, str | None]]:
        for row in page:
            assignment, user = assignment_of(row), identity(row.value.get("user_id"))
            if assignment is not None and user is not None:
                student = text(row.value.get("user_uuid")) or self._lookups.user_uuid(user)
                yield assignment, user, student, identity(row.value.get("context_id"))

    def _page(self, table: str, page: list[ExportRow]) -> None:
        self._refuse_other_times(table, page)
        seen: dict[Kind, list[Observation]] = defaultdict(list)
        if table == "learning_outcome_results":
            page = self._not_the_same(page, seen)
        for row in page:
            if row.is_gone:
                self._gone(table, row)
            else:
                for found in self._shaper.observations(table, row):
                    seen[found.kind].append(found)
        for kind, observations in seen.items():
            if kind in OBSERVED_ONLY:
                self._observe(kind, observations)
            elif kind is Kind.RESULT:
                self._judge(kind, observations, self._present.results([one.id for one in observations]))
            else:
                self._judge(kind, observations, self._present.versions(kind, [one.id for one in observations]))

    def _not_the_same(self, page: list[ExportRow], seen: dict[Kind, list[Observation]]) -> list[ExportRow]:
        """Count the results that are surely the same; return the rest. Of those, too, their details are observed."""
        here = self._present.results([row.id for row in page])
        rest, same = [], Counter[tuple[str, bool]]()
        for row in page:
            found = here.get(row.id)
            if found is None or row.action == "D" or not _is_same(found, row):
                rest.append(row)
                continue
            same[found.course, bool(found.is_told)] += 1
            if self._spool is not None:
                seen[Kind.RESULT_DETAIL] += [
                    one
                    for one in self._shaper.observations("learning_outcome_results", row)
                    if one.kind is Kind.RESULT_DETAIL
                ]
        self._present.note_seen_results(here[row.id] for row in page if row.id in here and row.action != "D")
        for (course, is_told), count in same.items():
            self.book.same(Kind.RESULT, course, told=is_told, count=count)
        return rest

    def _refuse_other_times(self, table: str, page: list[ExportRow]) -> None:
        limit = (self._cut.at + _A_DAY) // _SECOND
        for row in page:
            updated = _saved(table, row)
            if updated is not None and updated > limit:
                raise UnreadableInput(
                    f"{row.file} line {row.line}: {table} {row.id} was saved at {row.value['updated_at']}, after "
                    f"the export of {to_text(self._cut.at)}: give the time of the export as --at"
                )

    def _judge(self, kind: Kind, seen: list[Observation], here: dict[str, Here] | dict[str, HereResult]) -> None:
        if kind in KINDS.values() and kind is not Kind.RESULT:
            self._present.note_seen(kind, (one.id for one in seen))
        bodies = self._present.bodies(found.position for found in here.values())
        for one in seen:
            found = here.get(one.id)
            body = None if found is None else bodies.get(found.position)
            if found is not None and body is None:
                continue  # erased: what is forgotten is not learnt again
            ours = None
            if found is not None and body is not None:
                is_implied = kind is Kind.LINK and self._present.is_changed_silently(
                    body.get("learning_outcome_id"), found.event_time
                )
                ours = self._present.ours(found, body, is_implied=is_implied)
            theirs = Theirs(one.body, one.updated_at, one.created_at, one.unspecified)
            self._conclude(kind, one, judge(kind, theirs, ours, self._cut), found)

    def _conclude(self, kind: Kind, one: Observation, found: Judgement, here: Here | HereResult | None) -> None:
        if kind in KINDS.values():
            self.book.add(kind, one.id, one.course, found, told=here is not None and here.is_told)
            is_late = found.verdict is Verdict.NEVER_TOLD and found.since is not None
            self.book.bad += found.verdict in BAD_NEWS or is_late
        if found.verdict in WRITTEN:
            # Not before what it follows: events are posted after their row is saved, and ordered by that.
            self._write(one, one.updated_at if here is None else max(one.updated_at, here.event_time))

    def _write(self, one: Observation, event_time: Micros) -> None:
        if self._spool is not None:
            self._spool.write(self._writer.line(one, event_time))
            self.book.written[one.kind] += 1

    def _observe(self, kind: Kind, seen: list[Observation]) -> None:
        """Write what no event tells, where it is news."""
        if self._spool is None:
            return
        here = self._present.versions(kind, [one.id for one in seen])
        bodies = self._present.bodies(found.position for found in here.values())
        for one in seen:
            found = here.get(one.id)
            if found is not None:
                known = bodies.get(found.position)
                if known is None or found.updated_at > one.updated_at or not differences(kind, known, one.body):
                    continue
            if not one.unspecified:
                self._write(one, one.updated_at)

    def _gone(self, table: str, row: ExportRow) -> None:
        kind = KINDS.get(table)
        if kind is None:
            return
        here: dict[str, Here] | dict[str, HereResult]
        here = self._present.results([row.id]) if kind is Kind.RESULT else self._present.versions(kind, [row.id])
        found = here.get(row.id)
        if found is None:
            return
        body = self._present.bodies([found.position]).get(found.position)
        if body is None or body.get("workflow_state") == "deleted":
            return
        fields = {"workflow_state": (body.get("workflow_state"), "deleted")}
        why = "deleted for good; no event tells that"
        seen = Observation(kind, row.id, {**body, "workflow_state": "deleted"}, self._cut.at, None, table)
        self.book.add(kind, row.id, seen.course, Judgement(Verdict.GONE, None, self._cut.at, fields, why), told=True)
        # The one observation with the export's own time: such a row has no other.
        self._write(seen, self._cut.at)

    def _absent(self, kind: Kind) -> None:
        gone = Judgement(Verdict.GONE, why="active here, and not in the whole table")
        for local_id, event_time in self._present.unseen(kind):
            is_new = self._cut.is_under_way(event_time)
            lagging = Judgement(Verdict.LAGGING, None, event_time, why="the export is of before it was made")
            self.book.add(kind, local_id, None, lagging if is_new else gone, told=True)


def _is_same(here: HereResult, row: ExportRow) -> bool:
    try:
        return is_same(here, row.value)
    except (ValueError, OverflowError):
        return False  # it is told with the row's name where all of it is read


def _saved(table: str, row: ExportRow) -> int | None:
    try:
        return second_of(row.value.get("updated_at"))
    except (ValueError, OverflowError) as error:
        raise UnreadableInput(
            f"{row.file} line {row.line}: {table} {row.id}: {error}: export the table again"
        ) from error
