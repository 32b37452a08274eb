"""Every route is found by its own address, and with one slash more."""

import re
from pathlib import Path

import pytest
from fastapi.routing import iter_route_contexts
from starlette.requests import Request

from outcomes.service.application import create_app
from outcomes.service.configuration import Configuration
from outcomes.service.problems import Problem
from outcomes.service.routing import Routes

_OPEN = re.compile(r"\{\w+\}")


def _found(routes: Routes, method: str, path: str) -> str | None:
    scope = {"type": "http", "method": method, "path": path, "headers": [], "query_string": b""}
    try:
        return routes.find(Request(scope)).template
    except Problem:
        return None


def test_every_route_answers_with_and_without_a_last_slash(tmp_path: Path) -> None:
    """Also that of a school's first page, which is written with one."""
    registered = list(iter_route_contexts(create_app(Configuration(folder=tmp_path)).routes))
    routes = Routes(registered)
    asked = [(method, route.path or "") for route in registered for method in route.methods or ()]
    assert ("GET", "/{tenant}/") in asked
    for method, template in asked:
        path = _OPEN.sub("x7", template).rstrip("/")
        found = {_found(routes, method, path or "/"), _found(routes, method, f"{path}/")}
        # What stands for a tenant may be a word of another route, which is found first then.
        assert len(found) == 1, (template, found)
        assert None not in found, template


@pytest.mark.parametrize("path", ["/x7//", "/api/v1/digest//"])
def test_two_slashes_are_no_address(tmp_path: Path, path: str) -> None:
    """They are not passed over."""
    routes = Routes(iter_route_contexts(create_app(Configuration(folder=tmp_path)).routes))
    assert _found(routes, "GET", path) is None
