"""The documents as tests read them: their sessions, sections, tables and links."""

import re
from pathlib import Path
from typing import NamedTuple

from tests.support.command import ROOT

DOCUMENTS = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", ROOT / "CHANGELOG.md", *sorted((ROOT / "docs").glob("*.md"))]
CONTRACT = ROOT / "docs" / "contract.md"

_FENCED = re.compile(r"^```(\w*)\n(.*?)^```$", flags=re.MULTILINE | re.DOTALL)
_COMMAND = re.compile(r"^\$ (.*)\n((?:(?!\$ ).*\n)*)", flags=re.MULTILINE)
_HEADING = re.compile(r"^(#+) (.*)$", flags=re.MULTILINE)


class Shown(NamedTuple):
    """A command of a session, and what the document says that it prints; `…` stands for anything."""

    command: str
    output: str

    def matches(self, printed: str) -> bool:
        """Whether the command printed this; space at the ends of lines does not count."""
        lines = (re.escape(line.rstrip()).replace("…", r"[\s\S]*?") for line in self.output.splitlines())
        return re.fullmatch("".join(rf"{line}\s*\n" for line in lines), printed) is not None


def session(document: Path) -> list[Shown]:
    """Return all commands of a document's `console` blocks, in order."""
    blocks = [text for language, text in _FENCED.findall(document.read_text()) if language == "console"]
    return [Shown(*found) for block in blocks for found in _COMMAND.findall(block)]


def prose(document: Path) -> str:
    """Return a document without its blocks of code."""
    return _FENCED.sub("", document.read_text())


def anchors(document: Path) -> set[str]:
    """Return the names under which the headings of a document can be linked to, as GitHub makes them."""
    found = _HEADING.findall(_FENCED.sub("", document.read_text()))
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for _, heading in found}


def sections(document: Path, level: int) -> dict[str, str]:
    """Return the text under each heading of a level."""
    parts = re.split(rf"^{'#' * level} (.*)$", document.read_text(), flags=re.MULTILINE)
    until = re.compile(rf"^#{{1,{level}}} ", flags=re.MULTILINE)
    return {name: until.split(text)[0] for name, text in zip(parts[1::2], parts[2::2], strict=True)}
