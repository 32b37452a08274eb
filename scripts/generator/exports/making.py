"""A school's year told with some events lost, and the exports that show what they were."""

from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

import orjson

from scripts.generator.clock import HOUR, stamp
from scripts.generator.dice import Dice
from scripts.generator.exports.database import FAMILIES, WITH_VERDICT, Database, Saved
from scripts.generator.exports.facts import Facts, facts_of
from scripts.generator.exports.files import write
from scripts.generator.exports.outcomes_csv import write_outcomes
from scripts.generator.exports.report import write_report
from scripts.generator.exports.rollups import rollups_of
from scripts.generator.exports.tables import UNSPECIFIED, as_of, rows
from scripts.generator.school import School
from scripts.generator.sizes import size_for
from scripts.generator.story import START, school_year

_LAG = 3 * HOUR
_UNSPECIFIED, _DELETED = 0.02, 0.002


class Lost(NamedTuple):
    """An entity of which the export holds a save whose event, and every later one, was withheld.

    `since` is the save that was told last, None if none was; `until` the one that the export holds.
    """

    kind: str
    id: str
    since: datetime | None
    until: datetime


class Made(NamedTuple):
    """What was made: where, the time of the export, and what a comparison has to find."""

    folder: Path
    at: str
    events: int
    withheld: int
    lost: list[Lost]
    gone: set[tuple[str, str]]
    unspecified: set[tuple[str, str]]
    database: Database
    facts: Facts
    school: School


def make(folder: Path, *, events: int, seed: int, withheld: float = 0.01, form: str = "jsonl") -> Made:
    """Write all of it into a folder; `withheld` is the share of outcome events that are lost."""
    rng, folder = Dice(seed, "exports"), Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    school = School(tenant=0, size=size_for(events), rng=Dice(seed, "story 0"))
    database, lost_events, now = Database(Dice(seed, "rows")), 0, 0
    names = {family for family, (kind, _) in FAMILIES.items() if kind in WITH_VERDICT}
    with (folder / "events.ndjson").open("wb") as told, (folder / "all-events.ndjson").open("wb") as every:
        for now, line in school_year(events, seed, START):
            event = orjson.loads(line)
            family = event["metadata"]["event_name"].rpartition("_")[0]
            is_lost = family in names and rng.random() < withheld
            lost_events += is_lost
            every.write(line + b"\n")
            if not is_lost:
                told.write(line + b"\n")
            database.take(now, event, told=not is_lost)
    at = now + 60_000
    until = {kind: at - rng.randrange(_LAG) for kind, _ in FAMILIES.values()}
    students = {school.student_uuid(index): school.student_id(index) for index in range(school.size.students)}
    facts = facts_of(database, students, Dice(seed, "facts"), at)
    left_out, unspecified = set[tuple[str, str]](), set[tuple[str, str]]()
    found = []
    for table, row in rows(database, facts, school, until):
        kind = _KINDS.get(table)
        if table == "content_tags" and row["tag_type"] != "learning_outcome_association":
            kind = None
        if kind == "result" and rng.random() < _DELETED and row["workflow_state"] != "deleted":
            left_out.add((kind, row["id"]))
            continue
        if kind == "outcome" and rng.random() < _UNSPECIFIED:
            unspecified.add((kind, row["id"]))
            row = {**row, "workflow_state": UNSPECIFIED}  # noqa: PLW2901 - the row as the export has it
        found.append((table, row))
    write(folder / "canvas_data_2", found, form, stamp(at))
    (folder / "rollups.json").write_bytes(orjson.dumps(rollups_of(database, facts)))
    write_report(folder / "report.csv", database, facts, school)
    write_outcomes(folder / "outcomes.csv", database, until, str(school.root.id))
    lost = [one for one in _lost(database, until, at) if (one.kind, one.id) not in left_out | unspecified]
    (folder / "withheld.ndjson").write_bytes(
        b"".join(orjson.dumps(one._asdict(), option=orjson.OPT_APPEND_NEWLINE | orjson.OPT_UTC_Z) for one in lost)
    )
    return Made(folder, stamp(at), events, lost_events, lost, left_out, unspecified, database, facts, school)


_KINDS: dict[str, str] = {
    "learning_outcomes": "outcome",
    "learning_outcome_groups": "group",
    "content_tags": "link",
    "outcome_proficiencies": "proficiency",
    "learning_outcome_results": "result",
}


def _lost(database: Database, until: dict[str, int], at: int) -> list[Lost]:
    found = []
    for kind in WITH_VERDICT:
        for number, saves in database.of(kind):
            one = as_of(saves, until[kind])
            if one is None:
                continue
            later = [save for save in saves[saves.index(one) :] if save.told]
            # What no event tells (a link deleted with its outcome) was not lost.
            before = [save for save in saves[: saves.index(one)] if save.told is not None]
            # What was never told stays so, however it was changed in silence since.
            is_unknown = one.told is None and bool(before) and not any(save.told for save in before)
            was_missed = one.told is False or is_unknown or _has_a_lost_cause(database, one, until)
            if not was_missed or later or one.updated > at - 4 * HOUR:
                continue
            told = [save for save in before if save.told]
            if told and _without_trace(told[-1], one):
                continue
            found.append(Lost(kind, number, _moment(told[-1].updated) if told else None, _moment(one.updated)))
    return found


def _has_a_lost_cause(database: Database, one: Saved, until: dict[str, int]) -> bool:
    """Whether a link was deleted with its outcome, the event of that was lost, and the export shows it no more."""
    if one.told is not None:
        return False
    outcome = database.saves["outcome", one.body["learning_outcome_id"]]
    cause = next((save for save in outcome if save.at == one.at), None)
    return cause is not None and cause.told is False and as_of(outcome, until["outcome"]) is not cause


def _without_trace(told: Saved, lost: Saved) -> bool:
    """Whether nothing can tell two saves apart: the same fields in one second, which is all that events say of when."""
    bodies = ({name: value for name, value in one.body.items() if name != "updated_at"} for one in (told, lost))
    before, after = bodies
    return before == after and told.updated // 1_000 == lost.updated // 1_000


def _moment(milliseconds: int) -> datetime:
    return datetime.fromtimestamp(milliseconds / 1_000, UTC)
