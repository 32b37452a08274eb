"""Every command has its method, and what that answers is, as JSON, what the command prints: over random points."""

import inspect
import json
import random
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import typer
from typer.core import TyperGroup

import outcomes
from outcomes.api.settings import NAMES
from outcomes.cli.app import app, run
from outcomes.cli.commands.demo import COURSE, OUTCOME, POLICY_CHANGED, SCHOOLS, STUDENT
from outcomes.cli.commands.mastery import SETTINGS

Ask = Callable[[outcomes.Point], Any]


class Question(NamedTuple):
    """One question, as it is typed and as it is called."""

    typed: tuple[str, ...]
    called: Ask


AT_A_POINT: dict[str, Question] = {
    "tree": Question(("tree", "--context", "Account:1"), lambda then: then.tree("Account:1")),
    "deleted nodes": Question(
        ("tree", "--context", f"Course:{COURSE}", "--include-deleted"),
        lambda then: then.tree(f"Course:{COURSE}", include_deleted=True),
    ),
    "outcome": Question(("show", "outcome", OUTCOME), lambda then: then.show("outcome", int(OUTCOME))),
    "link": Question(("show", "link", "4459"), lambda then: then.show("link", "4459")),
    "context": Question(("timeline", "--context", "Account:1"), lambda then: then.timeline("Account:1")),
    "entity": Question(
        ("timeline", "--entity", f"outcome:{OUTCOME}", "--field", "title", "--all"),
        lambda then: then.timeline(entity=f"outcome:{OUTCOME}", field="title", all=True),
    ),
    "moments": Question(
        ("moments", "--context", "Account:1", "--by", "day", "--limit", "5"),
        lambda then: then.moments("Account:1", by="day", limit=5),
    ),
    "blame": Question(("blame", "outcome", OUTCOME), lambda then: then.blame("outcome", OUTCOME)),
    "mastery": Question(("mastery", "--course", COURSE), lambda then: then.mastery(course=int(COURSE))),
    "what if": Question(
        ("mastery", "--course", COURSE, "--method", "latest", "--compare"),
        lambda then: then.mastery(course=COURSE, method="latest", compare=True),
    ),
    "explain": Question(
        ("explain", "--course", COURSE, "--student", STUDENT, "--outcome", OUTCOME),
        lambda then: then.explain(course=COURSE, student=STUDENT, outcome=OUTCOME),
    ),
    "history": Question(
        ("history", "--course", COURSE, "--student", STUDENT, "--outcome", OUTCOME),
        lambda then: then.history(course=COURSE, student=STUDENT, outcome=OUTCOME),
    ),
    "impact": Question(("impact", POLICY_CHANGED), lambda then: then.impact(POLICY_CHANGED)),
    "class": Question(("class", "--course", COURSE), lambda then: then.class_(course=COURSE)),
    "late": Question(("late", "--over", "10d"), lambda then: then.late(over="10d")),
    "digest": Question(("digest",), lambda then: then.digest()),
    "doctor": Question(("doctor",), lambda then: then.doctor()),
    "settings": Question(("settings", "list"), lambda then: then.settings()),
}
OF_THE_HOME: dict[str, tuple[tuple[str, ...], Callable[[outcomes.Home], Any]]] = {
    "diff": (
        ("diff", "--context", "Account:1", "--from", "2025-09-01", "--to", "2026-03-01", "--tenant", SCHOOLS),
        lambda home: home.diff("Account:1", "2025-09-01", "2026-03-01", tenant=SCHOOLS),
    ),
    "students": (
        ("diff", "--from-known", "900", "--to-known", "1200", "--students", "--tenant", SCHOOLS),
        lambda home: home.diff(from_known=900, to_known=1200, students=True, tenant=SCHOOLS),
    ),
    "log": (("log", "--after", "700", "--limit", "20"), lambda home: home.log(after=700, limit=20)),
    "status": (("status",), lambda home: home.status()),
    "verify": (("verify", "--all"), lambda home: home.verify(all=True)),
    "checkpoint": (("checkpoint",), lambda home: home.checkpoint()),
    "quarantine": (("quarantine", "list"), lambda home: home.quarantine.list()),
    "entry": (("quarantine", "show", "2"), lambda home: home.quarantine.show(2)),
}


def points(count: int) -> Iterator[tuple[str | None, int | None]]:
    """Draw points from before the first event to after the last, known from nothing to beyond the head."""
    dice = random.Random("points of the sample")  # noqa: S311 - to be the same each time
    yield None, None
    for _ in range(count):
        as_of = f"{dice.choice((2025, 2026))}-{dice.randint(1, 12):02}-{dice.randint(1, 28):02}"
        yield dice.choice([(as_of, None), (None, dice.randint(0, 1600)), (as_of, dice.randint(0, 1600))])


