"""Looking for words in the bytes of stored events: decides in a microsecond that an event need not be parsed."""

import re
from typing import NamedTuple

import orjson

_PARTS = re.compile(r"[^.\[\]]+")
# Letters, digits and `_` of a key, spelled as escapes. Not `\u003c`: Rails writes so each `<` of a description.
_SPELLED_KEY = re.compile(rb"\\u00(?:3\d|[4-7])")


class Search(NamedTuple):
    """What must stand in an event, as bytes. It never says no to an event that parsing would say yes to.

    JSON may spell a word with escapes, and capitals of other letters than ASCII's are no single bytes: envelopes with
    such are maybes. The caller parses what is left, and decides.
    """

    exact: tuple[bytes, ...] = ()
    """A request or job id, as JSON writes it."""
    folded: tuple[bytes, ...] = ()
    """Words of an actor, in lower case."""
    keys: tuple[bytes, ...] = ()
    """Names of a field's parts; what was emptied has them in the event before."""

    @classmethod
    def of(cls, actor: str | None, request: str | None, field: str | None) -> "Search":
        """Return what to look for; every word of an actor stands in one event, but method and path apart."""
        words = () if actor is None else tuple(word.encode() for word in actor.casefold().split() if word.isascii())
        parts = [part for part in _PARTS.findall(field or "") if not part.isdigit()]
        is_plain = all(part.isascii() and part.isidentifier() for part in parts)
        return cls(
            () if request is None else (orjson.dumps(request)[1:-1],),
            words,
            tuple(orjson.dumps(part) for part in parts) if is_plain else (),
        )

    def __bool__(self) -> bool:
        """Say whether anything is looked for."""
        return bool(self.exact or self.folded or self.keys)

    def may_concern(self, raw: bytes) -> bool:
        """Say whether the entity of an event may have an entry with all of it: nothing else of it need be looked at."""
        return self.may_be_by(raw) if self.exact or self.folded else self.may_tell_field(raw)

    def may_be_by(self, raw: bytes) -> bool:
        """Say whether an event may be of the request and the actor."""
        if not all(word in raw for word in self.exact):
            return b"\\u" in raw and b"\\u" in _envelope(raw)
        if not self.folded:
            return True
        lowered = raw.lower()
        if all(word in lowered for word in self.folded) or b'"exported_at"' in raw:  # an export is told in our words
            return True
        return (b"\\" in raw or not raw.isascii()) and _is_spelled_otherwise(_envelope(raw))

    def may_tell_field(self, raw: bytes) -> bool:
        """Say whether an event may hold the field."""
        return all(key in raw for key in self.keys) or _SPELLED_KEY.search(raw) is not None


def _is_spelled_otherwise(envelope: bytes) -> bool:
    return b"\\" in envelope or not envelope.isascii()


def _envelope(raw: bytes) -> bytes:
    """Return what stands before the body if that is surely the whole envelope; else all of it."""
    head = raw[: raw.find(b'"body":')]
    is_whole = b'"event_name"' in head and head.count(b"{") - head.count(b"}") == 1
    return head if is_whole else raw
