"""diff, blame, late, moments and replay on the command line."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from tests.support.command import Asked, Outcomes
from tests.support.given import ASKER, group, lines, link, outcome, proficiency, result


@pytest.fixture
def school(tmp_path: Path) -> Outcomes:
    """A home with an outcome that was edited and a result."""
    outcomes = Asked(tmp_path / "home")
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


def test_moments_have_the_contracts_rows(school: Outcomes) -> None:
    """Newest first: in June somebody raised the points, which 4 of 5 no longer reach; in every form."""
    words = ("moments", "--context", "Account:1")
    rows = school.json(*words)
    columns = "from to actor request added removed moved changed policy flipped positions title "
    columns += "gained lost things kinds first"
    assert list(rows[0]) == columns.split()
    assert rows[0] | {"actor": None} == {
        "from": "2025-06-01T00:00:00.000Z", "to": "2025-06-01T00:00:00.000Z", "actor": None, "request": "b6a2f1d0-req",
        "added": 0, "removed": 0, "moved": 0, "changed": 1, "policy": True, "flipped": 1, "positions": [3, 3],
        "title": "Outcome 7", "gained": 0, "lost": 1, "things": 1, "kinds": {"outcome": {"changed": 1}},
        "first": [{"kind": "outcome", "id": "7", "title": "Outcome 7"}],
    }  # fmt: skip
    assert rows[0]["actor"]["login"] == "r.okafor@plover.example"
    assert [(row["title"], row["added"]) for row in rows[1:]] == [("Outcome 7", 1), ("Plover School", 1)]
    assert school(*words, "--format", "ndjson").ndjson() == rows
    assert len(school(*words, "--by", "day", "--format", "csv").out.splitlines()) == 1 + 3
    assert b"policy" in school(*words).out
    assert [row["positions"] for row in school.json(*words, "--as-of", "2025-02-01")] == [[2, 2], [1, 1]]
    first = school(*words, "--limit", "1", "--format", "ndjson")
    rest = school(*words, "--after", first.err.split()[-1], "--format", "ndjson")
    assert first.ndjson() + rest.ndjson() == rows
    ran = school("moments", "--context", "Course:9", "--format", "json")
    assert (ran.code, ran.json()) == (0, [])
    assert "nothing changed in Course:9" in ran.err


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


def test_replay_makes_a_folder_of_parquet_files(school: Outcomes, tmp_path: Path) -> None:
    """A file for each table; the answer is told as a table, and what is there already is left alone."""
    arguments = ("replay", "--format", "parquet", "--to", str(tmp_path / "state"))
    ran = school(*arguments)
    assert ran.code == 0, ran.err
    assert b"digest" in ran.out
    assert sorted(path.name for path in (tmp_path / "state").iterdir()) == [
        f"{name}.parquet" for name in ("groups", "links", "mastery", "outcomes", "point", "proficiencies", "results")
    ]
    assert school(*arguments).code == 2


@pytest.mark.parametrize(
    "command", [("replay",), ("replay", "--format", "parquet"), ("log", "--format", "parquet")], ids=" ".join
)
def test_a_folder_that_is_not_there_is_named(school: Outcomes, tmp_path: Path, command: tuple[str, ...]) -> None:
    """In words, and without the system's number for it."""
    target = tmp_path / "missing" / "x"
    ran = school(*command, "--to", str(target))
    assert (ran.code, ran.out) == (2, b"")
    assert ran.err == f"error: cannot make {target}: {target.parent} is no folder: make it, or name another\n"


def test_no_other_command_waits_for_pyarrow(school: Outcomes) -> None:
    """It takes a third of a second to load; only a replay into Parquet needs it."""
    ran = school("status", PYTHONPROFILEIMPORTTIME="1")
    assert ran.code == 0
    assert "pyarrow" not in ran.err


def test_a_new_title_says_renamed(school: Outcomes) -> None:
    """In the table, and with both titles in JSON; every line of NDJSON and CSV has the same columns."""
    renamed = group("1", "2025-08-01", title="Plover Academy", updated="2025-08-01")
    school("ingest", stdin=lines(renamed, proficiency("5", "2025-08-01")))
    arguments = ("diff", "--from", "2025-07-01")
    assert school.json(*arguments)["changed"][0]["renamed"] == ["Plover School", "Plover Academy"]
    assert b"renamed" in school(*arguments).out
    told = school(*arguments, "--format", "ndjson").ndjson()
    assert [(row["change"], row["kind"]) for row in told] == [("changed", "group"), ("created", "proficiency")]
    assert len(school(*arguments, "--format", "csv").out.splitlines()) == 3


