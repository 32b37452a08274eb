"""The changes of a context as places on a line, oldest first: what the strip draws and the slider steps through."""

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson
from markupsafe import Markup

from outcomes.domain.times import parse_moment
from outcomes.service.pages import words
from outcomes.service.pages.frame import readable
from outcomes.service.pages.viewer import Viewer

LEVELS = {"day": "day", "moment": "moment", "change": "change"}
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
    request: str | None
    positions: tuple[int, int]
    said: str = ""
    """What was done, where that is no change of a tree."""

    @classmethod
    def of(cls, row: Mapping[str, Any]) -> "Moment":
        """Take over a row of the answer."""
        counts = {name: row[name] for name in ("added", "removed", "moved", "changed", "policy", "flipped", "request")}
        first, last = row["positions"]
        return cls(
            row["from"],
            row["to"],
            parse_moment(row["to"]),
            words.who(row["actor"]),
            row["title"],
            **counts,
            positions=(first, last),
        )

    @property
    def did(self) -> str:
        """What was done, in a few words."""
        if self.said:
            return self.said
        parts = [
            f"{verb} {getattr(self, verb)}" for verb in ("added", "changed", "moved", "removed") if getattr(self, verb)
        ]
        if not parts:
            return f"touched {self.title}"
        if self.added + self.changed + self.moved + self.removed == 1:
            return f"{parts[0].split(' ')[0]} {self.title}"
        return f"{', '.join(parts)}: {self.title}"

    @property
    def flips(self) -> str:
        """Whom it flipped, in a few words; empty if nobody, or if that is not told."""
        if not self.policy or not self.flipped:
            return ""
        return f"{words.count(self.flipped, 'student')} gained or lost mastery"

    @property
    def summary(self) -> str:
        """All of it in one line."""
        return f"{self.who} {self.did}".lstrip() + (f"; {self.flips}" if self.flips else "")


@dataclass(frozen=True)
class Line:
    """The moments up to today, oldest first, and which of them is looked at; `here` = their number means today."""

    moments: Sequence[Moment]
    here: int
    level: str

    @property
    def current(self) -> Moment | None:
        """The last moment at or before the time that is looked at."""
        last = min(self.here, len(self.moments) - 1)
        return self.moments[last] if last >= 0 else None

    @property
    def is_exact(self) -> bool:
        """Whether what is looked at is a moment, not some time after one."""
        return 0 <= self.here < len(self.moments)

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
    level = viewer.query.get("by", "")
    if level not in LEVELS:
        level = "moment"
        moments = _moments(viewer, context, level)
        if len(moments) > _MANY:
            level, moments = "day", _moments(viewer, context, "day")
    else:
        moments = _moments(viewer, context, level)
    return line_of(viewer, moments, level)


def line_of(viewer: Viewer, moments: Sequence[Moment], level: str) -> Line:
    """Return moments, oldest first, as a line on which the time that is looked at has its place."""
    at = viewer.where.moment
    here = len(moments) if at is None else bisect_right([one.time for one in moments], at) - 1
    return Line(moments, here, level)


def moment_at(
    time: str, who: str, said: str, *, policy: bool = False, flipped: int = 0, rise: int = 1, fall: int = 0
) -> Moment:
    """Return a moment of something else than a tree: a score, a course's day."""
    return Moment(time, time, parse_moment(time), who, said, 0, fall, 0, rise, policy, flipped, None, (0, 0), said)


def _moments(viewer: Viewer, context: str, level: str) -> list[Moment]:
    # Of all times: the future of what is looked at is on the line, too.
    viewer.check_question("moments", context=context)

    def make() -> list[Moment]:
        rows = viewer.ask("moments", at=None, known=str(viewer.known), context=context, by=level)
        return [Moment.of({**row, "title": readable(viewer, row["title"])}) for row in reversed(rows)]

    found: list[Moment] = viewer.keep_made("line", (context, level), make)
    return found
