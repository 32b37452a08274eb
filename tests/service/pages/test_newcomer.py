"""The path of somebody who comes for the first time, from the link that is printed to a citation that proves itself."""

import re
from datetime import UTC, datetime
from pathlib import Path

import orjson
from playwright.sync_api import Browser, expect

import outcomes
from outcomes.cli.commands.demo import SCHOOL_YEAR, SCHOOLS
from outcomes.domain.times import moment_text
from tests.support.browser import Tab
from tests.support.service import running

LATE = orjson.dumps(
    {
        "metadata": {
            "event_name": "learning_outcome_group_created",
            "event_time": "2025-11-03T09:00:00.000Z",
            "root_account_uuid": SCHOOLS,
        },
        "body": {
            "learning_outcome_group_id": "99001",
            "title": "Told late",
            "context_type": "Account",
            "context_id": "1",
            "parent_outcome_group_id": "3383",
            "workflow_state": "active",
        },
    }
)
ELSEWHERE = "(before) => location.href !== before && document.readyState === 'complete'"
FLIPPED = "3 students lost mastery by it, nobody gained it."


def test_from_the_link_to_a_citation(tmp_path: Path, browser: Browser) -> None:
    """Come in, find an outcome, slide to last year, see who changed it and whom it flipped, a student, why; cite it.

    Then an event comes in late: the open page says so and does not move; the citation is still exactly what it was.
    """
    with outcomes.open(tmp_path / "home", create=True) as home:
        home.ingest(SCHOOL_YEAR)
    with running(tmp_path / "home") as service:
        tab = Tab(browser, service.url)
        page = tab.open(service.link.removeprefix(service.url))
        expect(page.get_by_role("heading", level=1)).to_have_text("Alderfen Community Schools")
        page.keyboard.press("/")
        page.keyboard.type("path of a storm")
        page.keyboard.press("Enter")
        page.get_by_role("link", name="Models the path of a storm front").first.click()
        expect(page.get_by_text("Who made it so")).to_be_visible()
        # Its own line: from today back to the edit of October.
        for _ in range(5):
            before_it = page.url
            page.keyboard.press("[")
            page.wait_for_function(ELSEWHERE, arg=before_it)
        page.wait_for_url(re.compile("at=2025-10-20"))
        expect(page.get_by_text(FLIPPED)).to_be_visible()
        page.get_by_role("link", name="in the tree at that time").nth(4).click()
        expect(page.locator("#moment")).to_contain_text(FLIPPED)
        page.locator("#moment").get_by_text("Who?").click()
        page.locator("#moment .flips li a").first.click()
        expect(page.get_by_role("heading", level=1)).to_contain_text("Why")
        expect(page.get_by_text("an edit, not")).to_be_visible()
        page.locator(".crumbs a").nth(1).click()
        expect(page.locator(".story").first).to_be_visible()
        page.locator(".story .score a").first.click()
        expect(page.get_by_role("heading", level=1)).to_contain_text("Why")
        page.wait_for_load_state()
        page.keyboard.press("y")
        cited = page.locator("#citation-link").get_attribute("href")
        expect(page.locator("#citation-text")).to_contain_text("fingerprint")
        page.goto(str(cited))
        expect(page.locator(".citation")).to_contain_text("✓ exactly as cited on")
        before = moment_text(datetime.now(UTC))
        assert service.post("/events", LATE).status_code == 200
        expect(page.locator("#toast")).to_contain_text("1 new event has come in")
        page.goto(str(cited))
        expect(page.locator(".citation")).to_contain_text("What has come in since changes nothing of it.")
        page.goto(str(cited).replace("at=2025-10-20", "at=2025-09-20"))
        expect(page.locator(".citation")).to_contain_text("This differs from the citation")
        page.goto(f"/tree/Account:1?at={before}")
        expect(page.locator("#sentence")).to_contain_text("1 change of before this time was told to us later.")
        expect(page.locator("#tree")).to_contain_text("Told late")
        page.get_by_role("link", name="As we knew it then").click()
        expect(page.locator(".sentence")).to_contain_text("as we knew it on")
        expect(page.locator("#tree")).not_to_contain_text("Told late")
        tab.close()
