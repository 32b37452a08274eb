"""Where one is, and how one gets elsewhere: the picker of places, and the tabs that say whose screen they open."""

import re

from playwright.sync_api import expect

from outcomes.cli.commands.demo import COURSE, SCHOOLS
from tests.service.pages.conftest import Opener
from tests.support.pages import page
from tests.support.service import Service


def test_a_place_is_chosen_by_keyboard(opened: Opener) -> None:
    """`p` opens the picker; what is chosen opens on the same screen, at the same time; Esc closes it."""
    tab = opened("/changes/Account:1?at=2025-12-01T00:00:00.000Z")
    expect(tab.locator(".place summary")).to_have_text("Place: top account")
    tab.keyboard.press("p")
    expect(tab.locator("#place-q")).to_be_focused()
    tab.keyboard.press("Escape")
    expect(tab.locator("#place-q")).to_be_hidden()
    tab.keyboard.press("p")
    tab.locator(".place").get_by_role("link", name="Upper School").press("Enter")
    tab.wait_for_url("**/changes/Account:127?at=2025-12-01T00:00:00.000Z")
    expect(tab.locator(".place summary")).to_have_text("Place: Upper School")
    expect(tab.locator("nav").get_by_role("link", name="Tree")).to_have_attribute("title", "Tree: Upper School")


def test_a_place_is_found_without_scripts(opened: Opener) -> None:
    """The same by a form and links; mastery asks for a course, where the place is none."""
    tab = opened("/scale/Account:1?at=2025-12-01T00:00:00.000Z&vs_at=2025-10-01", java_script_enabled=False)
    tab.locator(".place summary").click()
    tab.locator("#place-q").fill("weather")
    tab.locator(".place").get_by_role("button", name="Find").click()
    tab.locator("main").get_by_role("link", name="Water & Weather 7 (D)").click()
    assert "/scale/Course:4452?at=2025-12-01T00:00:00.000Z&vs_at=2025-10-01" in tab.url
    tab.goto("/tree/Account:1")
    tab.locator("nav").get_by_role("link", name="Mastery").click()
    expect(tab.get_by_role("heading", level=1)).to_have_text("Mastery in which course?")
    tab.locator("main").get_by_role("link", name="Water & Weather 7 · Autumn").click()
    assert tab.url.endswith(f"/course/{COURSE}")


def test_places_hang_below_those_above_them(school: Service) -> None:
    """Accounts, and what hangs below them, each under its own; where one is, is said."""
    found = page(school, "/places?c=Account:127").text
    rows = re.findall(r'<li class="depth-(\d)"><a [^>]*>([^<]*)</a> <span class="quiet">([^<]*)<', found)
    assert rows[-7:] == [
        ("0", "Alderfen Community Schools", "account 1"),
        ("1", "Lower School (South)", "account 126"),
        ("2", "Water &amp; Weather 7 (D)", "course 4452"),
        ("2", "Water &amp; Weather 7 · Autumn", "course 4450"),
        ("1", "Upper School", "account 127, where you are"),
        ("2", "Number &amp; Pattern 8 · Autumn", "course 4451"),
        ("2", "Number &amp; Pattern 8 · Spring", "course 4453"),
    ]


def test_nobody_is_offered_what_they_may_not_see(school: Service) -> None:
    """A token of one course knows of that course alone; a name that nothing has says so, and leads back."""
    scope = f"tenant:{SCHOOLS},Course:{COURSE}"
    found = page(school, "/places", "tree,students", scope).text
    assert "Water &amp; Weather 7 · Autumn" in found
    assert "4453" not in found
    assert "Upper School" not in found
    nothing = page(school, "/places?q=zzz&to=mastery").text
    assert "No place has “zzz” in its name or number" in nothing
    assert "Show all of them" in nothing
