"""One question, from its parameters to a response: scope, point, answer, and the record of who looked."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from http import HTTPStatus
from importlib import metadata
from typing import Any
from urllib.parse import urlencode

from starlette.responses import Response

from outcomes.api.answers.entity import Blame, EntityState
from outcomes.api.arguments import now
from outcomes.api.home import Home
from outcomes.domain.errors import UsageError
from outcomes.service import personal_data
from outcomes.service.asker import require
from outcomes.service.conditional import is_known
from outcomes.service.places import check_places, tenant_in_scope
from outcomes.service.problems import Problem
from outcomes.service.questions import POINT, Question, rights_needed
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
    query: Mapping[str, str]
    known_etag: str | None
    access: AccessFile


def answer(home: Home, asked: Asked) -> Response:
    """Answer in a reader's thread; raises Problem and what the API raises."""
    grant = asked.grant
    needed = rights_needed(asked.question, asked.given)
    point = admit(home, asked)
    is_personal = bool(needed & {Right.STUDENTS, Right.PEOPLE})
    etag = None if is_personal else _etag(home, asked)
    if etag is not None and is_known(etag, asked.known_etag):
        return Response(status_code=HTTPStatus.NOT_MODIFIED, headers={"ETag": etag, "Cache-Control": _ASK_AGAIN})
    keeping = Keeping(asked)
    rendered = _rendered(home, asked, point, keeping)
    is_personal = is_personal or keeping.has_students
    if is_personal and Right.STUDENTS in grant.rights:
        note(asked, point, rendered.rows)
    headers = {"Cache-Control": _STUDENT_DATA if is_personal else _ASK_AGAIN}
    if etag is not None and not is_personal:
        headers["ETag"] = etag
    if rendered.next is not None:
        more = urlencode({**asked.query, "after": rendered.next})
        headers["Link"] = f'<{asked.path}?{more}>; rel="next"'
    return Response(rendered.body, HTTPStatus.OK, headers, MEDIA_TYPES[asked.form])


def admit(home: Home, asked: Asked) -> dict[str, str | None]:
    """Return the point at which a question may be asked by who asks; raises a 400, 403 or 404."""
    question, given, grant = asked.question, asked.given, asked.grant
    require(grant, rights_needed(question, given))
    tenant = tenant_in_scope(home, grant, asked.point["tenant"])
    check_places(home, grant.scope, question, tenant, given)
    point: dict[str, str | None] = {**asked.point, "tenant": tenant}
    if question.name == "class" and Right.STUDENTS not in grant.rights:
        point = personal_data.whole_day(point)
    return point


def note(asked: Asked, point: Mapping[str, str | None], rows: int) -> None:
    """Record that students were looked at, before the answer is given."""
    asked.access.note(_look(asked, point, rows))


_OF_ENTITY = "nothing is known of {kind}:{id} at this point"
_UNKNOWN = {
    "show": _OF_ENTITY,
    "blame": _OF_ENTITY,
    "explain": "no result of student {student} on outcome:{outcome} in Course:{course} at this point",
}
"""What is told of a question that has no answer, as the commands tell it."""


def _rendered(home: Home, asked: Asked, point: Mapping[str, str | None], keeping: "Keeping") -> Rendered:
    question = asked.question
    try:
        found = question.ask(home, point, asked.given)
    except UsageError as error:
        if "number" in asked.given:
            raise Problem(HTTPStatus.NOT_FOUND, f"no quarantine entry {asked.given['number']}") from error
        raise
    # An entity of which nothing is known is false, and so is an empty list or tree, which is an answer.
    if found is None or (isinstance(found, EntityState | Blame) and not found):
        raise Problem(HTTPStatus.NOT_FOUND, _UNKNOWN[question.name].format(**asked.given))
    return render(found, asked.form, keeping)


class Keeping:
    """What is told of each row to one grant; remembers whether any row was of a student."""

    def __init__(self, asked: Asked) -> None:
        self._rights = asked.grant.rights
        self._name = asked.question.name
        self._is_known_at_head = asked.point["known_at"] is None
        self.has_students = False

    def __call__(self, row: dict[str, Any]) -> dict[str, Any] | None:
        """Return what is told of a row; None for nothing."""
        if personal_data.is_of_student(row):
            if Right.STUDENTS not in self._rights:
                return None
            self.has_students = True
        if Right.STUDENTS not in self._rights:
            row = self._rounded(row)
        if Right.PEOPLE in self._rights:
            return row
        kept: dict[str, Any] = personal_data.without_people(row)
        return kept

    def _rounded(self, row: dict[str, Any]) -> dict[str, Any]:
        match self._name:
            case "class":
                return personal_data.class_figures(row)
            case "moments":
                return personal_data.moment_figures(row, is_known_at_head=self._is_known_at_head)
            case _:
                return row


def _etag(home: Home, asked: Asked) -> str:
    """Return the tag of an answer: of a question at a fixed position it is the same until somebody is erased."""
    known = asked.point["known_at"] or ""
    # Of the views, not of the log: while somebody writes, answers may be of a little before.
    head = home.at().known_at
    is_closed = known.isdigit() and int(known) <= head
    grant = asked.grant
    parts = (
        home.edition,
        "closed" if is_closed else str(head),
        _version(),
        asked.path,
        urlencode(sorted(asked.query.items())),
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
