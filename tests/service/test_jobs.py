"""Long questions are jobs: begun, followed, cancelled, and their answer kept."""

import json
import sqlite3
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from typing import Any

import httpx
import pytest

import outcomes
from outcomes.cli.commands.demo import COLLEGE, COURSE, POLICY_CHANGED, SCHOOLS, STUDENT
from outcomes.service.job_routes import JOBS
from tests.support.command import Outcomes
from tests.support.given import lines, outcome, result
from tests.support.service import EVERYTHING, Service, running

PATIENCE = 30.0


def begin(service: Service, path: str, token: str | None = None) -> str:
    """Begin a job once no other runs, and return its address."""
    end = time.monotonic() + PATIENCE
    while True:
        found = service.post(f"/jobs/{path}", b"", token)
        if found.status_code == 202:
            href: str = found.json()["href"]
            assert href == found.headers["location"]
            return href
        assert (found.status_code, "retry-after" in found.headers) == (429, True)
        assert time.monotonic() < end, found.text
        time.sleep(0.05)


def ended(service: Service, href: str, token: str | None = None) -> dict[str, Any]:
    """Follow a job to its end by its stream; return what is told of it then, with its answer."""
    headers = {"Authorization": f"Bearer {token or service.token}"}
    with httpx.stream("GET", f"{service.url}{href}/events", headers=headers, timeout=PATIENCE) as stream:
        news = [line.removeprefix("data: ") for line in stream.iter_lines() if line.startswith("data: ")]
    states = [json.loads(line)["state"] for line in news]
    assert states[-1] != "running"
    told: dict[str, Any] = service.get(href.removeprefix("/api/v1"), token).json()
    assert told["state"] == states[-1]
    return told


@pytest.mark.parametrize(
    ("path", "command"),
    [
        (f"doctor?tenant={SCHOOLS}", ("doctor", "--tenant", SCHOOLS)),
        ("verify?all=true", ("verify", "--all")),
        (f"impact?outcome={POLICY_CHANGED}&tenant={SCHOOLS}", ("impact", POLICY_CHANGED, "--tenant", SCHOOLS)),
        (f"mastery?tenant={SCHOOLS}", ("mastery", "--tenant", SCHOOLS)),
    ],
    ids=lambda given: given.partition("?")[0] if isinstance(given, str) else "",
)
def test_the_answer_is_that_of_the_command(service: Service, path: str, command: tuple[str, ...]) -> None:
    """All of it, however long; it stays to be asked for."""
    told = ended(service, begin(service, path))
    assert (told["state"], told["problem"]) == ("done", None)
    assert told["result"] == Outcomes(service.home).json(*command)
    assert told["result"]
    assert told["progress"]["of"] in {None, told["progress"]["done"]}


def test_views_are_made_anew_by_a_job(service: Service) -> None:
    """While questions are answered from the old ones."""
    told = ended(service, begin(service, "rebuild"))
    assert told["result"]["digest"] == service.json("/digest")["digest"]
    assert told["progress"]["done"] == told["progress"]["of"] == told["result"]["events"]


def test_each_needs_its_rights_and_scope(service: Service) -> None:
    """Those of the question of the same name; what is about the whole home needs the scope of all."""
    few, part = service.new_token("tree,ingest"), service.new_token(EVERYTHING, scope=f"tenant:{COLLEGE}")
    for question in JOBS:
        path = f"/jobs{question.path}" + (f"?outcome={POLICY_CHANGED}" if question.name == "impact" else "")
        assert httpx.post(f"{service.url}/api/v1{path}").status_code == 401
        assert service.post(path, b"", few).status_code == 403
    assert service.post("/jobs/verify", b"", part).status_code == 403
    assert service.post(f"/jobs/mastery?tenant={SCHOOLS}", b"", part).status_code == 403
    assert service.post("/jobs/mastery?course=1&shape=round", b"").status_code == 400
    assert service.post("/jobs/mastery?tenant=nobody", b"").status_code == 400


