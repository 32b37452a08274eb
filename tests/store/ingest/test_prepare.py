"""Reading sources: every form that events come in, and damage that never stops the rest."""

import gzip
import json
import zlib
from pathlib import Path
from typing import Any

import orjson
import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st

from outcomes.domain.errors import UnreadableInput
from outcomes.store.sources.content import content_of
from outcomes.store.sources.files import open_source
from outcomes.store.sources.json_splitter import split
from outcomes.store.sources.segment import Segment
from tests.support.given import group, lines, outcome
from tests.support.world import World

EVENTS = [group(str(number), "2025-01-01", title='a}{"[,\n b') for number in range(5)]
FORMS = {
    "ndjson": b"\n".join(orjson.dumps(value) for value in EVENTS),
    "crlf": b"\r\n".join(orjson.dumps(value) for value in EVENTS) + b"\r\n",
    "array": orjson.dumps(EVENTS),
    "pretty array": json.dumps(EVENTS, indent=2).encode(),
    "array by lines": b"[\n" + b",\n".join(orjson.dumps(value) for value in EVENTS) + b"\n]\n",
    "glued": b"".join(orjson.dumps(value) for value in EVENTS),
    "pretty": b"\n".join(json.dumps(value, indent=1).encode() for value in EVENTS),
    "pretty glued": b"".join(json.dumps(value, indent=4).encode() for value in EVENTS),
    "with a byte order mark": b"\xef\xbb\xbf" + b"\n".join(orjson.dumps(value) for value in EVENTS),
    "text sequence": b"".join(b"\x1e" + orjson.dumps(value) + b"\n" for value in EVENTS),
}


def segments(data: bytes, chunk: int = 1 << 16) -> list[Segment]:
    """Split bytes that come in chunks."""
    return list(split(data[at : at + chunk] for at in range(0, len(data), chunk)))


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("chunk", [1, 7, 1000, 1 << 20])
def test_every_form_gives_the_same_events(form: str, chunk: int) -> None:
    """NDJSON, arrays, glued and pretty-printed objects, in reads of any size."""
    found = segments(FORMS[form], chunk)
    assert [segment.reason for segment in found] == [None] * 5
    assert [segment.value for segment in found] == EVENTS


GOOD = orjson.dumps(EVENTS[0]).decode()
DAMAGED = {
    "cut between tokens": ('{"metadata": {"event_name": "x"},', 1),
    "cut in a string": ('{"metadata": {"event_na', 1),
    "not JSON": ("nonsense", 1),
    "two of them": ('{"metadata": {"event_name": "x"},\nnonsense', 2),
    "a number": ("42", 1),
    "an array of numbers": ("[1, 2, 3]", 1),
    "arrays in an array": ("[[[", 1),
    "balanced but wrong": ('{"a": tru}', 1),
    "something behind an event": (GOOD + " and more", 1),
    "one cut, one glued to it": (GOOD[:40] + GOOD, 1),
    "a pretty one cut off": (json.dumps(EVENTS[1], indent=2)[:-30], 1),
}


@pytest.mark.parametrize("name", DAMAGED)
@pytest.mark.parametrize("chunk", [3, 1 << 20])
def test_damage_never_stops_the_rest(world: World, name: str, chunk: int) -> None:
    """What is damaged goes to quarantine, one by one; the events before and after it are taken."""
    damage, refused = DAMAGED[name]
    report = world.take(outcome("7", "2025-01-01"), damage, outcome("8", "2025-01-01"), chunk=chunk)
    assert report.quarantined == refused
    assert report.appended == (3 if GOOD in damage else 2)
    assert report.read == report.appended + report.quarantined


@given(st.binary(max_size=300) | st.text(alphabet='{}[]",:\\\n ab1', max_size=120).map(str.encode), st.integers(1, 50))
def test_nothing_is_dropped(data: bytes, chunk: int) -> None:
    """Whatever the bytes, all but white space and punctuation between values is in some segment."""
    between = b" \t\r\n,[]\x1e"
    kept = b"".join(b"".join(segment.chunks()) for segment in segments(data, chunk))
    missing = [byte for byte in set(data) - set(between) if kept.count(bytes([byte])) < data.count(bytes([byte]))]
    assert missing == [] or data.startswith(b"\xef\xbb\xbf")


def test_an_event_that_is_too_long_is_kept_in_quarantine(world: World) -> None:
    """Over 8 MiB: every byte is kept, the reason stays short, the events around it are taken."""
    long = orjson.dumps(group("1", "2025-01-01", title="x" * (9 << 20)))
    report = world.take(group("2", "2025-01-01"), long, group("3", "2025-01-01"))
    assert (report.appended, report.quarantined) == (2, 1)
    from outcomes.store.log import quarantine  # noqa: PLC0415 - next to its use

    with world.opened() as (log, _), log.reading() as connection:
        (entry,) = quarantine.entries(connection)
        assert b"".join(quarantine.content(connection, entry.number)) == long
    assert (entry.reason, entry.bytes) == ("longer than 8 MiB", len(long))


