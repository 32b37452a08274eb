"""Two times compared, and one time as it was known at two."""

from playwright.sync_api import expect

from tests.service.pages.conftest import Opener

TWO = "/compare/Account:1?at=2025-12-31T00:00:00Z&vs_at=2025-10-01T00:00:00Z"


def test_what_differs_is_told_in_words(opened: Opener) -> None:
    """How much first; then fields before and after, places, scales by the name of their place; then whom it touches."""
    page = opened(TWO, java_script_enabled=False)
    expect(page.locator(".lead")).to_contain_text("24 differences, with 43 outcomes at B")
    expect(page.locator(".changed")).to_contain_text("Justifies the path of a storm front")
    expect(page.locator(".policies")).to_contain_text("the mastery scale of Alderfen Community Schools")
    expect(page.locator(".moved")).to_contain_text("from Ratio to Clouds")
    page.get_by_role("link", name="Whose scores differ?").click()
    expect(page.get_by_role("region", name="Whose scores differ")).to_contain_text("mastery lost")


def test_what_was_told_late_is_seen_by_comparing_what_was_known(opened: Opener) -> None:
    """Of today, by what was known after event 1,300 and now: what came between is the difference."""
    page = opened("/compare/Account:1?vs_known=1300")
    expect(page.locator(".lead")).to_contain_text(
        "A is as we knew it after event 1,300; B is by everything we know today"
    )
    expect(page.locator(".lead")).to_contain_text("6 differences by what was told to us in between")
    page.get_by_role("link", name="Compare two times instead").click()
    expect(page.locator("#vs_on")).to_be_visible()
