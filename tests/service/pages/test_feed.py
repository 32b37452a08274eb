"""The feed: what came, what could not be read and what to do about it, and long work with its progress."""

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import expect

from outcomes.cli.commands.demo import COURSE, SCHOOLS
from outcomes.domain.times import micros, moment_text
from outcomes.service.pages.feed_words import reason_words
from tests.service.pages.conftest import Opener
from tests.support.given import outcome
from tests.support.pages import page as asked
from tests.support.service import Service, running
from tests.support.world import World

HOSTILE = b'<script>document.title = "rendered"</script>\x00\xff "\xe2\x80\xae'


def test_it_says_whether_somebody_should_look(opened: Opener) -> None:
    """The sample has seven pieces that are no events: the feed says so first, with why each could not be read."""
    page = opened("/feed")
    expect(page.locator(".verdict")).to_contain_text("Somebody should look here")
    expect(page.locator(".verdict")).to_contain_text("could not be read")
    expect(page.locator(".verdict")).to_contain_text("is missing in all answers until somebody sees to")
    expect(page.locator("main")).to_contain_text("It came broken or cut off: nobody can mend it here")
    expect(page.locator("main")).to_contain_text("the JSON value is cut off")
    expect(page.locator("#checkpoint")).to_have_text(re.compile(r"^outcomes-checkpoint:\d+:[0-9a-f]{64}"))
    expect(page.locator("main")).to_contain_text("a student got a result")
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
    # What could be read now would come in, and who came by the link may only read.
    assert page.get_by_role("button", name="Read all of it again").count() == 0


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
    expect(page.locator(".finding").first).to_contain_text("change of which it is in doubt what came first")
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


def test_late_is_what_came_late_since_a_time_that_one_chooses(tmp_path: Path) -> None:
    """A day, a week, a month or all: what was loaded on the day the log began is history, and is not judged."""
    now = datetime.now(UTC)
    world = World(tmp_path / "home")
    for days, number in ((40, "1"), (20, "2"), (3, "3")):
        world.clock = micros(now - timedelta(days=days))
        world.take(outcome(number, moment_text(now - timedelta(days=100)), title=f"Told {days} days ago"))
    told = {}
    with running(tmp_path / "home") as service:
        for since in ("day", "week", "month", "all", "nonsense"):
            late = asked(service, f"/feed?late={since}").text.partition('id="late"')[2]
            told[since] = set(re.findall(r"Told (\d+) days ago", late))
            assert "It was loaded from files, so it is history" in late
        assert "told 97 days late" in late or "told 3 months late" in asked(service, "/feed?late=all").text
        assert "it changed 1 line of the tree" in asked(service, "/feed?late=all").text
        assert "needs the right “students”" in asked(service, "/feed", "operate,tree").text
    assert told == {"day": set(), "week": {"3"}, "month": {"3", "20"}, "all": {"3", "20"}, "nonsense": set()}


def test_a_course_says_that_something_about_it_could_not_be_read(school: Service) -> None:
    """By the raw text, where that names the course: how many to everyone, which ones to those who may read them."""
    told = asked(school, f"/course/{COURSE}").text
    found = re.search(r"(\d+) messages about this course could not be read", told)
    assert found is not None
    assert len(re.findall(r'href="/feed/quarantine/\d+">piece', told)) == int(found[1])
    for number in re.findall(r'href="/feed/quarantine/(\d+)">piece', told):
        assert f"_id&#34;:&#34;{COURSE}&#34;" in asked(school, f"/feed/quarantine/{number}").text
    scope = f"tenant:{SCHOOLS},Course:{COURSE}"
    teacher = asked(school, f"/course/{COURSE}", "tree,students", scope).text
    assert f"{found[1]} messages about this course could not be read" in teacher
    assert "whoever looks after the feed can see to them" in teacher
    assert "/feed/quarantine" not in teacher


@pytest.mark.parametrize(
    ("reason", "words"),
    [
        ("the JSON value is cut off", "it came broken or cut off"),
        ("not JSON: str is not valid UTF-8: surrogates not allowed", "it came broken or cut off"),
        ("no event_name in the metadata", "it does not say what happened"),
        ("no tenant: metadata.root_account_uuid is absent or not text", "it does not say of which school it is"),
        ("learning_outcome_result_created: metadata.event_time cannot be ''", "its time cannot be read"),
        ("learning_outcome_result_created: body.id is absent", "something that it must say is missing"),
        ("learning_outcome_result_created: body.score cannot be 'excellent'", "a field holds what it cannot hold"),
        ("event_time 2031-01-01T00:00:00.000Z is more than a day in the future", "it is dated in the future"),
        (
            "its host 'beta.example' is none of the hosts that outcomes settings set hosts has named",
            "it is from a Canvas that does not count here",
        ),
        ("what no version has said so far", "it could not be understood"),
    ],
)
def test_why_something_could_not_be_read_is_said_in_plain_words(reason: str, words: str) -> None:
    """With what helps; what the reader of the file said stays beside it."""
    found = reason_words(reason)
    assert found.words == words
    assert found.help
