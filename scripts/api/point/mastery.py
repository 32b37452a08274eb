"""Who has mastered what at a point, and why."""

import sqlite3
from collections.abc import Container, Iterator
from functools import cache, partial
from typing import TYPE_CHECKING, Literal, overload

from outcomes.api.arguments import Id, id_text
from outcomes.api.point.base import PointBase
from outcomes.domain.errors import UsageError
from outcomes.domain.identity import Context, Kind, parse_context, parse_kind
from outcomes.projections.paging import NextKey, Page

if TYPE_CHECKING:
    from outcomes.api.answers.differences import ScoreChange
    from outcomes.api.answers.mastery import (
        ClassReport,
        Explanation,
        Flips,
        History,
        Impact,
        Mastery,
        MasteryRow,
        PolicyChange,
    )
    from outcomes.api.what_if import Scale, WhatIf
    from outcomes.projections.mastery import row as projection
    from outcomes.projections.mastery.moved_results import MovedTo


class MasteryQuestions(PointBase):
    """The questions about mastery."""

    @overload
    def mastery(
        self,
        *,
        course: Id | None = None,
        student: str | None = None,
        outcome: Id | None = None,
        section: Id | None = None,
        term: Id | None = None,
        account: Id | None = None,
        method: str | None = None,
        mastery_points: float | None = None,
        scale: "Scale | None" = None,
        compare: Literal[False] = False,
        include_removed: bool = False,
        limit: int | None = None,
        after: str | None = None,
        newest_first: bool = False,
    ) -> "Mastery": ...
    @overload
    def mastery(
        self,
        *,
        course: Id | None = None,
        student: str | None = None,
        outcome: Id | None = None,
        section: Id | None = None,
        term: Id | None = None,
        account: Id | None = None,
        method: str | None = None,
        mastery_points: float | None = None,
        scale: "Scale | None" = None,
        compare: bool,
        include_removed: bool = False,
        limit: int | None = None,
        after: str | None = None,
        newest_first: bool = False,
    ) -> "Mastery | Flips": ...
    def mastery(  # noqa: PLR0913 - one for each option of the command
        self,
        *,
        course: Id | None = None,
        student: str | None = None,
        outcome: Id | None = None,
        section: Id | None = None,
        term: Id | None = None,
        account: Id | None = None,
        method: str | None = None,
        mastery_points: float | None = None,
        scale: "Scale | None" = None,
        compare: bool = False,
        include_removed: bool = False,
        limit: int | None = None,
        after: str | None = None,
        newest_first: bool = False,
    ) -> "Mastery | Flips":
        """Return each student's score and mastery, by Canvas's own arithmetic; computed as it is iterated.

        What if: `method` ("n_mastery:3"), `mastery_points` (from so many points on), `scale` (a file, or its levels)
        replace the policy in force; with `compare` only those whose status flips by that are returned. Students all of
        whose enrollments in a course are deleted are left out, unless `include_removed`. `section` and `term`, known
        from exports, and `account`, with all below it, go by id or SIS id; UsageError is raised for others when rows
        are read. At most `limit` rows, after the key that the part before named as `.next`; or those assessed last
        first.
        """
        from outcomes.api.answers.differences import ScoreChange
        from outcomes.api.answers.mastery import Flips, Mastery, MasteryRow
        from outcomes.api.what_if import what_if
        from outcomes.projections.as_of.names import student_name
        from outcomes.projections.mastery.pages import page_of
        from outcomes.projections.mastery.policy import PolicyBook
        from outcomes.projections.mastery.query import mastery_at
        from outcomes.projections.mastery.results import Scope
        from outcomes.projections.mastery.row_filter import RowFilter, matches_of

        scope = Scope(id_text(course), student, id_text(outcome))
        page, following = Page(limit, after, newest_first), NextKey()
        replaced = what_if(method, mastery_points, scale)
        if compare and replaced is None:
            raise UsageError(
                "--compare needs another policy to compare with: give --method, --mastery-points or --scale"
            )

        if compare and page != Page():
            raise UsageError("--compare lists all whose status flips: leave out --limit, --after and --newest-first")

        def rows(connection: sqlite3.Connection, policy: "WhatIf | None") -> "Iterator[projection.MasteryRow]":
            point = self._place(connection)
            override = None if policy is None else policy(PolicyBook(connection, point))
            found = mastery_at(connection, point, scope, override=override, include_removed=include_removed)
            matches = matches_of(connection, point, RowFilter(id_text(section), id_text(term), id_text(account)))
            return found if matches is None else filter(matches, found)

        def scores(connection: sqlite3.Connection) -> "Iterator[MasteryRow]":
            name_of = cache(partial(student_name, connection, self._place(connection)))
            part = page_of(rows(connection, replaced), page, following)
            return (MasteryRow.of(row, name_of(row.student)) for row in part)

        def changes(connection: sqlite3.Connection) -> "Iterator[ScoreChange]":
            from outcomes.projections.mastery.flips import flips

            found = flips(rows(connection, None), rows(connection, replaced))
            return (ScoreChange.of(flip.as_json()) for flip in found)

        self._check()
        if compare:
            return Flips(lambda: self._session.stream(changes))
        return Mastery(lambda: self._session.stream(scores), scope.course, following)

    def explain(self, *, course: Id, student: str, outcome: Id) -> "Explanation | None":
        """Return why a score is what it is: every result, its weight, and the sum; None if there is no result."""
        from outcomes.api.answers.mastery import Explanation
        from outcomes.projections.mastery.explanation import explanation

        with self.reading() as (connection, point):
            found = explanation(connection, point, str(course), student, str(outcome))
        return None if found is None else Explanation.of(found)

    def history(self, *, course: Id, student: str, outcome: Id) -> "History":
        """Return one score through time: every instant at which it or its mastery changed, and what changed it.

        Between two of them it stood as `mastery` tells there; empty if there never was a score.
        """
        from outcomes.api.answers.mastery import History, ScoreMove
        from outcomes.projections.history.score_history import score_history

        with self.reading() as (connection, point):
            found = score_history(connection, self._session.log, point, str(course), student, str(outcome))
        return History(ScoreMove.of(move) for move in found)

    def impact(
        self, entity: Id | None = None, *, course: Id | None = None, courses: Container[str] | None = None
    ) -> "Impact":
        """Return, for each change of a policy, how many students' mastery flipped with no new work.

        `entity` is an outcome's id, or `proficiency:ID`, or `calculation_method:ID`. Of a `course` only its students
        are counted; without an entity it is of all edits by which they are scored otherwise: of outcomes, scales,
        methods, settings, and of links that came or went. Of other courses than `courses`, by their ids, no student
        is counted either.
        """
        from outcomes.api.answers.mastery import Impact, PolicyChange
        from outcomes.projections.history import policy_impact

        place = None if course is None else Context("Course", str(course))
        if entity is None and place is None:
            raise UsageError("name an outcome, proficiency:ID or calculation_method:ID, or a course")
        kind_text, colon, local_id = str(entity).partition(":")
        kind = parse_kind(kind_text) if colon else Kind.OUTCOME
        if kind not in policy_impact.HAVE_POLICY:
            raise UsageError(f"{kind} has no policy: name an outcome, proficiency:ID or calculation_method:ID")

        def ask(connection: sqlite3.Connection) -> "Iterator[PolicyChange]":
            log, point = self._session.log, self._place(connection)
            if entity is None and place is not None:
                found = policy_impact.impact_in_course(connection, log, point, place)
            else:
                wanted = local_id if colon else str(entity)
                found = policy_impact.impact(connection, log, point, kind, wanted, place, courses)
            return (PolicyChange.of(change) for change in found)

        self._check()
        return Impact(lambda: self._session.stream(ask))

    def results_moved_from(
        self, *, student: str | None = None, course: Id | None = None, outcome: Id | None = None
    ) -> "list[MovedTo]":
        """Return where results are that were once told of a student, course or outcome, and now are of another.

        Canvas tells no merge of two people; that one's results are another's now is what shows it.
        """
        from outcomes.projections.mastery.moved_results import results_moved_from

        where, what = (None if given is None else str(given) for given in (course, outcome))
        with self.reading() as (connection, point):
            return results_moved_from(connection, point, student=student, course=where, outcome=what)

    def class_(self, *, course: Id) -> "ClassReport":
        """Return how a class stands, outcome by outcome, without names (the command is called `class`)."""
        from outcomes.api.answers.mastery import ClassFigures, ClassReport
        from outcomes.projections.mastery.class_figures import class_answer

        with self.reading() as (connection, point):
            found = class_answer(connection, point, str(course))
        return ClassReport(ClassFigures.of(figures) for figures in found)

    def places_above(self, context: str) -> tuple[str, ...]:
        """Return a context and all that it hangs below, as far as events have told, innermost first."""
        from outcomes.projections.mastery.policy import PolicyBook

        with self.reading() as (connection, point):
            return PolicyBook(connection, point).chain_of(parse_context(context)).contexts
