"""Rows stream, print in part, and become Arrow with the types of an export."""

import json
import subprocess
import sys
import tracemalloc
from itertools import islice
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

import outcomes
from outcomes.cli.commands.demo import COURSE, SCHOOLS
from tests.support.given import outcome
from tests.support.world import World


def test_rows_are_read_as_they_are_iterated(world: World) -> None:
    """The first of many entries costs the memory of few; and each iteration gives the same rows."""
    world.take(*(outcome(str(number), f"2025-01-01T00:{number // 60:02}:{number % 60:02}Z") for number in range(1500)))
    with outcomes.open(world.home.folder) as home:
        rows = home.at().timeline()
        next(iter(rows))
        tracemalloc.start()
        for _ in range(2):
            assert sum(1 for _ in rows) == 1500
        streamed = tracemalloc.get_traced_memory()[1]
        tracemalloc.reset_peak()
        held = list(rows)
        assert tracemalloc.get_traced_memory()[1] > 3 * streamed
        tracemalloc.stop()
        assert [row.id for row in rows.head(3)] == [row.id for row in held[:3]]


def test_a_point_stays_while_events_come(world: World) -> None:
    """A point is of the log's head at its making; a later one sees what came since."""
    world.take(outcome("1", "2025-01-01"))
    with outcomes.open(world.home.folder) as home:
        before = home.at()
        rows = before.timeline()
        world.take(outcome("2", "2025-01-02"))
        assert [row.id for row in rows] == ["1"]
        assert [row.id for row in home.at().timeline()] == ["1", "2"]
        assert (before.known_at, home.at().known_at) == (1, 2)


def test_a_long_answer_prints_its_beginning(home: outcomes.Home) -> None:
    """`print` shows sixty rows and says that there are more; `repr` asks nothing."""
    rows = home.at(tenant=SCHOOLS).timeline(all=True)
    lines = str(rows).splitlines()
    assert lines[0].startswith("when")
    assert lines[-1] == "… and more: these are the first 60 rows"
    assert repr(rows).startswith("<Timeline")
    assert "more" not in str(rows.head(3)).splitlines()[-1]


@pytest.mark.parametrize("name", ["timeline", "mastery", "late", "log", "findings"])
def test_columns_have_the_types_of_the_fields(home: outcomes.Home, name: str) -> None:
    """Times are timestamps in UTC, numbers numbers; what is neither is JSON text. No row is lost."""
    then = home.at(tenant=SCHOOLS)
    rows: Any = {
        "timeline": then.timeline("Account:1"),
        "mastery": then.mastery(course=COURSE),
        "late": then.late(over="30d"),
        "log": home.log(limit=50),
        "findings": then.doctor(),
    }[name]
    table = rows.to_arrow()
    assert table.num_rows == sum(1 for _ in rows) > 0
    types = {field.name: str(field.type) for field in table.schema}
    known = {"event_time": "timestamp[us, tz=UTC]", "position": "int64", "score": "double", "mastered": "bool",
             "fields": "string", "notes": "string", "count": "int64", "overtaken": "bool"}  # fmt: skip
    assert {column: types[column] for column in known if column in types} == {
        column: kind for column, kind in known.items() if column in types
    }
    first = next(iter(rows))
    if "event_time" in types:
        assert table["event_time"][0].as_py() == first.event_time


def test_mastery_has_the_columns_of_the_export(home: outcomes.Home, tmp_path: Path) -> None:
    """Those of `replay --format parquet`, with the same types and values; and beside them the student's name."""
    then = home.at(tenant=SCHOOLS)
    then.replay(tmp_path / "state", format="parquet")
    exported = pq.read_table(tmp_path / "state" / "mastery.parquet")
    table = then.mastery().to_arrow()
    assert table.drop_columns(["student_name"]).cast(exported.schema).equals(exported)
    assert {field.name: field.type for field in exported.schema} == {
        field.name: field.type for field in table.schema if field.name != "student_name"
    }


@pytest.mark.parametrize("name", ["pandas", "polars"])
def test_a_data_frame_has_the_same_rows(home: outcomes.Home, name: str) -> None:
    """By Arrow, where the package is installed."""
    pytest.importorskip(name)
    rows = home.at(tenant=SCHOOLS).mastery(course=COURSE)
    frame: Any = rows.to_pandas() if name == "pandas" else rows.to_polars()
    types = {
        "pandas": ["double[pyarrow]", "bool[pyarrow]", "int64[pyarrow]"],
        "polars": ["Float64", "Boolean", "Int64"],
    }
    assert [str(frame[column].dtype) for column in ("score", "mastered", "calculation_int")] == types[name]
    assert list(frame["student"]) == [row.student for row in rows]


@pytest.mark.parametrize(
    ("package", "call", "extra"),
    [("pyarrow", "to_arrow", "parquet"), ("pandas", "to_pandas", "pandas"), ("polars", "to_polars", "polars")],
)
def test_a_missing_package_is_named(sample: Path, package: str, call: str, extra: str) -> None:
    """With the command that installs it."""
    code = f"""
import sys
sys.modules["{package}"] = None
import outcomes
with outcomes.open({str(sample)!r}) as home:
    try:
        home.quarantine.list().{call}()
    except outcomes.MissingExtra as error:
        print(isinstance(error, ImportError), error)
"""
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    assert ran.stdout.startswith(f"True {package} is not installed")
    assert f"pip install 'outcome-projector[{extra}]'" in ran.stdout


def test_an_answer_ends_when_its_home_is_closed(sample: Path) -> None:
    """What has been read stays; what has not is not to be had, and nothing is left open."""
    with outcomes.open(sample) as home:
        entries = iter(home.at(tenant=SCHOOLS).timeline())
        assert len(list(islice(entries, 2))) == 2
    assert list(entries) == []


@pytest.mark.parametrize("name", ["timeline", "late"])
def test_lines_are_those_of_the_rows(home: outcomes.Home, name: str) -> None:
    """Lines of JSON of a long answer come without its rows, and say the same, member by member in one order."""
    rows = getattr(home.at(tenant=SCHOOLS), name)()
    lines = [json.dumps(line) for line in rows.as_lines()]
    assert len(lines) > 1_000
    assert lines == [json.dumps(row.as_json()) for row in rows]
