"""The stage: the clock, the dice and the post office that all processes of a story share.

A process is a generator that yields the instants at which it wants to be woken, and in between changes the school
and posts events. The stage always wakes the earliest, so whatever the processes post comes out in time order, and
ids are handed out in that order too.
"""

from collections.abc import Iterator
from heapq import heappop, heappush, heapreplace
from typing import Any

import orjson

from scripts.generator.clock import DAY, SECOND, Calendar, seconds
from scripts.generator.dice import Dice
from scripts.generator.envelopes import Envelopes, Visit
from scripts.generator.school import School

Process = Iterator[int]


class Stage:
    """Where one tenant's year is played."""

    def __init__(self, school: School, calendar: Calendar, rng: Dice, events: int) -> None:
        """Set an empty stage for a year of exactly `events` events."""
        self.school = school
        self.calendar = calendar
        self.rng = rng
        self.events = events
        self.envelopes = Envelopes(school, rng)
        self.now = calendar.at(0, 0)
        self.posted = 0
        self.structural = 0
        """How many events so far changed places, people or the tree, so that the editor can keep its budget."""
        self.owed = 0
        """How many events the assessments under way are still going to post."""
        self.remembered = 0
        """How many papers wait for a second look."""
        self.outbox: list[bytes] = []
        self._queue: list[tuple[int, int, Process]] = []
        self._spawned = 0

    def spawn(self, process: Process) -> None:
        """Let a process begin: it runs at once until it first waits."""
        wake = next(process, None)
        if wake is not None:
            self._spawned += 1
            heappush(self._queue, (max(wake, self.now), self._spawned, process))

    def run(self) -> Iterator[tuple[int, bytes]]:
        """Play until the agreed number of events is posted; yield each with its instant."""
        queue, outbox = self._queue, self.outbox
        while queue and self.posted < self.events:
            now, order, process = queue[0]
            self.now = now
            wake = next(process, None)
            if wake is None:
                heappop(queue)
            else:
                heapreplace(queue, (max(wake, now), order, process))
            if outbox:
                self.posted += len(outbox)
                for line in outbox[: len(outbox) + min(0, self.events - self.posted)]:
                    yield now, line
                outbox.clear()

    def request(self, name: str, body: dict[str, Any], visit: Visit) -> None:
        """Post an event made by a web request."""
        self._post(self.envelopes.request(name, self.now, visit), body)

    def job(self, name: str, body: dict[str, Any], tag: str) -> None:
        """Post an event made by a background job."""
        self._post(self.envelopes.job(name, self.now, tag), body)

    def _post(self, metadata: dict[str, Any], body: dict[str, Any]) -> None:
        self.outbox.append(orjson.dumps({"metadata": metadata, "body": body}))

    def row_time(self) -> str:
        """Return the `updated_at` of a row saved just before its event is posted: the row's clock, in seconds."""
        return seconds(self.now - self.rng.randrange(900))

    def soon(self, low: float, high: float) -> int:
        """Return an instant between that many seconds from now."""
        return self.now + int(SECOND * (low + (high - low) * self.rng.random()))

    def later(self, low: float, high: float) -> int:
        """Return an instant in office hours between that many days from now."""
        day = self.calendar.day_of(self.now + int(DAY * (low + (high - low) * self.rng.random())))
        return max(self.now + SECOND, self.calendar.at(day, 8 + 9 * self.rng.random()))

    def office_hours(self, first: int, last: int, steps: int) -> Iterator[int]:
        """Spread about that many instants over the working days from `first` to before `last`, in order."""
        days = self.calendar.weekdays(first)
        step = 9 * sum(map(self.calendar.is_weekday, range(first, last))) / max(steps, 1)
        day, hour = next(days), 0.0
        while True:
            hour += step * (0.4 + 1.2 * self.rng.random())
            while hour >= 9:  # noqa: PLR2004 - a working day
                day, hour = next(days), hour - 9
            yield self.calendar.at(day, 8 + hour)
