"""Ids as numbers, in whose order Canvas reads them."""

from collections.abc import Sequence

import numpy as np

from outcomes.projections.mastery.columnar.arithmetic import Ints

NO_NUMBER = -1
"""In place of an id that is not simply a number."""

_POWERS_OF_TEN = 10 ** np.arange(19, dtype=np.int64)


def id_numbers(ids: Sequence[str]) -> Ints:
    """Return ids as numbers; NO_NUMBER for one that is not written as its number is."""
    digits = "".join(ids)
    if digits.isascii() and digits.isdigit() and all(ids):
        numbers = np.fromstring(",".join(ids), dtype=np.int64, sep=",")
        # A number never has more digits than its text, so if none was lost in all, none had an idle zero in front.
        lengths = np.searchsorted(_POWERS_OF_TEN, numbers, side="right")
        if lengths.sum() == len(digits) and lengths.max() < len(_POWERS_OF_TEN):
            return numbers
    return _one_by_one(ids)


def _one_by_one(ids: Sequence[str]) -> Ints:
    longest = len(_POWERS_OF_TEN) - 1
    return np.array(
        [
            int(text) if text.isascii() and text.isdigit() and text[0] != "0" and len(text) <= longest else NO_NUMBER
            for text in ids
        ],
        dtype=np.int64,
    )
