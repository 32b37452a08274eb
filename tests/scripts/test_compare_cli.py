"""diff, blame, late and replay on the command line, on real processes."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from tests.given import ASKER, group, lines, outcome, result
from tests.scripts.command import Outcomes


@pytest.fixture
def school(tmp_path: Path) -> Outcomes:
    """A home with an outcome that was edited and a result."""
    outcomes = Outcomes(tmp_path / "home")
    history = (
        group("1", "2025-01-01", title="Plover School"),
        outcome("7", "2025-01-03"),
        outcome("7", "2025-06-01", mastery=4.5, updated="2025-06-01", meta=ASKER),
        result("50", "2025-03-01", score=4),
    )
    assert outcomes("ingest", stdin=lines(*history)).code == 0
    return outcomes


def test_diff_has_the_contracts_lists(school: Outcomes) -> None:
    """added, removed, moved, changed; with --students whose mastery changed."""
    found = school.json("diff", "--context", "Account:1", "--from", "2025-01-02", "--to", "2025-07-01", "--students")
    assert [(row["kind"], row["id"]) for row in found["added"]] == [("outcome", "7")]
    assert (found["removed"], found["moved"], found["changed"]) == ([], [], [])
    assert [row["mastered"] for row in found["students"]] == [[None, False]]
    edited = school.json("diff", "--context", "Account:1", "--from", "2025-02-01")
    assert edited["changed"][0]["fields"] == {"rubric_criterion.mastery_points": [3.0, 4.5]}
    known = school.json("diff", "--from-known", "2", "--to-known", "3")
    assert known["changed"][0]["fields"] == {"rubric_criterion.mastery_points": [3.0, 4.5]}


def test_blame_has_the_contracts_fields(school: Outcomes) -> None:
    """Per field: value, since, actor, position; what nothing is known of is bad news."""
    fields = school.json("blame", "outcome", "7")["fields"]
    points = fields["rubric_criterion.mastery_points"]
    assert (points["value"], points["since"], points["position"]) == (4.5, "2025-06-01T00:00:00.000Z", 3)
    assert points["actor"]["login"] == "r.okafor@plover.example"
    assert school("blame", "outcome", "404").code == 1


def test_late_takes_a_duration(school: Outcomes) -> None:
    """Everything in a history of last year is late by a day, nothing by a thousand weeks."""
    assert len(school.json("late", "--over", "1d")) == 4
    assert school.json("late", "--over", "1000w") == []


def test_replay_writes_a_file_that_stands_alone(school: Outcomes, tmp_path: Path) -> None:
    """Plain tables with Canvas's names, and the point with the same digest as the home."""
    target = tmp_path / "april.db"
    answer = school.json("replay", "--as-of", "2025-04-01", "--to", str(target))
    assert answer["digest"] == school.json("digest", "--as-of", "2025-04-01")["digest"]
    assert (answer["outcomes"], answer["groups"], answer["results"], answer["mastery"]) == (1, 1, 1, 1)
    with closing(sqlite3.connect(target)) as file:
        row = file.execute("SELECT learning_outcome_id, title, calculation_method FROM outcomes").fetchone()
        score = file.execute("SELECT student, score, mastered FROM mastery").fetchone()
    assert row == ("7", "Outcome 7", "highest")
    assert score == ("studentAda", 4.0, 1)


@pytest.mark.parametrize(
    "arguments",
    [
        ("diff", "--context", "Account:1"),
        ("diff", "--from", "2025-01-01", "--from-known", "1"),
        ("diff", "--from", "then"),
        ("blame", "outcome"),
        ("late", "--over", "soon"),
        ("replay",),
        ("replay", "--to", "README.md"),
    ],
    ids=" ".join,
)
def test_wrong_use_is_one_clear_line(school: Outcomes, arguments: tuple[str, ...]) -> None:
    """Wrong use exits with 2 and one line on stderr."""
    ran = school(*arguments)
    assert (ran.code, ran.out, len(ran.err.splitlines())) == (2, b"", 1), ran
