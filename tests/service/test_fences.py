"""No token sees a byte beyond its rights and its scope: every route is asked, and every page."""

import itertools
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi.routing import iter_route_contexts

import outcomes
from outcomes.api.access import Access
from outcomes.service.answering import Asked, tag_of
from outcomes.service.application import create_app
from outcomes.service.configuration import Configuration
from outcomes.service.questions import QUESTIONS
from outcomes.service.rendering import Form
from outcomes.store.access.access_file import AccessFile
from outcomes.store.access.rights import Grant, Scope, parse_rights
from tests.support.given import TENANT, account, course, group, lines, link, outcome, result
from tests.support.pages import page
from tests.support.people import SHARD, enrollment, user
from tests.support.service import EVERYTHING, Service, running

HERE, ELSEWHERE = f"tenant:{TENANT},Account:126", "300"
OF_PEOPLE = ("@plover.example", "SIS-", f"{SHARD}00000007700", "enrollment_state")
"""Traces of people that events of results have not: logins, a school's own ids, ids of users, enrollments."""
OF_BOTH = ("16 students gained or lost", '"flipped":16', '"lost":16', "16 students lost")
"""How many flipped in both schools together, as answers and pages count."""
GIVEN: dict[str, tuple[str, ...]] = {
    "context": ("Account:126", "Course:200", "Account:1", "Course:300"),
    "course": ("200", "300"),
    "student": ("pupil3", "stranger3"),
    "outcome": ("7",),
    "id": ("7", "31"),
    "kind": ("outcome", "enrollment", "user"),
    "number": ("1",),
    "name": ("doctor",),
    "edition": ("0",),
    "key": ("wrong",),
}
QUERIES = {
    "/tree": ("context=Account:126", "context=Account:1"),
    "/timeline": (
        "all=true",
        "context=Account:126&all=true",
        "context=Course:200",
        "entity=outcome:7",
        "entity=user:1",
    ),
    "/moments": ("context=Account:126", "context=Account:1"),
    "/diff": ("from=2025-01-01&students=true", "from=2025-01-20&students=true&context=Account:126"),
    "/mastery": ("course=200", "course=300", "limit=50", "student=stranger3"),
    "/explain": ("course=200&student=pupil3&outcome=7", "course=300&student=stranger3&outcome=7"),
    "/history": ("course=200&student=pupil3&outcome=7", "course=300&student=stranger3&outcome=7"),
    "/impact": ("outcome=7",),
    "/class": ("course=200", "course=300"),
    "/late": ("over=1s",),
    "/scales": ("context=Account:126", "context=Course:200"),
    "/friendly_descriptions": ("outcome=7",),
    "/jobs/impact": ("outcome=7",),
    "/jobs/mastery": ("course=200", "course=300", "limit=1"),
}
"""What is asked of a route besides nothing: of what lies in the scope, and of what does not."""
SKIPPED = ("/session", "/enter/", "/head/events", "/jobs/{id}", "/jobs/verify", "/jobs/rebuild", "/access/create")
ROUTES = sorted(
    (method, route.path)
    for route in iter_route_contexts(create_app(Configuration(folder=Path())).routes)
    for method in route.methods or ()
    if route.path and not any(part in route.path for part in SKIPPED)
    # With a tenant before them they are the same pages.
    if "{tenant}" not in (route.path or "")
)


def school() -> Iterator[Any]:
    """Two schools below a district: one outcome of the first is assessed in both, and edited."""
    yield from (account("126", "2025-01-01"), account("127", "2025-01-01"))
    yield from (course("200", "2025-01-01", account="126"), course(ELSEWHERE, "2025-01-01", account="127"))
    yield outcome("7", "2025-01-02", context_id="126", title="Reads maps")
    for context in ("Account:126", "Course:200", "Course:300"):
        number = context[-3:]
        yield group(number, "2025-01-03", context=context)
        yield link(f"7{number}", "2025-01-04", outcome="7", group=number, context=context)
    for number in range(12):
        local_id, name = f"{SHARD}00000007700{number:02}", f"Pupil Person{number}"
        login, time = f"pupil{number}@plover.example", f"2025-02-01T0{number % 9}:10:00Z"
        yield user(local_id, f"pupil{number}", name, login, f"SIS-{number}", "2025-01-05")
        yield enrollment(f"{31 + number}", f"pupil{number}", local_id, name, "2025-01-06")
        yield result(f"{51 + number}", time, student=f"pupil{number}", score=number % 6)
        yield result(f"{81 + number}", time, student=f"stranger{number}", score=4, course=ELSEWHERE)
    yield outcome("7", "2025-03-01", updated="2025-03-01", context_id="126", title="Reads maps", mastery=4.5)


