"""Packed streams unpacked in bounded steps: gzip, zstandard, xz and bzip2, in any number of parts.

A stream that ends early or is damaged yields all that can be unpacked, then raises UnreadableInput. An empty chunk,
which says that nothing came for a while, is passed on.
"""

import bz2
import lzma
import struct
import zlib
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from typing import NamedTuple, Protocol

import zstandard

from outcomes.domain.errors import UnreadableInput

_STEP = 1 << 20
_GZIP_WINDOW = 31  # zlib's way to say: 32 KiB window, gzip header
# Four bytes of zstandard can stand for 128 KiB: a small feed bounds what one step can unfold.
_ZSTD_FEED = 512
_ZSTD_MAGIC = b"\x28\xb5\x2f\xfd"
_SKIPPABLE_MAGIC = tuple(bytes([0x50 + kind]) + b"\x2a\x4d\x18" for kind in range(16))  # RFC 8878, 3.1.2
_SKIPPABLE_HEADER = struct.Struct("<4xI")
_XZ_MEMORY = 256 << 20


class Packing(NamedTuple):
    """A way to pack: how it begins, what it is called, and what undoes it."""

    name: str
    magic: tuple[bytes, ...]
    unpack: Callable[[Iterable[bytes], str], Iterator[bytes]]


def packing_of(head: bytes) -> Packing | None:
    """Return how a stream that begins like this is packed; None if it is not."""
    return next((packing for packing in _PACKINGS if head.startswith(packing.magic)), None)


def _gunzip(chunks: Iterable[bytes], name: str) -> Iterator[bytes]:
    member, unpacked = zlib.decompressobj(_GZIP_WINDOW), 0
    for chunk in chunks:
        packed = chunk
        if not packed:
            yield packed
        while packed:
            if member.eof:
                packed = packed.lstrip(b"\0")  # padding between or after members
                if not packed:
                    break
                member = zlib.decompressobj(_GZIP_WINDOW)
            before = member.copy()
            try:
                part = member.decompress(packed, _STEP)
            except zlib.error as error:
                part = _up_to_damage(before, packed)
                yield part
                raise _ends_early(name, "gzip", unpacked + len(part), str(error)) from error
            packed = member.unused_data if member.eof else member.unconsumed_tail
            if part:
                unpacked += len(part)
                yield part
    while not member.eof:
        part = member.decompress(b"", _STEP)
        if not part:
            raise _ends_early(name, "gzip", unpacked, "the file ends in the middle")
        unpacked += len(part)
        yield part


def _up_to_damage(member: "zlib._Decompress", packed: bytes) -> bytes:
    """Unpack byte by byte: an error in a large step takes with it what the step had already unpacked."""
    parts = []
    with suppress(zlib.error):
        for at in range(len(packed)):
            parts.append(member.decompress(packed[at : at + 1]))  # noqa: PERF401 - what is there when it fails is kept
    return b"".join(parts)


def _unzstd(chunks: Iterable[bytes], name: str) -> Iterator[bytes]:
    frames, unpacked = _Frames(), 0
    for chunk in chunks:
        if not chunk:
            yield chunk
        for at in range(0, len(chunk), _ZSTD_FEED):
            try:
                for part in frames.feed(chunk[at : at + _ZSTD_FEED]):
                    unpacked += len(part)
                    yield part
            except zstandard.ZstdError as error:
                raise _ends_early(name, "zstandard", unpacked, str(error)) from error
    if frames.is_inside():
        raise _ends_early(name, "zstandard", unpacked, "the file ends in the middle")


class _Frames:
    """A run of zstandard frames, among them skippable ones, which hold what others than us want to know."""

    def __init__(self) -> None:
        self._frame: zstandard.ZstdDecompressionObj | None = None
        self._to_skip = 0
        self._held = b""  # the beginning of a frame's header

    def is_inside(self) -> bool:
        """Say whether more of a frame has to come."""
        return self._frame is not None or self._to_skip > 0 or bool(self._held)

    def feed(self, packed: bytes) -> Iterator[bytes]:
        """Yield what some more bytes unfold to."""
        packed, self._held = self._held + packed, b""
        while packed:
            if self._to_skip:
                packed, self._to_skip = packed[self._to_skip :], max(0, self._to_skip - len(packed))
                continue
            if self._frame is None and not self._begins(packed):
                return
            if self._frame is not None:
                part = self._frame.decompress(packed)
                packed = self._frame.unused_data
                if self._frame.eof:
                    self._frame = None
                if part:
                    yield part

    def _begins(self, packed: bytes) -> bool:
        """Look at the first bytes of a frame; say no if there are too few of them yet."""
        if len(packed) < _SKIPPABLE_HEADER.size and (len(packed) < len(_ZSTD_MAGIC) or _is_skippable(packed)):
            self._held = packed
            return False
        if _is_skippable(packed):
            self._to_skip = _SKIPPABLE_HEADER.size + _SKIPPABLE_HEADER.unpack_from(packed)[0]
        else:
            self._frame = zstandard.ZstdDecompressor().decompressobj()
        return True


def _is_skippable(packed: bytes) -> bool:
    return packed.startswith(_SKIPPABLE_MAGIC)


class _Decompressor(Protocol):
    """What the standard library's decompressors of xz and bzip2 have in common."""

    @property
    def eof(self) -> bool: ...
    @property
    def needs_input(self) -> bool: ...
    @property
    def unused_data(self) -> bytes: ...
    def decompress(self, data: bytes, max_length: int = ..., /) -> bytes: ...


def _unpack_by(make: Callable[[], _Decompressor], packing: str) -> Callable[[Iterable[bytes], str], Iterator[bytes]]:
    def unpack(chunks: Iterable[bytes], name: str) -> Iterator[bytes]:
        stream, unpacked = make(), 0
        for chunk in chunks:
            packed = chunk
            if not packed:
                yield packed
            while packed or not (stream.eof or stream.needs_input):
                if stream.eof:
                    packed = packed.lstrip(b"\0")  # padding between or after streams
                    if not packed:
                        break
                    stream = make()
                try:
                    part = stream.decompress(packed, _STEP)
                except (lzma.LZMAError, OSError, ValueError, EOFError) as error:
                    raise _ends_early(name, packing, unpacked, str(error)) from error
                packed = stream.unused_data if stream.eof else b""
                if part:
                    unpacked += len(part)
                    yield part
        if not stream.eof:
            raise _ends_early(name, packing, unpacked, "the file ends in the middle")

    return unpack


def _ends_early(name: str, packing: str, unpacked: int, why: str) -> UnreadableInput:
    return UnreadableInput(
        f"{name} is damaged {packing}: {why}: the {unpacked:,} bytes before that were taken; fetch the file again",
    )


_PACKINGS = (
    Packing("gzip", (b"\x1f\x8b",), _gunzip),
    Packing("zstandard", (_ZSTD_MAGIC, *_SKIPPABLE_MAGIC), _unzstd),
    Packing(
        "xz",
        (b"\xfd7zXZ\0", b"\x5d\0\0"),
        _unpack_by(lambda: lzma.LZMADecompressor(memlimit=_XZ_MEMORY), "xz"),
    ),
    Packing("bzip2", tuple(b"BZh%d" % level for level in range(1, 10)), _unpack_by(bz2.BZ2Decompressor, "bzip2")),
)
