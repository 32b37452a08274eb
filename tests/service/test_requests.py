"""What holds for requests of all routes: HEAD answers as GET without its body, and a last slash changes nothing."""

import json

import httpx
import pytest

from outcomes.cli.commands.demo import SCHOOLS
from tests.support.command import ROOT
from tests.support.service import Service

_DOCUMENT = json.loads((ROOT / "docs" / "openapi.json").read_text())
_STREAMS = {"/api/v1/head/events"}
_CHANGES = {"date", "x-request-id", "content-length", "etag"}
"""Headers that differ from one answer to the next where something has happened in between."""
_ROUTES = [
    *(path for path, of in _DOCUMENT["paths"].items() if "get" in of and "{" not in path and path not in _STREAMS),
    f"/api/v1/tree?tenant={SCHOOLS}&context=Account:1",
    f"/api/v1/digest.csv?tenant={SCHOOLS}",
    f"/?tenant={SCHOOLS}",
    "/favicon.ico",
    "/api/v1/nowhere",
]


def asked(service: Service, method: str, path: str) -> httpx.Response:
    """Ask a path as it stands."""
    return service.client.request(method, path, headers={"Authorization": f"Bearer {service.token}"})


@pytest.mark.parametrize("path", _ROUTES)
def test_head_answers_what_get_does_without_its_body(service: Service, path: str) -> None:
    """With the same status and headers, problems as well; the connection is good for the next request."""
    got, headed = asked(service, "GET", path), asked(service, "HEAD", path)
    assert (headed.status_code, headed.content) == (got.status_code, b"")
    assert headed.headers.keys() == got.headers.keys()
    differing = {name for name, value in got.headers.items() if headed.headers[name] != value}
    assert differing <= _CHANGES
    if "etag" in got.headers:
        assert headed.headers["content-length"] == got.headers["content-length"] == str(len(got.content))


def test_head_of_a_stream_ends_at_once(service: Service) -> None:
    """More often than there may be streams at once."""
    for _ in range(60):
        headed = asked(service, "HEAD", "/api/v1/head/events")
        assert headed.status_code == 200
        assert headed.headers["content-type"].startswith("text/event-stream")


def test_head_is_allowed_where_get_is_and_nowhere_else(service: Service) -> None:
    """A 405 says so."""
    refused = asked(service, "PUT", "/api/v1/digest")
    assert (refused.status_code, refused.headers["allow"]) == (405, "GET, HEAD")
    assert asked(service, "HEAD", "/api/v1/events").status_code == 405


@pytest.mark.parametrize("path", ["/api/v1/digest", "/api/v1/digest.csv", "/api/v1/status", "/health/live"])
def test_one_slash_more_is_the_same_address(service: Service, path: str) -> None:
    """Answered alike, by GET and HEAD; two are none."""
    query = f"?tenant={SCHOOLS}" if "digest" in path else ""
    plain, slashed = asked(service, "GET", f"{path}{query}"), asked(service, "GET", f"{path}/{query}")
    assert plain.status_code == slashed.status_code == 200
    assert slashed.headers.get("etag") == plain.headers.get("etag")
    assert asked(service, "HEAD", f"{path}/{query}").status_code == 200
    assert asked(service, "GET", f"{path}//").status_code == 404


def test_what_is_posted_to_an_address_with_a_slash_is_not_lost(service: Service) -> None:
    """Canvas follows no redirect, so there is none; an empty body is refused by the route itself."""
    posted = asked(service, "POST", "/api/v1/events/")
    assert (posted.status_code, "the body is empty" in posted.text) == (400, True)
    key = service.new_token("tree")
    assert httpx.post(f"{service.url}/events/in/{key}/", content=b"{}").status_code == 403
