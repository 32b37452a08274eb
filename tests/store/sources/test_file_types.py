"""What holds no events is known by its first bytes: one line, exit 2, nothing stored; what can be read is read."""

import bz2
import gzip
import io
import lzma
import random
import sqlite3
import struct
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st
from pyarrow import parquet

from outcomes.domain.errors import NoFileOfEvents
from outcomes.store.sources.content import text_in
from outcomes.store.sources.file_types import is_binary
from tests.support.forked import Forked
from tests.support.given import group, lines

EVENTS = [group(str(number), "2025-01-01", title=f"Gr\u00fc\u00dfe {number} \U0001f33f") for number in range(1, 7)]
TEXT = lines(*EVENTS) + b"\n"
WORDS = TEXT.decode()


def zipped() -> bytes:
    """Pack the events into a zip archive."""
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w") as archive:
        archive.writestr("events.ndjson", TEXT)
    return held.getvalue()


def tarred(mode: str) -> bytes:
    """Pack the events into a tar archive."""
    held = io.BytesIO()
    with tarfile.open(fileobj=held, mode=mode) as archive:  # type: ignore[call-overload]
        info = tarfile.TarInfo("events.ndjson")
        info.size = len(TEXT)
        archive.addfile(info, io.BytesIO(TEXT))
    return held.getvalue()


def database(folder: Path, *, wal: bool = False) -> bytes:
    """Make a database that holds events as text; or its write-ahead log."""
    path = folder / "some.db"
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("CREATE TABLE t (x)")
    connection.executemany("INSERT INTO t VALUES (?)", [(text,) for text in WORDS.splitlines()])
    try:
        return (folder / "some.db-wal").read_bytes() if wal else path.read_bytes() + TEXT
    finally:
        connection.close()


def table(folder: Path, **columns: list[object]) -> bytes:
    """Write a Parquet file."""
    path = folder / "made.parquet"
    parquet.write_table(pa.table(columns), path)
    return path.read_bytes()


