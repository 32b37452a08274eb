"""Canvas's own numbers: every case of the shared vectors, which come from Canvas specs and from Ruby."""

import json
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from outcomes.domain.mastery import (
    DEFAULT,
    DEFAULT_CALCULATION,
    DEFAULT_SCALE,
    OWN,
    Calculation,
    ContextChain,
    ContextRow,
    EnrollmentState,
    Exclusion,
    MasteryScale,
    Rating,
    ScoredResult,
    class_mean,
    class_median,
    distribution,
    exclusion_of,
    explain,
    legacy_status,
    membership,
    rating_index,
    resolve_calculation,
    resolve_scale,
    rollup,
    round2,
)

VECTORS = Path(__file__).resolve().parents[4] / "shared" / "vectors"
DOCUMENTS: list[dict[str, Any]] = [
    json.loads(path.read_text("utf-8"))
    for path in (VECTORS / "mastery.json", VECTORS / "mastery_more.json")
    if path.exists()
]
CASES: list[dict[str, Any]] = [case for document in DOCUMENTS for case in document["cases"]]
needs_vectors = pytest.mark.skipif(
    not CASES, reason=f"The shared vectors are not beside this repository: there is no {VECTORS}."
)

Case = dict[str, Any]


def microseconds(text: str | None) -> int | None:
    """Read a time of the vectors."""
    return None if text is None else round(datetime.fromisoformat(text).timestamp() * 1_000_000)


def result_of(row: Case) -> ScoredResult:
    """Read a row of the vectors."""
    assert row.get("excluded") in {None, "workflow_state deleted"}
    return ScoredResult(
        id=str(row["id"]),
        score=row["score"],
        possible=row["possible"],
        percent=row["percent"],
        submitted_at=microseconds(row["submitted_at"]),
        assessed_at=microseconds(row["assessed_at"]),
        artifact_type=row.get("artifact_type"),
        association=row.get("association"),
        workflow_state="deleted" if row.get("excluded") else "active",
    )


def check_rollup(case: Case) -> None:
    """A rollup, with and without its explanation, in both input orders."""
    scale = MasteryScale(case["mastery_points"], case["points_possible"])
    if isinstance(shared := case.get("account_scale"), list):
        ratings = [Rating("", float(points), mastery) for points, mastery in shared]
        assert MasteryScale.of_proficiency(ratings)[:2] == scale[:2]
    elif shared == "default":
        assert DEFAULT_SCALE[:2] == scale[:2]
    calculation = Calculation.of(
        case["calculation_method"],
        case["calculation_int"],
        new_decaying_average=case["ff_new_decaying_average"],
    )
    results = [result_of(row) for row in case["results"]]
    found = rollup(results, scale, calculation)
    assert {
        "score": found.score,
        "count": found.count,
        "n_used": len(found.used),
        "mastery": found.mastery,
    } == case["expected"]
    assert explain(results[::-1], scale, calculation).rollup == found


def check_aggregate(case: Case) -> None:
    """A class statistic."""
    figure = {"mean": class_mean, "median": class_median}[case["statistic"]](case["student_scores"])
    assert figure._asdict() == case["expected"]


def check_rating_distribution(case: Case) -> None:
    """Percents of a class per rating."""
    scores = case.get("scores", case.get("student_scores"))
    assert list(distribution(scores, case["ratings_points"]).percents) == case["expected"]["percents"]


def check_rating_match(case: Case) -> None:
    """The rating of a score, its place counted from the highest; some scales are stored in another order."""
    ratings = [Rating(str(points), points) for points in case["ratings_points"]]
    scale = MasteryScale.of_criterion(case.get("mastery_points"), None, ratings)
    assert rating_index([rating.points for rating in scale.ratings], case["score"]) == case["expected"]["rating_index"]
    if "mastery" in case["expected"]:
        assert (case["score"] >= scale.mastery_points) is case["expected"]["mastery"]


def check_enrollment(case: Case) -> None:
    """Whether the student of an only enrollment is shown."""
    assert (membership([case["enrollment_state"]]) is not EnrollmentState.DELETED) is case["expected"]["shown"]


def check_visibility(case: Case) -> None:
    """How many results count."""
    results = [
        ScoredResult(
            id=str(place),
            score=1.0,
            workflow_state=row["workflow_state"],
            hidden=row["hidden"],
            excluded=Exclusion.ALIGNMENT_DELETED if row.get("alignment_state") == "deleted" else None,
        )
        for place, row in enumerate(case["rows"])
    ]
    counted = [r for r in results if exclusion_of(r, include_hidden=case["include_hidden"]) is None]
    assert len(counted) == case["expected"]["rows_used"]


def check_legacy_status(case: Case) -> None:
    """A bucket of the older screens."""
    assert legacy_status(case["score"], case["mastery_points"]) == case["expected"]["status"]


def check_scale_resolution(case: Case) -> None:
    """The context whose scale and method are in force."""
    accounts = tuple(f"account_chain[{place}]" for place in range(len(case["account_chain"])))
    chain = ContextChain(("course", *accounts), complete=True)
    states = dict(zip(chain.contexts, [case["course"], *case["account_chain"]], strict=True))
    stored = {context: state for context, state in states.items() if state is not None}
    source = {
        "default created on the root account": DEFAULT,
        "outcome own rubric_criterion and calculation_method": OWN,
    }.get(case["expected"]["uses"], case["expected"]["uses"])
    scales = {context: ContextRow(DEFAULT_SCALE, state) for context, state in stored.items()}
    methods = {context: ContextRow(DEFAULT_CALCULATION, state) for context, state in stored.items()}
    flag = case["flag"]
    assert resolve_scale(chain, scales, own=DEFAULT_SCALE, account_level_mastery_scales=flag).source == source
    assert (
        resolve_calculation(chain, methods, own=DEFAULT_CALCULATION, account_level_mastery_scales=flag).source == source
    )


def check_round2(case: Case) -> None:
    """A rounded number."""
    assert round2(case["value"]) == case["expected"]["rounded"]


CHECKS: dict[str, Callable[[Case], None]] = {
    "rollup": check_rollup,
    "aggregate": check_aggregate,
    "rating_distribution": check_rating_distribution,
    "rating_match": check_rating_match,
    "visibility": check_visibility,
    "legacy_status": check_legacy_status,
    "scale_resolution": check_scale_resolution,
    "round2": check_round2,
    "enrollment": check_enrollment,
}
NOT_OURS = {"percent", "result_mastery", "scale_score"}
"""What Canvas works out when it saves a result, and what a student's screen makes of it: events bring the first ready
made, and we draw no such screen."""
OURS = [case for case in CASES if case["kind"] not in NOT_OURS]


@needs_vectors
def test_the_vectors_are_all_here() -> None:
    """The files hold as many cases as they say, and no kind goes unchecked."""
    assert [len(document["cases"]) for document in DOCUMENTS] == [document["count"] for document in DOCUMENTS]
    assert {case["kind"] for case in CASES} <= set(CHECKS) | NOT_OURS


@needs_vectors
@pytest.mark.parametrize("case", OURS or [{}], ids=lambda case: case.get("id", "no-vectors"))
def test_agrees_with_canvas(case: Case) -> None:
    """The number Canvas gives for these inputs is the number given here."""
    CHECKS[case["kind"]](case)
