"""Each screen: it stands, says what it should, asks nothing of anybody else, and axe finds nothing to mend."""

import re
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect

from outcomes.cli.commands.demo import COURSE, OUTCOME, POLICY_CHANGED, STUDENT
from tests.service.pages.conftest import Opener
from tests.support.browser import Tab
from tests.support.service import Service

LOST = "2025-10-20T17:55:40.821Z"
SCREENS = {
    "start": ("/", "What changed lately"),
    "tree": (f"/tree/Account:1?at={LOST}", "3 students lost mastery by it"),
    "changes": ("/changes/Account:1", "a CSV import"),
    "outcome": (f"/outcome/{POLICY_CHANGED}", "⟲ before this"),
    "compare": ("/compare/Account:1?at=2025-12-01&vs_at=2025-10-01", "differences"),
    "course": (f"/course/{COURSE}?vs_at=2025-11-01", "scores moved since"),
    "edits": (f"/course/{COURSE}/edits", "with no new work"),
    "student": (f"/student/{STUDENT}", "by an edit, not by work"),
    "why": (f"/why/{COURSE}/{STUDENT}/{OUTCOME}", "0.75 × 3 + 0.25 × 2.625 = 2.90625"),
    "scale": ("/scale/Account:1", "would count here"),
    "feed": ("/feed", "What could not be read"),
    "quarantine": ("/feed/quarantine/1", "As it came"),
    "access": ("/access", "Who looked at students"),
    "binder": ("/binder?c=Account:1", "Fingerprint of all of this"),
    "keys": ("/keys", "the change before or after"),
    "places": ("/places?c=Account:127", "where you are"),
}


STATES = {
    "empty": "/tree/Account:1?at=2020-01-01",
    "unknown place": "/tree/Account:999",
    "before the log began": "/tree/Account:1?known_on=2020-01-01",
    "late since ever": "/feed?late=all",
    "mastery in which course": "/places?to=mastery",
    "no such place": "/places?q=zzz",
    "nothing found": "/tree/Account:1?q=zzz",
    "beyond the last event": "/tree/Account:1?at=2031-01-01&known=1200",
    "removed": "/tree/Account:1?at=2025-09-28T21:59:40.614Z",
    "filtered away": "/changes/Account:1?field=ratings&until=2020-01-01",
    "results": f"/course/{COURSE}?cols={OUTCOME}",
    "no result yet": f"/why/{COURSE}/{STUDENT}/{OUTCOME}?at=2020-01-01",
    "not there yet": "/outcome/10449?at=2020-01-01",
    "words for students": "/outcome/10467?at=2025-09-10",
    "citation": "/tree/Account:1?at=2025-10-20&cite=1",
    "another log": "/tree/Account:1?at=2025-10-20&known=100&fp=000000000000&log=12ab12ab",
    "refused": "/tree/Nowhere",
    "lost": "/nowhere",
}


def complaints(page: Page) -> list[str]:
    """Return what axe-core finds, each with the first place."""
    found: Any = Axe().run(page).response["violations"]
    return [f"{one['id']}: {one['nodes'][0]['html'][:200]}" for one in found]


@pytest.mark.long
@pytest.mark.parametrize("name", SCREENS)
def test_a_screen_is_well_in_light_and_dark(opened: Opener, name: str) -> None:
    """It says what it is for; axe-core finds nothing in either scheme; no error; nothing scrolls sideways."""
    path, words = SCREENS[name]
    page = opened(path, color_scheme="light")
    assert words in page.locator("body").inner_text()
    assert complaints(page) == []
    page.emulate_media(color_scheme="dark")
    assert complaints(page) == []
    fits(page)


@pytest.mark.long
def test_without_scripts_every_screen_has_both_clocks(opened: Opener) -> None:
    """By forms to a day and to what was known on one, by links back; each screen still says what it should."""
    page = opened("/keys", java_script_enabled=False)
    for name, (path, words) in SCREENS.items():
        page.goto(path)
        assert words in page.locator("body").inner_text(), name
        for clock, field, day in ((0, "#on", "2026-01-31"), (1, "#known_on", "2027-01-01")):
            if not page.locator(".clock").count():
                continue
            page.locator(".clock > summary").nth(clock).click()
            page.locator(field).fill(day)
            page.locator(".clock").nth(clock).get_by_role("button", name="Show").first.click()
            assert page.locator(".clock > summary").count() == 2, name
        if page.locator(".clock").count():
            said = page.locator(".sentence").inner_text()
            assert "at the end of Saturday, 31 January 2026" in said, name
            assert "as we knew it at the end of Friday, 1 January 2027" in said, name
            page.get_by_role("link", name="Back to today").last.click()
            assert "by everything we know today" in page.locator(".sentence").inner_text(), name


