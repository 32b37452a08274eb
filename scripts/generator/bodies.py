"""Event bodies of everything but results: the full state of a row under Canvas's names (DOMAIN.md 3).

Each function reads the entity as it is now. Keys whose value is null are left out, as Canvas does.
"""

from typing import Any

from scripts.generator.entities import (
    CalculationMethod,
    Course,
    Friendly,
    Group,
    Link,
    Outcome,
    Person,
    Place,
    Proficiency,
)
from scripts.generator.school import School
from scripts.generator.words import COLOURS

Body = dict[str, Any]


def compact(body: Body) -> Body:
    """Drop the keys whose value is null."""
    return {key: value for key, value in body.items() if value is not None}


def outcome(row: Outcome) -> Body:
    """`learning_outcome_*`: the criterion repeats the title and sorts its ratings best first."""
    levels = row.scale.levels
    return compact(
        {
            "learning_outcome_id": str(row.id),
            "context_type": row.place.kind,
            "context_id": str(row.place.id),
            "context_uuid": row.place.uuid,
            "title": row.title,
            "short_description": row.title,
            "display_name": row.display_name,
            "description": row.description,
            "vendor_guid": row.vendor_guid,
            "calculation_method": row.method,
            "calculation_int": row.method_int,
            "rubric_criterion": {
                "description": row.title,
                "mastery_points": row.scale.mastery_points,
                "points_possible": levels[0][1],
                "ratings": [{"description": text, "points": points} for text, points in levels],
            },
            "workflow_state": row.state,
            "copied_from_outcome_id": str(row.copied_from) if row.copied_from else None,
        }
    )


def group(row: Group) -> Body:
    """`learning_outcome_group_*`: no parent means the root."""
    return compact(
        {
            "learning_outcome_group_id": str(row.id),
            "context_id": str(row.place.id),
            "context_type": row.place.kind,
            "context_uuid": row.place.uuid,
            "title": row.title,
            "description": row.description,
            "vendor_guid": row.vendor_guid,
            "parent_outcome_group_id": str(row.parent.id) if row.parent else None,
            "parent_outcome_group_context_uuid": row.parent.place.uuid if row.parent else None,
            "workflow_state": row.state,
        }
    )


def link(row: Link) -> Body:
    """`learning_outcome_link_*`: the context is the group's, not the outcome's."""
    return {
        "learning_outcome_link_id": str(row.id),
        "learning_outcome_id": str(row.outcome.id),
        "learning_outcome_context_uuid": row.outcome.place.uuid,
        "learning_outcome_group_id": str(row.group.id),
        "learning_outcome_group_context_uuid": row.group.place.uuid,
        "context_id": str(row.group.place.id),
        "context_type": row.group.place.kind,
        "workflow_state": row.state,
    }


def proficiency(row: Proficiency) -> Body:
    """`outcome_proficiency_*`: the whole scale, always."""
    mastery = row.scale.mastery_points
    levels = zip(row.rating_ids, row.scale.levels, COLOURS, strict=False)
    return {
        "outcome_proficiency_id": str(row.id),
        "context_type": row.place.kind,
        "context_id": str(row.place.id),
        "workflow_state": row.state,
        "outcome_proficiency_ratings": [
            {
                "outcome_proficiency_rating_id": str(number),
                "description": text,
                "points": points,
                "mastery": points == mastery,
                "color": colour,
                "workflow_state": row.ratings_state,
            }
            for number, (text, points), colour in levels
        ],
    }


def calculation_method(row: CalculationMethod) -> Body:
    """`outcome_calculation_method_*`."""
    return compact(
        {
            "outcome_calculation_method_id": str(row.id),
            "context_type": row.place.kind,
            "context_id": str(row.place.id),
            "workflow_state": row.state,
            "calculation_method": row.method,
            "calculation_int": row.method_int,
        }
    )


def friendly(row: Friendly) -> Body:
    """`outcome_friendly_description_*`: here even the root account id is local."""
    return {
        "outcome_friendly_description_id": str(row.id),
        "context_type": row.place.kind,
        "context_id": str(row.place.id),
        "description": row.text,
        "workflow_state": row.state,
        "learning_outcome_id": str(row.outcome.id),
        "learning_outcome_context_uuid": row.outcome.place.uuid,
        "root_account_id": "1",
    }


def account(school: School, row: Place) -> Body:
    """`account_*`, global ids."""
    return compact(
        {
            "name": row.name,
            "account_id": school.global_id(row.id),
            "root_account_id": school.global_id(1),
            "root_account_uuid": school.uuid,
            "parent_account_id": school.global_id(row.parent.id) if row.parent else None,
            "external_status": "active",
            "workflow_state": "active",
            "domain": school.host,
            "default_time_zone": "America/Costa_Rica",
            "default_locale": "en",
        }
    )


def course(school: School, row: Course, created: str, updated: str) -> Body:
    """`course_*`, global ids."""
    account = row.parent or school.root
    return {
        "course_id": school.global_id(row.id),
        "uuid": row.uuid,
        "account_id": school.global_id(account.id),
        "account_uuid": account.uuid,
        "name": row.name,
        "created_at": created,
        "updated_at": updated,
        "workflow_state": row.state,
    }


def student(school: School, index: int, created: str, updated: str) -> Body:
    """`user_*` of a student, global ids."""
    number, uuid, name = school.student(index)
    return {
        "user_id": school.global_id(number),
        "uuid": uuid,
        "name": name,
        "short_name": name.split()[0],
        "workflow_state": "registered",
        "created_at": created,
        "updated_at": updated,
        "user_login": f"pupil{number}@{school.host}",
        "user_sis_id": f"P-{number}",
    }


def staff(school: School, row: Person, created: str) -> Body:
    """`user_*` of a member of staff, global ids."""
    return {
        "user_id": school.global_id(row.id),
        "uuid": row.uuid,
        "name": row.name,
        "short_name": row.name.split()[0],
        "workflow_state": "registered",
        "created_at": created,
        "updated_at": created,
        "user_login": row.login,
        "user_sis_id": row.sis_id,
    }
