"""What is left to say of a student whose data was erased: when and why, and how their classes stood then."""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any, NamedTuple

from outcomes.service.pages import frame, words
from outcomes.service.pages.screens import View
from outcomes.service.pages.viewer import Viewer
from outcomes.store.access.rights import Right


class Kept(NamedTuple):
    """Figures of one course, as they were when the person was erased."""

    course: str
    address: str
    rows: list[Mapping[str, Any]]


def erased(viewer: Viewer, student: str) -> View | None:
    """Return what is shown of a student who was erased; None of anybody else, or of a person of courses elsewhere."""
    found = viewer.home.at(tenant=viewer.tenant).erasure_of(student)
    if found is None or found.state is None or found.event_time is None:
        return None
    figures = [row for row in found.state["figures"] if row["course_id"] in viewer.reach]
    if not figures and not viewer.reach.is_everywhere:
        return None
    cited = words.day_of(viewer.query.get("cited", ""))
    parts = {
        "time": found.event_time,
        "reason": found.state["reason"],
        "by": found.state["erased_by"] if viewer.may(Right.PEOPLE) else None,
        "kept": _kept(viewer, figures),
        "cited": cited,
        "proof": None,
        "data": [],
    }
    return View("erased.html", "This person's data was erased", parts, status=HTTPStatus.GONE)


def _kept(viewer: Viewer, figures: list[Mapping[str, Any]]) -> list[Kept]:
    by_course: dict[str, list[Mapping[str, Any]]] = {}
    for row in figures:
        by_course.setdefault(row["course_id"], []).append(row)
    return [
        Kept(frame.name_of(viewer, f"Course:{course}"), viewer.where.bare(f"/course/{course}"), rows)
        for course, rows in by_course.items()
    ]
