"""The tree: its changes can be slid through, and each says what was done, by whom, and whom it flipped."""

import re

from playwright.sync_api import expect

from tests.service.pages.conftest import Opener

LOST = "/tree/Account:1?at=2025-10-20T17:55:40.821Z"


def test_a_moment_tells_who_did_what_and_whom_it_flipped(opened: Opener) -> None:
    """On 20 October somebody raised what counts as mastery from 3 to 4, and three students lost it by that alone."""
    page = opened(LOST)
    moment = page.locator("#moment")
    expect(moment).to_contain_text("anouk34")
    expect(moment).to_contain_text("mastery points")
    expect(moment.locator("del")).to_have_text("3")
    expect(moment.locator("ins")).to_have_text("4")
    expect(moment).to_contain_text("3 students lost mastery by it, nobody gained it.")
    moment.get_by_text("Who?").click()
    expect(moment.locator(".flips li")).to_have_count(3)
    assert "as it was on Monday, 20 October 2025, 17:55 UTC" in page.locator(".sentence").inner_text()


def test_the_slider_steps_by_change(opened: Opener) -> None:
    """A key on the slider goes to the change before: sentence, tree, panel and address follow; the focus stays."""
    page = opened(LOST)
    slider = page.locator("#slider")
    slider.focus()
    before = page.locator("#l-191581, .is-changed").count()
    assert before >= 1
    slider.press("ArrowLeft")
    expect(page.locator("#moment time")).not_to_have_attribute("datetime", "2025-10-20T17:55:40.821Z")
    assert page.evaluate("() => document.activeElement.id") == "slider"
    assert "at=2025-10-20T17:55" not in page.url
    assert "as it was" in str(slider.get_attribute("aria-valuetext"))
    page.keyboard.press("]")
    expect(page.locator("#moment time")).to_have_attribute("datetime", "2025-10-20T17:55:40.821Z")
    page.keyboard.press("n")
    expect(page.locator(".sentence")).to_contain_text("as it is today")
    expect(page).to_have_url(re.compile(r"/tree/Account:1$"))


def test_a_step_shows_what_the_whole_page_shows(opened: Opener) -> None:
    """What is sent for a step is only what differs: the tree after many steps equals the one that is asked for anew."""
    page = opened("/tree/Account:1")
    steps = page.locator("#slider")
    last = int(str(steps.get_attribute("max")))
    for step in (last - 1, 90, 110, 60, 61, 20, 84):
        page.evaluate(
            "(step) => { slider.value = step; slider.dispatchEvent(new Event('input')) }",
            step,
        )
        expect(page.locator("#line")).to_have_attribute("data-here", str(step))
    stepped = page.locator("#tree").inner_text()
    again = opened(page.url.removeprefix(page.url.split("/tree")[0]))
    assert again.locator("#tree").inner_text() == stepped


def test_what_a_moment_removed_is_struck_where_it_was(opened: Opener) -> None:
    """On 28 September a group of pilots went with all that it held: it stands struck, and counts for nothing."""
    page = opened("/tree/Account:1?at=2025-09-28T21:59:40.614Z")
    gone = page.locator("#tree .is-removed")
    assert "Pilot: Tides" in "".join(gone.all_inner_texts())
    title = gone.filter(has_text="Pilot: Tides").locator(".title").first
    assert title.evaluate("(title) => getComputedStyle(title).textDecorationLine") == "line-through"
    parent = gone.filter(has_text="Pilot: Tides").first.locator("xpath=ancestor::li[1]/details/summary")
    expect(parent).to_contain_text("Water & Weather")
    page.keyboard.press("]")
    expect(page.locator("#moment time")).not_to_have_attribute("datetime", "2025-09-28T21:59:40.614Z")
    expect(page.locator("#tree")).not_to_contain_text("Pilot: Tides")


def test_sliding_keeps_the_search(opened: Opener) -> None:
    """What was searched for in the tree is all that is shown at other times, too."""
    page = opened("/tree/Account:1?q=storm&at=2025-10-20T17:55:40.821Z")
    shown = page.locator("#tree .leaf")
    assert all("storm" in text for text in shown.all_inner_texts())
    page.keyboard.press("n")
    expect(page.locator(".sentence")).to_contain_text("as it is today")
    assert shown.count() > 0
    assert all("storm" in text for text in shown.all_inner_texts())


def test_the_last_of_many_steps_is_what_is_shown(opened: Opener) -> None:
    """While one step is asked for the hand may pass many: the tree is of where it rests."""
    page = opened("/tree/Account:1")
    page.route("**/tree/*shown=*", lambda route: (page.wait_for_timeout(150), route.continue_())[-1])
    for _ in range(6):
        page.keyboard.press("[")
        page.wait_for_timeout(80)
    at_end = str(page.locator("#slider").input_value())
    expect(page.locator("#line")).to_have_attribute("data-here", at_end)
    shown = page.locator("#moment time").get_attribute("datetime")
    assert f"at={shown}" in page.url


def test_it_works_without_scripts(opened: Opener) -> None:
    """Links and forms do it all: a change earlier, a day from the calendar, and back to today."""
    page = opened(LOST, java_script_enabled=False)
    assert page.locator("#slider").is_hidden()
    page.locator("#earlier").click()
    assert "2025-10-20T17:55" not in page.url
    page.locator(".clock summary").first.click()
    page.locator("#on").fill("2025-10-20")
    page.get_by_role("button", name="Show").first.click()
    assert "at the end of Monday, 20 October 2025" in page.locator(".sentence").inner_text()
    page.get_by_role("link", name="Back to today").last.click()
    assert "as it is today" in page.locator(".sentence").inner_text()


def test_a_day_is_no_moment_and_one_steps_on_from_it(opened: Opener) -> None:
    """Chosen in the calendar it has an address like every time; what is told is the last change before it."""
    page = opened("/tree/Account:1")
    page.locator(".clock > summary").first.click()
    page.locator("#on").fill("2026-05-01")
    page.locator(".clock").first.get_by_role("button", name="Show").click()
    expect(page.locator("#moment h2")).to_have_text("The last change before the end of 1 May 2026")
    expect(page.locator("#tree .mark")).to_have_count(0)
    assert page.url.endswith("?at=2026-05-01T23:59:59.999Z")
    page.keyboard.press("]")
    expect(page.locator("#moment h2")).to_have_text("What changed at this moment")
    expect(page.locator("#tree .mark")).not_to_have_count(0)
    assert "at=2026-05-2" in page.url


def test_a_moment_says_how_many_things_it_changed(opened: Opener) -> None:
    """By kind, and the first by name; whom it gave mastery and whom it took it, apart."""
    page = opened("/tree/Account:1?by=day", java_script_enabled=False)
    said = page.locator("#told-now")
    expect(said).to_contain_text("a CSV import added 3 outcomes and changed 1 outcome: ")
    expect(said).to_contain_text(" and 2 more")
    page.goto("/")
    expect(page.get_by_text("12 students gained mastery").first).to_be_visible()
