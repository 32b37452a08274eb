"""Whether what is asked lies in the scope of who asks. A place of which nothing is known is in no scope."""

from collections.abc import Iterator, Mapping
from functools import cache
from http import HTTPStatus
from typing import Any

from outcomes.api.home import Home
from outcomes.domain.identity import parse_context, parse_entity
from outcomes.service.problems import Problem
from outcomes.service.questions import Question
from outcomes.store.access.rights import Grant, Scope


def tenant_in_scope(home: Home, grant: Grant, asked: str | None) -> str | None:
    """Return the tenant that is asked of: the one of the scope, where it has one; raises a 403, 404 or 400."""
    allowed = grant.scope.tenants
    if not allowed:
        return asked
    if asked is None:
        if len(allowed) > 1:
            raise Problem(HTTPStatus.BAD_REQUEST, f"your token is for {len(allowed)} tenants: choose one with tenant")
        asked = next(iter(allowed))
    if asked not in allowed:
        raise Problem(HTTPStatus.FORBIDDEN, "that tenant is outside the scope of your token")
    if asked not in home.tenants:
        # In these words, and not in those of the API, which names the tenants that there are.
        raise Problem(HTTPStatus.NOT_FOUND, f"nothing is known of tenant {asked} yet")
    return asked


def require_whole(grant: Grant) -> None:
    """Refuse who may ask of a part only what is about the whole home; raises a 403."""
    if grant.scope.tenants or grant.scope.contexts:
        raise Problem(HTTPStatus.FORBIDDEN, "this is about the whole home, and your token is for a part of it")


class Reach:
    """The places that a scope reaches, as a container of courses: by all that events have told by now.

    Where something hangs is looked up when it is first asked for, once a question.
    """

    def __init__(self, home: Home, scope: Scope, tenant: str | None) -> None:
        self._allowed = {str(context) for context in scope.contexts}
        self._above = cache(lambda context: home.at(tenant=tenant).places_above(context))

    @property
    def is_everywhere(self) -> bool:
        """Whether it is all of a tenant."""
        return not self._allowed

    def has(self, context: str) -> bool:
        """Say whether a place lies in the scope."""
        return not self._allowed or not self._allowed.isdisjoint(self._above(context))

    def concerns(self, context: str) -> bool:
        """Say whether a place lies in the scope, or above it: what holds there holds in the scope, too."""
        return self.has(context) or any(context in self._above(place) for place in self._allowed)

    def __contains__(self, course: object) -> bool:
        return self.has(f"Course:{course}")

    def __str__(self) -> str:
        return ", ".join(sorted(self._allowed))


def check_places(home: Home, grant: Grant, question: Question, tenant: str | None, given: Mapping[str, Any]) -> Reach:
    """Return the places that a question may be about; raises a 403 or 404 if it goes beyond them."""
    if question.is_about_the_home:
        require_whole(grant)
    reach = Reach(home, grant.scope, tenant)
    if reach.is_everywhere:
        return reach
    named = list(_contexts(given))
    entities = list(_entities(question, given))
    if not named and not entities:
        raise Problem(HTTPStatus.FORBIDDEN, f"your token is for {reach}: name a context or course in it")
    for context in named:
        if not reach.has(context):
            raise Problem(HTTPStatus.FORBIDDEN, f"{context} is not known to be in the scope of your token")
    for kind, local_id in entities:
        place = context_of(home.at(tenant=tenant).show(kind, local_id).state or {})
        if place is None or not reach.has(place):
            raise Problem(HTTPStatus.NOT_FOUND, f"nothing is known of {kind}:{local_id} in the scope of your token")
    return reach


def _contexts(given: Mapping[str, Any]) -> Iterator[str]:
    if given.get("context") is not None:
        yield str(parse_context(given["context"]))
    if given.get("course") is not None:
        yield f"Course:{given['course']}"


def _entities(question: Question, given: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    if "id" in given:
        yield given["kind"], given["id"]
    entity = given.get("entity")
    if question.name == "impact":
        if entity is None:
            return
        kind, colon, local_id = str(entity).partition(":")
        yield (kind, local_id) if colon else ("outcome", str(entity))
    elif question.name == "friendly_descriptions":
        yield "outcome", str(given["outcome"])
    elif entity:
        for text in entity:
            found, local_id = parse_entity(text)
            yield found.value, local_id


def context_of(state: Mapping[str, Any]) -> str | None:
    """Return the account or course that an entity says it is of."""
    kind, local_id = state.get("context_type"), state.get("context_id")
    return f"{kind}:{local_id}" if kind in {"Account", "Course"} and local_id is not None else None