def test_doctor_reports_and_is_no_verdict(school: Outcomes) -> None:
    """Exit 0 whatever is found; at any point; in every format."""
    school("ingest", stdin=lines(link("70", "2025-02-01", outcome="404", group="1")))
    found = school.json("doctor")
    assert set(found) == {"tenant", "as_of", "known_at", "findings"}
    counts = {finding["finding"]: finding["count"] for finding in found["findings"]}
    assert (counts["links_to_unknown_outcomes"], counts["links_to_unknown_groups"]) == (1, 0)
    before = school.json("doctor", "--as-of", "2025-01-15")
    assert {finding["count"] for finding in before["findings"]} == {0}
    table = school("doctor").out.decode()
    assert "link:70, position 5, outcome:404" in table
    assert "save the outcome once in Canvas" in table
    assert len(school("doctor", "--format", "ndjson").ndjson()) == len(counts)


def test_the_timeline_shows_who_stood_behind(school: Outcomes) -> None:
    """A masquerade names both, a job its tag and number; by what is told below."""
    behind = {**ASKER, "real_user_id": "41230000000000099"}
    job = {"job_tag": "OutcomeImport#run", "job_id": "77"}
    school(
        "ingest",
        stdin=lines(group("2", "2025-02-01", meta=behind), group("3", "2025-02-02", meta=job)),
    )
    table = school("timeline", "--context", "Account:1").out.decode()
    assert "41230000000000099 as" in table
    assert "PUT /api/v1/outcomes/7" in table
    assert "OutcomeImport#run (job 77)" in " ".join(table.split())
    (entry,) = school.json("timeline", "--request", "77")
    assert entry["id"] == "3"


def test_all_adds_what_changed_nothing(school: Outcomes) -> None:
    """A save without an edit is hidden in every format, until it is asked for."""
    school("ingest", stdin=lines(group("1", "2025-02-01", title="Plover School", updated="2025-02-01")))
    assert len(school.json("timeline", "--entity", "group:1")) == 1
    told = school("timeline", "--entity", "group:1", "--all", "--format", "ndjson").ndjson()
    assert [entry["change"] for entry in told] == ["created", "none"]


@pytest.mark.parametrize(
    ("point", "words"),
    [
        (("--as-of", "2999-01-01"), "no event known at position 4 is later than 2025-06-01"),
        (("--known-at", "99"), "answered as known at position 4, the head"),
        (("--known-at", "2999-01-01"), "answered as known at position 4, the head"),
    ],
)
def test_beyond_the_end_the_head_that_answers_is_told(school: Outcomes, point: tuple[str, ...], words: str) -> None:
    """On stderr, and where a heading exists it has the head; the answer is that of now."""
    ran = school("tree", "--context", "Account:1", *point, "--format", "json")
    assert (ran.code, ran.json()["known_at"]) == (0, 4)
    assert words in ran.err


def test_inside_the_log_nothing_is_told(school: Outcomes) -> None:
    """The last event and the head themselves are not beyond."""
    ran = school("digest", "--as-of", "2025-06-01", "--known-at", "4")
    assert (ran.code, ran.err) == (0, "")


@pytest.mark.parametrize(
    "arguments",
    [
        ("diff", "--context", "Account:1"),
        ("diff", "--from", "2025-01-01", "--from-known", "1"),
        ("diff", "--from", "then"),
        ("blame", "outcome"),
        ("late", "--over", "soon"),
        ("moments",),
        ("moments", "--context", "Account:1", "--by", "year"),
        ("moments", "--context", "Account:1", "--after", "yesterday"),
        ("replay",),
        ("replay", "--to", "README.md"),
    ],
    ids=" ".join,
)
def test_wrong_use_is_one_clear_line(school: Outcomes, arguments: tuple[str, ...]) -> None:
    """Wrong use exits with 2 and one line on stderr."""
    ran = school(*arguments)
    assert (ran.code, ran.out, len(ran.err.splitlines())) == (2, b"", 1), ran


def test_the_next_key_is_told_on_stderr(school: Outcomes) -> None:
    """And given back, it goes on where the part ended."""
    first = school("timeline", "--limit", "2", "--format", "ndjson")
    assert first.err.startswith("next: --after ")
    rest = school("timeline", "--after", first.err.split()[-1], "--format", "ndjson")
    assert (len(first.ndjson()), len(rest.ndjson()), rest.err) == (2, 2, "")
