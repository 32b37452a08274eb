"""Delivery: what the wire does to the truth. Events come late, twice, out of order, or as something unreadable.

Nothing is lost: every true event is delivered at least once, so a reader that drops repeats and sets aside what it
cannot read must arrive at the truth. How much is held back at any time is bounded.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from heapq import heappop, heappush

from scripts.generator.clock import DAY, HOUR
from scripts.generator.damage import DAMAGES, not_json
from scripts.generator.dice import Dice
from scripts.generator.repeats import reserialised

MAX_HELD = 4_096
"""More late events than this are never held; the one due first is then delivered early."""

_ALL_DAMAGES_FROM = 1_000
_JOSTLED = 0.2
_REPEATED_SOON = 0.7
_REWRITTEN = 0.4
_SOON = 50
_MOST_EXTRA = 0.5
_LONGEST = 30 * DAY


@dataclass(frozen=True, slots=True)
class Faults:
    """How bad the wire is, as shares of all deliveries; `shuffle` is how many places an event may slip back.

    >>> Faults(late=0, repeat=0, shuffle=0, malformed=0) == PERFECT
    True
    """

    late: float = 0.02
    repeat: float = 0.01
    shuffle: int = 8
    malformed: float = 0.001

    def __post_init__(self) -> None:
        """Refuse shares that are none."""
        for share in ("late", "repeat", "malformed"):
            if not 0 <= getattr(self, share) <= 1:
                msg = f"{share} is {getattr(self, share)}: give a share between 0 and 1"
                raise ValueError(msg)
        if self.repeat + self.malformed > _MOST_EXTRA:
            msg = f"repeat and malformed together are more than {_MOST_EXTRA}: leave room for the truth"
            raise ValueError(msg)
        if self.shuffle < 0:
            msg = f"shuffle is {self.shuffle}: give a number of places, 0 for none"
            raise ValueError(msg)

    def repeats(self, deliveries: int) -> int:
        """Return how many of that many deliveries are repeats."""
        return round(deliveries * self.repeat)

    def broken(self, deliveries: int) -> int:
        """Return how many of that many deliveries cannot be read; in all but tiny streams one of every sort."""
        least = len(DAMAGES) if self.malformed and deliveries >= _ALL_DAMAGES_FROM else 0
        return max(least, round(deliveries * self.malformed))

    def truth(self, deliveries: int) -> int:
        """Return how many true events that many deliveries carry."""
        return deliveries - self.repeats(deliveries) - self.broken(deliveries)


PERFECT = Faults(late=0, repeat=0, shuffle=0, malformed=0)


def deliver(truth: Iterable[tuple[int, bytes]], deliveries: int, faults: Faults, rng: Dice) -> Iterator[bytes]:
    """Deliver timed events as exactly `deliveries` lines.

    :param truth: exactly `faults.truth(deliveries)` of them, in the order of their times.
    """
    random, wire = rng.random, _Wire(rng)
    near, late = wire.near, wire.late
    repeats, broken, left = faults.repeats(deliveries), faults.broken(deliveries), faults.truth(deliveries)
    jostled = faults.late + (_JOSTLED if faults.shuffle else 0)
    for now, line in truth:
        wire.place += 1
        if (late and late[0][0] <= now) or (near and near[0][0] <= wire.place):
            yield from wire.due(now)
        while random() * left < repeats + broken:
            if random() * (repeats + broken) < repeats:
                repeats -= 1
                wire.repeat(now, line)
            else:
                broken -= 1
                wire.broken += 1
        if wire.broken and (damaged := wire.damage(line)):
            yield damaged
        left -= 1
        chance = random()
        if chance >= jostled:
            yield line
        elif chance < faults.late:
            yield from wire.delay(now, line)
        else:
            wire.hold(line, 1 + int(random() * faults.shuffle))
    yield from wire.rest()


class _Wire:
    """What is under way: events that slipped some places, and events that are hours or days late."""

    def __init__(self, rng: Dice) -> None:
        self.place = 0
        self.broken = 0
        """Damaged lines still to be made from the next lines that lend themselves to it."""
        self._rng = rng
        self._damages = 0
        self._serial = 0
        self.near: list[tuple[int, int, bytes]] = []
        self.late: list[tuple[int, int, bytes]] = []

    def hold(self, line: bytes, places: int) -> None:
        """Let a line slip back behind the next `places` lines."""
        self._serial += 1
        heappush(self.near, (self.place + places + 1, self._serial, line))

    def delay(self, now: int, line: bytes) -> Iterator[bytes]:
        """Hold a line for an hour to thirty days, short delays more often; yield what that crowds out."""
        self._serial += 1
        heappush(self.late, (now + int(HOUR * (_LONGEST / HOUR) ** self._rng.random()), self._serial, line))
        if len(self.late) > MAX_HELD:
            yield heappop(self.late)[2]

    def repeat(self, now: int, line: bytes) -> None:
        """Send a line again, soon or much later, to the byte or written anew."""
        rng = self._rng
        again = reserialised(line, rng) if rng.random() < _REWRITTEN else line
        if rng.random() < _REPEATED_SOON or len(self.late) >= MAX_HELD:
            self.hold(again, 1 + rng.randrange(_SOON))
        else:
            self._serial += 1
            heappush(self.late, (now + rng.randrange(HOUR, 3 * DAY), self._serial, again))

    def damage(self, line: bytes) -> bytes | None:
        """Make the next sort of damaged line, if this line lends itself to it."""
        damaged = DAMAGES[self._damages % len(DAMAGES)](line, self._rng)
        if damaged:
            self._damages += 1
            self.broken -= 1
        return damaged

    def due(self, now: int) -> Iterator[bytes]:
        """Yield what is due by now."""
        near, late = self.near, self.late
        while late and late[0][0] <= now:
            yield heappop(late)[2]
        while near and near[0][0] <= self.place:
            yield heappop(near)[2]

    def rest(self) -> Iterator[bytes]:
        """Yield all that is still held, and the damaged lines still owed."""
        for held in (self.near, self.late):
            while held:
                yield heappop(held)[2]
        for _ in range(self.broken):
            yield not_json(b"", self._rng)
