"""The contract of mastery on the command line."""

import json
from pathlib import Path

import pytest

from tests.support.command import Asked, Outcomes
from tests.support.given import ASKER, enrollment, event, lines, link, outcome, result

FEATURE = "outcomes_new_decaying_average_calculation"
CLASS = lines(
    outcome("7", "2025-01-01T08:00:00Z", title="Ties a bowline", calculation_method="average"),
    link("3", "2025-01-01T08:00:01Z", outcome="7", group="2", context="Course:200"),
    enrollment("31", "2025-01-05T08:00:00Z", student="studentAda"),
    result("50", "2025-02-01T08:00:00Z", score=4),
    result("51", "2025-02-02T08:00:00Z", score=3),
    result("52", "2025-02-01T08:00:00Z", score=1, student="studentBo"),
    event("user_created", "2025-01-01T08:00:00Z", {"user_id": "9", "uuid": "studentAda", "name": "Ada \x1b[31mQuist"}),
    outcome(
        "7",
        "2025-06-01T08:00:00Z",
        title="Ties a bowline",
        calculation_method="average",
        mastery=4,
        updated="2025-06-01T08:00:00Z",
        meta=ASKER,
    ),
)


@pytest.fixture
def school(tmp_path: Path) -> Outcomes:
    """A home with one class."""
    outcomes = Asked(tmp_path / "home")
    assert outcomes("ingest", stdin=CLASS).code == 0
    return outcomes


def test_mastery_has_the_contracts_rows(school: Outcomes) -> None:
    """Every field of ROW is there; rows are sorted."""
    rows = school.json("mastery", "--course", "200")
    assert [(row["student"], row["score"], row["mastered"]) for row in rows] == [
        ("studentAda", 3.5, False),
        ("studentBo", 1.0, False),
    ]
    ada = rows[0]
    assert {
        "course_id": "200",
        "outcome_id": "7",
        "outcome_title": "Ties a bowline",
        "rating": "Not yet",
        "mastery_points": 4.0,
        "points_possible": 5.0,
        "calculation_method": "average",
        "calculation_int": None,
        "scale_source": "outcome",
        "results_counted": 2,
        "results_used": 2,
        "last_assessed_at": "2025-02-02T08:00:00.000Z",
        "order": "exact",
        "enrollment": "active",
        "notes": [],
    }.items() <= ada.items()


def test_mastery_at_a_past_time(school: Outcomes) -> None:
    """Before the mastery points were raised 3.5 was enough; before the second result there was only a 4."""
    (ada, _) = school.json("mastery", "--course", "200", "--as-of", "2025-05-01")
    assert (ada["score"], ada["mastered"]) == (3.5, True)
    (early,) = school.json("mastery", "--student", "studentAda", "--as-of", "2025-02-01T12:00")
    assert early["score"] == 4.0
    assert school.json("mastery", "--as-of", "2024-01-01") == []


def test_what_if_and_compare(school: Outcomes, tmp_path: Path) -> None:
    """Another method, other mastery points or another scale answer the same question; --compare lists who flips."""
    (highest,) = school.json("mastery", "--student", "studentAda", "--method", "highest")
    assert (highest["score"], highest["mastered"], highest["method_source"]) == (4.0, True, "what-if")
    (flip,) = school.json("mastery", "--mastery-points", "3", "--compare")
    assert (flip["student"], flip["mastered"], flip["score"]) == ("studentAda", [False, True], [3.5, 3.5])
    scale = tmp_path / "scale.json"
    levels = [{"description": "Yes", "points": 10, "mastery": True}, {"description": "No", "points": 0}]
    scale.write_text(json.dumps(levels))
    (row,) = school.json("mastery", "--student", "studentAda", "--scale", str(scale))
    assert (row["score"], row["rating"], row["mastery_points"]) == (7.0, "No", 10.0)


def test_explain_shows_the_sum(school: Outcomes) -> None:
    """ROW, the results oldest first with their part, and steps that can be checked by hand."""
    answer = school.json("explain", "--course", "200", "--student", "studentAda", "--outcome", "7")
    assert answer["score"] == 3.5
    assert [(part["id"], part["value"], part["weight"], part["used"]) for part in answer["results"]] == [
        ("50", 4.0, 0.5, True),
        ("51", 3.0, 0.5, True),
    ]
    assert "(4 + 3) / 2 = 3.5" in answer["steps"]
    assert answer["scale"] == {"source": "outcome", "position": 8}
    ran = school("explain", "--course", "200", "--student", "nobody", "--outcome", "7", "--format", "json")
    assert (ran.code, ran.json()) == (1, None)


