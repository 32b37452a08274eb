"""What a tenant's database holds that later events refer to, each as it stands at the story's present moment.

Identity is by object, state is mutable: these are rows, not values. Past states live in the events only.
"""

from dataclasses import dataclass, field

from scripts.generator.words import Scale, Subject


@dataclass(slots=True, eq=False)
class Person:
    """Someone who acts: an administrator or a teacher."""

    id: int
    uuid: str
    name: str
    login: str
    sis_id: str
    role: str
    session: str


@dataclass(slots=True, eq=False, kw_only=True)
class Place:
    """A context: an account, or the course that extends it. The root account has no parent."""

    kind: str = "Account"
    id: int
    uuid: str
    name: str
    parent: "Place | None"
    steward: Person
    root: "Group | None" = None


@dataclass(slots=True, eq=False, kw_only=True)
class Course(Place):
    """A course with its class: `seats` students counted from `first_student`, round the end of the roll."""

    kind: str = "Course"
    subject: Subject
    section: int
    term: int
    first_student: int
    seats: int
    state: str = "available"
    created_at: int = 0
    links: "list[Link]" = field(default_factory=list)


@dataclass(slots=True, eq=False, kw_only=True)
class Group:
    """A folder of outcomes; without a parent it is its place's root."""

    id: int
    place: Place
    title: str
    subject: Subject
    parent: "Group | None" = None
    description: str | None = None
    vendor_guid: str | None = None
    state: str = "active"
    groups: "list[Group]" = field(default_factory=list)
    links: "list[Link]" = field(default_factory=list)
    busy: bool = False


@dataclass(slots=True, eq=False, kw_only=True)
class Outcome:
    """A learning outcome. `shelved` ones go on no rubric, so Canvas lets them be deleted."""

    id: int
    place: Place
    subject: Subject
    title: str
    scale: Scale
    display_name: str | None = None
    description: str | None = None
    vendor_guid: str | None = None
    method: str = "decaying_average"
    method_int: int | None = 65
    state: str = "active"
    copied_from: int | None = None
    shelved: bool = False
    links: "list[Link]" = field(default_factory=list)
    busy: bool = False
    """Held by a story that archives or deletes it: another such story must look elsewhere."""


@dataclass(slots=True, eq=False)
class Link:
    """An outcome filed in a group. Its context is the group's."""

    id: int
    outcome: Outcome
    group: Group
    state: str = "active"

    @property
    def is_native(self) -> bool:
        """Tell whether it hangs in the outcome's own context, where the last one carries its life."""
        return self.group.place is self.outcome.place


@dataclass(slots=True, eq=False)
class Proficiency:
    """A mastery scale of an account or course; one row per place, revived rather than made anew."""

    id: int
    place: Place
    scale: Scale
    rating_ids: tuple[int, ...]
    state: str = "active"
    ratings_state: str = "active"


@dataclass(slots=True, eq=False)
class CalculationMethod:
    """How an account or course rolls up; one row per place."""

    id: int
    place: Place
    method: str
    method_int: int | None
    state: str = "active"


@dataclass(slots=True, eq=False)
class Friendly:
    """A friendly description: one per outcome and place."""

    id: int
    place: Place
    outcome: Outcome
    text: str
    state: str = "active"
