"""Input that nobody would send, and some would: all of it is told, kept or refused, in bounded time and memory."""

import gzip
import json
import os
import socket
import threading
from collections import Counter
from pathlib import Path
from typing import Any

import orjson
import pytest
import zstandard
from hypothesis import given, settings
from hypothesis import strategies as st

from outcomes.store.log import quarantine
from outcomes.store.sources.json_splitter import split
from tests.support import given as make
from tests.support.forked import Forked, Given
from tests.support.given import group, lines, outcome, result
from tests.support.world import World, fresh_world

MIB = 1 << 20
NUMBERS = [
    "1e400",
    "-1e400",
    "NaN",
    "Infinity",
    "-0.0",
    "1e308",
    "-1e308",
    "5e-324",
    str(2**63),
    str(-(2**63) - 1),
    str(2**64),
    "9" * 400,
    f'"{"9" * 5_000}"',
    f'"/users/{"9" * 5_000}"',
    "0.1e-7",
    "007",
    "1.",
    "0x10",
    "1_000",
]
TEXTS = [
    '"\\u0000"',
    '"\\ud800"',
    '"\\udc00\\ud800"',
    '"\\u202e\\u2066"',
    '"<script>alert(1)</script>"',
    '"\\u001b[2J"',
    '"\'; DROP TABLE results;--"',
    '"%s%n"',
    '"\\ufeff"',
    '"1e400"',
    '"2025-02-30"',
    '""',
    '"\\ud83d\\ude00"',
]
OTHERS = ["null", "true", "[]", "{}", "[[[]]]", '{"":{}}', '{"a":1,"a":2}']
NAMES = [
    "event_name",
    "event_time",
    "root_account_uuid",
    "learning_outcome_id",
    "title",
    "context_id",
    "id",
    "score",
    "percent",
    "possible",
    "updated_at",
    "mastery_points",
    "user_uuid",
    "artifact_id",
    "calculation_int",
    "root_account_id",
    "user_id",
    "url",
]
SEEDS = [
    lines(outcome("7", "2025-01-01T08:00:00.123Z", updated="2025-01-01")),
    lines(group("1", "2025-01-01", parent="2")),
    lines(result("50", "2025-02-01")),
    lines(make.link("3", "2025-01-03", outcome="7", group="1")),
    lines(make.proficiency("1", "2025-01-01")),
    lines(make.rubric_assessed("950", "2025-01-01", submitted="2025-01-01")),
    lines(make.course("200", "2025-01-01")),
    lines(make.event("nobody_knows", "2025-01-01", {"a": 1})),
]


@st.composite
def values(draw: st.DrawFn) -> bytes:
    """An event some of whose values are replaced, in its text, by what may not be JSON at all."""
    raw: Any = orjson.loads(draw(st.sampled_from(SEEDS)))
    marks: dict[str, str] = {}
    for index in range(draw(st.integers(0, 3))):
        part = raw[draw(st.sampled_from(["metadata", "body"]))]
        mark = f"@{index}@"
        part[draw(st.sampled_from([*part, *NAMES]))] = mark
        marks[f'"{mark}"'] = draw(st.sampled_from([*NUMBERS, *TEXTS, *OTHERS]))
    text = json.dumps(raw)
    for mark, value in marks.items():
        text = text.replace(mark, value)
    return text.encode()


@st.composite
def streams(draw: st.DrawFn) -> bytes:
    """Events, spoiled ones, bytes and brackets, with any or no separator between them, cut anywhere."""
    segment = (
        values()
        | st.sampled_from(SEEDS)
        | st.binary(max_size=30)
        | st.text('{}[]",:\\ \n', max_size=20).map(str.encode)
    )
    glue = draw(st.sampled_from([b"\n", b"", b",", b"\r\n", b"\x1e", b" ", b"\0", b"\n\n,"]))
    data = glue.join(draw(st.lists(segment, max_size=8)))
    data = draw(st.sampled_from([b"", b"[", b"\xef\xbb\xbf", b"{", b'"'])) + data
    return data[: draw(st.integers(0, len(data)))] if draw(st.booleans()) else data


