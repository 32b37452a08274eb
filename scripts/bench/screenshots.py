"""`python -m scripts.bench.screenshots`: pictures of every screen, light, dark, on a phone and printed, to look at."""

import shutil
from pathlib import Path
from typing import Annotated

import typer
from playwright.sync_api import Browser, sync_playwright

import outcomes
from outcomes.cli.commands.demo import COURSE, OUTCOME, POLICY_CHANGED, SCHOOL_YEAR, STUDENT
from scripts.bench.page_figures import serving

_LOST = "2025-10-20T17:55:40.821Z"
SCREENS = {
    "01-start": "/",
    "02-tree": f"/tree/Account:1?at={_LOST}",
    "02-tree-removed": "/tree/Account:1?at=2025-09-28T21:59:40.614Z",
    "03-changes": "/changes/Account:1?at=2025-12-01",
    "03-changes-filtered": "/changes/Account:1?kind=link&since=2025-11-01",
    "04-outcome": f"/outcome/{POLICY_CHANGED}?at=2025-12-01",
    "04-outcome-friendly": "/outcome/10467?at=2025-09-10",
    "05-compare": "/compare/Account:1?at=2025-12-01&vs_at=2025-10-01",
    "05-compare-unchosen": "/compare/Account:1",
    "05-compare-known": "/compare/Account:1?vs_known=1300",
    "05-compare-students": "/compare/Account:1?at=2025-12-01&vs_at=2025-10-01&students=1",
    "06-mastery": f"/course/{COURSE}",
    "06-mastery-edits": f"/course/{COURSE}/edits",
    "06-mastery-moved": f"/course/{COURSE}?at=2025-11-01&vs_at=2025-10-20",
    "06-mastery-results": f"/course/{COURSE}?cols={OUTCOME}",
    "07-student": f"/student/{STUDENT}",
    "08-why": f"/why/{COURSE}/{STUDENT}/{OUTCOME}",
    "08-why-edited": f"/why/{COURSE}/{STUDENT}/{POLICY_CHANGED}",
    "09-scale": "/scale/Account:1",
    "10-feed": "/feed",
    "11-quarantine": "/feed/quarantine/1",
    "12-access": "/access",
    "13-binder": "/binder?c=Account:1",
    "13-binder-moved": "/binder?c=Account:1&at=2025-12-20&vs_at=2025-09-20",
    "14-keys": "/keys",
    "15-places": "/places?c=Account:127",
    "empty-log": "/tree/Account:1?known_on=2020-01-01",
    "empty-tree": "/tree/Account:1?at=2020-01-01",
    "citation": f"/tree/Account:1?at={_LOST}&cite=1",
    "citation-altered": f"/tree/Account:1?at={_LOST}&known=1478&fp=000000000000&cited=2026-06-03",
    "lost": "/nowhere",
}
FOR_README = {
    "page-tree": (f"/tree/Account:1?at={_LOST}", "body"),
    "page-student": (f"/student/{STUDENT}", "main > p"),
}
"""The README's two pictures: the address, and what stands at the top of the picture."""


def take(
    folder: Annotated[Path, typer.Argument(help="Where to put them.")] = Path("screenshots"),
    only: Annotated[str, typer.Option(help="Those whose name holds this.")] = "",
    chromium: Annotated[str, typer.Option(help="The browser.")] = shutil.which("chromium") or "chromium",
) -> None:
    """Take a picture of every screen over the shipped school year."""
    folder.mkdir(exist_ok=True)
    home = folder / "home"
    if not home.exists():
        with outcomes.open(home, create=True) as opened:
            opened.ingest(SCHOOL_YEAR)
    with serving(home) as served, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox", "--disable-gpu"])
        page = browser.new_page()
        page.goto(served.link)
        state = page.context.storage_state()
        for name, path in SCREENS.items():
            if only in name:
                _take(browser, state, served.url + path, folder / name)
        for name, (path, top) in FOR_README.items():
            if only in name:
                _take_for_readme(browser, state, served.url + path, top, folder / f"{name}.png")
        browser.close()


def _take(browser: Browser, state: object, url: str, to: Path) -> None:
    looks = {"light": (1200, "light"), "dark": (1200, "dark"), "phone": (375, "light")}
    for look, (width, scheme) in looks.items():
        context = browser.new_context(
            viewport={"width": width, "height": 900},
            color_scheme=scheme,  # type: ignore[arg-type]
            storage_state=state,  # type: ignore[arg-type]
        )
        page = context.new_page()
        page.goto(url)
        page.screenshot(path=f"{to}-{look}.png", full_page=True)
        if look == "light":
            for paper in ("A4", "Letter"):
                page.pdf(path=f"{to}-{paper}.pdf", format=paper)
        context.close()
    print(to.name)


def _take_for_readme(browser: Browser, state: object, url: str, top: str, to: Path) -> None:
    """Take what the README shows; `convert IN -resize 40% +dither -colors 128 png8:OUT` makes it as large as there."""
    size = {"width": 1040, "height": 660}
    context = browser.new_context(
        viewport=size,  # type: ignore[arg-type]
        device_scale_factor=2,
        color_scheme="light",
        storage_state=state,  # type: ignore[arg-type]
    )
    page = context.new_page()
    page.goto(url)
    page.evaluate("(top) => scrollTo(0, top === 'body' ? 0 : document.querySelector(top).offsetTop - 16)", top)
    page.screenshot(path=to)
    context.close()
    print(to.stem)


if __name__ == "__main__":
    typer.run(take)
