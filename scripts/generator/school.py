"""One tenant as it stands now: its accounts, courses, people, outcome tree, scales, and the ids of all of them.

The story changes it and reports what it did; the school itself reports nothing and knows no time. Its memory is that
of its structure: of students it keeps 40 characters each, of results nothing at all.
"""

import unicodedata
from collections.abc import Callable, Sequence
from typing import TypeVar

from scripts.generator import words
from scripts.generator.dice import Dice
from scripts.generator.entities import (
    CalculationMethod,
    Course,
    Friendly,
    Group,
    Link,
    Outcome,
    Person,
    Place,
    Proficiency,
)
from scripts.generator.ids import SHARD, UUID_LENGTH, Sequences, uuid, uuids
from scripts.generator.sizes import Size

T = TypeVar("T")

_TRIES = 24
_NEIGHBOURS = 100
_NAMED = 0.6


class School:
    """A tenant's database, as far as live events let one see it.

    >>> from scripts.generator.sizes import size_for
    >>> school = School(tenant=0, size=size_for(3_000), rng=Dice(7, "school"))
    >>> len(school.uuid), school.root.id
    (40, 1)
    """

    def __init__(self, *, tenant: int, size: Size, rng: Dice) -> None:
        """Found the school: a root account with two administrators and a roll of students, nothing taught yet."""
        name, slug = words.SCHOOLS[tenant % len(words.SCHOOLS)]
        self.size = size
        self.rng = rng
        self.ids = Sequences(rng)
        self.shard = 1_300 + 17 * tenant + rng.randrange(10)
        self.host = f"{slug}{tenant // len(words.SCHOOLS) or ''}.lms.example"
        self.uuid = uuid(rng)
        self.admins = [self.person("AccountAdmin", index) for index in range(2)]
        self.teachers = [self.person("TeacherEnrollment", index + 5) for index in range(max(3, size.courses // 3))]
        self.first_user = self.ids.block("users", size.students)
        self._roll = uuids(rng, size.students)
        self.root = Place(id=1, uuid=self.uuid, name=name, parent=None, steward=self.admins[0])
        self.accounts = [self.root]
        self.courses: list[Course] = []
        self.teaching: list[Course] = []
        self.groups: list[Group] = []
        self.outcomes: list[Outcome] = []
        self.proficiencies: dict[Place, Proficiency] = {}
        self.methods: dict[Place, CalculationMethod] = {}
        self.resting_outcomes = 0
        self.resting_groups = 0
        self.friendlies: dict[tuple[Outcome, Place], Friendly] = {}

    def global_id(self, local: int) -> str:
        """Return a local id as the rest of the hosted world sees it."""
        return str(self.shard * SHARD + local)

    def person(self, role: str, index: int) -> Person:
        """Take on a member of staff."""
        number, name = self.ids.next("users"), words.name(index)
        plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode()
        login = f"{plain.split()[0].lower()}{number % 100}@{self.host}"
        return Person(number, uuid(self.rng), name, login, f"S-{number}", role, f"{self.rng.getrandbits(128):032x}")

    def student_uuid(self, index: int) -> str:
        """Return the uuid by which results name a student."""
        return self._roll[index * UUID_LENGTH : (index + 1) * UUID_LENGTH]

    def student_id(self, index: int) -> int:
        """Return a student's local user id."""
        return self.first_user + index

    def student(self, index: int) -> tuple[int, str, str]:
        """Return a student's local user id, uuid and name."""
        return self.student_id(index), self.student_uuid(index), words.name(index + 17)

    def seats(self, course: Course) -> list[int]:
        """Return the students of a course, as indices of the roll."""
        return [(course.first_student + seat) % self.size.students for seat in range(course.seats)]

    def group(self, place: Place, title: str, subject: words.Subject, parent: Group | None = None) -> Group:
        """Add a group to the tree of a place; the one without a parent is its root."""
        group = Group(id=self.ids.next("groups"), place=place, title=title, parent=parent, subject=subject)
        if parent:
            parent.groups.append(group)
        else:
            place.root = group
        return group

    def outcome(self, group: Group) -> Outcome:
        """Write a new outcome and file it in a group."""
        rng, number, subject = self.rng, self.ids.next("outcomes"), group.subject
        method, method_int = rng.choice(METHODS)
        guid = f"{subject.code}.{group.title[:3].upper()}.{number}"
        outcome = Outcome(
            id=number,
            place=group.place,
            subject=subject,
            title=words.title(subject, rng),
            scale=words.SCALES[min(int(rng.expovariate(1.0)), len(words.SCALES) - 1)],
            display_name=f"{guid} {group.title}" if rng.random() < _NAMED else None,
            description=words.description(subject, rng),
            vendor_guid=guid if rng.random() < _NAMED else None,
            method=method,
            method_int=method_int,
        )
        self.link(outcome, group)
        return outcome

    def link(self, outcome: Outcome, group: Group) -> Link:
        """File an outcome in a group, under a new id."""
        link = Link(self.ids.next("links"), outcome, group)
        outcome.links.append(link)
        group.links.append(link)
        if isinstance(group.place, Course):
            group.place.links.append(link)
        return link

    def drop(self, link: Link) -> None:
        """Forget a link that is gone for good, so that linking anew for years costs no memory."""
        homes = [link.outcome.links, link.group.links]
        if isinstance(link.group.place, Course):
            homes.append(link.group.place.links)
        for home in homes:
            if link in home:
                home.remove(link)

    def pick(self, pool: Sequence[T], fits: Callable[[T], bool] = lambda _: True) -> T | None:
        """Draw one that fits, early ones more often: some outcomes are edited all year, most hardly ever.

        None if luck fails and no neighbour of a last draw fits either: in a small school all are neighbours.
        """
        size = len(pool)
        for _ in range(_TRIES if pool else 0):
            found = pool[int(size * self.rng.random() ** 2)]
            if fits(found):
                return found
        first = self.rng.randrange(size) if pool else 0
        nearby = (pool[(first + step) % size] for step in range(min(size, _NEIGHBOURS)))
        return next(filter(fits, nearby), None)


METHODS: tuple[tuple[str, int | None], ...] = (
    ("decaying_average", 65),
    ("decaying_average", 75),
    ("highest", None),
    ("n_mastery", 3),
    ("latest", None),
    ("average", None),
    ("standard_decaying_average", 65),
    ("weighted_average", 70),
)
