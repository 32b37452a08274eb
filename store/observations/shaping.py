"""What a row of each table says, in the words of the events of the same thing.

Columns are named as in Canvas Data 2, and fields as in events: where the two differ, this is where it stands. Ids of
places and people are global in events and local in exports.
"""

from collections.abc import Callable, Iterator
from datetime import datetime
from functools import lru_cache
from typing import Any, Final

import orjson

from outcomes.domain.errors import UnreadableInput
from outcomes.domain.identity import Kind
from outcomes.domain.times import Micros, moment_text, parse_moment
from outcomes.domain.times import micros as micros_of
from outcomes.store.observations.criteria import criterion_of
from outcomes.store.observations.lookups import Lookups
from outcomes.store.observations.observation import Institution, Observation
from outcomes.store.sources.exports.rows import UNSPECIFIED, ExportRow, identity, number, text, truth, whole

Body = dict[str, Any]

LINK, ALIGNMENT = "learning_outcome_association", "learning_outcome"


@lru_cache(maxsize=8192)
def _moment(value: str) -> datetime:
    return parse_moment(value)


def time(value: Any) -> str | None:
    """Return a time as events write it; None for none. Raises ValueError."""
    return None if value is None or value == "" else moment_text(_moment(str(value)))


def instant(value: Any) -> Micros | None:
    """Return a time as microseconds; None for none. Raises ValueError."""
    return None if value is None or value == "" else micros_of(_moment(str(value)))


