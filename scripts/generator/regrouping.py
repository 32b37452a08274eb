"""Stories of the tree rearranged: links and groups moved, renamed, archived, filed twice, unlinked and linked anew."""

from scripts.generator import saves, words
from scripts.generator.entities import Group, Link
from scripts.generator.removing import unlink
from scripts.generator.stage import Process, Stage

_HOMES = 3
_RESTING = 0.05


def _settled(group: Group) -> bool:
    return group.state == "active" and not group.busy


def _is_leaf(group: Group) -> bool:
    return _settled(group) and group.parent is not None and not group.groups


def _loose_link(stage: Stage) -> Link | None:
    """Find an active link of an account tree that no other story holds."""
    for _ in range(9):
        group = stage.school.pick(stage.school.groups, lambda row: _settled(row) and bool(row.links))
        links = [row for row in group.links if row.state == "active" and not row.outcome.busy] if group else []
        if links:
            return stage.rng.choice(links)
    return None


def _elsewhere(stage: Stage, link: Link) -> Group | None:
    """Find a strand of the same place in which the link's outcome is not filed."""
    here, place = {row.group for row in link.outcome.links}, link.group.place
    return stage.school.pick(stage.school.groups, lambda row: _is_leaf(row) and row.place is place and row not in here)


def move_link(stage: Stage) -> Process:
    """A link goes to another group of its context: same id, new group."""
    for _ in range(5):
        link = _loose_link(stage)
        target = _elsewhere(stage, link) if link else None
        if link and target:
            link.group.links.remove(link)
            link.group = target
            target.links.append(link)
            saves.link_updated(stage, link)
            break
    yield from ()


def move_group(stage: Stage) -> Process:
    """A strand goes under another subject."""
    school = stage.school
    tops = [row for row in school.groups if _settled(row) and row.parent and row.parent.parent is None]
    group = school.pick(
        school.groups,
        lambda row: _is_leaf(row) and any(top.place is row.place and top is not row.parent for top in tops),
    )
    if group and group.parent:
        others = [top for top in tops if top.place is group.place and top is not group.parent]
        group.parent.groups.remove(group)
        group.parent = stage.rng.choice(others)
        group.parent.groups.append(group)
        saves.group_updated(stage, group)
    yield from ()


def rename_group(stage: Stage) -> Process:
    """A group gets another title, description or code."""
    if group := stage.school.pick(stage.school.groups, _settled):
        strand = stage.rng.choice(group.subject.strands)
        group.title = f"{strand} {stage.rng.choice(('in Practice', 'Revisited', 'I', 'II', 'Studio'))}"
        group.description = f"<p>{words.friendly(group.subject, stage.rng)}</p>"
        saves.group_updated(stage, group)
    yield from ()


def archive_group(stage: Stage) -> Process:
    """A strand is archived, which touches nothing below it, and comes back; only so many are away at a time."""
    school = stage.school
    room = school.resting_groups < len(school.groups) * _RESTING
    if room and (group := school.pick(school.groups, _is_leaf)):
        school.resting_groups += 1
        group.busy, group.state = True, "archived"
        saves.group_updated(stage, group)
        yield stage.later(5, 35)
        school.resting_groups -= 1
        group.busy, group.state = False, "active"
        saves.group_updated(stage, group)


def file_twice(stage: Stage) -> Process:
    """An outcome gets a second home in its own tree; some weeks later that one goes, which is not the last."""
    link = _loose_link(stage)
    second = _elsewhere(stage, link) if link and len(link.outcome.links) < _HOMES else None
    if link and second:
        other = stage.school.link(link.outcome, second)
        saves.link_created(stage, other)
        yield stage.later(3, 40)
        if other.state == "active" and not link.outcome.busy:
            yield from unlink(stage, other)
            stage.school.drop(other)


def link_again(stage: Stage) -> Process:
    """A course lets an outcome go, thinks better of it, and gets a link with a new id."""
    school = stage.school
    course = school.pick(school.teaching)
    links = [row for row in course.links if not row.is_native] if course else []
    link = school.pick(links, lambda row: row.state == "active" and not row.outcome.busy)
    if link:
        outcome, group = link.outcome, link.group
        outcome.busy = True
        yield from unlink(stage, link)
        school.drop(link)
        yield stage.later(1, 12)
        outcome.busy = False
        saves.link_created(stage, school.link(outcome, group))
