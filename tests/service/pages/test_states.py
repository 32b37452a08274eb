"""What is shown where there is little to show, or nothing, or not all: always why, and what to do."""

import re
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Browser, expect

import outcomes
from outcomes.cli.commands.demo import COURSE, OUTCOME, SCHOOLS, STUDENT, TEN_EVENTS
from tests.service.pages.conftest import Opener
from tests.support.browser import Tab, session
from tests.support.given import lines, link, outcome, result, user
from tests.support.pages import HTML, page
from tests.support.service import Service, running


def test_who_is_not_known_is_told_how_to_come_in(school: Service) -> None:
    """A form for a token leads back to what was asked for; nothing of it is shown before."""
    found = httpx.get(f"{school.url}/tree/Account:1?at=2025-10-20", headers=HTML)
    assert found.status_code == 401
    assert "You are not known here yet" in found.text
    assert 'value="/tree/Account:1?at=2025-10-20"' in found.text
    assert "Water" not in found.text


def test_whose_visit_has_ended_is_told_so(school: Service) -> None:
    """A browser that still has its cookie was in before: it is said why it must come in again, to people."""
    cookies = {"outcomes": "of a visit that is over"}
    found = httpx.get(f"{school.url}/tree/Account:1?at=2025-10-20", headers=HTML, cookies=cookies)
    assert found.status_code == 401
    assert "Your visit here has ended" in found.text
    assert "A visit ends after two hours" in found.text
    assert "Bearer" not in found.text
    assert 'value="/tree/Account:1?at=2025-10-20"' in found.text


def test_a_browser_comes_in_with_a_token_and_leaves(school: Service, browser: Browser) -> None:
    """On a computer that others use, too: a button on every page ends the visit, and nothing is shown after it."""
    tab = Tab(browser, school.url)
    page = tab.open("/keys")
    page.get_by_label("Your token").fill(school.new_token("tree"))
    page.get_by_role("button", name="Come in").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Help")
    page.get_by_role("button", name="Leave").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("You are not known here yet")
    expect(tab.open("/keys").get_by_label("Your token")).to_be_visible()
    tab.context.close()


def test_a_missing_right_is_named(school: Service) -> None:
    """Without the right to see students nothing of them is shown, on no screen, and it is said what is missing."""
    refused = page(school, f"/course/{COURSE}", "tree")
    assert refused.status_code == 403
    assert "needs the right students" in refused.text
    assert "Whoever runs this service can give you a wider access" in refused.text
    tree = page(school, "/tree/Account:1?at=2025-10-20T17:55:40.821Z", "tree")
    assert tree.status_code == 200
    assert "mastery points" in tree.text
    assert "lost mastery" not in tree.text
    assert "anouk34" not in tree.text
    assert "an account admin" in tree.text
    for path in ("/feed", "/access"):
        assert page(school, path, "tree").status_code == 403


def test_a_part_of_a_school_sees_its_part(school: Service) -> None:
    """A token of one course shows that course; another place is refused, and is in no list."""
    scope = f"tenant:{SCHOOLS},Course:{COURSE}"
    assert page(school, f"/course/{COURSE}", "tree,students", scope).status_code == 200
    assert page(school, "/tree/Account:1", "tree,students", scope).status_code == 403
    start = page(school, "/", "tree,students", scope)
    assert start.status_code == 200
    assert "4453" not in start.text


