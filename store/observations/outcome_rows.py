"""Rows of what is taught: groups, outcomes, links and alignments, mastery scales."""

from typing import Final

import orjson

from outcomes.domain.identity import Kind
from outcomes.store.observations.criteria import criterion_of
from outcomes.store.observations.row_values import Around, Shape, Shaped, common, moment_of
from outcomes.store.sources.exports.rows import ExportRow, identity, number, text, truth, whole

LINK, ALIGNMENT = "learning_outcome_association", "learning_outcome"


def group(row: ExportRow, _around: Around) -> Shaped:
    """Yield a group."""
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
            **common(row),
        },
    )


def outcome(row: ExportRow, _around: Around) -> Shaped:
    """Yield an outcome."""
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
            **common(row),
        },
    )


def content_tag(row: ExportRow, _around: Around) -> Shaped:
    """Yield a link, or an alignment; most tags are neither."""
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
                **common(row),
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
                **common(row),
            },
        )


def proficiency(row: ExportRow, around: Around) -> Shaped:
    """Yield a mastery scale with its levels."""
    levels = around.lookups.ratings(row.id)
    ratings = sorted((orjson.loads(level) for _, level in levels), key=lambda rating: -(rating["points"] or 0.0))
    told = common(row)
    # An edit of a level alone leaves the scale's own time as it was (DOMAIN.md 10.1).
    saved = [stamp for stamp in (told["updated_at"], *(updated for updated, _ in levels)) if stamp]
    yield (
        Kind.PROFICIENCY,
        {
            "outcome_proficiency_id": row.id,
            "context_type": text(row.value.get("context_type")),
            "context_id": identity(row.value.get("context_id")),
            "outcome_proficiency_ratings": ratings or None,
            **told,
            "updated_at": max(saved, default=None, key=moment_of),
        },
    )


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


SHAPES: Final[dict[str, Shape]] = {
    "learning_outcome_groups": group,
    "learning_outcomes": outcome,
    "content_tags": content_tag,
    "outcome_proficiencies": proficiency,
}
