"""What an export corrects is corrected, what it cannot know is left, and whose it is is not guessed."""

import csv
import json
from pathlib import Path
from typing import Any

import pytest

import outcomes
from tests.support.exports import export, gone, home_of, result_row, row
from tests.support.given import OTHER_TENANT, course, enrollment, event, group, link, outcome, result

TOLD, AT = "2025-10-01T10:00:00Z", "2026-06-01"
ROOT = {"root_account_id": "41230000000000001"}
RESULTS = "learning_outcome_results"
TREE = (
    outcome("7", "2025-09-01", meta=ROOT),
    group("2", "2025-09-01", context="Course:200"),
    link("1", "2025-09-01", outcome="7", group="2", context="Course:200"),
)


def user(number: str, uuid: str) -> dict[str, Any]:
    """Tell who a user is."""
    return event("user_created", "2025-09-01", {"user_id": number, "uuid": uuid})


def verdicts(found: Any) -> list[tuple[str, str]]:
    """Return what is not the same."""
    return [(one.id, one.verdict) for one in found.findings]


def report(path: Path, **changes: Any) -> Path:
    """Write an Outcome Results report with one New Quiz of the user 90, of 2.5 out of 5."""
    told = {
        "student id": "90",
        "assessment id": "77",
        "assessment type": "quiz",
        "submission date": "2025-10-05T10:00:00Z",
        "learning outcome id": "7",
        "attempt": 1,
        "outcome score": 2.5,
        "course id": "200",
        "assignment url": "https://plover.example/courses/200/assignments/77",
        "learning outcome points possible": 5,
        **{name.replace("_", " "): value for name, value in changes.items()},
    }
    with path.open("w", newline="") as out:
        csv.writer(out).writerows([told.keys(), told.values()])
    return path


@pytest.mark.parametrize("score", [1.0, 2.0, 3.0, 4.0])
def test_a_new_quiz_that_was_graded_again_has_its_new_score(tmp_path: Path, score: float) -> None:
    """The submission date stays; the later report is right, and read again it says nothing new."""
    with home_of(tmp_path, *TREE, user("41230000000000090", "studentAda")) as home:
        home.reconcile(report(tmp_path / "report.csv"), at=AT, write=True)
        later = report(tmp_path / "report.csv", outcome_score=score)
        assert home.reconcile(later, at="2026-06-10", write=True).appended == 1
        assert home.reconcile(later, at="2026-06-11", write=True).appended == 0
        (known,) = home.at().mastery(course="200")
        assert known.score == score


@pytest.mark.parametrize("day", range(1, 5))
def test_a_grade_that_is_posted_without_a_save_is_posted(tmp_path: Path, day: int) -> None:
    """Two exports tell one `updated_at` and two states: the later export is right, once, and no older one undoes it."""
    posted = f"2026-02-0{day}T00:00:00.000Z"
    rows = [result_row(1, "studentAda", TOLD, association_type="Assignment", association_id=55, user_id=90)]

    def tables(posted_at: str | None) -> Path:
        work = row(3, assignment_id=55, user_id=90, posted_at=posted_at, updated_at=TOLD, workflow_state="graded")
        return export(tmp_path / "cd2", {RESULTS: rows, "submissions": [work]})

    with home_of(tmp_path, *TREE, result("1", TOLD)) as home:
        home.bootstrap(tables(None), at="2026-01-01")
        assert home.bootstrap(tables(posted), at="2026-03-01").appended == 1
        assert home.bootstrap(tables(posted), at="2026-03-02").appended == 0
        assert home.bootstrap(tables(None), at="2026-01-02").appended == 0
        assert home.at().show("submission", "3").state["posted_at"] == posted


def test_a_result_that_moved_is_not_gone(tmp_path: Path) -> None:
    """It came to another student, and the export holds it so; of one that the export has not, it is said."""
    moved = result("1", "2025-10-02T10:00:00Z", student="studentBea", updated="2025-10-02T10:00:00Z", artifact_id="91")
    rows = [result_row(1, "studentBea", "2025-10-02T10:00:00Z"), result_row(2, "studentCy", TOLD)]
    with home_of(tmp_path, *TREE, result("1", TOLD), moved, result("2", TOLD, student="studentCy")) as home:
        assert verdicts(home.reconcile(export(tmp_path / "cd2", {RESULTS: rows}), at=AT)) == []
        assert verdicts(home.reconcile(export(tmp_path / "cd2", {RESULTS: rows[1:]}), at=AT)) == [("1", "gone")]


def test_with_no_lag_writing_changes_no_verdict(tmp_path: Path) -> None:
    """A result of which no event came, made after the first event, is a lack whether it is then written or not."""
    folder = export(tmp_path / "cd2", {RESULTS: [result_row(1, "studentAda", TOLD)]})
    with home_of(tmp_path, *TREE) as home:
        assert [home.reconcile(folder, at=AT, lag="0s", write=write).ok for write in (False, True)] == [False, False]


