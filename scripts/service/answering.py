"""One question, from its parameters to a response: scope, point, answer, and the record of who looked."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from http import HTTPStatus
from importlib import metadata
from typing import Any, NamedTuple
from urllib.parse import quote, urlencode

from starlette.responses import Response

from outcomes.api.answers.entity import Blame, EntityState
from outcomes.api.arguments import now
from outcomes.api.home import Home
from outcomes.domain.errors import UsageError
from outcomes.domain.positions import position_of
from outcomes.service import personal_data
from outcomes.service.asker import require
from outcomes.service.conditional import is_known
from outcomes.service.places import Reach, check_places, tenant_in_scope
from outcomes.service.problems import Problem
from outcomes.service.questions import COURSES, POINT, Question, rights_needed
from outcomes.service.rendering import MEDIA_TYPES, Form, Rendered, render
from outcomes.store.access.access_file import AccessFile, Look
from outcomes.store.access.rights import Grant, Right

_STUDENT_DATA = "private, no-store"
_ASK_AGAIN = "private, no-cache"


@dataclass(frozen=True)
class Asked:
    """A question as it was asked: `given` are its own parameters, `point` where; `url` has no token in it."""

    question: Question
    form: Form
    grant: Grant
    point: Mapping[str, str | None]
    given: Mapping[str, Any]
    path: str
    query: Sequence[tuple[str, str]]
    known_etag: str | None
    access: AccessFile


class Admitted(NamedTuple):
    """What may be asked by who asks: at which point, with what, and what is told of the answer."""

    point: dict[str, str | None]
    given: dict[str, Any]
    keeping: "Keeping"


def answer(home: Home, asked: Asked, *, may_wait: bool = True) -> Response:
    """Answer in a reader's thread, or in one that must not wait; raises Problem and what the API and `note` raise."""
    grant = asked.grant
    needed = rights_needed(asked.question, asked.given)
    admitted = admit(home, asked)
    is_personal = bool(needed & {Right.STUDENTS, Right.PEOPLE})
    etag = None if is_personal else tag_of(home, asked, admitted.point)
    if etag is not None and is_known(etag, asked.known_etag):
        return Response(status_code=HTTPStatus.NOT_MODIFIED, headers={"ETag": etag, "Cache-Control": _ASK_AGAIN})
    rendered = _rendered(home, asked, admitted)
    is_personal = is_personal or admitted.keeping.has_students
    if is_personal and Right.STUDENTS in grant.rights:
        note(asked, admitted.point, rendered.rows, may_wait=may_wait)
    headers = {"Cache-Control": _STUDENT_DATA if is_personal else _ASK_AGAIN}
    if etag is not None and not is_personal:
        headers["ETag"] = etag
    if rendered.next is not None:
        headers["Link"] = f'<{_following(asked, rendered.next)}>; rel="next"'
    return Response(rendered.body, HTTPStatus.OK, headers, MEDIA_TYPES[asked.form])


def admit(home: Home, asked: Asked) -> Admitted:
    """Return how a question may be asked by who asks, by a route, a page or a job; raises a 400, 403 or 404."""
    question, given, grant = asked.question, asked.given, asked.grant
    require(grant, rights_needed(question, given))
    tenant = tenant_in_scope(home, grant, asked.point["tenant"])
    reach = check_places(home, grant, question, tenant, given)
    point: dict[str, str | None] = {**asked.point, "tenant": tenant}
    if question.name == "class" and Right.STUDENTS not in grant.rights:
        point = personal_data.whole_day(point)
    is_narrowed = COURSES in question.hidden and not reach.is_everywhere
    return Admitted(point, {**given, COURSES: reach} if is_narrowed else {**given}, Keeping(asked, reach))


def _following(asked: Asked, key: str) -> str:
    """Return the address of the rows after those that are answered."""
    query = [(name, value) for name, value in asked.query if name != "after"]
    return f"{quote(asked.path, safe='/:')}?{urlencode([*query, ('after', key)])}"


