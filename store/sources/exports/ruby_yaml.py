"""The Ruby YAML in which Canvas keeps an outcome's criterion, read into maps, lists, numbers and text only.

No tag makes an object, no alias is followed: what is not the plain block form that Ruby writes is refused. Keys may be
symbols (`:points: 3`), as Canvas's are.
"""

import re
from typing import Any

_KEY = re.compile(r"(:?)([A-Za-z_][\w ]*|\"(?:[^\"\\]|\\.)*\"|'(?:[^']|'')*')\s*:(?:\s+(.*)|\s*)$")
_NUMBER = re.compile(r"[-+]?(?:\d[\d_]*(?:\.\d+)?|\.\d+)(?:[eE][-+]?\d+)?")
_ESCAPE = re.compile(r"\\(x[0-9a-fA-F]{2}|u[0-9a-fA-F]{4}|U[0-9a-fA-F]{8}|.)", re.DOTALL)
_ESCAPES = {"n": "\n", "t": "\t", "r": "\r", "0": "\0", "e": "\x1b", "a": "\a", "b": "\b", "\n": ""}
_WORDS = {"": None, "~": None, "null": None, "true": True, "false": False}
_DEEPEST = 20


class _Line:
    __slots__ = ("indent", "text")

    def __init__(self, indent: int, text: str) -> None:
        self.indent, self.text = indent, text


def load(text: str) -> Any:
    """Return what the text holds; raises ValueError for what is not plain data."""
    lines = [
        _Line(len(line) - len(line.lstrip(" ")), line.strip())
        for line in text.split("\n")
        if line.strip() and not line.lstrip().startswith("#")
    ]
    if lines and lines[0].text.startswith("---"):
        lines[0].text = (
            lines[0]
            .text[3:]
            .removeprefix(" ")
            .removeprefix("!ruby/hash:ActiveSupport::HashWithIndifferentAccess")
            .strip()
        )
        if not lines[0].text:
            del lines[0]
    if not lines:
        return None
    reader = _Reader(lines)
    found = reader.value(lines[0].indent, 0)
    if reader.place != len(lines):
        raise ValueError(f"cannot be read as plain YAML at {lines[reader.place].text[:40]!r}")
    return found


class _Reader:
    def __init__(self, lines: list[_Line]) -> None:
        self.lines, self.place = lines, 0

    def value(self, indent: int, depth: int) -> Any:
        if depth > _DEEPEST:
            raise ValueError("is nested too deeply")
        line = self.lines[self.place]
        if line.text == "-" or line.text.startswith("- "):
            return self._list(indent, depth)
        if _KEY.match(line.text):
            return self._map(indent, depth)
        self.place += 1
        return self._scalar(line.text, indent)

    def _list(self, indent: int, depth: int) -> list[Any]:
        found = []
        while (line := self._at(indent)) is not None and (line.text == "-" or line.text.startswith("- ")):
            inner = line.text[1:].lstrip(" ")
            if not inner:
                self.place += 1
                found.append(self._below(indent, depth))
                continue
            # What follows the dash stands further in, and so do the lines below it.
            line.indent += len(line.text) - len(inner)
            line.text = inner
            found.append(self.value(line.indent, depth + 1))
        return found

    def _map(self, indent: int, depth: int) -> dict[str, Any]:
        found: dict[str, Any] = {}
        while (line := self._at(indent)) is not None and (matched := _KEY.match(line.text)) is not None:
            key, rest = str(_plain(matched[2])), matched[3]
            self.place += 1
            found[key] = self._below(indent, depth, in_map=True) if not rest else self._scalar(rest.strip(), indent)
        return found

    def _at(self, indent: int) -> _Line | None:
        line = self.lines[self.place] if self.place < len(self.lines) else None
        return line if line is not None and line.indent == indent else None

    def _below(self, indent: int, depth: int, *, in_map: bool = False) -> Any:
        """Return the block under a key or a dash; Ruby writes the dashes of a list as far in as its key."""
        line = self.lines[self.place] if self.place < len(self.lines) else None
        if line is None or line.indent < indent:
            return None
        if line.indent > indent or (in_map and (line.text == "-" or line.text.startswith("- "))):
            return self.value(line.indent, depth + 1)
        return None

    def _scalar(self, text: str, indent: int) -> Any:
        if text[:1] in {"|", ">"}:
            return self._block(text, indent)
        if text[:1] in {'"', "'"}:
            while not _is_closed(text) and self.place < len(self.lines):
                text += " " + self.lines[self.place].text
                self.place += 1
        return _plain(text)

    def _block(self, style: str, indent: int) -> str:
        parts = []
        while self.place < len(self.lines) and self.lines[self.place].indent > indent:
            parts.append(self.lines[self.place].text)
            self.place += 1
        joined = ("\n" if style[0] == "|" else " ").join(parts)
        return joined if style.endswith("-") else joined + "\n"


def _is_closed(text: str) -> bool:
    if text[0] == "'":
        return len(text) > 1 and text.endswith("'") and (text.count("'") % 2 == 0)
    return re.fullmatch(r'"(?:[^"\\]|\\.)*"', text, re.DOTALL) is not None


def _plain(text: str) -> Any:
    """Return a scalar; raises ValueError for tags, anchors and what else makes more than data of text."""
    if text[:1] == '"':
        if not _is_closed(text):
            raise ValueError("a quote is not closed")
        return _ESCAPE.sub(_unescaped, text[1:-1])
    if text[:1] == "'":
        if not _is_closed(text):
            raise ValueError("a quote is not closed")
        return text[1:-1].replace("''", "'")
    if text in {"[]", "{}"}:
        return [] if text == "[]" else {}
    if text[:1] in {"!", "&", "*", "[", "{", "%", "@", "`"}:
        raise ValueError(f"{text[:40]!r} is more than plain data")
    if text in _WORDS:
        return _WORDS[text]
    if _NUMBER.fullmatch(text):
        digits = text.replace("_", "")
        return int(digits) if digits.lstrip("+-").isdigit() else float(digits)
    return text.removeprefix(":") if re.fullmatch(r":\w+", text) else text


def _unescaped(found: re.Match[str]) -> str:
    code = found[1]
    if code[0] in "xuU" and len(code) > 1:
        return chr(int(code[1:], 16))
    return _ESCAPES.get(code, code)
