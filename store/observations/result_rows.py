"""Rows of what was assessed: results, and whether their grades are posted."""

from typing import Final

from outcomes.domain.identity import Kind
from outcomes.store.observations.row_values import Around, Shape, Shaped, common, time
from outcomes.store.sources.exports.rows import ExportRow, identity, number, text, truth, whole


def result(row: ExportRow, around: Around) -> Shaped:
    """Yield a result, and what no event tells of it."""
    value = row.value
    if identity(value.get("learning_outcome_id")) is None:
        return
    course = identity(value.get("context_id"))
    yield (
        Kind.RESULT,
        {
            "id": row.id,
            "learning_outcome_id": identity(value.get("learning_outcome_id")),
            "result_context_type": text(value.get("context_type")),
            "result_context_id": course,
            "result_context_uuid": around.lookups.course_uuid(course),
            "user_uuid": _student(row, around),
            "score": number(value.get("score")),
            "possible": number(value.get("possible")),
            "percent": number(value.get("percent")),
            "mastery": truth(value.get("mastery")),
            "original_score": number(value.get("original_score")),
            "original_possible": number(value.get("original_possible")),
            "original_mastery": truth(value.get("original_mastery")),
            "attempt": whole(value.get("attempt")),
            "assessed_at": time(value.get("assessed_at")),
            "created_at": time(value.get("created_at")),
            "artifact_type": text(value.get("artifact_type")),
            "artifact_id": identity(value.get("artifact_id")),
            "associated_asset_type": text(value.get("associated_asset_type")),
            "associated_asset_id": identity(value.get("associated_asset_id")),
            **common(row),
        },
    )
    yield from detail(row, around)


def detail(row: ExportRow, around: Around) -> Shaped:
    """Yield what no event tells of a result."""
    value = row.value
    if identity(value.get("learning_outcome_id")) is None:
        return
    yield (
        Kind.RESULT_DETAIL,
        {
            "result_id": row.id,
            "course_id": identity(value.get("context_id")),
            "user_uuid": _student(row, around),
            "submitted_at": time(value.get("submitted_at")),
            "assessed_at": time(value.get("assessed_at")),
            "hidden": truth(value.get("hidden")),
            "hide_points": truth(value.get("hide_points")),
            "alignment_id": identity(value.get("content_tag_id")),
            "assignment_id": assignment_of(row),
            "updated_at": time(value.get("updated_at")),
        },
    )


def _student(row: ExportRow, around: Around) -> str | None:
    uuid = text(row.value.get("user_uuid"))
    return uuid or around.lookups.user_uuid(identity(row.value.get("user_id")))


def post_policy(row: ExportRow, _around: Around) -> Shaped:
    """Yield whether grades wait to be posted."""
    yield (
        Kind.POST_POLICY,
        {
            "post_policy_id": row.id,
            "course_id": identity(row.value.get("course_id")),
            "assignment_id": identity(row.value.get("assignment_id")),
            "post_manually": truth(row.value.get("post_manually")),
            **common(row),
        },
    )


def submission(row: ExportRow, around: Around) -> Shaped:
    """Yield when a grade was posted."""
    assignment, user = identity(row.value.get("assignment_id")), identity(row.value.get("user_id"))
    # Of all the work ever handed in only that counts which outcomes were assessed by.
    found = around.lookups.assessed(assignment, user) if assignment and user else None
    if found is None:
        return
    student, course = found
    yield (
        Kind.SUBMISSION,
        {
            "submission_id": row.id,
            "course_id": course,
            "assignment_id": assignment,
            "user_uuid": student,
            "posted_at": time(row.value.get("posted_at")),
            **common(row),
        },
    )


def assignment_of(row: ExportRow) -> str | None:
    """Return the assignment that a row of results is of, if it is of one."""
    for what in ("association", "associated_asset"):
        if row.value.get(f"{what}_type") == "Assignment":
            return identity(row.value.get(f"{what}_id"))
    return None


SHAPES: Final[dict[str, Shape]] = {
    "learning_outcome_results": result,
    "post_policies": post_policy,
    "submissions": submission,
}
