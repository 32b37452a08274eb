"""`bootstrap` and `reconcile` as people run them: exit codes, one line for what is wrong, and nothing half written."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.support.command import Asked
from tests.support.exports import export, row
from tests.support.given import TENANT, course, group, lines, result

AT = "2026-06-01"
ADA = "studentAdaLovelace"


TABLES = {
    "accounts": [row(1, uuid=TENANT, name="Plover", workflow_state="active")],
    "users": [row(27, uuid=ADA, name="Ada", workflow_state="registered")],
    "learning_outcome_groups": [
        row(1, context_type="Account", context_id=1, title="Plover", workflow_state="active"),
        row(
            2, context_type="Account", context_id=1, title="Maps", learning_outcome_group_id=1, workflow_state="active"
        ),
    ],
    "learning_outcomes": [
        row(
            7,
            context_type="Account",
            context_id=1,
            short_description="Reads maps",
            calculation_method="highest",
            workflow_state="active",
            data="---\n:rubric_criterion:\n  :mastery_points: 3\n  :points_possible: 5\n  :ratings: []\n",
        )
    ],
    "content_tags": [
        row(
            11,
            tag_type="learning_outcome_association",
            content_type="LearningOutcome",
            content_id=7,
            associated_asset_type="LearningOutcomeGroup",
            associated_asset_id=2,
            context_type="Course",
            context_id=200,
            workflow_state="active",
        ),
        row(12, tag_type="context_module", content_type="Assignment", content_id=9, workflow_state="active"),
        row(
            13, tag_type="learning_outcome", learning_outcome_id=7, content_type="Assignment", workflow_state="deleted"
        ),
    ],
    "learning_outcome_results": [
        row(
            501 + place,
            learning_outcome_id=7,
            user_id=27,
            context_type="Course",
            context_id=200,
            score=score,
            possible=5,
            percent=score / 5,
            assessed_at="2025-09-01T08:00:00Z",
            workflow_state="active",
            hidden=hidden,
            content_tag_id=tag,
        )
        for place, (score, hidden, tag) in enumerate([(2.0, False, 14), (5.0, True, 14), (4.0, False, 13)])
    ],
}


def test_a_home_begins_from_an_export(tmp_path: Path) -> None:
    """With no event at all there are tree and scores, hidden and unaligned results do not count, and twice is once."""
    outcomes, folder = Asked(tmp_path / "home"), export(tmp_path / "cd2", TABLES)
    first = outcomes.json("bootstrap", "--from", str(folder), "--at", AT)
    assert first["appended"] == sum(first["written"].values()) > 0
    assert "course_sections" in first["missing"]
    assert outcomes.json("bootstrap", "--from", str(folder), "--at", "2026-06-02")["appended"] == 0
    (scored,) = outcomes.json("mastery", "--student", ADA)
    assert (scored["score"], scored["mastered"], scored["results_counted"]) == (2, False, 1)
    why = outcomes.json("explain", "--course", "200", "--student", ADA, "--outcome", "7")
    assert {one["id"]: one["why_not"] for one in why["results"]} == {
        "501": None,
        "502": "the result is hidden from the learning mastery gradebook",
        "503": "the outcome is no longer aligned with what was assessed",
    }
    # Nothing is said of before the rows were saved.
    assert outcomes.json("tree", "--context", "Account:1", "--as-of", "2025-08-31")["roots"] == []
    entry = outcomes.json("timeline", "--entity", "group:2")[0]
    assert entry["actor"]["via"] == "seen in an export of 2026-06-01T00:00:00.000Z (learning_outcome_groups)"
    assert outcomes.json("verify", "--all", "--rebuild")["ok"]


def test_what_was_told_wins_at_the_same_time(tmp_path: Path) -> None:
    """A row saved when an event says so, but with another title, contradicts it: told stands, and the exit is 1."""
    outcomes = Asked(tmp_path / "home")
    saved = "2025-09-01T08:00:00.120Z"
    told = group("2", "2025-09-01T08:00:01.000Z", parent="1", title="Charts", updated=saved)
    assert outcomes("ingest", stdin=lines(told)).code == 0
    folder = export(tmp_path / "cd2", {"learning_outcome_groups": TABLES["learning_outcome_groups"]})
    ran = outcomes("reconcile", "--from", str(folder), "--at", AT, "--write", "--format", "json")
    assert ran.code == 1
    verdicts = {one["id"]: one["verdict"] for one in ran.json()["findings"]}
    assert verdicts == {"1": "never_told", "2": "contradiction"}
    assert outcomes.json("show", "group:2")["state"]["title"] == "Charts"


def test_an_export_decides_between_saves_told_in_crossed_order(tmp_path: Path) -> None:
    """The event of the earlier save was posted last, and stands; the row is the later save: recorded, it stands."""
    outcomes = Asked(tmp_path / "home")
    later = group("2", "2025-09-01T08:00:01.000Z", parent="1", title="Maps", updated="2025-09-01T08:00:00.000Z")
    earlier = group("2", "2025-09-01T08:00:02.000Z", parent="1", title="Charts", updated="2025-09-01T07:59:59.000Z")
    root = group("1", "2025-09-01T08:00:00.500Z", title="Plover")
    assert outcomes("ingest", stdin=lines(root, later, earlier)).code == 0
    assert outcomes.json("show", "group:2")["state"]["title"] == "Charts"
    folder = export(tmp_path / "cd2", {"learning_outcome_groups": TABLES["learning_outcome_groups"]})
    command = ("reconcile", "--from", str(folder), "--at", AT, "--format", "json")
    found = outcomes(*command, "--write")
    assert (found.code, found.json()["appended"]) == (1, 1)
    assert [one["verdict"] for one in found.json()["findings"]] == ["contradiction"]
    assert outcomes.json("show", "group:2")["state"]["title"] == "Maps"
    assert outcomes.json("show", "group:2", "--as-of", "2025-09-01T08:00:01.999Z")["state"]["title"] == "Maps"
    again = outcomes(*command, "--write")
    assert (again.code, again.json()["appended"], again.json()["findings"]) == (0, 0, [])


def test_an_encrypted_home_forgets_what_it_observed(tmp_path: Path) -> None:
    """`erase` reaches observations, no byte of the log tells them, and the same export does not bring them back."""
    outcomes, folder = Asked(tmp_path / "home"), export(tmp_path / "cd2", TABLES)
    assert outcomes("bootstrap", "--from", str(folder), "--at", AT, "--encrypt").code == 0
    assert ADA.encode() not in (tmp_path / "home" / "log.db").read_bytes()
    assert outcomes.json("erase", "--student", ADA, "--reason", "request of 12 May")["events"] >= 6
    assert outcomes.json("mastery") == []
    again = outcomes("bootstrap", "--from", str(folder), "--at", AT)
    assert again.code == 0, again.err
    assert outcomes.json("mastery") == []
    assert ADA.encode() not in (tmp_path / "home" / "log.db").read_bytes()


def _association(number: int, course: int, account: int, depth: int, **section: int) -> dict[str, Any]:
    return row(number, course_id=course, account_id=account, depth=depth, **section)


def test_accounts_are_found_by_what_the_school_calls_them_and_courses_below_them(tmp_path: Path) -> None:
    """Associations tell a course's account where nothing else does, neither here nor in the export."""
    outcomes = Asked(tmp_path / "home")
    accounts = [
        *TABLES["accounts"],
        row(2, name="Science", parent_account_id=1, sis_source_id="SCI", workflow_state="active"),
        row(3, name="Arts", parent_account_id=1, sis_source_id="ART", workflow_state="active"),
    ]
    courses = [row(201, name="Ink", account_id=3, workflow_state="available")]
    associations = [
        _association(1, 200, 2, 0),
        _association(2, 200, 1, 1),
        _association(3, 200, 3, 0, course_section_id=5),
        _association(4, 201, 2, 0),
    ]
    told = {"accounts": accounts, "courses": courses, "course_account_associations": associations}
    folder = export(tmp_path / "cd2", {**TABLES, **told})
    first = outcomes.json("bootstrap", "--from", str(folder), "--at", AT)
    assert (first["written"]["account_detail"], first["written"]["course_account"]) == (3, 1)
    assert outcomes.json("bootstrap", "--from", str(folder), "--at", AT)["appended"] == 0
    assert outcomes.json("show", "account_detail:2")["state"]["sis_source_id"] == "SCI"
    assert outcomes.json("show", "course_account:1")["state"]["account_id"] == "2"
    for account in ("SCI", "2", "1"):
        assert [row["course_id"] for row in outcomes.json("mastery", "--account", account)] == ["200"]
    assert outcomes.json("mastery", "--account", "ART") == []
    ran = outcomes("mastery", "--account", "LAW")
    assert (ran.code, len(ran.err.splitlines())) == (2, 1)
    assert "no such account: 'LAW'" in ran.err
    # Once events tell where the course hangs, what follows from it is not recorded any more.
    assert outcomes("ingest", stdin=lines(course("200", "2025-10-01T08:00:00Z", account="3"))).code == 0
    assert [row["course_id"] for row in outcomes.json("mastery", "--account", "ART")] == ["200"]
    associations[0] = _association(5, 200, 2, 0)
    export(folder, told)
    assert outcomes.json("reconcile", "--from", str(folder), "--at", AT, "--write")["appended"] == 0


