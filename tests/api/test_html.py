"""Answers in a notebook: self-contained, escaped, foldable, for light and dark."""

import re
from collections.abc import Callable
from html.parser import HTMLParser
from typing import Any

import pytest

import outcomes
from outcomes.cli.commands.demo import COURSE, OUTCOME, SCHOOLS, STUDENT
from tests.support.given import event, group, link, outcome, result
from tests.support.world import World

HOSTILE = '<script>alert("x")</script>\x1b[31m & co'


class Reader(HTMLParser):
    """Reads a fragment: its tags, whether each is closed in turn, and its text."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.words: list[str] = []
        self._opened: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []
        self.feed(html)
        assert self._opened == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += attrs
        if tag != "br":
            self._opened.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self._opened.pop() == tag

    def handle_data(self, data: str) -> None:
        self.words.append(data)


QUESTIONS: dict[str, Callable[[outcomes.Point], Any]] = {
    "tree": lambda then: then.tree("Account:1"),
    "heat map": lambda then: then.mastery(course=COURSE),
    "mastery": lambda then: then.mastery(),
    "timeline": lambda then: then.timeline("Account:1"),
    "moments": lambda then: then.moments("Account:1", limit=5),
    "history": lambda then: then.history(course=COURSE, student=STUDENT, outcome=OUTCOME),
    "impact": lambda then: then.impact("10449"),
}


@pytest.mark.parametrize("name", QUESTIONS)
def test_a_fragment_stands_alone(home: outcomes.Home, name: str) -> None:
    """Well-formed; no script, nothing fetched; colours are tints over the ground and text of the page around it."""
    html = QUESTIONS[name](home.at(tenant=SCHOOLS))._repr_html_()
    found = Reader(html)
    assert not {"script", "link", "img", "iframe", "object"} & set(found.tags)
    assert not [attribute for attribute, _ in found.attributes if attribute in {"src", "href"} or attribute[:2] == "on"]
    assert "url(" not in html
    style = html[html.index("<style>") : html.index("</style>")]
    colours = re.findall(r"(?:background|color|border|border-top|border-bottom):([^;}]+)", style)
    assert all("rgba(" in colour or colour in {"inherit", "none", "collapse"} for colour in colours)


def test_what_events_say_is_shown_and_not_obeyed(world: World) -> None:
    """Titles, names and addresses are text, whatever they hold."""
    asker = {"user_login": HOSTILE, "http_method": "PUT", "url": f"https://x.example/{HOSTILE}"}
    world.take(
        group("1", "2025-01-01", title=HOSTILE),
        outcome("7", "2025-01-02", title=HOSTILE, meta=asker),
        link("3", "2025-01-03", outcome="7", group="1"),
        result("50", "2025-02-01", student="studentAda"),
        event("user_created", "2025-01-01", {"uuid": "studentAda", "user_id": "9", "name": HOSTILE}),
    )
    with outcomes.open(world.home.folder) as home:
        then = home.at()
        (row,) = then.mastery()
        for answer in (then.tree("Account:1"), then.timeline(), then.mastery(course=row.course_id), then.mastery()):
            html = answer._repr_html_()
            assert html is not None
            assert "<script" not in html
            assert "\x1b" not in html
            assert "&lt;script&gt;" in html
            Reader(html)


def test_groups_fold_and_a_deep_tree_is_whole(world: World) -> None:
    """A thousand groups in one another are a thousand folds."""
    chain = [group("1", "2025-01-01")]
    chain += [group(str(number), "2025-01-01", parent=str(number - 1)) for number in range(2, 1001)]
    world.take(*chain)
    with outcomes.open(world.home.folder) as home:
        html = home.at().tree("Account:1")._repr_html_()
        assert html is not None
        assert Reader(html).tags.count("details") == 999


def test_scores_have_a_sign_beside_their_colour(home: outcomes.Home) -> None:
    """Nothing is lost to those who do not see colours; and what is best read as text has no HTML."""
    html = home.at(tenant=SCHOOLS).mastery(course=COURSE)._repr_html_()
    assert html is not None
    assert re.search(r'<span class="tag mastery">[\d.]+\+</span>', html)
    assert re.search(r'<span class="tag remedial">[\d.]+-</span>', html)
    assert home.status()._repr_html_() is None
