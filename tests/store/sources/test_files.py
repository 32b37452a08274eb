"""Sources: unpacked by what they are, damage told after all that could be read, refusals before anything is read."""

import gzip
import random
from pathlib import Path

import pytest
import zstandard

from outcomes.domain.errors import UnreadableInput
from outcomes.store.ingest.ingest import Ingest, IngestReport
from outcomes.store.sources.content import check_readable, content_of
from outcomes.store.sources.files import open_source
from tests.support.command import Outcomes
from tests.support.given import group, lines
from tests.support.world import World

EVENTS = [group(str(number), "2025-01-01", title=f"Group {number**5:x}") for number in range(1, 3001)]
TEXT = lines(*EVENTS) + b"\n"
HALVES = (TEXT[:12_345], TEXT[12_345:])


def read(path: Path) -> tuple[bytes, str]:
    """Read a source to its end or its damage; return what came, and the message if there was one."""
    got: list[bytes] = []
    try:
        with open_source(str(path)) as stream:
            got.extend(content_of(stream, str(path)))
    except UnreadableInput as error:
        return b"".join(got), str(error)
    return b"".join(got), ""


def zstd(data: bytes, *, checksum: bool = False) -> bytes:
    """Pack into one frame."""
    return zstandard.ZstdCompressor(write_checksum=checksum).compress(data)


WHOLE = {
    "plain": TEXT,
    "empty": b"",
    "one byte": b"5",
    "gzip": gzip.compress(TEXT),
    "gzip in members": gzip.compress(HALVES[0]) + gzip.compress(b"") + gzip.compress(HALVES[1]),
    "gzip padded as tapes are": gzip.compress(HALVES[0]) + b"\0" * 512 + gzip.compress(HALVES[1]) + b"\0" * 2048,
    "zstandard": zstd(TEXT),
    "zstandard in frames": zstd(HALVES[0]) + zstd(b"") + zstd(HALVES[1], checksum=True),
    "zstandard in very many": b"".join(zstd(TEXT[at : at + 100]) for at in range(0, len(TEXT), 100)),
}


@pytest.mark.parametrize("name", WHOLE)
@pytest.mark.parametrize("suffix", [".gz", ".zst", ".json", ""])
def test_content_counts_and_not_the_name(tmp_path: Path, name: str, suffix: str) -> None:
    """Packed or plain, in one part or many, under any name: the same bytes."""
    path = tmp_path / f"events{suffix}"
    path.write_bytes(WHOLE[name])
    expected = {"empty": b"", "one byte": b"5"}.get(name, TEXT)
    assert read(path) == (expected, "")


@pytest.mark.parametrize("missing", [1, 7, 8, 9, 5_000])
def test_a_gzip_file_without_its_end_gives_all_that_came(tmp_path: Path, missing: int) -> None:
    """Nothing that can be unpacked is held back; the message names the file and how much was taken."""
    path = tmp_path / "events.ndjson.gz"
    packed = gzip.compress(TEXT)
    path.write_bytes(packed[:-missing])
    got, message = read(path)
    assert TEXT.startswith(got)
    # The last eight bytes of a member are its checksum and length: without them the content is still whole.
    assert len(got) == len(TEXT) if missing <= 8 else len(got) > len(TEXT) * (1 - 1.2 * missing / len(packed))
    assert message.startswith(f"{path} is damaged gzip: ")
    assert f"the {len(got):,} bytes before that were taken; fetch the file again" in message


def test_a_gzip_file_with_a_wrong_checksum_gives_all_that_came(tmp_path: Path) -> None:
    """The error comes at the very end, and takes nothing with it."""
    path = tmp_path / "events.gz"
    packed = bytearray(gzip.compress(TEXT))
    packed[-6] ^= 0xFF
    path.write_bytes(packed)
    got, message = read(path)
    assert got == TEXT
    assert "damaged gzip" in message


