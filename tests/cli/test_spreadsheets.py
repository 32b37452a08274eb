"""CSV for spreadsheets: what is text stays text, and UTF-8 is told by a mark."""

import csv
from pathlib import Path

import pytest

from outcomes.cli.spreadsheets import kept_as_text
from tests.support.command import Asked
from tests.support.given import group, lines


@pytest.mark.parametrize(
    "text",
    [
        "11-12",
        "1E5",
        "00123",
        "3/4",
        "12:30",
        "5%",
        "$5",
        "-1",
        "=1+1",
        "@x",
        "Mar 5",
        "TRUE",
        "41230000000000017",
        " 7",
    ],
)
def test_what_looks_like_a_value_is_kept_as_text(text: str) -> None:
    """A date, a power of ten, an id with more digits than a spreadsheet has: each would be changed."""
    assert kept_as_text(text) == f'="{text}"'


@pytest.mark.parametrize("text", ["", "Reads maps", "studentAda", "e5", "2025-01-01T08:00:00.000Z", "9" * 300])
def test_plain_text_and_times_are_as_they_are(text: str) -> None:
    """So that the file is still CSV to everyone else."""
    assert kept_as_text(text) == text


def test_csv_for_spreadsheets_has_a_mark_and_plain_csv_none(tmp_path: Path) -> None:
    """The same rows; quotes inside of text are doubled twice, once for the formula and once for CSV."""
    outcomes = Asked(tmp_path / "home")
    assert outcomes("ingest", stdin=lines(group("1", "2025-01-01", title='11-12 "Ünits"'))).code == 0
    plain = outcomes("timeline", "--format", "csv").out
    excel = outcomes("timeline", "--format", "csv", "--excel").out
    assert excel.startswith(b"\xef\xbb\xbf")
    assert not plain.startswith(b"\xef\xbb\xbf")
    titles = [next(csv.DictReader(text.decode("utf-8-sig").splitlines()))["title"] for text in (plain, excel)]
    assert titles == ['11-12 "Ünits"', '="11-12 ""Ünits"""']


def test_excel_without_csv_is_wrong_use(tmp_path: Path) -> None:
    """With what to do."""
    ran = Asked(tmp_path / "home")("timeline", "--excel")
    assert (ran.code, ran.err) == (2, "error: --excel is for spreadsheets: give --format csv, too\n")
