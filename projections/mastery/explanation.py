"""Why a score is what it is: every result with its part in it, the sum, and where scale and method come from."""

import sqlite3
from collections.abc import Iterable
from typing import Any

from outcomes.domain.mastery import Exclusion, ScoredResult, exclusion_of, explain
from outcomes.domain.mastery.results import in_time_order
from outcomes.domain.phrasing import listed, numbered
from outcomes.domain.times import to_text
from outcomes.projections.as_of.point import PointInTime
from outcomes.projections.mastery.policy import Policy
from outcomes.projections.mastery.results import (
    LIVE_ASSESSMENT,
    NEW_QUIZ_ARTIFACT,
    Assessments,
    OrderedResults,
    Scope,
    pairs_at,
)
from outcomes.projections.mastery.row import Basis, row_of


def still_missing(results: Iterable[ScoredResult]) -> str | None:
    """Say what neither events nor exports told of these results."""
    counted = [result for result in results if exclusion_of(result) is None]
    of_canvas = [result for result in counted if result.artifact_type != NEW_QUIZ_ARTIFACT]
    is_known = bool(counted) and all(result.is_known for result in of_canvas)
    # A live assessment has no grade to post.
    graded = [result for result in of_canvas if result.artifact_type != LIVE_ASSESSMENT]
    unsaid = [result.id for result in graded if result.is_posted is None] if is_known else []
    missing = [
        *([] if is_known else ["hidden or unposted results", "removed alignments"]),
        *([f"whether the grade of {numbered('result', unsaid)} is posted"] if unsaid else []),
        *([] if any(result.artifact_type == NEW_QUIZ_ARTIFACT for result in counted) else _NEW_QUIZZES),
    ]
    if not missing:
        return None
    return f"never told by events: {listed(missing)}"


_NEW_QUIZZES = ["all results of New Quizzes"]


def explanation(
    connection: sqlite3.Connection, point: PointInTime, course: str, student: str, outcome: str
) -> dict[str, Any] | None:
    """Return the contract's explanation: ROW, results oldest first, steps; None if there is no result at all."""
    pair = next(iter(pairs_at(connection, point, course, Scope(course, student, outcome))), None)
    if pair is None:
        return None
    basis = Basis.at(connection, point, alone=True)
    assessments = Assessments(connection, point, ())
    row = row_of(basis, assessments, course, pair)
    policy = basis.book.policy(course, outcome)
    told = assessments.put_in_order(pair.results)
    results = told.results
    if not policy.is_linked:
        results = [result._replace(excluded=Exclusion.NOT_LINKED) for result in results]
    shares, steps = _shares(results, policy)
    answer = row.as_json()
    answer["results"] = [_result(result, shares, told.graders.get(result.id)) for result in in_time_order(results)]
    answer["steps"] = steps
    answer["scale"] = _source(policy.scale_source, policy.scale_position)
    answer["method"] = _source(policy.method_source, policy.method_position)
    missing = still_missing(pair.results)
    answer["approximate"] = [*_order_words(told, policy), *([] if missing is None else [missing])]
    return answer


def _shares(results: list[ScoredResult], policy: Policy) -> tuple[dict[str, tuple[Any, ...]], list[str]]:
    """Return value, weight, used and why_not per result, and the steps of the sum."""
    if policy.scale is None or policy.calculation is None:
        unknown = "no score can be told: the scale or the method in force is not known"
        why = {result.id: exclusion_of(result) for result in results}
        return {key: (None, 0.0, False, reason.value if reason else unknown) for key, reason in why.items()}, [unknown]
    found = explain(results, policy.scale, policy.calculation)
    return {part.id: (part.value, part.weight, part.used, part.why_not) for part in found.contributions}, [*found.steps]


def _result(result: ScoredResult, shares: dict[str, tuple[Any, ...]], grader: str | None) -> dict[str, Any]:
    value, weight, used, why_not = shares[result.id]
    return {
        "id": result.id,
        "assessed_at": None if result.assessed_at is None else to_text(result.assessed_at),
        "submitted_at": None if result.submitted_at is None else to_text(result.submitted_at),
        "score": result.score,
        "possible": result.possible,
        "percent": result.percent,
        "value": value,
        "weight": weight,
        "used": used,
        "why_not": why_not,
        "graded_by": grader,
        "posted": result.is_posted,
    }


def _source(source: str, position: int | None) -> dict[str, Any]:
    return {"source": source, "position": position}


def _order_words(told: OrderedResults, policy: Policy) -> list[str]:
    if policy.calculation is None or not policy.calculation.in_time_order:
        return []
    counted = {result.id for result in told.results if exclusion_of(result) is None}
    undated = [result_id for result_id in told.undated if result_id in counted]
    if not undated:
        return []
    work = numbered("result", undated)
    return [f"order: no event told when the work of {work} was handed in; the time of grading stands in"]