def _other_root(tables: dict[str, list[dict[str, Any]]]) -> None:
    tables["accounts"] = [row(1, uuid="anotherSchool", name="Wren", workflow_state="active")]


def _other_rows(tables: dict[str, list[dict[str, Any]]]) -> None:
    tables["learning_outcome_groups"][0]["value"]["root_account_id"] = 12


def _late(tables: dict[str, list[dict[str, Any]]]) -> None:
    tables["learning_outcomes"] = [
        row(7, short_description="x", workflow_state="active", updated_at="2026-07-01T00:00Z")
    ]


def _odd(tables: dict[str, list[dict[str, Any]]]) -> None:
    tables["learning_outcome_results"][0]["value"]["score"] = "many"


BAD = [
    (_other_root, "another institution's export"),
    (_other_rows, "learning_outcome_groups 1 is of the root account 12, not of 1: this is another"),
    (_late, "give the time of the export as --at"),
    (_odd, "learning_outcome_results 501: could not convert string to float: 'many'"),
]


@pytest.mark.parametrize(("spoil", "words"), BAD, ids=["institution", "rows", "time", "number"])
def test_a_bad_export_ends_with_one_line_and_writes_nothing(tmp_path: Path, spoil: Any, words: str) -> None:
    """Whatever table it is in: all is read before anything is written."""
    tables = {table: [{**one, "value": dict(one["value"])} for one in rows] for table, rows in TABLES.items()}
    spoil(tables)
    outcomes = Asked(tmp_path / "home")
    told = result("1", "2025-09-01T08:00:00Z")
    told["metadata"]["root_account_id"] = "10000000000001"
    assert outcomes("ingest", stdin=lines(told)).code == 0
    ran = outcomes("bootstrap", "--from", str(export(tmp_path / "cd2", tables)), "--at", AT)
    assert ran.code == 2
    (line,) = ran.err.splitlines()
    assert line.startswith("error: ")
    assert words in line
    assert outcomes.json("status")["head"] == 1


