"""Taking members out of a JSON object while every other byte stays as it came."""

import re
from collections.abc import Callable, Iterator
from typing import NamedTuple

import orjson

# Strings are stepped over whole, so that a bracket inside one counts for nothing; no recursion, however deep.
_TOKEN = re.compile(rb'"(?:[^"\\]|\\.)*"|[{}\[\],:]', re.DOTALL)

Drops = Callable[[str, str], bool]
"""Called with the name of a top-level member and the name of a member of the object in it."""


class _Member(NamedTuple):
    """A member of an object: from the brace or comma before it to the one after it."""

    name: str
    start: int
    end: int
    value: int


def remove(raw: bytes, drops: Drops) -> bytes:
    """Return one valid JSON object without those members of its members that `drops` names.

    Names that come twice, and names spelled with escapes, are found like any other.
    """
    parts: list[bytes] = []
    copied = 0
    for outer in _members(raw, raw.index(b"{") + 1):
        brace = _brace(raw, outer)
        if brace is None:
            continue
        members = list(_members(raw, brace + 1))
        kept = [member for member in members if not drops(outer.name, member.name)]
        if len(kept) < len(members):
            parts += [raw[copied : brace + 1], b",".join(raw[member.start : member.end] for member in kept)]
            copied = members[-1].end
    return b"".join([*parts, raw[copied:]]) if parts else raw


def _brace(raw: bytes, member: _Member) -> int | None:
    at = raw.find(b"{", member.value, member.end)
    return at if at >= 0 and not raw[member.value : at].strip() else None


def _members(raw: bytes, at: int) -> Iterator[_Member]:
    depth = 0
    start = value = at
    name = last_string = b""
    for token in _TOKEN.finditer(raw, at):
        mark = token[0]
        if mark in b"{[":
            depth += 1
        elif depth:
            depth -= mark in b"}]"
        elif mark == b":":
            name, value = last_string, token.end()
        elif mark[:1] == b'"':
            last_string = mark
        else:
            if name:
                yield _Member(orjson.loads(name), start, token.start(), value)
            if mark == b"}":
                return
            start, name = token.end(), b""
