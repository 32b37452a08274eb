"""`erase` as people run it: real processes, real files, every byte of the home looked at, and killed half way.

OUTCOMES_KILLS says how often it is killed.
"""

import base64
import contextlib
import json
import os
import random
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from outcomes.domain.errors import HomeUnavailable
from outcomes.projections.as_of.point import PointQuery as At
from outcomes.projections.as_of.point import resolve
from outcomes.projections.operations.erase import erase
from outcomes.projections.views.read_model import unwatched
from outcomes.store.privacy import settings
from tests.support.command import ROOT as TOP
from tests.support.command import Asked, Outcomes
from tests.support.given import TENANT, event, lines, outcome, result
from tests.support.people import ADA, ADA_ID, ADAS_TRACES, BO, BO_ID, BY_ADA, ROOT, class_of_six, enrollment, user
from tests.support.world import World

KILLS = int(os.environ.get("OUTCOMES_KILLS", "2"))
ERASE = ("erase", "--student", ADA, "--reason", "request of 12 May")
SCORE = b"\x40\x0e\x2a\x64\xc2\xf8\x37\xb5"  # 3.7707 as SQLite keeps it


@pytest.fixture(scope="module")
def origin(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An encrypted home with the class in it; to be copied."""
    made = Outcomes(tmp_path_factory.mktemp("origin") / "home")
    assert made("init", "--encrypt").code == 0
    assert made("ingest", stdin=lines(*class_of_six())).code == 0
    return made.home


@pytest.fixture
def outcomes(origin: Path, tmp_path: Path) -> Outcomes:
    """A copy of that home."""
    return Asked(shutil.copytree(origin, tmp_path / "home"))


@pytest.fixture(scope="module")
def erased(origin: Path, tmp_path_factory: pytest.TempPathFactory) -> Outcomes:
    """A copy in which Ada was erased; only to be asked."""
    made = Asked(shutil.copytree(origin, tmp_path_factory.mktemp("erased") / "home"))
    assert made(*ERASE).code == 0
    return made


def traces(home: Path) -> list[str]:
    """Return what of Ada's is in any byte of any file of a home."""
    found = b"".join(path.read_bytes() for path in sorted(home.rglob("*")) if path.is_file())
    spelled = [trace for trace in ADAS_TRACES if trace.encode() in found or trace.lower().encode() in found]
    return [*spelled, *(["the score"] if SCORE in found else [])]


def test_what_is_looked_for_would_be_found(outcomes: Outcomes) -> None:
    """Before the erasure the views and the quarantine do hold Ada's name, uuid and score: the test can fail."""
    assert {ADA, "Quillfeather", "the score"} <= set(traces(outcomes.home))


def test_after_an_erasure_no_file_holds_a_trace(outcomes: Outcomes) -> None:
    """No byte of log, views, side files or quarantine; Bo and the class are as they were; the home verifies.

    Nor of what a killed verify left; and to the checkpoint of before the log has only grown.
    """
    shutil.copy(outcomes.home / "views.db", outcomes.home / "views.db.proof")
    before = outcomes("checkpoint").out.decode().strip()
    value = Outcomes(outcomes.home).json(*ERASE)
    assert (value["events"], value["acted"], value["quarantined"]) == (4, 5, 1)
    assert traces(outcomes.home) == []
    verdict = outcomes.json("verify", "--all", "--rebuild", "--against", before)
    assert (verdict["ok"], verdict["erased"], verdict["partly_erased"]) == (True, 4, 5), verdict
    assert BO in json.dumps(outcomes.json("mastery", "--course", "200"))
    assert outcomes.json("show", "outcome", "7")["state"]["title"] == "Renamed by Ada"
    assert len(outcomes.json("quarantine", "list")) == 1


def test_who_only_graded_or_was_written_otherwise_goes_too(tmp_path: Path) -> None:
    """A grader's id in a body, inside a field, or at an address's end; quarantine in UTF-16, in Base64, and cut."""
    outcomes = Outcomes(tmp_path / "home")
    at_ada = {**ROOT, "url": "https://plover.example/courses/200/assignments/1/submissions/770001"}
    bodies = (
        ({"submission_id": "9", "user_id": BO_ID, "grader_id": ADA_ID}, ROOT),
        ({"submission_id": "9", "user_id": BO_ID, "assessment": {"assessor_id": ADA_ID}}, ROOT),
        ({"submission_id": "9", "user_id": BO_ID, "score": 2}, at_ada),
    )
    events = [
        event("submission_updated", f"2025-02-0{day}", body, **meta) for day, (body, meta) in enumerate(bodies, 4)
    ]
    outcomes("ingest", "--encrypt", stdin=lines(*class_of_six(), *events))
    outcomes("ingest", stdin=b'{"name": "\xff ada QUILLFEATHER", "of')
    outcomes("ingest", stdin=b"[" + base64.b64encode("to Ada Quillfeather, SIS-ADA-7707".encode("utf-16")) + b"]")
    assert len(outcomes.json("quarantine", "list")) == 4
    outcomes(*ERASE)
    assert traces(outcomes.home) == []
    assert [entry["reason"] for entry in outcomes.json("quarantine", "list")] == ["the JSON value is cut off"]
    verdict = outcomes.json("verify", "--all")
    assert verdict["ok"], verdict
    shown = outcomes("log").out
    assert ADA_ID.encode() not in shown
    assert BO_ID.encode() in shown


def test_no_answer_tells_of_the_erased(erased: Outcomes, tmp_path: Path) -> None:
    """Mastery, explain, timeline, show, blame, log and replay: nothing of the person; who acted is an erased person."""
    answers = b"".join(
        erased(*arguments).out
        for arguments in (
            ("mastery", "--format", "json"),
            ("timeline", "--format", "json"),
            ("timeline", "--entity", f"user:{ADA_ID}", "--entity", "enrollment:31", "--entity", "result:51"),
            ("blame", "outcome", "7", "--format", "json"),
            ("late", "--format", "json"),
            ("log",),
            ("log", "--format", "csv"),
            ("class", "--course", "200", "--format", "json"),
            ("status",),
            ("quarantine", "list"),
        )
    )
    assert [trace for trace in ADAS_TRACES if trace.encode() in answers] == []
    assert erased("show", "result", "51").code == 1
    assert erased("explain", "--course", "200", "--student", ADA, "--outcome", "7").code == 1
    (tmp_path / "exports").mkdir()
    assert erased("replay", "--to", str(tmp_path / "exports" / "all.db")).code == 0
    assert traces(tmp_path / "exports") == []
    renamed = [entry for entry in erased.json("timeline", "--entity", "outcome:7") if entry["change"] == "updated"]
    assert [(entry["actor"]["login"], entry["actor"]["user_id"]) for entry in renamed] == [("erased person", None)]
    by_an_erased = erased.json("timeline", "--actor", "erased person")
    assert [entry for entry in by_an_erased if entry["id"] == "7" and entry["kind"] == "outcome"][1:] == renamed
    assert erased.json("timeline", "--actor", "quill.ada") == []


def test_the_log_stays_what_ingest_takes(erased: Outcomes, tmp_path: Path) -> None:
    """An erased event is a line that says so; ingest puts it in quarantine with that reason, and takes the others."""
    printed = erased("log")
    assert [line["erased"]["event_name"] for line in printed.ndjson() if "erased" in line] == [
        "user_created",
        "enrollment_created",
        "learning_outcome_result_created",
        "submission_updated",
    ]
    other = Asked(tmp_path / "other")
    report = json.loads(other("ingest", "--format", "json", stdin=printed.out).out)
    assert (report["quarantined"], report["appended"]) == (4, len(printed.ndjson()) - 4)
    assert "erased where it comes from" in other("quarantine", "list").out.decode()


def test_the_class_keeps_what_was_reported(outcomes: Outcomes) -> None:
    """Figures with the person are kept in the erasure, beside those of now; with --all-traces they are not."""
    before = outcomes.json("class", "--course", "200")
    # Scores 3.7707, 2 and four times 4: percent is score / 5, of 5 points.
    assert [(row["students"], row["mean"], row["median"], row["mastered"]) for row in before] == [(6, 3.63, 4.0, 5)]
    shutil.copytree(outcomes.home, outcomes.home.with_name("bare"))
    outcomes(*ERASE)
    (after,) = outcomes.json("class", "--course", "200")
    assert (after["students"], after["mean"], after["mastered"]) == (5, 3.6, 4)
    assert [(kept["students"], kept["mean"], kept["mastered"]) for kept in after["kept"]] == [(6, 3.63, 5)]
    bare = Asked(outcomes.home.with_name("bare"))
    bare(*ERASE, "--all-traces")
    assert traces(bare.home) == []
    assert bare.json("class", "--course", "200") == [{**after, "kept": []}]


def test_a_class_that_was_left_before_keeps_what_was_last_reported_with_the_person(outcomes: Outcomes) -> None:
    """Figures of now had them in no class; those of just before they left did, and say of when they are."""
    left = enrollment("31", ADA, ADA_ID, "Ada Quillfeather", "2025-03-01T00:00:00Z")
    left["metadata"]["event_name"] = "enrollment_updated"
    left["body"] |= {"type": "StudentEnrollment", "workflow_state": "deleted", "updated_at": "2025-03-01T00:00:00Z"}
    outcomes("ingest", stdin=lines(left))
    assert [row["students"] for row in outcomes.json("class", "--course", "200")] == [5]
    outcomes(*ERASE)
    ((kept,),) = [row["kept"] for row in outcomes.json("class", "--course", "200")]
    assert (kept["students"], kept["mean"], kept["as_of"]) == (6, 3.63, "2025-02-28T23:59:59.999999Z")


def test_too_few_to_hide_in_are_only_counted(tmp_path: Path) -> None:
    """In a class of one the mean is the score: it is not kept."""
    outcomes = Asked(tmp_path / "home")
    outcomes("ingest", "--encrypt", stdin=lines(outcome("7", "2025-01-01"), result("51", "2025-02-01", student=ADA)))
    outcomes(*ERASE)
    ((kept,),) = [row["kept"] for row in outcomes.json("class", "--course", "200")]
    assert (kept["students"], kept["assessed"], kept["mean"], kept["distribution"]) == (1, 1, None, [])


def test_what_arrives_later_is_counted_and_not_kept(outcomes: Outcomes) -> None:
    """Repeats are duplicates; new events of the erased take a position and leave nothing; others join as ever."""
    outcomes(*ERASE)
    head = outcomes.json("status")["head"]
    late = [
        result("58", "2025-03-01", student=ADA, score=3.7707),
        event("submission_created", "2025-03-01", {"submission_id": "10", "user_id": ADA_ID}, **ROOT),
        outcome("7", "2025-03-02", updated="2025-03-02", title="Again by Ada", meta=BY_ADA),
        enrollment("39", ADA, "41230000000990009", "Ada Quillfeather", "2025-03-03"),
        result("59", "2025-03-01", student=BO, score=1),
    ]
    report = json.loads(outcomes("ingest", "--format", "json", stdin=lines(*class_of_six()[:-2], *late)).out)
    assert (report["appended"], report["duplicates"]) == (len(late), len(class_of_six()) - 2)
    assert outcomes.json("status")["head"] == head + len(late)
    assert traces(outcomes.home) == []
    assert outcomes.json("show", "outcome", "7")["state"]["title"] == "Again by Ada"
    assert outcomes("show", "result", "58").code == 1
    assert outcomes("show", "result", "59").code == 0
    # The enrollment told another id of hers: what is known under it goes with her, once erase has swept up.
    outcomes(*ERASE)
    later = event("submission_created", "2025-03-04", {"submission_id": "11", "user_id": "41230000000990009"}, **ROOT)
    outcomes("ingest", stdin=lines(later))
    assert outcomes.json("verify", "--all")["ok"]
    assert outcomes.json("verify")["erased"] == 4 + 4


def test_whose_results_they_were_before_is_told(outcomes: Outcomes) -> None:
    """A result that moved to Ada, as by a merge of users, is the other's again: who that is stands in the answer."""
    moved = [
        result("71", "2025-03-01", course="200", student=student, updated=f"2025-03-0{day}", score=4)
        for day, student in ((1, "uuidOfAnOlderAccount"), (2, ADA))
    ]
    outcomes("ingest", stdin=lines(*moved))
    ran = outcomes(*ERASE, "--format", "json")
    assert ran.json()["results_also_of"] == ["uuidOfAnOlderAccount"]
    assert "told of uuidOfAnOlderAccount at another time" in ran.err
    assert outcomes.json("mastery", "--student", "uuidOfAnOlderAccount")[0]["score"] == 4
    again = outcomes("erase", "--student", "uuidOfAnOlderAccount", "--reason", "the same person", "--format", "json")
    assert (again.json()["results_also_of"], again.err) == ([], "")
    assert outcomes.json("mastery", "--student", "uuidOfAnOlderAccount") == []


def test_erasing_again_changes_nothing(outcomes: Outcomes) -> None:
    """The second time there is nothing to do: no event, the same digest."""
    outcomes(*ERASE)
    digest = outcomes.json("digest")
    again = outcomes.json(*ERASE)
    assert (again["was_erased_before"], again["position"]) == (True, None)
    assert outcomes.json("digest") == digest


@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        (("erase", "--student", "nobodyAtAll", "--reason", "x"), 1, "nothing of this person was ever here"),
        (("erase", "--student", ADA, "--reason", "Ada Quillfeather asked"), 2, "without the person's name"),
        (("erase", "--student", ADA, "--reason", " "), 2, "needs a reason"),
        (("init",), 2, "there already"),
        (("erase", "--student", ADA), 2, "reason"),
    ],
)
def test_wrong_use_is_one_line(outcomes: Outcomes, arguments: tuple[str, ...], code: int, says: str) -> None:
    """Each says what is wrong, in one line, and nothing is changed."""
    digest = outcomes.json("digest")
    ran = outcomes(*arguments)
    assert (ran.code, len(ran.err.splitlines())) == (code, 1)
    assert says in ran.err
    assert outcomes.json("digest") == digest