def meaning(data: bytes) -> Counter[int]:
    """Count the bytes that are not between values: white space, commas, an array's brackets, the mark at the start."""
    return Counter(data.translate(None, b" \t\r\n\x1e,[]\xef\xbb\xbf\0"))


def kept(world: World, *, repeated: bool = False) -> bytes:
    """Return all that a home holds of what came, events and quarantine; what came several times as often if asked."""
    with world.opened() as (log, _), log.reading() as connection:
        waiting = [
            b"".join(quarantine.content(connection, entry.number))
            for entry in quarantine.entries(connection)
            for _ in range(entry.times if repeated else 1)
        ]
        return b"\0".join([*(log.raw(record) for record in log.records()), *waiting])


def ask_everything(world: World) -> None:
    """Ask each kind of question of every tenant through the public functions; the proof holds."""
    with world.opened() as (log, _):
        tenants = list(log.tenants())
    for tenant in tenants:
        for context in ("Account:1", "Course:200", "Global"):
            json.dumps(world.tree(context, tenant=tenant, include_deleted=True), allow_nan=False)
        json.dumps([entry.as_json() for entry in world.timeline(tenant=tenant)], allow_nan=False)
    assert world.verify()["problems"] == []


@given(streams(), st.integers(1, 64))
def test_nothing_is_lost_whatever_comes(data: bytes, chunk: int) -> None:
    """Read is appended, duplicates and quarantined; every byte that means something is there; the proof holds."""
    with fresh_world() as world:
        report = world.take(data, chunk=chunk)
        assert report.read == report.appended + report.duplicates + report.quarantined
        if report.duplicates == 0:
            # Pieces do not overlap, so every byte that is no separator is in exactly one of them; but what a log writes
            # before an event is no part of it.
            prefixes = b"".join(segment.prefix for segment in split([data]) if segment.reason is None)
            there = meaning(kept(world, repeated=True))
            assert there <= meaning(data) <= there + meaning(prefixes)
        ask_everything(world)


@given(st.lists(values(), min_size=1, max_size=12))
def test_each_odd_event_is_there_verbatim(events: list[bytes]) -> None:
    """One value a line, each stands whole in the log or in quarantine, or is a repeat of one that does."""
    with fresh_world() as world:
        report = world.take(*events)
        assert report.read == len(events)
        there = set(kept(world).split(b"\0"))
        assert sum(event not in there for event in events) <= report.duplicates
        ask_everything(world)
        again = world.take(*events)
        assert (again.appended, again.duplicates + again.quarantined) == (0, len(events))


@settings(max_examples=10)
@given(st.lists(values(), min_size=1, max_size=12))
def test_an_encrypted_home_takes_what_a_plain_one_takes(events: list[bytes]) -> None:
    """The same are events, repeats and refused, and come out as they came, however odd whom they name is spelled."""
    with fresh_world() as plain, fresh_world() as encrypted:
        encrypted.encrypt = True
        reports = [world.take(*events) for world in (plain, encrypted)]
        assert reports[0].as_json() | {"seconds": 0} == reports[1].as_json() | {"seconds": 0}
        assert kept(plain) == kept(encrypted)
        ask_everything(encrypted)