def test_places_and_people_have_the_ids_of_the_shard(tmp_path: Path) -> None:
    """With --shard local ids become those that events will have; another shard than events tell is refused."""
    outcomes, folder = Asked(tmp_path / "home"), export(tmp_path / "cd2", TABLES)
    outcomes.json("bootstrap", "--from", str(folder), "--at", AT, "--shard", "2")
    assert outcomes.json("show", "user:20000000000027")["state"]["uuid"] == ADA
    told = result("1", "2025-09-01T08:00:00Z")
    told["metadata"]["root_account_id"] = "10000000000001"
    other = Asked(tmp_path / "other")
    assert other("ingest", stdin=lines(told)).code == 0
    ran = other("bootstrap", "--from", str(folder), "--at", AT, "--shard", "2")
    assert (ran.code, len(ran.err.splitlines())) == (2, 1)
    assert "of shard 1: leave --shard out" in ran.err


def test_a_later_export_has_the_shard_of_the_first(tmp_path: Path) -> None:
    """Said once it holds: nobody is there twice, and another shard is refused."""
    outcomes, folder = Asked(tmp_path / "home"), export(tmp_path / "cd2", TABLES)
    head = outcomes.json("bootstrap", "--from", str(folder), "--at", AT, "--shard", "2")["head"]
    again = outcomes.json("bootstrap", "--from", str(folder), "--at", AT)
    assert (again["appended"], again["head"]) == (0, head)
    ran = outcomes("bootstrap", "--from", str(folder), "--at", AT, "--shard", "3")
    assert (ran.code, len(ran.err.splitlines())) == (2, 1)
    assert "--shard 3: earlier exports were read here with another (shard 2)" in ran.err


def test_what_says_nothing_of_an_export_is_refused(tmp_path: Path) -> None:
    """Of rollups nothing is recorded, and only they need a course: an option that did nothing would mislead."""
    outcomes, folder = Asked(tmp_path / "home"), export(tmp_path / "cd2", TABLES)
    outcomes.json("bootstrap", "--from", str(folder), "--at", AT)
    (tmp_path / "rollups.json").write_text('{"rollups": []}')
    for words in (("rollups.json", "--write"), ("cd2", "--course", "200")):
        ran = outcomes("reconcile", "--at", AT, "--from", str(tmp_path / words[0]), *words[1:])
        assert (ran.code, words[1] in ran.err) == (2, True), ran.err


