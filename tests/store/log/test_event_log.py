"""The log itself: bytes as they came, repeats across runs and spellings, collisions, the chain, and what it refuses."""

import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterable
from contextlib import closing
from hashlib import sha256
from pathlib import Path
from typing import Any

import orjson
import pytest

from outcomes.domain.catalog import parse_event
from outcomes.domain.errors import HomeUnavailable
from outcomes.domain.identity import EntityRef, Kind
from outcomes.domain.times import Micros, parse_argument
from outcomes.projections.views.extract import extract_row
from outcomes.store.encoding.arrival import Arrival, Arrivals, arrival_of
from outcomes.store.log.event_log import EventLog
from outcomes.store.sources.segment import Segment
from tests.support.command import ROOT
from tests.support.given import OTHER_TENANT, TENANT, event, group, lines, outcome, result
from tests.support.world import World

MAPS = EntityRef(TENANT, Kind.OUTCOME, "7")


def plain(world: World, query: str) -> list[Any]:
    """Ask log.db as anyone may, without our code."""
    with closing(sqlite3.connect(world.home.log_path)) as connection:
        return connection.execute(query).fetchall()


def arrival(value: dict[str, Any], digest: bytes) -> Arrival:
    """Return an event as it comes to the log, under a digest of the test's choice."""
    return arrival_of(Segment(orjson.dumps(value), 1), digest, parse_event(value), extract_row)


def append(log: EventLog, arrivals: Iterable[Arrival], now: Micros = 0) -> list[int]:
    """Append one batch; return the positions given."""
    with log.writing() as connection:
        return list(log.append(connection, Arrivals.of(arrivals), "test", now).positions)


# -- what is kept -------------------------------------------------------------------------------------------------


def test_every_byte_is_kept(world: World) -> None:
    """White space, key order, number forms, escapes and unknown fields: what comes out is what came in."""
    as_sent = [
        b'{ "body":{"title":"\\u00e9\\/ \xc3\xa9", "learning_outcome_group_id" : 7.0, "n":[1e2, -0.0]},\t"metadata":'
        + orjson.dumps(group("7", "2025-01-01")["metadata"])
        + b" }",
        orjson.dumps(group("8", "2025-01-01"), option=orjson.OPT_INDENT_2),
        orjson.dumps(
            {"metadata": group("9", "2025-01-01")["metadata"], "body": {"learning_outcome_group_id": "9"}, "x": 1}
        ),
    ]
    assert world.take(b"  " + b"\r\n".join(as_sent) + b"\n").appended == 3
    assert world.raw_log() == as_sent


def test_each_event_has_its_place_its_time_and_its_source(world: World) -> None:
    """Positions count from 1; the batch says when it was recorded and from where."""
    world.take(group("1", "2025-01-01"), group("2", "2025-01-01"))
    world.clock += 5_000_000
    world.take(group("3", "2024-01-01"))
    with world.opened() as (log, _):
        batches = [(b.first_position, b.last_position, b.recorded_at, b.source) for b in log.batches()]
        assert batches == [(1, 2, world.clock - 5_000_000, "given"), (3, 3, world.clock, "given")]
        assert [record.position for record in log.records(after=1, upto=2)] == [2]
        assert [record.position for record in log.records_at([3, 1])] == [3, 1]
    assert plain(world, "SELECT position, length(content_hash) FROM stored_events ORDER BY 1") == [
        (1, 16),
        (2, 16),
        (3, 16),
    ]


ENVELOPES: dict[str, dict[str, Any]] = {
    "metadata": group("7", "2025-01-01"),
    "attributes": {"attributes": group("7", "2025-01-01")["metadata"], "body": group("7", "2025-01-01")["body"]},
    "an id as a number": group("7", "2025-01-01", learning_outcome_group_id=7),
    "an id as a whole float": group("7", "2025-01-01", learning_outcome_group_id=7.0),
    "milliseconds": group("7", "2025-01-01T00:00:00.000Z"),
    "no offset": group("7", "2025-01-01T00:00:00"),
    "an offset": group("7", "2025-01-01T05:30:00+05:30"),
    "a space before the offset": group("7", "2024-12-31 16:00:00 -0800"),
    "UTC in words": group("7", "2025-01-01 00:00:00 UTC"),
}


@pytest.mark.parametrize("name", ENVELOPES)
def test_every_spelling_of_an_envelope_is_the_same_entity_and_instant(world: World, name: str) -> None:
    """Envelope under either name, ids as text or number, times in any form that Canvas writes."""
    assert world.take(ENVELOPES[name]).appended == 1
    with world.opened() as (log, _):
        found = log.load(EntityRef(TENANT, Kind.GROUP, "7"))
    assert found is not None
    assert found.event_time == 1_735_689_600_000_000  # 2025-01-01T00:00:00Z


