"""The contract of the command line, each promise tried on a real process."""

import csv
import gzip
import io
import json
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from typer.main import get_command

from outcomes.cli.app import app
from tests.support.forked import Forked
from tests.support.given import ASKER, OTHER_TENANT, TENANT, event, group, lines, link, outcome, proficiency, result

SCHOOL = lines(
    group("1", "2025-01-01T08:00:00Z", title="Plover School"),
    group("2", "2025-01-02T08:00:00Z", parent="1", title="Sailing"),
    outcome("7", "2025-01-03T08:00:00Z", title="Ties a bowline"),
    link("3", "2025-01-03T08:00:01Z", outcome="7", group="2"),
    outcome("7", "2025-06-01T08:00:00Z", title="Ties a bowline", mastery=4, updated="2025-06-01T08:00:00Z", meta=ASKER),
    result("50", "2025-03-01T08:00:00Z"),
    proficiency("9", "2025-02-01T08:00:00Z"),
    event("submission_updated", "2025-03-01T07:00:00Z", {"submission_id": "5"}),
)


@pytest.fixture
def outcomes(tmp_path: Path) -> Forked:
    """A home that does not exist yet."""
    return Forked(tmp_path / "home")


@pytest.fixture
def school(outcomes: Forked) -> Forked:
    """A home with a small school in it."""
    assert outcomes("ingest", "-", stdin=SCHOOL).code == 0
    return outcomes


def test_ingest_counts_what_it_took(outcomes: Forked) -> None:
    """The answer adds up: read = appended + duplicates + quarantined; unknown names are appended and counted."""
    stdin = SCHOOL + b"\n" + lines(group("1", "2025-01-01T08:00:00Z", title="Plover School"), "gibberish")
    answer = outcomes("ingest", "-", "--format", "json", stdin=stdin).json()
    del answer["seconds"]
    assert answer == {"read": 10, "appended": 8, "duplicates": 1, "quarantined": 1, "unprojected": 1, "head": 8}


def test_strict_ingest_fails_on_quarantine_but_keeps_the_rest(outcomes: Forked) -> None:
    """With --strict the exit code is 1; what was good is in the log all the same."""
    ran = outcomes("ingest", "--strict", "--format", "json", stdin=SCHOOL + b"\nnonsense")
    assert (ran.code, ran.json()["appended"]) == (1, 8)
    assert outcomes("ingest", stdin=b"nonsense").code == 0


def test_a_truncated_gzip_keeps_what_was_readable(outcomes: Forked, tmp_path: Path) -> None:
    """What could be unpacked is in the log, the rest is named, and the exit code is 2."""
    many = lines(*(group(str(number), "2025-01-01") for number in range(2000)))
    path = tmp_path / "cut.ndjson.gz"
    path.write_bytes(gzip.compress(many)[:-400])
    ran = outcomes("ingest", str(path), "--format", "json")
    assert ran.code == 2
    assert 0 < ran.json()["appended"] < 2000
    assert ran.err.splitlines()[-1].startswith("error: ")
    assert "ends in the middle" in ran.err


def test_tree_as_json(school: Forked) -> None:
    """The tree has the contract's shape: roots with children, and outcomes with their link and policy."""
    answer = school.json("tree", "--context", "Account:1", "--as-of", "2025-05-01")
    assert {name: answer[name] for name in ("tenant", "context", "as_of", "known_at", "detached")} == {
        "tenant": TENANT,
        "context": "Account:1",
        "as_of": "2025-05-01T00:00:00.000Z",
        "known_at": 8,
        "detached": [],
    }
    (root,) = answer["roots"]
    (sailing,) = root["children"]
    (bowline,) = sailing["children"]
    assert (root["title"], sailing["title"], bowline["title"]) == ("Plover School", "Sailing", "Ties a bowline")
    assert bowline["link_id"] == "3"
    assert (bowline["mastery_points"], bowline["points_possible"]) == (3, 5)
    assert "children" not in bowline
    assert all(node["known"] for node in (root, sailing, bowline))


