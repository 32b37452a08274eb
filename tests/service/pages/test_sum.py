"""Why a score is what it is, in lines that a teacher can follow with the gradebook beside."""

from typing import Any

import pytest

from outcomes.domain.mastery import Calculation, ScoredResult, explain
from outcomes.domain.mastery.scale import MasteryScale, Rating
from outcomes.service.pages.levels import said, standing
from outcomes.service.pages.sum_lines import Numbers, as_text, lines_of, rule, worth
from outcomes.service.pages.work import work_of

LEVELS = {4.0: "Goes beyond", 3.0: "Secure", 2.0: "Nearly there", 1.0: "Starting out"}


def explained(method: str, number: int | None, *shares: float, quiz: bool = False) -> dict[str, Any]:
    """Return the explanation of results, one a day, on a scale of 4 points with mastery from 3."""
    scale = MasteryScale(3.0, 4.0, tuple(Rating(name, points) for points, name in LEVELS.items()))
    results = [
        ScoredResult(
            str(900 + day),
            4 * share,
            4.0,
            share,
            assessed_at=day * 86_400_000_000,
            artifact_type="Quizzes::QuizSubmission" if quiz else "RubricAssessment",
            artifact_id="77" if quiz else str(day),
        )
        for day, share in enumerate(shares, 1)
    ]
    found = explain(results, scale, Calculation.of(method, number, new_decaying_average=True))
    rows = [
        {"id": part.id, "percent": share, "possible": 4.0, "value": part.value, "weight": part.weight}
        | {"used": part.used, "why_not": part.why_not}
        for part, share in zip(found.contributions, shares, strict=True)
    ]
    policy = {"calculation_method": method, "calculation_int": number, "mastery_points": 3.0, "points_possible": 4.0}
    return {**policy, "results": rows, "steps": found.steps, "notes": []}


@pytest.mark.parametrize(
    ("method", "number", "shares", "sentence", "lines"),
    [
        (
            "decaying_average",
            75,
            (0.5, 0.75, 1.0),
            "The last result counts 75 %, the mean of those before it 25 %.",
            [
                "Mean of results 1 and 2: (2 + 3) / 2 = 2.5",
                "75 % of result 3 and 25 % of that mean: 0.75 × 4 + 0.25 × 2.5 = 3.625, rounded to 3.63",
            ],
        ),
        (
            "standard_decaying_average",
            65,
            (0.5, 0.75, 1.0),
            "Each result in turn counts 65 %, and what was reached before it 35 %.",
            ["0.35 × 2 + 0.65 × 3 = 2.65", "0.35 × 2.65 + 0.65 × 4 = 3.5275, rounded to 3.53"],
        ),
        (
            "weighted_average",
            65,
            (0.5, 1.0),
            "The last result counts 65 %, the mean of those before it 35 %.",
            ["65 % of result 2 and 35 % of result 1: 0.65 × 4 + 0.35 × 2 = 3.3"],
        ),
        ("average", None, (0.75, 1.0), "The mean of all results is the score.", ["(3 + 4) / 2 = 3.5"]),
        ("highest", None, (0.75, 0.5), "The highest of all results is the score.", ["The highest of 3, 2: 3"]),
        ("latest", None, (0.5, 0.75), "The last result is the score.", ["The last of 2, 3: 3"]),
        (
            "n_mastery",
            2,
            (0.75, 0.5, 1.0),
            "The mean of the results that reach mastery is the score, once there are 2.",
            ["2 of 3 results reach 3 mastery points, 2 needed", "(3 + 4) / 2 = 3.5"],
        ),
        ("decaying_average", 65, (0.75,), "The only result is the score.", ["The only result = 3"]),
    ],
)
def test_each_method_reads_as_a_teacher_would_say_it(
    method: str, number: int | None, shares: tuple[float, ...], sentence: str, lines: list[str]
) -> None:
    """What the method does, then the sum: results go by the numbers of their lines, not by their ids."""
    found = explained(method, number, *shares)
    *told, verdict = lines_of(found, Numbers(found["results"]))
    assert rule(found) == sentence
    assert told == lines
    assert verdict.endswith("is at least 3, where mastery begins: mastered.")


