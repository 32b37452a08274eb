"""The rows of the tables of Canvas Data 2, under its own column names."""

from collections.abc import Iterator
from typing import Any

import orjson

from scripts.generator.clock import stamp
from scripts.generator.exports.database import Database, Row, Saved
from scripts.generator.exports.facts import Facts
from scripts.generator.ids import SHARD
from scripts.generator.school import School

UNSPECIFIED = "__dap_unspecified__"
_TERMS = ("Autumn", "Spring")
_ASSOCIATIONS = 5_000_000


def as_of(saves: list[Saved], until: int) -> Saved | None:
    """Return the last save up to an instant."""
    return next((one for one in reversed(saves) if one.at <= until), None)


def _timed(saves: list[Saved], one: Saved) -> Row:
    return {"created_at": stamp(saves[0].updated), "updated_at": stamp(one.updated)}


def _local(value: Any) -> str | None:
    return None if value is None else str(int(value) % SHARD)


def rows(database: Database, facts: Facts, school: School, until: dict[str, int]) -> Iterator[tuple[str, Row]]:
    """Yield (table, row) of the whole school; `until` is the instant up to which the lake had come, by kind."""
    for kind, shape in _SHAPES.items():
        for number, saves in database.of(kind):
            one = as_of(saves, until[kind])
            if one is not None:
                yield from ((table, {**row, **_timed(saves, one)}) for table, row in shape(one.body, number))
    for number, saves in database.of("result"):
        one = as_of(saves, until["result"])
        if one is not None:
            yield "learning_outcome_results", {**_result(one.body), **facts.of_result[number], **_timed(saves, one)}
    yield from (("content_tags", row) for row in facts.alignments)
    yield from (("submissions", row) for row in facts.submissions)
    yield from (("post_policies", row) for row in facts.policies)
    begun = stamp(min(saves[0].updated for saves in database.saves.values()))
    for index, name in enumerate(_TERMS):
        term = {"id": str(index + 1), "name": name, "sis_source_id": f"T-{index + 1}"}
        yield "enrollment_terms", {**term, "created_at": begun, "updated_at": begun, "workflow_state": "active"}
    yield from _people(school, begun)
    yield from _sections(database, begun)
    yield from _associations(database, begun)


def _people(school: School, begun: str) -> Iterator[tuple[str, Row]]:
    common = {"created_at": begun, "updated_at": begun}
    for index in range(school.size.students):
        number, uuid, name = school.student(index)
        yield "users", {"id": str(number), "uuid": uuid, "name": name, "workflow_state": "registered", **common}
        yield (
            "pseudonyms",
            {
                "id": str(number),
                "user_id": str(number),
                "sis_user_id": f"P-{number}",
                "workflow_state": "active",
                **common,
            },
        )


def _sections(database: Database, begun: str) -> Iterator[tuple[str, Row]]:
    courses = {
        str(_local(saves[-1].body["course_section_id"])): _local(saves[-1].body["course_id"])
        for _, saves in database.of("enrollment")
    }
    for section, course in courses.items():
        row = {"id": section, "course_id": course, "name": "Section 1", "sis_source_id": f"S-{section}"}
        yield "course_sections", {**row, "workflow_state": "active", "created_at": begun, "updated_at": begun}


def _associations(database: Database, begun: str) -> Iterator[tuple[str, Row]]:
    """Yield under which accounts each course hangs: its own has depth 0; and the same of one section."""
    above = {
        str(_local(number)): _local(saves[-1].body.get("parent_account_id")) for number, saves in database.of("account")
    }
    number = _ASSOCIATIONS
    for course, saves in database.of("course"):
        for section in (None, "1"):
            account, depth = _local(saves[-1].body["account_id"]), 0
            while account is not None:
                row = {"id": str(number), "course_id": _local(course), "account_id": account, "depth": depth}
                times = {"created_at": begun, "updated_at": begun}
                yield "course_account_associations", {**row, "course_section_id": section, **times}
                account, depth, number = above.get(account), depth + 1, number + 1


def _outcome(body: Row, number: str) -> Iterator[tuple[str, Row]]:
    criterion = body["rubric_criterion"]
    yield (
        "learning_outcomes",
        {
            "id": number,
            "context_type": body.get("context_type"),
            "context_id": body.get("context_id"),
            "short_description": body["title"],
            "display_name": body.get("display_name"),
            "description": body.get("description"),
            "vendor_guid": body.get("vendor_guid"),
            "calculation_method": body["calculation_method"],
            "calculation_int": body.get("calculation_int"),
            "workflow_state": body["workflow_state"],
            "data": _data(criterion, int(number)),
        },
    )


