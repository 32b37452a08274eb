"""Quarantine: what is no event is kept byte for byte, with where and why, counted when it comes again, tried again."""

from pathlib import Path
from typing import Any

import orjson
import pytest

from outcomes.projections.views.read_model import ReadModel
from outcomes.store.ingest.ingest import Ingest
from outcomes.store.log import quarantine
from outcomes.store.log.quarantine import QuarantineEntry
from outcomes.store.sources.segment import Segment
from tests.support.forked import Forked
from tests.support.given import event, group, lines, outcome, result
from tests.support.world import World

DAY = 86_400_000_000


def waiting(world: World) -> list[QuarantineEntry]:
    """Return what is in quarantine."""
    with world.opened() as (log, _), log.reading() as connection:
        return quarantine.entries(connection)


def content(world: World, number: int) -> bytes:
    """Return the bytes of an entry."""
    with world.opened() as (log, _), log.reading() as connection:
        return b"".join(quarantine.content(connection, number))


def without(value: dict[str, Any], part: str, field: str) -> dict[str, Any]:
    """Return an event without one field."""
    return {**value, part: {name: item for name, item in value[part].items() if name != field}}


REASONS: dict[str, tuple[Any, str]] = {
    "no JSON": ("nonsense", "not JSON: "),
    "cut off": (lines(outcome("7", "2025-01-01"))[:-20], "the JSON value is cut off"),
    "not UTF-8": (b'{"metadata": "\xff"}', "not JSON: "),
    "text": ('"hello"', "not an event: expected a JSON object, got text"),
    "a number": ("5", "not an event: expected a JSON object, got a number"),
    "null": ("null", "not an event: expected a JSON object, got null"),
    "true": ("true", "not an event: expected a JSON object, got true or false"),
    "an array": ("[1]", "not an event: expected a JSON object, got an array"),
    "an empty object": ({}, 'not an event: no object under "metadata" or "attributes"'),
    "metadata of a wrong type": ({"metadata": [1]}, 'not an event: no object under "metadata" or "attributes"'),
    "a blank name": (event(" ", "2025-01-01", {}), "no event_name in the metadata"),
    "a name of a wrong type": (event(5, "2025-01-01", {}), "no event_name in the metadata"),  # type: ignore[arg-type]
    "a blank tenant": (event("x", "2025-01-01", {}, tenant=""), "no tenant: "),
    "no time": (
        without(group("1", "2025-01-01"), "metadata", "event_time"),
        "learning_outcome_group_created: metadata.event_time is absent",
    ),
    "no such day": (group("1", "2025-02-30"), "metadata.event_time cannot be '2025-02-30'"),
    "a time of an unknown event": (event("x", "soon", {}), "x: metadata.event_time cannot be 'soon'"),
    "a result of 2019 without id": (
        without(result("1", "2019-11-05 07:38:00 -0800"), "body", "id"),
        "learning_outcome_result_created: body.id is absent",
    ),
    "an empty id": (outcome("", "2025-01-01"), "body.learning_outcome_id cannot be ''"),
    "a broken id": (outcome("7", "2025-01-01", learning_outcome_id=7.5), "body.learning_outcome_id cannot be 7.5"),
    "a score in words": (result("1", "2025-01-01", percent="most"), "body.percent cannot be 'most'"),
    "a day ahead and more": (
        group("1", "2026-01-11T12:00:00.001Z"),
        "event_time 2026-01-11T12:00:00.001Z is more than",
    ),
}


@pytest.mark.parametrize("name", REASONS)
def test_it_is_kept_byte_for_byte_with_where_and_why(world: World, name: str) -> None:
    """Every way not to be an event: the bytes as they came, the source, the line and the reason, and no damage else."""
    given, reason = REASONS[name]
    report = world.take(group("8", "2025-01-01"), "", lines(given) + b"\r", group("9", "2025-01-01"))
    assert (report.read, report.appended, report.quarantined, report.duplicates) == (3, 2, 1, 0)
    (entry,) = waiting(world)
    assert content(world, entry.number) == lines(given)
    assert (entry.source, entry.line, entry.bytes, entry.times) == ("given", 3, len(lines(given)), 1)
    assert entry.reason.startswith(reason) or reason in entry.reason


def test_exactly_a_day_ahead_is_still_taken(world: World) -> None:
    """Clocks of servers differ; the bound is one day, to the microsecond."""
    assert world.take(group("1", "2026-01-11T12:00:00Z")).appended == 1
    assert world.take(group("1", "2026-01-11T12:00:00.000001Z")).quarantined == 1


