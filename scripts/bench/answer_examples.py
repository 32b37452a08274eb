"""`python -m scripts.bench.answer_examples > scripts/service/examples.json`: what questions answer, to describe them.

Each is asked by its example on the shipped sample, and its answer is cut short.
"""

import json
import shutil
import sys
import tempfile
from contextlib import chdir
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from starlette.requests import Request

import outcomes
from outcomes.cli.commands.demo import SCHOOL_YEAR, STUDENT
from outcomes.service.parameters import Parameters
from outcomes.service.questions import POINT, QUESTIONS, Question, example_of
from outcomes.service.rendering import Form, render

_LINES = {Form.NDJSON: 1, Form.CSV: 2}
_LONGEST = 120


def sample(folder: Path, events: Path = SCHOOL_YEAR) -> outcomes.Home:
    """Return a home with the sample, and one entry in quarantine."""
    home = outcomes.open(folder, create=True)
    home.ingest(events, b'{"no": "event"}')
    return home


def made(home: outcomes.Home) -> dict[str, dict[str, Any]]:
    """Return examples of all answers, as the sample gives them."""
    return {question.path: _forms(home, question) for question in QUESTIONS}


def _forms(home: outcomes.Home, question: Question) -> dict[str, Any]:
    parameters = Parameters(question)
    known = parameters.names()
    asked = {name: text for name, text in {**example_of(question), "student": STUDENT}.items() if name in known}
    query = {name: text for name, text in asked.items() if f"{{{name}}}" not in question.path}
    scope = {"type": "http", "query_string": urlencode(query).encode(), "path_params": asked, "headers": []}
    values = parameters.read(Request(scope))
    point = {name: values.pop(name, None) for name in POINT}
    found: dict[str, Any] = {}
    for form in Form:
        answer = question.ask(home, point, values)
        if answer is None:
            raise LookupError(f"the sample knows no example of {question.path}: choose another")
        body = render(answer, form, lambda row: row).body
        text = body.decode()
        found[form] = _cut(json.loads(body)) if form is Form.JSON else "".join(text.splitlines(True)[: _LINES[form]])
    return found


def _cut(value: Any) -> Any:
    """Leave one of each list, and the beginning of long texts."""
    match value:
        case dict():
            return {name: _cut(inner) for name, inner in value.items()}
        case list():
            return [_cut(inner) for inner in value[:1]]
        case str():
            return value if len(value) <= _LONGEST else f"{value[:_LONGEST]}…"
        case _:
            return value


def _main() -> None:
    # Home and file are told as they are named, and where they lie is nothing but of who makes the examples.
    with tempfile.TemporaryDirectory() as folder, chdir(folder):
        events = Path(shutil.copy(SCHOOL_YEAR, SCHOOL_YEAR.name))
        with sample(Path("outcomes-data"), events) as home:
            sys.stdout.write(json.dumps(made(home), indent=1, ensure_ascii=False) + "\n")


if __name__ == "__main__":
    _main()
