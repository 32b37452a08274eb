"""What each event changed in the tree of a context, in event order: places that came, went and moved, what was edited.

A place is what `diff` compares: a group; an outcome where a link puts it; an own outcome that no group holds.
All versions are read once and walked in their order, so that a late event counts against the state just before it.
"""

import json
import sqlite3
from collections import defaultdict
from collections.abc import Iterator
from typing import Any, NamedTuple

import orjson

from outcomes.domain.changes import changed_fields
from outcomes.domain.event import OrderKey
from outcomes.domain.identity import Context, Kind
from outcomes.domain.tree import ACTIVE, DELETED, Deletion, LinkState, implied_state
from outcomes.projections.as_of.lookups import context_number
from outcomes.projections.as_of.point import PointInTime
from outcomes.projections.history.timeline import policy_title, state_of
from outcomes.projections.views.schema import ID_COLUMNS, VERSION_TABLES
from outcomes.projections.views.tables import TABLES
from outcomes.store.log.event_log import EventLog
from outcomes.store.sources.json_values import decode

PLACE_FIELDS = frozenset({"parent_outcome_group_id", "learning_outcome_group_id"})
"""Where a node hangs: told by its being moved, not as fields that were edited."""

_NODES = (Kind.GROUP, Kind.LINK, Kind.OUTCOME)
_BESIDE = (Kind.PROFICIENCY, Kind.CALCULATION_METHOD, Kind.FRIENDLY_DESCRIPTION)
_POLICY_COLUMNS = {
    Kind.OUTCOME: ("calculation_method", "calculation_int", "mastery_points", "points_possible", "workflow_state"),
    Kind.PROFICIENCY: ("ratings", "workflow_state"),
    Kind.CALCULATION_METHOD: ("calculation_method", "calculation_int", "workflow_state"),
}
# Neither the place, which is compared by itself, nor what is of the envelope.
_NOT_EDITED = frozenset({"parent_id", "group_id", "by_import"})
_PAGE = 500

PlaceKey = tuple[str, str, str]
"""Kind, id, and the link that puts an outcome there."""


def is_in_no_group(key: PlaceKey) -> bool:
    """Say whether it is the place of an outcome that no group holds: it has that one only while it has no other.

    Taken out of its last group an outcome is told as removed there, and not as added here, too.
    """
    return key[0] == Kind.OUTCOME and not key[2]


class Place(NamedTuple):
    """Where a node hangs, and what of its link shows there."""

    parent_id: str | None
    link_state: str | None = None
    implied: str | None = None


class PlaceChange(NamedTuple):
    """One place before and after; None where it is not in the tree. `is_edited`: fields of what is there changed."""

    before: Place | None
    after: Place | None
    is_edited: bool


class TreeChange(NamedTuple):
    """What one event changed. Events with equal `who` are of one doer in one request, or in jobs of one name.

    `request` is the id of the request or job.
    """

    order: OrderKey
    kind: Kind
    id: str
    position: int
    title: str
    places: dict[PlaceKey, PlaceChange]
    has_policy: bool
    who: tuple[str | None, ...]
    request: str | None


class _Version(NamedTuple):
    order: OrderKey
    kind: Kind
    id: str
    position: int
    context: int | None
    values: dict[str, Any]

    @property
    def state(self) -> str:
        return self.values["workflow_state"] or ACTIVE


class _Origin(NamedTuple):
    """Who made a version, in which request or job, and its body but for the clock of its row, to be compared.

    Jobs of one name are one doer: Canvas may cut one import into many jobs.
    """

    who: tuple[str | None, ...]
    request: str | None
    body: bytes


def tree_changes(
    connection: sqlite3.Connection, log: EventLog, point: PointInTime, context: Context
) -> Iterator[TreeChange]:
    """Yield, in event order, the events up to a point that changed something in a context."""
    number = context_number(connection, point, context)
    if number is not None:
        yield from _Walk(log, number).changes(_versions(connection, point, number))