def test_the_same_tree_today_has_the_new_mastery_points(school: Forked) -> None:
    """Without --as-of the answer is the present."""
    answer = school.json("tree", "--context", "account:1")
    assert answer["as_of"] is None
    assert answer["roots"][0]["children"][0]["children"][0]["mastery_points"] == 4


def test_show_gives_the_state_under_canvas_names(school: Forked) -> None:
    """State holds the body's fields, times in UTC; position, event time and count belong to the event in force."""
    answer = school.json("show", "outcome", "7")
    assert answer["state"]["rubric_criterion"]["mastery_points"] == 4
    assert answer["state"]["updated_at"] == "2025-06-01T08:00:00.000Z"
    assert (answer["event_time"], answer["position"], answer["events"]) == ("2025-06-01T08:00:00.000Z", 5, 2)
    assert school.json("show", "result", "50", "--as-of", "2025-04-01")["state"]["user_uuid"] == "studentAda"


def test_show_finds_nothing_with_exit_code_1(school: Forked) -> None:
    """Asking for what is not there, or not there yet, is answered, and is bad news."""
    for arguments in (("show", "outcome", "404"), ("show", "outcome", "7", "--as-of", "2020-01-01")):
        ran = school(*arguments, "--format", "json")
        assert (ran.code, ran.json()["state"]) == (1, None)


def test_timeline_says_what_changed_and_who_did_it(school: Forked) -> None:
    """An entry names the changed fields part by part, with both values, and the person behind the request."""
    (entry,) = school.json("timeline", "--field", "mastery_points", "--since", "2025-05-01")
    assert entry["change"] == "updated"
    assert entry["fields"] == {"rubric_criterion.mastery_points": [3.0, 4.0]}
    assert entry["actor"]["login"] == "r.okafor@plover.example"
    assert entry["actor"]["via"] == "PUT /api/v1/outcomes/7"
    assert entry["order_conflict"] is False
    assert entry["late_by_seconds"] > 0


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ((), 7),
        (("--context", "Account:1"), 6),
        (("--context", "Course:200"), 1),
        (("--entity", "outcome:7"), 2),
        (("--entity", "outcome:7", "--entity", "link:3"), 3),
        (("--since", "2025-03-01", "--until", "2025-06-01T08:00:00Z"), 2),
        (("--actor", "OKAFOR"), 1),
        (("--as-of", "2025-01-02T12:00"), 2),
        (("--known-at", "3"), 3),
    ],
)
def test_timeline_filters(school: Forked, arguments: tuple[str, ...], expected: int) -> None:
    """Each filter narrows the timeline; event order is kept."""
    entries = school.json("timeline", *arguments)
    assert len(entries) == expected
    assert [entry["event_time"] for entry in entries] == sorted(entry["event_time"] for entry in entries)


def test_log_gives_back_what_came(school: Forked, tmp_path: Path) -> None:
    """`log` prints the very bytes, and another home that takes them has the same digest."""
    printed = school("log").out
    assert printed == SCHOOL + b"\n"
    other = Forked(tmp_path / "other")
    other("ingest", stdin=printed)
    assert other.json("digest")["digest"] == school.json("digest")["digest"]
    assert school("log", "--after", "2", "--limit", "3").out.splitlines() == SCHOOL.splitlines()[2:5]


def test_log_prints_an_event_that_came_on_many_lines_on_one(outcomes: Forked) -> None:
    """NDJSON is one event a line; line breaks between tokens become spaces, and the event stays the same event."""
    pretty = json.dumps(group("1", "2025-01-01"), indent=2).encode()
    outcomes("ingest", stdin=pretty)
    printed = outcomes("log").out
    assert printed.count(b"\n") == 1
    assert json.loads(printed) == group("1", "2025-01-01")
    assert outcomes("ingest", "--format", "json", stdin=printed).json()["duplicates"] == 1