def test_the_same_bytes_again_are_counted(world: World) -> None:
    """One entry: how often, first and last when, and where it was seen first."""
    world.take("nonsense", "nonsense")
    world.clock += DAY
    assert world.take("", "", "nonsense", "other nonsense").quarantined == 2
    first, other = waiting(world)
    assert (first.times, first.line, first.first_seen, first.last_seen) == (3, 1, world.clock - DAY, world.clock)
    assert first.all_places() == [("given", 1), ("given", 2), ("given", 3)]
    assert (other.times, content(world, other.number)) == (1, b"other nonsense")


def test_it_comes_with_its_batch_or_not_at_all(world: World) -> None:
    """What follows the log fails: the batch is in, with its quarantine; the report of a batch is the whole of it."""

    class Failing(ReadModel):
        def apply(self, _appended: object) -> None:
            raise RuntimeError

    with world.opened() as (log, _):
        run = Ingest(world.home, log, lambda: world.clock, Failing(world.home, log))
        with pytest.raises(RuntimeError):
            run.take_segments([Segment(b"x", 1, reason="no"), Segment(b"{}", 2, group("1", "2025-01-01"))], "here")
        assert log.head == 1
    assert [entry.source for entry in waiting(world)] == ["here"]


def test_reasons_stay_short_whatever_came(world: World) -> None:
    """A name, a time or an id of megabytes is in the bytes, not in the message."""
    huge = "x" * (1 << 20)
    values = [
        without(event(huge, "2025-01-01", {}), "metadata", "event_time"),
        group("1", huge),
        group(huge, "2025-01-01"),
        event("x", "2025-01-01", {}, user_id={"a": huge}),
        f"{huge}",
    ]
    assert world.take(*values).quarantined == len(values)
    entries = waiting(world)
    assert max(len(entry.reason) for entry in entries) <= 600
    assert [content(world, entry.number) for entry in entries] == [lines(value) for value in values]


@pytest.mark.parametrize("chunk", [1 << 16, 1 << 20])
def test_events_that_are_too_long_are_kept_whole(world: World, chunk: int) -> None:
    """Over 8 MiB, alone or several in one array: every byte, in parts of at most a MiB; just below is an event."""
    room = (8 << 20) - len(lines(group("1", "2025-01-01", title="")))
    fits, long = group("1", "2025-01-01", title="x" * room), group("2", "2025-01-01", title="y" * (room + 1))
    longer = group("3", "2025-01-01", title="z" * (10 << 20))
    report = world.take(lines([fits, long, longer, group("4", "2025-01-01")]), chunk=chunk)
    assert (report.appended, report.quarantined) == (2, 2)
    assert world.raw_log() == [lines(fits), lines(group("4", "2025-01-01"))]
    entries = waiting(world)
    assert [entry.reason for entry in entries] == ["longer than 8 MiB"] * 2
    assert [content(world, entry.number).strip(b", ") for entry in entries] == [lines(long), lines(longer)]


def test_a_retry_takes_what_has_become_an_event(world: World) -> None:
    """What was too far ahead is taken once its day has come, from its first source; what is still none stays."""
    ahead = [group(str(number), f"2026-01-{20 + number}") for number in range(3)]
    world.take(*ahead, "nonsense")
    report = world.retry()
    assert (report.read, report.appended, report.quarantined) == (3, 0, 3)
    world.clock += 10 * DAY  # 20 January: two of the three are at most a day ahead
    report = world.retry()
    assert (report.read, report.appended, report.quarantined, report.head) == (3, 2, 1, 2)
    assert world.raw_log() == [lines(value) for value in ahead[:2]]
    assert [content(world, entry.number) for entry in waiting(world)] == [lines(ahead[2]), b"nonsense"]
    with world.opened() as (log, _), log.reading() as connection:
        assert {batch.source for batch in log.batches()} == {"given"}
        taken = quarantine.find(connection, 1)
    assert taken is not None
    assert taken.taken_at == world.clock
    assert content(world, 1) == lines(ahead[0])


def test_a_retry_tells_the_reason_of_today(world: World) -> None:
    """An entry that an older version refused is kept with the words of this one."""
    with world.opened() as (log, _), log.writing() as connection:
        quarantine.put(connection, Segment(b'{"metadata": {}}', 4), "old.ndjson", "words of an older version", 1)
    world.retry()
    (entry,) = waiting(world)
    assert (entry.reason, entry.source, entry.line) == ("no event_name in the metadata", "old.ndjson", 4)


