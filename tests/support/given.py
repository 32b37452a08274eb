"""Events to test with: own values, own words, one short call each. Times are given as text, ids as text or number.

`outcome("7", "2025-09-01", title="Reads maps")` is a creation; with `updated="..."` it is an update.
"""

from typing import Any

import orjson

TENANT = "plover7kQm2Zt9wXc4Rb8nVh3Lf6Jd1Gs5Ya0Ep"
OTHER_TENANT = "wren3Hs8Kd2Lq9Zx7Cv5Bn1Mw4Pe6Rt0Yu8Iop"
ASKER = {
    "user_id": "41230000000000017",
    "user_login": "r.okafor@plover.example",
    "context_role": "AccountAdmin",
    "request_id": "b6a2f1d0-req",
    "http_method": "PUT",
    "url": "https://plover.example/api/v1/outcomes/7?x=1",
}


_USER_ID = "41230000000000090"


def event(name: str, time: str, body: dict[str, Any], *, tenant: str = TENANT, **metadata: Any) -> dict[str, Any]:
    """Return one event as decoded JSON."""
    envelope = {"event_name": name, "event_time": time, "root_account_uuid": tenant, "producer": "canvas", **metadata}
    return {"metadata": envelope, "body": body}


def _saved(family: str, time: str, body: dict[str, Any], updated: str | None, meta: dict[str, Any]) -> dict[str, Any]:
    if updated is None:
        return event(f"{family}_created", time, body, **meta)
    return event(f"{family}_updated", time, {**body, "updated_at": updated}, **meta)


def outcome(
    local_id: str, time: str, *, updated: str | None = None, mastery: float = 3, meta: Any = None, **fields: Any
) -> dict[str, Any]:
    """An outcome of Account:1, mastery 3 of 5, highest, unless said otherwise."""
    title = fields.pop("title", f"Outcome {local_id}")
    body = {
        "learning_outcome_id": local_id,
        "context_type": "Account",
        "context_id": "1",
        "title": title,
        "short_description": title,
        "calculation_method": "highest",
        "rubric_criterion": {
            "description": title,
            "mastery_points": mastery,
            "points_possible": 5,
            "ratings": [{"description": "Sure", "points": 5}, {"description": "Not yet", "points": 0}],
        },
        "workflow_state": "active",
        **fields,
    }
    return _saved("learning_outcome", time, body, updated, meta or {})


def group(
    local_id: str,
    time: str,
    *,
    parent: str | None = None,
    context: str = "Account:1",
    updated: str | None = None,
    meta: Any = None,
    **fields: Any,
) -> dict[str, Any]:
    """A group; without a parent it is a root of its context."""
    body = {
        "learning_outcome_group_id": local_id,
        "title": f"Group {local_id}",
        "workflow_state": "active",
        **_context(context),
        **({} if parent is None else {"parent_outcome_group_id": parent}),
        **fields,
    }
    return _saved("learning_outcome_group", time, body, updated, meta or {})


def link(
    local_id: str,
    time: str,
    *,
    outcome: str,
    group: str,
    context: str = "Account:1",
    updated: str | None = None,
    meta: Any = None,
    **fields: Any,
) -> dict[str, Any]:
    """A link of an outcome into a group."""
    body = {
        "learning_outcome_link_id": local_id,
        "learning_outcome_id": outcome,
        "learning_outcome_group_id": group,
        "workflow_state": "active",
        **_context(context),
        **fields,
    }
    return _saved("learning_outcome_link", time, body, updated, meta or {})


def result(
    local_id: str,
    time: str,
    *,
    outcome: str = "7",
    student: str = "studentAda",
    course: str = "200",
    score: float | None = 4,
    updated: str | None = None,
    meta: Any = None,
    **fields: Any,
) -> dict[str, Any]:
    """A result out of 5 in Course:200."""
    body = {
        "id": local_id,
        "learning_outcome_id": outcome,
        "user_uuid": student,
        "result_context_type": "Course",
        "result_context_id": course,
        "score": score,
        "possible": 5,
        "percent": None if score is None else score / 5,
        "assessed_at": time,
        "created_at": time,
        "artifact_type": "RubricAssessment",
        "artifact_id": f"9{local_id}",
        "workflow_state": "active",
        **fields,
    }
    return _saved("learning_outcome_result", time, body, updated, meta or {})


def proficiency(
    local_id: str,
    time: str,
    *,
    points: tuple[float, ...] = (4, 3, 2, 0),
    mastery: float = 3,
    context: str = "Account:1",
    updated: str | None = None,
    meta: Any = None,
    **fields: Any,
) -> dict[str, Any]:
    """A mastery scale with the given points; the level at `mastery` is mastery."""
    ratings = [
        {"outcome_proficiency_rating_id": str(index), "description": f"Level {level:g}", "points": float(level),
         "mastery": level == mastery, "color": "0A6E31", "workflow_state": "active"}
        for index, level in enumerate(points, 1)
    ]  # fmt: skip
    body = {
        "outcome_proficiency_id": local_id,
        "workflow_state": "active",
        "outcome_proficiency_ratings": ratings,
        **_context(context),
        **fields,
    }
    return _saved("outcome_proficiency", time, body, updated, meta or {})


