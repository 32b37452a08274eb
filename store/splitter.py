"""From a stream of bytes to single JSON values: NDJSON, arrays, pretty-printed or glued objects, and damage.

Nothing is dropped: what is not a value comes out as a piece with a reason, and the damage ends at the next line or
at the next thing that looks like an envelope. Memory is bounded by the longest event that the log accepts.
"""

import re
import tempfile
from collections.abc import Generator, Iterable, Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import IO, Any

import orjson

from domain.errors import NotAnEvent
from store.canonical import decode
from store.codec import MAX_EVENT_BYTES

_BLANK = b" \t\r\n\x1e"  # 0x1e: the record separator of JSON text sequences
_BETWEEN = _BLANK + b","
_TOKEN = re.compile(rb'"[^"\\\n]*(?:\\.[^"\\\n]*)*"|[{}\[\]]|"')
_ENVELOPE = re.compile(rb'\{\s*"(?:metadata|attributes)"\s*:')
_CONTINUES = (b" ", b"\t", b"}", b"]")
_PARTIAL_BYTES = 1 << 20
_HEAD_BYTES = 200
_OPEN_ENDED = "the JSON value is cut off"


@dataclass(slots=True)
class Piece:
    """One value, or one stretch of bytes that is none; then `reason` says why, and `spool` holds what is too long."""

    raw: bytes
    line: int
    value: Any = None
    reason: str | None = None
    spool: IO[bytes] | None = None

    def chunks(self) -> Iterator[bytes]:
        """Yield the bytes as they came, a bounded part at a time."""
        if self.spool is None:
            yield self.raw
            return
        self.spool.seek(0)
        while part := self.spool.read(_PARTIAL_BYTES):
            yield part


def split(chunks: Iterable[bytes]) -> Iterator[Piece]:
    """Yield the values of a stream in order, with the damage between them."""
    splitter = _Splitter()
    tail = b""
    first = True
    for chunk in chunks:
        data = tail + chunk if tail else chunk
        if first and len(data) >= len(b"\xef\xbb\xbf"):
            data, first = data.removeprefix(b"\xef\xbb\xbf"), False
        *lines, tail = data.split(b"\n")
        for line in lines:
            yield from splitter.line(line)
        if len(tail) > _PARTIAL_BYTES:
            tail = yield from splitter.partial_line(tail)
    yield from splitter.line(tail.removeprefix(b"\xef\xbb\xbf") if first else tail)
    yield from splitter.finish()


