"""The page as people see it: in the system's own Chromium, driven by Playwright."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx
import pytest
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

CHROMIUM = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser")
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
WAIT_MS = 10_000


@contextmanager
def chromium() -> Iterator[Browser]:
    """Give a browser, or skip, saying so, where there is none."""
    if CHROMIUM is None:
        pytest.skip("no Chromium on this machine: apt-get install chromium, or name it with CHROMIUM=…")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS, timeout=60_000)
        try:
            yield browser
        finally:
            browser.close()


class Tab:
    """One tab of somebody who was let in; it notes what the console says and what is asked of others."""

    def __init__(self, browser: Browser, url: str, cookie: str | None = None, **options: Any) -> None:
        self.url = url
        self.context: BrowserContext = browser.new_context(base_url=url, **options)
        if cookie is not None:
            self.context.add_cookies([{"name": "outcomes", "value": cookie, "url": url}])
        self.context.set_default_timeout(WAIT_MS)
        self.page: Page = self.context.new_page()
        self.errors: list[str] = []
        self.elsewhere: list[str] = []
        self.page.on("console", lambda said: self.errors.append(said.text) if said.type == "error" else None)
        self.page.on("pageerror", lambda error: self.errors.append(str(error)))
        self.page.on("request", self._asked)

    def _asked(self, request: Any) -> None:
        if not request.url.startswith((self.url, "data:")):
            self.elsewhere.append(request.url)

    def open(self, path: str) -> Page:
        """Open a page of the service, and wait until it stands."""
        self.page.goto(path, wait_until="load")
        return self.page

    def close(self) -> None:
        """Close the tab, and check that it had nothing to complain of."""
        self.context.close()
        assert self.errors == []
        assert self.elsewhere == []


def session(link: str) -> str:
    """Use a one-time link, and return the cookie that it sets."""
    return httpx.get(link, timeout=30).cookies["outcomes"]
