"""The feed: what came, what could not be read and what to do about it, and long work with its progress."""

import re

import httpx
from playwright.sync_api import expect

from tests.service.pages.conftest import Opener
from tests.support.service import Service

HOSTILE = b'<script>document.title = "rendered"</script>\x00\xff "\xe2\x80\xae'


def test_it_says_whether_somebody_should_look(opened: Opener) -> None:
    """The sample has seven pieces that are no events: the feed says so first, with why each could not be read."""
    page = opened("/feed")
    expect(page.locator(".verdict")).to_contain_text("Somebody should look here")
    expect(page.locator(".verdict")).to_contain_text("could not be read")
    expect(page.locator("main")).to_contain_text("the JSON value is cut off")
    expect(page.locator("#checkpoint")).to_have_text(re.compile(r"^outcomes-checkpoint:\d+:[0-9a-f]{64}"))
    expect(page.locator("main")).to_contain_text("learning outcome result created")
    expect(page.locator(".minutes figcaption")).to_contain_text("1,478 events")


def test_what_could_not_be_read_is_shown_as_text_and_dismissed_for_a_reason(school: Service, opened: Opener) -> None:
    """Bytes that would be a script, or hide, are text; what is dismissed is out of the counts, and its record stays."""
    assert school.post("/events", HOSTILE).json()["quarantined"] == 1
    number = school.json("/quarantine?newest_first=true&limit=1")["items"][0]["number"]
    page = opened(f"/feed/quarantine/{number}", java_script_enabled=False)
    expect(page).to_have_title(re.compile(f"Piece {number} "))
    shown = page.locator("pre").inner_text()
    assert '<script>document.title = "rendered"</script>\\x00\\xff "\\u202e' in shown
    page.get_by_label("because").fill("a test of ours")
    page.get_by_role("button", name="Dismiss").click()
    expect(page.get_by_role("status").first).to_contain_text(f"Piece {number} is dismissed")
    page.goto(f"/feed/quarantine/{number}")
    expect(page.locator("main")).to_contain_text("dismissed, because: a test of ours")
    assert page.get_by_role("button", name="Dismiss").count() == 0
    page.goto("/feed")
    page.get_by_role("button", name="Read all of it again").click()
    expect(page.get_by_role("status").first).to_contain_text("0 events came in by it")


def test_the_log_is_proved_while_one_looks(opened: Opener) -> None:
    """A job that is begun tells how far it is, and at its end what it found."""
    page = opened("/feed")
    page.get_by_role("button", name="Prove that the log is whole").click()
    run = page.locator(".run").first
    expect(run.get_by_text(re.compile("Show what came of it|The log is whole"))).to_be_visible()
    if run.get_by_text("Show what came of it").count():
        run.get_by_text("Show what came of it").click()
    expect(page.locator(".run").first).to_contain_text("The log is whole: 1,478 events")


def test_what_is_missing_is_told_with_what_to_do(opened: Opener) -> None:
    """The doctor's findings, in words; works without scripts: one asks how far it is."""
    page = opened("/feed", java_script_enabled=False)
    page.get_by_role("button", name="Look for what is missing or at odds").click()
    for _ in range(40):
        if page.locator(".finding").count():
            break
        page.get_by_role("link", name="How far is it?").or_(page.locator(".organisation")).first.click()
        page.goto("/feed")
    expect(page.locator(".finding").first).to_contain_text("order conflicts")
    page.locator(".finding summary").first.click()
    expect(page.locator(".finding").first).to_contain_text("Compare the entity with Canvas")


def test_only_who_may_operates_and_only_from_our_pages(school: Service) -> None:
    """The feed needs `operate`, raw bytes `students` and `people`, too; and no other site posts here."""
    assert school.get("//feed", school.new_token("tree")).status_code == 403
    operator = school.new_token("tree,operate")
    assert school.get("//feed", operator).status_code == 200
    assert school.get("//feed/quarantine/1", operator).status_code == 403
    with httpx.Client(base_url=school.url, cookies={"outcomes": session_of(school)}, timeout=30) as other:
        for path in ("/feed/retry", "/feed/quarantine/1/dismiss", "/feed/jobs/rebuild", "/access/create"):
            assert other.post(path, headers={"Sec-Fetch-Site": "cross-site"}).status_code in {401, 403}
    assert school.json("/quarantine/1")[0]["dismissed_at"] is None
    assert "nonsense" not in school.get("//feed?done=nonsense").text


def session_of(school: Service) -> str:
    """Return the cookie of a session that a token opens."""
    found = httpx.post(
        f"{school.url}/session", data={"token": school.token}, headers={"Sec-Fetch-Site": "same-origin"}, timeout=30
    )
    return found.cookies["outcomes"]