REASONS: dict[str, tuple[Any, str]] = {
    "no name": ({"metadata": {"event_time": "2025-01-01", "root_account_uuid": "t"}, "body": {}}, "no event_name"),
    "no envelope": ({"body": {}}, "no object under"),
    "no tenant": ({"metadata": {"event_name": "x", "event_time": "2025-01-01"}}, "no tenant"),
    "no time": ({"metadata": {"event_name": "x", "root_account_uuid": "t"}}, "metadata.event_time is absent"),
    "bad time": (group("1", "the other day"), "metadata.event_time cannot be 'the other day'"),
    "time as a number": (group("1", 1735689600), "metadata.event_time cannot be 1735689600"),  # type: ignore[arg-type]
    "no id": (group("1", "2025-01-01", learning_outcome_group_id=None), "learning_outcome_group_id"),
    "id of a wrong type": (group("1", "2025-01-01", learning_outcome_group_id={}), "learning_outcome_group_id"),
    "title of a wrong type": (group("1", "2025-01-01", title=["a"]), "body.title cannot be ['a']"),
    "far in the future": (group("1", "2026-03-01"), "more than a day in the future"),
    "before the log's time": (group("1", "1850-01-01"), "is outside"),
    "no body": ({**group("1", "2025-01-01"), "body": 5}, 'no object under "body"'),
}


@pytest.mark.parametrize("name", REASONS)
def test_the_reason_is_told_in_words(world: World, name: str) -> None:
    """Every kind of thing that cannot be an event is quarantined with its own reason, source and line."""
    value, reason = REASONS[name]
    from outcomes.store.log import quarantine  # noqa: PLC0415 - next to its use

    assert world.take("", value).quarantined == 1
    with world.opened() as (log, _), log.reading() as connection:
        (entry,) = quarantine.entries(connection)
        assert b"".join(quarantine.content(connection, entry.number)) == orjson.dumps(value)
    assert reason in entry.reason
    assert (entry.source, entry.line) == ("given", 2)


def test_quarantine_is_tried_again(world: World) -> None:
    """What was refused for its time is taken by a retry once that time has come; its repeats were only counted."""
    ahead = group("1", "2026-01-20")
    world.take(ahead)
    world.take(ahead)
    assert world.retry().appended == 0
    world.clock += 15 * 86_400_000_000
    report = world.retry()
    assert (report.read, report.appended, report.quarantined) == (1, 1, 0)
    assert world.retry().read == 0
    assert world.tree()["roots"][0]["id"] == "1"


def unpacked(path: Path) -> bytes:
    """Read a file as ingest does."""
    with open_source(str(path)) as stream:
        return b"".join(content_of(stream, str(path)))


def test_packed_files_are_known_by_what_they_are(tmp_path: Path) -> None:
    """Gzip (also in several members) and zstandard (also in several frames), under any name."""
    data = lines(*EVENTS) * 500
    packs = {
        "a.gz": gzip.compress(data),
        "b.json": gzip.compress(data[:1000]) + gzip.compress(data[1000:]),
        "c.zst": zstandard.compress(data),
        "d.txt": zstandard.compress(data[:1000]) + zstandard.compress(data[1000:]),
        "e": data,
    }
    for name, packed in packs.items():
        (tmp_path / name).write_bytes(packed)
        assert unpacked(tmp_path / name) == data, name


@pytest.mark.parametrize("pack", [gzip.compress, zstandard.compress], ids=["gzip", "zstandard"])
def test_a_truncated_file_gives_what_there_is_and_says_so(tmp_path: Path, pack: Any) -> None:
    """All that can be unpacked comes first, then the error that names the file."""
    data = b"".join(orjson.dumps(group(str(number), "2025-01-01", title=str(number**7))) for number in range(5000))
    path = tmp_path / "cut"
    path.write_bytes(pack(data)[:-2000])
    chunks: list[bytes] = []
    with open_source(str(path)) as stream, pytest.raises(UnreadableInput, match="cut"):
        chunks.extend(content_of(stream, str(path)))
    got = b"".join(chunks)
    assert data.startswith(got)
    assert len(got) > len(data) // 3


def test_a_gzip_bomb_is_unpacked_in_bounded_steps(tmp_path: Path) -> None:
    """200 MB of blanks in 200 kB: no step holds more than a megabyte."""
    packer = zlib.compressobj(9, zlib.DEFLATED, 31)
    path = tmp_path / "bomb.gz"
    path.write_bytes(b"".join(packer.compress(b" " * (1 << 20)) for _ in range(200)) + packer.flush())
    with open_source(str(path)) as stream:
        assert max(len(chunk) for chunk in content_of(stream, "bomb")) <= 1 << 20


@pytest.mark.parametrize(
    ("one", "other", "are_same"),
    [
        (b'{"a":4,"b":1}', b'{ "b": 1.0, "a": 4e0 }', True),
        (b'{"a":0}', b'{"a":-0.0}', True),
        (b'{"a":[1,2]}', b'{"a":[2,1]}', False),
        (b'{"a":1}', b'{"a":true}', False),
        (b'{"a":1}', b'{"a":"1"}', False),
        (b'{"a":0.1}', b'{"a":0.2}', False),
        (b'{"a":18446744073709551617}', b'{"a":18446744073709551618}', False),
        (b'{"a":null}', b"{}", False),
    ],
)
def test_the_same_event_has_the_same_digest(one: bytes, other: bytes, are_same: bool) -> None:
    """Key order, white space and number form do not tell events apart; anything else does."""
    from outcomes.store.encoding.content_digest import content_digest  # noqa: PLC0415 - next to its use

    assert (content_digest(orjson.loads(one), one) == content_digest(orjson.loads(other), other)) is are_same
