"""How the school comes to be, in the weeks before teaching: accounts, trees of outcomes, scales and people.

The order is that of references: whatever an event names has been posted before it.
"""

from collections.abc import Iterator

from scripts.generator import bodies, saves, words
from scripts.generator.clock import TEACHING_FROM, seconds
from scripts.generator.entities import CalculationMethod, Group, Place, Proficiency
from scripts.generator.ids import uuid
from scripts.generator.stage import Process, Stage
from scripts.generator.terms import open_term

_SHELVED_EVERY = 6
_TWO_HOMES_EVERY = 9
_SUB_ACCOUNT_SHARE = 8


def open_year(stage: Stage) -> Process:
    """August: found everything that the whole year stands on, and the first term."""
    clock = stage.office_hours(0, TEACHING_FROM - 2, stage.school.size.opening)
    yield from _accounts(stage, clock)
    yield from _trees(stage, clock)
    yield from _scales(stage, clock)
    yield from _people(stage, clock)
    yield from open_term(stage, clock, 0)


def _accounts(stage: Stage, clock: Iterator[int]) -> Process:
    school = stage.school
    yield next(clock)
    saves.account_saved(stage, school.root)
    for index in range(school.size.accounts):
        yield next(clock)
        account = Place(
            id=school.ids.next("accounts"),
            uuid=uuid(stage.rng),
            name=words.DEPARTMENTS[index % len(words.DEPARTMENTS)],
            parent=school.accounts[-1] if index % 4 == 3 else school.root,  # noqa: PLR2004 - every fourth is nested
            steward=school.admins[index % len(school.admins)],
        )
        school.accounts.append(account)
        saves.account_saved(stage, account, new=True)


def _trees(stage: Stage, clock: Iterator[int]) -> Process:
    """Plant the account tree, and small ones in half of the sub-accounts."""
    school, size = stage.school, stage.school.size
    own = size.outcomes - size.course_owned
    apart, growers = own // _SUB_ACCOUNT_SHARE, school.accounts[1 : 1 + size.accounts // 2]
    yield from _tree(stage, clock, school.root, (max(4, size.groups * 4 // 5), own - apart))
    for place in growers:
        yield from _tree(stage, clock, place, (max(2, size.groups // 5 // len(growers)), apart // len(growers)))


def _tree(stage: Stage, clock: Iterator[int], place: Place, figures: tuple[int, int]) -> Process:
    """Plant one tree: a root, subjects under it, strands under those, and outcomes in the strands."""
    school, rng, (groups, outcomes) = stage.school, stage.rng, figures
    subjects = words.SUBJECTS[: max(1, min(len(words.SUBJECTS), groups // 3))]
    yield next(clock)
    root = school.group(place, place.name, subjects[0])
    saves.group_created(stage, root)
    tops: list[Group] = []
    leaves: list[Group] = []
    for subject in subjects:
        yield next(clock)
        tops.append(school.group(place, subject.name, subject, root))
        saves.group_created(stage, tops[-1])
    for index in range(max(1, groups - len(tops))):
        yield next(clock)
        part, which = divmod(index, len(subjects))
        leaf = school.group(place, _strand(subjects[which], part), subjects[which], tops[which])
        leaf.description = f"<p>{words.friendly(leaf.subject, rng)}</p>"
        leaf.vendor_guid = f"{leaf.subject.code}.{part}" if rng.random() < 0.5 else None  # noqa: PLR2004
        leaves.append(leaf)
        saves.group_created(stage, leaf)
    school.groups += tops + leaves
    for index in range(outcomes):
        yield next(clock)
        outcome = saves.new_outcome(stage, leaves[index % len(leaves)])
        outcome.shelved = index % _SHELVED_EVERY == 1
        school.outcomes.append(outcome)
        if index % _TWO_HOMES_EVERY == _TWO_HOMES_EVERY - 1 and len(leaves) > 1:
            yield stage.soon(5, 40)
            saves.link_created(stage, school.link(outcome, leaves[(index + 1) % len(leaves)]))


def _strand(subject: words.Subject, part: int) -> str:
    """Name the strands of a subject: Clouds, Rivers, … and after the last Clouds 2, Rivers 2, …."""
    again, which = divmod(part, len(subject.strands))
    return subject.strands[which] + (f" {again + 1}" if again else "")


def _scales(stage: Stage, clock: Iterator[int]) -> Process:
    """Give the root account and every second sub-account a mastery scale and a calculation method."""
    school = stage.school
    for place in [school.root, *school.accounts[1::2]]:
        yield next(clock)
        new_scale(stage, place)
        yield next(clock)
        new_method(stage, place)


def new_scale(stage: Stage, place: Place) -> None:
    """Set a mastery scale where none was."""
    school, scale = stage.school, words.SCALES[0]
    ratings = tuple(school.ids.next("ratings") for _ in scale.levels)
    row = school.proficiencies[place] = Proficiency(school.ids.next("proficiencies"), place, scale, ratings)
    saves.proficiency_saved(stage, row, new=True)


def new_method(stage: Stage, place: Place) -> None:
    """Set a calculation method where none was: the root account's decays, the others' are Canvas's default."""
    school = stage.school
    method, number = ("decaying_average", 65) if place is school.root else ("highest", None)
    row = school.methods[place] = CalculationMethod(school.ids.next("calculation_methods"), place, method, number)
    saves.method_saved(stage, row, new=True)


def _people(stage: Stage, clock: Iterator[int]) -> Process:
    """Introduce the staff, and those students who were not there before the subscription began."""
    school = stage.school
    for person in school.teachers:
        yield next(clock)
        saves.person_saved(stage, "user_created", bodies.staff(school, person, seconds(stage.now)))
    for index in range(school.size.students - school.size.newcomers, school.size.students):
        yield next(clock)
        made = seconds(stage.now)
        saves.person_saved(stage, "user_created", bodies.student(school, index, made, made))
