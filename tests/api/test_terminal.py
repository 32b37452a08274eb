"""How values are written for people."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from outcomes.api.terminal.parts import arrow, number, shown


def test_a_time_is_written_as_everywhere() -> None:
    """In UTC with a `Z`, as in JSON: a table of an export's findings is compared with those of other commands."""
    assert shown(datetime(2026, 6, 10, 19, 12, tzinfo=UTC)) == "2026-06-10T19:12:00.000Z"


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (3, "3"),
        (3.0, "3"),
        (2.91, "2.91"),
        (0.3333333, "0.3333333"),
        (123456.78, "123456.78"),
        (2 / 3, "0.6666666666666666"),
        (1_234_567, "1234567"),
        (2_211_840.0, "2211840"),
    ],
)
def test_a_number_is_as_short_as_it_is_and_whole(value: float, text: str) -> None:
    """A position of millions keeps all its digits, a share each of its decimals; a whole score has no idle zero."""
    assert number(value) == shown(value) == text


@given(st.floats(allow_nan=False) | st.integers())
def test_no_number_is_shortened_into_another(value: float) -> None:
    """What a table shows is read back as the very number."""
    assert float(number(value)) == float(value)


LONG = "Reads a tide table and tells when the harbour can be entered, "


@pytest.mark.parametrize(
    ("before", "after", "text"),
    [
        (0.66666667, 2 / 3, "0.66666667 → 0.6666666666666666"),
        (3, 4.5, "3 → 4.5"),
        (None, "-", 'null → "-"'),
        ("two  blanks", "two blanks", '"two  blanks" → "two blanks"'),
        ("caf\u00e9", "cafe\u0301", '"caf\\u00e9" → "cafe\\u0301"'),
        (LONG + "in spring", LONG + "in autumn", '… can be entered, in spring" → … can be entered, in autumn"'),
    ],
)
def test_before_and_after_look_different(before: object, after: object, text: str) -> None:
    """Values that differ by blanks, by what nobody sees, or far behind, are told so that one sees it."""
    assert arrow(before, after) == text


VALUES = st.none() | st.booleans() | st.text() | st.floats(allow_nan=False) | st.integers() | st.lists(st.text())


@given(VALUES, VALUES, st.none() | st.integers(20, 60))
def test_no_change_looks_like_none(before: object, after: object, width: int | None) -> None:
    """Whatever changed: the two sides are not the same text."""
    one, _, other = arrow(before, after, width).partition(" → ")
    if before != after:
        assert one != other
