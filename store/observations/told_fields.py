"""Which fields of an observation an export tells: those whose columns, or whose other tables, it holds.

What it does not tell is no statement: such a field is neither compared nor taken away.
"""

from collections.abc import Iterable, Mapping
from typing import Any, Final

from outcomes.domain.identity import Kind

_COMMON: Final = "workflow_state"
_PLACE: Final = "context_type context_id"


def _columns(same: str, **others: tuple[str, ...]) -> dict[str, tuple[str, ...]]:
    """Return the columns of each field: of most one that is called the same."""
    return {**{name: (name,) for name in same.split()}, **others}


_ASSET: Final = ("association_type", "association_id", "associated_asset_type", "associated_asset_id")
_COLUMNS_OF_FIELDS: Final[dict[Kind, dict[str, tuple[str, ...]]]] = {
    Kind.GROUP: _columns(
        f"{_COMMON} {_PLACE} title description vendor_guid", parent_outcome_group_id=("learning_outcome_group_id",)
    ),
    Kind.OUTCOME: _columns(
        f"{_COMMON} {_PLACE} display_name description vendor_guid calculation_method calculation_int short_description",
        title=("short_description",),
        rubric_criterion=("data",),
    ),
    Kind.LINK: _columns(
        f"{_COMMON} {_PLACE}", learning_outcome_id=("content_id",), learning_outcome_group_id=("associated_asset_id",)
    ),
    Kind.ALIGNMENT: _columns(f"{_COMMON} {_PLACE} learning_outcome_id content_type content_id mastery_score"),
    Kind.PROFICIENCY: _columns(f"{_COMMON} {_PLACE}"),
    Kind.RESULT: _columns(
        f"{_COMMON} learning_outcome_id score possible percent mastery original_score original_possible "
        "original_mastery attempt assessed_at created_at artifact_type artifact_id associated_asset_type "
        "associated_asset_id",
        result_context_type=("context_type",),
        result_context_id=("context_id",),
    ),
    Kind.RESULT_DETAIL: _columns(
        "submitted_at assessed_at hidden hide_points",
        course_id=("context_id",),
        alignment_id=("content_tag_id",),
        assignment_id=_ASSET,
    ),
    Kind.POST_POLICY: _columns(f"{_COMMON} course_id assignment_id post_manually"),
    Kind.SUBMISSION: _columns(f"{_COMMON} assignment_id posted_at"),
    Kind.ACCOUNT: _columns(f"{_COMMON} name parent_account_id"),
    Kind.ACCOUNT_DETAIL: _columns(f"{_COMMON} sis_source_id"),
    Kind.COURSE: _columns(f"{_COMMON} uuid name account_id"),
    Kind.COURSE_DETAIL: _columns(f"{_COMMON} enrollment_term_id course_code sis_source_id"),
    Kind.COURSE_ACCOUNT: _columns(f"{_COMMON} course_id account_id"),
    Kind.USER: _columns(f"{_COMMON} uuid name"),
    Kind.TERM: _columns(f"{_COMMON} name sis_source_id start_at end_at"),
    Kind.SECTION: _columns(f"{_COMMON} course_id name sis_source_id"),
    Kind.ENROLLMENT: _columns(f"{_COMMON} course_id user_id type course_section_id"),
}
_OF_OTHER_TABLES: Final[dict[Kind, tuple[str, ...]]] = {
    Kind.PROFICIENCY: ("outcome_proficiency_ratings",),
    Kind.RESULT: ("user_uuid", "result_context_uuid"),
    Kind.RESULT_DETAIL: ("user_uuid",),
    Kind.USER: ("user_sis_id",),
    Kind.ENROLLMENT: ("user_uuid",),
}
"""Fields that rows of other tables tell, which the export may not hold, or not all of."""


def columns_of(kinds: Iterable[Kind]) -> frozenset[str]:
    """Return all columns of which the fields of kinds are made."""
    return frozenset(column for kind in kinds for some in _COLUMNS_OF_FIELDS[kind].values() for column in some)


def are_all_told(kinds: Iterable[Kind], lacking: frozenset[str]) -> bool:
    """Say whether each field of kinds has a column, of an export without the columns `lacking`."""
    return not any(lacking.issuperset(columns) for kind in kinds for columns in _COLUMNS_OF_FIELDS[kind].values())


def untold_fields(kind: Kind, body: Mapping[str, Any], lacking: frozenset[str]) -> frozenset[str]:
    """Return the fields that a row does not tell, of an export without the columns `lacking`."""
    untold = {name for name in _OF_OTHER_TABLES.get(kind, ()) if body.get(name) is None}
    if lacking:
        untold.update(name for name, columns in _COLUMNS_OF_FIELDS[kind].items() if lacking.issuperset(columns))
    return frozenset(untold)
