"""Whether what is asked lies in the scope of who asks. A place of which nothing is known is in no scope."""

from collections.abc import Iterator, Mapping
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
            raise Problem(HTTPStatus.BAD_REQUEST, f"your token is of {len(allowed)} tenants: choose one with tenant")
        asked = next(iter(allowed))
    if asked not in allowed:
        raise Problem(HTTPStatus.FORBIDDEN, "that tenant is outside the scope of your token")
    if asked not in home.tenants:
        # In these words, and not in those of the API, which names the tenants that there are.
        raise Problem(HTTPStatus.NOT_FOUND, f"nothing is known of tenant {asked} yet")
    return asked


def check_places(home: Home, scope: Scope, question: Question, tenant: str | None, given: Mapping[str, Any]) -> None:
    """Refuse a question that goes beyond the scope; raises a 403 or 404."""
    if (scope.tenants or scope.contexts) and question.is_about_the_home:
        raise Problem(HTTPStatus.FORBIDDEN, "this is about the whole home, and your token is of a part of it")
    if not scope.contexts:
        return
    here = home.at(tenant=tenant)
    allowed = {str(context) for context in scope.contexts}
    named = list(_contexts(given))
    entities = list(_entities(question, given))
    if not named and not entities:
        raise Problem(
            HTTPStatus.FORBIDDEN, f"your token is of {', '.join(sorted(allowed))}: name a context or course in it"
        )
    for context in named:
        if not allowed.intersection(here.places_above(context)):
            raise Problem(HTTPStatus.FORBIDDEN, f"{context} is not known to be in the scope of your token")
    for kind, local_id in entities:
        state = here.show(kind, local_id).state or {}
        place = _context_of(state)
        if place is None or not allowed.intersection(here.places_above(place)):
            raise Problem(HTTPStatus.NOT_FOUND, f"nothing is known of {kind}:{local_id} in the scope of your token")


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


def _context_of(state: Mapping[str, Any]) -> str | None:
    kind, local_id = state.get("context_type"), state.get("context_id")
    return f"{kind}:{local_id}" if kind in {"Account", "Course"} and local_id is not None else None
