"""What one event changed when it arrived: the places in trees, and the scores, known just before it and with it."""

import sqlite3
from collections import defaultdict
from collections.abc import Iterable, Iterator
from typing import Any

from outcomes.domain.identity import Context, Kind, context_of
from outcomes.domain.tree import DELETED
from outcomes.projections.as_of.point import PointInTime
from outcomes.projections.history.diff import nodes_at, places_changed, score_change
from outcomes.projections.history.timeline import TimelineEntry
from outcomes.projections.mastery.policy import ACCOUNT_SCALES, PolicyBook
from outcomes.projections.mastery.query import MasteryRow, row_of
from outcomes.projections.mastery.results import Assessments, Scope, courses_of, pairs_at

_IN_TREES = frozenset({Kind.GROUP, Kind.LINK, Kind.OUTCOME})
_SHARED_POLICIES = frozenset({Kind.PROFICIENCY, Kind.CALCULATION_METHOD})
_DELETIONS = frozenset({"deleted", "restored"})


class Effects:
    """Asks at two points of the log for each event: just before its position, and at it."""

    def __init__(self, connection: sqlite3.Connection, point: PointInTime) -> None:
        self._connection = connection
        self._point = point
        self._courses: dict[str, list[str]] | None = None

    def tree(self, entry: TimelineEntry) -> dict[str, list[dict[str, Any]]]:
        """Return which places were added, removed and moved, in every context that the event touches."""
        answer: dict[str, list[dict[str, Any]]] = {"added": [], "removed": [], "moved": []}
        # An overtaken event has changed nothing of now; but that an outcome was deleted, has deleted its links.
        is_deletion = entry.kind is Kind.OUTCOME and DELETED in _ever(entry, "workflow_state")
        if entry.kind not in _IN_TREES or (entry.is_overtaken and not is_deletion):
            return answer
        if entry.kind is Kind.OUTCOME and entry.change not in {"created", *_DELETIONS} and not is_deletion:
            return answer
        before, after = self._points(entry)
        for context in self._contexts(entry):
            trees = nodes_at(self._connection, before, context), nodes_at(self._connection, after, context)
            for name, rows in places_changed(context, *trees).items():
                answer[name] += rows
        return answer

    def scores(self, entry: TimelineEntry) -> Iterator[dict[str, Any]]:
        """Yield whose score or mastery changed."""
        before, after = self._points(entry)
        books: tuple[PolicyBook, PolicyBook] | None = None
        for scope in self._scopes(entry):
            if books is None:
                new = PolicyBook(self._connection, after)
                # Results and their assessments are no part of any policy: one book is enough.
                is_policy = entry.kind not in {Kind.RESULT, Kind.ASSESSMENT}
                books = PolicyBook(self._connection, before) if is_policy else new, new
            for course in courses_of(self._connection, after, scope):
                old = self._rows(before, books[0], course, scope)
                rows = self._rows(after, books[1], course, scope)
                for key in sorted(old.keys() | rows.keys()):
                    change = score_change(old.get(key), rows.get(key))
                    if change is not None:
                        yield change

    def _points(self, entry: TimelineEntry) -> tuple[PointInTime, PointInTime]:
        before, after = entry.position - 1, entry.position
        return self._point._replace(known_at=before), self._point._replace(known_at=after)

    def _rows(self, point: PointInTime, book: PolicyBook, course: str, scope: Scope) -> dict[Any, MasteryRow]:
        assessments = Assessments(self._connection, point, ())
        pairs = pairs_at(self._connection, point, course, scope)
        return {(pair.student, pair.outcome_id): row_of(assessments, book, course, pair) for pair in pairs}

    def _contexts(self, entry: TimelineEntry) -> Iterable[Context]:
        if entry.kind is not Kind.OUTCOME:
            return [context_of(*names) for names in _pairs(entry, "context_type", "context_id")]
        rows = self._connection.execute(
            "SELECT c.type, c.id FROM contexts c WHERE c.tenant = ? AND EXISTS ("
            "SELECT 1 FROM members m WHERE m.context = c.context AND m.kind = 'outcome' AND m.id = ?)",
            (self._point.number, entry.ref.id),
        )
        return [Context(*row) for row in rows.fetchall()]

    def _scopes(self, entry: TimelineEntry) -> Iterable[Scope]:
        """Return whose scores an event can have changed; most of an overtaken one's are what they were."""
        kind = entry.kind
        if kind is Kind.OUTCOME:
            is_past = entry.is_overtaken and DELETED not in _ever(entry, "workflow_state")
            return [] if is_past else [Scope(course, None, entry.ref.id) for course in self._courses_with(entry.ref.id)]
        if entry.is_overtaken:
            return []
        if kind is Kind.RESULT:
            return [Scope(*place) for place in _in_courses(entry, "result_context", "user_uuid", "learning_outcome_id")]
        if kind is Kind.LINK:
            places = _in_courses(entry, "context", "learning_outcome_id")
            return [Scope(course, None, outcome) for course, outcome in places]
        if kind is Kind.ASSESSMENT:
            return self._assessed(entry.ref.id)
        return [Scope()] if kind is Kind.SETTING else self._below(entry) if kind in _SHARED_POLICIES else []

    def _below(self, entry: TimelineEntry) -> list[Scope]:
        """Return whom a scale or method of a context can count for: nobody where outcomes have their own."""
        if not PolicyBook(self._connection, self._point).setting(ACCOUNT_SCALES, default=False):
            return []
        is_of_account = "Account" in _ever(entry, "context_type")
        return [Scope()] if is_of_account else [Scope(*place) for place in _in_courses(entry, "context")]

    def _courses_with(self, outcome_id: str) -> list[str]:
        """Return the courses with results of an outcome: one pass over all results, for all outcomes."""
        if self._courses is None:
            self._courses = defaultdict(list)
            rows = self._connection.execute(
                "SELECT r.outcome_id, c.id FROM (SELECT DISTINCT outcome_id, course FROM result_versions) r "
                "CROSS JOIN contexts c ON c.context = r.course WHERE c.tenant = ? AND c.type = 'Course'",
                (self._point.number,),
            )
            for outcome, course in rows.fetchall():
                self._courses[outcome].append(course)
        return self._courses.get(outcome_id, [])

    def _assessed(self, assessment_id: str) -> list[Scope]:
        rows = self._connection.execute(
            "SELECT DISTINCT c.id, s.uuid FROM rubric_results r JOIN contexts c ON c.context = r.course "
            "JOIN students s USING (student) WHERE r.tenant = ? AND r.assessment_id = ? AND c.type = 'Course'",
            (self._point.number, assessment_id),
        )
        return [Scope(*row) for row in rows.fetchall()]


def _ever(entry: TimelineEntry, field: str) -> tuple[Any, Any]:
    """Return what a field was before an event and what it is with it."""
    return entry.fields.get(field, (entry.state.get(field),) * 2)


def _in_courses(entry: TimelineEntry, context: str, *fields: str) -> list[list[Any]]:
    """Return the course, and the values of some fields, of an event and of the state before it."""
    found = _pairs(entry, f"{context}_type", f"{context}_id", *fields)
    return [rest for type_, *rest in found if type_ == "Course" and rest[0] is not None]


def _pairs(entry: TimelineEntry, *fields: str) -> list[tuple[Any, ...]]:
    """Return the values of some fields with an event, and those before it if there were others."""
    before, after = (tuple(_ever(entry, field)[side] for field in fields) for side in (0, 1))
    return [after] if before == after or entry.change == "created" else [before, after]
