"""One row of a table of Canvas Data 2, whatever the format of its file, and how the values of a row are read.

In JSON Lines and Parquet values have types; in CSV and TSV they are text. Either way a null is None, and empty text is
empty text. Times stay text: their place is the domain's to read.
"""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any, Final, NamedTuple

from outcomes.domain.errors import UnreadableInput

UNSPECIFIED: Final = "__dap_unspecified__"
"""What the export writes in place of a value of an enumeration that it does not know."""
TRUNCATED: Final = "__cd2_oversized_truncated__"
"""What stands in a text that was too large for the export."""


class ExportRow(NamedTuple):
    """A row as it stands in a file.

    `action` is U or D in what was taken incrementally, None in a whole snapshot. `ts` is the lake's commit, never when
    anything happened: it only tells which of two copies of a row is the later. `file` and `line` say where it stands.
    """

    id: str
    value: Mapping[str, Any]
    action: str | None
    ts: str
    file: str
    line: int

    @property
    def is_gone(self) -> bool:
        """Whether the row was deleted for good."""
        return self.action == "D"

    def unreadable(self, table: str, error: Exception) -> UnreadableInput:
        """Return what to raise where a value of the row cannot be read: it names the row."""
        return UnreadableInput(f"{self.file} line {self.line}: {table} {self.id}: {error}: export the table again")

    @property
    def unspecified(self) -> list[str]:
        """The columns in which the export could not, or would not, say what Canvas holds."""
        return [
            name
            for name, value in self.value.items()
            if value.__class__ is str and (value == UNSPECIFIED or TRUNCATED in value)
        ]


def text(value: Any) -> str | None:
    """Return a value as text; a number without a fraction is an id, and has no point."""
    if value is None or value.__class__ is str:
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float | Decimal) and value % 1 == 0:
        return str(int(value))
    return str(value)


def identity(value: Any) -> str | None:
    """Return an id as text; empty text is none."""
    return text(value) or None


def number(value: Any) -> float | None:
    """Return a number; None for what is none. Raises ValueError for other text."""
    if value is None or value == "":
        return None
    if isinstance(value, bool | dict | list):
        raise ValueError(f"{value!r} is no number")  # noqa: TRY004 - the same verdict as for other text
    found = float(value)
    if found != found or found in {float("inf"), float("-inf")}:  # noqa: PLR0124 - only nan differs from itself
        raise ValueError(f"{value!r} is no number")
    return found


def whole(value: Any) -> int | None:
    """Return a whole number; None for what is none. Raises ValueError."""
    found = number(value)
    if found is None:
        return None
    if not found.is_integer():
        raise ValueError(f"{value!r} is no whole number")
    return int(found)


_TRUTHS: Final = {"true": True, "t": True, "1": True, "false": False, "f": False, "0": False, "": None}


def truth(value: Any) -> bool | None:
    """Return true or false; None for what is neither said. Raises ValueError for other text."""
    if value is None or isinstance(value, bool):
        return value
    found = str(value).strip().lower()
    if found not in _TRUTHS:
        raise ValueError(f"{value!r} is neither true nor false")
    return _TRUTHS[found]
