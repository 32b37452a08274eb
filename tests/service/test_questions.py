"""Every question by HTTP is that of the command line: the same words, the same answer."""

import json
import random
from urllib.parse import parse_qsl, quote, urlencode, urlsplit

import pytest

import outcomes
from outcomes.cli.commands.demo import COURSE, OUTCOME, POLICY_CHANGED, SCHOOLS, STUDENT
from outcomes.service.questions import QUESTIONS
from tests.support.command import Outcomes
from tests.support.service import Service

AT = {"tenant": SCHOOLS}
CASES: dict[str, tuple[str, dict[str, str], tuple[str, ...]]] = {
    "tree": ("/tree", {"context": "Account:1", "include_deleted": "true"}, ()),
    "timeline": ("/timeline", {"context": "Account:1", "limit": "25", "newest_first": "true"}, ()),
    "moments": ("/moments", {"context": "Account:1", "limit": "20"}, ()),
    "diff": ("/diff", {"context": "Account:1", "from": "2025-09-01", "students": "true"}, ()),
    "mastery": ("/mastery", {"course": COURSE, "limit": "1000"}, ()),
    "explain": ("/explain", {"course": COURSE, "student": STUDENT, "outcome": OUTCOME}, ()),
    "history": ("/history", {"course": COURSE, "student": STUDENT, "outcome": OUTCOME}, ()),
    "impact": ("/impact", {"outcome": POLICY_CHANGED}, (POLICY_CHANGED,)),
    "class": ("/class", {"course": COURSE}, ()),
    "late": ("/late", {"over": "2d", "limit": "5"}, ()),
    "digest": ("/digest", {}, ()),
    "settings": ("/settings", {}, ("list",)),
    "show": (f"/show/outcome/{POLICY_CHANGED}", {}, ("outcome", POLICY_CHANGED)),
    "blame": (f"/blame/outcome/{POLICY_CHANGED}", {}, ("outcome", POLICY_CHANGED)),
    "log": ("/log", {"limit": "7", "after": "100"}, ()),
}
OF_PYTHON: dict[str, dict[str, str]] = {
    "places": {},
    "scales": {"context": "Account:1"},
    "students": {},
    "friendly_descriptions": {"outcome": "10467"},
}
"""Questions that have a method and no command."""
IN_THE_PATH = {"impact", "show", "blame", "settings"}


def options(given: dict[str, str]) -> list[str]:
    """Return parameters of a route as the options of a command."""
    words = []
    for name, value in given.items():
        option = f"--{name.replace('_', '-')}"
        words += [option] if value == "true" else [option, value]
    return words


def point() -> dict[str, str]:
    """Return a random point at which the sample knows something."""
    chosen = random.Random(20261126)  # noqa: S311 - the same in each run
    month, position = chosen.randrange(1, 6), chosen.randrange(1200, 1488)
    return {**AT, "as_of": f"2026-0{month}-15T08:00:00Z", "known_at": str(position)}


def test_no_question_is_left_out_of_the_law() -> None:
    """A route that is added must be compared with its command, too; those of the whole home are below."""
    assert {question.name for question in QUESTIONS} - {"status", "quarantine", *OF_PYTHON} == set(CASES)


@pytest.mark.parametrize("command", CASES)
def test_an_answer_is_that_of_the_command(service: Service, command: str) -> None:
    """The body of a route is the command's JSON; a list is its items."""
    path, given, arguments = CASES[command]
    at = AT if command == "settings" else point()
    if command == "impact":
        at = {**at, "as_of": "2026-06-30"}
    found = service.json(f"{path}?{urlencode({**given, **at})}")
    own = [] if command in IN_THE_PATH else options(given)
    wanted = Outcomes(service.home).json(command, *arguments, *own, *options(at))
    assert (found["items"] if isinstance(wanted, list) else found) == wanted
    assert wanted