REFUSED: dict[str, tuple[Callable[[Path], bytes], str]] = {
    "zip": (lambda _: zipped(), "a zip archive"),
    "zip in gzip": (lambda _: gzip.compress(zipped()), "a zip archive"),
    "7z": (lambda _: b"7z\xbc\xaf\x27\x1c\0\4" + TEXT, "a 7z archive"),
    "tar": (lambda _: tarred("w"), "a tar archive"),
    "tar.gz": (lambda _: tarred("w:gz"), "a tar archive"),
    "tar.xz": (lambda _: tarred("w:xz"), "a tar archive"),
    "a database": (database, "a SQLite database"),
    "a write-ahead log": (lambda folder: database(folder, wal=True), "the write-ahead log"),
    "a table": (lambda folder: table(folder, id=[1, 2], title=["a", "b"]), "a Parquet file with no column of JSON"),
    "two columns of JSON": (
        lambda folder: table(folder, a=WORDS.splitlines(), b=WORDS.splitlines()),
        "a Parquet file with 2 columns of JSON (a, b)",
    ),
    "Arrow": (lambda _: b"ARROW1\0\0" + TEXT, "an Arrow file"),
    "PDF": (lambda _: b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n" + TEXT, "a PDF document"),
    "PNG": (lambda _: b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR" + TEXT, "a PNG picture"),
    "a program": (lambda _: Path("/proc/self/exe").read_bytes()[:4096] + TEXT, "a program"),
    "a login page": (lambda _: b"\n<!DOCTYPE html>\n<html><body>" + TEXT, "a page or document of HTML or XML"),
    "an error of S3": (lambda _: b'<?xml version="1.0"?>\n<Error><Code>AccessDenied', "a page or document of HTML"),
    "a CSV of outcomes": (
        lambda _: b"vendor_guid,object_type,title,description,ratings\na,outcome,Reads maps,,\n",
        "a CSV of outcomes",
    ),
    "zeroes": (lambda _: b"\0" * 9000 + TEXT, "nothing but zero bytes"),
    "numbers": (lambda _: struct.pack("<300d", *range(300)) + TEXT, "binary data"),
    "noise": (lambda _: b"\x07" + random.Random(3).randbytes(3000) + TEXT, "binary data"),  # noqa: S311
    "a log segment of Kafka": (lambda _: b"\0" * 8 + b"\0\0\1\x9a\0\0\0\0\2" + TEXT, "binary data"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_no_file_of_events_is_refused_in_one_line(tmp_path: Path, name: str) -> None:
    """Named by what it is, exit 2, nothing stored, although events stand in its bytes; nor is what came with it."""
    make, what = REFUSED[name]
    path, good = tmp_path / "events.ndjson", tmp_path / "good.ndjson"
    path.write_bytes(make(tmp_path))
    good.write_bytes(TEXT)
    home = Forked(tmp_path / "home")
    ran = home("ingest", str(good), str(path))
    assert (ran.code, ran.out, ran.err.count("\n")) == (2, b"", 1), ran
    assert ran.err.startswith(f"error: {path} is ")
    assert what in ran.err
    assert not (tmp_path / "home").exists()
    piped = home("ingest", "--format", "json", stdin=path.read_bytes())
    assert (piped.code, piped.json()["read"], piped.err.count("\n")) == (2, 0, 1), piped
    assert "stdin is " in piped.err
    assert home.json("status")["quarantined"] == 0


READ: dict[str, Callable[[Path], bytes]] = {
    "xz": lambda _: lzma.compress(TEXT),
    "xz in streams": lambda _: lzma.compress(TEXT[:99]) + b"\0" * 4 + lzma.compress(TEXT[99:]),
    "lzma": lambda _: lzma.compress(TEXT, lzma.FORMAT_ALONE),
    "bzip2": lambda _: bz2.compress(TEXT),
    "bzip2 in streams": lambda _: bz2.compress(TEXT[:99]) + bz2.compress(TEXT[99:]),
    "gzip in gzip": lambda _: gzip.compress(gzip.compress(TEXT)),
    "zstandard in gzip": lambda _: gzip.compress(zstandard.compress(TEXT)),
    "gzip members in xz": lambda _: lzma.compress(gzip.compress(TEXT[:99]) + gzip.compress(TEXT[99:])),
    "skippable frames": lambda _: (
        b"\x50\x2a\x4d\x18\4\0\0\0abcd"
        + zstandard.compress(TEXT[:99])
        + b"\x5e\x2a\x4d\x18\0\0\0\0"
        + zstandard.compress(TEXT[99:])
        + b"\x5f\x2a\x4d\x18\xff\2\0\0"
        + b"{" * 0x2FF
    ),
    "UTF-16 with a mark": lambda _: WORDS.encode("utf-16"),
    "UTF-16, big end first, with a mark": lambda _: b"\xfe\xff" + WORDS.encode("utf-16-be"),
    "UTF-16 without a mark": lambda _: WORDS.encode("utf-16-le"),
    "UTF-16, big end first, without a mark": lambda _: WORDS.encode("utf-16-be"),
    "UTF-32 with a mark": lambda _: WORDS.encode("utf-32"),
    "UTF-32, big end first": lambda _: WORDS.encode("utf-32-be"),
    "UTF-16 in gzip": lambda _: gzip.compress(WORDS.encode("utf-16")),
    "UTF-8 with a mark": lambda _: b"\xef\xbb\xbf" + TEXT,
    "Parquet": lambda folder: table(folder, id=list(range(6)), payload=WORDS.splitlines(), note=["x"] * 6),
    "Parquet of bytes": lambda folder: table(folder, payload=[line.encode() for line in WORDS.splitlines()]),
}


@pytest.mark.parametrize("name", READ)
def test_what_can_be_read_is_read(tmp_path: Path, name: str) -> None:
    """Under any name, however packed, in whatever encoding: the same events, in UTF-8, and nothing in quarantine."""
    path = tmp_path / "backup.db"
    path.write_bytes(READ[name](tmp_path))
    home = Forked(tmp_path / "home")
    ran = home("ingest", "--strict", str(path))
    assert (ran.code, ran.err) == (0, "")
    assert home("log").out == TEXT


def test_a_utf_16_file_without_its_last_byte_gives_what_came(tmp_path: Path) -> None:
    """Whole events are taken; the message says that it ends in the middle of a letter."""
    home = Forked(tmp_path / "home")
    ran = home("ingest", "--format", "json", stdin=WORDS.encode("utf-16")[:-1])
    assert ran.code == 2
    assert ran.json()["appended"] == 6
    assert "UTF-16-LE: the file ends in the middle of a letter" in ran.err


def test_packing_has_an_end() -> None:
    """Four times over is read, a fifth is refused in words."""
    packed = TEXT
    for _ in range(4):
        packed = gzip.compress(packed)
    assert b"".join(text_in([packed], "x")) == TEXT
    with pytest.raises(Exception, match="packed more than 4 times over"):
        list(text_in([gzip.compress(packed)], "x"))


def test_an_error_of_the_input_names_the_input(tmp_path: Path) -> None:
    """A disk that fails while it is read is the source's fault, not the folder's: `/proc/self/mem` is such a file."""
    ran = Forked(tmp_path / "home")("ingest", "/proc/self/mem")
    assert ran.code == 2
    assert "error: cannot read /proc/self/mem beyond its first 0 bytes: Input/output error" in ran.err


@given(st.text(min_size=1, max_size=600))
def test_text_is_text(text: str) -> None:
    """Whatever is written in letters is none of the binary kinds: it is read, and told line by line what is wrong."""
    controls = sum((ord(letter) < 32 and letter not in "\t\n\r\f\v\x1b\x1e") or letter == "\x7f" for letter in text)
    if controls <= 1 and "\0" not in text:
        assert not is_binary(text.encode(errors="replace")[:512])


@given(st.sampled_from([b"{", b"[", b'"', b" \n{", b"\xef\xbb\xbf{"]), st.binary(max_size=200))
def test_damage_in_json_is_damage_and_no_other_kind_of_file(opening: bytes, rest: bytes) -> None:
    """What begins as JSON is read, however odd what follows: one bad line stops nothing."""
    data = opening + rest
    if not data.startswith(b"{\\rtf") and b"\0" not in data[:4]:
        assert b"".join(text_in([data], "x")) == data


@given(st.integers(0, 400), st.sampled_from(["utf-16", "utf-16-be", "utf-32-le"]))
def test_reads_may_end_anywhere(at: int, encoding: str) -> None:
    """Letters of several bytes that are cut by a read are put together again."""
    data = WORDS.encode(encoding)
    assert b"".join(text_in([data[:at], data[at : at + 1], data[at + 1 :]], "x")).removeprefix(b"\xef\xbb\xbf") == TEXT


def test_a_refusal_is_an_unreadable_input() -> None:
    """Whoever catches what cannot be read catches this, too."""
    with pytest.raises(NoFileOfEvents, match="is no file of events but a PDF document: nothing of it was stored"):
        list(text_in([b"%PDF-1.4\n"], "report.pdf"))
