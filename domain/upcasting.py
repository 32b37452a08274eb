"""Old shapes of events, brought to the present one step at a time, each time that they are read.

The stored bytes stay what came, and so does the content digest. What an old shape did not tell stays null: nothing is
guessed. What the present shape no longer tells is left out, so that a later event does not seem to have taken it away.
A shape is known by the event itself (Canvas numbers no schema), by a few look-ups that cost a present event nothing.
"""

from collections.abc import Callable, Mapping
from typing import Any, Final, NamedTuple

from outcomes.domain.errors import SchemaGap

Json = Mapping[str, Any]


class Upcaster(NamedTuple):
    """Takes a decoded body of one version to the next; pure: it never changes what it is given.

    `is_of` and `upcast` are told the name of the field that holds the family's own id.
    """

    version: int
    shape: str
    is_of: Callable[[Json, str], bool]
    upcast: Callable[[Json, str], Json]


class Shapes(NamedTuple):
    """The steps of a family, oldest first, and the few look-ups by which nearly every event shows none of them."""

    upcasters: tuple[Upcaster, ...]
    is_present: Callable[[Json, str], bool]


class History:
    """The shapes that one family of events has had; raises SchemaGap if a step to the current version is missing."""

    def __init__(self, family: str, id_field: str, current: int, shapes: Shapes) -> None:
        self._id_field = id_field
        self._upcasters, self._is_present = shapes
        self.current = current
        found = [upcaster.version for upcaster in self._upcasters]
        if found != list(range(1, current)):
            steps = ", ".join(f"{version} to {version + 1}" for version in found) or "none"
            raise SchemaGap(
                f"{family} is at version {current}, but its upcasters go {steps}: "
                f"there must be one from each of 1 to {current - 1}, in order"
            )

    def version_of(self, body: Json) -> int:
        """Return the version of the oldest shape that a body shows; the current one if it shows none."""
        for upcaster in self._upcasters:
            if upcaster.is_of(body, self._id_field):
                return upcaster.version
        return self.current

    def upcast(self, body: Json) -> Json:
        """Return a body in the present shape: itself if it is."""
        if self._is_present(body, self._id_field):
            return body
        for upcaster in self._upcasters[self.version_of(body) - 1 :]:
            body = upcaster.upcast(body, self._id_field)
        return body


_STUDENT: Final = ("user_uuid",)
_CONTEXT: Final = ("result_context_id", "result_context_type", "result_context_uuid")
_NEVER_TOLD: Final = frozenset((*_STUDENT, *_CONTEXT))


def _has_nulls(body: Json, _id_field: str) -> bool:
    return None in body.values() and any(value is None and name not in _NEVER_TOLD for name, value in body.items())


def _without_nulls(body: Json, _id_field: str) -> Json:
    return {name: value for name, value in body.items() if value is not None}


def _is_numbered(body: Json, id_field: str) -> bool:
    return type(body.get(id_field)) in (int, float)


_DEEPEST = 8
_FIRST_TOO_WIDE = 2.0**63


def _with_text_ids(body: Json, _id_field: str) -> Json:
    return {name: _text_ids(name, value, _DEEPEST) for name, value in body.items()}


def _text_ids(name: str, value: Any, depth: int) -> Any:
    """Write ids as Canvas does since it writes text (DOMAIN.md 1.8), down to where its events are nested."""
    if name == "id" or name.endswith("_id"):
        return _text_id(value)
    if isinstance(value, list) and name.endswith("_ids"):
        return [_text_id(item) for item in value]
    if depth and isinstance(value, dict):
        return {inner: _text_ids(inner, item, depth - 1) for inner, item in value.items()}
    if depth and isinstance(value, list):
        return [_text_ids("", item, depth - 1) for item in value]
    return value


def _text_id(value: Any) -> Any:
    if type(value) is int or (type(value) is float and value.is_integer() and abs(value) < _FIRST_TOO_WIDE):
        return str(int(value))
    return value


def _names_outcome_as_mastery(body: Json, _id_field: str) -> bool:
    mastery = body.get("mastery")
    return type(mastery) in (int, float) or (isinstance(mastery, str) and mastery.isdecimal())


def _with_unknown_mastery(body: Json, _id_field: str) -> Json:
    if not _names_outcome_as_mastery(body, _id_field):
        return body
    return {name: value for name, value in body.items() if name != "mastery"}


def _is_titled(body: Json, _id_field: str) -> bool:
    return "title" in body


def _without_title(body: Json, _id_field: str) -> Json:
    return {name: value for name, value in body.items() if name != "title"}


def _names_no_student(body: Json, _id_field: str) -> bool:
    return "user_uuid" not in body


def _with_unknown_student(body: Json, _id_field: str) -> Json:
    return {**dict.fromkeys(_STUDENT), **body}


def _names_no_context(body: Json, _id_field: str) -> bool:
    return not any(name in body for name in _CONTEXT)


def _with_unknown_context(body: Json, _id_field: str) -> Json:
    return {**dict.fromkeys(_CONTEXT), **body}


def _is_present(body: Json, id_field: str) -> bool:
    return type(body.get(id_field)) is str and None not in body.values()


def _is_present_result(body: Json, id_field: str) -> bool:
    return (
        "user_uuid" in body
        and "result_context_id" in body
        and "title" not in body
        and ("mastery" not in body or type(body["mastery"]) is bool)
        and type(body.get(id_field)) is str
        and None not in body.values()
    )


_OF_ALL: Final = (
    Upcaster(1, "absent fields are explicit nulls (DOMAIN.md 1.7)", _has_nulls, _without_nulls),
    Upcaster(2, "ids are numbers (DOMAIN.md 1.8)", _is_numbered, _with_text_ids),
)
_OF_RESULTS: Final = (
    *_OF_ALL,
    # Canvas put the outcome's id there (canvas-lms#1526): what it judged was not told.
    Upcaster(
        3,
        "mastery is the outcome's id (before 7 November 2019, DOMAIN.md 11)",
        _names_outcome_as_mastery,
        _with_unknown_mastery,
    ),
    # The row's caption, which names the student; since 2020 no event tells it.
    Upcaster(4, "a result has a title (2019/20)", _is_titled, _without_title),
    Upcaster(5, "a result names no student", _names_no_student, _with_unknown_student),
    Upcaster(6, "a result names no course", _names_no_context, _with_unknown_context),
)
OF_ALL: Final = Shapes(_OF_ALL, _is_present)
OF_RESULTS: Final = Shapes(_OF_RESULTS, _is_present_result)
