"""Levels of mastery scales as increments tell them: only those that changed, often without the scale's own row."""

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

import orjson

from outcomes.domain.identity import Kind
from outcomes.domain.times import Micros, to_text
from outcomes.projections.reconcile.present import KnownVersion, Present
from outcomes.store.observations.lookups import Lookups
from outcomes.store.observations.observation import Observation
from outcomes.store.observations.row_values import instant

LEVELS = "outcome_proficiency_ratings"
_ID = "outcome_proficiency_rating_id"


class Scale(NamedTuple):
    """A scale with the levels that it has after an increment; `lost_at_no_time`: one was deleted for good."""

    seen: Observation
    lost_at_no_time: bool


class ChangedScale(NamedTuple):
    """A scale of which the increment tells levels alone."""

    scale: Scale
    here: KnownVersion
    body: dict[str, Any]


class LevelIncrements:
    """Puts the levels that an increment tells among those that are known: what it does not tell stays as it is."""

    def __init__(self, lookups: Lookups, present: Present) -> None:
        self._lookups = lookups
        self._present = present

    def applied(self, seen: Observation, known: Mapping[str, Any]) -> Scale:
        """Return a scale whose row or levels are told, with all its levels."""
        before = known.get(LEVELS) or []
        levels = {level.get(_ID): level for level in before}
        if None in levels or len(levels) < len(before):
            return Scale(_without_levels(seen), lost_at_no_time=False)  # which of them changed cannot be known
        told = self._lookups.changed_ratings(seen.id, list(levels))
        times, is_lost = [seen.updated_at], False
        for local_id, updated_at, level in told:
            saved = instant(updated_at)
            if saved is not None:
                times.append(saved)
            if level is not None:
                levels[local_id] = orjson.loads(level)
            elif levels.pop(local_id, None) is not None:
                is_lost = is_lost or saved is None
        if not told or not levels:
            return Scale(_without_levels(seen), lost_at_no_time=False)
        after = sorted(levels.values(), key=lambda level: -(level.get("points") or 0.0))
        return Scale(_saved_at(seen, max(times), after), is_lost)

    def alone(self) -> Iterator[ChangedScale]:
        """Yield the active scales of which no row came, but levels did."""
        for one in list(self._present.unseen(Kind.PROFICIENCY)):
            here = self._present.versions(Kind.PROFICIENCY, [one.id])[one.id]
            body = self._present.bodies([here.position]).get(here.position)
            if body is None:
                continue
            seen = Observation(Kind.PROFICIENCY, one.id, dict(body), here.updated_at, None, LEVELS)
            scale = self.applied(seen, body)
            if not scale.seen.untold:
                yield ChangedScale(scale, here, body)


def _without_levels(seen: Observation) -> Observation:
    body = {name: value for name, value in seen.body.items() if name != LEVELS}
    return seen._replace(body=body, untold=seen.untold | {LEVELS})


def _saved_at(seen: Observation, saved: Micros, levels: list[Any]) -> Observation:
    body = {**seen.body, LEVELS: levels}
    if saved > seen.updated_at:
        body["updated_at"] = to_text(saved)
    return seen._replace(body=body, updated_at=saved, untold=seen.untold - {LEVELS})
