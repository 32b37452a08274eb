"""What an event changed when it arrived: the places in trees, and the scores, known just before it and with it.

Each is found around the event, by seeks: nothing here reads a whole tree, course or class for one event of it, except
where the event moved the course.
"""

import sqlite3
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from functools import cached_property
from itertools import chain
from typing import Any

from outcomes.domain.identity import Context, Kind, id_sort_key
from outcomes.domain.mastery import EnrollmentState
from outcomes.domain.times import Micros
from outcomes.projections.as_of.lookups import seek
from outcomes.projections.as_of.point import PointInTime
from outcomes.projections.as_of.tree import deletion_of, part_of_tree
from outcomes.projections.history.diff import nodes_of, places_changed, students_changed
from outcomes.projections.history.outcome_steps import OutcomeSteps
from outcomes.projections.history.pair_arrivals import PairArrivals, PairKey
from outcomes.projections.history.score_change import change_between, score_change
from outcomes.projections.history.score_steps import ScoreSteps
from outcomes.projections.history.timeline import TimelineEntry
from outcomes.projections.mastery.membership import MembershipHistory, Memberships
from outcomes.projections.mastery.policy import Policy, PolicyBook, are_scales_ever_shared
from outcomes.projections.mastery.policy_history import PolicyHistory, same_standing
from outcomes.projections.mastery.results import Assessments, Scope, courses_by_outcome, pairs_at
from outcomes.projections.mastery.row import Basis, row_of
from outcomes.projections.views.schema import VERSION_TABLES

_SHARED_POLICIES = frozenset({Kind.PROFICIENCY, Kind.CALCULATION_METHOD})
_ON_RESULTS = frozenset({Kind.RESULT, Kind.ASSESSMENT, Kind.RESULT_DETAIL, Kind.ALIGNMENT})
# Whether a student sees a grade: it counts all the same, for teachers see it (DOMAIN.md 5.3).
_ON_POSTING = frozenset({Kind.SUBMISSION, Kind.POST_POLICY})
_ON_MEMBERSHIP = frozenset({Kind.ENROLLMENT, Kind.USER})

Change = dict[str, Any]


