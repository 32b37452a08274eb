"""Nobody sees what their token is not for."""

import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path

import httpx
import pytest

import outcomes
from outcomes.api.access import Access
from outcomes.cli.commands.demo import COLLEGE, COURSE, OUTCOME, POLICY_CHANGED, SCHOOLS, STUDENT, TEN_EVENTS
from outcomes.domain.errors import UsageError
from outcomes.service.questions import QUESTIONS, Question
from outcomes.store.access.access_file import AccessFile, Look
from outcomes.store.access.rights import Right, Scope
from tests.support.command import ROOT, Outcomes
from tests.support.service import EVERYTHING, Service, running

PATHS = {
    "/tree": "/tree?context=Account:1",
    "/timeline": "/timeline?limit=2000",
    "/moments": "/moments?context=Account:1&limit=2000",
    "/diff": "/diff?from=2025-01-01&students=true",
    "/mastery": f"/mastery?course={COURSE}",
    "/explain": f"/explain?course={COURSE}&student={STUDENT}&outcome={OUTCOME}",
    "/history": f"/history?course={COURSE}&student={STUDENT}&outcome={OUTCOME}",
    "/impact": f"/impact?outcome={POLICY_CHANGED}",
    "/class": f"/class?course={COURSE}",
    "/late": "/late?over=1h",
    "/digest": "/digest",
    "/settings": "/settings",
    "/scales": "/scales?context=Account:1",
    "/places": "/places",
    "/students": "/students",
    "/friendly_descriptions": "/friendly_descriptions?outcome=10467",
    "/status": "/status",
    "/log": "/log?limit=2000",
    "/show/{kind}/{id}": f"/show/outcome/{POLICY_CHANGED}",
    "/blame/{kind}/{id}": f"/blame/outcome/{POLICY_CHANGED}",
    "/quarantine": "/quarantine",
    "/quarantine/{number}": "/quarantine/1",
}


def with_tenant(path: str, tenant: str) -> str:
    """Return a path with a tenant named, where it is about one."""
    if path.startswith(("/status", "/quarantine")):
        return path
    return f"{path}{'&' if '?' in path else '?'}tenant={tenant}"


@pytest.mark.parametrize("question", QUESTIONS, ids=lambda question: question.path)
def test_every_route_needs_a_token_with_its_right(service: Service, question: Question) -> None:
    """No token: 401. One without the right: 403 that names what is missing."""
    path = PATHS[question.path]
    assert httpx.get(f"{service.url}/api/v1{path}").status_code == 401
    found = service.get(with_tenant(path, SCHOOLS), token=service.new_token("ingest"))
    assert found.status_code == 403
    assert "needs the right" in found.json()["detail"]


@pytest.mark.parametrize("question", QUESTIONS, ids=lambda question: question.path)
def test_a_token_of_one_tenant_sees_nothing_of_another(service: Service, question: Question) -> None:
    """Whatever is asked, and however: no word of the other tenant, not even its name."""
    token = service.new_token(EVERYTHING, scope=f"tenant:{COLLEGE}")
    path = PATHS[question.path]
    for asked in (path, with_tenant(path, COLLEGE), with_tenant(path, SCHOOLS)):
        for ending in ("", ".csv", ".ndjson"):
            head, mark, query = asked.partition("?")
            found = service.get(f"{head}{ending}{mark}{query}", token=token)
            # What was asked is told back where nothing is known of it.
            told = found.text.replace(f"outside {SCHOOLS}", "").replace(f"student {STUDENT}", "")
            for secret in (SCHOOLS, STUDENT, "Alderfen"):
                assert secret not in told
                assert secret not in str(found.headers).replace(query, "")