@pytest.mark.parametrize("pack", [gzip.compress, zstd], ids=["gzip", "zstandard"])
def test_trash_behind_a_part_takes_nothing_with_it(tmp_path: Path, pack: "type[bytes]") -> None:
    """What was whole before the trash is kept."""
    path = tmp_path / "events"
    path.write_bytes(pack(TEXT) + b"trash that is long enough to look at")
    got, message = read(path)
    assert got == TEXT
    assert "damaged" in message


def test_a_zstandard_file_that_ends_early_gives_whole_blocks(tmp_path: Path) -> None:
    """Its blocks are of 128 KiB: at least all whole ones come, then the message."""
    noise = random.Random(7).randbytes(1 << 19).hex().encode()  # noqa: S311 - packs by half, into blocks of 128 KiB
    path = tmp_path / "events.zst"
    path.write_bytes(zstd(noise)[: 300 << 10])
    got, message = read(path)
    assert noise.startswith(got)
    assert len(got) >= 512 << 10
    assert f"events.zst is damaged zstandard: the file ends in the middle: the {len(got):,} bytes" in message


def test_a_zstandard_bomb_is_unpacked_in_bounded_steps(tmp_path: Path) -> None:
    """300 MB of blanks in 10 kB: no step holds more than what 512 bytes of packed blocks can stand for."""
    path = tmp_path / "bomb.zst"
    path.write_bytes(zstd(b" " * (300 << 20)))
    with open_source(str(path)) as stream:
        sizes = [len(chunk) for chunk in content_of(stream, "bomb")]
    assert sum(sizes) == 300 << 20
    assert max(sizes) <= 16 << 20


def test_sources_are_checked_before_any_is_read(tmp_path: Path) -> None:
    """A name that is not there, or a folder, is refused with words that name it; a file and `-` are fine."""
    there = tmp_path / "events.json"
    there.write_bytes(b"{}")
    check_readable([str(there), "-"])
    with pytest.raises(UnreadableInput, match=r"nowhere\.json: it does not exist"):
        check_readable([str(there), str(tmp_path / "nowhere.json")])
    with pytest.raises(UnreadableInput, match="it is a folder"):
        check_readable([str(there), str(tmp_path)])


def test_a_source_that_cannot_be_opened_says_why(tmp_path: Path) -> None:
    """It may have gone since it was checked."""
    with (
        pytest.raises(UnreadableInput, match="No such file or directory: check the path"),
        open_source(str(tmp_path / "gone")),
    ):
        pass


def ingest(world: World, *paths: Path) -> IngestReport:
    """Ingest files as the command line does."""
    with world.opened() as (log, views):
        return Ingest(world.home, log, lambda: world.clock, views).run([str(path) for path in paths])


def test_what_a_truncated_file_still_holds_is_taken(world: World, tmp_path: Path) -> None:
    """Its whole events are appended, the one that is cut is in quarantine, and the next file is read as well."""
    cut, whole = tmp_path / "cut.gz", tmp_path / "whole.ndjson"
    cut.write_bytes(gzip.compress(TEXT)[:-10_000])
    whole.write_bytes(lines(group("9001", "2025-01-01")))
    report = ingest(world, cut, whole)
    readable, _ = read(cut)
    assert report.appended == readable.count(b"\n") + 1
    assert (report.quarantined, report.duplicates) == (1, 0)
    assert len(report.damaged) == 1
    assert str(cut) in report.damaged[0]
    assert world.raw_log() == [*readable.splitlines()[:-1], whole.read_bytes()]


def test_the_command_line_takes_what_it_can_and_says_what_it_could_not(tmp_path: Path) -> None:
    """A damaged source ends with 2 and one line on stderr; its answer still counts what was taken."""
    cut = tmp_path / "cut.gz"
    cut.write_bytes(gzip.compress(TEXT)[:-10_000])
    ran = Outcomes(tmp_path / "home")("ingest", str(cut), "--format", "json")
    assert ran.code == 2
    assert ran.json()["appended"] == read(cut)[0].count(b"\n")
    errors = [text for text in ran.err.splitlines() if text.startswith("error: ")]
    assert len(errors) == 1
    assert "cut.gz is damaged gzip" in errors[0]