def test_history_says_what_moved_the_score(school: Outcomes) -> None:
    """Ada's first 4 is mastery, the 3 makes 3.5 of it, and in June the edit of the points, not her work, loses it."""
    words = ("history", "--course", "200", "--student", "studentAda", "--outcome", "7")
    moves = school.json(*words)
    assert [(move["at"][:10], move["score"], move["mastered"], move["cause"]) for move in moves] == [
        ("2025-02-01", 4.0, True, "work"),
        ("2025-02-02", 3.5, True, "work"),
        ("2025-06-01", 3.5, False, "policy"),
    ]
    assert list(moves[-1]) == ["at", "score", "mastered", "mastery_points", "cause", "position", "entry"]
    assert moves[-1]["entry"]["fields"] == {"rubric_criterion.mastery_points": [3.0, 4.0]}
    table = school(*words).out.decode()
    assert [turn for turn in ("first mastered", "lost", "regained") if turn in table] == ["first mastered", "lost"]
    rows = school(*words, "--format", "csv").out.decode().splitlines()
    assert rows[0] == "at,score,mastered,mastery_points,cause,position,entry"
    assert len(rows) == 1 + len(moves)
    ran = school("history", "--course", "200", "--student", "nobody", "--outcome", "7", "--format", "json")
    assert (ran.code, ran.json()) == (0, [])
    assert "no score of student nobody" in ran.err


def test_impact_names_the_change_and_the_flipped(school: Outcomes) -> None:
    """Who raised the mastery points, and who lost mastery by that alone."""
    (change,) = school.json("impact", "7")
    assert change["fields"] == {"rubric_criterion.mastery_points": [3.0, 4.0]}
    assert (change["lost"], change["gained"]) == (1, 0)
    assert change["actor"]["login"] == "r.okafor@plover.example"
    assert [student["student"] for student in change["students"]] == ["studentAda"]


def test_a_setting_is_an_event_like_any_other(school: Outcomes) -> None:
    """From its time on scales come from the chain, which nothing has told here; before it they do not."""
    head = school.json("status")["head"]
    ran = school("settings", "set", "account_level_mastery_scales", "on", "--since", "2025-03-01")
    assert ran.code == 0, ran.err
    assert school.json("status")["head"] == head + 1
    (before, _) = school.json("mastery", "--course", "200", "--as-of", "2025-02-15")
    (after, _) = school.json("mastery", "--course", "200")
    assert (before["scale_source"], after["scale_source"], after["score"]) == ("outcome", "unknown", None)
    values = {row["setting"]: row["value"] for row in school.json("settings", "list")}
    of_the_home = {"redact": "not set", "hosts": "any"}
    of_the_account = {"account_level_mastery_scales": "on", "outcomes_new_decaying_average_calculation": "not set"}
    assert values == of_the_account | of_the_home
    assert b"outcomes_setting_changed" in school("log", "--after", str(head)).out


def test_the_heat_map_needs_no_colour(school: Outcomes) -> None:
    """In a pipe a course is a plain grid: names, scores with a sign, a legend, and no escape from a name."""
    out = school("mastery", "--course", "200", "--as-of", "2025-05-01").out
    assert b"\x1b" not in out
    text = out.decode()
    assert "Quist" in text
    assert "3.5+" in text
    assert "not assessed" in text


@pytest.mark.parametrize(
    "arguments",
    [
        ("mastery", "--compare"),
        ("mastery", "--method", "best"),
        ("mastery", "--method", "n_mastery:x"),
        ("mastery", "--scale", "no-such-file.json"),
        ("mastery", "--mastery-points", "many"),
        ("explain", "--course", "200"),
        ("history", "--course", "200"),
        ("impact", "group:7"),
        ("impact", "teacher:7"),
        ("settings", "set", "colour", "on"),
        ("settings", "set", "account_level_mastery_scales", "perhaps"),
    ],
    ids=" ".join,
)
def test_wrong_use_is_one_clear_line(school: Outcomes, arguments: tuple[str, ...]) -> None:
    """Wrong use exits with 2 and one line on stderr."""
    ran = school(*arguments)
    assert (ran.code, ran.out, len(ran.err.splitlines())) == (2, b"", 1), ran
    assert ran.err.startswith("error: ")


def test_a_what_if_by_the_own_method_gives_the_own_score(tmp_path: Path) -> None:
    """With the feature off a standard_decaying_average is computed the legacy way, in a what-if as well."""
    outcomes = Asked(tmp_path / "home")
    method = {"calculation_method": "standard_decaying_average", "calculation_int": 65}
    scores = [result(str(50 + place), f"2025-02-0{place + 1}", score=score) for place, score in enumerate((2, 3, 4))]
    outcomes("ingest", stdin=lines(outcome("7", "2025-01-01", **method), *scores))
    what_if = ("mastery", "--method", "standard_decaying_average:65")
    # The running decay: 2, then 0.35 × 2 + 0.65 × 3 = 2.65, then 0.35 × 2.65 + 0.65 × 4.
    assert [row["score"] for row in outcomes.json(*what_if)] == [3.53]
    assert outcomes("settings", "set", FEATURE, "off", "--since", "2024-01-01").code == 0
    # The legacy way: 0.65 × 4 + 0.35 × (2 + 3) / 2 = 3.475.
    assert [row["score"] for row in outcomes.json("mastery")] == [3.48]
    assert [row["score"] for row in outcomes.json(*what_if)] == [3.48]
    assert outcomes.json(*what_if, "--compare") == []
    assert [row["score"] for row in outcomes.json(*what_if, "--as-of", "2025-02-02")] == [2.65]
