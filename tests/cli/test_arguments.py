"""Whatever is typed: an answer, or one line that says what is wrong with it. Never a traceback, never a hang."""

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from outcomes.cli.commands.demo import SCHOOL_YEAR, TEN_EVENTS
from tests.support.command import Ran
from tests.support.forked import Forked

TEMPLATES: list[tuple[str, ...]] = [
    ("tree", "--context", "Account:{}"),
    ("tree", "--context", "{}"),
    ("tree", "--context", "Account:1", "--as-of", "{}"),
    ("tree", "--context", "Account:1", "--known-at", "{}"),
    ("tree", "--context", "Account:1", "--tenant", "{}"),
    ("show", "outcome", "{}"),
    ("show", "{}", "1"),
    ("show", "outcome", "10449", "--as-of", "{}"),
    ("blame", "result", "{}"),
    ("blame", "outcome", "10449", "--known-at", "{}"),
    ("timeline", "--entity", "outcome:10449", "--as-of", "{}"),
    ("timeline", "--entity", "outcome:{}"),
    ("timeline", "--entity", "{}"),
    ("timeline", "--entity", "outcome:10449", "--since", "{}"),
    ("timeline", "--entity", "outcome:10449", "--until", "{}"),
    ("timeline", "--entity", "outcome:10449", "--actor", "{}"),
    ("timeline", "--entity", "outcome:10449", "--field", "{}"),
    ("timeline", "--request", "{}"),
    ("timeline", "--context", "Course:{}"),
    ("diff", "--context", "Course:4450", "--from", "{}"),
    ("diff", "--context", "Course:4450", "--from", "2025-10-01", "--to", "{}"),
    ("diff", "--context", "Course:4450", "--from-known", "{}", "--to-known", "{}"),
    ("late", "--known-at", "9", "--over", "{}"),
    ("late", "--known-at", "9", "--over", "{}d"),
    ("mastery", "--course", "{}"),
    ("mastery", "--course", "4450", "--student", "{}"),
    ("mastery", "--course", "4450", "--as-of", "{}"),
    ("mastery", "--course", "4450", "--mastery-points", "{}"),
    ("mastery", "--course", "4450", "--method", "{}"),
    ("mastery", "--course", "4450", "--method", "n_mastery:{}"),
    ("mastery", "--course", "4450", "--scale", "{}"),
    ("explain", "--course", "{}", "--student", "{}", "--outcome", "{}"),
    ("history", "--course", "{}", "--student", "{}", "--outcome", "{}"),
    ("moments", "--context", "{}"),
    ("moments", "--context", "Account:1", "--after", "{}"),
    ("moments", "--context", "Account:1", "--by", "{}"),
    ("impact", "{}"),
    ("impact", "proficiency:{}"),
    ("settings", "set", "{}", "on"),
    ("settings", "set", "account_level_mastery_scales", "{}"),
    ("settings", "list", "--as-of", "{}"),
    ("digest", "--as-of", "{}"),
    ("digest", "--known-at", "{}"),
    ("digest", "--tenant", "{}"),
    ("log", "--limit", "3", "--after", "{}"),
    ("log", "--limit", "{}", "--after", "1470"),
    ("log", "--limit", "3", "--as-of", "{}"),
    ("quarantine", "show", "{}"),
    ("quarantine", "{}"),
    ("ingest", "--", "HOME/nowhere/{}"),
    ("replay", "--to", "HOME/nowhere/{}"),
    ("status", "--format", "{}"),
    ("verify", "--{}"),
    ("{}",),
]
ODD = [
    "", " ", "'; DROP TABLE outcome_versions;--", '"', "%", "_", "*", "\\", "é\u202e", "\udcff", "x" * 90_000,
    "-1", "0", "1.5", "1e400", "nan", "inf", "-inf", "٣", "²", "½", "9" * 25, "9" * 5_000, str(2**63), str(2**63 - 1),
    "0000-00-00", "0001-01-01", "9999-12-31T23:59:59-05:00", "9999-12-31T23:59:59.999999Z", "1969-12-31", "2109-01-01",
    "2025-02-30", "2025-01-01T25:00", "24:00", "now", "\n", "a\x1bb", "[bold]x[/]", "[/]", "--help", "--", "-", ":",
    "Account:1:2", "outcome:outcome:1", "../../etc/passwd", "file:x?mode=memory", "\ufeff1", "\U0001f600",
]  # fmt: skip


@pytest.fixture(scope="module")
def year(tmp_path_factory: pytest.TempPathFactory) -> Forked:
    """A home with the shipped school year."""
    home = Forked(tmp_path_factory.mktemp("year") / "home")
    assert home("ingest", str(SCHOOL_YEAR)).code == 0
    return home


def check(ran: Ran, typed: object) -> None:
    """An answer, or no answer and one line; nothing that a terminal would obey."""
    assert ran.code in {0, 1, 2}, (typed, ran)
    assert "defect" not in ran.err, (typed, ran.err)
    assert "room on the disk" not in ran.err or "/nowhere" in str(typed), (typed, ran.err)
    assert len(ran.err) < 5_000
    assert all(char.isprintable() or char == "\n" for char in ran.err), (typed, ran.err)
    if ran.code == 2 and ran.out == b"":
        assert ran.err.startswith("error: "), (typed, ran.err)
        assert ran.err.count("\n") == 1, (typed, ran.err)


