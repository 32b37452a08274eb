"""Each screen: it stands, says what it should, asks nothing of anybody else, and axe finds nothing to mend."""

from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

from outcomes.cli.commands.demo import COURSE, OUTCOME, POLICY_CHANGED, STUDENT
from tests.service.pages.conftest import Opener

LOST = "2025-10-20T17:55:40.821Z"
SCREENS = {
    "start": ("/", "What changed lately"),
    "tree": (f"/tree/Account:1?at={LOST}", "3 students lost mastery by it"),
    "changes": ("/changes/Account:1", "a CSV import"),
    "outcome": (f"/outcome/{POLICY_CHANGED}", "⟲ before this"),
    "compare": ("/compare/Account:1?at=2025-12-01&vs_at=2025-10-01", "differences"),
    "course": (f"/course/{COURSE}?vs_at=2025-11-01", "scores moved since"),
    "student": (f"/student/{STUDENT}", "by an edit, not by work"),
    "why": (f"/why/{COURSE}/{STUDENT}/{OUTCOME}", "0.75 × 3 + 0.25 × 2.625 = 2.90625"),
    "scale": ("/scale/Account:1", "would count here"),
    "feed": ("/feed", "What could not be read"),
    "quarantine": ("/feed/quarantine/1", "As it came"),
    "access": ("/access", "Who looked at students"),
    "binder": ("/binder?c=Account:1", "Fingerprint of the tree"),
    "keys": ("/keys", "the change before or after"),
}


def complaints(page: Page) -> list[str]:
    """Return what axe-core finds, each with the first place."""
    found: Any = Axe().run(page).response["violations"]
    return [f"{one['id']}: {one['nodes'][0]['html'][:200]}" for one in found]


@pytest.mark.parametrize("name", SCREENS)
def test_a_screen_is_well_in_light_and_dark(opened: Opener, name: str) -> None:
    """It says what it is for; axe-core finds nothing in either scheme; no error; nothing scrolls sideways."""
    path, words = SCREENS[name]
    page = opened(path, color_scheme="light")
    assert words in page.locator("body").inner_text()
    assert complaints(page) == []
    page.emulate_media(color_scheme="dark")
    assert complaints(page) == []
    # 400 % of a screen of 1280 pixels is what a narrow one is.
    for width in (375, 320):
        page.set_viewport_size({"width": width, "height": 700})
        assert page.evaluate("() => document.documentElement.scrollWidth") <= width