def test_verify_and_rebuild_and_status(school: Forked) -> None:
    """A whole home is found whole; a rebuild changes nothing; status counts what is there."""
    before = school.json("digest")["digest"]
    verdict = school.json("verify", "--all")
    assert (verdict["ok"], verdict["events"], verdict["problems"]) == (True, 8, [])
    rebuilt = school.json("rebuild")
    assert (rebuilt["events"], rebuilt["digest"]) == (8, before)
    status = school.json("status")
    assert (status["head"], status["views_position"], status["tenants"]) == (8, 8, [TENANT])
    assert status["kinds"] == {"outcome": 2, "group": 2, "link": 1, "result": 1, "proficiency": 1, "unprojected": 1}


@pytest.mark.parametrize(
    ("lie", "named"),
    [
        ("UPDATE outcome_versions SET mastery_points = 1 WHERE outcome_id = '7'", "outcome:7"),
        ("UPDATE result_versions SET score = 5 WHERE result_id = '50'", "result:50"),
        ("DELETE FROM link_versions", "the views hold 6 versions, the log has 7"),
    ],
)
def test_verify_finds_views_that_lie(school: Forked, lie: str, named: str) -> None:
    """A version changed behind our back in views.db is found, named, and mended by a rebuild."""
    import sqlite3  # noqa: PLC0415 - only this test goes behind the back

    with closing(sqlite3.connect(school.home / "views.db")) as views, views:
        views.execute(lie)
    ran = school("verify", "--all", "--format", "json")
    assert (ran.code, ran.json()["ok"]) == (1, False)
    assert named in ran.json()["problems"][0]["problem"]
    school("rebuild")
    assert school("verify", "--all").code == 0


def test_verify_finds_a_log_that_was_changed(school: Forked) -> None:
    """With a trigger dropped an event can be changed, but not unseen: the position is named, and the trigger."""
    import sqlite3  # noqa: PLC0415 - only this test goes behind the back

    with closing(sqlite3.connect(school.home / "log.db")) as log, log:
        log.execute("DROP TRIGGER stored_events_refuse_update")
        other = log.execute("SELECT state FROM stored_events WHERE position = 2").fetchone()[0]
        log.execute("UPDATE stored_events SET state = ? WHERE position = 1", (other,))
    ran = school("verify", "--format", "json")
    assert ran.code == 1
    problems = ran.json()["problems"]
    assert {problem["position"] for problem in problems if "position" in problem} == {1}
    assert any("stored_events_refuse_update is gone" in problem["problem"] for problem in problems)


def test_several_tenants_need_a_choice(school: Forked) -> None:
    """With two tenants a question without --tenant is refused, naming both; with one it is answered."""
    school("ingest", stdin=lines(group("1", "2025-01-01", title="Wren", meta={"tenant": OTHER_TENANT})))
    ran = school("tree", "--context", "Account:1")
    assert ran.code == 2
    assert TENANT in ran.err
    assert OTHER_TENANT in ran.err
    tree = school.json("tree", "--context", "Account:1", "--tenant", OTHER_TENANT)
    assert [root["title"] for root in tree["roots"]] == ["Wren"]


def test_known_at_may_be_a_time(school: Forked) -> None:
    """Known at a moment before the first import: nothing; known at a moment after it: everything."""
    assert school.json("digest", "--known-at", "2001-01-01")["entities"] == 0
    assert school.json("digest", "--known-at", "2100-01-01")["entities"] == 6


