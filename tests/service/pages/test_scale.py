"""Scale and method: what counts as mastery in a place, where it comes from, and what its changes did."""

import pytest
from playwright.sync_api import expect

from tests.service.pages.conftest import Opener
from tests.support.service import Service


def test_the_scale_of_a_place_and_where_it_comes_from(opened: Opener) -> None:
    """On 11 February the course's own scale was removed for two days: then that of the account above it counted."""
    page = opened("/scale/Course:4452?at=2026-02-11T00:00:00Z")
    expect(page.locator("main")).to_contain_text("From Lower School (South)")
    levels = page.locator(".levels-of tbody tr")
    assert [row.locator("th").inner_text() for row in levels.all()] == [
        "Goes beyond", "Secure", "Nearly there", "Starting out", "No evidence yet",
    ]  # fmt: skip
    expect(levels.filter(has_text="✓ mastered")).to_have_count(1)
    expect(levels.nth(1)).to_contain_text("3")
    page.locator("#later").click()
    expect(page.locator("main")).to_contain_text("Water & Weather 7 (D)'s own, as it is since 12 February 2026")


def test_a_change_is_told_level_by_level(opened: Opener) -> None:
    """Who changed what, in words; a level that went is one line; and that no event tells whether any of it counts."""
    page = opened("/scale/Account:1", java_script_enabled=False)
    change = page.locator(".changes > li", has_text="mastery scale").first
    expect(change).to_contain_text("anouk34 changed the mastery scale of Alderfen Community Schools")
    expect(change.locator(".fields > div", has_text="level 5")).to_have_text(
        "level 5No evidence yet, from 0 →  became nothing"
    )
    expect(page.locator(".notice-in")).to_contain_text("No event tells whether mastery scales of accounts are on")
    page.locator("#earlier").click()
    expect(page.locator(".sentence")).to_contain_text("20 December 2025")


@pytest.mark.parametrize(
    ("colour", "contrast"), [("FFFFFF", 1.0), ("000000", 21.0), ("767676", 4.5)], ids=["white", "black", "grey"]
)
def test_contrast_is_that_of_the_guidelines(colour: str, contrast: float) -> None:
    """Black on white is 21 : 1, and #767676 the lightest grey that may be read on white (WCAG 2.2)."""
    from outcomes.service.pages.scale import level  # noqa: PLC0415 - the web is loaded by tests of it only

    told = level({"description": "Mastery", "points": 3.0, "mastery": True, "color": colour})
    assert float(told.contrast) == pytest.approx(contrast, abs=0.05)


def test_what_is_no_colour_is_none(school: Service) -> None:
    """A colour is drawn only if it is six hexadecimal digits: nothing else gets into the picture."""
    from outcomes.service.pages.scale import level  # noqa: PLC0415 - the same

    assert level({"description": "x", "points": 1, "color": 'red"/><script>'}).colour is None
    rows = school.json("/scales?context=Course:4452")["items"]
    assert [row["context"] for row in rows if row["is_nearest"]] == ["Course:4452", "Course:4452"]
    assert school.get("/scales?context=Course:4452", school.new_token("ingest")).status_code == 403
