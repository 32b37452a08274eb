"""Whoever has the file can change it in the end. Each kind of change shows in `verify`, which says where."""

import sqlite3
from collections.abc import Callable
from contextlib import closing
from typing import Any

import orjson
import pytest

from outcomes.domain.catalog import parse_event
from outcomes.domain.errors import UsageError
from outcomes.store import ledger
from outcomes.store.encoding.content_digest import content_digest
from outcomes.store.encoding.stream_keys import version_of
from outcomes.store.log.event_log import EventLog
from outcomes.store.log.hash_chain import NO_CHAIN, chain_after
from outcomes.store.log.recorder import rows_of
from outcomes.store.operations.checkpoint import Checkpoint, checkpoint, parse_checkpoint
from tests.support.given import OTHER_TENANT, group, lines, result
from tests.support.world import World

Change = Callable[[sqlite3.Connection, EventLog], None]


@pytest.fixture
def world(world: World) -> World:
    """A log of three batches: positions 1 to 3, 4 to 6, 7 to 9; tenant 2 has position 3."""
    for first in (1, 4, 7):
        world.clock += 1_000_000
        world.take(
            group(str(first), "2025-01-01"),
            result(str(first + 1), "2025-01-02", score=first % 5),
            result(str(first + 2), "2025-01-03", meta={"tenant": OTHER_TENANT} if first == 1 else {}),
        )
    return world


def changed(world: World, *changes: str | Change, disarm: bool = False) -> None:
    """Change log.db behind our back, without its triggers; they are put back, so that only the change can show."""
    with world.opened() as (log, _), closing(sqlite3.connect(world.home.log_path, isolation_level=None)) as file:
        triggers = dict(file.execute("SELECT name, sql FROM sqlite_schema WHERE type = 'trigger'").fetchall())
        for name in triggers:
            file.execute(f"DROP TRIGGER {name}")
        for change in changes:
            if isinstance(change, str):
                file.execute(change)
            else:
                change(file, log)
        for statement in () if disarm else triggers.values():
            file.execute(statement)


def rewrite(position: int, raw: Callable[[bytes], bytes], *, digest: bool = True) -> Change:
    """Store other bytes for an event, well compressed, and (with `digest`) under the digest that fits them."""

    def change(file: sqlite3.Connection, log: EventLog) -> None:
        record = log.records_at([position])[0]
        new = raw(log.raw(record))
        file.execute("UPDATE stored_events SET state = ? WHERE position = ?", (log.codec.compress(new), position))
        if digest:
            fitting = content_digest(orjson.loads(new), new)
            version = version_of(parse_event(orjson.loads(new)).event_time, fitting)
            file.execute(
                "UPDATE stored_events SET content_hash = ?, originator_version = ? WHERE position = ?",
                (fitting, version, position),
            )

    return change


def another_score(raw: bytes) -> bytes:
    """Give a student full points."""
    value = orjson.loads(raw)
    value["body"]["score"] = 4.75
    return orjson.dumps(value)


def spelt_anew(raw: bytes) -> bytes:
    """Say the same with more white space."""
    return orjson.dumps(orjson.loads(raw), option=orjson.OPT_INDENT_2)


def swap(one: int, other: int) -> str:
    """Let two events change places."""
    return (
        f"UPDATE stored_events SET position = CASE position WHEN {one} THEN -{other} ELSE -{one} END "
        f"WHERE position IN ({one}, {other})"
    )


AROUND = "UPDATE stored_events SET position = -position WHERE position < 0"
AS_IT_IS = "originator_id, originator_version, topic, state, content_hash FROM stored_events WHERE position = 5"
A_COPY = "originator_id || 'x', originator_version, topic, state, content_hash FROM stored_events WHERE position = 5"

