"""`python -m scripts.bench.page_figures`: how fast the page is in a browser, against the least that it could take."""

import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import IO, Annotated, Any, NamedTuple

import orjson
import typer
from playwright.sync_api import Page, sync_playwright

from scripts.bench.fixtures import ingest, write
from scripts.bench.measure import Figure, of

_WAIT_SECONDS = 30
_IN_A_GROUP = 25
_PAUSE_MS = 500
"""Between two steps, as people make them: the service uses it to make the trees beside."""
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
_PAINT = """() => new Promise((done) => new PerformanceObserver((seen) => {
  const paint = seen.getEntriesByName("first-contentful-paint")[0];
  if (paint) done(paint.startTime);
}).observe({type: "paint", buffered: true}))"""


class Served(NamedTuple):
    """A service that runs, and the link that lets one in."""

    url: str
    link: str


def measure(
    *,
    outcomes: Annotated[int, typer.Option(min=10, help="Outcomes in the tree.")] = 2_000,
    edits: Annotated[int, typer.Option(min=20, help="Edits of them over a year.")] = 300,
    rounds: Annotated[int, typer.Option(min=1, help="How often each ratio is taken.")] = 9,
    chromium: Annotated[str, typer.Option(help="The browser.")] = shutil.which("chromium") or "chromium",
) -> None:
    """Measure a step of the slider and the first paint of a large tree in Chromium."""
    with tempfile.TemporaryDirectory(prefix="outcomes-page-") as folder:
        home = Path(folder) / "home"
        ingest(home, write(Path(folder) / "tree.ndjson", history(outcomes, edits)))
        with serving(home) as served, sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox", "--disable-gpu"])
            page = browser.new_page()
            page.goto(served.link)
            path = "/tree/Account:1"
            page.goto(served.url + path)
            bars = page.locator("#slider").get_attribute("max")
            print(f"{outcomes} outcomes, {bars} changes, the page {len(page.content()) / 1024:.0f} kB as text")
            for figure in (*steps(page, rounds), first_paint(page, served, path, rounds)):
                spread = f"{figure.lowest:.2f}-{figure.highest:.2f}, at most {figure.limit}"
                print(f"{figure.ratio:6.2f} ({spread}) {figure.name}")
            browser.close()


def history(outcomes: int, edits: int) -> Iterator[bytes]:
    """Yield the events of a tree with groups of 25 outcomes, and of its edits, one a day or so."""
    groups = outcomes // _IN_A_GROUP + 1
    begun = datetime(2025, 8, 1, tzinfo=UTC)
    yield _event("group", begun, "1", title="School", learning_outcome_group_id="1", parent_outcome_group_id=None)
    for group in range(2, groups + 2):
        told = {"title": f"Strand {group}", "learning_outcome_group_id": str(group), "parent_outcome_group_id": "1"}
        yield _event("group", begun + timedelta(minutes=group), "1", **told)
    for outcome in range(outcomes):
        time = begun + timedelta(hours=1, seconds=outcome)
        yield _event("", time, str(outcome), **_outcome(outcome, 3))
        link = str(outcome + 1)
        ids = {"learning_outcome_id": str(outcome), "learning_outcome_group_id": str(2 + outcome % groups)}
        yield _event("link", time, link, learning_outcome_link_id=link, **ids)
    for edit in range(edits):
        time = begun + timedelta(days=1 + edit * 300 / edits)
        edited = _outcome(edit * 7 % outcomes, 2 + edit % 3)
        yield _event("", time, str(edit), "updated", **edited, updated_at=time.isoformat())


def _outcome(number: int, mastery: int) -> dict[str, Any]:
    title = f"Explains number {number} with care"
    ratings = [{"description": f"Level {points}", "points": points} for points in (5, 3, 1)]
    criterion = {"description": title, "mastery_points": mastery, "points_possible": 5, "ratings": ratings}
    method = {"calculation_method": "decaying_average", "calculation_int": 65}
    return {"learning_outcome_id": str(number), "title": title, "rubric_criterion": criterion, **method}


def _event(kind: str, time: datetime, request: str, verb: str = "created", **body: Any) -> bytes:
    name = "_".join(part for part in ("learning_outcome", kind, verb) if part)
    metadata = {"event_name": name, "event_time": time.isoformat(), "root_account_uuid": "page", "user_id": "7"}
    who = {"user_login": "a.editor", "request_id": f"{verb}-{request}", "context_role": "AccountAdmin"}
    place = {"context_type": "Account", "context_id": "1", "workflow_state": "active"}
    return orjson.dumps({"metadata": {**metadata, **who}, "body": {**place, **body}})


def steps(page: Page, rounds: int) -> Iterator[Figure]:
    """Compare steps of the slider with swaps of next to nothing, in turn: to the change before, and far away."""
    last = int(str(page.locator("#slider").get_attribute("max")))
    for name, stride, limit in (("to the change before", 1, 4), ("over many changes", last // (rounds + 3), None)):
        page.evaluate(_STEP, last - 1)
        page.evaluate(_SWAP)
        ratios, times = [], []
        for number in range(rounds):
            page.wait_for_timeout(_PAUSE_MS)
            empty = page.evaluate(_SWAP)
            step = page.evaluate(_STEP, last - 2 - number * stride) - _REST_MS
            times.append((step, empty))
            ratios.append(step / empty)
        middle = sorted(times)[len(times) // 2]
        print(f"a step {name}: {middle[0]:.0f} ms after the hand rests, an empty swap {middle[1]:.0f} ms")
        yield of(f"slider step {name} / empty htmx swap", ratios, limit=limit)


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
def serving(home: Path) -> Iterator[Served]:
    """Run the service on a free port until the block ends."""
    command = [sys.executable, "-m", "outcomes", "--home", str(home), "serve", "--port", "0"]
    with tempfile.TemporaryFile("w+") as said:
        process: subprocess.Popen[Any] = subprocess.Popen(command, stderr=said, text=True)  # noqa: S603 - ours
        try:
            link = _link(said, process)
            yield Served(link.partition("/enter/")[0], link)
        finally:
            process.terminate()
            process.wait(_WAIT_SECONDS)


def _link(said: IO[str], process: "subprocess.Popen[Any]") -> str:
    end = time.monotonic() + _WAIT_SECONDS
    while process.poll() is None and time.monotonic() < end:
        said.seek(0)
        for line in said:
            if line.startswith("listening on ") and line.endswith("\n"):
                return line.split()[-1]
        time.sleep(0.05)
    raise SystemExit("the service did not come up")


if __name__ == "__main__":
    typer.run(measure)
