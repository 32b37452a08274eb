"""The binder: printed on both sizes of paper, it holds all that a visit asks for, and proves itself."""

import re

import pytest
from playwright.sync_api import expect

from tests.service.pages.conftest import Opener

BINDER = "/binder?c=Account:1&at=2025-12-31T00:00:00Z&vs_at=2025-09-01T00:00:00Z"


def test_it_is_cited_and_the_citation_proves_itself(opened: Opener) -> None:
    """The cover names time, position and fingerprint; its link opens the tree, which says that it is exactly that."""
    page = opened(BINDER, java_script_enabled=False)
    assert re.search(r"known at position 1478 of log [0-9a-f]{8}, fingerprint [0-9a-f]{12}", page.content())
    for heading in ("The outcomes", "How they are scored", "How classes stood", "Words"):
        expect(page.get_by_role("heading", name=heading)).to_be_visible()
    expect(page.get_by_role("heading", name="What changed from 1 September 2025 to 31 December 2025")).to_be_visible()
    page.get_by_role("link", name="The link that opens exactly this tree").click()
    expect(page.locator(".citation")).to_contain_text("exactly as cited")


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