@pytest.fixture
def typed(sample: Path, capfdbinary: pytest.CaptureFixture[bytes]) -> Callable[..., Any]:
    """Run a command on the sample and return the JSON that it prints."""

    def command(*arguments: str) -> Any:
        capfdbinary.readouterr()
        assert run(["--home", str(sample), *arguments, "--format", "json"]) in {0, 1}
        return json.loads(capfdbinary.readouterr().out)

    return command


@pytest.mark.parametrize("name", AT_A_POINT)
def test_an_answer_is_what_the_command_prints(home: outcomes.Home, typed: Callable[..., Any], name: str) -> None:
    """At every point `.as_json()` is the document of `--format json`; None is null."""
    question = AT_A_POINT[name]
    for as_of, known_at in points(5):
        words = ["--tenant", SCHOOLS]
        words += [] if as_of is None else ["--as-of", as_of]
        words += [] if known_at is None else ["--known-at", str(known_at)]
        found = question.called(home.at(as_of, known_at, SCHOOLS))
        told = None if found is None else found.as_json()
        assert json.loads(json.dumps(told)) == typed(*question.typed, *words)


@pytest.mark.parametrize("name", OF_THE_HOME)
def test_so_is_one_of_the_whole_home(home: outcomes.Home, typed: Callable[..., Any], name: str) -> None:
    """Questions that are asked of a home itself."""
    words, called = OF_THE_HOME[name]
    assert json.loads(json.dumps(called(home).as_json())) == typed(*words)


def test_what_writes_tells_the_same(typed: Callable[..., Any], home: outcomes.Home, tmp_path: Path) -> None:
    """Reports of exports, of views made anew and of retries have the members that the commands print."""
    for name, words, found in (
        ("sqlite", ("replay", "--to", f"{tmp_path}/a.db"), lambda then: then.replay(tmp_path / "b.db")),
        ("rebuild", ("rebuild",), lambda _: home.rebuild()),
        ("retry", ("quarantine", "retry"), lambda _: home.quarantine.retry()),
        ("backup", ("backup", f"{tmp_path}/c.db"), lambda _: home.backup(tmp_path / "d.db")),
    ):
        where = ("--tenant", SCHOOLS) if name == "sqlite" else ()
        printed, told = typed(*words, *where), found(home.at(tenant=SCHOOLS)).as_json()
        changing = {"seconds", "file"}
        assert list(printed) == list(told)
        assert {key: printed[key] for key in printed if key not in changing} == {
            key: told[key] for key in told if key not in changing
        }


OF_THE_SERVICE = {"serve", "token", "access", "consume"}
"""Commands about who may ask by HTTP: nothing that a home is asked."""

ELSEWHERE = {"class": "class_", "init": None, "demo": None}
"""Commands whose method is named otherwise, is a function of the package, or that only show others."""


OF_FILES = {"replay": outcomes.replay_files, "log": outcomes.Home.write_log}
"""Where the options of a command that asks for files have another method."""


def test_every_command_has_its_method() -> None:
    """With the same name and the same options, apart from those that say where, when, in which form."""
    of_place = {"home", "tenant", "as_of", "known_at", "form", "context"}
    of_exit_and_opening = {"strict", "encrypt"}
    missing = []
    for path, command in _commands(typer.main.get_command(app)):
        name = ELSEWHERE.get(path[0], path[0])
        if path[0] in OF_THE_SERVICE:
            continue
        if name is None:
            assert path[0] == "demo" or hasattr(outcomes, path[0])
            continue
        method = _method(name, path[1:])
        if method is None:
            missing.append(path)
            continue
        known = set(inspect.signature(method).parameters)
        known |= set(inspect.signature(OF_FILES.get(path[0], method)).parameters)
        options = {
            option.removeprefix("--").replace("-", "_")
            for parameter in command.params
            for option in parameter.opts
            if option.startswith("--")
        }
        absent = {name for name in options if name not in known and f"{name}_" not in known}
        missing += [(*path, name) for name in absent - of_place - of_exit_and_opening - {"format", "excel", "help"}]
    assert missing == []


def _commands(command: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    if isinstance(command, TyperGroup):
        for name, sub in command.commands.items():
            yield from _commands(sub, (*path, name))
    else:
        yield path, command


def _method(name: str, sub: tuple[str, ...]) -> Any:
    if sub:
        spaces = {"quarantine": "Quarantine", "settings": "Settings"}
        module = __import__(f"outcomes.api.{name}", fromlist=["x"])
        return getattr(getattr(module, spaces[name]), sub[0], None)
    return getattr(outcomes.Point, name, None) or getattr(outcomes.Home, name, None)


def test_the_settings_of_the_command_are_those_of_the_api() -> None:
    """The command line names them without loading what they mean."""
    assert SETTINGS == NAMES
