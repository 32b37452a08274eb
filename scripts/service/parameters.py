"""The parameters of a route: read from the signature of the API's method, parsed from an address, and described."""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from http import HTTPStatus
from inspect import Parameter as Argument
from typing import Any

from starlette.datastructures import QueryParams
from starlette.requests import Request

from outcomes.domain.identity import Kind
from outcomes.service.problems import Problem
from outcomes.service.questions import POINT, Question

PAGE, LARGEST_PAGE = 1_000, 10_000
"""Rows of a list, if nothing else is said, and at most."""
MIN_POSITION = "min_position"

_TRUE, _FALSE = {"true", "1", "yes", "on"}, {"false", "0", "no", "off"}
_LARGEST_INTEGER = 1 << 62
_LONGEST_NUMBER = 40
_MEANING = {
    "tenant": "Root account; needed only where the log has several.",
    "as_of": "State at this event time: ISO 8601; a date is its midnight, UTC.",
    "known_at": "As the log knew it at this position or clock time.",
    MIN_POSITION: "Wait until the log has reached this position: read your own writes.",
    "limit": "Rows at most.",
    "after": "After the row with this key, which the page before named as next.",
}


@dataclass(frozen=True)
class Parameter:
    """One parameter: `name` in Python, `alias` in an address, `kind` as JSON Schema calls it."""

    name: str
    alias: str
    kind: str = "string"
    default: Any = None
    is_required: bool = False
    is_in_path: bool = False
    range: tuple[int, int] = (0, _LARGEST_INTEGER)

    def value(self, texts: list[str]) -> Any:
        """Return what its texts say; raises ValueError with words."""
        if self.kind == "array":
            return texts
        if len(texts) > 1:
            raise ValueError(f"{self.alias} is given {len(texts)} times: give it once")
        return self._one(texts[0])

    def _one(self, text: str) -> Any:
        match self.kind:
            case "string":
                return text
            case "boolean" if text.lower() in _TRUE | _FALSE:
                return text.lower() in _TRUE
            case "integer":
                return self._integer(text)
            case "number":
                with suppress(ValueError):  # what is no number is told below, as all that is of another kind
                    return float(text)
        raise ValueError(f"{self.alias} must be {_KINDS[self.kind]}, not {text[:60]!r}")

    def _integer(self, text: str) -> int:
        least, most = self.range
        is_number = text.isascii() and text.removeprefix("-").isdigit() and len(text) <= _LONGEST_NUMBER
        if not is_number or not least <= int(text) <= most:
            raise ValueError(f"{self.alias} must be a whole number from {least} to {most}, not {text[:60]!r}")
        return int(text)

    def described(self, example: str | None) -> dict[str, Any]:
        """Return how OpenAPI describes it."""
        schema: dict[str, Any] = {"type": self.kind}
        if self.kind == "array":
            schema["items"] = {"type": "string", **_FORMS.get(self.alias, {})}
        else:
            schema.update(_FORMS.get(self.alias, {}))
        if self.kind == "integer":
            schema["minimum"], schema["maximum"] = self.range
        if self.default is not None and self.kind != "array":
            schema["default"] = self.default
        found: dict[str, Any] = {"name": self.alias, "in": "path" if self.is_in_path else "query", "schema": schema}
        found["required"] = self.is_required
        if self.alias in _MEANING:
            found["description"] = _MEANING[self.alias]
        if example is not None:
            found["example"] = [example] if self.kind == "array" else self._one(example)
        return found