def test_an_answer_is_for_who_asked_and_is_recorded(service: Service) -> None:
    """Another token of the same rights finds nothing, unless its scope is all; each look leaves a row."""
    token, other = (service.new_token("students", scope=f"tenant:{SCHOOLS}") for _ in range(2))
    href = begin(service, f"mastery?course={COURSE}", token)
    told = ended(service, href, token)
    path = href.removeprefix("/api/v1")
    assert any(row["student"] == STUDENT for row in told["result"])
    assert service.get(path, other).status_code == service.get(f"{path}/events", other).status_code == 404
    assert service.json(path)["state"] == "done"
    assert path.rpartition("/")[2] in {job["id"] for job in service.json("/jobs", token)["items"]}
    assert service.json("/jobs", other)["items"] == []
    looks = Outcomes(service.home).json("access", "list")
    assert [(look["route"], look["course"], look["rows"]) for look in looks[-2:]] == [
        ("/mastery", COURSE, len(told["result"]))
    ] * 2
    assert service.client.delete(href, headers={"Authorization": f"Bearer {token}"}).status_code == 204
    assert service.get(path, token).status_code == 404


def test_a_job_that_is_cancelled_ends_and_another_may_begin(tmp_path: Path) -> None:
    """Wherever it is; it leaves nothing behind, and the next runs to its end."""
    folder = tmp_path / "home"
    with outcomes.open(folder, create=True) as home:
        home.ingest([outcome(str(number), "2026-02-01") for number in range(1_500)])
    with running(folder) as service:
        headers = {"Authorization": f"Bearer {service.token}"}
        href = begin(service, "verify?all=true&rebuild=true")
        assert service.post("/jobs/doctor", b"").status_code == 429
        assert service.client.delete(href, headers=headers).status_code == 204
        told = ended(service, href)
        assert (told["state"], told["result"]) == ("cancelled", None)
        assert ended(service, begin(service, "verify"))["result"]["ok"] is True
        # What comes in meanwhile is taken, whatever a job does.
        href = begin(service, "rebuild")
        assert service.post("/events", lines(outcome("new", "2026-02-01"))).json()["appended"] == 1
        assert ended(service, href)["state"] == "done"
    assert {path.name for path in folder.iterdir() if path.name.startswith("views")} <= {
        "views.db", "views.db-wal", "views.db-shm",
    }  # fmt: skip


def test_an_answer_of_before_an_erasure_is_gone(tmp_path: Path) -> None:
    """410, and a new job is answered without the person."""
    folder = tmp_path / "home"
    with outcomes.init(folder, encrypt=True) as home:
        home.ingest([result("5", "2026-02-02", student="uuid-of-a-student")])
    with running(folder) as service:
        href = begin(service, "doctor")
        assert ended(service, href)["state"] == "done"
        with outcomes.open(folder) as home:
            assert home.erase(student="uuid-of-a-student", reason="asked to") is not None
        assert service.get(href.removeprefix("/api/v1")).status_code == 410


def test_a_personal_answer_waits_for_its_look_and_nobody_else_does(service: Service) -> None:
    """While another program holds access.db: 503 after a second, and whoever else comes is answered meanwhile."""
    href = begin(service, f"mastery?tenant={SCHOOLS}").removeprefix("/api/v1")
    ended(service, f"/api/v1{href}")
    with closing(sqlite3.connect(service.home / "access.db", isolation_level=None)) as another:
        another.execute("BEGIN IMMEDIATE")
        with ThreadPoolExecutor(1) as thread:
            asked = thread.submit(service.get, href)
            for _ in range(5):
                begun = time.monotonic()
                assert httpx.get(f"{service.url}/health/live").status_code == 200
                assert time.monotonic() - begun < 0.9
            assert asked.result(10).status_code == 503
        another.execute("ROLLBACK")
    assert service.get(href).json()["state"] == "done"
