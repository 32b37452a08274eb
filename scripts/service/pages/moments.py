"""The changes of a context as places on a line, oldest first: what the strip draws and the slider steps through."""

from bisect import bisect_right
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson
from markupsafe import Markup

from outcomes.domain.phrasing import listed
from outcomes.domain.times import parse_moment
from outcomes.service.pages import words
from outcomes.service.pages.frame import readable
from outcomes.service.pages.viewer import Viewer

LEVELS = ("day", "moment", "change")
"""How finely a line can be drawn."""
_MANY = 600
"""Of more moments than these a line by days is drawn, unless another is asked for."""


@dataclass(frozen=True)
class Moment:
    """What was done in one go: `until` is the time to look at to see it done."""

    since: str
    until: str
    time: datetime
    who: str
    title: str
    added: int
    removed: int
    moved: int
    changed: int
    policy: bool
    flipped: int | None
    gained: int | None
    lost: int | None
    request: str | None
    positions: tuple[int, int]
    did: str
    """What was done, in a few words."""

    @classmethod
    def of(cls, row: Mapping[str, Any], named: Callable[[str, str], str]) -> "Moment":
        """Take over a row of the answer; `named` says what a thing of a kind with a title is called."""
        first, last = row["positions"]
        return cls(
            row["from"],
            row["to"],
            parse_moment(row["to"]),
            words.who(row["actor"]),
            row["title"],
            **{name: row[name] for name in _TAKEN},
            positions=(first, last),
            did=_did(row["kinds"], row["things"], [named(one["kind"], one["title"]) for one in row["first"]]),
        )

    @property
    def flips(self) -> str:
        """Whom it flipped, in a few words; empty if nobody, or if that is not told."""
        if not self.policy or not self.flipped:
            return ""
        if self.gained is None or self.lost is None:
            return f"{words.count(self.flipped, 'student')} gained or lost mastery"
        parts = [f"{words.count(self.gained, 'student')} gained mastery"] if self.gained else []
        if self.lost:
            parts.append(f"{self.lost} lost it" if parts else f"{words.count(self.lost, 'student')} lost mastery")
        return ", ".join(parts)

    @property
    def summary(self) -> str:
        """All of it in one line."""
        return f"{self.who} {self.did}".lstrip() + (f"; {self.flips}" if self.flips else "")


_TAKEN = ("added", "removed", "moved", "changed", "policy", "flipped", "gained", "lost", "request")
_WAYS = ("added", "changed", "moved", "removed")
_NAMED = 2
"""Of more things than are told so many are named."""


def _did(kinds: Mapping[str, Mapping[str, int]], number: int, names: Sequence[str]) -> str:
    """Say what became of how many things, and name the first: "added 3 outcomes and 1 group: A, B and 2 more"."""
    ways = {way: {kind: told[way] for kind, told in kinds.items() if way in told} for way in _WAYS}
    if number == 1:
        return f"{listed(way for way, told in ways.items() if told) or 'saved'} {names[0]}"
    said = [
        f"{way} {listed(words.kind_count(kind, many) for kind, many in told.items())}"
        for way, told in ways.items()
        if told
    ]
    shown = names if number == len(names) else [*names[:_NAMED], f"{number - _NAMED} more"]
    return f"{listed(said) or 'saved'}: {listed(shown)}"


@dataclass(frozen=True)
class Line:
    """The moments up to today, oldest first, and which of them is looked at; `here` = their number means today."""

    moments: Sequence[Moment]
    here: int
    level: str
    at: datetime | None = None

    @property
    def current(self) -> Moment | None:
        """The last moment at or before the time that is looked at."""
        last = min(self.here, len(self.moments) - 1)
        return self.moments[last] if last >= 0 else None

    @property
    def is_exact(self) -> bool:
        """Whether what is looked at is a moment, not some time after one, as the end of a day is."""
        return self.at is not None and 0 <= self.here < len(self.moments) and self.moments[self.here].time == self.at

    def neighbour(self, step: int) -> str | None:
        """Return the time of the moment before or after; None if there is none."""
        at = self.here + step
        return self.moments[at].until if 0 <= at < len(self.moments) else None

    def index(self) -> Markup:
        """Return what the page must know to say at once what happened, while the slider is moved."""
        rows = [[one.until, words.when(one.time), one.summary] for one in self.moments]
        text = orjson.dumps(rows).decode()
        return Markup(text.replace("<", "\\u003c"))  # noqa: S704 - JSON in a data block; only < could end it


def line(viewer: Viewer, context: str) -> Line:
    """Return the line of a context, at the level that is asked for."""
    asked = viewer.query.get("by")
    level = asked if asked in LEVELS else "moment"
    moments = _moments(viewer, context, level)
    if asked not in LEVELS and len(moments) > _MANY:
        level, moments = "day", _moments(viewer, context, "day")
    return line_of(viewer, moments, level)


def line_of(viewer: Viewer, moments: Sequence[Moment], level: str) -> Line:
    """Return moments, oldest first, as a line on which the time that is looked at has its place."""
    at = viewer.where.moment
    here = len(moments) if at is None else bisect_right([one.time for one in moments], at) - 1
    return Line(moments, here, level, at)


def moment_at(
    time: str,
    who: str,
    said: str,
    *,
    policy: bool = False,
    gained: int = 0,
    lost: int = 0,
    rise: int = 1,
    fall: int = 0,
) -> Moment:
    """Return a moment of something else than a tree: a score, a course's day."""
    when, flipped = parse_moment(time), gained + lost
    return Moment(time, time, when, who, said, 0, fall, 0, rise, policy, flipped, gained, lost, None, (0, 0), said)


def entries_of(viewer: Viewer, context: str, one: Moment) -> list[dict[str, Any]]:
    """Return what was done in a moment: others may have acted in the same minutes."""
    entries = viewer.keep("timeline", at=None, context=context, since=one.since, until=one.until)
    if one.request is not None:
        entries = [entry for entry in entries if (entry["actor"]["request_id"] or one.request) == one.request]
    first, last = one.positions
    return [entry for entry in entries if entry["kind"] != "result" and first <= entry["position"] <= last]


def _moments(viewer: Viewer, context: str, level: str) -> list[Moment]:
    # Of all times: the future of what is looked at is on the line, too.
    viewer.check("moments", context=context)

    def named(kind: str, title: str) -> str:
        name = readable(viewer, title)
        return f"the friendly description of {name}" if kind == "friendly_description" else name

    def make() -> list[Moment]:
        rows = viewer.ask("moments", at=None, known=str(viewer.known), context=context, by=level)
        return [Moment.of(row, named) for row in reversed(rows)]

    found: list[Moment] = viewer.keep_made("line", (context, level), make)
    return found
