"""Where the list in a wrapper begins: an object around many events, in a list that is one of its members."""

import re

from outcomes.store.sources.json_patterns import MEMBERS, SPACES, STRING, VALUES_BEGIN, skip

_BRACKET = re.compile(STRING.pattern + rb'|"[^\n]*+|([{}\[\]])')
_BRACKETS_OF_A_MEMBER = 2
"""A value that is passed over has no more, and a list of values shows with its second at the latest."""


class WrapperHead:
    """Follows the members of an object, as they come, to the first value of a list in it.

    Members that are whole are not looked at again: else each line of an object would cost as much as all before it.
    """

    def __init__(self) -> None:
        self._passed = 0
        self._rest = b""
        self._has_none = False

    def values_begin(self, part: bytes) -> int | None:
        """Go on with a part; return how many bytes there are before the first value; None while there is no list."""
        if self._has_none:
            return None
        self._rest += part
        brace = 0 if self._passed else int(self._rest.startswith(b"{"))
        members = skip(self._rest, brace, SPACES)
        at = skip(self._rest, members, MEMBERS)
        found = VALUES_BEGIN.match(self._rest, at)
        begins = None if found is None else self._passed + found.end()
        self._passed, self._rest = self._passed + at, self._rest[at:]
        self._has_none = found is None and sum(map(bool, _BRACKET.findall(self._rest))) > _BRACKETS_OF_A_MEMBER
        return begins
