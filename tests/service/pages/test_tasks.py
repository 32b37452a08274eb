"""Tasks of an assessment officer and of a teacher, as docs/page.md has them: from the start, by what the page shows."""

import re

from playwright.sync_api import Page, expect

from tests.service.pages.conftest import Opener


def find(page: Page, words: str) -> None:
    """Search from the start."""
    page.goto("/")
    page.get_by_label("Find an outcome or a student").fill(words)
    page.get_by_role("button", name="Find").click()


def test_an_officer_finds_what_a_report_names(opened: Opener) -> None:
    """By the title that it had then; and prints the outcomes as they were on a day, though it is long ago."""
    page = opened("/")
    find(page, "season of rainfall")
    page.locator("li", has_text="until 12 Dec 2025, then Justifies the path").get_by_role("link").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Explains a season of rainfall records")
    expect(page.get_by_text("3 students lost mastery by it, nobody gained it.")).to_be_visible()
    page.get_by_role("link", name="Binder").click()
    page.get_by_label("as it was at the end of").last.fill("2025-10-01")
    page.get_by_label("with changes since").fill("2025-11-01")
    page.get_by_role("button", name="Make it").click()
    expect(page.locator(".cover")).to_contain_text("as they were at the end of Wednesday, 1 October 2025")
    expect(page.get_by_label("as it was at the end of").last).to_have_value("2025-10-01")


def test_a_teacher_finds_a_student_and_what_moved(opened: Opener) -> None:
    """Without the accents of the name; and in a course the scores that moved since a day, of which each says why."""
    page = opened("/")
    find(page, "dvorak")
    page.get_by_role("link", name="Yusuf Dvořák").click()
    expect(page.get_by_text("1 score stands where an edit, not work, put it.")).to_be_visible()
    page.goto("/")
    page.get_by_role("link", name="mastery in Water & Weather 7 · Autumn").click()
    page.get_by_label("or since the end of").fill("2025-11-01")
    page.locator(".moved-since").get_by_role("button").click()
    expect(page.get_by_text(re.compile(r"^\d+ scores moved since the end of 1 November 2025"))).to_be_visible()
    page.locator("td.moved a").first.click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Why")


def test_a_teacher_sees_what_an_edit_took_from_a_class(opened: Opener) -> None:
    """Whose score stayed and is mastery no longer has a corner, too; an edit above the course is counted once."""
    page = opened("/course/4450?at=2025-10-20T23:59:59.999Z&vs_at=2025-10-19T23:59:59.999Z")
    for student in ("Pavel Sandoval", "Yusuf Dvořák"):
        expect(
            page.locator("tr", has_text=student).locator(".was", has_text=re.compile("^was mastery$"))
        ).to_have_count(1)
    expect(page.locator("p", has_text="3 students lost mastery").first).to_be_visible()


def test_an_officer_sees_whom_edits_flipped_in_a_class(opened: Opener) -> None:
    """From the heat map: each student, outcome, how the score stood, and the edit with its link."""
    page = opened("/course/4450?at=2025-10-20T23:59:59.999Z", java_script_enabled=False)
    expect(page.get_by_text("Edits took mastery 6 times and gave it 2 times, with no new work")).to_be_visible()
    page.get_by_role("link", name="Whose, and which edits?").click()
    rows = page.locator("tbody tr")
    expect(rows).to_have_count(8)
    expect(rows.first).to_contain_text("Explains a season of rainfall records")
    expect(rows.first).to_contain_text(re.compile(r"lost\s*3\.\d\d: mastery → not mastery"))
    assert "goran36 took it out of the course" in rows.last.inner_text()
    page.get_by_role("link", name="gained (2)").click()
    expect(rows).to_have_count(2)
    expect(rows.first).to_contain_text("no score → 3.00, mastery")
    page.get_by_role("link", name="lost (6)").click()
    rows.first.get_by_role("link", name="anouk34 changed mastery points 3 → 4").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Explains a season of rainfall records")
    page.get_by_text("Who?").first.click()
    expect(page.locator(".who-flipped").first).to_contain_text("Water & Weather 7 · Autumn")
