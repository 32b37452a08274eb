"""Numbers that were wrong once, in the shared files of the reports: each gives what its reporter rightly expected."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support.command import Asked, Outcomes

Case = Callable[[str], Outcomes]


@pytest.fixture
def case(tmp_path: Path, shared: Callable[[str], Path]) -> Case:
    """Make a home with the events of a shared case; without the shared files the test is skipped."""

    def ingested(name: str) -> Outcomes:
        outcomes = Asked(tmp_path / "home")
        assert outcomes("ingest", str(shared(f"cases/{name}"))).code == 0
        return outcomes

    return ingested


def test_a_cleared_mark(case: Case) -> None:
    """A percent without a score is not assessed, and counts nothing."""
    rows = case("mastery_fault_cleared_mark.ndjson").json("mastery")
    assert {row["student"]: (row["score"], row["results_counted"]) for row in rows} == {"s1": (None, 0), "s2": (2.0, 1)}


def test_a_deleted_enrollment(case: Case) -> None:
    """No row for the student who was removed; the class's mean is that of the others."""
    outcomes = case("mastery_fault_enrollment_deleted.ndjson")
    assert "del" not in {row["student"] for row in outcomes.json("mastery")}
    removed = [
        row["student"] for row in outcomes.json("mastery", "--include-removed") if row["enrollment"] == "deleted"
    ]
    assert removed == ["del"]
    assert outcomes.json("class", "--course", "7")[0]["mean"] == 3.5


def test_a_dropped_student(case: Case) -> None:
    """In April the class has two students, mean 3; before it had three."""
    outcomes = case("dropped_student.ndjson")
    [figures] = outcomes.json("class", "--course", "900", "--as-of", "2026-04-01")
    assert (figures["students"], figures["mean"]) == (2, 3)
    assert outcomes.json("class", "--course", "900", "--as-of", "2026-02-15")[0]["students"] == 3


def test_a_what_if_by_the_own_method(case: Case) -> None:
    """With the feature off since 2024 both are computed the legacy way."""
    outcomes = case("mastery_fault_what_if_feature_off.ndjson")
    feature = "outcomes_new_decaying_average_calculation"
    assert outcomes("settings", "set", feature, "off", "--since", "2024-01-01").code == 0
    assert [row["score"] for row in outcomes.json("mastery")] == [3.48]
    assert [row["score"] for row in outcomes.json("mastery", "--method", "standard_decaying_average:65")] == [3.48]


def test_a_tie_that_is_none(case: Case) -> None:
    """The steps show why 8.83 and not 8.84."""
    outcomes = case("mastery_fault_explain_tie.ndjson")
    answer = outcomes.json("explain", "--course", "7", "--student", "s", "--outcome", "1")
    assert answer["score"] == 8.83
    assert any("8.83499999… rounds to 8.83" in step for step in answer["steps"])


def test_an_integer_out_of_range(case: Case) -> None:
    """A standard_decaying_average of 30 is followed: 0.7 × 1 + 0.3 × 5."""
    assert [row["score"] for row in case("mastery_doubt_calculation_int_out_of_range.ndjson").json("mastery")] == [2.2]


def test_a_quiz_row_without_possible_points(case: Case) -> None:
    """A note names the row that is left out."""
    [row] = case("mastery_doubt_quiz_row_without_possible.ndjson").json("mastery")
    assert any("result 60 left out" in note for note in row["notes"])


def test_large_numbers_in_tables(case: Case) -> None:
    """A table shows 123456.78, and never 123457."""
    outcomes = case("mastery_doubt_large_numbers_in_tables.ndjson")
    for asked in (["mastery"], ["mastery", "--course", "7"], ["class", "--course", "7"]):
        shown = outcomes(*asked).out.decode()
        assert "123456.78" in shown
        assert "123457" not in shown


def test_a_change_that_looked_like_none(case: Case) -> None:
    """The two percents of the change look different."""
    shown = case("equal_looking_change.ndjson")("timeline", "--entity", "result:9001").out.decode()
    assert "0.66666667 → 0.6666666666666666" in " ".join(shown.split())