class Effects:
    """Asks at two points of the log for each event: just before its position, and at it."""

    def __init__(self, connection: sqlite3.Connection, point: PointInTime) -> None:
        self._connection = connection
        self._point = point
        self._policies = PolicyHistory(connection, point)
        self._members = MembershipHistory(connection, point)
        arrivals = PairArrivals(connection, point)
        self._steps = ScoreSteps(connection, point, arrivals, self._policies, self._members)
        self._outcomes_walked = OutcomeSteps(connection, point, arrivals)

    def of(
        self, entries: Sequence[TimelineEntry]
    ) -> Iterator[tuple[TimelineEntry, dict[str, list[Change]], list[Change]]]:
        """Yield entries with the places and the scores that each changed; pairs of many of them are read once."""
        pairs = self._pairs([entry for entry in entries if entry.kind in _ON_RESULTS])
        steps = self._steps.at([(pair, position) for position, found in pairs.items() for pair in found])
        for entry in entries:
            kind = entry.kind
            places, scores = _no_places(), []
            if kind in _ON_RESULTS:
                changed = (steps.get((pair, entry.position)) for pair in pairs[entry.position])
                scores = [change for change in changed if change is not None]
            elif kind in _ON_MEMBERSHIP:
                scores = list(self._scores_by_membership(entry))
            elif kind not in _ON_POSTING:
                places, scores = self._places(entry), list(self._scores_by_policy(entry))
            if entry.position in self._put_elsewhere:
                scores = self._scores_below(entry, scores)
            yield entry, places, scores

    # -- places in trees ------------------------------------------------------------------------------------------

    def _places(self, entry: TimelineEntry) -> dict[str, list[Change]]:
        """Return which places were added, removed and moved, in every context that the event touches."""
        answer = _no_places()
        part: dict[str, Any]
        if entry.kind is Kind.GROUP and not entry.is_overtaken:
            contexts, part = self._contexts_around(entry), {"groups": [entry.ref.id], "outcomes": []}
        elif entry.kind is Kind.LINK and not entry.is_overtaken:
            found = self._around(entry, "context, outcome_id")
            contexts = self._named(row[0] for row in found)
            part = {"groups": [], "outcomes": list(dict.fromkeys(row[1] for row in found)), "link": entry.ref.id}
        elif entry.kind is Kind.OUTCOME and self._may_move(entry):
            contexts, part = self._contexts_of_outcome(entry.ref.id), {"groups": [], "outcomes": [entry.ref.id]}
        else:
            return answer
        for context in contexts:
            before, after = (
                nodes_of(part_of_tree(self._connection, point, context, **part)) for point in self._points(entry)
            )
            for name, rows in places_changed(context, before, after).items():
                answer[name] += rows
        return answer

    def _may_move(self, entry: TimelineEntry) -> bool:
        """Say whether an event of an outcome can have changed places: it came, went, moved, or was ever deleted.

        A deletion deletes the links of an outcome even where a later event was there already.
        """
        if deletion_of(self._connection, self._at(entry.position), entry.ref.id) is not None:
            return True
        contexts = [] if entry.is_overtaken else self._around(entry, "context")
        is_first, has_moved = len(contexts) == 1, len(set(contexts)) > 1
        return is_first or has_moved

    def _around(self, entry: TimelineEntry, columns: str) -> list[tuple[Any, ...]]:
        """Return columns of the versions in force just before an event and with it; one row if it was the first."""
        found = []
        for point in self._points(entry):
            row = self._connection.execute(
                f"SELECT {columns} FROM {VERSION_TABLES[entry.kind]} WHERE position = {seek(entry.kind, ':id')}",
                {**point.bounds(), "id": entry.ref.id},
            ).fetchone()
            found += [] if row is None else [row]
        return found

    def _contexts_around(self, entry: TimelineEntry) -> list[Context]:
        return self._named(row[0] for row in self._around(entry, "context"))

    def _contexts_of_outcome(self, outcome_id: str) -> list[Context]:
        """Return the contexts in which an outcome ever was, or was linked."""
        rows = self._connection.execute(
            "SELECT context FROM outcome_versions WHERE tenant = :tenant AND outcome_id = :id "
            "UNION SELECT context FROM link_versions WHERE tenant = :tenant AND outcome_id = :id",
            {"tenant": self._point.number, "id": outcome_id},
        )
        return self._named(row[0] for row in rows.fetchall())

    def _named(self, numbers: Iterable[int]) -> list[Context]:
        rows = (
            self._connection.execute("SELECT type, id FROM contexts WHERE context = ?", (number,)).fetchone()
            for number in dict.fromkeys(numbers)
        )
        return [Context(*row) for row in rows if row is not None]

    def _points(self, entry: TimelineEntry) -> tuple[PointInTime, PointInTime]:
        return self._at(entry.position - 1), self._at(entry.position)

    def _at(self, position: int) -> PointInTime:
        return self._point._replace(known_at=position)

    # -- scores ---------------------------------------------------------------------------------------------------

    def _pairs(self, entries: list[TimelineEntry]) -> dict[int, list[PairKey]]:
        """Return, by position, whose scores an event of a result, or of what one counts by, can have changed."""
        effective = [entry for entry in entries if not entry.is_overtaken]
        by_id = [entry.ref.id for entry in effective if entry.kind in {Kind.RESULT, Kind.RESULT_DETAIL}]
        of_results = self._steps.pairs_of_results(by_id)
        found: dict[int, list[PairKey]] = {entry.position: [] for entry in entries}
        for entry in effective:
            if entry.kind is Kind.ASSESSMENT:
                pairs = self._steps.pairs_of_assessment(entry.ref.id)
                found[entry.position] = [pair for pair in pairs if self._steps.goes_by_time(pair, entry.position)]
            elif entry.kind is Kind.ALIGNMENT:
                found[entry.position] = self._steps.pairs_of_alignment(entry.ref.id)
            else:
                found[entry.position] = of_results.get(entry.ref.id, [])
        return found

    def _scores_by_policy(self, entry: TimelineEntry) -> Iterator[Change]:
        """Yield whose score or mastery another policy changed: only where it is another are results looked at."""
        for course, outcome, old, new in self._policies_around(entry):
            if same_standing(old, new):
                continue
            for student, sides in self._outcomes_walked.moved(course, outcome, entry.position, (old, new)):
                enrollment = self._members.state(course, student, entry.position)
                if enrollment is not EnrollmentState.DELETED:
                    yield score_change((course, student, outcome), new.title, sides, enrollment.value)

    def _scores_by_membership(self, entry: TimelineEntry) -> Iterator[Change]:
        """Yield whose scores came or went because a student joined a course or was removed from it."""
        if entry.is_overtaken:
            return
        members = [Memberships(self._connection, point) for point in self._points(entry)]
        changed: dict[tuple[str, str], None] = {}
        for number, student in self._classes_around(entry):
            for context in self._named([] if number is None else [number]):
                sides = [one.of_course(context.id, student) for one in members]
                names = (name for name in {**sides[0], **sides[1]} if sides[0].get(name) != sides[1].get(name))
                changed.update(((context.id, name), None) for name in names)
        for course, student in sorted(changed):
            yield from self._scores_in(course, student, members)

    def _classes_around(self, entry: TimelineEntry) -> Iterable[tuple[int | None, str | None]]:
        """Return the courses, by number, and in each the student whose membership an event may have changed.

        No student stands for whoever is in the class.
        """
        if entry.kind is Kind.ENROLLMENT:
            return self._around(entry, "context, user_uuid")
        uuids = {row[0] for row in self._around(entry, "uuid") if row[0] is not None}
        # Whose an enrollment is that names the user's id alone, users tell.
        return [(number, uuid) for number in self._classes_by_id.get(entry.ref.id, ()) for uuid in sorted(uuids)]

    def _scores_in(self, course: str, student: str, members: list[Memberships]) -> Iterator[Change]:
        """Yield a student's scores that differ by nothing but their membership."""
        point = members[-1].point
        basis, assessments = Basis.at(self._connection, point), Assessments(self._connection, point, ())
        pairs = pairs_at(self._connection, point, course, Scope(course, student))
        for pair in sorted(pairs, key=lambda pair: id_sort_key(pair.outcome_id)):
            sides = (row_of(basis._replace(members=one), assessments, course, pair) for one in members)
            change = change_between(*sides)
            if change is not None:
                yield change

    def _policies_around(self, entry: TimelineEntry) -> Iterator[tuple[str, str, Policy, Policy]]:
        """Yield the courses and outcomes whose policy an event may have changed, with it before and after."""
        kind, position = entry.kind, entry.position
        if kind is Kind.SETTING or (kind in _SHARED_POLICIES and self._scales_are_shared):
            if entry.is_overtaken:
                return
            old, new = (PolicyBook(self._connection, point) for point in self._points(entry))
            for course, outcome in self._places_below(entry):
                yield course, outcome, old.policy(course, outcome), new.policy(course, outcome)
            return
        places: Iterable[tuple[str, str]] = ()
        if kind is Kind.OUTCOME:
            places = [(course, entry.ref.id) for course in self._courses.get(entry.ref.id, ())]
        elif kind is Kind.LINK and not entry.is_overtaken:
            contexts = self._around(entry, "context, outcome_id")
            found = ((self._named([number]), outcome) for number, outcome in contexts)
            places = dict.fromkeys(
                (context.id, outcome) for named, outcome in found for context in named if context.type == "Course"
            )
        for course, outcome in places:
            old_policy = self._policies.policy(course, outcome, position - 1)
            yield course, outcome, old_policy, self._policies.policy(course, outcome, position)

    def _scores_below(self, entry: TimelineEntry, scores: list[Change]) -> list[Change]:
        """Return whose scores differ below a course or account that an event put elsewhere, and the other changes.

        Whole courses are compared, since the event may have changed more there; but few events move one.
        """
        courses = self._courses_below(self._put_elsewhere[entry.position])
        elsewhere = [change for change in scores if change["course_id"] not in courses]
        below = (
            students_changed(self._connection, *self._points(entry), Context("Course", course))
            for course in sorted(courses, key=id_sort_key)
        )
        return [*elsewhere, *chain.from_iterable(below)]

    @cached_property
    def _put_elsewhere(self) -> dict[int, list[Context]]:
        """By position, the courses and accounts that an event put elsewhere as it came, if that counts for scores.

        An event of anything may do so: every request tells where its context hangs.
        """
        if not self._scales_are_shared:
            return {}
        rows = self._connection.execute(
            "SELECT p.position, p.context, p.parent, p.event_time, p.digest FROM placements p "
            "JOIN contexts c USING (context) WHERE c.tenant = ? AND p.event_time <= ? ORDER BY p.position",
            (self._point.number, self._point.until),
        )
        found: dict[int, list[int]] = defaultdict(list)
        newest: dict[int, tuple[Micros, bytes, int]] = {}
        for position, context, parent, *order in rows:
            known = newest.get(context)
            if known is None or (*order,) > known[:2]:
                newest[context] = (*order, parent)
                if known is None or known[2] != parent:
                    found[position].append(context)
        return {position: self._named(contexts) for position, contexts in found.items()}

    def _places_below(self, entry: TimelineEntry) -> Iterator[tuple[str, str]]:
        """Yield the courses, with their outcomes, that a setting, or a scale or method of a context, may count in."""
        is_of_all = entry.kind is Kind.SETTING
        courses = self._outcomes.keys() if is_of_all else self._courses_below(self._contexts_around(entry))
        for course in sorted(courses, key=id_sort_key):
            for outcome in sorted(self._outcomes.get(course, ()), key=id_sort_key):
                yield course, outcome

    def _courses_below(self, contexts: Iterable[Context]) -> set[str]:
        """Return those of some contexts that are courses, and all courses that ever hung below any of them."""
        found, waiting = set(contexts), list(contexts)
        while waiting:
            below = self._contexts_below.get(waiting.pop(), set()) - found
            found |= below
            waiting += below
        return {context.id for context in found if context.type == "Course"}

    @cached_property
    def _contexts_below(self) -> dict[Context, set[Context]]:
        """What ever hung directly below each account."""
        rows = self._connection.execute(
            "SELECT DISTINCT u.type, u.id, c.type, c.id FROM placements p JOIN contexts c ON c.context = p.context "
            "JOIN contexts u ON u.context = p.parent WHERE c.tenant = ?",
            (self._point.number,),
        )
        below: dict[Context, set[Context]] = defaultdict(set)
        for row in rows.fetchall():
            below[Context(*row[:2])].add(Context(*row[2:]))
        return below

    @cached_property
    def _scales_are_shared(self) -> bool:
        """Whether scales and methods of accounts and courses ever counted."""
        return are_scales_ever_shared(self._connection, self._point)

    @cached_property
    def _classes_by_id(self) -> dict[str, list[int]]:
        """The courses, by number, of enrollments that ever named nobody but a user's id, by that: older ones do."""
        rows = self._connection.execute(
            "SELECT DISTINCT v.user_id, e.course FROM course_enrollments e "
            "JOIN enrollment_versions v ON v.tenant = ? AND v.enrollment_id = e.enrollment_id "
            "WHERE e.user_uuid = '' AND v.user_uuid IS NULL AND v.user_id IS NOT NULL",
            (self._point.number,),
        )
        courses: dict[str, list[int]] = defaultdict(list)
        for user, course in rows.fetchall():
            courses[user].append(course)
        return courses

    @cached_property
    def _courses(self) -> dict[str, list[str]]:
        return courses_by_outcome(self._connection, self._point)

    @cached_property
    def _outcomes(self) -> dict[str, list[str]]:
        outcomes: dict[str, list[str]] = defaultdict(list)
        for outcome, courses in self._courses.items():
            for course in courses:
                outcomes[course].append(outcome)
        return outcomes


def _no_places() -> dict[str, list[Change]]:
    return {"added": [], "removed": [], "moved": []}