def test_unknown_names_are_stored_and_counted(world: World) -> None:
    """An event of a name that nothing projects is kept like any other, once."""
    unknown = event("quiz_caffeinated", "2025-01-01", {"quiz": 1})
    report = world.take(unknown, group("1", "2025-01-01"), unknown)
    assert (report.appended, report.duplicates, report.unprojected, report.quarantined) == (2, 1, 1, 0)
    assert world.raw_log()[0] == lines(unknown)


# -- repeats and collisions ---------------------------------------------------------------------------------------


def test_a_repeat_is_known_across_runs_and_spellings(world: World) -> None:
    """The same event in other JSON is a duplicate, in the same batch and in a later run; the first bytes stay."""
    first = outcome("7", "2025-01-01", mastery=3)
    respelled = orjson.dumps(outcome("7", "2025-01-01", mastery=3.0), option=orjson.OPT_INDENT_2 | orjson.OPT_SORT_KEYS)
    assert world.take(first, respelled).duplicates == 1
    report = world.take(respelled, outcome("8", "2025-01-01"), first)
    assert (report.read, report.appended, report.duplicates, report.head) == (3, 1, 2, 2)
    assert world.raw_log() == [lines(first), lines(outcome("8", "2025-01-01"))]


def test_what_differs_in_a_detail_is_another_event(world: World) -> None:
    """Same entity, same time: another request, another tenant or another score is not a repeat."""
    values = [
        result("7", "2025-01-01", score=4),
        result("7", "2025-01-01", score=5),
        result("7", "2025-01-01", score=4, meta={"request_id": "another"}),
        result("7", "2025-01-01", score=4, meta={"tenant": OTHER_TENANT}),
        result("7", "2025-01-01", score=4, updated="2025-01-01"),
    ]
    assert world.take(*values, *values).appended == 5


def test_collisions_keep_every_event_and_every_repeat_is_known(world: World) -> None:
    """Three events under one key, and a fourth on the key that one of them moved to: all kept, once, in any batches."""
    same, beside = bytes.fromhex("1fffff"), bytes.fromhex("000000")  # the last hash there is, and where it wraps to
    events = [
        arrival(group("1", "2025-01-01", title=str(number)), digest + bytes([number]) * 13)
        for number, digest in enumerate([same, same, same, beside])
    ]
    with world.opened() as (log, _):
        assert append(log, events[:2]) == [1, 2]
        assert append(log, events) == [3, 4]
        assert append(log, reversed(events)) == []
        assert append(log, [events[3], events[3], events[1]]) == []
        assert {log.raw(record) for record in log.records()} == {item.raw for item in events}
        history = log.history(EntityRef(TENANT, Kind.GROUP, "1"))
        assert [recorded.digest for recorded in history] == sorted(item.digest for item in events)


def test_collisions_inside_one_batch_get_positions_without_a_gap(world: World) -> None:
    """Also when repeats stand between them; what is returned is what was stored where."""
    one, two = (arrival(group("1", "2025-01-01", title=title), b"abc" + title.encode() * 13) for title in "xy")
    other = arrival(group("2", "2025-01-01"), b"z" * 16)
    with world.opened() as (log, _), log.writing() as connection:
        appended = log.append(connection, Arrivals.of([one, one, two, other, two, one]), "test", 0)
    with world.opened() as (log, _):
        assert list(appended.positions) == [1, 2, 3]
        assert dict(zip(appended.positions, appended.arrivals.raws, strict=True)) == {
            record.position: log.raw(record) for record in log.records()
        }


# -- any point ----------------------------------------------------------------------------------------------------


def test_one_entity_at_any_time_as_known_at_any_position(world: World) -> None:
    """A late event belongs where it happened, and was not known before it came."""
    world.take(
        outcome("7", "2025-01-01", title="Maps"), outcome("7", "2025-03-01", updated="2025-03-01", title="Atlases")
    )
    world.take(outcome("7", "2025-02-01T00:00:00.500Z", updated="2025-02-01", title="Charts"))

    def title(as_of: str | None, known_at: int | None) -> str | None:
        with world.opened() as (log, _):
            cut = None if as_of is None else parse_argument(as_of)
            found = log.load(MAPS, as_of=cut, known_at=known_at)
            assert len(log.history(MAPS, as_of=cut, known_at=known_at)) == (found.events if found else 0)
        return found.state()["title"] if found else None

    assert title(None, None) == "Atlases"
    assert title("2025-02-15", None) == "Charts"
    assert title("2025-02-15", 2) == "Maps"
    assert title("2025-02-01T00:00:00.500Z", None) == "Charts"
    assert title("2025-02-01T00:00:00.499999Z", None) == "Maps"
    assert title("2024-12-31", None) is None
    assert title(None, 1) == "Maps"
    assert title(None, 0) is None