@pytest.mark.long
def test_states_are_well_in_light_and_dark(school: Service, cookie: str, browser: Browser) -> None:
    """What is empty, refused, cited, struck or opened is as readable as all the rest; a stranger's page, too."""
    tab, stranger = Tab(browser, school.url, cookie), Tab(browser, school.url)
    for name, path in STATES.items():
        seen_well(tab.open(path), name)
    seen_well(stranger.open("/tree/Account:1"), "stranger")
    tab.open("/tree/Account:1?at=2025-10-20T17:55:40.821Z")
    for clock in tab.page.locator(".clock > summary").all():
        clock.click()
        seen_well(tab.page, "clock")
    tab.page.keyboard.press("?")
    tab.page.locator("dialog").wait_for()
    seen_well(tab.page, "keys")
    assert tab.elsewhere + stranger.elsewhere == []
    for one in (tab, stranger):
        # That a page was refused the browser itself says in its console.
        assert all("Failed to load resource" in error for error in one.errors)
        one.context.close()


def seen_well(page: Page, name: str) -> None:
    """Check a page in light and dark, and on a narrow screen."""
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
        assert complaints(page) == [], f"{name}, {scheme}"
    fits(page)
    page.set_viewport_size({"width": 1280, "height": 800})


def test_a_student_leads_to_the_class_at_the_same_time(opened: Opener) -> None:
    """Each score by the name of its course: whoever came from elsewhere finds the others there."""
    page = opened(f"/student/{STUDENT}?at=2025-12-01", java_script_enabled=False)
    page.locator(".story").first.get_by_role("link", name="Water & Weather 7 · Autumn").click()
    page.wait_for_url(f"**/course/{COURSE}?at=2025-12-01*")
    expect(page.locator("#grid")).to_be_visible()


def test_a_score_says_all_of_itself_to_the_pointer_too(opened: Opener) -> None:
    """What those hear who cannot see it: whose it is, of what, and which level; it is sent once."""
    page = opened(f"/course/{COURSE}")
    score = page.locator("#grid tbody a", has_text="3.50").first
    assert score.get_attribute("title") is None
    score.hover()
    expect(score).to_have_attribute("title", re.compile("Chidi O'Rourke, .*: 3.50, “Secure”, mastered"))


@pytest.mark.parametrize(
    ("path", "region", "last"),
    [
        (f"/why/{COURSE}/{STUDENT}/{OUTCOME}", "The results, in order", "6.25 %"),
        (f"/outcome/{POLICY_CHANGED}", "Who made it so", "anouk34"),
        ("/access", "Tokens", "revoke"),
        ("/access", "Who looked at students", "page"),
        (f"/course/{COURSE}/edits", "Mastery that edits changed", "20 Oct 2025"),
        ("/compare/Account:1?at=2025-12-01&vs_at=2025-10-01&students=1", "Whose scores differ", "mastery lost"),
        ("/feed", "Pieces that could not be read", "the JSON value is cut off"),
        ("/binder?c=Account:1", "Number & Pattern 8 · Spring", "Starting out"),
    ],
)
def test_what_one_came_for_is_seen_whole_on_a_phone(
    school: Service, opened: Opener, path: str, region: str, last: str
) -> None:
    """Parts of a score stand beside the work, tokens and edits as a block of lines each: nothing scrolls sideways."""
    school.new_token("tree,students,people,operate,admin")
    opened(f"/student/{STUDENT}")
    page = opened(path)
    for width in (390, 320):
        page.set_viewport_size({"width": width, "height": 800})
        found = page.get_by_role("region", name=region)
        expect(found.get_by_text(last).last).to_be_visible()
        assert found.evaluate("(region) => region.scrollWidth <= region.clientWidth"), width


def test_a_row_on_a_phone_says_which_column_each_line_is_of(opened: Opener, school: Service) -> None:
    """No head of a table is in sight there; those who hear it still find a table, and axe nothing to mend."""
    school.new_token("tree,people")
    page = opened("/access", viewport={"width": 390, "height": 800})
    row = page.get_by_role("row").filter(has_text="tree, people").first
    lines = row.get_by_role("cell").all()
    expect(row.get_by_role("rowheader")).to_be_visible()
    named = [line.evaluate("(cell) => getComputedStyle(cell, '::before').content") for line in lines]
    assert named == ['"Rights"', '"Where"', '"Made"', '"Last used"', '"Ends"', "none"]
    assert all((line.bounding_box() or {})["x"] < 20 for line in lines)
    assert complaints(page) == []


def fits(page: Page) -> None:
    """Check that nothing scrolls sideways on a phone, or at 400 per cent."""
    # 400 % of a screen of 1280 pixels is what a narrow one is.
    for width in (375, 320):
        page.set_viewport_size({"width": width, "height": 700})
        assert page.evaluate("() => document.documentElement.scrollWidth") <= width
