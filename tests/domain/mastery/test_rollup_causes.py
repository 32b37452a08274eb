"""Why Canvas's number differs from ours: a cause that gives its very number, or a bug."""

from outcomes.domain.mastery.methods import Calculation
from outcomes.domain.mastery.results import ScoredResult
from outcomes.domain.mastery.rollup_causes import Cause, Known, Told, beside, cause_of
from outcomes.domain.mastery.scale import MasteryScale, Rating

SCALE = MasteryScale(3.0, 5.0, (Rating("Sure", 5.0), Rating("Meets", 3.0), Rating("Not yet", 0.0)))


def known(*marks: float, method: str = "average", is_known: bool = False) -> Known:
    """Results of an assessment of five points each."""
    results = [
        ScoredResult(str(place), mark, 5.0, mark / 5, assessed_at=place, is_known=is_known)
        for place, mark in enumerate(marks)
    ]
    return Known(results, SCALE, Calculation.of(method, None, new_decaying_average=True), frozenset())


def test_a_missed_change_of_one_mark_is_a_missed_event() -> None:
    """With the first of two marks 4 and not 2 the mean is Canvas's 3.5: the event that told so was missed."""
    cause, why = cause_of(Told(3.5, 2), 2.5, known(2.0, 3.0))
    assert cause is Cause.MISSED_EVENT
    assert why is not None
    assert "another mark of result 0, 4" in why


def test_what_no_mark_of_a_teacher_gives_is_a_bug() -> None:
    """A mean that no level, whole or half point makes is explained by nothing."""
    cause, why = cause_of(Told(3.333, 2), 2.5, known(2.0, 3.0))
    assert cause is Cause.BUG
    # Two causes at once are not tried, and what only exports tell may be one of them.
    assert why is not None
    assert "2 of the results no export has told: reconcile --write with one first" in why


def test_marks_that_an_export_proved_are_not_doubted() -> None:
    """The same difference among results that an export has shown is a bug of ours."""
    assert cause_of(Told(3.5, 2), 2.5, known(2.0, 3.0, is_known=True)) == (Cause.BUG, None)


def test_another_method_that_gives_canvas_number_is_all_there_is() -> None:
    """The mean of 2 and 4 is 3."""
    assert beside("method", Told(3.0, 2), known(2.0, 4.0)) == "method"


def test_a_hidden_result_beside_another_method_is_named_too() -> None:
    """By the mean alone 1, 2 and 4 come to 2.33; without the first to Canvas's 3."""
    words = beside("method", Told(3.0, 2), known(1.0, 2.0, 4.0))
    assert words == "method; and beside that hidden: without result 0 the score is Canvas's"


def test_another_method_that_explains_nothing_is_not_said_to_explain_all() -> None:
    """Among proved results nothing else may differ: that is said, with what the method alone gives."""
    words = beside("method", Told(4.5, 2), known(2.0, 4.0, is_known=True))
    assert words.startswith("method; by that alone the score is 3 and not Canvas's")