@pytest.fixture(scope="module")
def district(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """A service over both schools; something of it waits in quarantine."""
    folder = tmp_path_factory.mktemp("district") / "home"
    events = folder.with_name("events.ndjson")
    odd = outcome("8", "2025-01-02", context_id={"of": "pupil3@plover.example"}, title="Nobody reads it")
    events.write_bytes(lines(*school(), odd, '{"broken": "pupil3@plover.example"'))
    with outcomes.open(folder, create=True) as home:
        home.ingest(events)
    with running(folder) as found:
        yield found


@pytest.fixture(scope="module")
def tokens(district: Service) -> tuple[str, str]:
    """One without the right `people`, and one with all rights in the first school."""
    return district.new_token("tree,students,operate"), district.new_token(EVERYTHING, HERE)


def answers(service: Service, token: str, method: str, template: str) -> Iterator[tuple[str, httpx.Response]]:
    """Ask a route for all that has a name here, in the scope and out of it."""
    names = [name for name in GIVEN if f"{{{name}}}" in template]
    base = template.removeprefix("/api/v1").rpartition(".")[0] if template.endswith((".csv", "json")) else template
    queries = QUERIES.get(base.removeprefix("/api/v1"), ("",))
    bearer = {"Authorization": f"Bearer {token}", "Sec-Fetch-Site": "same-origin"}
    for values in itertools.product(*(GIVEN[name] for name in names)):
        path = template.format(**dict(zip(names, values, strict=True)))
        for query in queries:
            address = f"{path}?{query}" if query else path
            yield address, service.client.request(method, address, headers=bearer, data=form_of(method, template))


def form_of(method: str, template: str) -> dict[str, str] | None:
    """Return what a page's form would send; posts of the API have no body."""
    return {"q": "p", "id": "0"} if method == "POST" and "/api/" not in template else None


@pytest.mark.parametrize(("method", "template"), ROUTES, ids=str)
def test_without_the_right_people_nothing_tells_of_people(
    district: Service, tokens: tuple[str, str], method: str, template: str
) -> None:
    """Who sees scores and names of students learns no login, no id of a user or of the school's own, no enrollment."""
    for address, found in answers(district, tokens[0], method, template):
        assert found.status_code < 500, (address, found.text)
        assert not [trace for trace in OF_PEOPLE if trace in found.text], address


@pytest.mark.parametrize(("method", "template"), ROUTES, ids=str)
def test_a_token_of_one_school_sees_no_student_of_another(
    district: Service, tokens: tuple[str, str], method: str, template: str
) -> None:
    """Whatever is asked, and however; the counts of whom an edit flipped are of its own students, too."""
    for address, found in answers(district, tokens[1], method, template):
        assert found.status_code < 500, (address, found.text)
        # Who is asked for is told back.
        told = found.text.replace("stranger3", "").replace("student stranger…", "")
        told = told if "stranger3" in address else found.text
        assert "stranger" not in told, address
        assert not [count for count in OF_BOTH if count in found.text], address


def test_whom_an_edit_flipped_is_counted_in_the_scope(district: Service) -> None:
    """Of results at 4 of 5, which the edit failed: four here, twelve in the other school. A job counts as the route."""
    token = district.new_token("tree,students", HERE)
    whole = district.json("/impact?outcome=7")["items"][-1]
    part = district.json("/impact?outcome=7", token)["items"][-1]
    own = [row for row in whole["students"] if row["course_id"] == "200"]
    assert (len(own), whole["flipped"]) == (4, 16)
    assert (part["lost"], part["gained"], part["flipped"], part["students"]) == (4, 0, 4, own)
    moments = [district.json("/moments?context=Account:126", one)["items"][0] for one in (None, token)]
    assert [row["flipped"] for row in moments] == [16, 4]
    begun = district.post("/jobs/impact?outcome=7", b"", token).json()["href"]
    end = time.monotonic() + 20
    while (job := district.json(f"/{begun}", token))["state"] == "running":
        assert time.monotonic() < end
    assert job["result"][-1]["students"] == own
    shown = page(district, "/outcome/7", "tree,students", HERE).text
    assert "4 students lost mastery by it" in shown


def test_what_came_late_of_people_is_told_to_who_may_see_people(district: Service) -> None:
    """Rows of users and enrollments; those of results are told to who may see students."""
    path = f"/late?over=1s&tenant={TENANT}&limit=1000"
    kinds = [
        {row["kind"] for row in district.json(path, district.new_token(rights))["items"]}
        for rights in ("tree,students,people", "tree,students")
    ]
    assert kinds[0] - kinds[1] == {"user", "enrollment"}
    assert "result" in kinds[1]


def test_why_something_could_not_be_read_quotes_nothing_to_who_may_not_read_it(district: Service) -> None:
    """The field is told, and what stands in it only to who may see what came."""
    reasons = [
        " ".join(row["reason"] for row in district.json("/quarantine", token)["items"])
        for token in (None, district.new_token("operate"), district.new_token("operate,students"))
    ]
    assert ["pupil3@plover.example" in reason for reason in reasons] == [True, False, False]
    assert all("body.context_id cannot be" in reason for reason in reasons)


def test_to_ask_by_a_request_needs_the_right_people(district: Service) -> None:
    """As to ask by a name: whoever guesses a request would learn what was done in it."""
    token = district.new_token("tree,students")
    for given in ("actor=x", "request=x"):
        assert district.get(f"/timeline?context=Account:126&{given}", token).status_code == 403


def test_what_is_of_the_whole_home_is_closed_to_a_part(district: Service) -> None:
    """Figures of all that came in, and when anything comes; to bring events in."""
    for scope in (HERE, f"tenant:{TENANT}"):
        token = district.new_token(EVERYTHING, scope)
        for path in ("//metrics", "/inlets", "/head/events", "/status", "/quarantine", "//feed", "//access"):
            assert district.get(path, token).status_code == 403, path
        assert district.post("/events", b"{}", token).status_code == 403
        assert "data-head" not in page(district, "/", "tree", scope).text


def test_figures_of_a_class_are_of_whole_days_on_pages_as_by_routes(district: Service) -> None:
    """Two binders of one day, before and after a result came, are of the same figures; they say of which day."""
    shown = [page(district, f"/binder?c=Course:200&at=2025-02-01T0{hour}:00:00Z", "tree").text for hour in (1, 9)]
    whole = [page(district, f"/binder?c=Course:200&at=2025-02-01T0{hour}:00:00Z").text for hour in (1, 9)]
    stood = [text.partition("How classes stood</h2>")[2].partition("<h2>Words")[0] for text in (*shown, *whole)]
    assert stood[0] == stood[1]
    assert stood[2] != stood[3]
    assert "of the midnight before" in stood[0]
    later = page(district, "/binder?c=Course:200&at=2025-02-02T01:00:00Z", "tree").text
    assert '<td data-label="Assessed">12</td>' in later.partition("How classes stood</h2>")[2]


def test_figures_of_another_midnight_have_another_tag(district: Service) -> None:
    """The same address answers otherwise each day: by yesterday's ETag nobody may keep yesterday's figures."""
    question = next(one for one in QUESTIONS if one.path == "/class")
    nowhere = {"tenant": TENANT, "as_of": None, "known_at": None}
    grant = Grant("", "", parse_rights("tree"), Scope())
    with outcomes.open(district.home) as home, AccessFile(district.home) as access:
        asked = Asked(question, Form.JSON, grant, nowhere, {"course": "200"}, "/class", (), None, access)
        tags = {tag_of(home, asked, {**nowhere, "as_of": f"2025-02-0{day}T00:00:00Z"}) for day in (2, 2, 3)}
    assert len(tags) == 2


def test_pages_do_not_tell_which_schools_there_are(service: Service) -> None:
    """Another school of this service, and one that there is not, are answered in the same words."""
    schools = list(outcomes.open(service.home).tenants)
    mine = service.new_token("tree", f"tenant:{schools[0]}")
    found = [service.get(f"//{name}/tree/Account:1", mine) for name in (schools[1], "nobody")]
    assert [one.status_code for one in found] == [404, 404]
    assert all("There is no such page here" in one.text for one in found)
    assert schools[1] not in service.get("//nobody/tree/Account:1", mine).text


def test_of_an_erased_person_a_part_learns_its_own_courses_only(tmp_path: Path) -> None:
    """Not that somebody who was never in its courses was erased, nor why, nor how classes elsewhere stood."""
    folder, events = tmp_path / "home", tmp_path / "events.ndjson"
    events.write_bytes(lines(*school()))
    with outcomes.init(folder, encrypt=True) as home:
        home.ingest(events)
        for student in ("pupil3", "stranger3"):
            home.erase(student=student, reason="asked to by letter")
    with running(folder) as service:
        own = page(service, "/why/200/pupil3/7", scope=HERE)
        other = page(service, "/why/200/stranger3/7", scope=HERE)
        never = page(service, "/why/200/stranger99/7", scope=HERE)
        assert (own.status_code, other.status_code, never.status_code) == (410, 200, 200)
        assert "asked to by letter" in own.text
        assert other.text.replace("stranger3", "").replace("/", "") == never.text.replace("stranger99", "").replace(
            "/", ""
        )
        assert page(service, "/why/200/stranger3/7").status_code == 410


def test_whoever_makes_tokens_sees_them_and_gives_no_more_than_they_have(service: Service) -> None:
    """In a home of several schools, with `admin` alone: the secret is shown, and no right is given that one lacks."""
    admin = service.new_token("admin,operate")
    ours = {"Sec-Fetch-Site": "same-origin", "Content-Type": "application/x-www-form-urlencoded"}
    with Access(service.home) as access:
        before = len(access.tokens())
    for body in (b"right_ingest=1&label=x", b"right_admin=1&right_tree=1&label=x"):
        refused = service.post("//access/create", body, admin, **ours)
        assert (refused.status_code, "cannot give it" in refused.text) == (403, True)
    made = service.post("//access/create", b"right_operate=1&label=x", admin, **ours)
    assert made.status_code == 200
    secret = made.text.partition("<pre>")[2].partition("</pre>")[0]
    assert service.get("/status", secret).status_code == 200
    with Access(service.home) as access:
        assert len(access.tokens()) == before + 1
    for path in ("//access", "//feed"):
        assert service.get(path, admin).status_code == 200
    assert "choose one" in service.get("//feed").text
