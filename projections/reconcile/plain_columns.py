"""Values of exports in numpy columns; what is not plain is marked, so that its row is judged by itself."""

from collections.abc import Sequence
from contextlib import suppress
from functools import lru_cache
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from outcomes.domain.times import SECOND, micros, parse_moment
from outcomes.projections.mastery.columnar.arithmetic import Bools, Floats, Ints
from outcomes.projections.mastery.columnar.id_numbers import NO_NUMBER, id_numbers

NOTHING: Final = -(1 << 62)
"""A null among whole numbers."""
ODD: Final = NOTHING + 1
"""A value that has to be read with all care."""

# 2026-04-08T19:55:05, then perhaps a fraction, then Z, +00:00 or nothing.
_LENGTH = 19
_DIGITS = np.array([0, 1, 2, 3, 5, 6, 8, 9, 11, 12, 14, 15, 17, 18])
_SEPARATORS = ((4, b"-"), (7, b"-"), (10, b"T "), (13, b":"), (16, b":"))
_UTC = np.frombuffer(b"+00:00", dtype=np.uint8)
_LARGEST_HOUR, _LARGEST_MINUTE = 23, 59


class Codes(dict[Any, int]):
    """Small numbers for texts, as they turn up; of two columns with one of these, equal codes are equal texts."""

    def __init__(self, *alike: tuple[Any, ...]) -> None:
        """Begin with groups of values of which all mean the same."""
        super().__init__({value: code for code, group in enumerate(alike) for value in group})

    def __missing__(self, text: Any) -> int:
        code = self[text] = len(self)  # beyond those of any group
        return code

    def of(self, texts: Sequence[Any]) -> Ints:
        """Return the numbers of texts."""
        return np.fromiter(map(self.__getitem__, texts), dtype=np.int64, count=len(texts))


def whole_ids(values: Sequence[Any]) -> Ints:
    """Return ids, which may be numbers or text; NOTHING for none, ODD for one that is not simply a number."""
    kinds = set(map(type, values))
    if kinds == {int}:
        with suppress(OverflowError):  # one that is too large is odd, not all of them
            numbers = np.array(values, dtype=np.int64)
            return np.where(numbers < 0, ODD, numbers)
    if not kinds <= {int, str, type(None)}:
        return np.full(len(values), ODD)
    texts = (
        values if kinds == {str} and all(values) else ["1" if value in {None, ""} else str(value) for value in values]
    )
    numbers = id_numbers(texts)
    numbers = np.where(numbers == NO_NUMBER, ODD, numbers)
    if texts is not values:
        numbers[[value is None or value == "" for value in values]] = NOTHING
    return numbers


def numbers_of(values: Sequence[Any]) -> tuple[Floats, Bools]:
    """Return numbers, nan for none, and which of them are none that a row may have."""
    if set(map(type, values)) <= {float, int, type(None)}:
        found = np.array(values, dtype=np.float64)
        return found, np.isinf(found)
    are_none = np.array([value is None or value == "" for value in values], dtype=bool)
    try:
        found = np.array(["nan" if value is None or value == "" else value for value in values], dtype=np.float64)
    except (ValueError, TypeError):
        return np.full(len(values), np.nan), np.ones(len(values), dtype=bool)
    return found, ~np.isfinite(found) & ~are_none


@lru_cache(maxsize=4096)
def _minute(text: str) -> int:
    return micros(parse_moment(text)) // SECOND


def second_of(value: Any) -> int | None:
    """Return the whole second of one time; None for none. Raises ValueError."""
    if not value:
        return None
    if value.__class__ is str and len(value) > _LENGTH and value[-1] == "Z" and value[16] == ":":
        return _minute(value[:16]) + int(value[17:19])
    return micros(parse_moment(str(value))) // SECOND


def seconds_of(values: Sequence[Any]) -> Ints:
    """Return the whole seconds of times since 1970; NOTHING for none, ODD for what is no plain time in UTC."""
    if not values:
        return np.zeros(0, dtype=np.int64)
    try:
        texts = np.array([value or "" for value in values], dtype="S")
    except (UnicodeEncodeError, ValueError, TypeError):
        return np.full(len(values), ODD)
    width = max(texts.dtype.itemsize, _LENGTH + 7)
    letters = texts.astype(f"S{width}").view(np.uint8).reshape(len(values), width)
    seconds, is_plain = _seconds(letters)
    found = np.where(is_plain & _is_utc(letters), seconds, ODD)
    return np.where(letters[:, 0] == 0, NOTHING, found)


def _seconds(letters: NDArray[np.uint8]) -> tuple[Ints, Bools]:
    digits = letters[:, _DIGITS].astype(np.int64) - ord("0")
    is_plain = ((digits >= 0) & (digits <= 9)).all(axis=1)  # noqa: PLR2004 - digits
    for place, among in _SEPARATORS:
        is_plain &= np.isin(letters[:, place], np.frombuffer(among, dtype=np.uint8))
    year = digits[:, 0] * 1000 + digits[:, 1] * 100 + digits[:, 2] * 10 + digits[:, 3]
    month, day, hour, minute, second = (digits[:, place] * 10 + digits[:, place + 1] for place in range(4, 14, 2))
    months = (year - 1970) * 12 + month - 1
    begins = months.astype("datetime64[M]").astype("datetime64[D]").astype(np.int64)
    ends = (months + 1).astype("datetime64[M]").astype("datetime64[D]").astype(np.int64)
    is_plain &= (year > 1) & (month >= 1) & (month <= 12) & (day >= 1) & (day <= ends - begins)  # noqa: PLR2004
    is_plain &= (hour <= _LARGEST_HOUR) & (minute <= _LARGEST_MINUTE) & (second <= _LARGEST_MINUTE)
    return (begins + day - 1) * 86_400 + hour * 3_600 + minute * 60 + second, is_plain


def _is_utc(letters: NDArray[np.uint8]) -> Bools:
    """Say of which times what follows the seconds is a fraction or nothing, and then Z, +00:00 or nothing."""
    places = np.arange(len(letters))
    length = (letters != 0).sum(axis=1)
    last = letters[places, np.maximum(length - 1, 0)]
    ends = np.where(last == ord("Z"), length - 1, length)
    has_offset = (length >= _LENGTH + 6) & (last == ord("0"))
    if has_offset.any():
        tail = letters[places[:, None], np.maximum(length[:, None] - 6 + np.arange(6), 0)]
        ends = np.where(has_offset & (tail == _UTC).all(axis=1), length - 6, ends)
    between = np.arange(letters.shape[1])[None, :]
    is_digit = (letters >= ord("0")) & (letters <= ord("9"))
    is_fraction = (between <= _LENGTH) | (between >= ends[:, None]) | is_digit
    has_fraction = (letters[:, _LENGTH] == ord(".")) & (ends > _LENGTH + 1)
    found: Bools = (ends == _LENGTH) | (has_fraction & is_fraction.all(axis=1))
    return found
