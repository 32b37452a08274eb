"""Access: who may ask, made and ended here; and who looked at which student."""

import re

import httpx
from playwright.sync_api import expect

from outcomes.cli.commands.demo import COURSE, OUTCOME, STUDENT
from tests.service.pages.conftest import Opener
from tests.support.service import Service


def test_a_token_is_made_shown_once_and_ended(school: Service, opened: Opener) -> None:
    """Its secret lets in until it is revoked; without scripts."""
    page = opened("/access", java_script_enabled=False)
    page.get_by_label("Who or what for").fill("the visit of 2027")
    page.get_by_role("button", name="Make a token").click()
    secret = page.locator("pre").inner_text()
    assert school.get("/tree?context=Account:1", secret).status_code == 200
    page.goto("/access")
    assert secret not in page.content()
    row = page.locator("tr", has_text="the visit of 2027")
    row.get_by_text("revoke").click()
    row.get_by_role("button", name="End it at once").click()
    expect(page.locator("tr", has_text="the visit of 2027")).to_contain_text("revoked")
    assert school.get("/tree?context=Account:1", secret).status_code == 401


def test_who_looked_at_whom_is_listed_and_can_be_kept(school: Service, opened: Opener) -> None:
    """A look at a student's score by a page is a row, on the screen and in the CSV."""
    opened(f"/why/{COURSE}/{STUDENT}/{OUTCOME}")
    page = opened("/access")
    expect(page.get_by_role("region", name="Who looked at students")).to_contain_text("Why a score is so")
    found = school.get("//access/looks")
    assert found.headers["content-type"].startswith("text/csv")
    assert re.search(rf"/why/[^,]*,[^,]*,{COURSE},{STUDENT}", found.text)


def test_the_screen_of_edits_is_listed_by_what_people_call_it(opened: Opener) -> None:
    """It tells whom edits flipped; an address with a part in braces would say nothing to an administrator."""
    opened(f"/course/{COURSE}/edits")
    looks = opened("/access").get_by_role("region", name="Who looked at students")
    expect(looks).to_contain_text("Mastery that edits changed")
    expect(looks).not_to_contain_text("{course}")


def test_only_administrators_come_here(school: Service) -> None:
    """All other rights together do not open it, neither do rights in a part of the home."""
    others = school.new_token("tree,students,people,ingest,operate")
    for path in ("//access", "//access/looks"):
        assert school.get(path, others).status_code == 403
    part = school.new_token("tree,admin", scope=f"tenant:{school.json('/tree?context=Account:1')['tenant']}")
    assert school.get("//access", part).status_code == 403
    with httpx.Client(base_url=school.url, timeout=30) as nobody:
        assert nobody.get("/access").status_code == 401