def test_the_cut_is_finer_than_a_millisecond(world: World) -> None:
    """Microseconds count, although keys hold milliseconds only."""
    world.take(outcome("7", "2025-01-01T00:00:00.000100Z", title="a"))
    world.take(outcome("7", "2025-01-01T00:00:00.000200Z", title="b"))
    with world.opened() as (log, _):
        found = log.load(MAPS, as_of=parse_argument("2025-01-01T00:00:00.000150Z"))
        assert found is not None
        assert found.state()["title"] == "a"
        assert log.load(MAPS, as_of=parse_argument("2025-01-01T00:00:00.000050Z")) is None


def test_what_nobody_named_is_unknown(world: World) -> None:
    """An id, a kind or a tenant that the log does not have is no error."""
    world.take(outcome("7", "2025-01-01"))
    with world.opened() as (log, _):
        for ref in (MAPS._replace(id="8"), MAPS._replace(kind=Kind.GROUP), MAPS._replace(tenant="nobody")):
            assert log.load(ref) is None
            assert log.history(ref) == []


# -- what ties it together ----------------------------------------------------------------------------------------


def test_the_chain_can_be_computed_by_anyone(world: World) -> None:
    """Each batch's hash is SHA-256 of the one before, of the ledger so far, its row, and every column of its events."""
    world.take(group("1", "2025-01-01"), group("1", "2025-01-01"), group("2", "2025-01-01"))
    world.clock += 1_000_000
    world.take(group("3", "2025-01-01"))
    world.take(group("3", "2025-01-01"))
    chain = bytes(32)
    batches = plain(world, "SELECT first_position, last_position, recorded_at, max_event_time, chain FROM batches")
    assert len(batches) == 2
    for first, last, recorded_at, newest, stored in batches:
        events = plain(
            world,
            "SELECT content_hash, state, originator_version, originator_id, topic FROM stored_events "
            f"WHERE position BETWEEN {first} AND {last} ORDER BY position",
        )
        said = f"{first}|{last}|{recorded_at}|{newest}|5|given".encode()
        for column in (3, 4):
            said += b"".join(len(event[column]).to_bytes(4, "big") for event in events)
            said += "".join(event[column] for event in events).encode()
        said += b"".join(event[2].to_bytes(8, "big") for event in events)
        said += b"".join(event[0] for event in events)
        said += b"".join(len(event[1]).to_bytes(4, "big") for event in events)
        said += b"".join(event[1] for event in events)
        entry = f"(SELECT number - 1 FROM ledger WHERE subject = 'batches/{last}')"
        ((rows,),) = plain(world, f"SELECT chain FROM ledger WHERE number = {entry}")
        chain = sha256(b"outcomes chain 3" + chain + rows + said).digest()
        assert chain == stored


PLACE = "position, originator_id, originator_version, topic, state"
FORGED = {
    "another event in its place": f"stored_events SELECT {PLACE}, zeroblob(16) FROM stored_events WHERE position = 2",
    "its place given up": f"stored_events SELECT 9, {PLACE[10:]}, content_hash FROM stored_events WHERE position = 2",
    "recorded at another time": (
        "batches SELECT last_position, first_position, recorded_at + 1, source, max_event_time, chain FROM batches"
    ),
}


@pytest.mark.parametrize("name", FORGED)
def test_what_slips_past_the_database_is_found_by_verify(world: World, name: str) -> None:
    """Whoever has the file can change it in the end; nobody can without its showing."""
    world.take(group("1", "2025-01-01"), group("2", "2025-01-01"), group("3", "2025-01-01"))
    assert world.verify()["problems"] == []
    with closing(sqlite3.connect(world.home.log_path)) as connection:
        for (trigger,) in connection.execute("SELECT name FROM sqlite_schema WHERE type = 'trigger'").fetchall():
            connection.execute(f"DROP TRIGGER {trigger}")
        connection.execute(f"INSERT OR REPLACE INTO {FORGED[name]}")
        connection.commit()
    assert world.verify()["problems"] != []


