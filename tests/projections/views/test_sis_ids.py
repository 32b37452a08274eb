"""Sections and a school's own ids: kept where a later question can find them, though none asks today."""

from typing import Any

import pytest

from tests.support.given import ASKER, enrollment, event, outcome, result
from tests.support.world import World

USER = "41230000000000017"


def rows(world: World, sql: str) -> list[tuple[Any, ...]]:
    """Ask the tables of views.db."""
    with world.at() as (_, connection, _):
        return list(connection.execute(sql).fetchall())


def test_the_section_of_an_enrollment_is_a_column(world: World) -> None:
    """The current view of enrollments tells course, section and user."""
    world.take(enrollment("31", "2025-01-02", course_section_id="41230000000000302"))
    found = rows(world, "SELECT context_type, context_id, course_section_id, user_id FROM enrollments")
    assert found == [("Course", "200", "41230000000000302", "41230000000000090")]


def test_sis_ids_of_envelopes_and_users_are_found_by_whom_they_name(world: World) -> None:
    """Who asked, where, and the person a user event is about; people under global ids, places under local ones."""
    course = {"context_type": "Course", "context_id": "41230000000000200", "context_sis_source_id": "BIO-101"}
    world.take(
        outcome("7", "2025-01-01", meta={**ASKER, **course, "user_sis_id": "S-17"}),
        event("user_created", "2025-01-02", {"user_id": "41230000000000090", "uuid": "ada", "user_sis_id": "S-90"}),
        result("50", "2025-02-01"),
    )
    assert rows(world, "SELECT type, id, sis_id, position FROM sis_ids ORDER BY type, id") == [
        ("Course", "200", "BIO-101", 1),
        ("User", USER, "S-17", 1),
        ("User", "41230000000000090", "S-90", 2),
    ]


@pytest.mark.parametrize(("told", "kept"), [(1207, [("1207",)]), (["S-17"], []), (None, []), (True, [])])
def test_a_sis_id_of_another_shape_refuses_no_event(world: World, told: Any, kept: list[tuple[str]]) -> None:
    """A number is text; what can be no id is passed over, and the event is read all the same."""
    report = world.take(outcome("7", "2025-01-01", meta={**ASKER, "user_sis_id": told}))
    assert (report.appended, report.quarantined, report.unprojected) == (1, 0, 0)
    assert rows(world, "SELECT sis_id FROM sis_ids") == kept