def note(asked: Asked, point: Mapping[str, str | None], rows: int, *, may_wait: bool = True) -> None:
    """Record that students were looked at, before the answer is given."""
    asked.access.note(_look(asked, point, rows), may_wait=may_wait)


_OF_ENTITY = "nothing is known of {kind}:{id} at this point"
_UNKNOWN = {
    "show": _OF_ENTITY,
    "blame": _OF_ENTITY,
    "explain": "no result of student {student} on outcome:{outcome} in Course:{course} at this point",
}
"""What is told of a question that has no answer, as the commands tell it."""


def _rendered(home: Home, asked: Asked, admitted: Admitted) -> Rendered:
    question = asked.question
    try:
        found = question.ask(home, admitted.point, admitted.given)
    except UsageError as error:
        if "number" in asked.given:
            raise Problem(HTTPStatus.NOT_FOUND, f"no quarantine entry {asked.given['number']}") from error
        raise
    # An entity of which nothing is known is false, and so is an empty list or tree, which is an answer.
    if found is None or (isinstance(found, EntityState | Blame) and not found):
        raise Problem(HTTPStatus.NOT_FOUND, _UNKNOWN[question.name].format(**asked.given))
    return render(found, asked.form, admitted.keeping)


class Keeping:
    """What is told of each row to one grant; remembers whether any row was of a student."""

    def __init__(self, asked: Asked, reach: Reach) -> None:
        self._sees_students = Right.STUDENTS in asked.grant.rights
        self._sees_raw = {Right.STUDENTS, Right.PEOPLE} <= asked.grant.rights
        self._name = asked.question.name
        self._is_known_at_head = asked.point["known_at"] is None
        self._reach = reach
        self._fence = personal_data.Fence(asked.grant.rights, None if reach.is_everywhere else reach)
        self.has_students = False

    def __call__(self, row: dict[str, Any]) -> dict[str, Any] | None:
        """Return what is told of a row; None for nothing."""
        kept = self._fence(row)
        if kept is None or (self._name == "friendly_descriptions" and not self._reach.concerns(kept["context"])):
            return None
        self.has_students = self.has_students or personal_data.is_of_student(kept)
        if self._name == "quarantine" and not self._sees_raw:
            kept = {**kept, "reason": personal_data.without_values(kept["reason"])}
        return kept if self._sees_students else self._rounded(kept)

    def _rounded(self, row: dict[str, Any]) -> dict[str, Any]:
        match self._name:
            case "class":
                return personal_data.class_figures(row)
            case "moments":
                return personal_data.moment_figures(row, is_known_at_head=self._is_known_at_head)
            case _:
                return row


def tag_of(home: Home, asked: Asked, point: Mapping[str, str | None]) -> str:
    """Return the tag of an answer: of a question at a fixed position it is the same until somebody is erased.

    To who sees a part only, it may be another once a course hangs elsewhere.
    """
    known = point["known_at"]
    # Of the views, not of the log: while somebody writes, answers may be of a little before.
    head = home.at().known_at
    grant = asked.grant
    position = None if known is None else position_of(known)
    is_closed = position is not None and position <= head and not grant.scope.contexts
    parts = (
        home.edition,
        "closed" if is_closed else str(head),
        _version(),
        asked.path,
        urlencode(sorted(asked.query)),
        urlencode({name: value or "" for name, value in point.items()}),
        ",".join(sorted(grant.rights)),
        str(grant.scope),
    )
    return f'"{sha256(repr(parts).encode()).hexdigest()[:24]}"'


@cache
def _version() -> str:
    return metadata.version("outcome-projector")


def _look(asked: Asked, point: Mapping[str, str | None], rows: int) -> Look:
    given = asked.given
    return Look(
        at=now(),
        token=asked.grant.id,
        label=asked.grant.label,
        route=asked.question.path,
        course=given.get("course"),
        student=given.get("student"),
        rows=rows,
        via=asked.form,
        **{name: point[name] for name in POINT},
    )