EVENTS: dict[str, tuple[list[str | Change], set[int]]] = {
    "changed, digest and all": ([rewrite(5, another_score)], {4}),
    "changed, under its old digest": ([rewrite(5, another_score, digest=False)], {4, 5}),
    "changed in the last batch": ([rewrite(8, another_score)], {7}),
    "the very last one changed": ([rewrite(9, another_score)], {7}),
    "spelt anew, which changes no meaning": ([rewrite(5, spelt_anew)], {4}),
    "another event's bytes": (
        ["UPDATE stored_events SET state = (SELECT state FROM stored_events WHERE position = 2) WHERE position = 5"],
        {4, 5},
    ),
    "bytes cut short": (["UPDATE stored_events SET state = substr(state, 1, 40) WHERE position = 5"], {4, 5}),
    "bytes that are no event": (["UPDATE stored_events SET state = x'00' WHERE position = 5"], {4, 5}),
    "another digest": (["UPDATE stored_events SET content_hash = zeroblob(16) WHERE position = 5"], {4, 5}),
    "filed under another entity": (
        ["UPDATE stored_events SET originator_id = originator_id || '0' WHERE position = 5"],
        {5},
    ),
    "filed under an entity of another kind": (
        ["UPDATE stored_events SET originator_id = replace(originator_id, '/result/', '/link/') WHERE position = 5"],
        {5},
    ),
    "filed among the events of another kind": (
        ["UPDATE stored_events SET originator_id = (SELECT min(originator_id) FROM stored_events) WHERE position = 5"],
        {5},
    ),
    "filed under another name": (["UPDATE stored_events SET topic = 'user_created' WHERE position = 5"], {5}),
    "filed under another time": (
        ["UPDATE stored_events SET originator_version = originator_version + (1 << 30) WHERE position = 5"],
        {5},
    ),
    "the first removed": (["DELETE FROM stored_events WHERE position = 1"], {1}),
    "one removed": (["DELETE FROM stored_events WHERE position = 5"], {4, 5}),
    "the last of a batch removed": (["DELETE FROM stored_events WHERE position = 6"], {4, 6}),
    "the last of all removed": (["DELETE FROM stored_events WHERE position = 9"], {9}),
    "one removed and the gap closed": (
        [
            "DELETE FROM stored_events WHERE position = 5",
            "UPDATE stored_events SET position = -(position - 1) WHERE position > 5",
            AROUND,
        ],
        {4, 9},
    ),
    "one inserted at the end": ([f"INSERT INTO stored_events SELECT 10, {A_COPY}"], {10}),
    "one inserted in the middle": (
        [
            "UPDATE stored_events SET position = -(position + 1) WHERE position > 4",
            AROUND,
            f"INSERT INTO stored_events SELECT 5, {A_COPY.replace('position = 5', 'position = 6')}",
        ],
        {4, 7, 10},
    ),
    "one inserted before the first": ([f"INSERT INTO stored_events SELECT 0, {A_COPY}"], {0}),
    "one inserted far before the first": ([f"INSERT INTO stored_events SELECT -7, {A_COPY}"], {-7}),
    "two of a batch re-ordered": ([swap(5, 6), AROUND], {4}),
    "two of the last batch re-ordered": ([swap(7, 8), AROUND], {7}),
    "two of different batches re-ordered": ([swap(3, 4), AROUND], {1, 4}),
    "moved to the end": (["UPDATE stored_events SET position = 10 WHERE position = 5"], {4, 5, 10}),
}


@pytest.mark.parametrize("name", EVENTS)
def test_an_event(world: World, name: str) -> None:
    """Changed, removed, inserted or put elsewhere: found, and at least these positions are named."""
    changes, positions = EVENTS[name]
    assert world.verify()["problems"] == []
    changed(world, *changes)
    named = {problem.get("position") for problem in world.verify()["problems"]}
    assert positions <= named


COPY_OF_BATCH = "recorded_at, source, max_event_time, chain FROM batches WHERE last_position = 6"
BATCHES: dict[str, tuple[list[str | Change], int]] = {
    "recorded_at": (["UPDATE batches SET recorded_at = recorded_at + 1 WHERE last_position = 6"], 4),
    "recorded_at of the last": (["UPDATE batches SET recorded_at = recorded_at + 1 WHERE last_position = 9"], 7),
    "source": (["UPDATE batches SET source = 'stdin' WHERE last_position = 6"], 4),
    "max_event_time": (["UPDATE batches SET max_event_time = max_event_time + 1 WHERE last_position = 6"], 4),
    "first_position": (["UPDATE batches SET first_position = 5 WHERE last_position = 6"], 4),
    "last_position": (["UPDATE batches SET last_position = 5 WHERE last_position = 6"], 4),
    "chain": (["UPDATE batches SET chain = zeroblob(32) WHERE last_position = 6"], 4),
    "chain of the last": (["UPDATE batches SET chain = zeroblob(32) WHERE last_position = 9"], 7),
    "removed": (["DELETE FROM batches WHERE last_position = 6"], 4),
    "the last removed": (["DELETE FROM batches WHERE last_position = 9"], 7),
    "inserted": ([f"INSERT INTO batches SELECT 5, 4, {COPY_OF_BATCH}"], 4),
    "inserted before the first": ([f"INSERT INTO batches SELECT -5, -6, {COPY_OF_BATCH}"], -6),
    "inserted at the end": ([f"INSERT INTO batches SELECT 12, 10, {COPY_OF_BATCH}"], 10),
    "removed with its events": (
        ["DELETE FROM batches WHERE last_position = 6", "DELETE FROM stored_events WHERE position BETWEEN 4 AND 6"],
        4,
    ),
}


