"""What exports told of results and no event does: when handed in, hidden, by which alignment, posted or not.

Where no export was ever read there is nothing to look up, and it costs one question.
"""

import sqlite3
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from outcomes.domain.identity import Kind
from outcomes.domain.mastery import QUIZ_SUBMISSION, Exclusion, ScoredResult
from outcomes.domain.times import SECOND, Micros
from outcomes.projections.as_of.lookups import id_list, seek
from outcomes.projections.as_of.point import FOREVER, PointInTime
from outcomes.projections.views.schema import NEWEST_FIRST


class Fact(NamedTuple):
    """What is known of one result besides its events.

    `assessed_at` is that of the row: where the result has been assessed again since, `submitted_at` is of before.
    """

    submitted_at: Micros | None
    assessed_at: Micros | None
    is_hidden: bool
    hides_points: bool
    alignment: str | None
    assignment: str | None
    is_posted: bool | None

    @property
    def excluded(self) -> Exclusion | None:
        """Why Canvas leaves the result out of everything (DOMAIN.md 5.3)."""
        return Exclusion.ALIGNMENT_DELETED if self.alignment == "deleted" else None

    def is_of(self, assessed_at: Micros | None) -> bool:
        """Whether the result is still the one that was handed in then."""
        if assessed_at is None or self.assessed_at is None:
            return assessed_at == self.assessed_at
        return assessed_at // SECOND == self.assessed_at // SECOND


class ExportFacts:
    """Facts at a point."""

    def __init__(self, connection: sqlite3.Connection, point: PointInTime) -> None:
        self._connection = connection
        self._bounds = {**point.bounds(), "as_of": FOREVER if point.as_of is None else point.as_of}
        found = connection.execute(
            "SELECT 1 FROM result_detail_versions WHERE position <= ? LIMIT 1", (point.known_at,)
        )
        self.is_empty = found.fetchone() is None

    def of(self, result_ids: Iterable[str]) -> dict[str, Fact]:
        """Return the facts of those results of which any are known."""
        if self.is_empty:
            return {}
        rows = self._connection.execute(_FACTS, {**self._bounds, "ids": id_list(result_ids)})
        return {row[0]: _fact(row) for row in rows.fetchall()}

    def applied(self, results: Sequence[ScoredResult]) -> list[ScoredResult]:
        """Return results with what exports told of them."""
        facts = self.of(result.id for result in results)
        if not facts:
            return list(results)
        return [with_fact(result, facts.get(result.id)) for result in results]


def with_fact(result: ScoredResult, fact: Fact | None) -> ScoredResult:
    """Return a result with what an export told of it."""
    if fact is None:
        return result
    is_dated = fact.is_of(result.assessed_at)
    return result._replace(
        submitted_at=fact.submitted_at if is_dated else result.submitted_at,
        is_dated=is_dated,
        association=result.association
        if fact.assignment is None or result.artifact_type == QUIZ_SUBMISSION
        else f"Assignment:{fact.assignment}",
        hidden=fact.is_hidden,
        hide_points=fact.hides_points,
        excluded=fact.excluded,
        is_posted=fact.is_posted,
        is_known=fact.alignment is not None,
    )


def _fact(row: tuple[Micros | None, ...]) -> Fact:
    _, submitted, assessed, hidden, hide_points, alignment, assignment, is_manual, submission, posted = row
    alignment_state = None if alignment is None else str(alignment)
    return Fact(
        submitted,
        assessed,
        bool(hidden),
        bool(hide_points),
        alignment_state,
        None if assignment is None else str(assignment),
        _is_posted(is_manual, submission, posted),
    )


def _is_posted(is_manual: int | None, submission: int | None, posted: int | None) -> bool | None:
    """Say whether a grade is posted; None where the policy of its posting, or the submission, was never told."""
    if is_manual is None:
        return None
    if not is_manual:
        return True  # by itself, at once
    return None if submission is None else bool(posted)


_IN_FORCE = f"event_time <= :until AND position <= :known_at ORDER BY {NEWEST_FIRST} LIMIT 1"
# The plus leaves the index by time aside: by that all grades of a tenant would be looked through for each result.
_SUBMISSION = (
    "FROM submission_versions s WHERE +s.tenant = :tenant AND s.assignment_id = d.assignment_id "
    f"AND s.user_uuid = d.user_uuid AND s.{_IN_FORCE}"
)
_FACTS = (
    "SELECT j.value, d.submitted_at, d.assessed_at, d.hidden, d.hide_points, "
    "CASE WHEN d.alignment_id IS NULL THEN NULL ELSE (SELECT coalesce(a.workflow_state, 'active') "
    f"FROM alignment_versions a WHERE a.position = {seek(Kind.ALIGNMENT, 'd.alignment_id')}) END, d.assignment_id, "
    "coalesce((SELECT p.post_manually FROM post_policy_versions p WHERE +p.tenant = :tenant "
    f"AND p.assignment_id = d.assignment_id AND p.{_IN_FORCE}), "
    "(SELECT p.post_manually FROM post_policy_versions p WHERE +p.tenant = :tenant AND p.context = d.context "
    f"AND +p.assignment_id IS NULL AND p.{_IN_FORCE})), "
    f"(SELECT 1 {_SUBMISSION}), (SELECT s.posted_at IS NOT NULL AND s.posted_at <= :as_of {_SUBMISSION}) "
    "FROM json_each(:ids) j "
    f"CROSS JOIN result_detail_versions d ON d.position = {seek(Kind.RESULT_DETAIL, 'j.value')}"
)
