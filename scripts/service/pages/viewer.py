"""One who looks at a view, in a reader's thread: asks the API's questions as the routes do, with the same refusals."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from typing import Any

from outcomes.api.answers.base import Answer
from outcomes.api.answers.rows import Rows
from outcomes.api.arguments import now
from outcomes.api.home import Home
from outcomes.domain.times import moment, moment_text
from outcomes.service.answering import Asked, Keeping, admit
from outcomes.service.inlets.figures import InletFigures
from outcomes.service.jobs import Jobs
from outcomes.service.pages.kept import Kept
from outcomes.service.pages.where import Where
from outcomes.service.personal_data import is_of_student
from outcomes.service.places import Reach, tenant_in_scope
from outcomes.service.questions import QUESTIONS, rights_needed
from outcomes.service.rendering import Form
from outcomes.service.writer import Writer
from outcomes.store.access.access_file import AccessFile, Look
from outcomes.store.access.rights import Grant, Right

_BY_NAME = {question.path[1:]: question for question in QUESTIONS}
_BY_NAME |= {question.name: question for question in reversed(QUESTIONS)}


@dataclass
class Viewer:
    """Who looks, from where, at what. `rows` counts what was told of students, for the record of looks."""

    home: Home
    grant: Grant
    where: Where
    query: Mapping[str, str]
    parameters: Mapping[str, str]
    kept: Kept
    access: AccessFile
    is_fragment: bool = False
    form: Mapping[str, str] = field(default_factory=dict)
    scheme: str = ""
    inlets: Sequence[InletFigures] = ()
    jobs: Jobs | None = None
    writer: Writer | None = None
    has_session: bool = False
    """Whether this browser came in by itself, so that it can leave: whom a proxy lets in, only the proxy lets out."""
    origin: str = ""
    """Scheme and host by which this service was asked: what stands before a path on paper."""
    told_later: int = 0
    """How many changes of before the time that is looked at were told to us after it."""
    afterwards: "Callable[[Viewer], None] | None" = None
    """What is worth asking once the answer is sent, for it will be asked next."""
    assessed: dict[str, Any] = field(default_factory=dict)
    """What results assessed, by their ids: a page names the same ones again and again."""
    rows: int = 0
    course: str | None = None
    student: str | None = None
    _known: int | None = field(default=None, repr=False)
    _names: Mapping[str, str | None] | None = field(default=None, repr=False)

    def may(self, right: Right) -> bool:
        """Say whether who looks has a right."""
        return right in self.grant.rights

    @property
    def is_scoped(self) -> bool:
        """Whether this person sees a part of the home only."""
        return bool(self.grant.scope.tenants or self.grant.scope.contexts)

    @property
    def has_tenant(self) -> bool:
        """Whether it is clear which root account is looked at: one was named, or there is no other."""
        return self.tenant is not None or len(self.home.tenants) <= 1

    @cached_property
    def reach(self) -> Reach:
        """The places that this person may look at."""
        return Reach(self.home, self.grant.scope, self.tenant)

    @property
    def tenant(self) -> str | None:
        """The root account that is looked at."""
        return tenant_in_scope(self.home, self.grant, self.where.tenant)

    @property
    def known(self) -> int:
        """The position of the log up to which this view counts events."""
        if self._known is None:
            self._known = self.home.at(known_at=self.where.known, tenant=self.tenant).known_at
        return self._known

    @cached_property
    def now(self) -> str:
        """What today means in this view, no finer than addresses have times: all of a page is of one instant."""
        time = moment(now())
        return moment_text(time.replace(microsecond=time.microsecond // 1000 * 1000))

    @cached_property
    def edition(self) -> str:
        """What answers at a fixed point hang on besides; two looks at the log, and a view has many answers."""
        return self.home.edition

    @property
    def began(self) -> datetime | None:
        """When the log began: what was loaded then is history, not news that came late."""
        first = next(iter(self.home.log(limit=1)), None)
        return None if first is None else first.recorded_at

    def ask(self, name: str, *, at: str | None = "", known: str | None = "", **given: Any) -> Any:
        """Return the JSON of an answer as this person may see it: a document, or a list of rows; None for nothing.

        `at` and `known` are those of the view unless they are given. Raises Problem and what the API raises.
        """
        found = self._told(name, at, known, given)
        self._count(name, given, found)
        return found

    def _told(self, name: str, at: str | None, known: str | None, given: dict[str, Any]) -> Any:
        found, keeping = self.answer(name, at=at, known=known, **given)
        if found is None:
            return None
        if not found.is_list:
            return keeping(found.as_json())
        return [row for line in found.as_lines() if (row := keeping(line)) is not None]

    def answer(
        self, name: str, *, at: str | None = "", known: str | None = "", **given: Any
    ) -> tuple[Answer | None, Keeping]:
        """Return an answer before it is written, and what keeps from it what this person may not see."""
        asked = self._asked(name, self.point(at, known), given)
        admitted = admit(self.home, asked)
        return asked.question.ask(self.home, admitted.point, admitted.given), admitted.keeping

    def _asked(self, name: str, point: Mapping[str, str | None], given: Mapping[str, Any]) -> Asked:
        return Asked(_BY_NAME[name], Form.JSON, self.grant, point, given, self.where.path, (), None, self.access)

    def page(self, name: str, **given: Any) -> tuple[list[dict[str, Any]], str | None]:
        """Return a part of a list, and the key with which it goes on."""
        found, keeping = self.answer(name, **given)
        if not isinstance(found, Rows):
            return [], None
        rows = [row for line in found.as_lines() if (row := keeping(line)) is not None]
        self._count(name, given, rows)
        return rows, found.next

    def keep(self, name: str, *, at: str | None = "", **given: Any) -> Any:
        """Ask what is asked again and again; answers at a fixed position never change, so they are kept a while."""
        found = self._kept(name, at, given)
        self._count(name, given, found)
        return found

    def _kept(self, name: str, at: str | None, given: dict[str, Any]) -> Any:
        asked = self._asked(name, self.point(at, str(self.known)), given)
        point = tuple(admit(self.home, asked).point.values())
        key = (name, self.edition, point, tuple(sorted(given.items())), self._sees())
        return self.kept.get(key, lambda: self._told(name, at, str(self.known), given))

    def keep_made(self, name: str, parts: tuple[Any, ...], make: Callable[[], Any]) -> Any:
        """Keep what is made of answers at a fixed position; `parts` are what it depends on besides."""
        return self.kept.get((name, self.edition, self.tenant, self.known, parts, self._sees()), make)

    def check(self, name: str, **given: Any) -> None:
        """Refuse a question that this person may not ask here; raises Problem."""
        admit(self.home, self._asked(name, self.point(), given))

    def point(self, at: str | None = "", known: str | None = "") -> dict[str, str | None]:
        """Return where a question is asked: of this view, unless another time is given."""
        when = self.where.at if at == "" else at
        position = self.where.known if known == "" else known
        return {"tenant": self.tenant, "as_of": when, "known_at": position}

    def student_name(self, uuid: str) -> str:
        """Return what a student is called; of one without a name, the beginning of their id."""
        if self._names is None:
            rows = (
                self._kept("students", None, {}) if not self.grant.scope.contexts and self.may(Right.STUDENTS) else []
            )
            self._names = {row["student"]: row["name"] for row in rows}
        return self._names.get(uuid) or f"student {uuid[:8]}…"

    def _sees(self) -> tuple[str, str, int]:
        # What lies in a scope may change with each event; what a whole root account holds by then does not.
        head = self.home.at().known_at if self.grant.scope.contexts else 0
        return ",".join(sorted(self.grant.rights)), str(self.grant.scope), head

    def _count(self, name: str, given: Mapping[str, Any], found: Any) -> None:
        """Count what was told of students: names alone are not, for they stand beside scores, which are."""
        is_of_students = Right.STUDENTS in rights_needed(_BY_NAME[name], given)
        if isinstance(found, list):
            told = found if is_of_students else [row for row in found if is_of_student(row)]
            self.rows += len(told)
        elif is_of_students and found is not None:
            self.rows += 1
        if is_of_students:
            self.course = given.get("course", self.course)
            self.student = given.get("student", self.student)

    def note(self, route: str, via: str = "page") -> None:
        """Record that this person looked at students, if they did."""
        if self.rows:
            point = self.point()
            self.access.note(
                Look(
                    at=now(),
                    token=self.grant.id,
                    label=self.grant.label,
                    route=route,
                    course=self.course,
                    student=self.student,
                    rows=self.rows,
                    via=via,
                    **point,
                )
            )
