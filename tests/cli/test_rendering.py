"""How values are written for people."""

import pytest

from outcomes.cli.rendering import number, shown


@pytest.mark.parametrize(
    ("value", "text"),
    [(3, "3"), (3.0, "3"), (2.91, "2.91"), (0.3333333, "0.333333"), (1_234_567, "1234567"), (2_211_840.0, "2211840")],
)
def test_a_number_is_as_short_as_it_is_and_whole(value: float, text: str) -> None:
    """A position of millions keeps all its digits; a whole score has no idle zero."""
    assert number(value) == shown(value) == text
