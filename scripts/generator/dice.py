"""Chance: every draw of the generator comes from dice that a text has seeded, so it can be drawn again.

Never for secrets: whoever knows the seed knows every throw.
"""

from random import Random
from typing import Self


class Dice(Random):
    """Dice for one purpose: those of the wire fall alike whatever the story threw.

    >>> Dice(7, "wire").random() == Dice(7, "wire").random() != Dice(7, "story").random()
    True
    """

    def __init__(self, seed: int, purpose: str) -> None:
        """Seed with a text, which Python hashes in the same way in every process."""
        super().__init__(f"{seed}/{purpose}")

    def __new__(cls, *_: object) -> Self:
        """Leave all seeding to `__init__`: the base class would take only one argument here."""
        return super().__new__(cls)