def test_a_retry_knows_what_is_in_the_log_by_now(world: World) -> None:
    """An event that came again and was taken meanwhile is a duplicate, and leaves the quarantine."""
    ahead = group("1", "2026-01-20")
    world.take(ahead)
    world.clock += 15 * DAY
    world.take(b" " + orjson.dumps(ahead, option=orjson.OPT_SORT_KEYS))
    report = world.retry()
    assert (report.appended, report.duplicates, report.quarantined) == (0, 1, 0)
    assert waiting(world) == []


def test_what_a_retry_took_is_back_when_it_is_refused_again(world: World) -> None:
    """Taken once does not mean taken for ever: the clock was wrong, and the same bytes come again."""
    world.take(group("1", "2026-01-20"))
    world.clock += 15 * DAY
    world.retry()
    assert waiting(world) == []
    world.clock -= 15 * DAY
    world.take(group("1", "2026-01-20"), trusts_clock=True)
    assert [(entry.times, entry.taken_at) for entry in waiting(world)] == [(2, None)]


def test_a_stretch_with_several_events_in_it_is_taken_in_parts(world: World) -> None:
    """A version that split worse quarantined them together: the good ones are appended, and it stays for the rest."""
    together = lines(group("1", "2025-01-01")) + b" nonsense " + lines(group("2", "2025-01-01"))
    with world.opened() as (log, _), log.writing() as connection:
        quarantine.put(connection, Segment(together, 1), "old.ndjson", "two in one", 1)
    report = world.retry()
    assert (report.read, report.appended, report.quarantined) == (3, 2, 1)
    assert world.raw_log() == [lines(group("1", "2025-01-01")), lines(group("2", "2025-01-01"))]
    (entry,) = waiting(world)
    assert entry.reason.startswith("not JSON")
    assert content(world, entry.number) == together
    # This version has read it; only another one would once more.
    assert world.retry().read == 0


def test_a_retry_reads_what_another_version_refused_and_no_more(world: World) -> None:
    """What this version could not read it cannot read a second time; what an older one left is read once."""
    with world.opened() as (log, _), log.writing() as connection:
        quarantine.put(connection, Segment(b"nonsense", 1), "old.ndjson", "words of an older version", 1)
    world.take("other nonsense", *(f"nonsense {number}" for number in range(20)))
    assert world.retry().read == 1
    assert [world.retry().read for _ in range(2)] == [0, 0]
    assert len(waiting(world)) == 22


def test_what_is_dismissed_is_out_of_the_counts_and_in_the_record(tmp_path: Path) -> None:
    """By number or by source, with a reason; its bytes can be shown, and when it comes again it stays dismissed."""
    home = Forked(tmp_path / "home")
    junk = tmp_path / "junk.log"
    junk.write_bytes(b"one\ntwo\n")
    home("ingest", str(junk))
    home("ingest", stdin=b"three\nfour\ntwo\n")
    assert home.json("quarantine", "dismiss", "3", "--reason", "a test of ours") == {"dismissed": 1}
    assert [entry["number"] for entry in home.json("quarantine", "list")] == [1, 2, 4]
    assert home.json("quarantine", "dismiss", "--source", str(junk), "--reason", "another program's log")
    assert [entry["number"] for entry in home.json("quarantine", "list")] == [4]
    assert home.json("status")["quarantined"] == 1
    (shown,) = home.json("quarantine", "show", "2")
    assert (shown["content"], shown["dismissed_because"]) == ("two", "another program's log")
    assert shown["places"] == [{"source": str(junk), "line": 1 + 1}, {"source": "stdin", "line": 3}]
    home("ingest", str(junk))
    assert home.json("status")["quarantined"] == 1
    assert home("verify", "--all").code == 0


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--reason", "x"), "say which entries"),
        (("1", "--source", "stdin", "--reason", "x"), "say which entries"),
        (("1", "--reason", " "), "and why"),
        (("7", "--reason", "x"), "no entry 7 waits in quarantine"),
        (("1",), "Missing option '--reason'"),
    ],
)
def test_a_dismissal_says_what_and_why(tmp_path: Path, arguments: tuple[str, ...], words: str) -> None:
    """Otherwise nothing is done: one line, exit 2."""
    home = Forked(tmp_path / "home")
    home("ingest", stdin=b"nonsense")
    ran = home("quarantine", "dismiss", *arguments)
    assert (ran.code, ran.err.count("\n")) == (2, 1)
    assert words in ran.err
    assert home.json("status")["quarantined"] == 1