@pytest.mark.parametrize("form", ["csv", "ndjson", "table"])
def test_other_formats_hold_the_same_rows(school: Forked, form: str) -> None:
    """CSV has a header and a row per node, NDJSON a line per node, a table every title."""
    out = school("tree", "--context", "Account:1", "--format", form).out.decode()
    if form == "csv":
        assert [row["title"] for row in csv.DictReader(io.StringIO(out))] == [
            "Plover School",
            "Sailing",
            "Ties a bowline",
        ]
    elif form == "ndjson":
        assert [json.loads(line)["id"] for line in out.splitlines()] == ["1", "2", "7"]
    else:
        assert all(title in out for title in ("Plover School", "Sailing", "Ties a bowline"))


WRONG: list[tuple[str, ...]] = [
    ("tree",),
    ("tree", "--context", "Moon:1"),
    ("tree", "--context", "Account:1", "--as-of", "yesterday"),
    ("tree", "--context", "Account:1", "--known-at", "soon"),
    ("tree", "--context", "Account:1", "--tenant", "nobody"),
    ("tree", "--context", "Account:1", "--format", "xml"),
    ("show", "teacher", "1"),
    ("show", "outcome"),
    ("timeline", "--entity", "outcome"),
    ("timeline", "--since", "now-ish"),
    ("digest", "--tenant", "nobody"),
    ("log", "--after", "minus"),
    ("quarantine", "show", "99"),
    ("ingest", "no-such-file.json"),
    ("frobnicate",),
    ("status", "--wat"),
]


@pytest.mark.parametrize("arguments", WRONG, ids=" ".join)
def test_wrong_use_is_one_clear_line(school: Forked, arguments: tuple[str, ...]) -> None:
    """Wrong use exits with 2, says so in one line on stderr, prints no answer and never a traceback."""
    ran = school(*arguments)
    assert ran.code == 2, ran
    assert ran.out == b""
    assert len(ran.err.splitlines()) == 1
    assert ran.err.startswith("error: ")


def test_reading_commands_do_not_make_a_home(outcomes: Forked) -> None:
    """A question to a folder without a log is refused, and leaves no folder behind."""
    ran = outcomes("tree", "--context", "Account:1")
    assert ran.code == 2
    assert "ingest" in ran.err
    assert not outcomes.home.exists()


def test_titles_cannot_command_the_terminal(outcomes: Forked) -> None:
    """Escape sequences in a title are shown as a mark, never obeyed."""
    outcomes("ingest", stdin=lines(group("1", "2025-01-01", title="\x1b[2Jgone\x9b31m")))
    assert b"\x1b" not in outcomes("tree", "--context", "Account:1").out
    assert b"gone" in outcomes("timeline").out


def test_home_is_private(school: Forked) -> None:
    """The folder and its databases can be read by their owner only."""
    assert oct(school.home.stat().st_mode)[-3:] == "700"
    assert {oct((school.home / name).stat().st_mode)[-3:] for name in ("log.db", "views.db")} == {"600"}


def test_quarantine_shows_bytes_as_they_came(outcomes: Forked) -> None:
    """What could not be read is listed with its reason and line, and shown verbatim."""
    outcomes("ingest", stdin=b'{"metadata": {}}\n\n{"oops\n')
    listed: list[Any] = outcomes.json("quarantine", "list")
    assert [(entry["line"], entry["source"]) for entry in listed] == [(1, "stdin"), (3, "stdin")]
    assert "event_name" in listed[0]["reason"]
    assert outcomes("quarantine", "show", "2").out == b'{"oops\n'


def test_every_command_shows_an_example(tmp_path: Path) -> None:
    """`--help` of each command ends its text with one that can be copied."""
    outcomes = Forked(tmp_path / "home")
    known: dict[str, Any] = vars(get_command(app))["commands"]
    commands = [(name, *inner) for name, command in known.items() for inner in zip(vars(command).get("commands", ()))]
    commands += [(name,) for name, command in known.items() if "commands" not in vars(command)]
    assert len(commands) > 25
    for command in commands:
        ran = outcomes(*command, "--help")
        assert ran.code == 0
        assert f"Example: outcomes {' '.join(command)}".encode() in ran.out, command