def _versions(connection: sqlite3.Connection, point: PointInTime, context: int) -> list[_Version]:
    found = []
    for kind in (*_NODES, *_BESIDE):
        names = [column.name for column in TABLES[kind].columns]
        rows = connection.execute(
            f"SELECT v.position, v.{ID_COLUMNS[kind]}, v.event_time, v.updated_at, v.is_update, v.digest, v.context, "
            f"{', '.join(f'v.{name}' for name in names)} FROM members m CROSS JOIN {VERSION_TABLES[kind]} v "
            f"ON v.{ID_COLUMNS[kind]} = m.id AND v.tenant = :tenant WHERE m.context = :context AND m.kind = :kind "
            "AND v.event_time <= :until AND v.position <= :known_at",
            {**point.bounds(), "context": context, "kind": kind.value},
        )
        found += [
            _Version(OrderKey(*row[2:6]), kind, row[1], row[0], row[6], dict(zip(names, row[7:], strict=True)))
            for row in rows
        ]
    return sorted(found, key=lambda version: (version.order, version.kind, version.id))


class _Walk:
    """The tree as it is after each event, as far as places go."""

    def __init__(self, log: EventLog, context: int) -> None:
        self._log = log
        self._context = context
        self._known: dict[tuple[Kind, str], _Version] = {}
        self._links_of: dict[str, dict[str, None]] = defaultdict(dict)
        self._linked: dict[str, dict[str, Place]] = defaultdict(dict)
        self._deletions: dict[str, Deletion] = {}
        self._origins: dict[int, _Origin] = {}

    def changes(self, versions: list[_Version]) -> Iterator[TreeChange]:
        for start in range(0, len(versions), _PAGE):
            page = versions[start : start + _PAGE]
            for record in self._log.records_at(sorted(version.position for version in page)):
                self._origins[record.position] = _origin(self._log.raw(record))
            for version in page:
                before = self._known.get((version.kind, version.id))
                places = self._taken(before, version)
                if before is not None:
                    del self._origins[before.position]
                if any(_is_change(change) for change in places.values()):
                    origin = self._origins[version.position]
                    policy = _has_policy(before, version)
                    yield TreeChange(
                        *version[:4], self._title(version), places, policy, origin.who, origin.request
                    )  # fmt: skip

    def _taken(self, before: _Version | None, version: _Version) -> dict[PlaceKey, PlaceChange]:
        """Let a version stand; return the places that it may have changed."""
        kind, key = version.kind, (version.kind, version.id)
        if kind in _BESIDE:
            is_edited = self._is_here(before, version) and self._is_edited(before, version)
            self._known[key] = version
            # What is no node has no place to come to or go from: it is edited.
            return {(kind.value, version.id, ""): PlaceChange(Place(None), Place(None), is_edited)}
        if kind is Kind.GROUP:
            sides = [self._group(before), self._group(version)]
            self._known[key] = version
            edited = None not in sides and self._is_edited(before, version)
            return {(kind.value, version.id, ""): PlaceChange(sides[0], sides[1], edited)}
        outcomes = [version.id]
        if kind is Kind.LINK:
            outcomes = list(dict.fromkeys(one.values["outcome_id"] for one in (before, version) if one is not None))
            self._links_of[version.values["outcome_id"]][version.id] = None
        # What a link leaves as it is, the other places of its outcome, need not be looked at.
        links = {outcome: [version.id] if kind is Kind.LINK else [*self._links_of[outcome]] for outcome in outcomes}
        old = self._places(links)
        self._known[key] = version
        if kind is Kind.OUTCOME:
            self._note_deletion(version)
        for outcome in outcomes:
            self._note_links(outcome, links[outcome])
        new = self._places(links)
        stay = old.keys() & new.keys()
        edited = kind is Kind.OUTCOME and bool(stay) and self._is_edited(before, version)
        return {
            name: PlaceChange(old.get(name), new.get(name), edited and name in stay) for name in {**old, **new}
        }  # fmt: skip

    def _group(self, version: _Version | None) -> Place | None:
        if version is None or version.state == DELETED or version.context != self._context:
            return None
        return Place(version.values["parent_id"])

    def _places(self, links: dict[str, list[str]]) -> dict[PlaceKey, Place]:
        """Return the places of outcomes by some of their links; no group for own ones that no link puts anywhere."""
        found: dict[PlaceKey, Place] = {}
        for outcome_id, some in links.items():
            outcome, here = self._known.get((Kind.OUTCOME, outcome_id)), self._linked[outcome_id]
            if outcome is not None and outcome.state == DELETED:
                continue
            found.update((("outcome", outcome_id, link_id), here[link_id]) for link_id in some if link_id in here)
            if outcome is not None and outcome.context == self._context and not here:
                found["outcome", outcome_id, ""] = Place(None)
        return found

    def _note_links(self, outcome_id: str, links: list[str]) -> None:
        """Note which of some links put an outcome somewhere in the context as they stand now, and where."""
        deletion, here = self._deletions.get(outcome_id), self._linked[outcome_id]
        for link_id in links:
            here.pop(link_id, None)
            version = self._known.get((Kind.LINK, link_id))
            if version is None or version.context != self._context or version.values["outcome_id"] != outcome_id:
                continue
            group_id = version.values["group_id"]
            link = LinkState(link_id, outcome_id, group_id, version.state, version.order.event_time)
            implied = implied_state(link, deletion)
            if link.state != DELETED and implied != "deleted":
                here[link_id] = Place(group_id, link.state, implied)

    def _note_deletion(self, version: _Version) -> None:
        last = self._deletions.get(version.id)
        if version.state == DELETED:
            self._deletions[version.id] = Deletion(version.order.event_time, "no")
        elif last is not None and last.revived == "no":
            is_by_import = version.values["by_import"]
            self._deletions[version.id] = last._replace(revived="by import" if is_by_import else "otherwise")

    def _is_here(self, *versions: _Version | None) -> bool:
        return any(version is not None and version.context == self._context for version in versions)

    def _is_edited(self, before: _Version | None, version: _Version) -> bool:
        """Say whether any field but the place changed: by the columns, else by the bodies, and at last field by field.

        Nearly all that changed shows in a column, and nearly all that did not has the same body.
        """
        if before is None or before.context != version.context:
            return True
        if any(value != before.values[name] for name, value in version.values.items() if name not in _NOT_EDITED):
            return True
        if self._origins[before.position].body == self._origins[version.position].body:
            return False
        old, new = (state_of(self._log, record) for record in self._log.records_at([before.position, version.position]))
        return any(name not in PLACE_FIELDS for name in changed_fields(old, new))

    def _title(self, version: _Version) -> str:
        kind, local_id = version.kind, version.id
        if kind in {Kind.PROFICIENCY, Kind.CALCULATION_METHOD}:
            return policy_title(kind, state_of(self._log, self._log.records_at([version.position])[0]))
        if kind in {Kind.LINK, Kind.FRIENDLY_DESCRIPTION}:
            kind, local_id = Kind.OUTCOME, version.values["outcome_id"]
        known = self._known.get((kind, local_id))
        title: str | None = None if known is None else known.values["title"]
        return title or f"{kind.value}:{local_id}"


