"""One school's year behind one service, one browser, and tabs of somebody who was let in."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page

import outcomes
from outcomes.cli.commands.demo import SCHOOL_YEAR
from tests.support.browser import Tab, chromium, session
from tests.support.service import Service, running

Opener = Callable[..., Page]


@pytest.fixture(scope="module")
def school(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """A service over the shipped school year: one root account, so addresses name none."""
    folder = tmp_path_factory.mktemp("school") / "home"
    with outcomes.open(Path(folder), create=True) as home:
        home.ingest(SCHOOL_YEAR)
    with running(folder) as found:
        yield found


@pytest.fixture(scope="module")
def cookie(school: Service) -> str:
    """What lets a browser in."""
    return session(school.link)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """A browser; tests that need one are skipped where there is none."""
    with chromium() as found:
        yield found


@pytest.fixture
def opened(school: Service, cookie: str, browser: Browser) -> Iterator[Opener]:
    """Open a path in a tab of its own. At the end no tab may have complained, nor asked anything of anybody else."""
    with ExitStack() as tabs:

        def open_tab(path: str, **options: Any) -> Page:
            tab = Tab(browser, school.url, cookie, **options)
            tabs.callback(tab.close)
            return tab.open(path)

        yield open_tab