def test_a_plain_home_says_what_can_be_done(tmp_path: Path) -> None:
    """Where nothing is encrypted nothing can be erased: one line, with the way out."""
    outcomes = Asked(tmp_path / "home")
    outcomes("ingest", stdin=lines(*class_of_six()))
    ran = outcomes(*ERASE)
    assert (ran.code, len(ran.err.splitlines())) == (2, 1)
    assert "is not encrypted" in ran.err
    assert outcomes("ingest", "--encrypt", stdin=lines(*class_of_six())).code == 2


def test_the_erasure_is_on_record_without_the_person(outcomes: Outcomes) -> None:
    """Who asked for what, when and why is an event like any other, and in the timeline."""
    value = outcomes.json(*ERASE)
    (entry,) = [entry for entry in outcomes.json("timeline") if entry["kind"] == "erasure"]
    assert (entry["position"], entry["id"]) == (value["position"], value["erasure"])
    state = outcomes.json("show", "erasure", value["erasure"])["state"]
    assert (state["reason"], state["events"], state["quarantined"]) == ("request of 12 May", 4, 1)
    assert state["erased_by"] == entry["actor"]["login"]


def test_killed_at_any_moment_it_can_be_run_again(outcomes: Outcomes, tmp_path: Path) -> None:
    """SIGKILL at random moments, then once more to the end: no trace, a whole log, the same answers each time."""
    dice = random.Random(7)  # noqa: S311 - moments, not secrets
    answers = set()
    for attempt in range(KILLS):
        home = tmp_path / f"killed{attempt}"
        shutil.copytree(outcomes.home, home)
        killed = subprocess.Popen(
            [sys.executable, "-m", "outcomes", "--home", str(home), *ERASE],
            cwd=TOP,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        # The transaction and the sweeping come in the last tenths: wait until the rebuild begins, then a little.
        deadline = time.monotonic() + 30
        while not (home / "rebuild.lock").exists() and killed.poll() is None and time.monotonic() < deadline:
            time.sleep(0.002)
        time.sleep(dice.uniform(0, 0.35))
        with contextlib.suppress(ProcessLookupError):
            killed.send_signal(signal.SIGKILL)
        killed.wait()
        again = Asked(home)
        assert again(*ERASE).code == 0
        assert traces(home) == []
        verdict = again.json("verify", "--all")
        assert (verdict["ok"], verdict["erased"], verdict["partly_erased"]) == (True, 4, 5), verdict
        answers.add(json.dumps(again.json("mastery")) + again("tree", "--context", "Course:200").out.decode()[50:])
    assert len(answers) == 1


def test_views_of_before_are_not_shown_after_a_crash(outcomes: Outcomes) -> None:
    """Killed between the keys and the views, the next question already finds nothing; verify says what is to do."""
    live = outcomes.home / "views.db"
    old = live.read_bytes()
    outcomes(*ERASE)
    live.write_bytes(old)
    with closing(sqlite3.connect(outcomes.home / "log.db")) as connection:
        settings.record(connection, settings.ERASURE, "begun", 1)
        connection.commit()
    assert ADA.encode() not in outcomes("mastery", "--format", "json").out
    ran = outcomes("verify")
    assert ran.code == 1
    assert "run outcomes erase again" in ran.out.decode()
    outcomes(*ERASE)
    assert outcomes("verify").code == 0
    assert traces(outcomes.home) == []


def test_a_reader_who_does_not_let_go_is_told_of(outcomes: Outcomes) -> None:
    """As long as someone reads the old state its bytes stay: the command says so, and finishes when run again."""
    world = World(outcomes.home, encrypt=True)
    arguments: dict[str, Any] = {"reason": "x", "erased_by": "tester", "all_traces": False, "patience": 0.2}
    with closing(sqlite3.connect(outcomes.home / "views.db", isolation_level=None)) as reader:
        reader.execute("BEGIN")
        reader.execute("SELECT count(*) FROM result_versions").fetchone()
        with world.opened() as (log, views):
            with views.reading() as connection:
                point = resolve(connection, At(TENANT))
            with pytest.raises(HomeUnavailable, match="run outcomes erase again"):
                erase(world.home, log, views, point, ADA, clock=lambda: world.clock, watch=unwatched, **arguments)
    assert outcomes(*ERASE).code == 0
    assert traces(outcomes.home) == []


def test_one_of_several_is_forgotten(tmp_path: Path) -> None:
    """Erasing one person leaves the other's every answer as it was."""
    outcomes = Asked(tmp_path / "home")
    carol = user("41230000000660003", "uuidOfCarol", "Carol Stone", "carol@plover.example", "S-3", "2025-01-04")
    outcomes("ingest", "--encrypt", stdin=lines(*class_of_six(), carol))
    before = outcomes.json("explain", "--course", "200", "--student", BO, "--outcome", "7")
    assert before["results"][0]["graded_by"] == "quill.ada@plover.example"
    outcomes(*ERASE)
    before["results"][0]["graded_by"] = None  # it was Ada who graded
    assert outcomes.json("explain", "--course", "200", "--student", BO, "--outcome", "7") == before
    assert outcomes("show", "user", "41230000000660003").code == 0