def test_what_is_no_export_makes_no_home(tmp_path: Path) -> None:
    """A folder without tables, or none at all: exit 2, one line, no home."""
    outcomes = Asked(tmp_path / "home")
    (tmp_path / "empty").mkdir()
    (tmp_path / "table.jsonl").write_text(json.dumps(TABLES["users"][0]))
    (tmp_path / "other.csv").write_text("name,age\nAda,36\n")
    for source in ("empty", "nowhere", "table.jsonl", "other.csv"):
        ran = outcomes("bootstrap", "--from", str(tmp_path / source), "--at", AT)
        assert (ran.code, len(ran.err.splitlines())) == (2, 1)
        assert source in ran.err
    assert not outcomes.home.exists()


def test_an_unknown_column_is_named_and_left_aside(tmp_path: Path) -> None:
    """One line on stderr, and all the rest is taken."""
    tables = {"learning_outcome_groups": [row(1, title="Plover", workflow_state="active", colour="red")]}
    outcomes = Asked(tmp_path / "home")
    folder = export(tmp_path / "cd2", {**tables, "accounts": TABLES["accounts"]})
    ran = outcomes("bootstrap", "--from", str(folder), "--at", AT)
    assert ran.code == 0
    assert "learning_outcome_groups: unknown column colour: left aside" in ran.err


def test_what_an_increment_takes_away_is_gone_from_what_hangs_on_it(tmp_path: Path) -> None:
    """A level of a scale and a school's id that were deleted for good count no more; the newest copy of a row does."""
    outcomes, folder = Asked(tmp_path / "home"), export(tmp_path / "cd2", TABLES)
    names = ("outcome_proficiency_ratings", "pseudonyms", "outcome_proficiencies")
    scale = row(5, context_type="Account", context_id=1, workflow_state="active")
    levels = [row(n, outcome_proficiency_id=5, points=n, mastery=n == 3, description=f"{n}") for n in (3, 4)]
    people = [row(n, user_id=27, sis_user_id=f"P-{n}", workflow_state="active") for n in (8, 9)]
    export(folder, dict(zip(names, (levels, people, [scale]), strict=True)))
    gone = {"ts": "2026-06-01T01:00:00Z", "action": "D"}
    for name, number in zip(names, (4, 8), strict=False):
        (folder / name).mkdir()
        (folder / name / "job_1.jsonl").write_text(json.dumps({"key": {"id": number}, "meta": gone}) + "\n")
    outcomes.json("bootstrap", "--from", str(folder), "--at", AT)
    ratings = outcomes.json("show", "proficiency:5")["state"]["outcome_proficiency_ratings"]
    assert [rating["points"] for rating in ratings] == [3.0]
    assert outcomes.json("show", "user:27")["state"]["user_sis_id"] == "P-9"


def test_of_a_file_without_rows_nothing_is_absent(tmp_path: Path) -> None:
    """It may be an increment in which nothing changed; a whole table that lacks an entity says that it is gone."""
    outcomes, folder = Asked(tmp_path / "home"), export(tmp_path / "cd2", TABLES)
    outcomes.json("bootstrap", "--from", str(folder), "--at", AT)
    groups = TABLES["learning_outcome_groups"]
    verdicts = []
    for rows in ([], groups[:1]):
        part = export(tmp_path / "part", {"learning_outcome_groups": rows})
        ran = outcomes("reconcile", "--from", str(part), "--at", AT, "--format", "json")
        verdicts.append([one["verdict"] for one in ran.json()["findings"]])
    assert verdicts == [[], ["gone"]]


def test_a_result_of_a_student_from_another_shard_is_known_again(tmp_path: Path) -> None:
    """Canvas writes such ids as SHARD~ID, or as one number with the shard in front; neither is taken for another."""
    outcomes, folder = Asked(tmp_path / "home"), tmp_path / "cd2"
    results = [{**one, "value": {**one["value"], "user_uuid": ADA}} for one in TABLES["learning_outcome_results"]]
    results[0]["value"]["user_id"], results[1]["value"]["user_id"] = "7~27", 70_000_000_000_027
    export(folder, {**TABLES, "learning_outcome_results": results})
    outcomes.json("bootstrap", "--from", str(folder), "--at", AT)
    found = outcomes("reconcile", "--from", str(folder), "--at", AT, "--format", "json").json()
    assert found["findings"] == []
    assert found["verdicts"]["result"] == {"same": 3}
