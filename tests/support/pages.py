"""Pages as a browser asks for them, without one: for what is said, and not how it looks or moves."""

import httpx

from tests.support.service import Service

HTML = {"Accept": "text/html"}


def page(
    school: Service, path: str, rights: str = "tree,students,people,operate", scope: str = "all", **form: str
) -> httpx.Response:
    """Ask for a page with a session of a token, as a browser does; with a form, send that."""
    with httpx.Client(base_url=school.url, timeout=30, headers={**HTML, "Sec-Fetch-Site": "same-origin"}) as browser:
        browser.post("/session", data={"token": school.new_token(rights, scope)})
        return browser.post(path, data=form) if form else browser.get(path)
