"""Rows of places and people: accounts, courses, sections, terms, users and who is enrolled where."""

from typing import Final

from outcomes.domain.identity import Kind
from outcomes.store.observations.row_values import Around, Shape, Shaped, common, time
from outcomes.store.sources.exports.rows import ExportRow, identity, text, whole


def account(row: ExportRow, around: Around) -> Shaped:
    """Yield an account, and what the school calls it."""
    yield (
        Kind.ACCOUNT,
        {
            "account_id": around.global_id(row.id),
            "name": text(row.value.get("name")),
            "parent_account_id": around.global_id(row.value.get("parent_account_id")),
            **common(row),
        },
    )
    yield (
        Kind.ACCOUNT_DETAIL,
        {"account_id": row.id, "sis_source_id": identity(row.value.get("sis_source_id")), **common(row)},
    )


def course(row: ExportRow, around: Around) -> Shaped:
    """Yield a course, and its term, code and what the school calls it."""
    value = row.value
    yield (
        Kind.COURSE,
        {
            "course_id": around.global_id(row.id),
            "uuid": text(value.get("uuid")),
            "name": text(value.get("name")),
            "account_id": around.global_id(value.get("account_id")),
            **common(row),
        },
    )
    yield (
        Kind.COURSE_DETAIL,
        {
            "course_id": row.id,
            "enrollment_term_id": identity(value.get("enrollment_term_id")),
            "course_code": text(value.get("course_code")),
            "sis_source_id": identity(value.get("sis_source_id")),
            **common(row),
        },
    )


def course_account(row: ExportRow, around: Around) -> Shaped:
    """Yield under which account a course hangs, where nothing else tells it."""
    value = row.value
    course, account = identity(value.get("course_id")), identity(value.get("account_id"))
    # Rows of more depth are of the accounts above, and those of a section say where that one is counted, too.
    is_own = whole(value.get("depth")) == 0 and identity(value.get("course_section_id")) is None
    if course is None or account is None or not is_own or around.lookups.course_account(course) is not None:
        return
    yield (
        Kind.COURSE_ACCOUNT,
        {"course_account_id": row.id, "course_id": course, "account_id": account, **common(row)},
    )


def user(row: ExportRow, around: Around) -> Shaped:
    """Yield a person."""
    yield (
        Kind.USER,
        {
            "user_id": around.global_id(row.id),
            "uuid": text(row.value.get("uuid")),
            "name": text(row.value.get("name")),
            "user_sis_id": around.lookups.sis_user_id(row.id),
            **common(row),
        },
    )


def term(row: ExportRow, _around: Around) -> Shaped:
    """Yield a term."""
    value = row.value
    yield (
        Kind.TERM,
        {
            "term_id": row.id,
            "name": text(value.get("name")),
            "sis_source_id": identity(value.get("sis_source_id")),
            "start_at": time(value.get("start_at")),
            "end_at": time(value.get("end_at")),
            **common(row),
        },
    )


def section(row: ExportRow, _around: Around) -> Shaped:
    """Yield a section."""
    yield (
        Kind.SECTION,
        {
            "section_id": row.id,
            "course_id": identity(row.value.get("course_id")),
            "name": text(row.value.get("name")),
            "sis_source_id": identity(row.value.get("sis_source_id")),
            **common(row),
        },
    )


def enrollment(row: ExportRow, around: Around) -> Shaped:
    """Yield an enrolment."""
    value = row.value
    yield (
        Kind.ENROLLMENT,
        {
            "enrollment_id": around.global_id(row.id),
            "course_id": around.global_id(value.get("course_id")),
            "user_id": around.global_id(value.get("user_id")),
            "user_uuid": around.lookups.user_uuid(identity(value.get("user_id"))),
            "type": text(value.get("type")),
            "course_section_id": around.global_id(value.get("course_section_id")),
            **common(row),
        },
    )


SHAPES: Final[dict[str, Shape]] = {
    "accounts": account,
    "courses": course,
    "course_account_associations": course_account,
    "users": user,
    "enrollment_terms": term,
    "course_sections": section,
    "enrollments": enrollment,
}
