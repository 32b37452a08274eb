"""While an answer takes long, cannot be had, or is of an older state: the page says so and stays whole."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, Route, expect

import outcomes
from outcomes.cli.commands.demo import SCHOOL_YEAR
from tests.service.pages.test_newcomer import LATE
from tests.service.pages.test_states import page as asked
from tests.support.browser import Tab
from tests.support.service import Service, running

LOST = "/tree/Account:1?at=2025-10-20T17:55:40.821Z"
STEPS = "**/tree/*shown=*"


def is_as_before(page: Page) -> None:
    """Check that slider, sentence and tree are where they were before the step."""
    expect(page.locator(".sentence")).to_contain_text("as it was on Monday, 20 October 2025, 17:55 UTC")
    expect(page.locator("#slider")).to_have_value(str(page.locator("#line").get_attribute("data-here")))
    expect(page.locator("#tree .is-changed")).to_have_count(1)
    assert page.url.endswith(LOST)


@pytest.fixture
def tab(school: Service, cookie: str, browser: Browser) -> Iterator[Tab]:
    """A tab in which answers are made to fail: the browser itself complains of that in its console."""
    found = Tab(browser, school.url, cookie)
    yield found
    found.page.unroute_all(behavior="ignoreErrors")
    assert all("Failed to load resource" in error or "Failed to fetch" in error for error in found.errors), found.errors
    found.errors.clear()
    found.close()


def test_what_takes_long_says_so_and_can_be_stopped(tab: Tab) -> None:
    """Nothing for 300 ms, then a bar, after two seconds words and a way to stop; the old tree stays, and its time."""
    page = tab.open(LOST)
    page.clock.install()
    # From here on it goes only as it is told to, however long that takes.
    page.clock.pause_at(page.evaluate("Date.now()") / 1000 + 60)
    page.route(STEPS, lambda _route: None)
    page.keyboard.press("[")
    page.clock.run_for(200)
    expect(page.locator("#busy")).not_to_have_class("is-on")
    page.clock.run_for(400)
    expect(page.locator("#busy")).to_have_class("is-on")
    expect(page.locator("#main")).to_have_attribute("aria-busy", "true")
    page.clock.run_for(2000)
    expect(page.locator("#busy")).to_contain_text("Still asking")
    page.locator("#busy").get_by_role("button", name="Stop").click()
    expect(page.locator("#busy")).to_be_empty()
    is_as_before(page)


def test_what_fails_is_told_and_leaves_all_as_it_was(tab: Tab) -> None:
    """A refusal in words over the page; the step is taken back, and the next one works."""
    page = tab.open(LOST)

    def fail(route: Route) -> None:
        route.fulfill(status=503, content_type="text/html", body=FAILURE)

    page.route(STEPS, fail)
    page.keyboard.press("[")
    expect(page.locator("#toast")).to_contain_text("This takes too long")
    is_as_before(page)
    page.unroute(STEPS)
    page.keyboard.press("[")
    expect(page.locator(".sentence")).not_to_contain_text("20 October")


def test_no_answer_at_all_is_told_too(tab: Tab) -> None:
    """Where the service is stopped or cannot be reached the page says so; once it answers again, that is gone."""
    page = tab.open(LOST)
    page.route(STEPS, lambda route: route.abort())
    page.keyboard.press("[")
    expect(page.locator("#toast")).to_contain_text("The service does not answer")
    is_as_before(page)
    page.unroute(STEPS)
    page.keyboard.press("[")
    expect(page.locator(".sentence")).not_to_contain_text("20 October")
    expect(page.locator("#toast")).to_be_empty()


def test_a_visit_that_ends_in_mid_page_says_how_to_go_on(tab: Tab) -> None:
    """Not in words of programs; the link leads to the step that was wanted, once one has come in again."""
    page = tab.open(LOST)
    tab.context.clear_cookies()
    page.keyboard.press("[")
    expect(page.locator("#toast")).to_contain_text("Your visit here has ended")
    expect(page.locator("#toast")).not_to_contain_text("Authorization")
    is_as_before(page)
    page.locator("#toast").get_by_role("link", name="Come in again").click()
    expect(page.get_by_label("Your token")).to_be_visible()
    assert "/tree/Account:1?at=2025-10-" in page.url
    assert "shown" not in page.url


FAILURE = (
    '<hx-partial hx-target="#toast" hx-swap="innerHTML"><p class="failed"><b>This takes too long.</b></p></hx-partial>'
)


@pytest.mark.long
def test_answers_that_are_behind_say_by_how_much(tmp_path: Path) -> None:
    """While the views cannot follow the log, what is shown is of before, and says so; then it follows."""
    folder = tmp_path / "home"
    with outcomes.open(folder, create=True) as home:
        home.ingest(SCHOOL_YEAR)
    with running(folder) as service:
        asked(service, "/tree/Account:1")
        with closing(sqlite3.connect(folder / "views.db", isolation_level=None)) as holder:
            holder.execute("BEGIN IMMEDIATE")
            assert service.post("/events", LATE).status_code == 200
            behind = asked(service, "/tree/Account:1").text
            assert "Answers are 1 event behind" in behind
            assert "Told late" not in behind
            holder.execute("ROLLBACK")
        assert service.json("/tree?context=Account:1&min_position=1479")
        now = asked(service, "/tree/Account:1").text
        assert "Told late" in now
        assert "Answers are" not in now
