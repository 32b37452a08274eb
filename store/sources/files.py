"""Where bytes come from: files and standard input, plain, gzip or zstandard, in bounded chunks."""

import os
import sys
import zlib
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from io import BufferedReader
from pathlib import Path
from typing import Protocol, cast

import zstandard

from outcomes.domain.errors import UnreadableInput

_CHUNK = 1 << 20
_GZIP, _ZSTD = b"\x1f\x8b", b"\x28\xb5\x2f\xfd"
_GZIP_WINDOW = 31  # zlib's way to say: 32 KiB window, gzip header
# Four bytes of zstandard can stand for 128 KiB: a small feed bounds what one step can unfold.
_ZSTD_FEED = 512


class ByteStream(Protocol):
    """What is needed of a source; `read1` gives what is there without waiting for more."""

    def read(self, size: int, /) -> bytes:
        """Read so many bytes, fewer only at the end."""

    def read1(self, size: int, /) -> bytes:
        """Read at most so many bytes."""


def check_readable(names: list[str]) -> None:
    """Refuse a list of sources as a whole, before any is read, if one is not there."""
    for name in names:
        path = Path(name)
        what = "is a folder" if path.is_dir() else "is a socket" if path.is_socket() else "does not exist"
        # Anything else that is there can be read: a pipe that the shell has made (`<(zcat …)`) or a device, too.
        if name != "-" and (not path.exists() or path.is_dir() or path.is_socket()):
            raise UnreadableInput(f"cannot read {name}: it {what}: name a file, or - for standard input")


def source_name(name: str) -> str:
    """Return how a source is called in the log; a file's name need not be text, what is written down must be."""
    return "stdin" if name == "-" else os.fsencode(name).decode(errors="backslashreplace")


@contextmanager
def open_source(name: str) -> Iterator[BufferedReader]:
    """Open a file, or standard input for `-`; raises UnreadableInput."""
    if name == "-":
        yield cast("BufferedReader", sys.stdin.buffer)
        return
    try:
        handle = Path(name).open("rb")  # noqa: SIM115 - entered below, so that only opening is inside the try
    except OSError as error:
        raise UnreadableInput(f"cannot read {name}: {error.strerror}: check the path and its permissions") from error
    with handle:
        yield handle


def chunks_of(stream: ByteStream, name: str) -> Iterator[bytes]:
    """Yield the content, unpacked by what it *is*, not by what it is called.

    A packed stream that ends early or is damaged yields all that can be read, then raises UnreadableInput.
    """
    head = stream.read(len(_ZSTD))
    if head.startswith(_GZIP):
        yield from _gunzip(head, stream, name)
    elif head == _ZSTD:
        yield from _unzstd(head, stream, name)
    else:
        if head:
            yield head
        yield from _plain(stream)


def _plain(stream: ByteStream) -> Iterator[bytes]:
    # Events piped in slowly are not held back until a chunk is full.
    while chunk := stream.read1(_CHUNK):
        yield chunk


def _gunzip(head: bytes, stream: ByteStream, name: str) -> Iterator[bytes]:
    member = zlib.decompressobj(_GZIP_WINDOW)
    packed, unpacked = head, 0
    while True:
        before = member.copy()
        try:
            part = member.decompress(packed, _CHUNK)
        except zlib.error as error:
            part = _up_to_damage(before, packed)
            yield part
            raise _ends_early(name, "gzip", unpacked + len(part), str(error)) from error
        if part:
            unpacked += len(part)
            yield part
        packed = member.unused_data if member.eof else member.unconsumed_tail
        if not packed:
            packed = stream.read(_CHUNK)
        if member.eof:
            packed = packed.lstrip(b"\0")  # padding between or after members
            if not packed:
                return
            member = zlib.decompressobj(_GZIP_WINDOW)
        elif not packed and not part:
            raise _ends_early(name, "gzip", unpacked, "the file ends in the middle")


def _up_to_damage(member: "zlib._Decompress", packed: bytes) -> bytes:
    """Unpack byte by byte: an error in a large step takes with it what the step had already unpacked."""
    parts = []
    with suppress(zlib.error):
        for at in range(len(packed)):
            parts.append(member.decompress(packed[at : at + 1]))  # noqa: PERF401 - what is there when it fails is kept
    return b"".join(parts)


def _unzstd(head: bytes, stream: ByteStream, name: str) -> Iterator[bytes]:
    frame = zstandard.ZstdDecompressor().decompressobj()
    packed, unpacked = head, 0
    while True:
        if not packed:
            packed = stream.read(_ZSTD_FEED)
        if not packed:
            if not frame.eof:
                raise _ends_early(name, "zstandard", unpacked, "the file ends in the middle")
            return
        if frame.eof:
            frame = zstandard.ZstdDecompressor().decompressobj()
        try:
            part = frame.decompress(packed)
        except zstandard.ZstdError as error:
            raise _ends_early(name, "zstandard", unpacked, str(error)) from error
        packed = frame.unused_data if frame.eof else b""
        if part:
            unpacked += len(part)
            yield part


def _ends_early(name: str, packing: str, unpacked: int, why: str) -> UnreadableInput:
    return UnreadableInput(
        f"{name} is damaged {packing}: {why}: the {unpacked:,} bytes before that were taken; fetch the file again",
    )