def _is_change(change: PlaceChange) -> bool:
    return change.is_edited or change.before != change.after


def _has_policy(before: _Version | None, version: _Version) -> bool:
    """Say whether how something is scored changed; an outcome is made before it has results, a scale need not be."""
    columns = _POLICY_COLUMNS.get(version.kind, ())
    if before is None:
        return version.kind is not Kind.OUTCOME and bool(columns)
    return any(before.values[name] != version.values[name] for name in columns)


def _origin(raw: bytes) -> _Origin:
    event = decode(raw)
    envelopes = (event.get(name) for name in ("metadata", "attributes"))
    metadata = next((envelope for envelope in envelopes if isinstance(envelope, dict)), {})
    body = event.get("body") or {}
    request, job = metadata.get("request_id"), metadata.get("job_id")
    named = (metadata.get(name) for name in ("user_id", "user_login", "real_user_id", "job_tag"))
    told = (*named, request or (None if metadata.get("job_tag") else job))
    who = tuple(None if value is None else str(value) for value in told)
    request = request or job
    body.pop("updated_at", None)
    return _Origin(who, None if request is None else str(request), _comparable(body))


def _comparable(body: dict[str, Any]) -> bytes:
    try:
        return orjson.dumps(body, option=orjson.OPT_SORT_KEYS)
    except orjson.JSONEncodeError:
        return json.dumps(body, sort_keys=True).encode()  # deeper than orjson goes
