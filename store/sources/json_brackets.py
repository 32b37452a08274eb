"""Where a JSON value ends, found by its brackets alone, however it is cut into parts."""

import re

_TOKEN = re.compile(rb'"[^"\\\n]*+(?:\\.[^"\\\n]*+)*+"|[{}\[\]]|"')
_REST_OF_STRING = re.compile(rb'[^"\\\n]*+(?:\\.[^"\\\n]*+)*+')


class Brackets:
    """Follows one JSON value through parts of lines to the bracket that closes it.

    A string that is open where its line ends stays open: JSON writes line ends as escapes.
    """

    def __init__(self, depth: int = 0) -> None:
        self._depth = depth
        self._escaped = False
        self.in_string = False

    def end_in(self, part: bytes, start: int = 0) -> int | None:
        """Return where in this part the value ends; None if it goes on."""
        if self.in_string:
            start = self._skip_string(part, start)
        for token in _TOKEN.finditer(part, start):
            mark = token.group()
            if mark in (b"{", b"["):
                self._depth += 1
            elif mark in (b"}", b"]"):
                self._depth -= 1
                if self._depth <= 0:
                    return token.end()
            elif mark == b'"':
                self._skip_string(part, token.end())
                break
        return None

    def _skip_string(self, part: bytes, start: int) -> int:
        found = _REST_OF_STRING.match(part, start + self._escaped)
        end = found.end() if found else len(part)
        self._escaped = part[end : end + 1] == b"\\"
        self.in_string = part[end : end + 1] != b'"'
        return len(part) if self.in_string else end + 1
