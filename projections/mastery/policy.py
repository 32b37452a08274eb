"""Which scale, method and links are in force for an outcome in a course at a point, and where they come from."""

import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import orjson

from outcomes.domain.identity import Context, Kind
from outcomes.domain.mastery import (
    Calculation,
    ContextChain,
    ContextRow,
    MasteryScale,
    Rating,
    Resolved,
    context_chain,
    resolve_calculation,
    resolve_scale,
)
from outcomes.domain.tree import DELETED, Deletion, LinkState, implied_state
from outcomes.projections.as_of.lookups import context_number, seek
from outcomes.projections.as_of.point import PointInTime
from outcomes.projections.as_of.tree import deletion_of
from outcomes.projections.views.schema import ID_COLUMNS, VERSION_TABLES

ACCOUNT_SCALES = "account_level_mastery_scales"
NEW_DECAYING_AVERAGE = "outcomes_new_decaying_average_calculation"
SETTINGS = {
    ACCOUNT_SCALES: "scale and method come from the course, its account, … the root account, not from the outcome",
    NEW_DECAYING_AVERAGE: "standard_decaying_average is the running decay (off: it is computed the legacy way)",
}
"""Features of a root account that no event tells, and what each does when on."""


class Policy(NamedTuple):
    """How one outcome is scored in one course. None is "not known"; `notes` say so in words."""

    title: str | None
    scale: MasteryScale | None
    scale_source: str
    calculation: Calculation | None
    method_source: str
    is_linked: bool
    notes: tuple[str, ...]
    scale_position: int | None
    method_position: int | None

    @property
    def goes_by_time(self) -> bool:
        """Whether a score hangs on when work was handed in."""
        return self.calculation is not None and self.calculation.in_time_order


class _Rules(NamedTuple):
    """Scale and method in force, where each comes from, the event that made it, and what of them is not known."""

    scale: MasteryScale | None
    scale_source: str
    scale_position: int | None
    calculation: Calculation | None
    method_source: str
    method_position: int | None
    notes: list[str]


class _Own(NamedTuple):
    """What an outcome tells of itself; `note` says why its method is none."""

    title: str | None
    scale: MasteryScale | None
    calculation: Calculation | None
    position: int
    note: str | None