@pytest.mark.long
@settings(max_examples=settings().max_examples // 2)  # each is two processes
@given(st.binary(max_size=400), st.sampled_from(["gzip", "zstandard", "neither"]))
def test_bytes_on_the_command_line(data: bytes, packing: str) -> None:
    """Bytes, or what claims to be packed: an answer that adds up or one line, and a home that is whole."""
    head = {"gzip": b"\x1f\x8b\x08\0", "zstandard": b"\x28\xb5\x2f\xfd", "neither": b""}[packing]
    with fresh_world() as world:
        home = Forked(world.home.folder)
        ran = home("ingest", "--format", "json", stdin=head + data)
        assert ran.code in {0, 2}
        assert "defect" not in ran.err
        counts = ran.json()
        assert counts["read"] == counts["appended"] + counts["duplicates"] + counts["quarantined"]
        assert home("verify", "--all").code == 0


@pytest.mark.parametrize(
    "opening", ["[", '{"a":', '{"metadata":', '[{"metadata":{"a":[', '"\\', "{}", "[]", "},{", '"']
)
@pytest.mark.parametrize("end", ["", "\n"])
def test_nesting_without_end(tmp_path: Path, opening: str, end: str) -> None:
    """Ten thousand deep (a hundred thousand with OUTCOMES_EXAMPLES=thorough): refused in linear time, none lost."""
    home = Forked(tmp_path / "home")
    for depth in (10_000, 100_000) if os.environ.get("OUTCOMES_EXAMPLES") == "thorough" else (10_000,):
        data = ((opening + end) * depth).encode()
        ran = home("ingest", "--format", "json", stdin=data)
        assert ran.code == (2 if "was read up to line" in ran.err else 0), ran  # a thousand pieces are enough
        counts = ran.json()
        assert counts["read"] == counts["quarantined"]
        assert counts["read"] > 0 or opening in {"[", "[]"}  # nothing is in nothing but arrays
    assert home("quarantine", "list").code == 0
    assert home("verify").code == 0


def test_events_as_deep_as_they_may_be(tmp_path: Path) -> None:
    """A body nested so deep that no JSON writer follows is kept as it came; every question is still answered."""
    home = Forked(tmp_path / "home")
    deep = [
        lines(group("1", "2025-01-01", deep="@")).replace(b'"@"', b"[" * depth + b"]" * depth)
        for depth in (200, 1_000, 1_020, 1_500, 10_000)
    ]
    counts = home("ingest", "--format", "json", stdin=b"\n".join(deep)).json()
    assert counts["read"] == 5 == counts["appended"] + counts["quarantined"]
    assert counts["appended"] >= 2
    for question in (("timeline",), ("show", "group", "1"), ("blame", "group", "1"), ("verify", "--all"), ("log",)):
        for form in ("json", "table"):
            ran = home(*question, "--format", form)
            assert ran.code in {0, 2}, ran.err
            assert "defect" not in ran.err


def test_a_title_of_a_mebibyte(tmp_path: Path) -> None:
    """It is kept, told whole in JSON, and drawn."""
    home = Forked(tmp_path / "home")
    title = "<b>é\u202e</b>" * (MIB // 10)
    home("ingest", stdin=lines(group("1", "2025-01-01", title=title)))
    assert home.json("tree", "--context", "Account:1")["roots"][0]["title"] == title
    assert home("tree", "--context", "Account:1").code == 0
    assert home("timeline").code == 0


# -- bombs --------------------------------------------------------------------------------------------------------

BOMBS = {
    "one line of nothing known": b"x" * MIB,
    "empty lines": b"\n" * MIB,
    "a string without end": b'"' + b"a" * (MIB - 1),
    "an event with a title without end": b'{"metadata":{"event_name":"' + b"a" * (MIB - 27),
}


@pytest.mark.long
@pytest.mark.parametrize("packing", ["gzip", "zstandard"])
@pytest.mark.parametrize("name", BOMBS)
def test_bombs_stay_small_in_memory(tmp_path: Path, name: str, packing: str) -> None:
    """200 MiB in a few kilobytes take less than 160 MiB more than nothing does, at their worst moment."""
    first, rest = BOMBS[name], BOMBS[name][-1:] * MIB
    unpacked = [first, *[rest] * (9 if name == "empty lines" else 199)]  # a line is work, however empty
    path = tmp_path / "bomb"
    if packing == "gzip":
        with gzip.open(path, "wb", compresslevel=1) as file:
            file.writelines(unpacked)
    else:
        with path.open("wb") as file, zstandard.ZstdCompressor(level=1).stream_writer(file) as writer:
            for part in unpacked:
                writer.write(part)
    assert path.stat().st_size < MIB
    home = Forked(tmp_path / "home")
    idle = home.start("ingest", str(_empty(tmp_path)))
    idle.finish()
    run = home.start("ingest", str(path), "--format", "json")
    ran = run.finish()
    assert ran.code == 0, ran
    assert run.peak - idle.peak < 160 * MIB
    assert home("verify").code == 0
    counts = ran.json()
    assert counts["quarantined"] == (0 if name == "empty lines" else counts["read"] or 1)


def test_a_frame_that_asks_for_gigabytes_is_refused(tmp_path: Path) -> None:
    """A zstandard frame may claim a window of 2 GiB; nobody is given that."""
    # The fifth byte says that a window follows, the sixth that it is of 2 GiB (RFC 8878, 3.1.1.1).
    frame = b"\x28\xb5\x2f\xfd\x00\xa8" + b"\0" * 9
    home = Forked(tmp_path / "home")
    run = home.start("ingest", given=Given(stdin=frame))
    ran = run.finish()
    assert ran.code == 2
    assert "is damaged zstandard" in ran.err.splitlines()[-1]
    assert run.peak < 400 * MIB


# -- what a name may lead to --------------------------------------------------------------------------------------

FILE_NAMES = [
    b"with space",
    b"new\nline",
    b"-dash",
    b"\xff\xfe",
    "é\u202e".encode(),
    b"\x1b[31m",
    b"%s?mode=ro#x",
    b"a'b\"c",
    b"*",
]


@pytest.mark.parametrize("name", FILE_NAMES, ids=ascii)
def test_files_of_any_name(tmp_path: Path, name: bytes) -> None:
    """They are read, and named in quarantine so that one knows which; a name that is no text is spelled out."""
    path = tmp_path / os.fsdecode(name)
    path.write_bytes(lines(group("1", "2025-01-01"), "nonsense"))
    home = Forked(tmp_path / "home")
    counts = home("ingest", "--format", "json", "--", str(path)).json()
    assert (counts["appended"], counts["quarantined"]) == (1, 1)
    (entry,) = home.json("quarantine", "list")
    assert entry["source"] == os.fsencode(path).decode(errors="backslashreplace")
    assert home("verify", "--all").code == 0


def test_what_is_no_file(tmp_path: Path) -> None:
    """A folder and a socket are refused in words; a device and a pipe are read like anything else."""
    home = Forked(tmp_path / "home")
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(tmp_path / "socket"))
        for name, what in (
            (tmp_path, "is a folder"),
            (tmp_path / "socket", "is a socket"),
            ("nowhere", "does not exist"),
        ):
            ran = home("ingest", str(name))
            assert (ran.code, ran.err.count("\n"), f"it {what}: " in ran.err) == (2, 1, True), ran
    assert home("ingest", "/dev/null", "--format", "json").json()["read"] == 0
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    writer = threading.Thread(target=pipe.write_bytes, args=(gzip.compress(lines(group("1", "2025-01-01"))),))
    writer.start()
    assert home("ingest", str(pipe), "--format", "json").json()["appended"] == 1
    writer.join()


def test_a_pipe_that_nobody_writes_holds_nobody_up(tmp_path: Path) -> None:
    """It is waited for, as `cat` would; meanwhile others write and read."""
    home = Forked(tmp_path / "home")
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    waiting = home.start("ingest", str(pipe))
    assert home("ingest", stdin=lines(group("1", "2025-01-01"))).code == 0
    assert home("digest").code == 0
    pipe.write_bytes(lines(group("2", "2025-01-01")))
    assert waiting.finish().code == 0
    assert home.json("status")["head"] == 2


def _empty(folder: Path) -> Path:
    path = folder / "empty"
    path.write_bytes(b"")
    return path
