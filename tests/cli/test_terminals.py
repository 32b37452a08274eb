"""No text of an event, of a file's name or of an argument commands a terminal or a spreadsheet."""

import csv
import io
import json
import os
import pty
import threading
from contextlib import suppress
from pathlib import Path

import pytest

from tests.support.evil import EVIL, EVIL_ID, QUESTIONS, TENANT_OPTION, WRONG, commands, school
from tests.support.forked import Forked
from tests.support.given import group, lines

FORMS = [(), ("--format", "json"), ("--format", "ndjson"), ("--format", "csv")]


class Screen:
    """What a person's terminal is sent."""

    def __init__(self, ours: int, theirs: int) -> None:
        self.name = os.ttyname(theirs)
        self._ours, self._theirs = ours, theirs
        self._parts: list[bytes] = []
        self._reader = threading.Thread(target=self._read)
        self._reader.start()

    def _read(self) -> None:
        with suppress(OSError):  # the last one who could write has closed it
            while part := os.read(self._ours, 1 << 16):
                self._parts.append(part)

    def shown(self) -> bytes:
        """Return everything that came, once nobody writes any more."""
        os.close(self._theirs)
        self._reader.join()
        os.close(self._ours)
        return b"".join(self._parts)


def on_screen(home: Forked, *arguments: str) -> tuple[int, bytes]:
    """Run a command on a pseudo-terminal of its own; return its code and what the terminal was sent."""
    screen = Screen(*pty.openpty())
    ran = home(*arguments, terminal=screen.name)
    return ran.code, screen.shown()


@pytest.fixture(scope="module")
def evil(tmp_path_factory: pytest.TempPathFactory) -> Forked:
    """A home with nothing but evil in it, from a file whose name is evil."""
    folder = tmp_path_factory.mktemp("evil")
    source = folder / f"\x1b[31m{EVIL_ID}\n.json"
    source.write_bytes(school())
    home = Forked(folder / "home")
    ran = home("ingest", str(source), "--format", "json")
    counts = ran.json()
    assert (counts["read"], counts["appended"], counts["quarantined"]) == (22, 18, 4)
    assert commands(ran.err.encode()) == set()
    return home


def test_the_school_is_as_evil_as_it_says(evil: Forked) -> None:
    """The events do hold what the other tests look for: where nothing is a terminal, it comes out as it came in."""
    state = evil.json("show", "group", "1", *TENANT_OPTION)["state"]
    assert state["title"] == EVIL + "2"
    assert state["nested"] == {EVIL: [1, {EVIL: EVIL}]}
    assert {"U+001B", "U+009B", "U+202E", "U+0000"} <= commands(evil("quarantine", "show", "1").out + EVIL.encode())
    assert {"U+009B", "U+202E"} <= commands(evil("log").out)


@pytest.mark.parametrize("question", [*QUESTIONS, *WRONG], ids=lambda question: ascii(" ".join(question))[:60])
def test_nothing_commands_a_terminal(evil: Forked, question: tuple[str, ...]) -> None:
    """Every command, in a format that changes from one to the next, on a real terminal: answers and messages."""
    everyone = [*QUESTIONS, *WRONG]
    forms = [(), FORMS[1 + everyone.index(question) % 3]]
    for form in forms if question in QUESTIONS else forms[:1]:
        code, shown = on_screen(evil, *question, *form)
        assert commands(shown) == set(), (form, shown)
        assert code in {0, 1} if question in QUESTIONS else code in {1, 2}
        assert b"defect" not in shown


VERBATIM = [question for question in QUESTIONS if question[0] == "log" or question[:2] == ("quarantine", "show")]


@pytest.mark.parametrize("question", [question for question in QUESTIONS if question not in VERBATIM], ids=" ".join)
def test_tables_are_clean_in_a_pipe_too(evil: Forked, question: tuple[str, ...]) -> None:
    """A table ends in a file or a pager and then on a terminal; bytes are left alone only where they are the answer."""
    assert commands(evil(*question).out) == set()


def test_json_on_a_terminal_is_the_same_document(evil: Forked) -> None:
    """What is escaped there means the same."""
    for question in [("show", "group", "1", *TENANT_OPTION), ("timeline", *TENANT_OPTION)]:
        _, shown = on_screen(evil, *question, "--format", "json")
        assert json.loads(shown) == evil.json(*question)


def test_what_a_terminal_shows_of_the_log_can_be_taken_in_again(evil: Forked) -> None:
    """Copied from the screen, each event is the same event."""
    _, shown = on_screen(evil, "log")
    counts = evil("ingest", "--format", "json", stdin=shown.replace(b"\r\n", b"\n")).json()
    assert (counts["appended"], counts["duplicates"]) == (0, 18)


def test_quarantined_bytes_on_a_terminal_keep_their_lines(tmp_path: Path) -> None:
    """What was pretty-printed can still be read."""
    home = Forked(tmp_path / "home")
    home("ingest", stdin=b'{\n  "metadata": \x1b[31m\n}')
    _, shown = on_screen(home, "quarantine", "show", "1")
    assert shown.splitlines()[-3:] == [b"{", '  "metadata": �[31m'.encode(), b"}"]


FORMULAS = ["=1+1", "+1", "-2+3+cmd|' /C calc'!A0", "@SUM(A1)", "\t=1", "\r=1", "'=1", "fine = so", " =1"]


def test_no_cell_is_a_formula(tmp_path: Path) -> None:
    """CSV is for spreadsheets: text that one would calculate gets an apostrophe; other formats hold it as it is."""
    home = Forked(tmp_path / "home")
    titles = dict(enumerate(FORMULAS, 1))
    home("ingest", stdin=lines(*(group(str(n), "2025-01-01", title=text) for n, text in titles.items())))
    rows = list(csv.DictReader(io.StringIO(home("tree", "--context", "Account:1", "--format", "csv").out.decode(), "")))
    told = {int(row["id"]): row["title"] for row in rows}
    assert told == {n: f"'{text}" if text[0] in "=+-@\t\r" else text for n, text in titles.items()}
    roots = home.json("tree", "--context", "Account:1")["roots"]
    assert {int(root["id"]): root["title"] for root in roots} == titles
