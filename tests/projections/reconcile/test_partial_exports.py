"""What an export does not have is no statement: nothing that is known is taken away by it."""

import json
from pathlib import Path
from typing import Any

import pytest

import outcomes
from tests.support.exports import export, gone, home_of, result_row, row
from tests.support.given import event, group, outcome, proficiency, result

TOLD, LATER, AT = "2025-09-01T08:00:00.000Z", "2025-10-01T08:00:00.000Z", "2026-06-01"
TIMES = f"{TOLD},{LATER}"


def test_a_column_that_is_not_there_leaves_its_field_as_it_is(tmp_path: Path) -> None:
    """An outcome was renamed: title is taken, description, method and scale stay, though the file has none of them."""
    folder = tmp_path / "cd2"
    folder.mkdir()
    head = "key.id,value.context_type,value.context_id,value.short_description,value.workflow_state"
    (folder / "learning_outcomes.csv").write_text(
        f"{head},value.created_at,value.updated_at\n7,Account,1,Renamed,active,{TIMES}\n"
    )
    with home_of(tmp_path, outcome("7", TOLD, description="words", mastery=2)) as home:
        (found,) = home.reconcile(folder, at=AT, write=True).findings
        assert (found.verdict, list(found.fields)) == ("missed", ["title"])
        state = home.at().show("outcome", "7").state
        assert (state["title"], state["description"], state["calculation_method"]) == ("Renamed", "words", "highest")
        assert state["rubric_criterion"]["mastery_points"] == 2


@pytest.mark.parametrize("form", ["csv", "jsonl", "parquet"])
def test_results_keep_the_score_that_an_export_lacks(tmp_path: Path, form: str) -> None:
    """In every format; and a column that is there, and null, does take the field away."""
    folder = tmp_path / "cd2"
    columns = {"learning_outcome_id": 7, "context_type": "Course", "context_id": 200, "user_uuid": "studentAda"}
    columns |= {"possible": None, "workflow_state": "active", "created_at": TOLD, "updated_at": LATER}
    rows = [{"key": {"id": 1}, "value": columns, "meta": {"ts": AT}}]
    if form == "jsonl":
        export(folder, {"learning_outcome_results": rows})
    elif form == "csv":
        folder.mkdir()
        heads = ",".join(f"value.{name}" for name in columns)
        values = ",".join("" if value is None else str(value) for value in columns.values())
        (folder / "learning_outcome_results.csv").write_text(f"key.id,{heads}\n1,{values}\n")
    else:
        pa, parquet = pytest.importorskip("pyarrow"), pytest.importorskip("pyarrow.parquet")
        folder.mkdir()
        parquet.write_table(pa.Table.from_pylist(rows), folder / "learning_outcome_results.parquet")
    with home_of(tmp_path, outcome("7", TOLD), result("1", TOLD, score=4)) as home:
        (found,) = home.reconcile(folder, at=AT, write=True).findings
        assert (found.verdict, found.fields) == ("missed", {"possible": (5, None)})
        state = home.at().show("result", "1").state
        assert (state["score"], state["percent"], state.get("possible")) == (4, 0.8, None)


def test_a_scale_without_its_levels_is_left_aside_in_words(tmp_path: Path) -> None:
    """The table of its levels is not in the export: the scale keeps those that it has."""
    scale = row(5, context_type="Account", context_id=1, workflow_state="active", updated_at=LATER)
    with home_of(tmp_path, proficiency("5", TOLD)) as home:
        found = home.reconcile(export(tmp_path / "cd2", {"outcome_proficiencies": [scale]}), at=AT, write=True)
        assert found.appended == 0
        assert any("outcome_proficiency_ratings, are not there" in remark for remark in found.summary["remarks"])
        assert len(home.at().show("proficiency", "5").state["outcome_proficiency_ratings"]) == 4


def level(number: int, points: float, **value: Any) -> dict[str, Any]:
    """A row of a level of scale 5 in an increment; levels 1 to 4 are known."""
    told = {"outcome_proficiency_id": 5, "points": points, "mastery": number == 2, "description": "New", **value}
    return {**row(number, updated_at=LATER, **told), "meta": {"ts": "2026-06-01T01:00:00Z", "action": "U"}}


@pytest.mark.parametrize("with_scale", [True, False])
def test_levels_that_an_increment_does_not_tell_stay_as_known(tmp_path: Path, with_scale: bool) -> None:
    """Of four levels one is saved anew, and one is new: the scale's own row may be there, or not."""
    scale = row(5, context_type="Account", context_id=1, workflow_state="active", updated_at=TOLD)
    tables = {"outcome_proficiency_ratings": [level(1, 4.5), level(9, 1)]}
    if with_scale:
        tables["outcome_proficiencies"] = [{**scale, "meta": {"ts": AT, "action": "U"}}]
    folder = export(tmp_path / "cd2", tables)
    with home_of(tmp_path, proficiency("5", TOLD)) as home:
        (found,) = home.reconcile(folder, at=AT, write=True).findings
        assert (found.kind, found.verdict) == ("proficiency", "missed")
        levels = home.at().show("proficiency", "5").state["outcome_proficiency_ratings"]
        assert [(one["points"], one["description"]) for one in levels] == [
            (4.5, "New"),
            (3.0, "Level 3"),
            (2.0, "Level 2"),
            (1.0, "New"),
            (0.0, "Level 0"),
        ]
        again = home.reconcile(folder, at=AT, write=True)
        assert (list(again.findings), again.appended) == ([], 0)