def test_a_token_of_one_course_asks_of_that_course_only(service: Service) -> None:
    """Other courses, accounts, and questions without a place are refused; so is an entity that lies elsewhere."""
    token = service.new_token(EVERYTHING, scope=f"tenant:{SCHOOLS},Course:{COURSE}")
    assert service.json(f"/mastery?course={COURSE}&limit=5", token)["items"]
    refused = {
        "/mastery?course=4451": 403,
        "/mastery": 403,
        "/tree?context=Account:1": 403,
        "/tree?context=Global": 403,
        "/timeline": 403,
        "/late": 403,
        "/log": 403,
        "/digest": 403,
        "/status": 403,
        "/quarantine": 403,
        f"/show/outcome/{POLICY_CHANGED}": 404,
        f"/impact?outcome={POLICY_CHANGED}": 404,
        f"/timeline?entity=outcome:{POLICY_CHANGED}": 404,
        "/mastery?course=no-such-course": 403,
    }
    assert {path: service.get(path, token).status_code for path in refused} == refused


def test_a_token_of_an_account_asks_of_what_hangs_below_it(service: Service) -> None:
    """Events have told that the course is of the account."""
    token = service.new_token(EVERYTHING, scope=f"tenant:{SCHOOLS},Account:1")
    with outcomes.open(service.home) as home:
        assert "Account:1" in home.at(tenant=SCHOOLS).places_above(f"Course:{COURSE}")
    assert service.json(f"/mastery?course={COURSE}&limit=5", token)["items"]
    assert service.json("/tree?context=Account:1", token)["roots"]
    assert service.get("/mastery?course=999999", token).status_code == 403


def test_without_the_right_people_actors_have_a_role_only(service: Service) -> None:
    """Who acted is told by their role; to ask by a name is refused, too."""
    token = service.new_token("tree")
    path = f"/timeline?context=Account:1&tenant={SCHOOLS}"
    told = [entry["actor"] for entry in service.json(path, token)["items"]]
    assert {actor["login"] for actor in told} == {actor["user_id"] for actor in told} == {None}
    assert any(actor["role"] for actor in told)
    assert any(entry["actor"]["login"] for entry in service.json(path)["items"])
    assert service.get(path + "&actor=anouk", token).status_code == 403


def test_without_the_right_students_a_timeline_has_none(service: Service) -> None:
    """Results are left out of a timeline; to name one, or any kind that is of a student, is refused."""
    token = service.new_token("tree")
    path = f"/timeline?tenant={SCHOOLS}&limit=2000"
    assert any(entry["kind"] == "result" for entry in service.json(path)["items"])
    assert all(entry["kind"] != "result" for entry in service.json(path, token)["items"])
    assert service.get(f"/show/result/1?tenant={SCHOOLS}", token).status_code == 403
    assert service.get(f"/show/user/1?tenant={SCHOOLS}", service.new_token("tree,students")).status_code == 403
    assert service.get(f"/diff?from=2025-09-01&students=true&tenant={SCHOOLS}", token).status_code == 403


def test_moments_tell_no_request_and_no_few_students_without_the_rights(service: Service) -> None:
    """Who asked Canvas for it is of `people`; how few lost or gained mastery by it, of `students`."""
    path = f"/moments?context=Account:1&tenant={SCHOOLS}"
    exact = service.json(path)["items"]
    rough = service.json(path, service.new_token("tree"))["items"]
    assert [row["positions"] for row in rough] == [row["positions"] for row in exact]
    assert any(row["request"] for row in exact)
    assert {row["request"] for row in rough} == {None}
    few = [told for told, row in zip(rough, exact, strict=True) if row["policy"] and row["flipped"] < 10]
    assert few
    assert {row["flipped"] for row in few} == {None}


def test_small_classes_have_no_figures_without_the_right_students(service: Service) -> None:
    """Figures are told from ten assessed students on, of whole days; not as they were known in between."""
    token = service.new_token("tree")
    path = f"/class?course={COURSE}&tenant={SCHOOLS}"
    exact = {row["outcome_id"]: row for row in service.json(path)["items"]}
    rough = {row["outcome_id"]: row for row in service.json(path, token)["items"]}
    assert exact.keys() == rough.keys()
    for outcome_id, row in exact.items():
        if row["assessed"] < 10:
            assert rough[outcome_id]["mean"] is rough[outcome_id]["assessed"] is None
            assert rough[outcome_id]["distribution"] == []
        else:
            assert rough[outcome_id]["mean"] == pytest.approx(row["mean"], abs=0.05)
    assert service.get(path + "&known_at=1400", token).status_code == 403


