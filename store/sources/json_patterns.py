"""What parts of JSON look like in bytes, where a value has not been read yet or cannot be."""

import re
from collections.abc import Iterator

from outcomes.store.sources.wrapper_names import LISTS

MARK = b"\xef\xbb\xbf"
"""The byte order mark that some systems begin a file, or each part of one, with."""
BLANK = b" \t\r\n\x1e"  # 0x1e: the record separator of JSON text sequences
BETWEEN = BLANK + b","

INDENT = re.compile(rb"[ \t]*+")
SPACES = re.compile(rb"\s*+")
GAP, FRAME = (re.compile(b"(?:[" + re.escape(run) + b"]|" + MARK + b")*+") for run in (BETWEEN, BETWEEN + b"[]"))
_STRING = rb'"[^"\\\n]*+(?:\\.[^"\\\n]*+)*+"'
LINE_WITHOUT_BRACKETS = re.compile(rb'[^"{}\[\]]*+(?:"[^"\\]*+(?:\\.[^"\\]*+)*+"[^"{}\[\]]*+)*+')

ENVELOPE = re.compile(rb'\{\s*"(?:metadata|attributes)"\s*:')
FIRST_KEY = re.compile(rb'\s*"(?:metadata|attributes|body)"\s*:')

JSON_TEXT_BEGINS = re.compile(rb'"(?:[ \t]|\\++[nrt"])*+[{\[]')
"""A string whose content is an object or an array, or such a string in turn: JSON as text, inside JSON."""
STRING = re.compile(_STRING)

_MEMBER_VALUE = (
    rb"(?:" + _STRING + rb"|[-+.\w]++"
    rb'|\{(?:[^{}"\n]|\s|' + _STRING + rb")*+\}"
    rb'|\[(?:[^\[\]{}"]|' + _STRING + rb")*+\])"
)
_LIST_NAMES = b"|".join(sorted(name.encode() for name in LISTS))
_KNOWN_LIST = rb'"(?:' + _LIST_NAMES + rb')"\s*:\s*\['
MEMBERS = re.compile(rb"(?:(?!" + _KNOWN_LIST + rb")" + _STRING + rb"\s*:\s*" + _MEMBER_VALUE + rb"\s*,\s*)*+")
"""Members of an object, each with its comma, that are no list of values."""

VALUES_BEGIN = re.compile(
    _KNOWN_LIST + rb'\s*(?=[{"\]]|\Z)|' + _STRING + rb"\s*:\s*\[\s*(?=" + ENVELOPE.pattern + rb")"
)
"""A member up to the first value of the list that it is: one of a known name, or of events."""

LIST_OF_VALUES = re.compile(rb"\{\s*" + MEMBERS.pattern + rb"(?:" + VALUES_BEGIN.pattern + rb")")
"""An object from its brace to the first value in a list that is in it."""

PREFIX = re.compile(
    rb'(?=[^{}"]*(?:[A-Za-z]|:))'
    rb'(?:[^{}"\x00-\x08]|="[^"{}\\]*")'
    rb"{0,1000}[ \t:=>|](?=\{[ \t]*(?:\"|\r?\Z))"
)
"""What a logger writes before an object: no part of one, on the same line."""

_NEAR = 1 << 12
"""Blanks between a value and what is before it are fewer."""
_TOKEN = re.compile(_STRING + rb'|[{}\[\]]|"')


def skip(text: bytes, at: int, unwanted: re.Pattern[bytes]) -> int:
    """Return where what is unwanted ends."""
    found = unwanted.match(text, at)
    return found.end() if found else at


def strip(text: bytes) -> bytes:
    """Take away what stands between values, marks among it, at both ends."""
    stripped = text.strip(BETWEEN)
    while stripped.startswith(MARK):
        stripped = stripped[len(MARK) :].lstrip(BETWEEN)
    while stripped.endswith(MARK):
        stripped = stripped[: -len(MARK)].rstrip(BETWEEN)
    return stripped


def new_starts(text: bytes) -> Iterator[int]:
    """Yield where an envelope begins at a place where none may stand: what was before it had been cut off there.

    One that is a value of an object or an element of an array is a part of the whole, which stands or falls as one.
    """
    inner, at = bytearray(), 0
    for start in [found.start() for found in ENVELOPE.finditer(text)]:
        token = _TOKEN.search(text, at)
        while token is not None and token.end() <= start:
            mark, at = token.group(), token.end()
            if mark in (b"{", b"["):
                inner += mark
            elif mark in (b"}", b"]") and inner:
                inner.pop()
            token = _TOKEN.search(text, at)
        is_part = token is not None and token.start() == start
        if not is_part or not _may_hold(inner, text[max(0, start - _NEAR) : start].rstrip(BLANK)[-1:]):
            if start:
                yield start
            inner.clear()
            at = start


def _may_hold(inner: bytearray, before: bytes) -> bool:
    """Say whether a value may stand in the innermost bracket, behind the last byte that is no blank."""
    if inner[-1:] == b"[":
        return before in (b"[", b",")
    return inner[-1:] == b"{" and before == b":"
