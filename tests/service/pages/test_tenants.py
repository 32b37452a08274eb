"""The page of one root account tells nothing of another, whatever address is asked."""

import itertools
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from fastapi.routing import iter_route_contexts

import outcomes
from outcomes.cli.commands.demo import COLLEGE, COURSE, OUTCOME, POLICY_CHANGED, SCHOOLS, STUDENT
from outcomes.service.application import create_app
from outcomes.service.configuration import Configuration
from tests.support.service import EVERYTHING, Service

OF_SCHOOLS = {
    "context": "Account:1",
    "course": COURSE,
    "student": STUDENT,
    "outcome": OUTCOME,
    "number": "1",
    "id": POLICY_CHANGED,
    "name": "style.css",
    "edition": "0",
    "ticket": "0",
}
ROUTES = sorted(
    (method, route.path)
    for route in iter_route_contexts(create_app(Configuration(folder=Path())).routes)
    for method in route.methods or ()
    if route.path and not route.path.startswith(("/api/", "/events/", "/enter/", "/session", "/metrics"))
)


@pytest.fixture(scope="module")
def secrets(service: Service) -> frozenset[str]:
    """Names of the schools' students and titles of their outcomes, which the college has not."""
    with outcomes.open(service.home) as home:
        schools, college = (home.at(tenant=tenant) for tenant in (SCHOOLS, COLLEGE))
        titles = {str((schools.show("outcome", number).state or {})["title"]) for number in (OUTCOME, POLICY_CHANGED)}
        names = {student.name for student in schools.students()} - {student.name for student in college.students()}
    return frozenset({*titles, *filter(None, names), "Alderfen"})


@pytest.fixture(scope="module")
def college(service: Service) -> Iterator[httpx.Client]:
    """A browser that was let in with a token of the college."""
    ours = {"Sec-Fetch-Site": "same-origin", "Accept": "text/html"}
    with httpx.Client(base_url=service.url, headers=ours, timeout=30) as client:
        entered = client.post("/session", data={"token": service.new_token(EVERYTHING, scope=f"tenant:{COLLEGE}")})
        assert entered.status_code == 303
        yield client


@pytest.mark.parametrize(("method", "template"), ROUTES, ids=str)
def test_no_page_tells_of_another_root_account(
    college: httpx.Client, secrets: frozenset[str], method: str, template: str
) -> None:
    """With the schools named, the college, and none; nor does a form that is sent."""
    assert len(secrets) > 20
    for tenant, more in itertools.product(
        (SCHOOLS, COLLEGE) if "{tenant}" in template else ("",), ("", "?at=2026-06-01")
    ):
        path = template.format(**OF_SCHOOLS, tenant=tenant) + more
        found = college.request(method, path, data={"q": "a", "id": "0"} if method == "POST" else None)
        assert found.status_code < 500, found.text
        told = {secret for secret in secrets if secret in found.text}
        assert not told, (path, told)