def calculation_method(
    local_id: str,
    time: str,
    *,
    method: str = "latest",
    size: int | None = None,
    context: str = "Account:1",
    updated: str | None = None,
    meta: Any = None,
    **fields: Any,
) -> dict[str, Any]:
    """A calculation method of an account or course."""
    body = {
        "outcome_calculation_method_id": local_id,
        "calculation_method": method,
        "calculation_int": size,
        "workflow_state": "active",
        **_context(context),
        **fields,
    }
    return _saved("outcome_calculation_method", time, body, updated, meta or {})


def rubric_assessed(
    local_id: str, time: str, *, submitted: str, graded: str | None = None, meta: Any = None
) -> dict[str, Any]:
    """A grading by rubric: `local_id` is the artifact_id of its results; without `graded` it is graded at `time`."""
    body = {
        "id": local_id,
        "artifact_type": "Submission",
        "assessment_type": "grading",
        "submitted_at": submitted,
        "created_at": time,
        "updated_at": graded or time,
    }
    return event("rubric_assessed", time, body, **(meta or {}))


def course(local_id: str, time: str, *, account: str = "2", meta: Any = None, **fields: Any) -> dict[str, Any]:
    """A course of a sub-account of shard 4123; ids of courses and accounts are global in their own events."""
    body = {
        "course_id": f"4123{int(local_id):013d}",
        "account_id": f"4123{int(account):013d}",
        "name": f"Course {local_id}",
        "workflow_state": "available",
        **fields,
    }
    return event("course_created", time, body, **(meta or {}))


def account(local_id: str, time: str, *, parent: str | None = "1", meta: Any = None) -> dict[str, Any]:
    """An account; without a parent it is the root account."""
    body = {"account_id": f"4123{int(local_id):013d}", "name": f"Account {local_id}"}
    if parent is not None:
        body["parent_account_id"] = f"4123{int(parent):013d}"
    return event("account_created", time, body, **(meta or {}))


def assignment(local_id: str, time: str, *, title: str, updated: str | None = None, meta: Any = None) -> dict[str, Any]:
    """What work is called; its id is global, as Canvas sends it."""
    body = {"assignment_id": f"4123{local_id.zfill(13)}", "title": title, "workflow_state": "published"}
    return _saved("assignment", time, body, updated, meta or {})


def enrollment(
    local_id: str,
    time: str,
    *,
    student: str | None = "studentAda",
    course: str = "200",
    state: str | None = "active",
    type: str | None = "StudentEnrollment",  # noqa: A002 - Canvas's own name
    updated: str | None = None,
    meta: Any = None,
    **fields: Any,
) -> dict[str, Any]:
    """An enrollment of shard 4123; ids in its body are global. Without a student it names only the user's id."""
    body = {
        "enrollment_id": f"4123{int(local_id):013d}",
        "course_id": f"4123{int(course):013d}",
        "user_id": _USER_ID,
        "user_uuid": student,
        "type": type,
        "course_section_id": "41230000000000301",
        "workflow_state": state,
        **fields,
    }
    told = {name: value for name, value in body.items() if value is not None}
    return _saved("enrollment", time, told, updated, meta or {})


def user(time: str, *, student: str = "studentAda", meta: Any = None) -> dict[str, Any]:
    """Tell whose the user's id is that enrollments name."""
    return event("user_created", time, {"user_id": _USER_ID, "uuid": student}, **(meta or {}))


def setting(name: str, time: str, *, value: bool, meta: Any = None) -> dict[str, Any]:
    """A setting of the tenant, as `outcomes settings set` records it."""
    return event("outcomes_setting_changed", time, {"setting": name, "value": value}, **(meta or {}))


def observed(kind: str, time: str, *, meta: Any = None, **body: Any) -> dict[str, Any]:
    """What a row of an export said at a time, as `outcomes bootstrap` records it."""
    return event(f"outcomes_{kind}_observed", time, {"updated_at": time, **body}, **(meta or {}))


def lines(*events: Any) -> bytes:
    """Return events as NDJSON; text and bytes stand for themselves."""
    return b"\n".join(
        item if isinstance(item, bytes) else item.encode() if isinstance(item, str) else orjson.dumps(item)
        for item in events
    )


def _context(context: str) -> dict[str, str]:
    if context == "Global":
        return {}
    kind, local_id = context.split(":")
    return {"context_type": kind, "context_id": local_id}
