"""The present for SQL users: views of one row an entity, times as text, answered by seeks."""

from typing import Any

import pytest
from hypothesis import given, settings
from sqlite_utils import Database

from outcomes.domain.identity import Kind
from outcomes.projections.as_of.versions import in_force
from tests.support.given import course, group, link, outcome, result, rubric_assessed
from tests.support.histories import histories
from tests.support.world import World, fresh_world


def rows(world: World, sql: str) -> list[tuple[Any, ...]]:
    """Ask the views' file, as any SQL tool would."""
    with world.at() as (_, connection, _at):
        found: list[tuple[Any, ...]] = connection.execute(sql).fetchall()
        return found


@given(histories(most=16))
@settings(max_examples=40, deadline=None)
def test_results_are_those_in_force_each_once(events: list[dict[str, Any]]) -> None:
    """Those that moved to another student or course, too."""
    with fresh_world() as world:
        world.take(*events)
        for tenant in {event["metadata"]["root_account_uuid"] for event in events}:
            with world.at(tenant=tenant) as (_, connection, at):
                ids = connection.execute("SELECT DISTINCT result_id FROM result_places WHERE tenant = ?", (at.number,))
                wanted = {
                    (local_id, found.position)
                    for (local_id,) in ids.fetchall()
                    if (found := in_force(connection, at, Kind.RESULT, local_id)) is not None
                }
                shown = connection.execute("SELECT result_id, position FROM results WHERE tenant = ?", (tenant,))
                assert sorted(shown.fetchall()) == sorted(wanted)


@pytest.mark.parametrize(
    "asked",
    [
        "results WHERE student = 'x'",
        "results WHERE context_id = '200'",
        "results WHERE result_id = '1'",
        "outcomes WHERE outcome_id = '7'",
        "outcomes WHERE context_id = '1'",
        "outcome_links WHERE context_id = '200'",
        "enrollments WHERE user_uuid = 'x'",
    ],
)
def test_no_question_about_one_reads_all(world: World, asked: str) -> None:
    """SQLite's own plan searches every large table; only the few moved results are scanned."""
    world.take(outcome("7", "2025-01-01"))
    plan = [row[3] for row in rows(world, f"EXPLAIN QUERY PLAN SELECT * FROM {asked}")]
    scanned = [line for line in plan if line.startswith("SCAN")]
    assert all(line in {"SCAN p", "SCAN t"} for line in scanned)
    assert scanned.count("SCAN p") <= asked.startswith("results")


def test_times_are_exact_and_text_everywhere(world: World) -> None:
    """A microsecond before the new year is the old year; milliseconds where there is no more."""
    last = "2025-12-31T23:59:59.999999Z"
    world.take(
        outcome("7", last),
        result("1", last, artifact_id="91"),
        rubric_assessed("91", "2026-01-01T00:00:00.500Z", submitted=last),
    )
    assert rows(world, "SELECT event_time FROM outcomes") == [(last,)]
    assert rows(world, "SELECT event_time, assessed_at FROM results") == [(last, last)]
    assert rows(world, "SELECT handed_in_at, event_time FROM assessments") == [(last, "2026-01-01T00:00:00.500Z")]


def test_numbers_say_whom_they_stand_for(world: World) -> None:
    """By foreign keys, to rows that have a name to show."""
    world.take(course("200", "2025-01-01"), group("1", "2025-01-01"), link("70", "2025-01-01", outcome="7", group="1"))
    with world.at() as (_, connection, _at):
        keys = {
            (table.name, key.column, key.other_table)
            for table in Database(connection).tables
            for key in table.foreign_keys
        }
    assert {
        ("link_versions", "context", "contexts"),
        ("result_versions", "course", "contexts"),
        ("result_versions", "student", "students"),
        ("contexts", "tenant", "tenants"),
    } <= keys
    assert ("Account:1",) in rows(world, "SELECT name FROM contexts")