@pytest.mark.parametrize(
    ("path", "status", "words"),
    [
        ("/tree/Account:1?at=2020-01-01", 200, "The first change that we know of is of"),
        ("/tree/Account:999", 200, "Nothing is known of account 999: its number may be mistyped"),
        ("/scale/Account:999", 200, "Nothing is known of account 999: its number may be mistyped"),
        ("/course/999", 200, "Canvas sends a result once work is marked that is aligned with an outcome"),
        ("/course/²", 200, "Nothing is known of course ²"),
        ("/course/Course:4450", 200, "Nothing is known of course Course:4450"),
        (f"/why/{COURSE}/{STUDENT}/99", 200, "Why is there no score?"),
        (f"/student/{STUDENT}?course=99", 200, "No score in this course at this time"),
        ("/tree/Account:1?q=zzz", 200, "Show the whole tree"),
        ("/changes/Account:1?field=ratings&until=2020-01-01", 200, "No change passes these filters"),
        ("/?at=2025-10-20", 200, "what is found is as it was on 20 October 2025"),
        ("/changes/Course:4450?at=2025-10-20T23:59:59.999Z", 200, "Explains a season of rainfall"),  # below work
        (f"/course/{COURSE}?at=2020-01-01", 200, "Nobody had a score in this course at this time"),
        (f"/student/{STUDENT}?at=2020-01-01", 200, "No score at this time"),
        ("/outcome/10449?known=0", 200, "this log had not heard of it"),
        (f"/student/{STUDENT}?known=0", 200, "this log had not heard of it"),
        ("/outcome/10449?known=0&cite=1", 200, "To cite this view"),
        ("/student/nobody", 404, "Nobody of this id was assessed"),
        (f"/why/{COURSE}/{STUDENT}/{OUTCOME}?at=2020-01-01", 200, "has no result for this outcome"),
        ("/outcome/424242", 404, "No event that we know of has told of outcome 424242"),
        ("/outcome/10449?at=2020-01-01", 200, "At this time it was not there yet"),
        ("/tree/Account:1?at=2031-01-01", 200, "Nothing has happened since the last event before this time"),
        ("/tree/Account:1?at=tomorrow", 400, "Not a time"),
        ("/tree/Nowhere", 400, "There is no such place: a place is an account or a course with its number"),
        ("/feed/quarantine/999", 404, "No piece 999 is in quarantine"),
        ("/nowhere", 404, "There is no such page here"),
        ("/nowhere/", 404, "There is no such page here"),
        ("/a/b/c/d", 404, "Nothing is known of this here"),
    ],
)
def test_where_there_is_nothing_it_is_said_why(school: Service, path: str, status: int, words: str) -> None:
    """Empty, too early, too late, filtered away, mistyped, unknown: each says what it is, and leads on."""
    found = page(school, path)
    assert found.status_code == status
    assert words in found.text
    assert re.search(r'<a [^>]*href="/', found.text)


def test_an_empty_home_says_how_events_come_in(tmp_path: Path) -> None:
    """Three ways, to copy, and the sample."""
    with outcomes.open(tmp_path / "home", create=True), running(tmp_path / "home") as service:
        found = page(service, "/")
        assert found.status_code == 200
        for words in ("Nothing has come in yet", "outcomes ingest", "/events/in/KEY", "/api/v1/events", "demo"):
            assert words in found.text


def test_an_empty_home_says_so_on_every_screen(tmp_path: Path) -> None:
    """No screen fails; each leads to where it is told how events come in."""
    with outcomes.open(tmp_path / "home", create=True), running(tmp_path / "home") as service:
        for path in ("/tree/Account:1", "/changes/Account:1", "/course/5", "/scale/Account:1", "/places", "/keys"):
            found = page(service, path)
            assert found.status_code == 200, path
            assert path == "/keys" or "Nothing is known" in found.text or "No event has told" in found.text, path


def test_a_class_without_a_scale_says_what_is_missing(tmp_path: Path) -> None:
    """A result whose outcome no event described is not called "not assessed": its scale is unknown, and how to tell."""
    with outcomes.open(tmp_path / "home", create=True) as home:
        (tmp_path / "events.ndjson").write_bytes(
            lines(
                link("1", "2025-09-01T08:00:00Z", group="2", outcome="7", context="Course:200"),
                result("3", "2025-10-01T08:00:00Z", outcome="7"),
            )
        )
        home.ingest(tmp_path / "events.ndjson")
    with running(tmp_path / "home") as service:
        course = page(service, "/course/200").text
        assert "scale unknown" in course
        assert "Save these outcomes once in Canvas" in course
        assert 'href="/scale/Course:200"' in course
        why = page(service, "/why/200/studentAda/7").text
        assert "no event has told from how many points on this is mastered" in why
        assert "not assessed" not in why


def test_titles_that_answers_made_up_are_said_by_the_names_of_places(school: Service) -> None:
    """Nobody must know what Account:1 is to read who changed its scale, on the line and in the list."""
    for path in ("/tree/Account:1", f"/course/{COURSE}"):
        told = page(school, path).text
        assert re.search(r"the mastery scale of (Alderfen Community Schools|Lower School)", told), path
        assert not re.search(r"(Mastery scale|Calculation method) of (Account|Course):", told), path


