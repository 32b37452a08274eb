"""However events lie in files and are shared out, the state is the one that a home tells: over random histories."""

from collections import Counter, defaultdict
from pathlib import Path
from random import Random
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

import outcomes
from outcomes.domain.times import parse_argument
from outcomes.projections.as_of.fingerprint import combined
from outcomes.projections.export.log_parquet import write_log
from outcomes.projections.partitioned.combining import Combiner
from outcomes.projections.partitioned.cut import Cut
from outcomes.projections.partitioned.parts import OF_TENANT, Plan, shared_out
from outcomes.projections.partitioned.rollup import PartViews
from outcomes.projections.partitioned.rows import ROUTED
from outcomes.projections.partitioned.splits import plan_input, read_split
from outcomes.projections.partitioned.tables import entity_rows, mastery_rows
from outcomes.projections.partitioned.winners import Winners, sorted_rows
from tests.support import states
from tests.support.given import course, lines, link, outcome, result
from tests.support.histories import POINTS, class_histories, histories
from tests.support.world import World, fresh_world

History = list[dict[str, Any]]
RESULTS_PER_PART = 2
"""So few that tenants have several parts, and even a course is cut up."""


def replayed(files: list[str], cut: Cut) -> tuple[str, dict[str, states.State]]:
    """Carry out the steps one after the other, with batches of three rows: the digest, and each tenant's tables."""
    gathered: list[pa.RecordBatch] = []
    results: Counter[tuple[str, str]] = Counter()
    for split in plan_input(files).splits:
        combiner = Combiner(cut)
        for _ in read_split(split, combiner):
            gathered += combiner.batches(3)
        gathered += combiner.batches(3)
        results.update(combiner.results)
    plan, winners = Plan.of(results, RESULTS_PER_PART), Winners()
    parts: dict[tuple[str, int], list[pa.RecordBatch]] = defaultdict(list)
    for batch in winners.routed(sorted_rows(gathered).to_batches(max_chunksize=3)):
        for place, rows in shared_out(batch, plan).items():
            parts[place].append(rows)
    found: dict[str, states.State] = {}
    for tenant in {tenant for tenant, _ in parts}:
        rows = {part: pa.Table.from_batches(some, ROUTED) for (of, part), some in parts.items() if of == tenant}
        found[tenant] = _tables(tenant, cut, rows)
    return combined(winners.fingerprints.values()).digest, found


def _tables(tenant: str, cut: Cut, parts: dict[int, pa.Table]) -> states.State:
    found: states.State = defaultdict(list)
    for row in (row for rows in parts.values() for row in rows.to_pylist()):
        if row["exported"] is not None:
            found[row["table"]] += entity_rows(row["table"], [row["exported"]]).to_pylist()
    of_tenant = parts.pop(OF_TENANT, pa.Table.from_pylist([], ROUTED))
    with PartViews(tenant, cut, facts_in(of_tenant)) as views:
        for rows in parts.values():
            for batch in mastery_rows(views.mastery(facts_in(rows))):
                found["mastery"] += batch.to_pylist()
    return dict(found)


def facts_in(rows: pa.Table) -> list[bytes]:
    """Return the facts of some rows."""
    return [facts for facts in rows.column("facts").to_pylist() if facts is not None]


def expected(world: World, *, keeps_positions: bool, **point: Any) -> tuple[str, dict[str, states.State]]:
    """Return what the home itself tells, without tables that have no rows."""
    with outcomes.open(world.home.folder) as home:
        tenants = home.status().tenants
        found = {tenant: states.of_home(home, world.home.folder, tenant, **point) for tenant in tenants}
        digest = home.at(**point).digest().digest
    for state in found.values():
        state.pop("point")
    kept = found if keeps_positions else {tenant: states.without_positions(state) for tenant, state in found.items()}
    return digest, {tenant: {name: rows for name, rows in state.items() if rows} for tenant, state in kept.items()}


def in_order(found: dict[str, states.State], *, keeps_positions: bool) -> dict[str, states.State]:
    """Return states in the order in which they are compared."""
    if not keeps_positions:
        return {tenant: states.without_positions(state) for tenant, state in found.items()}
    return {
        tenant: {name: sorted(rows, key=lambda row: repr(list(row.values()))) for name, rows in state.items()}
        for tenant, state in found.items()
    }


