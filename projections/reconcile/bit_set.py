"""A set of whole numbers below a bound: one bit each, since there may be one for every event of the log."""

import numpy as np

from outcomes.projections.mastery.columnar.arithmetic import Bools, Ints

_BYTE, _WITHIN = 3, 7


class BitSet:
    """Numbers from 0 to below `bound`."""

    def __init__(self, bound: int) -> None:
        self._bytes = np.zeros((bound >> _BYTE) + 1, dtype=np.uint8)

    def add(self, numbers: Ints) -> None:
        """Add numbers; they may repeat."""
        bits = np.left_shift(1, numbers & _WITHIN).astype(np.uint8)
        np.bitwise_or.at(self._bytes, numbers >> _BYTE, bits)

    def has(self, numbers: Ints) -> Bools:
        """Say of each number whether it is there."""
        found: Bools = (self._bytes[numbers >> _BYTE] >> (numbers & _WITHIN).astype(np.uint8)) & 1 > 0
        return found

    def __contains__(self, number: int) -> bool:
        """Say whether a number is there."""
        return bool(self._bytes[number >> _BYTE] >> (number & _WITHIN) & 1)
