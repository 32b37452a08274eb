"""CSV has its heading whatever it holds: a program that reads columns by name need not know of an empty answer."""

import csv
from pathlib import Path

import pytest

import outcomes
from outcomes.cli.commands.demo import COURSE, OUTCOME, POLICY_CHANGED, SCHOOL_YEAR, SCHOOLS, STUDENT
from tests.docs.test_documents import COMMANDS
from tests.support.command import Asked

OF_SCHOOL = ("--tenant", SCHOOLS)
HERE, NOWHERE = ("--context", f"Course:{COURSE}", *OF_SCHOOL), ("--context", "Course:9", *OF_SCHOOL)
PAIR = ("--course", COURSE, "--student", STUDENT, *OF_SCHOOL, "--outcome")
EXPORT = ("--at", "2026-06-01", *OF_SCHOOL, "--from")
ASKED: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "tree": (HERE, NOWHERE),
    "show": (("outcome", POLICY_CHANGED, *OF_SCHOOL), ("outcome", "9", *OF_SCHOOL)),
    "timeline": (HERE, NOWHERE),
    "diff": (("--from", "2025-09-01", *HERE), ("--from", "2025-09-01", *NOWHERE)),
    "blame": (("outcome", POLICY_CHANGED, *OF_SCHOOL), ("outcome", "9", *OF_SCHOOL)),
    "late": (("--over", "0s", *OF_SCHOOL), ("--over", "9000d", *OF_SCHOOL)),
    "moments": (HERE, NOWHERE),
    "mastery": (("--course", COURSE, *OF_SCHOOL), ("--course", "9", *OF_SCHOOL)),
    "explain": ((*PAIR, OUTCOME), (*PAIR, "9")),
    "history": ((*PAIR, OUTCOME), (*PAIR, "9")),
    "impact": ((f"outcome:{POLICY_CHANGED}", *OF_SCHOOL), ("outcome:9", *OF_SCHOOL)),
    "class": (("--course", COURSE, *OF_SCHOOL), ("--course", "9", *OF_SCHOOL)),
    "log": (("--limit", "2"), ("--limit", "2", "--after", "1000000")),
    "quarantine list": ((), ("--after", "1000000")),
    "quarantine show": (("1",), ("1",)),
    "token list": ((), ()),
    "access list": ((), ()),
    "reconcile": ((*EXPORT, "full"), (*EXPORT, "empty")),
}
"""Commands whose CSV may have no row: a question with an answer, and one without."""
OF_ONE_LINE = {
    "ingest", "bootstrap", "doctor", "erase", "digest", "verify", "rebuild", "checkpoint", "backup", "status",
    "consume sqs", "quarantine retry", "quarantine dismiss", "settings list",
}  # fmt: skip


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home with the shipped school year and something in quarantine; and an export of one group, and of none."""
    folder = tmp_path_factory.mktemp("year")
    with outcomes.open(folder / "home", create=True) as home:
        home.ingest(str(SCHOOL_YEAR))
        home.ingest(b'{"no": "event"}')
    value = '{"title": "Maps", "workflow_state": "active", "updated_at": "2025-10-01T00:00:00Z"}'
    for name, text in (("full", f'{{"key": {{"id": 1}}, "value": {value}}}\n'), ("empty", "")):
        (folder / name).mkdir()
        (folder / name / "learning_outcome_groups.jsonl").write_text(text)
    return folder


def test_every_command_that_writes_csv_is_known_here() -> None:
    """Those that the command line lists with `--excel`."""
    writing = {name for name, command in COMMANDS.items() if any("--excel" in one.opts for one in command.params)}
    assert writing == ASKED.keys() | OF_ONE_LINE


@pytest.mark.parametrize("command", ASKED)
def test_the_heading_is_there_with_rows_and_without(
    folder: Path, command: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Both are the same, and it names every member that a row has, in its order."""
    monkeypatch.chdir(folder)
    ask = Asked(folder / "home")
    full, empty = ((*command.split(), *arguments) for arguments in ASKED[command])
    tables = [list(csv.reader(ask(*one, "--format", "csv").out.decode().splitlines())) for one in (full, empty)]
    heading = tables[0][0]
    assert tables[1][0] == heading
    assert len(set(heading)) == len(heading)
    assert all(len(row) == len(heading) for table in tables for row in table)
    if command != "log":  # as NDJSON it has the events themselves
        for row in ask(*full, "--format", "ndjson").ndjson():
            assert [name for name in heading if name in row] == list(row)
