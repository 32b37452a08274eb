"""The school's own database at the end of its year, row by row, as its events and Canvas's silences left it.

It is kept by the simplest means, whole in memory: what the events say last, and besides them what Canvas does without
one (DOMAIN.md 4).
"""

from collections import defaultdict
from dataclasses import dataclass, field
from typing import Any

from scripts.generator.clock import stamp
from scripts.generator.dice import Dice

Row = dict[str, Any]

FAMILIES = {
    "learning_outcome_group": ("group", "learning_outcome_group_id"),
    "learning_outcome_link": ("link", "learning_outcome_link_id"),
    "learning_outcome_result": ("result", "id"),
    "learning_outcome": ("outcome", "learning_outcome_id"),
    "outcome_proficiency": ("proficiency", "outcome_proficiency_id"),
    "account": ("account", "account_id"),
    "course": ("course", "course_id"),
    "user": ("user", "user_id"),
    "enrollment": ("enrollment", "enrollment_id"),
}
WITH_VERDICT = ("outcome", "group", "link", "proficiency", "result")

Key = tuple[str, str]


@dataclass
class Saved:
    """A row as one save left it: when (milliseconds), whether its event was told, None for what no event tells."""

    body: Row
    at: int
    updated: int
    told: bool | None


@dataclass
class Database:
    """All saves of all rows, in their order."""

    rng: Dice
    saves: dict[Key, list[Saved]] = field(default_factory=lambda: defaultdict(list))
    handed_in: dict[str, str] = field(default_factory=dict)
    _links_of: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))

    def take(self, now: int, event: Row, *, told: bool) -> None:
        """Save what an event says."""
        name = event["metadata"]["event_name"]
        body = event["body"]
        if name == "rubric_assessed":
            if body["submitted_at"] != body["updated_at"]:
                self.handed_in[body["id"]] = body["submitted_at"]
            return
        family = FAMILIES.get(name.rpartition("_")[0])
        if family is None or name.rpartition("_")[2] not in {"created", "updated"}:
            return
        kind, id_field = family
        self._save((kind, body[id_field]), body, now, told=told)
        if kind == "link":
            self._links_of[body["learning_outcome_id"]].add(body["learning_outcome_link_id"])
        elif kind == "outcome":
            self._silently(now, body, event["metadata"].get("job_tag"))

    def _save(self, key: Key, body: Row, now: int, *, told: bool | None) -> None:
        # The row's clock is finer than the seconds that the body has of it, and never after the post.
        text = body.get("updated_at")
        second = now // 1_000 * 1_000 if text is None else _milliseconds(text)
        updated = min(now, second + self.rng.randrange(1_000))
        before = self.saves[key]
        if before and text is not None and second + 1_000 <= before[-1].updated:
            return  # saved before the last one and posted after it: the row holds the later save
        if before and updated <= before[-1].updated:
            updated = min(now, before[-1].updated + 1)
        before.append(Saved(body, now, updated, told))

    def _silently(self, now: int, outcome: Row, job: str | None) -> None:
        """Delete the links of a deleted outcome; revive the one in its own place where an import brings it back."""
        links = [("link", number) for number in sorted(self._links_of[outcome["learning_outcome_id"]])]
        place = (outcome.get("context_type"), outcome.get("context_id"))
        for key in links:
            body = self.saves[key][-1].body
            is_native = (body["context_type"], body["context_id"]) == place
            if outcome["workflow_state"] == "deleted" and body["workflow_state"] != "deleted":
                self._save(key, {**body, "workflow_state": "deleted", "updated_at": stamp(now)}, now, told=None)
            elif job == "OutcomeImport#run" and is_native and body["workflow_state"] == "deleted":
                self._save(key, {**body, "workflow_state": "active", "updated_at": stamp(now)}, now, told=None)

    def of(self, kind: str) -> list[tuple[str, list[Saved]]]:
        """Return the rows of a kind by id, each with its saves."""
        found = [(key[1], saves) for key, saves in self.saves.items() if key[0] == kind]
        return sorted(found, key=lambda row: int(row[0]))


def _milliseconds(text: str) -> int:
    from datetime import datetime  # noqa: PLC0415 - one use

    return round(datetime.fromisoformat(text).timestamp() * 1_000)
