"""Entries of a timeline as sentences: what was done to what, fields before and after, and whom it flipped."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from difflib import SequenceMatcher
from typing import Any, NamedTuple

from outcomes.service.pages import frame, words
from outcomes.service.pages.viewer import Viewer
from outcomes.store.access.rights import Right

_VERBS = {
    "created": "added",
    "updated": "changed",
    "deleted": "removed",
    "restored": "brought back",
    "none": "saved without a change",
}
_LINK_VERBS = {
    "created": "put",
    "updated": "changed the place of",
    "deleted": "took out",
    "restored": "put back",
    "none": "saved the place of",
}
_KINDS = {
    "outcome": "",
    "group": "group ",
    "link": "",
    "proficiency": "",
    "calculation_method": "",
    "friendly_description": "friendly description of ",
    "setting": "setting ",
    "result": "result of ",
}
_POLICY = ("mastery_points", "points_possible", "calculation_method", "calculation_int", "ratings")
_LONG = 90
_ALIKE = 0.6
"""Texts that share less than this are shown one after the other: word by word nobody could read them."""
_MOST_WORDS = 1_000
"""Longer ones, too: the time to compare them grows with the square of their length."""
_LEVEL = re.compile(r"(?:\w+\.)?\w*ratings\[(\d+)\]\.(\w+)")
_SILENT_OF_LEVELS = frozenset({"outcome_proficiency_rating_id", "workflow_state", "id"})
_WORDS = re.compile(r"\S+\s*|\s+")
_METHOD = frozenset({"calculation_method", "calculation_int"})
"""What together says by which method: "decaying average 65"."""
_HAVE_POLICY = frozenset({"outcome", "proficiency", "calculation_method"})
_OF_PLACES = frozenset({"proficiency", "calculation_method"})
"""Kinds whose titles are "Mastery scale of Account:1"."""
MOST_FLIPS = 6
"""Of so many changes in one go it is asked whom each flipped; of more, only their sum is told."""


@dataclass(frozen=True)
class FieldChange:
    """One field, before and after."""

    name: str
    before: str
    after: str

    @property
    def is_long(self) -> bool:
        """Whether it is read as one text, with what went and what came marked in it."""
        return len(self.before) + len(self.after) > _LONG

    def pieces(self) -> list[tuple[str, str]]:
        """Return a long text in pieces: what stayed ("same"), went ("del") and came ("ins"), word by word."""
        old, new = _WORDS.findall(self.before), _WORDS.findall(self.after)
        matcher = SequenceMatcher(None, old, new, autojunk=False)
        if max(len(old), len(new)) > _MOST_WORDS or matcher.ratio() < _ALIKE:
            return [("del", self.before), ("same", "\n"), ("ins", self.after)]
        found: list[tuple[str, str]] = []
        for tag, a, b, c, d in matcher.get_opcodes():
            if tag == "equal":
                found.append(("same", "".join(old[a:b])))
                continue
            found += [(kind, text) for kind, text in (("del", "".join(old[a:b])), ("ins", "".join(new[c:d]))) if text]
        return found


class FlippedStudent(NamedTuple):
    """One student whom a change flipped: in which class, and how the score stood before and after."""

    name: str
    address: str
    course: str
    turn: str
    scores: str


@dataclass(frozen=True)
class Flipped:
    """Whom a change of policy flipped, with no new work."""

    gained: int
    lost: int
    students: Sequence[FlippedStudent]

    @property
    def words(self) -> str:
        """In one sentence."""
        if not self.gained and not self.lost:
            return "Nobody's mastery changed by it."
        lost = f"{words.count(self.lost, 'student')} lost mastery" if self.lost else "nobody lost mastery"
        gained = f"{words.count(self.gained, 'student')} gained it" if self.gained else "nobody gained it"
        return f"{lost[0].upper()}{lost[1:]} by it, {gained}."


@dataclass(frozen=True)
class Told:
    """One thing that was done."""

    verb: str
    what: str
    title: str
    address: str | None
    fields: Sequence[FieldChange]
    entry: Mapping[str, Any]
    note: str = ""
    flipped: Flipped | None = None
    time: Any = None
    who: str = ""
    who_fully: str = ""


@dataclass
class Teller:
    """Tells entries to one who looks; knows the groups by name."""

    viewer: Viewer
    groups: Mapping[str, str] = field(default_factory=dict)

    def told(self, entries: Iterable[Mapping[str, Any]]) -> list[Told]:
        """Return entries as sentences; an outcome's own creation and its first place are one."""
        found = [self._one(entry) for entry in entries]
        return _joined(found)

    def _one(self, entry: Mapping[str, Any]) -> Told:
        kind, change = entry["kind"], entry["change"]
        is_link = kind == "link"
        verbs = _LINK_VERBS if is_link else _VERBS
        fields = (
            []
            if change in {"created", "deleted", "restored"} and kind != "setting"
            else list(field_changes(entry["fields"]))
        )
        note = self._place(entry) if is_link or kind == "group" else ""
        is_move = change == "updated" and note.startswith("from ")
        return Told(
            verb="moved" if is_move and not fields else verbs.get(change, change),
            what=_KINDS.get(kind, f"{kind} "),
            title=frame.readable(self.viewer, entry["title"] or f"{kind} {entry['id']}"),
            address=self._address(entry),
            fields=fields,
            entry=entry,
            note=note,
            time=words.moment_of(entry["event_time"]),
            who=words.who(entry["actor"]),
            who_fully=words.who_fully(entry["actor"]),
        )

    def _place(self, entry: Mapping[str, Any]) -> str:
        fields = entry["fields"]
        name = "learning_outcome_group_id" if entry["kind"] == "link" else "parent_outcome_group_id"
        if name not in fields:
            return ""
        before, after = (self.groups.get(str(group), f"group {group}") if group else None for group in fields[name])
        if entry["change"] == "deleted":
            return f"out of {before or after}" if before or after else ""
        if before is None or entry["change"] == "created":
            return f"into {after}"
        return f"from {before} to {after}"

    def _outcome_of_link(self, entry: Mapping[str, Any]) -> str | None:
        """Return which outcome a link puts there: its creation tells it, and what changed it later does not."""
        told = (entry["fields"].get("learning_outcome_id") or [None, None])[1]
        if told is not None or self.viewer.is_scoped:
            return None if told is None else str(told)
        link = self.viewer.ask("show", at=None, kind="link", id=entry["id"])
        found = ((link or {}).get("state") or {}).get("learning_outcome_id")
        return None if found is None else str(found)

    def _address(self, entry: Mapping[str, Any]) -> str | None:
        outcome = entry["id"] if entry["kind"] == "outcome" else None
        if entry["kind"] == "link":
            outcome = self._outcome_of_link(entry)
        if entry["kind"] in _OF_PLACES and entry["title"]:
            return self.viewer.where.to(f"/scale/{entry['title'].rpartition(' of ')[2]}")
        return None if outcome is None else self.viewer.where.to(f"/outcome/{outcome}")