def test_a_level_that_an_increment_deletes_is_gone_and_no_other(tmp_path: Path) -> None:
    """For good, where nothing but its id is told, or marked as deleted."""
    marked = level(4, 0, workflow_state="deleted")
    with home_of(tmp_path, proficiency("5", TOLD)) as home:
        for number, (rows, verdict, left) in enumerate(
            (([gone(3)], "gone", [4.0, 3.0, 0.0]), ([marked], "missed", [4.0, 3.0]))
        ):
            folder = export(tmp_path / f"cd2-{number}", {"outcome_proficiency_ratings": rows})
            (found,) = home.reconcile(folder, at=AT, write=True).findings
            assert (found.verdict, list(found.fields)) == (verdict, ["outcome_proficiency_ratings"])
            levels = home.at().show("proficiency", "5").state["outcome_proficiency_ratings"]
            assert [one["points"] for one in levels] == left


def test_levels_of_a_whole_table_replace_those_that_are_known(tmp_path: Path) -> None:
    """A snapshot holds all that there are; an increment beside it only says which copy counts."""
    tables = {
        "outcome_proficiencies": [row(5, context_type="Account", context_id=1, workflow_state="active")],
        "outcome_proficiency_ratings": [
            row(number, updated_at=LATER, outcome_proficiency_id=5, points=points, mastery=number == 2)
            for number, points in ((1, 4), (2, 3))
        ],
    }
    folder = export(tmp_path / "cd2", tables)
    (folder / "outcome_proficiency_ratings").mkdir()
    (folder / "outcome_proficiency_ratings" / "job_1.jsonl").write_text(json.dumps(level(1, 5)) + "\n")
    with home_of(tmp_path, proficiency("5", TOLD)) as home:
        home.reconcile(folder, at=AT, write=True)
        levels = home.at().show("proficiency", "5").state["outcome_proficiency_ratings"]
        assert [one["points"] for one in levels] == [5.0, 3.0]


def test_columns_without_which_rows_mean_nothing_are_asked_for(tmp_path: Path) -> None:
    """Links without the outcome that they hang in a group would all be gone."""
    folder = tmp_path / "cd2"
    folder.mkdir()
    (folder / "content_tags.csv").write_text(
        f"key.id,value.tag_type,value.workflow_state,value.updated_at\n1,learning_outcome_association,active,{TOLD}\n"
    )
    with (
        home_of(tmp_path, group("1", TOLD)) as home,
        pytest.raises(outcomes.UnreadableInput, match="no column content_id"),
    ):
        home.reconcile(folder, at=AT)


def test_a_schools_own_id_is_learnt_of_a_user_whom_events_told(tmp_path: Path) -> None:
    """It stands in a table of its own: the user's row is the same, and when it changes the row is not saved."""
    told = {"user_id": "41230000000000090", "uuid": "studentAda", "name": "Ada", "workflow_state": "registered"}
    made = event("user_created", TOLD, {**told, "updated_at": TOLD}, root_account_id="41230000000000001")
    ada = row(90, uuid="studentAda", name="Ada", workflow_state="registered", created_at=TOLD, updated_at=TOLD)
    with home_of(tmp_path, made) as home:
        for at, sis_id, appended in ((AT, "S-1", 1), ("2026-06-02", "S-1", 0), ("2026-06-03", "S-2", 1)):
            tables = {"users": [ada], "pseudonyms": [row(5, user_id=90, sis_user_id=sis_id, workflow_state="active")]}
            assert home.bootstrap(export(tmp_path / "cd2", tables), at=at).appended == appended
            state = home.at().show("user", "41230000000000090").state
            assert (state["user_sis_id"], state["name"]) == (sis_id, "Ada")


def test_results_of_whom_the_export_has_no_users_keep_their_student(tmp_path: Path) -> None:
    """Rows name students by numbers that the table of users explains; without it they are those of before."""
    rows = [result_row(1, "", LATER, user_uuid=None, user_id=90, score=5, percent=1)]
    with home_of(tmp_path, outcome("7", TOLD), result("1", TOLD)) as home:
        (found,) = home.reconcile(
            export(tmp_path / "cd2", {"learning_outcome_results": rows}), at=AT, write=True
        ).findings
        assert "user_uuid" not in found.fields
        assert home.at().show("result", "1").state["user_uuid"] == "studentAda"