def test_each_look_at_students_is_recorded_before_its_answer(service: Service) -> None:
    """Who asked what of whom; questions about the tree leave no row."""
    token = service.new_token(EVERYTHING)
    service.json(f"/explain?course={COURSE}&student={STUDENT}&outcome={OUTCOME}&tenant={SCHOOLS}", token)
    service.json(f"/tree?context=Account:1&tenant={SCHOOLS}", token)
    service.get(f"/mastery.csv?course={COURSE}&tenant={SCHOOLS}&limit=7", token)
    with Access(service.home) as access:
        newest = access.tokens()[-1].id
        looks = [look for look in access.looks() if look.token == newest]
    told = [(look.route, look.course, look.student, look.rows, look.via) for look in looks]
    assert told == [("/explain", COURSE, STUDENT, 1, "json"), ("/mastery", COURSE, None, 7, "csv")]


def test_a_look_outlives_a_service_that_is_killed(sample: Path, tmp_path: Path) -> None:
    """What was answered is on the record, whatever happens to the process in the next moment."""
    folder = shutil.copytree(sample, tmp_path / "home")
    with running(folder) as service:
        service.json(f"/explain?course={COURSE}&student={STUDENT}&outcome={OUTCOME}&tenant={SCHOOLS}")
        service.stop(signal.SIGKILL)
    with Access(folder) as access:
        assert [look.student for look in access.looks()][-1:] == [STUDENT]


def test_a_revoked_token_ends_at_once(service: Service) -> None:
    """The next question with it is refused."""
    token = service.new_token("tree")
    path = f"/tree?context=Account:1&tenant={SCHOOLS}"
    assert service.get(path, token).status_code == 200
    listed = Outcomes(service.home).json("token", "list")
    assert Outcomes(service.home).json("token", "revoke", listed[-1]["id"])["revoked"] is not None
    assert service.get(path, token).status_code == 401


def test_a_token_that_was_known_a_moment_ago_is_looked_at_as_it_stands_now(tmp_path: Path) -> None:
    """Looks change nothing of it; its end does, whoever writes that, and so does its time."""
    look = Look(1, "t1", "somebody", "/explain", None, "4450", "ada", None, None, 1, "token")
    with AccessFile(tmp_path) as access, AccessFile(tmp_path) as another:
        (ended, secret), (revoked, other_secret), (_, short) = (
            access.create(frozenset({Right.TREE}), Scope(), "", 1, expires) for expires in (None, None, 10)
        )
        for holder in (secret, other_secret, short):
            assert access.holder(holder, 2) is not None
        access.note(look, may_wait=False)
        assert access.holder(short, 9) is not None
        assert access.holder(short, 10) is None
        another.revoke(ended.id, 3)
        assert access.holder(secret, 4) is None
        assert access.holder(other_secret, 4) == access.grant(revoked.id, 4)
        access.revoke(revoked.id, 5)
        assert access.holder(other_secret, 6) is None
        assert access.grant(revoked.id, 6) is None


def test_a_list_of_tokens_says_whom_a_proxy_lets_in_by_them(tmp_path: Path) -> None:
    """Also by one that was given a label of its own, and once it has ended."""
    with outcomes.open(tmp_path, create=True), Access(tmp_path) as access:
        ended = access.create_token("tree", label="binder", person="ada@school.example")
        access.create_token("tree", label="script")
        assert access.revoke(ended.id).person == "ada@school.example"
    assert [one["person"] for one in Outcomes(tmp_path).json("token", "list")] == ["ada@school.example", None]