def test_a_tenant_that_is_not_there_is_refused(tmp_path: Path) -> None:
    """By both commands, unless the log is empty or the export says so itself."""
    folder = export(tmp_path / "cd2", {RESULTS: [result_row(1, "studentAda", TOLD)]})
    with home_of(tmp_path, *TREE) as home:
        for command in (home.reconcile, home.bootstrap):
            with pytest.raises(outcomes.UsageError, match="no such tenant: 'typo'"):
                command(folder, at=AT, tenant="typo")
        export(folder, {"accounts": [row(1, uuid="wren", name="Wren", workflow_state="active")]})
        assert home.bootstrap(folder, at=AT, tenant="wren").tenant == "wren"


def test_another_institutions_export_is_refused_also_where_there_are_several(tmp_path: Path) -> None:
    """The log holds two tenants, and the export is of a third."""
    folder = export(tmp_path / "cd2", {"accounts": [row(1, uuid="third", name="Third", workflow_state="active")]})
    two = (*TREE, outcome("7", TOLD, meta={"tenant": OTHER_TENANT}))
    words = "root account third, of which the log holds nothing"
    with home_of(tmp_path, *two) as home, pytest.raises(outcomes.UnreadableInput, match=words):
        home.reconcile(folder, at=AT)


def test_the_root_account_is_found_wherever_it_is_told(tmp_path: Path) -> None:
    """Behind any number of events that do not name it: the course of the export is that of the events."""
    many = [outcome(str(number), "2025-09-01") for number in range(1, 520)]
    rows = [row(200, uuid="c200", name="Course two hundred", account_id=2, workflow_state="available")]
    with home_of(tmp_path, *many, course("200", "2025-08-01", meta=ROOT)) as home:
        home.bootstrap(export(tmp_path / "cd2", {"courses": rows}), at=AT)
        assert home.at().show("course", "41230000000000200").state["name"] == "Course two hundred"


def test_users_of_two_shards_are_not_taken_for_one(tmp_path: Path) -> None:
    """Of two users with one local id the number 90 of Canvas means the institution's own."""
    people = (user("41230000000000090", "studentAda"), user("99990000000000090", "studentZoe"))
    results = (result("1", TOLD, score=4), result("2", TOLD, student="studentZoe", score=1))
    told = {"user": "90", "section": "1"}, {"user": "90", "section": "2"}
    scores = [{"score": 4.0, "count": 1, "links": {"outcome": "7"}}]
    file = tmp_path / "rollups.json"
    file.write_text(json.dumps({"rollups": [{"links": links, "scores": scores} for links in told]}))
    with home_of(tmp_path, *TREE, *people, *results) as home:
        found = home.reconcile(file, at="2026-06-01T02:00:00+02:00", course="200")
        # Listed in two sections, counted once; and Zoe is listed in none.
        assert (found.equal, [one.student for one in found.findings]) == (1, ["studentZoe"])
        assert found.at == "2026-06-01T00:00:00.000Z"


def test_a_row_that_is_gone_is_gone_whatever_it_is_of(tmp_path: Path) -> None:
    """Not only rows that get a verdict: an enrolment by its global id, an alignment that the export had told."""
    aligned = row(9, tag_type="learning_outcome", learning_outcome_id=7, content_type="Assignment", content_id=1)
    aligned["value"]["workflow_state"] = "active"
    with home_of(tmp_path, *TREE, enrollment("300", TOLD)) as home:
        home.bootstrap(export(tmp_path / "first", {"content_tags": [aligned]}), at=AT)
        tables = {"content_tags": [gone(9)], "enrollments": [gone(300)]}
        for at, appended in (("2026-06-02", 2), ("2026-06-03", 0)):
            assert home.bootstrap(export(tmp_path / "second", tables), at=at).appended == appended
        now = home.at()
        states = now.show("enrollment", "41230000000000300").state, now.show("alignment", "9").state
        assert [state["workflow_state"] for state in states] == ["deleted", "deleted"]


def test_the_later_copy_of_a_row_counts_to_the_fraction_of_a_second(tmp_path: Path) -> None:
    """Z sorts behind a point as text; and copies in one file count once."""
    copies = [result_row(1, "studentAda", TOLD, score=score, percent=score / 5) for score in (4, 2)]
    copies[0]["meta"] = {"ts": "2026-06-01T00:00:00Z", "action": "U"}
    copies[1]["meta"] = {"ts": "2026-06-01T00:00:00.250Z", "action": "U"}
    with home_of(tmp_path, *TREE, result("1", TOLD, score=2)) as home:
        for rows in (copies, copies[::-1]):
            found = home.reconcile(export(tmp_path / "cd2", {RESULTS: rows}), at=AT)
            assert (verdicts(found), found.verdicts["result"]) == ([], {"same": 1})


