"""How a browser comes in and leaves, and that no page elsewhere can use that it is in."""

from pathlib import Path

import httpx
import pytest

from outcomes.cli.commands.demo import SCHOOLS
from outcomes.service.asker import Askers
from outcomes.store.access.access_file import AccessFile
from outcomes.store.access.rights import Scope, parse_rights
from tests.support.command import Outcomes
from tests.support.service import Service

TREE = f"/api/v1/tree?context=Account:1&tenant={SCHOOLS}"
OURS = {"Sec-Fetch-Site": "same-origin"}


def test_the_link_that_is_printed_lets_one_in_once(service: Service) -> None:
    """It opens a session in a cookie that no script sees; used again, or from another site, it opens nothing.

    A program that only looks at it by HEAD, as those for chat do, does not use it up.
    """
    with httpx.Client() as browser:
        looked = browser.head(service.link)
        assert (looked.status_code, "set-cookie" in looked.headers) == (303, False)
        entered = browser.get(service.link)
        cookie = entered.headers["set-cookie"]
        assert (entered.status_code, entered.headers["location"]) == (303, "/")
        assert "HttpOnly" in cookie
        assert "SameSite=lax" in cookie
        assert browser.get(f"{service.url}/").status_code == 200
        assert browser.get(f"{service.url}/api/v1/status").status_code == 200
        foreign = browser.get(f"{service.url}/api/v1/status", headers={"Sec-Fetch-Site": "cross-site"})
        assert foreign.status_code == 401
    assert httpx.get(service.link).status_code == 401


def test_the_link_holds_for_a_quarter_of_an_hour(tmp_path: Path) -> None:
    """Whoever started the service is there by then; what is printed may be read much later."""
    moment = [0.0]
    with AccessFile(tmp_path) as access:
        askers = Askers(access, is_secure=False, monotonic=lambda: moment[0])
        link = askers.one_time_link()
        moment[0] += 15 * 60
        assert askers.is_link(link)
        moment[0] += 1
        assert not askers.is_link(link)


def test_a_token_opens_a_session_that_ends_with_it(service: Service) -> None:
    """Posted in a form it sets a cookie with the token's rights; revoked, the session is over at the next question."""
    token = service.new_token("tree")
    with httpx.Client(base_url=service.url) as browser:
        refused = browser.post("/session", data={"token": "outcomes_wrong"}, headers=OURS)
        assert refused.status_code == 401
        entered = browser.post("/session", data={"token": token, "next": "/tree/Account:1"}, headers=OURS)
        assert (entered.status_code, entered.headers["location"]) == (303, "/tree/Account:1")
        assert "HttpOnly" in entered.headers["set-cookie"]
        assert browser.get(TREE).status_code == 200
        assert browser.get("/api/v1/status").status_code == 403
        Outcomes(service.home).json("token", "revoke", Outcomes(service.home).json("token", "list")[-1]["id"])
        assert browser.get(TREE).status_code == 401


def test_whoever_leaves_is_out(service: Service) -> None:
    """The session ends on the server, too: its cookie is good for nothing more."""
    with httpx.Client(base_url=service.url) as browser:
        browser.post("/session", data={"token": service.new_token("tree")}, headers=OURS)
        kept = dict(browser.cookies)
        assert browser.post("/session/end", headers=OURS).status_code == 303
        assert not browser.cookies
        assert httpx.get(service.url + TREE, cookies=kept).status_code == 401


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Sec-Fetch-Site": "cross-site"}, 403),
        ({"Sec-Fetch-Site": "same-site"}, 403),
        ({"Origin": "https://evil.example"}, 403),
        ({"Origin": "null"}, 403),
        ({"Origin": "http://["}, 403),
        ({}, 403),
        ({"Origin": "{url}"}, 303),
    ],
)
def test_only_our_own_pages_may_write(service: Service, headers: dict[str, str], status: int) -> None:
    """What changes something must come from a page of this very origin, and the browser must say so."""
    own = {name: value.format(url=service.url) for name, value in headers.items()}
    found = httpx.post(f"{service.url}/session", data={"token": service.token}, headers=own)
    assert found.status_code == status


@pytest.mark.parametrize("elsewhere", ["//evil.example", "https://evil.example", "/\\evil.example", "evil", ""])
def test_the_way_back_leads_to_ourselves(service: Service, elsewhere: str) -> None:
    """A link to log in cannot carry anybody to another site."""
    found = httpx.post(f"{service.url}/session", data={"token": service.token, "next": elsewhere}, headers=OURS)
    assert found.headers["location"] == "/"


def test_a_session_ends_after_two_idle_hours_and_after_twelve(tmp_path_factory: pytest.TempPathFactory) -> None:
    """A stream that stays open is no use of it."""
    from starlette.requests import Request  # noqa: PLC0415 - only this test makes one

    moment = [0.0]
    with AccessFile(tmp_path_factory.mktemp("access")) as access:
        askers = Askers(access, is_secure=False, monotonic=lambda: moment[0])
        _, secret = access.create(parse_rights("tree"), Scope(), "", 1, None)

        def opened() -> Request:
            cookie = f"outcomes={askers.open_with_token(secret)}".encode()
            return Request({"type": "http", "method": "GET", "headers": [(b"cookie", cookie)]})

        idle = opened()
        grant = askers.who(idle)
        moment[0] += 1.5 * 3600
        assert askers.is_still(idle, grant)
        moment[0] += 0.6 * 3600
        assert not askers.is_still(idle, grant)
        busy = opened()
        for _ in range(11):
            moment[0] += 3600
            askers.who(busy)
        moment[0] += 1.1 * 3600
        assert not askers.is_still(busy, grant)


def test_a_body_that_is_no_form_of_ours_is_refused(service: Service) -> None:
    """All bodies but those of events end at 64 KiB."""
    found = httpx.post(f"{service.url}/session", content=b"token=" + b"x" * (64 << 10), headers=OURS)
    assert found.status_code == 413