def test_of_several_schools_one_is_chosen(tmp_path: Path) -> None:
    """Ids mean something else in each, so nothing is shown before; then addresses hold the school."""
    with outcomes.open(tmp_path / "home", create=True) as home:
        home.ingest(TEN_EVENTS, Path(TEN_EVENTS).with_name("school-year.ndjson.gz"))
    with running(tmp_path / "home") as service:
        found = page(service, "/")
        assert found.status_code == 200
        assert "Alderfen Community Schools" in found.text
        assert page(service, "/tree/Account:1").status_code == 400
        assert page(service, f"/{SCHOOLS}/tree/Account:1").status_code == 200
        assert page(service, "/elsewhere/tree/Account:1").status_code == 404


def test_citations_tell_of_another_log(school: Service) -> None:
    """A link that was made of another log says so."""
    found = page(school, "/tree/Account:1?at=2025-10-20&known=100&fp=000000000000&log=12ab12ab")
    assert "This citation is of another log" in found.text


def test_the_second_clock_takes_a_citation(school: Service, opened: Opener) -> None:
    """Pasted from a report, words or link set what was known; of another log, or none at all, they are refused."""
    tab = opened("/tree/Account:1?at=2025-10-20T17:55:40.821Z&known=1200&cite=1")
    cited = tab.locator("#citation-text").inner_text()
    assert "known at position 1200 of log" in cited
    tab.goto("/changes/Account:1?at=2025-12-01")
    tab.locator(".clock > summary").nth(1).click()
    tab.locator("#citation-of").fill(cited)
    tab.locator(".clock").nth(1).get_by_role("button", name="Show").last.click()
    assert "as we knew it after event 1,200" in tab.locator(".sentence").inner_text()
    assert tab.url.endswith("/changes/Account:1?at=2025-12-01T00:00:00.000Z&known=1200")
    with httpx.Client(base_url=school.url, headers={**HTML, "Sec-Fetch-Site": "same-origin"}) as browser:
        browser.post("/session", data={"token": school.new_token("tree")})
        for text, words in (("known at position 7 of log 12ab12ab", "another log"), ("a letter", "no citation")):
            refused = browser.post("/known", data={"citation": text, "back": "/tree/Account:1"})
            assert (refused.status_code, words in refused.text) == (400, True)
        away = browser.post("/known", data={"citation": "known=7", "back": "https://elsewhere.example/tree"})
        assert away.headers["location"] == "/tree?known=7"


def test_an_outcome_has_words_for_students(school: Service) -> None:
    """Friendly descriptions stand with the place that has them, as they were at the time."""
    words = "I can model a season of rainfall records from a given starting point. And I can show how."
    assert words in page(school, "/outcome/10467?at=2025-09-10").text
    assert "In words for students" not in page(school, "/outcome/10467?at=2025-10-10").text


def test_results_open_beside_their_scores(school: Service) -> None:
    """A column for each assignment and quiz, the oldest first; on the student's page below the picture."""
    grid = page(school, f"/course/{COURSE}?cols={OUTCOME}").text
    assert re.findall(
        r'class="result" title="in Canvas: /courses/4450/(?:assignments|quizzes)/\d+">([^<]*)<', grid
    ) == [
        "“Workshop piece 7”",
        "“Case file 9”",
        "Quiz 10259",
        "“Poster 1”",
        "“Draft and revision 4”",
        "Quiz 10261",
    ]
    own = re.search(rf'<th scope="row"><a href="/student/{STUDENT}.*?</tr>', grid, re.DOTALL)
    assert own is not None
    assert re.findall(r">([^<]*)<span class=\"was\">([^<]*)<", own[0])[-1] == ("3", "75 %")
    assert "3 of 5" in page(school, f"/student/{STUDENT}").text


def test_data_is_beside_each_view(school: Service) -> None:
    """The same path with .csv, .json and .ndjson, at the same times."""
    csv = page(school, "/tree/Account:1.csv?at=2025-10-20T17:55:40.821Z")
    assert csv.headers["content-type"].startswith("text/csv")
    assert "Explains a season of rainfall records" in csv.text
    assert page(school, f"/course/{COURSE}.json").json()["items"]
    assert page(school, "/changes/Account:1.ndjson").text.count("\n") > 40
    moved = page(school, "/changes/Account:1.json?kind=link&since=2025-11-01").json()["items"]
    assert {row["kind"] for row in moved} == {"link"}
    of_course = page(school, "/changes/Course:4450.json").json()["items"]
    assert {row["kind"] for row in of_course} == {"group", "link", "outcome"}