class _Splitter:
    def __init__(self) -> None:
        self._line = 0
        self._pending: list[bytes] = []  # the lines of a value that is not complete yet
        self._pending_since = 0
        self._pending_bytes = 0
        self._depth = 0
        self._too_long: Piece | None = None

    def line(self, line: bytes) -> Iterator[Piece]:
        """Take one complete line."""
        self._line += 1
        if self._too_long is not None:
            yield from self._end_too_long(line)
            return
        text = line.strip(_BETWEEN)
        if not text:
            if self._pending:
                self._pending.append(line)
            return
        if text[0] == _OPEN_BRACE and len(text) <= MAX_EVENT_BYTES and (not self._pending or line[0] == _OPEN_BRACE):
            value = _object(text)
            # Inside an unfinished value only a whole envelope is proof that the value was cut off before.
            if value is not None and (not self._pending or _has_envelope(value)):
                yield from self._give_up_pending()
                yield Piece(text, self._line, value)
                return
            if self._pending and _ENVELOPE.match(line):
                yield from self._give_up_pending()
        if self._pending:
            yield from self._continue_pending(line)
        else:
            yield from self._scan(line)

    def partial_line(self, tail: bytes) -> Generator[Piece, None, bytes]:
        """Take what can be taken of a line whose end has not come yet; return the rest."""
        if self._too_long is not None:
            assert self._too_long.spool is not None  # noqa: S101 - set together
            self._too_long.spool.write(tail)
            return b""
        if self._pending:
            if len(tail) + self._pending_bytes <= MAX_EVENT_BYTES:
                return tail
            self._start_too_long(b"\n".join([*self._pending, tail]), self._pending_since)
            self._forget_pending()
            return b""
        at = 0
        while at < len(tail):
            at = _skip(tail, at, _BETWEEN + b"[]")
            if at >= len(tail) or tail[at] != _OPEN_BRACE:
                break
            end, _ = _balanced_end(tail, at, 0)
            if end is None:
                break
            yield _piece(tail[at:end], self._line + 1)
            at = end
        rest = tail[at:]
        if len(rest) <= MAX_EVENT_BYTES:
            return rest
        resume = _ENVELOPE.search(rest, 1)
        if resume:
            yield Piece(rest[: resume.start()], self._line + 1, reason=_OPEN_ENDED)
            return rest[resume.start() :]
        self._start_too_long(rest, self._line + 1)
        return b""

    def finish(self) -> Iterator[Piece]:
        """Say what is left when the input has ended."""
        if self._too_long is not None:
            yield self._too_long
            self._too_long = None
        yield from self._give_up_pending()

    def _scan(self, text: bytes) -> Iterator[Piece]:
        """Walk over a complete line: glued values, parts of an array, damage."""
        if text.strip(_BETWEEN).startswith(b"[") and _is_array_without_objects(text.strip(_BETWEEN)):
            yield Piece(text.strip(_BETWEEN), self._line, reason="not an event: expected a JSON object, got an array")
            return
        at = _skip(text, 0, _BETWEEN)
        if text[at : at + 2] != b"[[":  # one array around events is a wrapping; arrays in arrays are something else
            at = _skip(text, at, _BETWEEN + b"[]")
        while at < len(text):
            if text[at] != _OPEN_BRACE:
                found = _ENVELOPE.search(text, at)
                damage_end = found.start() if found else len(text)
                yield _piece(text[at:damage_end].strip(_BETWEEN), self._line)
                at = damage_end
                continue
            end, depth = _balanced_end(text, at, 0)
            if end is not None:
                yield _piece(text[at:end], self._line)
                at = _skip(text, end, _BETWEEN + b"[]")
                continue
            if depth == _BROKEN:
                yield from self._cut_up([text[at:]], self._line)
            else:
                self._pending, self._pending_since = [text[at:]], self._line
                self._pending_bytes, self._depth = len(text) - at, depth
            return

    def _continue_pending(self, line: bytes) -> Iterator[Piece]:
        end, depth = _balanced_end(line, 0, self._depth)
        if end is None:
            self._pending.append(line)
            self._pending_bytes += len(line) + 1
            self._depth = depth
            if depth == _BROKEN:
                yield from self._give_up_pending()
            elif self._pending_bytes > MAX_EVENT_BYTES:
                self._start_too_long(b"\n".join(self._pending) + b"\n", self._pending_since)
                self._forget_pending()
            return
        raw = b"\n".join([*self._pending, line[:end]])
        piece = _piece(raw, self._pending_since)
        if piece.reason is None:
            self._forget_pending()
            yield piece
            yield from self._scan(line[end:])
        else:
            self._pending.append(line)
            yield from self._give_up_pending()

    def _give_up_pending(self) -> Iterator[Piece]:
        if self._pending:
            lines, since = self._pending, self._pending_since
            self._forget_pending()
            yield from self._cut_up(lines, since)

    def _cut_up(self, lines: list[bytes], since: int) -> Iterator[Piece]:
        """Part damaged lines: what is whole by itself is a value, an indented line belongs to the one before."""
        damaged: list[bytes] = []
        damaged_since = since
        for number, line in enumerate(lines, since):
            if damaged and (line.startswith(_CONTINUES) or not line.strip(_BLANK)):
                damaged.append(line)
                continue
            for part in _at_envelopes(line):
                text = part.strip(_BETWEEN)
                value = _object(text) if text.startswith(b"{") else None
                if damaged and text:
                    yield _damaged_piece(damaged, damaged_since)
                    damaged = []
                if value is not None:
                    yield Piece(text, number, value)
                elif text:
                    damaged, damaged_since = [part], number
        if damaged:
            yield _damaged_piece(damaged, damaged_since)

    def _forget_pending(self) -> None:
        self._pending, self._pending_bytes, self._depth = [], 0, 0

    def _start_too_long(self, so_far: bytes, since: int) -> None:
        spool = tempfile.TemporaryFile()  # noqa: SIM115 - lives as long as its piece
        spool.write(so_far)
        limit = MAX_EVENT_BYTES // (1 << 20)
        self._too_long = Piece(so_far[:_HEAD_BYTES], since, reason=f"longer than {limit} MiB", spool=spool)

    def _end_too_long(self, line: bytes) -> Iterator[Piece]:
        piece = self._too_long
        assert piece is not None and piece.spool is not None  # noqa: S101, PT018 - the caller has looked
        self._too_long = None
        piece.spool.write(line)
        yield piece


_OPEN_BRACE = ord("{")
_BROKEN = -1


def _balanced_end(text: bytes, start: int, depth: int) -> tuple[int | None, int]:
    """Find where the value that began `depth` brackets ago ends; else None and the depth at the end of the text.

    A string that does not end on its line never will: then the depth is _BROKEN.
    """
    for token in _TOKEN.finditer(text, start):
        mark = token.group()
        if mark in (b"{", b"["):
            depth += 1
        elif mark in (b"}", b"]"):
            depth -= 1
            if depth <= 0:
                return token.end(), 0
        elif mark == b'"':
            return None, _BROKEN
    return None, depth


def _object(text: bytes) -> dict[str, Any] | None:
    try:
        value = orjson.loads(text)
    except orjson.JSONDecodeError:
        return None
    return value if isinstance(value, dict) else None


def _piece(raw: bytes, line: int) -> Piece:
    if len(raw) > MAX_EVENT_BYTES:
        return Piece(raw, line, reason=f"longer than {MAX_EVENT_BYTES // (1 << 20)} MiB")
    try:
        value = decode(raw)
    except NotAnEvent as error:
        return Piece(raw, line, reason=str(error))
    return Piece(raw, line, value)


def _damaged_piece(lines: list[bytes], line: int) -> Piece:
    raw = b"\n".join(lines).strip(_BLANK)
    return Piece(raw, line, reason=_OPEN_ENDED) if raw.startswith(b"{") else _piece(raw, line)


def _has_envelope(value: dict[str, Any]) -> bool:
    return "metadata" in value or "attributes" in value


def _is_array_without_objects(text: bytes) -> bool:
    if not text.endswith(b"]") or b"{" in text:
        return False
    try:
        return bool(orjson.loads(text))
    except orjson.JSONDecodeError:
        return False


def _at_envelopes(line: bytes) -> list[bytes]:
    starts = [0, *(found.start() for found in _ENVELOPE.finditer(line) if found.start() > 0), len(line)]
    return [line[start:end] for start, end in pairwise(starts)]


def _skip(text: bytes, at: int, unwanted: bytes) -> int:
    while at < len(text) and text[at] in unwanted:
        at += 1
    return at