@given(st.one_of(histories(), class_histories()), st.sampled_from([*POINTS, None]), st.integers(0, 9))
def test_files_in_any_order_tell_the_same_state(history: History, as_of: str | None, seed: int) -> None:
    """Digest and every row of every table, from shuffled files with repeats among them."""
    dice = Random(seed)  # noqa: S311 - to be the same each time
    with fresh_world() as world:
        world.take(*history)
        deliveries = [*history, *dice.choices(history, k=3)]
        dice.shuffle(deliveries)
        files = []
        for number in range(3):
            path = world.home.folder / f"{number}.ndjson"
            path.write_bytes(lines(*deliveries[number::3]))
            files.append(str(path))
        found = replayed(files, Cut(as_of=None if as_of is None else parse_argument(as_of)))
        wanted = expected(world, keeps_positions=False, as_of=as_of)
    assert found[0] == wanted[0]
    assert in_order(found[1], keeps_positions=False) == wanted[1]


@given(histories(), st.sampled_from([*POINTS, None]), st.integers(0, 14), st.booleans())
def test_a_log_as_parquet_tells_what_was_known(
    history: History, as_of: str | None, known_at: int, encrypt: bool
) -> None:
    """At every position, with the positions of all rows; also of an encrypted home, whose digests are its own."""
    with fresh_world() as world:
        world.encrypt = encrypt
        world.take(*history)
        path = world.home.folder / "log.parquet"
        with world.opened() as (log, _):
            write_log(log, path, 0, log.head)
            known_at = min(known_at, log.head)
        cut = Cut(as_of=None if as_of is None else parse_argument(as_of), known_at=known_at)
        found = replayed([str(path)], cut)
        wanted = expected(world, keeps_positions=True, as_of=as_of, known_at=known_at)
    assert found[0] == wanted[0]
    assert in_order(found[1], keeps_positions=True) == wanted[1]


GONE: dict[str, Any] = {"workflow_state": "deleted"}
IMPORTED = {"meta": {"job_tag": "OutcomeImport#run", "job_id": "77"}}
IS_LEFT_OUT = "left out: every link of this outcome in this course is deleted"


@pytest.mark.parametrize(
    ("saves", "is_left_out"),
    [
        ([{}, {}], False),
        ([GONE], True),
        # It came back, its link did not: however often it was saved before and since.
        ([{}, GONE, {}, {}], True),
        # After an import nobody can be certain, also when it was saved again.
        ([{}, GONE, IMPORTED, {}], False),
        ([GONE, IMPORTED, GONE, {}], True),
        ([GONE, {}, GONE, IMPORTED], False),
    ],
)
def test_whether_an_outcome_came_back_is_known_of_files_too(
    saves: list[dict[str, Any]], tmp_path: Path, *, is_left_out: bool
) -> None:
    """As a home knows it, in whatever order the versions of the outcome are read."""
    times = [f"2025-03-0{number}" for number in range(1, 1 + len(saves))]
    told = [
        course("200", "2025-01-01"),
        outcome("7", "2025-01-01"),
        link("71", "2025-01-02", outcome="7", group="2", context="Course:200"),
        result("1", "2025-02-01"),
        *(outcome("7", time, updated=time, **save) for time, save in zip(times, saves, strict=True)),
    ]
    path = tmp_path / "events.ndjson"
    path.write_bytes(lines(*reversed(told)))
    with fresh_world() as world:
        world.take(*told)
        wanted = expected(world, keeps_positions=False)
    found = replayed([str(path)], Cut())
    assert (found[0], in_order(found[1], keeps_positions=False)) == wanted
    (row,) = next(iter(wanted[1].values()))["mastery"]
    assert (IS_LEFT_OUT in row["notes"]) is is_left_out


def test_a_file_is_cut_where_an_event_begins(tmp_path: Path, monkeypatch: Any) -> None:
    """Never inside one, whatever stands in it; every byte is in one split, and what is packed is never cut."""
    monkeypatch.setattr("outcomes.projections.partitioned.splits.SPLIT_BYTES", 700)
    event = b'{"metadata": {"event_name": "x", "note": "' + b"y" * 200 + b'\\n{\\"metadata\\":"},\n "body": {}}\n'
    plain = tmp_path / "events.ndjson"
    plain.write_bytes(event * 40)
    splits = plan_input([str(plain)]).splits
    assert len(splits) > 5
    assert [split.start for split in splits[1:]] == [split.end for split in splits[:-1]]
    assert (splits[0].start, splits[-1].end) == (0, len(event) * 40)
    assert {split.start % len(event) for split in splits} == {0}
    pretty = tmp_path / "array.json"
    pretty.write_bytes(b"[\n" + event * 40 + b"]")
    assert [split.form for split in plan_input([str(pretty)]).splits] == ["whole"]