def _data(criterion: Row, number: int) -> Any:
    """Return a criterion in one of the three forms in which exports were seen to hold it."""
    if number % 3 == 0:
        return {"rubric_criterion": criterion}
    if number % 3 == 1:
        return orjson.dumps({"rubric_criterion": criterion}).decode()
    quoted = orjson.dumps
    lines = [
        "---",
        ":rubric_criterion:",
        f"  :description: {quoted(criterion['description']).decode()}",
        f"  :mastery_points: {criterion['mastery_points']}",
        f"  :points_possible: {criterion['points_possible']}",
        "  :ratings:",
    ]
    for rating in criterion["ratings"]:
        lines += [f"  - :description: {quoted(rating['description']).decode()}", f"    :points: {rating['points']}"]
    return "\n".join(lines) + "\n"


def _group(body: Row, number: str) -> Iterator[tuple[str, Row]]:
    yield (
        "learning_outcome_groups",
        {
            "id": number,
            "context_type": body.get("context_type"),
            "context_id": body.get("context_id"),
            "title": body["title"],
            "description": body.get("description"),
            "vendor_guid": body.get("vendor_guid"),
            "learning_outcome_group_id": body.get("parent_outcome_group_id"),
            "workflow_state": body["workflow_state"],
        },
    )


def _link(body: Row, number: str) -> Iterator[tuple[str, Row]]:
    yield (
        "content_tags",
        {
            "id": number,
            "tag_type": "learning_outcome_association",
            "content_type": "LearningOutcome",
            "content_id": body["learning_outcome_id"],
            "associated_asset_type": "LearningOutcomeGroup",
            "associated_asset_id": body["learning_outcome_group_id"],
            "context_type": body["context_type"],
            "context_id": body["context_id"],
            "workflow_state": body["workflow_state"],
        },
    )


def _proficiency(body: Row, number: str) -> Iterator[tuple[str, Row]]:
    yield (
        "outcome_proficiencies",
        {
            "id": number,
            "context_type": body["context_type"],
            "context_id": body["context_id"],
            "workflow_state": body["workflow_state"],
        },
    )
    for rating in body["outcome_proficiency_ratings"]:
        yield (
            "outcome_proficiency_ratings",
            {
                "id": rating["outcome_proficiency_rating_id"],
                "outcome_proficiency_id": number,
                **{name: rating[name] for name in ("description", "points", "mastery", "color")},
                "workflow_state": "active",
            },
        )


def _account(body: Row, number: str) -> Iterator[tuple[str, Row]]:
    local = str(_local(number))
    uuid = {"uuid": body["root_account_uuid"]} if body.get("parent_account_id") is None else {}
    yield (
        "accounts",
        {
            "id": local,
            **uuid,
            "name": body["name"],
            "parent_account_id": _local(body.get("parent_account_id")),
            "sis_source_id": f"A-{local}",
            "workflow_state": body["workflow_state"],
        },
    )


def _course(body: Row, number: str) -> Iterator[tuple[str, Row]]:
    local = str(_local(number))
    yield (
        "courses",
        {
            "id": local,
            "uuid": body["uuid"],
            "name": body["name"],
            "account_id": _local(body["account_id"]),
            "enrollment_term_id": str(1 + int(local) % len(_TERMS)),
            "sis_source_id": f"C-{local}",
            "course_code": f"CC{local}",
            "workflow_state": body["workflow_state"],
        },
    )


def _enrollment(body: Row, number: str) -> Iterator[tuple[str, Row]]:
    yield (
        "enrollments",
        {
            "id": str(_local(number)),
            "course_id": _local(body["course_id"]),
            "user_id": _local(body["user_id"]),
            "type": body["type"],
            "course_section_id": _local(body.get("course_section_id")),
            "workflow_state": body["workflow_state"],
        },
    )


_SHAPES = {
    "account": _account,
    "course": _course,
    "enrollment": _enrollment,
    "group": _group,
    "outcome": _outcome,
    "link": _link,
    "proficiency": _proficiency,
}
_OF_RESULTS = (
    "id",
    "learning_outcome_id",
    "user_uuid",
    "score",
    "possible",
    "percent",
    "mastery",
    "original_score",
    "original_possible",
    "original_mastery",
    "attempt",
    "assessed_at",
    "artifact_type",
    "artifact_id",
    "associated_asset_type",
    "associated_asset_id",
    "workflow_state",
)


def _result(body: Row) -> Row:
    return {
        **{name: body.get(name) for name in _OF_RESULTS},
        "context_type": "Course",
        "context_id": body["result_context_id"],
    }
