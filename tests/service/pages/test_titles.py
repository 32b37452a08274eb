"""Titles stand in the order of Canvas: numbers by their value, letters whatever their case and accents."""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser

import outcomes
from outcomes.service.pages.words import in_order
from tests.support.given import lines, link, outcome, result
from tests.support.pages import page
from tests.support.service import Service, running

TITLES = ("Outcome 10", "outcome 2", "Outcome 1", "Éclairs 3", "Zeal", "Eclairs 12", "7.10 Rates", "7.9 Ratios")
SORTED = ("7.9 Ratios", "7.10 Rates", "Éclairs 3", "Eclairs 12", "Outcome 1", "outcome 2", "Outcome 10", "Zeal")


@pytest.fixture(scope="module")
def numbered(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """A course whose outcomes have numbers in their titles, each with a result of one student."""
    folder = tmp_path_factory.mktemp("numbered")
    told = [
        event
        for number, title in enumerate(TITLES, 11)
        for event in (
            outcome(str(number), "2025-09-01T08:00:00Z", title=title),
            link(str(number), "2025-09-01T08:00:00Z", group="2", outcome=str(number), context="Course:200"),
            result(str(number), "2025-10-01T08:00:00Z", outcome=str(number)),
        )
    ]
    (folder / "events.ndjson").write_bytes(lines(*told))
    with outcomes.open(folder / "home", create=True) as home:
        home.ingest(folder / "events.ndjson")
    with running(folder / "home") as found:
        yield found


def test_titles_are_sorted_as_the_library_does_that_canvas_asks(browser: Browser) -> None:
    """Canvas sorts with ICU and `numeric_collation`; so does a browser, which tells the order that is expected here."""
    tab = browser.new_page()
    titles = [
        *TITLES,
        "",
        "10",
        "9",
        "Outcome",
        "Outcome 007",
        "Outcome 7b",
        "3.NBT.A.2",
        "3.NBT.A.10",
        "ñandú",
        "nadir",
    ]
    asked = "(titles) => titles.toSorted(new Intl.Collator('en', {numeric: true, sensitivity: 'base'}).compare)"
    assert sorted(titles, key=in_order) == tab.evaluate(asked, titles)
    assert sorted(TITLES, key=in_order) == list(SORTED)
    tab.close()


def test_digits_without_end_hold_nobody_up() -> None:
    """More of them than Python makes a number of still have their place."""
    assert in_order("9" * 5000) < in_order("1" + "0" * 5000)


@pytest.mark.parametrize(
    ("path", "begin"),
    [("/tree/Course:200", 'id="tree"'), ("/course/200", 'id="grid"'), ("/binder?c=Course:200", 'class="outline"')],
)
def test_the_page_shows_them_in_that_order(numbered: Service, path: str, begin: str) -> None:
    """In the tree, over a class, and in the binder."""
    shown = page(numbered, path).text.partition(begin)[2]

    def place(title: str) -> int:
        found = re.search(f">{re.escape(title)} ?<", shown)
        assert found is not None, title
        return found.start()

    assert sorted(TITLES, key=place) == list(SORTED)


def test_what_programs_read_stays_in_the_order_of_the_text(numbered: Service) -> None:
    """The order of the routes and commands was promised: by title, case-folded."""
    tree = numbered.json("/tree?context=Course:200")
    nodes = [*tree["roots"], *tree["detached"]]
    found = [child["title"] for node in nodes for child in node.get("children", [])] or [one["title"] for one in nodes]
    assert found == sorted(TITLES, key=str.casefold)
