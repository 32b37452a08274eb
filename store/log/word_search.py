"""Finding words in bytes of which nobody knows what they are: in any encoding, escaped, packed or in Base64."""

import base64
import binascii
import html
import re
import unicodedata
from collections.abc import Iterable, Iterator
from urllib.parse import unquote

from outcomes.domain.errors import UnreadableInput
from outcomes.store.sources.unpacking import packing_of

# What a word of a person's may take, four bytes a letter or six letters an escape.
_OVERLAP = 8_192
_DEEPEST = 3
_WIDE = (("utf-16-le", 2), ("utf-16-be", 2), ("utf-32-le", 4), ("utf-32-be", 4))
_ESCAPE = re.compile(r"\\+u([0-9a-fA-F]{4})")
_BACKSLASHED = re.compile(r"\\+([\"/])")
_QUOTED_PRINTABLE = re.compile(r"=([0-9A-F]{2})")
_BASE64 = re.compile(rb"[A-Za-z0-9+/_-]{12,}={0,2}")
_STANDARD = bytes.maketrans(b"-_", b"+/")


def holds_any(parts: Iterable[bytes], words: Iterable[str]) -> bool:
    """Say whether bytes that come in parts hold one of these words, also across the seams."""
    needles = {_plain(word) for word in words}
    return _holds(parts, needles, _DEEPEST)


def _holds(parts: Iterable[bytes], needles: set[str], depth: int) -> bool:
    tail, is_first = b"", True
    chunks = iter(parts)
    for part in chunks:
        if is_first and depth and (packing := packing_of(part[:_OVERLAP])):
            return _holds(_unpacked(packing.unpack(_again(part, chunks), "")), needles, depth - 1)
        is_first = False
        window = tail + part
        if any(needle in text for text in _readings(window) for needle in needles):
            return True
        if depth and any(_holds([inner], needles, depth - 1) for inner in _from_base64(window)):
            return True
        tail = window[-_OVERLAP:]
    return False


def _unpacked(parts: Iterator[bytes]) -> Iterator[bytes]:
    try:
        yield from parts
    except UnreadableInput:
        return  # what could be unpacked was


def _again(part: bytes, rest: Iterator[bytes]) -> Iterator[bytes]:
    yield part
    yield from rest


def _readings(raw: bytes) -> Iterator[str]:
    """Yield what bytes may say, each without its escapes and as small letters."""
    yield from _unescaped(raw.decode(errors="replace"))
    if not raw.isascii():
        yield from _unescaped(raw.decode("cp1252", errors="replace"))
    if b"\0" in raw:
        for encoding, width in _WIDE:
            for start in range(width):
                yield from _unescaped(raw[start:].decode(encoding, errors="replace"))


def _unescaped(text: str) -> Iterator[str]:
    yield _plain(text)
    if "\\" in text:
        joined = _ESCAPE.sub(lambda found: chr(int(found[1], 16)), text)
        # Letters beyond the first plane are written as two escapes.
        paired = joined.encode("utf-16", "surrogatepass").decode("utf-16", errors="replace")
        yield _plain(_BACKSLASHED.sub(r"\1", paired))
    if "%" in text or "+" in text:
        yield _plain(unquote(unquote(text)).replace("+", " "))
    if "&" in text:
        yield _plain(html.unescape(text))
    if "=" in text:
        printable = _QUOTED_PRINTABLE.sub(r"%\1", text.replace("=\r\n", "").replace("=\n", ""))
        yield _plain(unquote(printable))


def _plain(text: str) -> str:
    return unicodedata.normalize("NFKC", text).casefold()


def _from_base64(raw: bytes) -> Iterator[bytes]:
    for found in _BASE64.finditer(raw):
        letters = found[0].rstrip(b"=").translate(_STANDARD)
        for start in range(4):
            whole = letters[start : len(letters) - (len(letters) - start) % 4]
            try:
                yield base64.b64decode(whole)
            except binascii.Error:
                continue