@pytest.mark.parametrize("name", BATCHES)
def test_a_batch(world: World, name: str) -> None:
    """Any column of its row changed, the row removed or inserted: found, and where it was."""
    changes, position = BATCHES[name]
    changed(world, *changes)
    assert position in {problem.get("position") for problem in world.verify()["problems"]}


REST = {
    "a tenant renamed": ("UPDATE tenants SET uuid = 'somebody' WHERE number = 1", "somebody"),
    "a tenant removed": ("DELETE FROM tenants WHERE number = 2", f"the tenants do not name {OTHER_TENANT}"),
    "a tenant inserted": ("INSERT INTO tenants VALUES (3, 'somebody')", "no event is of tenant 3 (somebody)"),
    "a tenant given another number": ("UPDATE tenants SET number = 7 WHERE number = 2", "filed under another entity"),
    "a dictionary changed": ("UPDATE dictionaries SET bytes = x'0102030405060708'", "was changed"),
    "the identity removed": ("DELETE FROM properties WHERE name = 'identity'", "lost its identity"),
    "what the chain covers": ("UPDATE properties SET value = '6' WHERE name = 'bytes_chained_after'", "are not what"),
}


@pytest.mark.parametrize("name", REST)
def test_what_stands_beside_the_events(world: World, name: str) -> None:
    """Tenants, dictionaries and what the log says of itself are guarded, too."""
    statement, words = REST[name]
    changed(world, statement)
    assert any(words in problem["problem"] for problem in world.verify()["problems"])


def test_a_trigger_that_is_gone(world: World) -> None:
    """That nothing was changed with it gone does not make it less of a finding; opening the log does not hide it."""
    changed(world, disarm=True)
    found = [problem["problem"] for problem in world.verify()["problems"]]
    # 2 for each of 6 tables, and 5 against REPLACE; 5 against what is not announced, 3 for each of quarantine, its
    # parts and the ledger.
    assert len(found) == 17 + 5 + 9
    assert "the trigger stored_events_refuse_update is gone or was changed" in found[0]


def test_a_trigger_that_refuses_nothing(world: World) -> None:
    """The name is there, but not what it does."""
    changed(
        world,
        lambda file, _: file.execute(
            "CREATE TRIGGER batches_refuse_delete BEFORE DELETE ON batches BEGIN SELECT 1; END"
        ).close(),
        disarm=True,
    )
    found = [problem["problem"] for problem in world.verify()["problems"]]
    assert any("batches_refuse_delete is gone or was changed" in words for words in found)


def test_each_change_is_told_once(world: World) -> None:
    """One changed event makes one finding of the log, not one for everything after it."""
    world.home.views_path.unlink()
    changed(world, rewrite(5, another_score))
    assert [problem.get("position") for problem in world.verify()["problems"]] == [4]


def test_a_log_that_cannot_be_read_is_told_all_the_same(world: World) -> None:
    """Without views, and none to be made of it, the pass over the log names the position."""
    world.home.views_path.unlink()
    changed(world, "UPDATE stored_events SET state = x'00' WHERE position = 5")
    assert 5 in {problem.get("position") for problem in world.verify(anew=True)["problems"]}


# -- against a checkpoint -----------------------------------------------------------------------------------------


def head_of(world: World) -> Checkpoint:
    """Return the log's head, by way of the line that people keep."""
    with world.opened() as (log, _):
        return parse_checkpoint(str(checkpoint(log)))


def rechained(file: sqlite3.Connection, log: EventLog) -> None:
    """Do what a forger would: compute the whole chain anew, and the ledger with it, so that both fit."""
    chain = ledger.NO_CHAIN
    said = file.execute("SELECT subject, row_hash FROM ledger ORDER BY number").fetchall()
    batches = {f"batches/{batch.last_position}": batch for batch in log.batches()}
    file.execute("DELETE FROM ledger")
    for subject, hashed in said:
        batch = batches.get(subject)
        if batch is not None:
            rows = rows_of(file, batch.first_position, batch.last_position)
            chain = chain_after(chain, ledger.head(file).chain, batch, rows)
            file.execute("UPDATE batches SET chain = ? WHERE last_position = ?", (chain, batch.last_position))
            hashed = ledger.row_hash(batch._replace(chain=chain))  # noqa: PLW2901 - it is another now
        ledger.announce(file, subject, hashed)