def test_who_looked_is_recorded(school: Service) -> None:
    """A page that tells of students leaves a row, also when its answers were asked a moment before."""
    for _ in range(2):
        page(school, f"/why/{COURSE}/{STUDENT}/{OUTCOME}")
    found = page(school, "/access", "admin,tree,students")
    assert found.text.count("Why a score is so") >= 2


def test_writes_come_from_our_pages_only(school: Service, cookie: str) -> None:
    """A form of another site does nothing."""
    for path in ("/feed/retry", "/access/create", "/search"):
        cookies = {"outcomes": cookie}
        foreign = httpx.post(f"{school.url}{path}", cookies=cookies, headers={"Sec-Fetch-Site": "cross-site"})
        assert foreign.status_code in {401, 403}


def test_colours_can_be_chosen_and_are_kept(opened: Opener, school: Service) -> None:
    """Light, dark or as the system: in a cookie, and only by a path of ours."""
    tab = opened("/keys")
    tab.get_by_role("link", name="dark").click()
    assert tab.locator("html").get_attribute("data-scheme") == "dark"
    assert tab.evaluate("() => getComputedStyle(document.body).backgroundColor") == "rgb(18, 22, 28)"
    tab.get_by_role("link", name="as the system").click()
    assert tab.locator("html").get_attribute("data-scheme") is None
    refused = httpx.get(f"{school.url}/keys", headers={"Accept": "text/html"}, cookies={"scheme": "dark"})
    assert (refused.status_code, '<html lang="en" data-scheme="dark">' in refused.text) == (401, True)


def test_very_long_names_leave_a_class_readable(tmp_path: Path, browser: Browser) -> None:
    """Whatever somebody is called, or pasted as a title: the first scores stand in sight, on a phone, too."""
    name, title = "Hohenlohe-Waldenburg-Schillingsfürst " * 5, "Explains all that the standard asks for, and why. " * 8
    (tmp_path / "events.ndjson").write_bytes(
        lines(
            outcome("7", "2025-09-01T08:00:00Z", title=title),
            link("1", "2025-09-01T08:00:00Z", group="2", outcome="7", context="Course:200"),
            result("3", "2025-10-01T08:00:00Z", outcome="7"),
            {**user("2025-09-01T08:00:00Z"), "body": {**user("2025-09-01T08:00:00Z")["body"], "name": name}},
        )
    )
    with outcomes.open(tmp_path / "home", create=True) as home:
        home.ingest(tmp_path / "events.ndjson")
    with running(tmp_path / "home") as service:
        tab = Tab(browser, service.url, session(service.link))
        for width, most in ((1280, 240), (390, 140)):
            tab.page.set_viewport_size({"width": width, "height": 800})
            page = tab.open("/course/200")
            of_student, of_class = (page.locator(f"#grid {part}").bounding_box() for part in ("tbody th", "thead"))
            assert of_student is not None
            assert of_class is not None
            assert (of_student["width"] < most, of_student["height"] < 100, of_class["height"] < 300) == (True,) * 3
        tab.close()


def test_a_class_of_many_outcomes_is_printed_whole(tmp_path: Path, browser: Browser) -> None:
    """What runs out of a page is lost on paper: it lies across, its heads upright, every outcome on the page."""
    numbers = [str(number) for number in range(1, 31)]
    told = [
        [
            outcome(number, "2025-09-01T08:00:00Z", title=f"Explains what is asked for under number {number}"),
            link(number, "2025-09-01T08:00:00Z", group="2", outcome=number, context="Course:200"),
            result(number, "2025-10-01T08:00:00Z", outcome=number),
        ]
        for number in numbers
    ]
    (tmp_path / "events.ndjson").write_bytes(lines(*(event for events in told for event in events)))
    with outcomes.open(tmp_path / "home", create=True) as home:
        home.ingest(tmp_path / "events.ndjson")
    with running(tmp_path / "home") as service:
        tab = Tab(browser, service.url, session(service.link))
        page = tab.open("/course/200")
        width, height = map(
            float, re.findall(rb"/MediaBox \[0 0 (\S+) (\S+)\]", page.pdf(prefer_css_page_size=True))[0]
        )
        assert width > height
        page.emulate_media(media="print")
        page.set_viewport_size({"width": round((width - 91) * 96 / 72), "height": 600})
        assert page.locator("#grid thead tr").first.locator("th").count() == len(numbers) + 1
        assert page.locator("#grid").evaluate("(grid) => grid.scrollWidth <= grid.parentElement.clientWidth")
        tab.close()
