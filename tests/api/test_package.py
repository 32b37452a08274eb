"""`import outcomes` is cheap, and gives everything by name."""

import subprocess
import sys

import pytest

import outcomes
from outcomes.domain import errors

HEAVY = {"numpy", "pyarrow", "pandas", "polars", "rich", "typer", "sqlite_utils"}


def loaded(statement: str) -> set[str]:
    """Return the packages that a statement loads in a fresh process."""
    code = f"import sys; {statement}; print(*{{name.split('.')[0] for name in sys.modules}})"
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    return set(ran.stdout.split())


@pytest.mark.parametrize(
    ("statement", "allowed"),
    [
        ("import outcomes", set()),
        ("import outcomes.domain", set()),
        ("import outcomes; outcomes.UsageError", set()),
        ("import outcomes; outcomes.open; outcomes.Point; outcomes.Timeline", {"pydantic", "orjson", "eventsourcing"}),
    ],
)
def test_nothing_is_loaded_before_it_is_needed(statement: str, allowed: set[str]) -> None:
    """Not the command line, not what draws, not what computes in columns; the bare package loads nothing at all."""
    found = loaded(statement)
    assert found & HEAVY == set()
    assert found & {"pydantic", "orjson", "eventsourcing"} <= allowed


def test_every_name_can_be_had() -> None:
    """All that is promised is there, documented, and listed; what is not promised is an AttributeError."""
    for name in outcomes.__all__:
        assert getattr(outcomes, name).__doc__, name
        assert name in dir(outcomes)
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        _ = outcomes.nothing  # type: ignore[attr-defined]


def test_all_errors_are_named() -> None:
    """The tree of errors is part of the package."""
    found = {name for name, value in vars(errors).items() if isinstance(value, type) and issubclass(value, Exception)}
    assert found <= set(outcomes.__all__)