def test_secrets_are_stored_nowhere(service: Service) -> None:
    """The files of a home hold fingerprints, and only their owner reads them."""
    token = service.new_token("tree")
    held = b"".join(path.read_bytes() for path in service.home.iterdir() if path.name.startswith("access.db"))
    assert token.encode() not in held
    assert {path.stat().st_mode & 0o077 for path in service.home.glob("access.db*")} == {0}


def test_it_is_asked_by_its_own_names_only(service: Service) -> None:
    """A page elsewhere whose name leads here is refused, and no answer may be framed, scripted or guessed."""
    assert service.get("/digest", Host="evil.example").status_code == 421
    headers = service.get(f"/digest?tenant={SCHOOLS}").headers
    assert "frame-ancestors 'none'" in headers["content-security-policy"]
    assert headers["x-content-type-options"] == "nosniff"
    assert "access-control-allow-origin" not in headers


def test_it_does_not_speak_in_the_clear_to_other_machines(service: Service) -> None:
    """An address that others see needs TLS, or a proxy that does it."""
    ran = Outcomes(service.home)("serve", "--host", "0.0.0.0", "--port", "0")  # noqa: S104 - that it is refused
    assert ran.code == 2
    assert "--tls-cert" in ran.err


@pytest.mark.parametrize(
    "text", ["Account:1", "tenant:", "Road:1", "", "tenant:a,tenant:b,Course:1", "tenant:a,Global"]
)
def test_a_scope_must_be_clear(text: str) -> None:
    """Ids are local to a tenant, so a context stands beside one tenant."""
    with pytest.raises(UsageError):
        Scope.parse(text)


def test_an_erased_student_is_swept_from_the_looks(tmp_path: Path) -> None:
    """That somebody was looked at stays; who it was does not, in any file."""
    folder = tmp_path / "home"
    with outcomes.init(folder, encrypt=True) as home:
        home.ingest(ROOT / "scripts/cli/sample/school-year.ndjson.gz")
    with running(folder) as service:
        service.json(f"/explain?course={COURSE}&student={STUDENT}&outcome={OUTCOME}")
        with outcomes.open(folder) as home:
            home.erase(student=STUDENT, reason="asked to")
        assert service.get(f"/explain?course={COURSE}&student={STUDENT}&outcome={OUTCOME}").status_code == 404
    with Access(folder) as access:
        assert [look.student for look in access.looks()] == ["erased person"]
    held = b"".join(path.read_bytes() for path in folder.glob("access.db*"))
    assert STUDENT.encode() not in held


def test_the_web_is_loaded_by_serve_only(service: Service) -> None:
    """`import outcomes`, and every other command, load no web library."""
    program = (
        "import sys, outcomes, outcomes.api.home; from outcomes.cli.app import run; "
        f"run(['--home', {str(service.home)!r}, 'status']); "
        "print({'fastapi', 'starlette', 'uvicorn', 'jwt', 'structlog', 'jinja2'} & set(sys.modules))"
    )
    ran = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, cwd=ROOT)
    assert ran.stdout.splitlines()[-1] == "set()"


def test_nobody_waits_for_another_program_that_writes_in_access_db(service: Service) -> None:
    """Neither questions nor posts; that a token was used is noted once the other is done."""
    token = service.new_token("tree,ingest")
    mine = Outcomes(service.home).json("token", "list")[-1]
    assert mine["last_used"] is None
    with closing(sqlite3.connect(service.home / "access.db", isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        begun = time.monotonic()
        assert service.get(f"/digest?tenant={SCHOOLS}", token=token).status_code == 200
        assert service.post("/events", TEN_EVENTS.read_bytes(), token=token).status_code == 200
        assert httpx.get(f"{service.url}/health/live").status_code == 200
        assert time.monotonic() - begun < 3
        other.execute("ROLLBACK")
    end = time.monotonic() + 10
    while last_used(service, mine["id"]) is None:
        assert time.monotonic() < end


def last_used(service: Service, token: str) -> str | None:
    """Return when a token was last used, as another process sees it."""
    with Access(service.home) as access:
        return next(str(one.last_used) if one.last_used else None for one in access.tokens() if one.id == token)
