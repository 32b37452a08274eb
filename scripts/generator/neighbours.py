"""Events next door: what a subscription also delivers and a reader of outcomes must let pass.

Some help (an assignment's title, when grades were posted), some say nothing, some have names that no Canvas of
today has sent yet.
"""

from typing import Any, NamedTuple

from scripts.generator.clock import DAY, seconds
from scripts.generator.entities import Course
from scripts.generator.envelopes import Visit
from scripts.generator.ids import request_uuid, uuid
from scripts.generator.stage import Process, Stage

FUTURE = ("learning_pathway_step_completed", "outcome_evidence_shared")
_WORK = ("Field notebook", "Draft and revision", "Workshop piece", "Oral account", "Case file", "Poster", "Portfolio")


def assignment(stage: Stage, course: Course, local_id: int, verb: str = "created") -> None:
    """Post an assignment: this names the asset that results mention only by number."""
    school, now = stage.school, stage.now
    body = {
        "assignment_id": school.global_id(local_id),
        "context_id": school.global_id(course.id),
        "context_type": "Course",
        "context_uuid": course.uuid,
        "workflow_state": "published",
        "title": f"{_WORK[local_id % len(_WORK)]} {local_id % 9 + 1}",
        "due_at": seconds(now + 6 * DAY),
        "points_possible": 20.0,
        "submission_types": "online_upload",
        "updated_at": stage.row_time(),
    }
    visit = Visit(course, f"/api/v1/courses/{course.id}/assignments/{local_id}", "PUT")
    stage.request(f"assignment_{verb}", body, visit)


class Handed(NamedTuple):
    """A piece of work handed in: by which user, for which assignment, as which submission, when."""

    user: int
    assignment: int
    submission: int
    at: str


def submission(stage: Stage, course: Course, work: Handed, verb: str = "updated") -> None:
    """Post a submission; its `posted_at` tells whether the student may see the grade."""
    school, now = stage.school, stage.now
    body = {
        "submission_id": school.global_id(work.submission),
        "assignment_id": school.global_id(work.assignment),
        "user_id": school.global_id(work.user),
        "submitted_at": work.at,
        "graded_at": seconds(now),
        "posted_at": seconds(now),
        "updated_at": seconds(now),
        "score": 20.0 * stage.rng.randrange(11) / 10,
        "submission_type": "online_upload",
        "attempt": 1,
        "late": False,
        "missing": False,
        "workflow_state": "graded" if verb == "updated" else "submitted",
    }
    visit = Visit(course, f"/courses/{course.id}/gradebook/update_submission", "POST")
    stage.request(f"submission_{verb}", body, visit)


def from_the_future(stage: Stage, course: Course, name: str | None = None) -> None:
    """Post something that a later Canvas might, of a name that no Canvas of today has."""
    school = stage.school
    body: dict[str, Any] = {
        "id": str(stage.rng.randrange(10_000)),
        "context": {"type": "Course", "uuid": course.uuid},
        "user_uuid": school.student_uuid(course.first_student),
        "steps": [{"at": seconds(stage.now), "kind": "reflection"}],
    }
    stage.job(name or stage.rng.choice(FUTURE), body, "LearningPathways::Publisher#run")


def visit_next_door(stage: Stage) -> Process:
    """One of each, within an hour."""
    school, course = stage.school, stage.school.pick(stage.school.teaching)
    if not course:
        return
    work, user = school.ids.next("assignments"), school.student_id(course.first_student)
    assignment(stage, course, work)
    yield stage.soon(60, 600)
    assignment(stage, course, work, "updated")
    yield stage.soon(60, 600)
    handed = Handed(user, work, school.ids.next("submissions"), seconds(stage.now))
    submission(stage, course, handed, "created")
    yield stage.soon(60, 600)
    submission(stage, course, handed)
    yield stage.soon(60, 600)
    body: dict[str, Any] = {
        "user_id": school.global_id(user),
        "account_id": school.global_id(1),
        "account_uuid": school.uuid,
        "created_at": seconds(stage.now),
        "updated_at": seconds(stage.now),
        "is_admin": False,
    }
    stage.job("user_account_association_created", body, "User.update_account_associations")
    yield stage.soon(60, 600)
    body = {
        "original_course_uuid": uuid(stage.rng),
        "new_course_uuid": course.uuid,
        "new_assignment_resource_link_id": request_uuid(stage.rng),
        "domain": school.host,
        "status": "outcome_alignment_cloning",
    }
    stage.job("outcomes.retry_outcome_alignment_clone", body, "Outcomes::CloneAlignments#retry")
    for name in FUTURE:
        yield stage.soon(60, 600)
        from_the_future(stage, course, name)
