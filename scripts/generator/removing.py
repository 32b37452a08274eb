"""Stories of deletion and return, with what Canvas does in silence (DOMAIN.md 4).

Only shelved outcomes die here: Canvas refuses to delete what a rubric uses.
"""

from collections.abc import Callable

from scripts.generator import saves
from scripts.generator.entities import Course, Group, Link, Outcome
from scripts.generator.stage import Process, Stage


def unlink(stage: Stage, link: Link) -> Process:
    """Take an outcome out of a group; losing its last home in its own context deletes it.

    Then all its other links, in whatever context, are deleted too, and no event says so.
    """
    outcome, place = link.outcome, link.group.place
    link.state = "deleted"
    saves.link_updated(stage, link)
    here = [row for row in outcome.links if row.state == "active" and row.group.place is place]
    friendly = stage.school.friendlies.get((outcome, place))
    if not here and friendly and friendly.state == "active":
        yield stage.soon(0.01, 0.1)
        friendly.state = "deleted"
        saves.friendly_saved(stage, friendly)
    if link.is_native and not here:
        yield stage.soon(0.01, 0.1)
        outcome.state = "deleted"
        saves.outcome_updated(stage, outcome)
        for other in outcome.links:
            other.state = "deleted"


def delete_group(stage: Stage, group: Group) -> Process:
    """Delete a group: its links first, then its sub-groups in the same way, itself last."""
    for link in [link for link in group.links if link.state == "active"]:
        yield from unlink(stage, link)
        yield stage.soon(0.01, 0.1)
    for child in [child for child in group.groups if child.state != "deleted"]:
        yield from delete_group(stage, child)
        yield stage.soon(0.01, 0.1)
    group.state = "deleted"
    saves.group_updated(stage, group)


def _doomed(stage: Stage, fits: Callable[[Outcome], bool]) -> Outcome | None:
    """Find an outcome that hangs on one native link."""

    def lonely(row: Outcome) -> bool:
        native = sum(link.is_native and link.state == "active" for link in row.links)
        return row.shelved and not row.busy and row.state == "active" and native == 1 and fits(row)

    return stage.school.pick(stage.school.outcomes, lonely)


def delete_and_import(stage: Stage) -> Process:
    """An outcome that courses use is deleted, their links silently with it; a CSV import brings it back.

    The import revives the native link without an event; the courses have to link it anew.
    """
    if outcome := _doomed(stage, lambda row: any(not link.is_native for link in row.links)):
        outcome.busy = True
        native = next(link for link in outcome.links if link.is_native and link.state == "active")
        courses = [link for link in outcome.links if not link.is_native and link.state == "active"]
        yield from unlink(stage, native)
        yield stage.later(6, 40)
        outcome.busy, outcome.state, native.state = False, "active", "active"
        saves.outcome_updated(stage, outcome, saves.CSV_IMPORT)
        for link in courses:
            stage.school.drop(link)
            yield stage.later(0.2, 3)
            if link.group.place in stage.school.teaching:
                saves.link_created(stage, stage.school.link(outcome, link.group))


def delete_and_repackage(stage: Stage) -> Process:
    """A course's own outcome is deleted; importing the course package again revives it under its id."""
    if outcome := _doomed(stage, lambda row: isinstance(row.place, Course)):
        outcome.busy = True
        native = next(link for link in outcome.links if link.is_native and link.state == "active")
        yield from unlink(stage, native)
        yield stage.later(2, 30)
        outcome.busy, outcome.state, native.state = False, "active", "active"
        saves.outcome_updated(stage, outcome, saves.COURSE_COPY)
        yield stage.soon(0.01, 0.1)
        saves.link_updated(stage, native, saves.COURSE_COPY)


def pilot_strand(stage: Stage) -> Process:
    """A pilot: a group with sub-groups is tried in a course, given up, and brought back by a CSV import.

    Nothing else in the year refers to it, so that it leaves memory when its story ends.
    """
    school, rng = stage.school, stage.rng
    parent = school.pick(school.groups, lambda row: row.parent is not None and row.parent.parent is None)
    course = school.pick(school.teaching)
    if not (parent and course and course.root and parent.state == "active"):
        return
    top = school.group(parent.place, f"Pilot: {rng.choice(parent.subject.strands)}", parent.subject, parent)
    top.busy = True
    saves.group_created(stage, top)
    outcomes: list[Outcome] = []
    for title in ("First half", "Second half"):
        yield stage.soon(20, 200)
        part = school.group(parent.place, title, parent.subject, top)
        saves.group_created(stage, part)
        for _ in range(2):
            yield stage.soon(60, 600)
            outcomes.append(saves.new_outcome(stage, part))
            outcomes[-1].shelved = outcomes[-1].busy = True
    yield stage.later(1, 3)
    links = [school.link(outcome, course.root) for outcome in outcomes[:3]]
    for link in links:
        saves.link_created(stage, link)
        yield stage.soon(0.05, 0.4)
    yield stage.later(8, 30)
    yield from delete_group(stage, top)
    for link in links:
        school.drop(link)
    parent.groups.remove(top)
    yield stage.later(3, 20)
    for row in (top, *top.groups):
        row.state = "active"
        saves.group_updated(stage, row, saves.CSV_IMPORT)
        yield stage.soon(0.02, 0.2)
    for outcome in outcomes:
        outcome.state = "active"
        saves.outcome_updated(stage, outcome, saves.CSV_IMPORT)
        yield stage.soon(0.02, 0.2)