def typed_in(template: tuple[str, ...], text: str, home: Path) -> list[str]:
    """Fill a template; no argument of a process can hold NUL, and whatever is made is made in the home's own folder."""
    return [part.replace("HOME", str(home)).replace("{}", text.replace("\0", "")) for part in template]


@pytest.mark.long
@given(st.data())
def test_whatever_is_typed(year: Forked, data: st.DataObject) -> None:
    """Any text, number or time, in any place of any command."""
    odd = st.sampled_from(ODD) | st.text(max_size=40) | st.integers().map(str) | st.floats().map(str)
    for template in data.draw(st.lists(st.sampled_from(TEMPLATES), min_size=2, max_size=2, unique=True)):
        arguments = typed_in(template, data.draw(odd), year.home)
        check(year(*arguments), arguments)


@pytest.mark.parametrize("template", TEMPLATES, ids=" ".join)
def test_each_place_and_one_of_each_kind_of_oddity(year: Forked, template: tuple[str, ...]) -> None:
    """All oddities with OUTCOMES_EXAMPLES=thorough; else a few, other ones for each place."""
    thorough = os.environ.get("OUTCOMES_EXAMPLES") == "thorough"
    place = TEMPLATES.index(template)
    for text in ODD if thorough else [ODD[(5 * place + step) % len(ODD)] for step in (0, 17)]:
        arguments = typed_in(template, text, year.home)
        check(year(*arguments), arguments)


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        (("late", "--limit", "1x"), "error: Invalid value for '--limit': Input should be a valid integer"),
        (("late", "--limit", "-1"), "error: Invalid value for '--limit': Input should be greater than or equal to 0"),
        (("late", "--format", "xml"), "error: Invalid value for '--format': 'xml' is not one of 'table', 'json'"),
    ],
)
def test_a_value_that_an_option_does_not_take_is_named(year: Forked, typed: tuple[str, ...], said: str) -> None:
    """Whatever the library that reads command lines says of it."""
    ran = year(*typed)
    assert (ran.code, ran.out) == (2, b"")
    assert ran.err.startswith(said)
    assert repr(typed[-1]) in ran.err
    assert "Value error" not in ran.err
    assert ran.err.endswith(": see outcomes late --help\n")


def test_what_was_typed_has_changed_nothing(year: Forked) -> None:
    """After all of that the home is what it was: no table dropped, no event more."""
    assert year.json("status")["head"] == 1478
    assert year("verify").code == 0


MENDED: dict[str, tuple[tuple[str, ...], str]] = {
    "a position of 5,000 digits": (("digest", "--known-at", "9" * 5_000), ""),
    "a position with zeroes": (("digest", "--known-at", "0" * 5_000 + "1478"), ""),
    "more lines than can be counted": (("log", "--limit", "9" * 25), ""),
    "an entry beyond 64 bits": (("quarantine", "show", str(2**63)), f"error: no quarantine entry {2**63}"),
    "an endless duration": (("late", "--over", "9" * 400 + "d"), "error: longer than any event can be late: "),
    "bytes that are no text": (("show", "outcome", "\udcff"), "error: not text in UTF-8: "),
    "points that are no number": (("mastery", "--mastery-points", "nan"), "error: not a number of points: "),
    "a method's number in other digits": (("mastery", "--method", "n_mastery:²"), "error: not a method: "),
    "a method's number of 5,000 digits": (("mastery", "--method", f"n_mastery:{'9' * 5_000}"), "error: not a method: "),
    "a name that no disk takes": (("ingest", "x" * 300), "error: File name too long: "),
}


@pytest.mark.parametrize("name", MENDED)
def test_what_was_called_a_defect_once(year: Forked, name: str) -> None:
    """Each was found by the tests above."""
    arguments, message = MENDED[name]
    ran = year(*arguments, "--format", "json")
    assert ran.code == (2 if message else 0), ran.err
    assert ran.err.startswith(message)
    if arguments[0] == "digest":
        assert ran.json() == year.json("digest")


@pytest.mark.long
def test_a_home_may_have_any_name(tmp_path: Path) -> None:
    """Of bytes that are no text, with what means something in a URI, or what SQLite takes for memory."""
    for name in (b"\xff\xfe", "é \n\x1b".encode(), b"50%?mode=memory#x", b":memory:", b"-rf"):
        home = Forked(tmp_path / os.fsdecode(name))
        assert home("ingest", str(TEN_EVENTS)).code == 0
        assert home.json("status")["head"] == 10
        assert home.json("rebuild")["digest"] == home.json("digest")["digest"]
        assert {path.name for path in home.home.iterdir()} >= {"log.db", "views.db"}
        assert home("replay", "--to", str(tmp_path / os.fsdecode(name + b".db")), "--format", "json").code == 0


def test_a_folder_for_views_is_not_for_a_home_in_a_folder(
    year: Forked, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Said on the command line it is refused; from the environment it is for logs on PostgreSQL alone."""
    views = tmp_path / "views"
    ran = year("--views", str(views), "digest")
    assert (ran.code, ran.out, ran.err.count("\n")) == (2, b"", 1)
    assert "--views is for a log on PostgreSQL" in ran.err
    monkeypatch.setenv("OUTCOMES_VIEWS", str(views))
    assert year("digest").code == 0
    assert not views.exists()