@dataclass
class PolicyBook:
    """Policies at one point, each looked up once; `alone` if of each course one outcome is asked for, or few."""

    connection: sqlite3.Connection
    point: PointInTime
    alone: bool = False
    _policies: dict[tuple[str, str], Policy] = field(default_factory=dict)
    _own: dict[str, _Own | None] = field(default_factory=dict)
    _chains: dict[Context, ContextChain] = field(default_factory=dict)
    _shared: dict[str, tuple[Resolved[tuple[MasteryScale, int]], Resolved[tuple[Calculation, int]]]] = field(
        default_factory=dict
    )
    _links: dict[tuple[str, str | None], dict[str, bool]] = field(default_factory=dict)
    _settings: dict[str, bool | None] = field(default_factory=dict)
    _deletions: dict[str, Deletion | None] = field(default_factory=dict)

    def policy(self, course_id: str, outcome_id: str) -> Policy:
        """Return how an outcome is scored in a course."""
        key = (course_id, outcome_id)
        found = self._policies.get(key)
        if found is None:
            found = self._policies[key] = self._resolve(course_id, outcome_id)
        return found

    def _resolve(self, course_id: str, outcome_id: str) -> Policy:
        own = self._own_policy(outcome_id)
        linked = self._links_in(course_id, outcome_id if self.alone else None).get(outcome_id)
        notes: list[str] = []
        if linked is None:
            notes.append("no link of this outcome in this course was seen: counted all the same")
        elif not linked:
            notes.append("left out: every link of this outcome in this course is deleted")
        if own is None:
            notes.append("the outcome itself was never seen")
        if self.setting(ACCOUNT_SCALES, default=False):
            rules = self._rules_of_places(course_id)
            notes += rules.notes
        else:
            rules = _rules_of_outcome(own or _Own(None, None, None, 0, None))
            notes = [*rules.notes, *notes]
        return Policy(
            own.title if own else None,
            rules.scale,
            rules.scale_source,
            rules.calculation,
            rules.method_source,
            linked is not False,
            tuple(notes),
            rules.scale_position,
            rules.method_position,
        )

    def _rules_of_places(self, course_id: str) -> _Rules:
        """Return what the course, its account, … the root account say (DOMAIN.md 7)."""
        scale, method = self._shared_policy(course_id)
        notes = []
        if scale.value is None:
            notes.append("the account-level mastery scale is not known: no event of the chain has told it")
        if method.value is None:
            notes.append("the account-level calculation method is not known: no event of the chain has told it")
        return _Rules(
            scale.value[0] if scale.value else None,
            scale.source,
            scale.value[1] or None if scale.value else None,
            method.value[0] if method.value else None,
            method.source,
            method.value[1] or None if method.value else None,
            notes,
        )

    def setting(self, name: str, *, default: bool) -> bool:
        """Return a feature of the tenant at the point; what was never set is `default`."""
        if name not in self._settings:
            row = self._version(Kind.SETTING, name, "value")
            self._settings[name] = None if row is None else bool(row[0])
        found = self._settings[name]
        return default if found is None else found

    def calculation(self, method: str | None, size: int | None) -> Calculation:
        """Return what a method's name means for the tenant at the point; raises ValueError for none of Canvas's.

        The name decides, unless the feature was switched off after it was stored (DOMAIN.md 5.2, 11).
        """
        running = self.setting(NEW_DECAYING_AVERAGE, default=True)
        return Calculation.of(method, size, new_decaying_average=running)

    def chain(self, course_id: str) -> ContextChain:
        """Return the contexts above a course, as far as events have told them up to the point."""
        return self.chain_of(Context("Course", course_id))

    def chain_of(self, start: Context) -> ContextChain:
        """Return a course or account and the contexts above it, as far as events have told them up to the point."""
        if start not in self._chains:
            parents: dict[str, str | None] = {}
            here: Context | None = start
            while here is not None and str(here) not in parents:
                upper = self._parent(here)
                if upper is None:
                    break
                parents[str(here)] = str(upper)
                here = upper
            self._chains[start] = context_chain(str(start), parents)
        return self._chains[start]

    def _parent(self, context: Context) -> Context | None:
        number = context_number(self.connection, self.point, context)
        row = self.connection.execute(
            "SELECT c.type, c.id FROM placements p JOIN contexts c ON c.context = p.parent WHERE p.context = :number "
            "AND p.event_time <= :until AND p.position <= :known_at ORDER BY p.event_time DESC, p.digest DESC LIMIT 1",
            {**self.point.bounds(), "number": number},
        ).fetchone()
        return None if row is None else Context(*row)

    def _own_policy(self, outcome_id: str) -> _Own | None:
        if outcome_id not in self._own:
            columns = "title, mastery_points, points_possible, ratings, calculation_method, calculation_int, position"
            row = self._version(Kind.OUTCOME, outcome_id, columns)
            self._own[outcome_id] = None if row is None else self._read_own(row)
        return self._own[outcome_id]

    def _read_own(self, row: tuple[Any, ...]) -> _Own:
        title, mastery_points, points_possible, ratings, method, size, position = row
        scale = None
        if mastery_points is not None or points_possible is not None or ratings:
            scale = MasteryScale.of_criterion(mastery_points, points_possible, _ratings(ratings))
        calculation, note = self._calculation(method, size)
        return _Own(title, scale, calculation, position, note)

    def _calculation(self, method: str | None, size: int | None) -> tuple[Calculation | None, str | None]:
        try:
            return self.calculation(method, size), None
        except ValueError:
            return None, f"calculation method {method!r} is none that Canvas has"

    def _shared_policy(
        self, course_id: str
    ) -> tuple[Resolved[tuple[MasteryScale, int]], Resolved[tuple[Calculation, int]]]:
        """Resolve scale and method along the chain, each on its own, each with the position that made it."""
        if course_id not in self._shared:
            chain = self.chain(course_id)
            scales: dict[str, ContextRow[MasteryScale]] = {}
            methods: dict[str, ContextRow[Calculation]] = {}
            positions: dict[tuple[str, str], int] = {}
            for name in chain.contexts:
                for state, ratings, position in self._in_context(name, Kind.PROFICIENCY, "ratings"):
                    scale = _proficiency_scale(ratings)
                    if scale is not None and (name not in scales or state == "active"):
                        scales[name] = ContextRow(scale, state)
                        positions["scale", name] = position
                columns = "calculation_method, calculation_int"
                for state, method, size, position in self._in_context(name, Kind.CALCULATION_METHOD, columns):
                    calculation, _ = self._calculation(method, size)
                    if calculation is not None and (name not in methods or state == "active"):
                        methods[name] = ContextRow(calculation, state)
                        positions["method", name] = position
            scale_found = resolve_scale(chain, scales, own=None, account_level_mastery_scales=True)
            method_found = resolve_calculation(chain, methods, own=None, account_level_mastery_scales=True)
            self._shared[course_id] = (
                _with_position(scale_found, positions, "scale"),
                _with_position(method_found, positions, "method"),
            )
        return self._shared[course_id]

    def _in_context(self, name: str, kind: Kind, columns: str) -> list[tuple[Any, ...]]:
        """Return state, columns and position of everything of a kind in a context, in event order."""
        type_, _, local = name.partition(":")
        number = context_number(self.connection, self.point, Context(type_, local))
        rows = self.connection.execute(
            f"SELECT coalesce(v.workflow_state, 'active'), {columns}, v.position FROM members m "
            f"JOIN {VERSION_TABLES[kind]} v ON v.position = {seek(kind)} "
            "WHERE m.context = :context AND m.kind = :kind AND v.context = :context "
            "ORDER BY v.event_time, v.updated_at, v.is_update, v.digest",
            {**self.point.bounds(), "context": number, "kind": kind.value},
        )
        return rows.fetchall()

    def _links_in(self, course_id: str, outcome_id: str | None) -> dict[str, bool]:
        """Return, for every outcome ever linked in a course or for one alone, whether a link is left."""
        key = course_id, outcome_id
        if key not in self._links:
            number = context_number(self.connection, self.point, Context("Course", course_id))
            rows = self.connection.execute(
                _LINKS_IN_COURSE if outcome_id is None else _LINKS_OF_OUTCOME,
                {**self.point.bounds(), "context": number, "outcome": outcome_id},
            )
            found: dict[str, bool] = {}
            for row in rows.fetchall():
                link = LinkState(*row)
                is_left = link.state != DELETED and implied_state(link, self._deletion_of(link.outcome_id)) != "deleted"
                found[link.outcome_id] = found.get(link.outcome_id, False) or is_left
            self._links[key] = found
        return self._links[key]

    def _deletion_of(self, outcome_id: str) -> Deletion | None:
        if outcome_id not in self._deletions:
            self._deletions[outcome_id] = deletion_of(self.connection, self.point, outcome_id)
        return self._deletions[outcome_id]

    def _version(self, kind: Kind, local_id: str, columns: str) -> tuple[Any, ...] | None:
        row: tuple[Any, ...] | None = self.connection.execute(
            f"SELECT {columns} FROM {VERSION_TABLES[kind]} WHERE {ID_COLUMNS[kind]} = :id "
            f"AND position = {seek(kind, ':id')}",
            {**self.point.bounds(), "id": local_id},
        ).fetchone()
        return row


