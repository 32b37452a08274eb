"""Canvas's own numbers beside ours, and what an explanation still does not know of grades."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.projections.reconcile.test_corrections import AT, RESULTS, TOLD, TREE, user
from tests.support.exports import export, home_of, result_row, row
from tests.support.given import result

MARKS = [result(str(number), f"2025-10-0{number}", score=score) for number, score in enumerate((1, 2, 4), 1)]


def rollups(folder: Path, score: float, **method: Any) -> Path:
    """Write Canvas's answer for the user 90: their score of outcome 7 of two results, and how that is rolled up."""
    scores = [{"score": score, "count": 2, "links": {"outcome": "7"}}]
    answer = {
        "course_id": 200,
        "rollups": [{"links": {"user": "90"}, "scores": scores}],
        "linked": {"outcomes": [{"id": "7", **method}]},
    }
    (folder / "rollups.json").write_text(json.dumps(answer))
    return folder / "rollups.json"


@pytest.mark.parametrize(
    ("score", "beside"),
    [
        (3.0, "; and beside that hidden: without result 1 the score is Canvas's"),
        (3.21, "; by that alone the score is 2.33 and not Canvas's, and what else differs is not known"),
    ],
)
def test_another_method_is_not_said_to_explain_what_it_does_not(tmp_path: Path, score: float, beside: str) -> None:
    """Marks of 1, 2 and 4; the highest here, the mean in Canvas: 2.33, or 3 without the first, hidden there."""
    with home_of(tmp_path, *TREE, user("41230000000000090", "studentAda"), *MARKS) as home:
        found = home.reconcile(rollups(tmp_path, score, calculation_method="average"), at=AT)
    (one,) = found.findings
    assert (one.cause, one.why) == ("missed_event", f"calculation_method is average in Canvas and highest here{beside}")


def test_an_explanation_names_the_results_of_which_posting_is_not_known(tmp_path: Path) -> None:
    """The export names the assignment of a rubric's result, and tells that it is posted; of a quiz only the quiz."""
    details = {"submitted_at": TOLD, "content_tag_id": 4, "hidden": False, "user_id": 90}
    rows = [
        result_row(1, "studentAda", TOLD, association_type="Assignment", association_id=55, **details),
        result_row(
            2,
            "studentAda",
            TOLD,
            association_type="Quizzes::Quiz",
            association_id=66,
            artifact_type="Quizzes::QuizSubmission",
            **details,
        ),
    ]
    told = {"learning_outcome_id": 7, "context_type": "Course", "context_id": 200, "workflow_state": "active"}
    tables = {
        RESULTS: rows,
        "content_tags": [
            row(4, tag_type="learning_outcome", content_type="Assignment", content_id=55, **told),
        ],
        "post_policies": [row(5, course_id=200, assignment_id=55, post_manually=False)],
    }
    by_quiz = result("2", TOLD, artifact_type="Quizzes::QuizSubmission")
    with home_of(tmp_path, *TREE, result("1", TOLD), by_quiz) as home:
        home.bootstrap(export(tmp_path / "cd2", tables), at=AT)
        found = home.at().explain(course="200", student="studentAda", outcome="7")
    assert found is not None
    assert [(one.id, one.posted) for one in found.results] == [("1", True), ("2", None)]
    assert any("whether the grade of result 2 is posted" in words for words in found.approximate)
