"""The tables of versions are what the bodies declare: each column has its type, its source, its place in answers."""

import csv
import io
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from outcomes.domain.identity import Kind
from outcomes.projections.views.tables import TABLES
from outcomes.projections.views.views_file import is_usable
from tests.support import given as make
from tests.support.command import Outcomes
from tests.support.given import lines
from tests.support.world import World

OUTCOME = make.outcome("7", "2025-01-02", display_name="Maps", calculation_method="n_mastery", calculation_int=4)
SCHOOL = [
    make.group("1", "2025-01-01", vendor_guid="g-1"),
    OUTCOME,
    make.link("3", "2025-01-03", outcome="7", group="1"),
]


def row_of(world: World, table: str) -> dict[str, Any]:
    """Return the only row of a table."""
    with world.opened() as (_, views), views.reading() as connection:
        cursor = connection.execute(f"SELECT * FROM {table}")
        (row,) = cursor.fetchall()
        return dict(zip((column for column, *_ in cursor.description), row, strict=True))


def test_columns_hold_what_the_body_says(world: World) -> None:
    """Under the column's name stands the field that it comes from, beside when the event was."""
    world.take(*SCHOOL)
    group = row_of(world, "group_versions")
    assert (group["title"], group["vendor_guid"], group["parent_id"]) == ("Group 1", "g-1", None)
    outcome = row_of(world, "outcome_versions")
    assert (outcome["display_name"], outcome["calculation_int"]) == ("Maps", 4)
    link = row_of(world, "link_versions")
    assert (link["outcome_id"], link["group_id"], link["workflow_state"]) == ("7", "1", "active")


def test_times_are_text_in_the_views_of_the_present(world: World) -> None:
    """A time stands as integer microseconds in the table, and as text where people look."""
    world.take(make.rubric_assessed("95", "2025-02-03", submitted="2025-02-01T08:00:00Z"))
    assert row_of(world, "assessment_versions")["handed_in_at"] == 1_738_396_800_000_000
    assert row_of(world, "assessments")["handed_in_at"] == "2025-02-01T08:00:00.000Z"


def test_the_tree_shows_what_is_declared_so_in_json_and_csv(tmp_path: Path) -> None:
    """What a body declares as `in_tree` is at each node of its kind, null where nobody has told of the entity."""
    outcomes = Outcomes(tmp_path / "home")
    assert outcomes("ingest", stdin=lines(*SCHOOL, make.link("4", "2025-01-03", outcome="8", group="1"))).code == 0
    (root,) = outcomes.json("tree", "--context", "Account:1")["roots"]
    unknown, known = sorted(root["children"], key=lambda node: node["known"])
    told = outcomes("tree", "--context", "Account:1", "--format", "csv").out.decode()
    table = {row["id"]: row for row in csv.DictReader(io.StringIO(told))}
    for name in ("display_name", "mastery_points", "points_possible", "calculation_method", "calculation_int"):
        assert known[name] is not None
        assert unknown[name] is None
        assert (table["7"][name] != "", table["8"][name]) == (True, "")


@pytest.mark.parametrize("kind", [Kind.OUTCOME, Kind.GROUP, Kind.LINK, Kind.PROFICIENCY, Kind.RESULT])
def test_what_is_exported_has_every_declared_field(kind: Kind, tmp_path: Path) -> None:
    """`replay` writes a table for the kind with every field of its body, whether the views hold it or not."""
    outcomes = Outcomes(tmp_path / "home")
    assert outcomes("ingest", stdin=lines(*SCHOOL)).code == 0
    assert outcomes("replay", "--to", str(tmp_path / "state.db")).code == 0
    with closing(sqlite3.connect(tmp_path / "state.db")) as file:
        found = {row for (row,) in file.execute("SELECT name FROM pragma_table_info(?)", (TABLES[kind].exported_as,))}
    assert set(TABLES[kind].body.model_fields) <= found


def test_views_of_other_columns_are_no_views_of_this_layout(world: World) -> None:
    """The version of a layout says which columns it has: nobody has to remember to raise it."""
    world.take(*SCHOOL)
    path = world.home.views_path
    assert is_usable(path)
    with closing(sqlite3.connect(path)) as views, views:
        (version,) = views.execute("SELECT value FROM properties WHERE name = 'version'").fetchone()
        views.execute("UPDATE properties SET value = ? WHERE name = 'version'", (version[:-1] + "x",))
    assert not is_usable(path)
    assert row_of(world, "group_versions")["title"] == "Group 1"