def test_recorded_time_follows_the_clock_forward_only(world: World) -> None:
    """After a step back the last time stands until the clock has passed it."""
    start = world.clock
    for number, step in enumerate([0, -3_600_000_000, 3_599_000_000, 2_000_000]):
        world.clock += step
        world.take(group(str(number), "2025-01-01"))
    with world.opened() as (log, _):
        assert [batch.recorded_at - start for batch in log.batches()] == [0, 0, 0, 1_000_000]


# -- how it opens -------------------------------------------------------------------------------------------------


def test_stray_variables_do_not_reconfigure_the_log(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The library reads its environment; the truth does not depend on who set what there."""
    strays = {
        "PERSISTENCE_MODULE": "eventsourcing.popo",
        "OUTCOMES_PERSISTENCE_MODULE": "eventsourcing.popo",
        "SQLITE_DBNAME": str(tmp_path / "elsewhere.db"),
        "CREATE_TABLE": "n",
        "COMPRESSOR_TOPIC": "zlib",
        "CIPHER_TOPIC": "nowhere:Cipher",
        "AGGREGATE_CACHE_MAXSIZE": "10",
        "IS_SNAPSHOTTING_ENABLED": "y",
    }
    for name, value in strays.items():
        monkeypatch.setenv(name, value)
    world = World(tmp_path / "home")
    world.take(outcome("7", "2025-02-01", title="b"))
    with world.opened() as (log, _):
        assert log.load(MAPS) is not None
    world.take(outcome("7", "2025-01-01", title="a"))
    assert plain(world, "SELECT count(*) FROM stored_events") == [(2,)]
    assert not (tmp_path / "elsewhere.db").exists()


def test_a_newer_format_is_refused_and_not_touched(world: World) -> None:
    """The message says what to do; the file stays as it is."""
    world.home.create()
    with closing(sqlite3.connect(world.home.log_path)) as connection:
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("CREATE TABLE properties (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID")
        connection.execute("INSERT INTO properties VALUES ('format', '4')")
        connection.commit()
    with pytest.raises(HomeUnavailable, match="format 4, made by a newer version; this one knows 3: upgrade"):
        world.home.open_log()


def test_reading_does_not_make_a_log(world: World) -> None:
    """A question in a folder without a log is an error that says so, and leaves no file behind."""
    with pytest.raises(HomeUnavailable, match=r"no log at .*log\.db: ingest events first"):
        world.home.open_log()
    assert not world.home.folder.exists()


def test_only_the_owner_can_read_the_log(world: World) -> None:
    """Events name people: neither the folder nor the files are for others."""
    world.take(group("1", "2025-01-01"))
    for path in [world.home.folder, *world.home.folder.iterdir()]:
        assert path.stat().st_mode & 0o077 == 0, path


# -- killed -------------------------------------------------------------------------------------------------------


def test_a_process_killed_in_the_middle_leaves_whole_batches(world: World, tmp_path: Path) -> None:
    """SIGKILL once a batch is in and others are coming: what is there is whole, and the next run adds the rest."""
    events = [
        lines(group(str(number % 40), f"2025-01-01T{number // 3600:02}:{number // 60 % 60:02}:{number % 60:02}Z"))
        for number in range(12_003)
    ]
    data = b"\n".join([*events, b""])
    command = [sys.executable, "-m", "outcomes", "--home", str(world.home.folder), "ingest", "-"]
    with subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as run:
        assert run.stdin is not None
        run.stdin.write(data)  # and no end of it: the process would wait for more
        run.stdin.flush()
        until = time.monotonic() + 30
        while not (world.home.log_path.exists() and has_events(world)) and time.monotonic() < until:
            time.sleep(0.005)
        run.kill()
    with world.opened() as (log, _):
        batches = log.batches()
        assert [batch.first_position for batch in batches] == [1, *(batch.last_position + 1 for batch in batches[:-1])]
        assert 0 < batches[-1].last_position == log.head < len(events)
        assert [log.raw(record) for record in log.records()] == events[: log.head]
    assert world.verify()["problems"] == []
    world.take(data, trusts_clock=True)  # the command had the real clock, which is ahead of the tests'
    calm = World(tmp_path / "calm")
    calm.take(data)
    assert world.digest() == calm.digest()
    assert world.raw_log() == calm.raw_log() == events


def has_events(world: World) -> bool:
    """Say whether a batch is in; while the log is being made there is no table to ask."""
    try:
        return plain(world, "SELECT count(*) FROM batches") != [(0,)]
    except sqlite3.OperationalError:
        return False
