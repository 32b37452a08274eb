"""One verdict for each way in which an export and the log can stand to one another."""

from typing import Any

import pytest

from outcomes.domain.identity import Kind
from outcomes.domain.reconciliation import ExportMoment, Ours, Theirs, Verdict, judge

HOUR = 3_600_000_000
NOON = 1_790_000_000_000_000  # a whole second, in microseconds
EXPORTED = ExportMoment(at=NOON + 100 * HOUR, lag=4 * HOUR, first_told=NOON - 10 * HOUR)
BODY = {"workflow_state": "active", "title": "Maps"}
OTHER = {"workflow_state": "active", "title": "Globes"}


def theirs(body: dict[str, Any], saved: int, made: int = NOON, unspecified: tuple[str, ...] = ()) -> Theirs:
    """A row."""
    return Theirs(body, saved, made, unspecified)


CASES = [
    ("as told", theirs(BODY, NOON), Ours(BODY, NOON + 5, NOON), Verdict.SAME),
    ("milliseconds of one second", theirs(BODY, NOON + 526_000), Ours(BODY, NOON + 600_000, NOON), Verdict.SAME),
    ("told by its creation", theirs(BODY, NOON), Ours(BODY, NOON + 700_000, 0), Verdict.SAME),
    ("newer", theirs(OTHER, NOON + HOUR), Ours(BODY, NOON, NOON), Verdict.MISSED),
    ("newer, nothing to see", theirs(BODY, NOON + HOUR), Ours(BODY, NOON, NOON), Verdict.MISSED),
    ("changed within a second", theirs(OTHER, NOON + 526_000), Ours(BODY, NOON + 600_000, NOON), Verdict.MISSED),
    ("changed since its creation", theirs(OTHER, NOON), Ours(BODY, NOON + 700_000, 0), Verdict.MISSED),
    ("so new that it may come", theirs(OTHER, EXPORTED.at - HOUR), Ours(BODY, NOON, NOON), Verdict.LAGGING),
    ("unknown since before", theirs(BODY, NOON, NOON - 20 * HOUR), None, Verdict.NEVER_TOLD),
    ("unknown", theirs(BODY, NOON, NOON), None, Verdict.NEVER_TOLD),
    ("unknown and new", theirs(BODY, EXPORTED.at - HOUR, EXPORTED.at - HOUR), None, Verdict.LAGGING),
    ("told after the lake", theirs(BODY, NOON), Ours(OTHER, EXPORTED.at - HOUR, EXPORTED.at - HOUR), Verdict.LAGGING),
    ("long older", theirs(BODY, NOON), Ours(OTHER, NOON + 9 * HOUR, NOON + 9 * HOUR), Verdict.CONTRADICTION),
    ("one time, two states", theirs(OTHER, NOON), Ours(BODY, NOON + 5, NOON), Verdict.CONTRADICTION),
    (
        "posted in another order",
        theirs(OTHER, NOON + 526_000),
        Ours(BODY, NOON + HOUR, NOON, is_crossed=True),
        Verdict.CONTRADICTION,
    ),
    (
        "deleted in silence",
        theirs({**BODY, "workflow_state": "deleted"}, NOON + HOUR),
        Ours(BODY, NOON, NOON, is_implied=True),
        Verdict.SILENT,
    ),
    ("not told", theirs(OTHER, NOON + HOUR, unspecified=("workflow_state",)), None, Verdict.CANNOT_SAY),
]


@pytest.mark.parametrize(("row", "known", "verdict"), [case[1:] for case in CASES], ids=[case[0] for case in CASES])
def test_each_case_has_its_verdict(row: Theirs, known: Ours | None, verdict: Verdict) -> None:
    """The closed list, a case or more for each."""
    assert judge(Kind.GROUP, row, known, EXPORTED).verdict is verdict


def test_an_export_decides_nothing_but_the_order_of_crossed_events() -> None:
    """Of all contradictions only that one is recorded: the row is what the earlier event told, and the later save."""
    decided = [name for name, row, known, _ in CASES if judge(Kind.GROUP, row, known, EXPORTED).is_decided]
    assert decided == ["posted in another order"]


def test_missed_says_when_and_what() -> None:
    """The window is from our last change to theirs; fields are [ours, theirs]."""
    found = judge(Kind.GROUP, theirs(OTHER, NOON + HOUR), Ours(BODY, NOON + 5, NOON), EXPORTED)
    assert (found.since, found.until, found.fields) == (NOON, NOON + HOUR, {"title": ("Maps", "Globes")})


def test_what_differs_in_form_only_is_the_same() -> None:
    """Null and absent, empty text, whole numbers, the order of ratings, times of another precision, a stale number."""
    levels = [{"description": "Sure", "points": 5}, {"description": "No", "points": 0.0}]
    criterion = {"mastery_points": 3, "points_possible": 5, "ratings": levels}
    ours = {"title": "Maps", "calculation_method": "highest", "rubric_criterion": criterion, "description": ""}
    row = {
        **ours,
        "workflow_state": "active",
        "description": None,
        "calculation_int": 65,
        "rubric_criterion": {"mastery_points": 3.0, "points_possible": 5.0, "ratings": levels[::-1]},
    }
    assert judge(Kind.OUTCOME, theirs(row, NOON), Ours(ours, NOON, NOON), EXPORTED).verdict is Verdict.SAME
    result = {"assessed_at": "2026-01-01T00:00:00.000Z", "score": 3}
    finer = {"assessed_at": "2026-01-01T00:00:00.250Z", "score": 3.0}
    assert judge(Kind.RESULT, theirs(finer, NOON), Ours(result, NOON, NOON), EXPORTED).verdict is Verdict.SAME


def test_levels_saved_alone_are_no_alarm() -> None:
    """A mastery scale is not newer for the time of a level that it has already (DOMAIN.md 10.1)."""
    scale = {"outcome_proficiency_ratings": [{"points": 3, "description": "Sure", "mastery": True, "color": "0B874B"}]}
    found = judge(Kind.PROFICIENCY, theirs(scale, NOON + HOUR), Ours(scale, NOON, NOON), EXPORTED)
    assert found.verdict is Verdict.SAME
