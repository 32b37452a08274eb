"""Links that are older than a merge: results that were one student's, or one course's, are another's now."""

from collections.abc import Iterator
from pathlib import Path

import pytest

import outcomes
from tests.service.pages.test_states import page
from tests.support.given import lines, outcome, result
from tests.support.service import Service, running

MERGED = "2025-03-01"


@pytest.fixture(scope="module")
def merged(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """Ada's only result became Bo's; a result of course 300 became one of course 200."""
    folder: Path = tmp_path_factory.mktemp("merged") / "home"
    with outcomes.open(folder, create=True) as home:
        home.ingest(
            lines(
                outcome("7", "2025-01-01"),
                result("50", "2025-02-01", student="studentAda"),
                result("51", "2025-02-01", student="studentBo"),
                result("52", "2025-02-01", student="studentBo", course="300"),
                result("50", MERGED, student="studentBo", updated=MERGED),
                result("52", MERGED, student="studentBo", course="200", updated=MERGED),
            )
        )
    with running(folder) as found:
        yield found


def test_a_student_who_was_merged_leads_to_who_has_the_results(merged: Service) -> None:
    """Of nobody else it is said that nothing is known; of the time before, the student is shown as ever."""
    found = page(merged, "/student/studentAda")
    assert found.status_code == 200
    assert "1 result of this student is told of" in found.text
    assert 'href="/student/studentBo"' in found.text
    before = page(merged, "/student/studentAda?at=2025-02-15")
    assert (before.status_code, "is told of" in before.text, "Outcome 7" in before.text) == (200, False, True)
    assert page(merged, "/student/nobody").status_code == 404


def test_a_score_and_a_course_lead_on_too(merged: Service) -> None:
    """Each says how many results went, and where they are."""
    assert 'href="/why/200/studentBo/7"' in page(merged, "/why/200/studentAda/7").text
    of_course = page(merged, "/course/300").text
    assert "1 result of this course is told of" in of_course
    assert 'href="/course/200"' in of_course
    assert "is told of" not in page(merged, "/course/200").text


def test_an_outcome_that_was_removed_says_who_did_and_leads_back(merged: Service) -> None:
    """The address of before is one step away."""
    with outcomes.open(merged.home) as home:
        home.ingest(lines(outcome("8", "2025-01-01"), outcome("8", "2025-05-01", workflow_state="deleted")))
    found = page(merged, "/outcome/8").text
    assert "removed it on 1 May 2025" in found
    assert "As it was before" in found
