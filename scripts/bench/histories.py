"""Histories to measure with, as they stream: a tree with many versions, a class with many results."""

from collections.abc import Iterator
from typing import Any

import orjson

TENANT = "benchHomeRootAccountUuid0000000000000001"
_DAY = 86_400
FIRST_EDIT = 100.0
"""The second at which the edits of a tree begin; one follows each second."""


def instant(second: float) -> str:
    """Write a second of these histories as an event time: from 2010 on, in months of 28 days."""
    day, rest = divmod(second, _DAY)
    month, day = divmod(int(day), 28)
    year, month = divmod(month, 12)
    date = f"{2010 + year}-{month + 1:02d}-{day + 1:02d}"
    return f"{date}T{int(rest) // 3600:02d}:{int(rest) % 3600 // 60:02d}:{rest % 60:06.3f}Z"


def _event(name: str, second: float, body: dict[str, Any]) -> bytes:
    envelope = {"event_name": name, "event_time": instant(second), "root_account_uuid": TENANT, "producer": "canvas"}
    return orjson.dumps({"metadata": envelope, "body": body})


def tree_history(outcomes: int, versions: int) -> Iterator[bytes]:
    """Yield a context with so many outcomes in groups of twenty, then edits until there are so many versions.

    The outcomes, `"1"` and on, are edited in turn, one a second from FIRST_EDIT.
    """
    account = {"context_type": "Account", "context_id": "1", "workflow_state": "active"}
    yield _event("learning_outcome_group_created", 0, {"learning_outcome_group_id": "1", "title": "Root", **account})
    made = 1
    for number in range(outcomes):
        group = str(100 + number // 20)
        if number % 20 == 0:
            body = {"learning_outcome_group_id": group, "title": f"Group {group}", "parent_outcome_group_id": "1"}
            yield _event("learning_outcome_group_created", 1, {**body, **account})
            made += 1
        yield _event("learning_outcome_created", 2, {**_outcome(number, 0), **account})
        body = {"learning_outcome_link_id": str(5000 + number), "learning_outcome_id": str(number + 1)}
        yield _event("learning_outcome_link_created", 3, {**body, "learning_outcome_group_id": group, **account})
        made += 2
    for edit in range(versions - made):
        yield _event("learning_outcome_updated", FIRST_EDIT + edit, {**_outcome(edit % outcomes, edit), **account})


def _outcome(number: int, edit: int) -> dict[str, Any]:
    criterion = {"description": "x", "mastery_points": 3 + edit % 2, "points_possible": 5, "ratings": []}
    title = f"Outcome {number} edited {edit} times"
    return {"learning_outcome_id": str(number + 1), "title": title, "calculation_method": "highest",
            "rubric_criterion": criterion}  # fmt: skip


def class_results(students: int, outcomes: int, each: int) -> Iterator[bytes]:
    """Yield a course in which every student has so many results, spread over its outcomes and a term."""
    account = {"context_type": "Account", "context_id": "1", "workflow_state": "active"}
    methods = ("highest", "decaying_average", "latest", "average", "n_mastery")
    for number in range(outcomes):
        body = {**_outcome(number, 0), "calculation_method": methods[number % len(methods)]}
        yield _event("learning_outcome_created", 0, {**body, **account})
        link = {"learning_outcome_link_id": str(5000 + number), "learning_outcome_id": str(number + 1)}
        course = {"context_type": "Course", "context_id": "9", "learning_outcome_group_id": "1"}
        yield _event("learning_outcome_link_created", 1, {**link, **course, "workflow_state": "active"})
    for index in range(each):
        for student in range(students):
            second = FIRST_EDIT + index * 120 * _DAY / each
            yield _event("learning_outcome_result_created", second, _result(index, student, students, outcomes))


def _result(index: int, student: int, students: int, outcomes: int) -> dict[str, Any]:
    score = (index * 7 + student) % 6
    return {
        "id": str(1 + index * students + student),
        "learning_outcome_id": str(index % outcomes + 1),
        "user_uuid": f"student{student:04d}",
        "result_context_type": "Course",
        "result_context_id": "9",
        "score": score,
        "possible": 5,
        "percent": score / 5,
        "assessed_at": f"2010-0{1 + index % 4}-{1 + index % 28:02d}T00:00:00Z",
        "artifact_type": "Quizzes::QuizSubmission" if index % 5 == 0 else "Submission",
        "artifact_id": str(index),
        "workflow_state": "active",
    }