def test_coverage_knows_the_course_of_a_result_that_the_export_cannot_hold_yet(tmp_path: Path) -> None:
    """Made in December it is not in an export of November."""
    folder = export(tmp_path / "cd2", {RESULTS: [result_row(1, "studentAda", TOLD)]})
    with home_of(tmp_path, *TREE, result("1", TOLD), result("2", "2025-12-01T10:00:00Z")) as home:
        found = home.reconcile(folder, at="2025-11-01")
        assert [(one.course, one.total) for one in found.coverage] == [("200", 2)]


def test_an_export_of_tomorrow_is_refused(tmp_path: Path) -> None:
    """What was observed at a time that has not come would not be taken into the log."""
    with home_of(tmp_path, *TREE) as home, pytest.raises(outcomes.UsageError, match="is more than a day ahead"):
        home.reconcile(export(tmp_path / "cd2", {RESULTS: [gone(1)]}), at="2999-01-01", write=True)


SCALE = row(1, context_type="Account", context_id=1, workflow_state="active")
ODD = [
    ({RESULTS: [result_row(1, "studentAda", TOLD, score={})]}, "line 1: learning_outcome_results 1: {} is no number"),
    (
        {RESULTS: [gone(2), result_row(1, "studentAda", TOLD, score=[])]},
        "line 2: learning_outcome_results 1: [] is no n",
    ),
    ({"learning_outcomes": [row(7, calculation_int=[1])]}, "line 1: learning_outcomes 7: [1] is no number"),
    ({"learning_outcomes": [row(7, data={"rubric_criterion": {"ratings": 5}})]}, "ratings are 5, no list"),
    ({"learning_outcomes": [row(7, workflow_state="deleted", updated_at="yesterday")]}, "line 1: learning_outcomes 7"),
    ({"learning_outcome_groups": [{"key": {"id": 1}, "value": [1]}]}, "line 1: value is [1], no object"),
    ({"learning_outcome_groups": [{**SCALE, "meta": "x"}]}, "line 1: meta is 'x', no object"),
    (
        {
            "outcome_proficiencies": [SCALE],
            "outcome_proficiency_ratings": [row(4, outcome_proficiency_id=1, points="abc")],
        },
        "line 1: outcome_proficiency_ratings 4: could not convert string to float: 'abc'",
    ),
    (
        {
            "outcome_proficiencies": [SCALE],
            "outcome_proficiency_ratings": [row(4, outcome_proficiency_id=1, points=1, updated_at="yesterday")],
        },
        "line 1: outcome_proficiency_ratings 4",
    ),
    ({RESULTS: [{**gone(1), "meta": {"action": "D", "ts": "soon"}}]}, "line 1: learning_outcome_results 1"),
]


def test_a_value_that_cannot_be_read_is_named_with_its_file_and_line(tmp_path: Path) -> None:
    """Whatever is wrong with it: one line that says where it stands."""
    with home_of(tmp_path, *TREE) as home:
        for place, (tables, words) in enumerate(ODD):
            folder = export(tmp_path / f"cd2-{place}", tables)
            with pytest.raises(outcomes.UnreadableInput) as raised:
                home.reconcile(folder, at=AT)
            assert words in str(raised.value)
            assert str(folder) in str(raised.value)
            assert "\n" not in str(raised.value)
        with pytest.raises(outcomes.UnreadableInput, match=r"report.csv line 2: .*'June 1, 2026 at 10am'"):
            home.reconcile(report(tmp_path / "report.csv", submission_date="June 1, 2026 at 10am"), at=AT)
        file = tmp_path / "rollups.json"
        scored = [{"links": {"user": "90"}, "scores": [{"score": [], "links": {"outcome": "7"}}]}]
        for document in ({"rollups": scored}, {"rollups": [], "linked": [1]}):
            file.write_text(json.dumps(document))
            with pytest.raises(outcomes.UnreadableInput, match=r"rollups.json: a rollup of Course:200 cannot be read"):
                home.reconcile(file, at=AT, course="200")


def test_ids_beyond_what_a_column_holds_are_read_row_by_row(tmp_path: Path) -> None:
    """No id of Canvas is so large, and none makes a comparison fail."""
    rows = [
        result_row(1, "studentAda", TOLD, artifact_id=2**63),
        {**result_row(2, "studentAda", TOLD), "key": {"id": 2**63}},
    ]
    with home_of(tmp_path, *TREE, result("1", TOLD)) as home:
        found = home.reconcile(export(tmp_path / "cd2", {RESULTS: rows}), at=AT)
        assert verdicts(found) == [("1", "missed"), (str(2**63), "never_told")]
