"""`python -m scripts.bench.page_figures`: how fast the page is in a browser, against the least that it could take."""

import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any, NamedTuple

import typer
from playwright.sync_api import Page, sync_playwright

from scripts.bench.fixtures import Fixtures, Sizes
from scripts.bench.measure import Figure, of

_WAIT_SECONDS = 30
_REST_MS = 60
"""How long the hand must rest before the tree is asked for: it is waited for on purpose, so it is no part of a step."""

_SWAP = """async () => {
  const begun = performance.now();
  await htmx.ajax("GET", document.querySelector('link[rel=icon]').href, {target: "#toast", swap: "innerHTML"});
  await new Promise((done) => requestAnimationFrame(() => setTimeout(done)));
  return performance.now() - begun;
}"""
_STEP = """async (step) => {
  const slider = document.getElementById("slider"), line = document.getElementById("line");
  const begun = performance.now();
  const seen = new Promise((done) => new MutationObserver((_, watch) => {
    if (line.dataset.here === String(step)) { watch.disconnect(); done(); }
  }).observe(line, {attributes: true}));
  slider.value = step;
  slider.dispatchEvent(new Event("input"));
  await seen;
  await new Promise((done) => requestAnimationFrame(() => setTimeout(done)));
  return performance.now() - begun;
}"""
_PAINT = """() => performance.getEntriesByName("first-contentful-paint")[0].startTime"""


class Served(NamedTuple):
    """A service that runs, and the link that lets one in."""

    url: str
    link: str


def measure(
    *,
    outcomes: Annotated[int, typer.Option(min=10, help="Outcomes in the tree.")] = 2_000,
    versions: Annotated[int, typer.Option(min=50, help="Versions in its history.")] = 10_000,
    rounds: Annotated[int, typer.Option(min=1, help="How often each ratio is taken.")] = 9,
    chromium: Annotated[str, typer.Option(help="The browser.")] = shutil.which("chromium") or "chromium",
) -> None:
    """Measure a step of the slider and the first paint of a large tree in Chromium."""
    with tempfile.TemporaryDirectory(prefix="outcomes-page-") as folder:
        fixtures = Fixtures(Path(folder), Sizes(0, outcomes, versions, 0, rounds, 7))
        home = fixtures.tree_home(outcomes, versions)
        with serving(home) as served, sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox", "--disable-gpu"])
            page = browser.new_page()
            page.goto(served.link)
            path = "/tree/Account:1"
            page.goto(served.url + path)
            print(f"{outcomes} outcomes, {versions} versions, {page.locator('#slider').get_attribute('max')} bars")
            print(f"page {len(page.content()) / 1024:.0f} kB as text")
            for figure in (*steps(page, rounds), first_paint(page, served, path, rounds)):
                spread = f"{figure.lowest:.2f}-{figure.highest:.2f}, at most {figure.limit}"
                print(f"{figure.ratio:6.2f} ({spread}) {figure.name}")
            browser.close()


def steps(page: Page, rounds: int) -> Iterator[Figure]:
    """Compare steps of the slider with swaps of next to nothing, in turn."""
    last = int(str(page.locator("#slider").get_attribute("max")))
    page.evaluate(_STEP, last - 1)
    page.evaluate(_SWAP)
    ratios, times = [], []
    for number in range(rounds):
        empty = page.evaluate(_SWAP)
        step = page.evaluate(_STEP, last - 2 - number * max(1, last // (rounds + 2))) - _REST_MS
        times.append((step, empty))
        ratios.append(step / empty)
    middle = sorted(times)[len(times) // 2]
    print(f"a step {middle[0]:.0f} ms after the hand rests, an empty swap {middle[1]:.0f} ms")
    yield of("slider step / empty htmx swap", ratios, limit=4)


def first_paint(page: Page, served: Served, path: str, rounds: int) -> Figure:
    """Compare the first paint of the tree with that of a page of two sentences."""
    ratios = []
    for _ in range(rounds + 1):
        page.goto(f"{served.url}/nothing-is-here")
        empty = page.evaluate(_PAINT)
        page.goto(served.url + path)
        ratios.append(page.evaluate(_PAINT) / empty)
    return of("first paint / that of an empty page", ratios[1:], limit=3)


@contextmanager
def serving(home: Path, *more: str) -> Iterator[Served]:
    """Run the service on a free port until the block ends."""
    command = [sys.executable, "-m", "outcomes", "--home", str(home), "serve", "--port", "0", *more]
    process: subprocess.Popen[Any] = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)  # noqa: S603 - ours
    assert process.stderr is not None  # noqa: S101 - it was asked for
    try:
        link = next(line for line in process.stderr if line.startswith("listening on ")).split()[-1]
        # A pipe that nobody reads fills up; the service's lines are few here, and short.
        yield Served(link.partition("/enter/")[0], link)
    finally:
        process.terminate()
        process.wait(_WAIT_SECONDS)


if __name__ == "__main__":
    typer.run(measure)
