"""Canvas's CSV of outcomes beside the tree: what was cleared, what came later, what it lacks, what is cut short."""

from pathlib import Path

import pytest

import outcomes
from tests.support.exports import home_of
from tests.support.given import group, link, outcome

TOLD = "2025-09-01T08:00:00.000Z"
ROOT = {"root_account_id": "41230000000000001"}
HEAD = (
    "canvas_id,vendor_guid,object_type,title,description,display_name,calculation_method,calculation_int,parent_guids,"
    "workflow_state,mastery_points,ratings\n"
)
GROUP = "5,canvas_outcome_group:5,group,Group 5,,,,,,active\n"
OUTCOME = "7,canvas_outcome:7,outcome,Outcome 7,,,highest,,canvas_outcome_group:5,active,3,5,Sure,0,Not yet\n"
TREE = (
    group("1", TOLD, meta=ROOT),
    group("5", TOLD, parent="1"),
    outcome("7", TOLD, description="old words"),
    link("1", TOLD, outcome="7", group="5"),
)


def csv_file(folder: Path, text: str) -> Path:
    """Write a file."""
    path = folder / "outcomes.csv"
    path.write_text(text)
    return path


def test_a_field_that_was_cleared_is_cleared_once(tmp_path: Path) -> None:
    """The description is gone from the file: it is missed once, then known."""
    file = csv_file(tmp_path, HEAD + GROUP + OUTCOME)
    with home_of(tmp_path, *TREE) as home:
        first = home.reconcile(file, at="2026-06-01", write=True)
        assert [(one.verdict, one.fields) for one in first.findings] == [
            ("missed", {"description": ("old words", None)})
        ]
        assert home.at().show("outcome", "7").state.get("description") is None
        again = home.reconcile(file, at="2026-06-02", write=True)
        assert (again.ok, again.appended) == (True, 0)


def test_a_column_that_the_file_lacks_says_nothing(tmp_path: Path) -> None:
    """Without a column of descriptions the known one stays."""
    head, *rows = (HEAD + GROUP + OUTCOME).splitlines()
    cut = [",".join([*line.split(",")[:4], *line.split(",")[5:]]) for line in (head, *rows)]
    with home_of(tmp_path, *TREE) as home:
        assert list(home.reconcile(csv_file(tmp_path, "\n".join(cut)), at="2026-06-01").findings) == []


def test_what_was_made_after_the_file_is_not_gone(tmp_path: Path) -> None:
    """A group and a link of December are not in a file of November, and cannot be; of June they are gone from it."""
    later = (group("6", "2025-12-01", parent="1"), link("2", "2025-12-01", outcome="7", group="6"))
    file = csv_file(tmp_path, HEAD + GROUP + OUTCOME.replace("Outcome 7,,", "Outcome 7,old words,"))
    with home_of(tmp_path, *TREE, *later) as home:
        verdicts = {
            at: [(one.kind, one.id, one.verdict) for one in home.reconcile(file, at=at).findings]
            for at in ("2025-11-01", "2026-06-01")
        }
        assert verdicts == {
            "2025-11-01": [("group", "6", "lagging"), ("link", "2", "lagging")],
            "2026-06-01": [("group", "6", "gone"), ("link", "2", "gone")],
        }


def test_an_outcome_is_not_said_to_be_of_the_course_that_it_hangs_in(tmp_path: Path) -> None:
    """A course's file holds outcomes of accounts, too: of whom one is, nobody told."""
    tree = (group("2", TOLD, context="Course:200", meta=ROOT), group("5", TOLD, parent="2", context="Course:200"))
    with home_of(tmp_path, *tree) as home:
        file = csv_file(tmp_path, HEAD + GROUP + OUTCOME)
        assert home.reconcile(file, at="2026-06-01", context="Course:200", write=True).appended == 1
        state = home.at().show("outcome", "7").state
        assert (state["title"], state.get("context_type"), state.get("context_id")) == ("Outcome 7", None, None)


CUT_SHORT = [
    (OUTCOME[: OUTCOME.index(",,highest")] + "\n", "the row ends before display_name"),
    (GROUP[: GROUP.index(",active")] + "\n", "the row ends before workflow_state"),
]


@pytest.mark.parametrize(("row", "words"), CUT_SHORT)
def test_a_row_that_was_cut_short_is_refused(tmp_path: Path, row: str, words: str) -> None:
    """It would read as fields that were cleared."""
    with home_of(tmp_path, *TREE) as home, pytest.raises(outcomes.UnreadableInput, match=f"line 2: {words}"):
        home.reconcile(csv_file(tmp_path, HEAD + row), at="2026-06-01")