_LINK = "SELECT v.link_id, v.outcome_id, v.group_id, coalesce(v.workflow_state, 'active'), v.event_time "
_LINKS_IN_COURSE = (
    f"{_LINK} FROM members m JOIN link_versions v ON v.position = {seek(Kind.LINK)} "
    "WHERE m.context = :context AND m.kind = 'link' AND v.context = :context"
)
_LINKS_OF_OUTCOME = (
    f"{_LINK} FROM (SELECT DISTINCT link_id AS id FROM link_versions WHERE tenant = :tenant AND outcome_id = :outcome "
    f"AND context = :context) m CROSS JOIN link_versions v ON v.position = {seek(Kind.LINK)} "
    "WHERE v.context = :context AND v.outcome_id = :outcome"
)
_NO_CHAIN = ContextChain((), complete=False)


def _rules_of_outcome(own: _Own) -> _Rules:
    """Return what an outcome's own scale and method are."""
    scale = resolve_scale(_NO_CHAIN, {}, own=own.scale, account_level_mastery_scales=False)
    method = resolve_calculation(_NO_CHAIN, {}, own=own.calculation, account_level_mastery_scales=False)
    position = own.position or None
    notes = [] if own.note is None else [own.note]
    return _Rules(scale.value, scale.source, position, method.value, method.source, position, notes)


def are_scales_ever_shared(connection: sqlite3.Connection, point: PointInTime) -> bool:
    """Say whether scales and methods of accounts and courses ever counted in a tenant, whatever the point's times."""
    found = connection.execute(
        "SELECT 1 FROM setting_versions WHERE tenant = ? AND setting_id = ? AND value = 1 LIMIT 1",
        (point.number, ACCOUNT_SCALES),
    ).fetchone()
    return found is not None


def _with_position(found: Resolved[Any], positions: Mapping[tuple[str, str], int], what: str) -> Resolved[Any]:
    if found.value is None:
        return found
    return Resolved((found.value, positions.get((what, found.source), 0)), found.source)


def _ratings(text: str | None) -> list[Rating]:
    return [
        Rating(rating.get("description") or "", rating["points"], bool(rating.get("mastery")), rating.get("color"))
        for rating in orjson.loads(text or "[]")
        if rating.get("points") is not None
    ]


def _proficiency_scale(text: str | None) -> MasteryScale | None:
    try:
        return MasteryScale.of_proficiency(_ratings(text))
    except ValueError:
        return None  # no level of it is mastery: such a scale cannot be in force