@pytest.mark.parametrize("name", OF_PYTHON)
def test_what_has_no_command_is_answered_as_in_python(service: Service, name: str) -> None:
    """The items are what the method says."""
    with outcomes.open(service.home) as home:
        wanted = getattr(home.at("2025-09-02", tenant=SCHOOLS), name)(**OF_PYTHON[name]).as_json()
    asked = {**OF_PYTHON[name], **AT, "as_of": "2025-09-02"}
    assert service.json(f"/{name}?{urlencode(asked)}")["items"] == wanted
    assert wanted


def test_the_home_is_told_as_the_commands_tell_it(service: Service) -> None:
    """Status and quarantine, too, are those of the command line."""
    command = Outcomes(service.home)
    told = service.json("/status")
    wanted = command.json("status")
    moving = {"clock_behind_seconds", "bytes", "files", "sizes"}
    assert {name: told[name] for name in told if name not in moving} == {
        name: wanted[name] for name in wanted if name not in moving
    }
    listed = service.json("/quarantine")["items"]
    assert listed == command.json("quarantine", "list")
    number = listed[0]["number"]
    assert service.json(f"/quarantine/{number}") == command.json("quarantine", "show", str(number))


@pytest.mark.parametrize("form", ["csv", "ndjson"])
@pytest.mark.parametrize("command", ["tree", "timeline", "mastery", "log", "show"])
def test_the_other_forms_are_those_of_the_command(service: Service, command: str, form: str) -> None:
    """`.csv` and `.ndjson` beside a path are the rows that `--format` writes."""
    path, given, arguments = CASES[command]
    own = [] if command in IN_THE_PATH else options(given)
    found = service.get(f"{path}.{form}?{urlencode({**given, **AT})}")
    wanted = Outcomes(service.home)(command, *arguments, *own, *options(AT), "--format", form)
    assert found.content == wanted.out
    assert wanted.out


@pytest.mark.parametrize("path", ["timeline", "mastery", "moments"])
def test_csv_without_rows_has_its_heading(service: Service, path: str) -> None:
    """The same as with rows."""
    name = "course" if path == "mastery" else "context"
    full, empty = (
        service.get(f"/{path}.csv?{name}={'' if name == 'course' else 'Course:'}{course}&tenant={SCHOOLS}").text
        for course in (COURSE, "9")
    )
    assert len(full.splitlines()) > 1
    assert empty.splitlines() == full.splitlines()[:1]


def test_pages_put_together_are_the_whole(service: Service) -> None:
    """`next` is the key with which a list goes on, until it is null; a link says the same."""
    whole = service.json(f"/timeline?context=Account:1&tenant={SCHOOLS}&limit=10000")
    parts, after = [], ""
    while True:
        page = service.get(f"/timeline?context=Account:1&tenant={SCHOOLS}&limit=70{after}")
        parts += page.json()["items"]
        if page.json()["next"] is None:
            break
        after = "&" + urlencode({"after": page.json()["next"]})
        assert page.links["next"]["url"].endswith(after)
    assert parts == whole["items"]
    assert len(parts) > 140
    assert whole["next"] is None


def test_an_unchanged_answer_is_not_sent_again(service: Service) -> None:
    """With an ETag in If-None-Match, what is the same as before is 304 and has no body."""
    path = f"/tree?context=Account:1&tenant={SCHOOLS}&as_of=2026-01-15&known_at=1400"
    tag = service.get(path).headers["etag"]
    again = service.get(path, **{"If-None-Match": tag})
    assert (again.status_code, again.content) == (304, b"")
    assert service.get(path.replace("1400", "1401"), **{"If-None-Match": tag}).status_code == 200
    for known in (f"W/{tag}", f'"another", W/{tag}', "*"):
        assert service.get(path, **{"If-None-Match": known}).status_code == 304
    for unknown in ('"another"', tag.strip('"'), ""):
        assert service.get(path, **{"If-None-Match": unknown}).status_code == 200


def test_student_data_is_kept_by_no_cache(service: Service) -> None:
    """What tells of students may be stored nowhere on its way."""
    found = service.get(f"/mastery?course={COURSE}&tenant={SCHOOLS}&limit=3")
    assert found.headers["cache-control"] == "private, no-store"
    assert "etag" not in found.headers


