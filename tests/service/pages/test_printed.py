"""What is printed: whole, without controls, and each page says what it is of; nobody can unfold paper, or scroll it."""

import re

import pytest
from playwright.sync_api import expect

from outcomes.cli.commands.demo import COURSE, OUTCOME, STUDENT
from tests.service.pages.conftest import Opener
from tests.service.pages.test_screens import LOST, SCREENS

pytestmark = pytest.mark.long

PAPER = {"A4": 672, "Letter": 695}
"""What lies between the margins of 16 mm, in pixels of CSS."""


@pytest.mark.parametrize("name", SCREENS)
def test_a_screen_is_printed_whole_and_without_controls(opened: Opener, name: str) -> None:
    """On both sizes of paper nothing lies beside it, and there is nothing that one would fill in or press."""
    page = opened(SCREENS[name][0])
    page.emulate_media(media="print")
    for width in PAPER.values():
        page.set_viewport_size({"width": width, "height": 900})
        assert page.evaluate("() => document.documentElement.scrollWidth") <= width
        assert page.locator("input, select, textarea, button, .button").filter(visible=True).count() == 0


@pytest.mark.parametrize(
    ("path", "said"),
    [
        (
            f"/tree/Account:1?at={LOST}",
            "Outcome tree of Alderfen Community Schools · The tree as it was on Monday, 20 Oct",
        ),
        (
            f"/course/{COURSE}",
            "Alderfen Community Schools · Mastery in Water & Weather 7 · Autumn · Mastery as it is today",
        ),
        (
            f"/why/{COURSE}/{STUDENT}/{OUTCOME}",
            "Alderfen Community Schools · Yusuf Dvořák, Explains a season of rainfall records · The score as it is",
        ),
        ("/feed", "Alderfen Community Schools · The feed · asked on"),
        ("/", "Alderfen Community Schools · asked on"),
    ],
)
def test_each_printed_page_says_what_it_is_of_and_when_it_was_asked(opened: Opener, path: str, said: str) -> None:
    """A page that lies alone is known: of whom, of what, at which time; also where there is no sentence."""
    page = opened(path)
    page.emulate_media(media="print")
    foot = page.locator("footer .printed")
    expect(foot).to_contain_text(said)
    expect(foot).to_contain_text(re.compile(r"asked on \d+ \w+ \d{4}, \d\d:\d\d UTC$"))
    assert page.locator("footer").evaluate("(foot) => getComputedStyle(foot).display") == "table-footer-group"


def test_the_foot_goes_with_the_tree_to_another_time(opened: Opener) -> None:
    """A step swaps what the page shows, and what it will say on paper."""
    page = opened(f"/tree/Account:1?at={LOST}")
    page.keyboard.press("[")
    page.wait_for_url("**at=2025-10-16*")
    page.emulate_media(media="print")
    said = "Outcome tree of Alderfen Community Schools · The tree as it was on Thursday, 16 October 2025"
    expect(page.locator("footer .printed")).to_contain_text(said)


def test_a_list_says_on_paper_what_was_left_out_of_it(opened: Opener) -> None:
    """Filters that were on, and that there are older changes; the crosses that take filters off are not printed."""
    page = opened("/changes/Account:1?kind=link&since=2025-11-01")
    page.emulate_media(media="print")
    chips = page.locator(".chips")
    expect(chips).to_be_visible()
    assert chips.inner_text().split("\n") == ["of places of outcomes", "since 1 November 2025"]
    page.goto("/changes/Account:1")
    expect(page.get_by_text("There are older changes than these.")).to_be_visible()


def test_what_was_folded_is_told_on_paper_but_not_names_of_students(opened: Opener) -> None:
    """Which outcomes went is printed though nobody unfolded it; whom an edit flipped only if somebody did."""
    page = opened("/changes/Account:1?at=2025-12-01", color_scheme="dark")
    removed = page.get_by_text("removed group Second half")
    expect(removed).to_be_hidden()
    page.emulate_media(media="print")
    expect(removed).to_be_visible()
    flipped = page.locator(".who-flipped")
    expect(flipped).to_be_hidden()
    page.emulate_media(media="screen")
    flipped.locator("summary").click()
    page.emulate_media(media="print")
    expect(flipped.get_by_text("Yusuf Dvořák")).to_be_visible()


def test_whoever_chose_dark_prints_on_white(opened: Opener) -> None:
    """Black paper is nobody's wish: scheme and background are those of the light page."""
    page = opened("/scheme/dark?back=/feed", color_scheme="dark")
    assert page.evaluate("() => getComputedStyle(document.body).backgroundColor") == "rgb(18, 22, 28)"
    page.emulate_media(media="print")
    assert page.evaluate("() => getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    assert page.evaluate("() => getComputedStyle(document.body).color") == "rgb(23, 33, 43)"


def test_mastered_scores_are_told_apart_in_grey(opened: Opener) -> None:
    """In grey what is mastered looks as dark as what is not: it is bold on paper, besides its shape."""
    page = opened(f"/course/{COURSE}")
    page.emulate_media(media="print")
    weights = {
        key: page.locator(f"#grid td.{key} a").first.evaluate("(score) => getComputedStyle(score).fontWeight")
        for key in ("beyond", "mastery", "near", "below", "far")
    }
    assert weights == {"beyond": "700", "mastery": "700", "near": "400", "below": "400", "far": "400"}