_DATE = r"(19|20)\d\d-(0[1-9]|1[0-2])-(0[1-9]|1\d|2[0-8])"
_TIME = rf"{_DATE}(T([01]\d|2[0-3]):[0-5]\d(:[0-5]\d(\.\d{{1,6}})?)?(Z|[+-]0\d:00)?)?"
_TIMES = {name: {"pattern": f"^{_TIME}$"} for name in ("as_of", "since", "until", "from", "to")}
_POSITION = rf"^(\d{{1,9}}|{_TIME})$"
_FORMS: dict[str, dict[str, Any]] = {
    **_TIMES,
    **{name: {"pattern": _POSITION} for name in ("known_at", "from_known", "to_known")},
    "recorded_since": {"pattern": f"^{_TIME}$"},
    "recorded_until": {"pattern": f"^{_TIME}$"},
    "tenant": {"minLength": 1},
    "after": {"minLength": 1},
    "context": {"pattern": r"^(Account|Course):\d{1,12}$|^Global$"},
    "entity": {"pattern": rf"^({'|'.join(kind.value for kind in Kind)}):[A-Za-z0-9]{{1,40}}$"},
    "kind": {"enum": [kind.value for kind in Kind]},
    "by": {"enum": ["day", "moment", "change"]},
    "over": {"pattern": r"^\d{1,3}[smhdw]$"},
}
"""How texts must look, as far as a schema can say it."""
_KINDS = {"boolean": "true or false", "integer": "a whole number", "number": "a number"}


class Parameters:
    """All parameters of one route."""

    def __init__(self, question: Question, *, more: Iterable[Parameter] = ()) -> None:
        self._all = [
            _parameter(question, name, found) for name, found in question.parameters.items() if name not in POINT
        ]
        if not question.is_about_the_home:
            self._all += [Parameter(name, name) for name in POINT]
        self._all += more
        self._by_alias = {parameter.alias: parameter for parameter in self._all}
        self._in_path = [parameter for parameter in self._all if parameter.is_in_path]
        self._defaults = {one.name: one.default for one in self._all if one.default is not None}
        self._required = [one for one in self._all if one.is_required and not one.is_in_path]

    def names(self) -> set[str]:
        """Return what they are called in an address."""
        return set(self._by_alias)

    def read(self, http: Request) -> dict[str, Any]:
        """Return what was given, and the defaults, by their names in Python; raises a 400."""
        query = http.query_params
        if unknown := [name for name in query if name not in self._by_alias or self._by_alias[name].is_in_path]:
            there_are = ", ".join(sorted(one.alias for one in self._all if not one.is_in_path))
            raise _wrong(f"no such parameter: {', '.join(sorted(set(unknown)))}: there are {there_are}")
        if missing := [one.alias for one in self._required if one.alias not in query]:
            raise _wrong(f"{' and '.join(missing)} must be given")
        return {**self._defaults, **dict(self._given(query, http.path_params))}

    def _given(self, query: QueryParams, path: Mapping[str, str]) -> Iterator[tuple[str, Any]]:
        try:
            for alias in query:
                found = self._by_alias[alias]
                yield found.name, found.value(query.getlist(alias))
            for found in self._in_path:
                yield found.name, found.value([path[found.alias]])
        except ValueError as error:
            raise _wrong(str(error)) from error

    def described(self, examples: Mapping[str, str]) -> list[dict[str, Any]]:
        """Return how OpenAPI describes them."""
        return [one.described(examples.get(one.alias)) for one in self._all]


def _parameter(question: Question, name: str, found: Argument) -> Parameter:
    alias = question.renamed.get(name, name)
    if f"{{{name}}}" in question.path:
        return Parameter(name, alias, "integer" if name == "number" else "string", is_required=True, is_in_path=True)
    if name == "limit":
        return Parameter(name, alias, "integer", PAGE, range=(0, LARGEST_PAGE))
    if isinstance(found.default, bool):
        return Parameter(name, alias, "boolean", found.default)
    if isinstance(found.default, tuple):
        return Parameter(name, alias, "array", [*found.default])
    kind = "number" if name == "mastery_points" else "string"
    if found.default is Argument.empty:
        return Parameter(name, alias, kind, is_required=True)
    return Parameter(name, alias, kind, found.default)


def _wrong(words: str) -> Problem:
    return Problem(HTTPStatus.BAD_REQUEST, words)