@pytest.mark.parametrize(
    ("path", "status", "words"),
    [
        ("/tree?tenant=" + SCHOOLS, 400, "context"),
        ("/tree?context=Account:1", 400, "choose one with tenant"),
        (f"/tree?context=Street:1&tenant={SCHOOLS}", 400, "Street:1"),
        (f"/tree?context=Account:1&tenant={SCHOOLS}&asof=2025-01-01", 400, "no such parameter: asof"),
        (f"/tree?context=Account:1&tenant={SCHOOLS}&as_of=yesterday", 400, "yesterday"),
        (f"/diff?from=2025-09-01&tenant={SCHOOLS}&as_of=yesterday", 400, "yesterday"),
        (f"/diff?from=2025-09-01&tenant={SCHOOLS}&to_known=lately", 400, "lately"),
        (f"/diff?tenant={SCHOOLS}", 400, "from T1 [to T2], or from_known P1 [to_known P2]"),
        ("/show/outcome/99?tenant=" + SCHOOLS, 404, "nothing is known of outcome:99"),
        ("/show/pupil/99?tenant=" + SCHOOLS, 400, "pupil"),
        (
            f"/explain?course=1&student=x&outcome=2&tenant={SCHOOLS}",
            404,
            "no result of student x on outcome:2 in Course:1",
        ),
        ("/quarantine/999", 404, "999"),
        ("/timeline?limit=100000", 400, "10000"),
        ("/no/such/route", 404, "no such route"),
    ],
)
def test_a_problem_says_what_to_do(service: Service, path: str, status: int, words: str) -> None:
    """Errors are problem documents; wrong use is 400, never 422."""
    found = service.get(path)
    assert found.status_code == status
    assert found.headers["content-type"] == "application/problem+json"
    assert words in found.json()["detail"]
    assert found.json()["status"] == status


def test_a_position_that_is_not_reached_is_waited_for_then_refused(service: Service) -> None:
    """`min_position` beyond the log: 503 with Retry-After once patience is over."""
    assert service.get(f"/digest?tenant={SCHOOLS}&min_position=1").status_code == 200
    found = service.get(f"/digest?tenant={SCHOOLS}&min_position=99999")
    assert (found.status_code, "retry-after" in found.headers) == (503, True)


def test_the_description_names_every_route(service: Service) -> None:
    """OpenAPI has each question in three forms, and says 422 of none."""
    document = service.json("/openapi.json")
    for question in QUESTIONS:
        for ending in ("", ".csv", ".ndjson"):
            assert f"/api/v1{question.path}{ending}" in document["paths"]
    assert '"422"' not in json.dumps(document)


def test_the_way_to_the_next_rows_asks_the_same(service: Service) -> None:
    """With all that was given, however often a name stood there; and what asks otherwise has another tag."""
    two = "entity=outcome:10449&entity=outcome:10464"
    first = service.get(f"/timeline?tenant={SCHOOLS}&{two}&limit=1")
    assert parse_qsl(urlsplit(first.links["next"]["url"]).query)[:3] == [
        ("tenant", SCHOOLS),
        ("entity", "outcome:10449"),
        ("entity", "outcome:10464"),
    ]
    tags = {
        service.get(f"/timeline?tenant={SCHOOLS}&{given}", service.new_token("tree")).headers["etag"]
        for given in (two, "entity=outcome:10464")
    }
    assert len(tags) == 2


@pytest.mark.parametrize("known", ["²", "9" * 5_000, "½", "007"])
def test_whatever_is_given_as_a_position_is_answered_or_refused(service: Service, known: str) -> None:
    """What only looks like a number is none; one beyond all there can be is the head. Pages take it as routes do."""
    answered = 200 if known.isascii() else 400
    for path in (f"/api/v1/tree?context=Account:1&tenant={SCHOOLS}&known_at=", f"/{SCHOOLS}/tree/Account:1?known="):
        assert service.get(f"/{path}{quote(known)}", service.new_token("tree")).status_code == answered
