"""All of it can be done by keyboard, and for eyes of many kinds."""

import re

from playwright.sync_api import Page, expect

from outcomes.cli.commands.demo import COURSE, POLICY_CHANGED
from tests.service.pages.conftest import Opener


def focused(page: Page) -> str:
    """Return what has the focus: its text."""
    return str(page.evaluate("() => document.activeElement.textContent.trim()"))


def test_arrows_walk_the_tree(opened: Opener) -> None:
    """Down and up from line to line, left closes and goes up, right opens and goes down."""
    page = opened("/tree/Account:1")
    page.locator("#tree summary").first.focus()
    page.keyboard.press("ArrowDown")
    second = focused(page)
    assert second.startswith("Clouds Revisited")
    page.keyboard.press("ArrowLeft")
    closed = page.locator("#tree details:not([open])")
    expect(closed).to_have_count(1)
    page.keyboard.press("ArrowDown")
    assert focused(page).startswith("Number & Pattern")
    page.keyboard.press("ArrowUp")
    page.keyboard.press("ArrowRight")
    expect(closed).to_have_count(0)
    page.keyboard.press("ArrowRight")
    assert focused(page).startswith("Clouds")
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("ArrowLeft")
    assert focused(page) == second


def test_what_is_closed_stays_closed_while_time_moves(opened: Opener) -> None:
    """Steps of the slider change what differs; a group that was folded stays so."""
    page = opened("/tree/Account:1?at=2025-10-20T17:55:40.821Z")
    page.locator("#tree summary", has_text="Clouds").first.click()
    expect(page.locator("#tree details:not([open])")).to_have_count(1)
    for step in range(3):
        page.locator("#slider").press("ArrowLeft")
        page.wait_for_timeout(150 + 50 * step)
    expect(page.locator("#tree details:not([open])")).to_have_count(1)


def test_arrows_walk_the_grid_and_one_score_is_reached_by_tab(opened: Opener) -> None:
    """Roving focus: Tab enters the grid once, arrows go from score to score, Enter opens why."""
    page = opened(f"/course/{COURSE}")
    assert page.locator("#grid tbody a[tabindex='0']").count() == 1
    page.locator("#grid tbody a").first.focus()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowDown")
    label = str(page.evaluate("() => document.activeElement.getAttribute('aria-label')"))
    assert label.startswith("Chidi O'Rourke, Compares how a watershed gathers rain: 3.50, “Secure”, mastered")
    page.keyboard.press("Enter")
    page.wait_for_url("**/why/**")
    expect(page.get_by_role("heading", level=1)).to_have_text("Why 3.50?")


def test_the_whole_grid_is_one_stop_of_tab(opened: Opener) -> None:
    """Heads and bars are reached by arrows, as scores are: else Tab would pass two for each outcome before a score."""
    page = opened(f"/course/{COURSE}")
    assert (
        page.locator("#grid")
        .locator("a, summary")
        .evaluate_all("all => all.filter((one) => one.tabIndex === 0).length")
        == 1
    )
    page.locator("#grid tbody a").first.focus()
    for key, reached in (("ArrowRight", "≈1.57"), ("ArrowUp", "3 of 12"), ("ArrowUp", "results")):
        page.keyboard.press(key)
        assert focused(page).startswith(reached)
    page.keyboard.press("ArrowUp")
    assert focused(page) == "Compares how a watershed gathers rain"
    page.keyboard.press("End")
    assert focused(page) == "Questions how a watershed gathers rain"
    page.keyboard.press("ArrowDown")
    page.keyboard.press("s")
    page.wait_for_url("**sort=10469**")


def test_escape_leads_from_why_back_to_the_score(opened: Opener) -> None:
    """By the way one came, with the focus where it was; of a link that was opened, to the class."""
    page = opened(f"/course/{COURSE}")
    page.locator("#grid tbody a", has_text="3.50").first.press("Enter")
    page.wait_for_url("**/why/**")
    why = page.url
    page.keyboard.press("Escape")
    page.wait_for_url(f"**/course/{COURSE}")
    expect(page.locator("#grid tbody a", has_text="3.50").first).to_be_focused()
    page = opened(why)
    page.keyboard.press("Escape")
    page.wait_for_url(f"**/course/{COURSE}")


def test_keys_help_and_can_be_turned_off(opened: Opener) -> None:
    """`?` shows all of them; `g` with a letter goes to a screen; in a field they are letters; off is off."""
    page = opened("/tree/Account:1")
    page.keyboard.press("?")
    dialog = page.locator("dialog")
    expect(dialog).to_be_visible()
    expect(dialog).to_contain_text("the change before or after")
    page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()
    page.keyboard.press("d")
    expect(page.locator("#on")).to_be_focused()
    page.keyboard.press("Escape")
    page.keyboard.press("/")
    page.keyboard.type("[n?")
    expect(page.locator("#search")).to_have_value("[n?")
    page.locator("#search").blur()
    page.keyboard.press("g")
    page.keyboard.press("c")
    page.wait_for_url("**/changes/Account:1")
    page.goto("/keys")
    page.locator("#keys-on").uncheck()
    page.keyboard.press("Tab")
    page.keyboard.press("g")
    page.keyboard.press("t")
    page.wait_for_timeout(200)
    assert page.url.endswith("/keys")


def test_zeroing_in_visits_one_outcome_only(opened: Opener) -> None:
    """With an outcome chosen, comma and full stop go through its own changes and no others."""
    page = opened(f"/tree/Account:1?only=outcome:{POLICY_CHANGED}")
    seen = []
    for _ in range(3):
        page.keyboard.press(",")
        page.wait_for_load_state()
        page.wait_for_function("(seen) => !seen.includes(location.href)", arg=[*seen, ""])
        seen.append(page.url)
    times = [url.partition("at=")[2][:10] for url in seen]
    assert times == ["2026-06-12", "2026-05-26", "2026-01-26"]
    page.keyboard.press(".")
    page.wait_for_url("**at=2026-05-26**")


def test_forced_colours_and_reduced_motion_are_respected(opened: Opener) -> None:
    """The system's colours draw the strip and the marks; nothing moves for whom it should not."""
    page = opened("/tree/Account:1?at=2025-10-20T17:55:40.821Z", forced_colors="active", reduced_motion="reduce")
    mark = page.locator(".is-changed > .leaf").first
    assert mark.evaluate("(leaf) => getComputedStyle(leaf).outlineStyle") == "solid"
    page.evaluate("() => { document.getElementById('busy').className = 'is-on' }")
    assert page.locator("#busy").evaluate("(bar) => getComputedStyle(bar).animationName") == "none"
    grid = opened(f"/course/{COURSE}", forced_colors="active")
    expect(grid.locator("#grid td").first).to_contain_text("▽")


def test_print_opens_what_matters_and_leaves_out_controls(opened: Opener) -> None:
    """On paper the sentence stays; slider, buttons and navigation do not."""
    page = opened("/tree/Account:1?at=2025-10-20T17:55:40.821Z")
    page.emulate_media(media="print")
    expect(page.locator(".sentence")).to_be_visible()
    expect(page.locator(".printed")).to_contain_text(re.compile(r"asked on \d+ \w+ \d{4}, \d\d:\d\d UTC"))
    for gone in ("#slider", ".steps", ".top nav", "#moment"):
        expect(page.locator(gone)).to_be_hidden()
    assert page.evaluate("() => getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
