"""Lists of names, as one says them."""

import pytest

from outcomes.domain.phrasing import listed, numbered


@pytest.mark.parametrize(
    ("names", "said"),
    [
        ([], ""),
        (["Tides"], "Tides"),
        (["Clouds", "Tides"], "Clouds and Tides"),
        (["Clouds", "Rivers", "Clouds", "Tides"], "Clouds, Rivers and Tides"),
    ],
)
def test_names_stand_as_one_says_them(names: list[str], said: str) -> None:
    """With commas, and "and" before the last; each once."""
    assert listed(names) == said


def test_things_are_one_or_many() -> None:
    """The noun follows the number: never "result 1, 2"."""
    assert [numbered("result", [4]), numbered("result", (name for name in "12")), numbered("result", [1, 2, 4])] == [
        "result 4",
        "results 1 and 2",
        "results 1, 2 and 4",
    ]