def field_changes(fields: Mapping[str, Sequence[Any]]) -> Iterable[FieldChange]:
    """Yield what differs in fields, each with its value before and after, as people read them."""
    levels = _levels(fields)
    method = fields.keys() >= _METHOD
    if method:
        names, numbers = fields["calculation_method"], fields["calculation_int"]
        yield FieldChange("calculation method", *(_method(*side) for side in zip(names, numbers, strict=True)))
    for name, (before, after) in fields.items():
        if method and name in _METHOD:
            continue
        if name in words.SILENT_FIELDS or name in {"parent_outcome_group_id", "parent_id"}:
            continue
        level = _LEVEL.match(name)
        if level and level[2] in _SILENT_OF_LEVELS:
            continue
        if level and level[1] in levels:
            if level[2] == "points":
                yield levels[level[1]]
            continue
        old, new = words.field_value(name, before), words.field_value(name, after)
        if old != new:
            yield FieldChange(words.field_name(name), old, new)


def _method(name: Any, number: Any) -> str:
    return "nothing" if name is None else words.method(str(name), number)


def _levels(fields: Mapping[str, Sequence[Any]]) -> dict[str, FieldChange]:
    """Return the levels of a scale that came, went, or got another name and other points, each as one change."""
    found = {}
    for name, (before, after) in fields.items():
        level = _LEVEL.match(name)
        names = fields.get(name.removesuffix("points") + "description")
        if level and level[2] == "points" and (names or before is None or after is None):
            names = names or (None, None)
            told = [
                "nothing" if points is None else f"{words.plain_text(names[side]) or 'without a name'}, from {points:g}"
                for side, points in enumerate((before, after))
            ]
            found[level[1]] = FieldChange(f"level {int(level[1]) + 1}", *told)
    return found


def has_policy(entry: Mapping[str, Any]) -> bool:
    """Say whether how something is scored was changed."""
    return entry["kind"] in _HAVE_POLICY and any(word in name for name in entry["fields"] for word in _POLICY)


def with_flips(viewer: Viewer, told: Sequence[Told]) -> list[Told]:
    """Add whom changes of policy flipped, where this person may know and there are not too many to ask."""
    policies = [one for one in told if has_policy(one.entry) and one.entry["change"] != "created"]
    if not viewer.may(Right.STUDENTS) or not policies or len(policies) > MOST_FLIPS:
        return list(told)
    return [replace(one, flipped=flipped(viewer, one.entry)) if one in policies else one for one in told]


def flipped(viewer: Viewer, entry: Mapping[str, Any]) -> Flipped | None:
    """Return whom one change flipped; None if that is not told."""
    kind = entry["kind"]
    named = entry["id"] if kind == "outcome" else f"{kind}:{entry['id']}"
    for change in viewer.keep("impact", at=None, entity=named):
        if change["position"] == entry["position"]:
            turned = [row for row in change["students"] if True in row["mastered"]]
            students = [_flipped_student(viewer, row, change["event_time"]) for row in turned]
            return Flipped(change["gained"], change["lost"], students)
    return None


def _flipped_student(viewer: Viewer, row: Mapping[str, Any], at: str) -> FlippedStudent:
    scores = [score for score in dict.fromkeys(row["score"]) if score is not None]
    return FlippedStudent(
        viewer.student_name(row["student"]),
        viewer.where.to(f"/why/{row['course_id']}/{row['student']}/{row['outcome_id']}", at=at),
        frame.name_of(viewer, f"Course:{row['course_id']}"),
        "gained" if row["mastered"][1] else "lost",
        " → ".join(map(words.number, scores)),
    )


def _joined(found: Sequence[Told]) -> list[Told]:
    """Make one of an outcome's creation and its first place: "added X into Clouds"."""
    made = {
        one.entry["id"]: one for one in found if one.entry["kind"] == "outcome" and one.entry["change"] == "created"
    }
    joined, kept = {}, []
    for one in found:
        if one.entry["kind"] == "link" and one.entry["change"] == "created":
            outcome = (one.entry["fields"].get("learning_outcome_id") or [None, None])[1]
            if outcome in made and outcome not in joined:
                joined[outcome] = one.note
                continue
        kept.append(one)
    return [
        replace(one, note=joined[one.entry["id"]])
        if one.entry["kind"] == "outcome" and one.entry["change"] == "created" and one.entry["id"] in joined
        else one
        for one in kept
    ]
