"""The service describes itself, as it is; the description in the documents is that of the service."""

import json
from pathlib import Path
from typing import Any

import pytest

from outcomes.service.application import create_app
from outcomes.service.configuration import Configuration
from outcomes.service.examples import examples
from scripts.bench.answer_examples import made, sample
from tests.support.command import ROOT

DOCUMENT = ROOT / "docs" / "openapi.json"


@pytest.fixture(scope="module")
def described(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What a service says of itself; it need not run."""
    return create_app(Configuration(folder=Path(tmp_path_factory.mktemp("home")))).openapi()


def form_of(value: Any) -> Any:
    """Return a value with no more of it than names, and where something stands."""
    match value:
        case dict():
            return {name: form_of(inner) for name, inner in value.items()}
        case list():
            return [form_of(inner) for inner in value]
        case _:
            return value is None


def operations(document: dict[str, Any]) -> list[tuple[str, str, dict[str, Any]]]:
    """Return every operation with its path and method."""
    return [(path, method, one) for path, of in document["paths"].items() for method, one in of.items()]


def test_the_description_in_the_documents_is_that_of_the_service(described: dict[str, Any]) -> None:
    """Else: python -m outcomes.service.openapi > docs/openapi.json."""
    assert json.loads(DOCUMENT.read_text()) == json.loads(json.dumps(described))


def test_each_operation_has_its_words_and_examples_of_request_and_answers(described: dict[str, Any]) -> None:
    """So that whoever reads it can ask at once, and knows what comes back."""
    for path, method, one in operations(described):
        assert one["summary"], (method, path)
        for parameter in one.get("parameters", ()):
            assert not parameter["required"] or "example" in parameter, (method, path, parameter["name"])
        if method == "post" and "requestBody" in one:
            assert all("example" in content for content in one["requestBody"]["content"].values()), path
        for status, answer in one["responses"].items():
            contents = answer.get("content", {})
            assert contents or status == "204", (method, path, status)
            assert all("example" in content for content in contents.values()), (method, path, status)


def test_examples_of_answers_are_of_the_form_that_is_answered(tmp_path: Path) -> None:
    """Else: python -m scripts.bench.answer_examples > scripts/service/examples.json."""
    with sample(tmp_path / "outcomes-data") as home:
        assert form_of(made(home)) == form_of(examples())
    assert examples()["/status"]["json"]["home"] == "outcomes-data"
    assert examples()["/quarantine"]["json"]["items"][0]["source"] == "school-year.ndjson.gz"


def test_every_problem_is_a_problem_document_and_none_is_422(described: dict[str, Any]) -> None:
    """Of each status of 400 and above; of what the gate may say, too."""
    for path, method, one in operations(described):
        wrong = {status: told for status, told in one["responses"].items() if status >= "400"}
        assert "422" not in wrong
        assert {"421", "429", "431"} <= wrong.keys(), (method, path)
        assert all("application/problem+json" in told.get("content", {}) for told in wrong.values()), (method, path)