def test_a_result_says_how_it_got_its_points() -> None:
    """Its per cent times the points of the scale; questions of one quiz together; and why one is not used."""
    alone = explained("highest", None, 0.75, 0.5)
    assert worth(alone) == {"901": "75 % × 4 = 3", "902": "50 % × 4 = 2"}
    assert Numbers(alone["results"]).put(alone["results"][1]["why_not"]) == "result 1 is higher"
    together = explained("average", None, 0.75, 0.5, quiz=True)
    told = "(4 × 75 % + 4 × 50 %) / 8 × 4 = 2.5, with all questions of this quiz"
    assert worth(together) == {"901": told, "902": told}
    below = explained("average", None, 0.5)
    assert lines_of(below, Numbers(below["results"]))[-1] == "2 is less than 3, where mastery begins: not mastered."


def test_all_of_it_can_be_copied_as_text() -> None:
    """The score, each result by its name in Canvas, the rule and the sum."""
    found = explained("latest", None, 0.5, 0.75)
    text = as_text("Ada, Tides: 3.00", found, {"901": "Quiz 7", "902": "Assignment 8"}, ["The last of 2, 3: 3"])
    assert text.split("\n") == [
        "Ada, Tides: 3.00",
        "1. Quiz 7: 50 % × 4 = 2, not used: result 2 is later",
        "2. Assignment 8: 75 % × 4 = 3, 100 % of the score",
        "most recent score: The last result is the score.",
        "The last of 2, 3: 3",
    ]


@pytest.mark.parametrize(
    ("state", "name", "path"),
    [
        (("Assignment", "8812", "RubricAssessment"), "Assignment 8812", "/courses/5/assignments/8812"),
        (("Quizzes::Quiz", "8812", "Quizzes::QuizSubmission"), "Quiz 8812", "/courses/5/quizzes/8812"),
        (("Assignment", "8812", "NewQuiz"), "New Quiz 8812", "/courses/5/assignments/8812"),
        (("AssessmentQuestion", "3", "Quizzes::QuizSubmission"), "Question 3", ""),
        ((None, None, "RubricAssessment"), "Rubric 9", ""),
        ((None, None, None), "Result 1", ""),
    ],
)
def test_work_is_named_as_canvas_shows_it(state: tuple[str | None, ...], name: str, path: str) -> None:
    """By what was assessed and its number, with the address below the school's; else by what made the result."""
    asset, number, artifact = state
    body = {"associated_asset_type": asset, "associated_asset_id": number, "artifact_type": artifact}
    found = work_of({**body, "artifact_id": "9" if artifact else None, "result_context_id": "5"}, "1")
    assert (found.name, found.path) == (name, path)


def test_work_is_called_by_its_title_where_an_event_told_it() -> None:
    """What a teacher called it comes first; kind and number stay, to find it in Canvas."""
    body = {"associated_asset_type": "Assignment", "associated_asset_id": "8", "result_context_id": "5"}
    assert work_of(body, "1", "Field log") == (
        ("Assignment", "8"),
        "“Field log”",
        "/courses/5/assignments/8",
        "Assignment 8",
    )


def test_a_levels_name_and_its_mark_are_not_at_odds() -> None:
    """Where mastery begins at a level whose name says otherwise, that is said; the mark says mastered or not."""
    row = {"score": 2.0, "mastery_points": 1.0, "points_possible": 4.0, "rating": "Nearly there", "mastered": True}
    place = standing(row, LEVELS)
    told = "“Nearly there”: mastered, a level above or more; mastery begins at “Starting out”, 1 of 4 points"
    assert "".join(said(row, place, LEVELS)) == told
    short = {**row, "mastery_points": 3.0, "mastered": False}
    told = "“Nearly there”: not mastered, one level short; mastery begins at “Secure”, 3 of 4 points"
    assert "".join(said(short, standing(short, LEVELS), LEVELS)) == told
    odd = {**short, "mastery_points": 2.5}
    assert said(odd, standing(odd, LEVELS), LEVELS)[1] == "; mastery begins at 2.5 of 4 points"
