"""`log`: the events as they came, with their place, as rows, and going on as events come."""

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import orjson
import pytest

from outcomes.store.sqlite.write_lock import writing
from tests.support.command import ROOT, Asked, Outcomes
from tests.support.given import OTHER_TENANT, event, group, lines, outcome
from tests.support.people import ADA, ADA_ID, enrollment, user

FIRST = b'{"metadata": {"event_name": "learning_outcome_created", "event_time": "2025-01-01T00:00:00Z",\n'
SPELLED = FIRST + b' "root_account_uuid": "t"}, "body": {"learning_outcome_id": 7, "n": 1e2, "title": "\\u00e9"}}'


@pytest.fixture
def home(tmp_path: Path) -> Outcomes:
    """A home with an outcome, spelled in an odd way, and an event of an unknown name."""
    outcomes = Asked(tmp_path / "home")
    unknown = event("quiz_caffeinated", "2025-01-02", {}, tenant="t")
    assert outcomes("ingest", "-", stdin=SPELLED + b"\n" + lines(unknown)).code == 0
    return outcomes


@contextmanager
def following(home: Outcomes, *arguments: str) -> Iterator[subprocess.Popen[bytes]]:
    """Run `log --follow` beside the test, which reads its stdout through a pipe."""
    command = [sys.executable, "-m", "outcomes", "--home", str(home.home), "log", "--follow", *arguments]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=ROOT) as process:
        try:
            yield process
        finally:
            process.kill()


def next_line(process: subprocess.Popen[bytes]) -> bytes:
    """Wait for a line."""
    assert process.stdout is not None
    return process.stdout.readline()


def test_ndjson_gives_place_and_event_together(home: Outcomes) -> None:
    """position, recorded_at, entity as commands take it, and the event's own bytes; an unknown name has no entity."""
    out = home("log", "--format", "ndjson").out
    first, second = out.splitlines()
    assert first.endswith(b',"event":' + SPELLED.replace(b"\n", b" ") + b"}")
    told = orjson.loads(first)
    assert list(told) == ["position", "recorded_at", "entity", "event"]
    assert (told["position"], told["entity"]) == (1, "outcome:7")
    assert told["recorded_at"] == home.json("log")[0]["recorded_at"]
    assert orjson.loads(second)["entity"] is None
    kind_and_id = told["entity"].split(":")
    assert home.json("show", *kind_and_id)["position"] == 1


def test_without_a_format_the_bytes_are_those_that_came(home: Outcomes) -> None:
    """Plain `log` is what `ingest` takes back; a fresh home made of it has the same log."""
    printed = home("log").out
    assert printed.splitlines()[0] == SPELLED.replace(b"\n", b" ")
    again = Asked(home.home.with_name("again"))
    assert again("ingest", "-", stdin=printed).code == 0
    assert again("log").out == printed


def test_rows_name_entities_as_commands_take_them(home: Outcomes) -> None:
    """Also in json, csv and the table."""
    assert [row["entity"] for row in home.json("log")] == ["outcome:7", None]
    assert b",outcome:7," in home("log", "--format", "csv").out
    assert b" outcome:7 " in home("log", "--format", "table").out


def test_users_of_an_encrypted_home_are_named_by_their_id(tmp_path: Path) -> None:
    """They are filed under a keyed hash; whoever may read the event is told the id that `show` takes."""
    home = Asked(tmp_path / "home")
    assert home("init", "--encrypt").code == 0
    known = [
        user(ADA_ID, ADA, "Ada", "ada", "S", "2025-01-01"),
        enrollment("31", ADA, ADA_ID, "Ada", "2025-01-02"),
    ]
    assert home("ingest", "-", stdin=lines(*known)).code == 0
    entities = [row["entity"] for row in home("log", "--format", "ndjson").ndjson()]
    assert entities == [f"user:{ADA_ID}", "enrollment:31"]
    assert home.json("show", "user", ADA_ID)["position"] == 1


def test_follow_goes_on_as_events_come(home: Outcomes) -> None:
    """What another process appends is printed at once, though a pipe is read; it ends with its reader's patience."""
    with following(home, "--format", "ndjson") as process:
        assert [orjson.loads(next_line(process))["position"] for _ in range(2)] == [1, 2]
        for local_id in ("8", "9"):
            assert home("ingest", "-", stdin=lines(group(local_id, "2025-02-01", meta={"tenant": "t"}))).code == 0
            assert orjson.loads(next_line(process))["entity"] == f"group:{local_id}"
    assert process.returncode != 0


def test_who_follows_is_not_told_that_the_end_may_be_missing(home: Outcomes) -> None:
    """While somebody writes: it comes in a moment. Who does not follow is told."""
    more = lines(group("8", "2025-02-01", meta={"tenant": "t"}))
    assert home("ingest", "--leave-views", "-", stdin=more).code == 0
    with writing(home.home / "writer.lock", "a test"):
        told, followed = home("log"), home("log", "--follow", "--limit", "3")
    assert (told.code, "somebody is writing" in told.err) == (0, True)
    assert (followed.code, followed.err, followed.out) == (0, "", told.out + more + b"\n")


def test_follow_ends_when_the_home_goes_away(home: Outcomes) -> None:
    """It would wait for ever for what others append elsewhere: one line, exit 2."""
    with following(home, "--format", "ndjson") as process:
        next_line(process)
        home.home.rename(home.home.with_name("elsewhere"))
        _, errors = process.communicate(timeout=60)
    assert process.returncode == 2
    assert errors.startswith(f"error: {home.home}/log.db was deleted, moved".encode())
    assert errors.count(b"\n") == 1


def test_follow_prints_bytes_and_csv_too(home: Outcomes) -> None:
    """Without a format the bytes go on; in CSV the header comes once. --limit ends it, --after begins later."""
    with following(home, "--after", "2", "--limit", "1") as process:
        assert home("ingest", "-", stdin=lines(group("8", "2025-02-01", meta={"tenant": "t"}))).code == 0
        out, errors = process.communicate(timeout=60)
    assert (process.returncode, out, errors) == (0, lines(group("8", "2025-02-01", meta={"tenant": "t"})) + b"\n", b"")
    with following(home, "--format", "csv", "--limit", "3") as process:
        out, _ = process.communicate(timeout=60)
    assert [line.split(b",")[0] for line in out.splitlines()] == [b"position", b"1", b"2", b"3"]


def test_follow_passes_over_other_tenants_and_later_times(home: Outcomes) -> None:
    """--tenant and --as-of choose among what comes, too."""
    with following(home, "--format", "ndjson", "--tenant", "t", "--as-of", "2025-06-01", "--limit", "3") as process:
        news = [
            outcome("7", "2025-02-01", meta={"tenant": OTHER_TENANT}),
            group("8", "2025-07-01", meta={"tenant": "t"}),
            group("9", "2025-02-01", meta={"tenant": "t"}),
        ]
        assert home("ingest", "-", stdin=lines(*news)).code == 0
        out, _ = process.communicate(timeout=60)
    assert [json.loads(line)["position"] for line in out.splitlines()] == [1, 2, 5]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--known-at", "1"), "leave out --known-at"),
        (("--format", "json"), "choose ndjson or csv"),
        (("--format", "table"), "choose ndjson or csv"),
    ],
)
def test_follow_refuses_what_has_an_end(home: Outcomes, arguments: tuple[str, ...], said: str) -> None:
    """One line, exit 2."""
    ran = home("log", "--follow", *arguments)
    assert (ran.code, ran.out) == (2, b"")
    assert said in ran.err
    assert ran.err.count("\n") == 1