FIRST_GONE = "SELECT number FROM ledger WHERE subject = 'batches/9'"
CUT: list[str | Change] = [
    "DELETE FROM stored_events WHERE position > 6",
    "DELETE FROM batches WHERE last_position > 6",
    f"DELETE FROM ledger WHERE number >= ({FIRST_GONE})",
]
"""What cuts a log back to its second batch, by somebody who knows of the ledger, too."""


class TestAgainst:
    """What a chain cannot show of itself, a line kept elsewhere shows."""

    def test_a_log_that_grew(self, world: World) -> None:
        """Appending is what logs are for: nothing to report, also against itself and against the empty log."""
        before = [Checkpoint(None, 0, NO_CHAIN), head_of(world)]
        world.take(group("99", "2025-02-01"))
        for checkpoint_ in (*before, head_of(world)):
            verdict = world.verify(against=checkpoint_)
            assert (verdict["ok"], verdict["against"]) == (True, str(checkpoint_))

    def test_a_log_cut_back_to_an_earlier_batch(self, world: World) -> None:
        """It is whole in itself; the checkpoint knew more."""
        before = head_of(world)
        changed(world, *CUT)
        assert world.verify()["problems"] == []
        assert [(found["position"], found["problem"]) for found in world.verify(against=before)["problems"]] == [
            (7, "the log ends at position 6; at the checkpoint it went to 9: it was cut back")
        ]

    def test_a_log_cut_back_and_grown_again(self, world: World) -> None:
        """Longer than it was, but not with what it had."""
        before = head_of(world)
        changed(world, *CUT)
        world.take(*(group(str(number), "2025-02-01") for number in range(20, 23)))
        world.take(group("30", "2025-02-01"))
        assert world.verify()["problems"] == []
        assert "are not those of the checkpoint" in world.verify(against=before)["problems"][0]["problem"]

    def test_batches_replaced_and_the_chain_computed_anew(self, world: World) -> None:
        """A forger who knows how it is done can make a log that is whole; it is another one."""
        before = head_of(world)
        changed(world, rewrite(2, another_score), rechained)
        assert [found for found in world.verify()["problems"] if "position" in found] == []
        assert "are not those of the checkpoint" in world.verify(against=before)["problems"][0]["problem"]

    def test_a_chain_mended_at_the_checkpoint_only(self, world: World) -> None:
        """Putting the old hash back where it is looked up breaks the chain there."""
        before = head_of(world)

        def put_back(file: sqlite3.Connection, _: EventLog) -> None:
            file.execute("UPDATE batches SET chain = ? WHERE last_position = 9", (before.chain,))

        changed(world, rewrite(2, another_score), rechained, put_back)
        assert 7 in {found.get("position") for found in world.verify(against=before)["problems"]}

    def test_another_log_with_the_same_events(self, world: World, tmp_path: Any) -> None:
        """A copy that was ingested anew is not the log that was."""
        other = World(tmp_path / "other")
        other.take(lines(*world.raw_log()))
        assert any("the checkpoint is of log" in found["problem"]
                   for found in other.verify(against=head_of(world))["problems"])  # fmt: skip


@pytest.mark.parametrize(
    "given",
    ["", "nonsense", "{}", "[]", "null", '{"position": 1, "chain": "00"}', "outcomes-checkpoint:1:00:-", "/", "a\0b",
     "x" * 10_000, "outcomes-checkpoint:9:" + "0" * 64 + ":" + "g" * 32],
)  # fmt: skip
def test_what_is_no_checkpoint_is_refused(given: str) -> None:
    """With a line that says what was given and what to give."""
    with pytest.raises(UsageError, match=r"not a checkpoint: .*: give the text that outcomes checkpoint printed"):
        parse_checkpoint(given)


def test_a_checkpoint_is_read_in_every_form(world: World, tmp_path: Any) -> None:
    """Its text, its JSON, and a file that holds either; JSON whose two forms differ is none."""
    with world.opened() as (log, _):
        made = checkpoint(log)
    said = made._replace(recorded_at=None)
    document = orjson.dumps(made.as_json()).decode()
    for number, form in enumerate((str(made), f" {made}\n", document)):
        file = tmp_path / str(number)
        file.write_text(form)
        assert parse_checkpoint(form) == parse_checkpoint(str(file)) == said
    with pytest.raises(UsageError, match="not a checkpoint"):
        parse_checkpoint(orjson.dumps({**made.as_json(), "position": 8}).decode())
