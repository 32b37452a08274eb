"""A student whose account was merged into another: Canvas leaves the results where they were (user_merge.rb)."""

from pathlib import Path

from tests.support.exports import export, home_of, result_row, row
from tests.support.given import enrollment, outcome, result

TOLD, MERGED, AT = "2025-09-01T08:00:00.000Z", "2025-10-01T08:00:00.000Z", "2026-06-01"

ADA, BO = 99, 98


def test_results_of_a_merged_account_stay_and_its_enrolments_move(tmp_path: Path) -> None:
    """The export has results as they were told: the same, not missed or gone; the enrolment is another's."""
    people = [
        row(ADA, uuid="studentAda", workflow_state="deleted", merged_into_user_id=BO, updated_at=MERGED),
        row(BO, uuid="studentBo", workflow_state="registered"),
    ]
    moved = row(1, user_id=BO, course_id=200, type="StudentEnrollment", workflow_state="active", updated_at=MERGED)
    folder = export(
        tmp_path / "cd2",
        {
            "users": people,
            "enrollments": [moved],
            "learning_outcome_results": [result_row(1, "studentAda", TOLD, user_id=ADA)],
        },
    )
    events = (outcome("7", TOLD), enrollment("1", TOLD), result("1", TOLD, updated=TOLD))
    with home_of(tmp_path, *events) as home:
        found = home.reconcile(folder, at=AT, shard=4123, write=True)
        assert (list(found.findings), found.ok) == ([], True)
        told = home.at().show("enrollment", "41230000000000001").state
        assert (told["user_id"], told["user_uuid"]) == (f"4123{BO:013d}", "studentBo")
        assert home.at().show("result", "1").state["user_uuid"] == "studentAda"