class Shaper:
    """Turns rows into observations, with what the other tables told."""

    def __init__(self, institution: Institution, lookups: Lookups) -> None:
        self.institution = institution
        self._lookups = lookups
        self._shapes: dict[str, Callable[[ExportRow], Iterator[tuple[Kind, Body]]]] = {
            "accounts": self._account,
            "courses": self._course,
            "course_account_associations": self._course_account,
            "users": self._user,
            "enrollment_terms": self._term,
            "course_sections": self._section,
            "enrollments": self._enrollment,
            "learning_outcome_groups": self._group,
            "learning_outcomes": self._outcome,
            "content_tags": self._content_tag,
            "outcome_proficiencies": self._proficiency,
            "learning_outcome_results": self._result,
            "post_policies": self._post_policy,
            "submissions": self._submission,
        }

    def observations(self, table: str, row: ExportRow) -> Iterator[Observation]:
        """Yield what a row says; nothing where it is of no concern. Raises UnreadableInput that names the row."""
        try:
            for kind, body in self._shapes[table](row):
                updated_at = instant(body.get("updated_at") or row.value.get("created_at"))
                if updated_at is None:
                    continue  # at no time of its own it says nothing
                shaped = {name: value for name, value in body.items() if value is not None and value != UNSPECIFIED}
                local_id = shaped[_ID_FIELDS[kind]]
                created_at = instant(row.value.get("created_at"))
                unspecified = tuple(row.unspecified)
                yield Observation(kind, local_id, shaped, updated_at, created_at, table, unspecified)
        except (ValueError, OverflowError) as error:
            raise UnreadableInput(
                f"{row.file} line {row.line}: {table} {row.id}: {error}: export the table again"
            ) from error

    def _global(self, value: Any) -> str | None:
        return self.institution.global_id(identity(value))

    def _account(self, row: ExportRow) -> Iterator[tuple[Kind, Body]]:
        yield (
            Kind.ACCOUNT,
            {
                "account_id": self._global(row.id),
                "name": text(row.value.get("name")),
                "parent_account_id": self._global(row.value.get("parent_account_id")),
                **_common(row),
            },
        )
        yield (
            Kind.ACCOUNT_DETAIL,
            {"account_id": row.id, "sis_source_id": identity(row.value.get("sis_source_id")), **_common(row)},
        )

    def _course(self, row: ExportRow) -> Iterator[tuple[Kind, Body]]:
        value = row.value
        yield (
            Kind.COURSE,
            {
                "course_id": self._global(row.id),
                "uuid": text(value.get("uuid")),
                "name": text(value.get("name")),
                "account_id": self._global(value.get("account_id")),
                **_common(row),
            },
        )
        yield (
            Kind.COURSE_DETAIL,
            {
                "course_id": row.id,
                "enrollment_term_id": identity(value.get("enrollment_term_id")),
                "course_code": text(value.get("course_code")),
                "sis_source_id": identity(value.get("sis_source_id")),
                **_common(row),
            },
        )

    def _course_account(self, row: ExportRow) -> Iterator[tuple[Kind, Body]]:
        value = row.value
        course, account = identity(value.get("course_id")), identity(value.get("account_id"))
        # Rows of more depth are of the accounts above, and those of a section say where that one is counted, too.
        is_own = whole(value.get("depth")) == 0 and identity(value.get("course_section_id")) is None
        if course is None or account is None or not is_own or self._lookups.course_account(course) is not None:
            return
        yield (
            Kind.COURSE_ACCOUNT,
            {"course_account_id": row.id, "course_id": course, "account_id": account, **_common(row)},
        )

    def _user(self, row: ExportRow) -> Iterator[tuple[Kind, Body]]:
        yield (
            Kind.USER,
            {
                "user_id": self._global(row.id),
                "uuid": text(row.value.get("uuid")),
                "name": text(row.value.get("name")),
                "user_sis_id": self._lookups.sis_user_id(row.id),
                **_common(row),
            },
        )

    def _term(self, row: ExportRow) -> Iterator[tuple[Kind, Body]]:
        value = row.value
        yield (
            Kind.TERM,
            {
                "term_id": row.id,
                "name": text(value.get("name")),
                "sis_source_id": identity(value.get("sis_source_id")),
                "start_at": time(value.get("start_at")),
                "end_at": time(value.get("end_at")),
                **_common(row),
            },
        )

    def _section(self, row: ExportRow) -> Iterator[tuple[Kind, Body]]:
        yield (
            Kind.SECTION,
            {
                "section_id": row.id,
                "course_id": identity(row.value.get("course_id")),
                "name": text(row.value.get("name")),
                "sis_source_id": identity(row.value.get("sis_source_id")),
                **_common(row),
            },
        )

    def _enrollment(self, row: ExportRow) -> Iterator[tuple[Kind, Body]]:
        value = row.value
        yield (
            Kind.ENROLLMENT,
            {
                "enrollment_id": self._global(row.id),
                "course_id": self._global(value.get("course_id")),
                "user_id": self._global(value.get("user_id")),
                "user_uuid": self._lookups.user_uuid(identity(value.get("user_id"))),
                "type": text(value.get("type")),
                "course_section_id": self._global(value.get("course_section_id")),
                **_common(row),
            },
        )

    def _group(self, row: ExportRow) -> Iterator[tuple[Kind, Body]]:
        value = row.value
        yield (
            Kind.GROUP,
            {
                "learning_outcome_group_id": row.id,
                "context_type": text(value.get("context_type")),
                "context_id": identity(value.get("context_id")),
                "title": text(value.get("title")),
                "description": text(value.get("description")),
                "vendor_guid": text(value.get("vendor_guid")),
                "parent_outcome_group_id": identity(value.get("learning_outcome_group_id")),
                **_common(row),
            },
        )

    def _outcome(self, row: ExportRow) -> Iterator[tuple[Kind, Body]]:
        value = row.value
        title = text(value.get("short_description"))
        yield (
            Kind.OUTCOME,
            {
                "learning_outcome_id": row.id,
                "context_type": text(value.get("context_type")),
                "context_id": identity(value.get("context_id")),
                "title": title,
                "short_description": title,
                "display_name": text(value.get("display_name")),
                "description": text(value.get("description")),
                "vendor_guid": text(value.get("vendor_guid")),
                "calculation_method": text(value.get("calculation_method")),
                "calculation_int": whole(value.get("calculation_int")),
                "rubric_criterion": criterion_of(value.get("data")),
                **_common(row),
            },
        )

    def _content_tag(self, row: ExportRow) -> Iterator[tuple[Kind, Body]]:
        value = row.value
        tag_type = value.get("tag_type")
        context_type, context_id = text(value.get("context_type")), identity(value.get("context_id"))
        if tag_type == LINK:
            outcome_id = identity(value.get("content_id"))
            if outcome_id is None:
                return
            yield (
                Kind.LINK,
                {
                    "learning_outcome_link_id": row.id,
                    "learning_outcome_id": outcome_id,
                    "learning_outcome_group_id": identity(value.get("associated_asset_id")),
                    "context_type": context_type,
                    "context_id": context_id,
                    **_common(row),
                },
            )
        elif tag_type == ALIGNMENT:
            yield (
                Kind.ALIGNMENT,
                {
                    "alignment_id": row.id,
                    "learning_outcome_id": identity(value.get("learning_outcome_id")),
                    "content_type": text(value.get("content_type")),
                    "content_id": identity(value.get("content_id")),
                    "mastery_score": number(value.get("mastery_score")),
                    "context_type": context_type,
                    "context_id": context_id,
                    **_common(row),
                },
            )

    def _proficiency(self, row: ExportRow) -> Iterator[tuple[Kind, Body]]:
        levels = self._lookups.ratings(row.id)
        ratings = sorted((orjson.loads(level) for _, level in levels), key=lambda rating: -(rating["points"] or 0.0))
        common = _common(row)
        # An edit of a level alone leaves the scale's own time as it was (DOMAIN.md 10.1).
        saved = [stamp for stamp in (common["updated_at"], *(updated for updated, _ in levels)) if stamp]
        yield (
            Kind.PROFICIENCY,
            {
                "outcome_proficiency_id": row.id,
                "context_type": text(row.value.get("context_type")),
                "context_id": identity(row.value.get("context_id")),
                "outcome_proficiency_ratings": ratings,
                **common,
                "updated_at": max(saved, default=None, key=_moment),
            },
        )

    def _result(self, row: ExportRow) -> Iterator[tuple[Kind, Body]]:
        value = row.value
        if identity(value.get("learning_outcome_id")) is None:
            return
        course = identity(value.get("context_id"))
        student = text(value.get("user_uuid")) or self._lookups.user_uuid(identity(value.get("user_id")))
        common, assessed_at = _common(row), time(value.get("assessed_at"))
        yield (
            Kind.RESULT,
            {
                "id": row.id,
                "learning_outcome_id": identity(value.get("learning_outcome_id")),
                "result_context_type": text(value.get("context_type")),
                "result_context_id": course,
                "result_context_uuid": self._lookups.course_uuid(course),
                "user_uuid": student,
                "score": number(value.get("score")),
                "possible": number(value.get("possible")),
                "percent": number(value.get("percent")),
                "mastery": truth(value.get("mastery")),
                "original_score": number(value.get("original_score")),
                "original_possible": number(value.get("original_possible")),
                "original_mastery": truth(value.get("original_mastery")),
                "attempt": whole(value.get("attempt")),
                "assessed_at": assessed_at,
                "created_at": time(value.get("created_at")),
                "artifact_type": text(value.get("artifact_type")),
                "artifact_id": identity(value.get("artifact_id")),
                "associated_asset_type": text(value.get("associated_asset_type")),
                "associated_asset_id": identity(value.get("associated_asset_id")),
                **common,
            },
        )
        yield (
            Kind.RESULT_DETAIL,
            {
                "result_id": row.id,
                "course_id": course,
                "user_uuid": student,
                "submitted_at": time(value.get("submitted_at")),
                "assessed_at": assessed_at,
                "hidden": truth(value.get("hidden")),
                "hide_points": truth(value.get("hide_points")),
                "alignment_id": identity(value.get("content_tag_id")),
                "assignment_id": assignment_of(row),
                "updated_at": common["updated_at"],
            },
        )

    def _post_policy(self, row: ExportRow) -> Iterator[tuple[Kind, Body]]:
        yield (
            Kind.POST_POLICY,
            {
                "post_policy_id": row.id,
                "course_id": identity(row.value.get("course_id")),
                "assignment_id": identity(row.value.get("assignment_id")),
                "post_manually": truth(row.value.get("post_manually")),
                **_common(row),
            },
        )

    def _submission(self, row: ExportRow) -> Iterator[tuple[Kind, Body]]:
        assignment, user = identity(row.value.get("assignment_id")), identity(row.value.get("user_id"))
        # Of all the work ever handed in only that counts which outcomes were assessed by.
        found = self._lookups.assessed(assignment, user) if assignment and user else None
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
                **_common(row),
            },
        )


