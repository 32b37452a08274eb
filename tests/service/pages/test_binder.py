"""The binder: printed on both sizes of paper, it holds all that a visit asks for, and proves itself."""

import re

import pytest
from playwright.sync_api import expect

from tests.service.pages.conftest import Opener
from tests.support.command import Outcomes
from tests.support.service import Service

BINDER = "/binder?c=Account:1&at=2025-12-31T00:00:00Z&vs_at=2025-09-01T00:00:00Z"


def test_it_says_what_it_is_and_how_to_check_it(opened: Opener, school: Service) -> None:
    """On paper: address, position, fingerprint, and a command, which works; without scripts, too."""
    page = opened(BINDER, java_script_enabled=False)
    page.emulate_media(media="print")
    cover = page.locator(".cover")
    expect(cover).to_contain_text(re.compile(r"known at position 1478 of log [0-9a-f]{8}, fingerprint [0-9a-f]{12}"))
    expect(cover).to_contain_text("what changed since 1 September 2025, 00:00 UTC, and how classes stood")
    expect(cover.locator("a")).to_have_text(re.compile(rf"^{re.escape(school.url)}/binder\?at=.*&known=1478&.*&fp="))
    command = page.locator("#check").inner_text().split()
    assert command[:3] == ["outcomes", "verify", "--against"]
    assert command[3].startswith("outcomes-checkpoint:1478:")
    assert Outcomes(school.home)(*command[1:]).code == 0
    assert "on white" not in page.locator("body").inner_text()
    for heading in ("The outcomes", "How they are scored", "How classes stood", "Words"):
        expect(page.get_by_role("heading", name=heading)).to_be_visible()


def test_its_address_proves_all_of_it(opened: Opener) -> None:
    """The fingerprint is of all that is printed: another day since which changes are told is another binder."""
    page = opened(BINDER, java_script_enabled=False)
    address = page.locator(".cover a").inner_text()
    page.goto(address)
    expect(page.locator(".citation")).to_contain_text("exactly as cited on")
    page.goto(address.replace("vs_at=2025-09-01", "vs_at=2025-10-01"))
    expect(page.locator(".citation")).to_contain_text("This differs from the citation")
    page.goto(address.replace("known=1478", "known=300"))
    expect(page.locator(".citation")).to_contain_text("This differs from the citation")


def test_since_when_changes_are_told_is_chosen_or_said(opened: Opener) -> None:
    """The year before, unless a day is chosen; one that is not before the binder's own is refused in words."""
    page = opened("/binder?c=Account:1&at=2025-12-31T00:00:00Z", java_script_enabled=False)
    expect(page.get_by_text("Changes are told of the year before, until you choose another day.")).to_be_visible()
    expect(page.locator(".cover")).to_contain_text("what changed since the end of 31 December 2024 (the year before)")
    page.goto("/binder?c=Account:1&on=2025-09-20&vs_on=2025-12-20")
    expect(page.get_by_text("The day that was chosen is not before that of this binder")).to_be_visible()
    page.goto("/binder?c=Account:1&on=2025-12-20&vs_on=2025-09-20")
    row = page.locator("tr", has_text="Justifies why fog forms at dawn").filter(has_text="moved")
    expect(row).to_contain_text("moved from Second half to no group")


@pytest.mark.parametrize(("paper", "size"), [("Letter", (612, 792)), ("A4", (596, 843))])
def test_it_prints(opened: Opener, paper: str, size: tuple[int, int]) -> None:
    """Some pages of the paper's size; each part begins on its own; nothing of the screen's controls is printed."""
    page = opened(BINDER)
    printed = page.pdf(format=paper)
    boxes = re.findall(rb"/MediaBox \[0 0 ([\d.]+) ([\d.]+)\]", printed)
    assert {(round(float(width)), round(float(height))) for width, height in boxes} == {size}
    assert len(re.findall(rb"/Type /Page\b", printed)) >= 6
    page.emulate_media(media="print")
    assert page.locator("nav, form, .scheme").filter(visible=True).count() == 0
    expect(page.locator(".print-foot")).to_be_visible()