def assignment_of(row: ExportRow) -> str | None:
    """Return the assignment that a row of results is of, if it is of one."""
    for what in ("association", "associated_asset"):
        if row.value.get(f"{what}_type") == "Assignment":
            return identity(row.value.get(f"{what}_id"))
    return None


def rating_of(row: ExportRow) -> str:
    """Return a level of a mastery scale as JSON text."""
    value = row.value
    level = {
        "outcome_proficiency_rating_id": row.id,
        "description": text(value.get("description")),
        "points": number(value.get("points")),
        "mastery": truth(value.get("mastery")),
        "color": text(value.get("color")),
    }
    return orjson.dumps({name: item for name, item in level.items() if item is not None or name == "points"}).decode()


def _common(row: ExportRow) -> Body:
    return {
        "workflow_state": text(row.value.get("workflow_state")),
        "updated_at": time(row.value.get("updated_at")),
    }


_ID_FIELDS: Final = {
    Kind.OUTCOME: "learning_outcome_id",
    Kind.GROUP: "learning_outcome_group_id",
    Kind.LINK: "learning_outcome_link_id",
    Kind.PROFICIENCY: "outcome_proficiency_id",
    Kind.RESULT: "id",
    Kind.ACCOUNT: "account_id",
    Kind.COURSE: "course_id",
    Kind.USER: "user_id",
    Kind.ENROLLMENT: "enrollment_id",
    Kind.RESULT_DETAIL: "result_id",
    Kind.ALIGNMENT: "alignment_id",
    Kind.SUBMISSION: "submission_id",
    Kind.POST_POLICY: "post_policy_id",
    Kind.SECTION: "section_id",
    Kind.TERM: "term_id",
    Kind.COURSE_DETAIL: "course_id",
    Kind.COURSE_ACCOUNT: "course_account_id",
    Kind.ACCOUNT_DETAIL: "account_id",
}
