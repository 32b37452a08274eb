"""The closed list of what is known: event names, their types, the aggregate of each kind, and the one parser."""

from typing import Any, Final, TypeVar

from pydantic import BaseModel, ValidationError

from outcomes.domain.aggregate import Aggregate
from outcomes.domain.entities.assessment import ASSESSMENT_EVENTS, Assessment
from outcomes.domain.entities.assignment import ASSIGNMENT_EVENTS, Assignment
from outcomes.domain.entities.calculation_method import CALCULATION_METHOD_EVENTS, CalculationMethodSetting
from outcomes.domain.entities.erasure import ERASURE_EVENTS, Erasure
from outcomes.domain.entities.friendly_description import FRIENDLY_DESCRIPTION_EVENTS, FriendlyDescription
from outcomes.domain.entities.group import GROUP_EVENTS, OutcomeGroup
from outcomes.domain.entities.link import LINK_EVENTS, OutcomeLink
from outcomes.domain.entities.observation import OBSERVATION_EVENTS, OBSERVED_AGGREGATES
from outcomes.domain.entities.outcome import OUTCOME_EVENTS, Outcome
from outcomes.domain.entities.people import ENROLLMENT_EVENTS, USER_EVENTS, Enrollment, User
from outcomes.domain.entities.places import ACCOUNT_EVENTS, COURSE_EVENTS, Account, Course
from outcomes.domain.entities.proficiency import PROFICIENCY_EVENTS, OutcomeProficiency
from outcomes.domain.entities.result import RESULT_EVENTS, OutcomeResult
from outcomes.domain.entities.setting import SETTING_EVENTS, Setting
from outcomes.domain.errors import NotAnEvent
from outcomes.domain.event import Event, Metadata, OtherEvent
from outcomes.domain.identity import BACKGROUND, Kind
from outcomes.domain.times import FIRST_YEAR, LAST_YEAR, micros
from outcomes.domain.upcasting import History, Json

_EVENTS: Final[tuple[type[Event], ...]] = (
    *OUTCOME_EVENTS,
    *GROUP_EVENTS,
    *LINK_EVENTS,
    *RESULT_EVENTS,
    *PROFICIENCY_EVENTS,
    *CALCULATION_METHOD_EVENTS,
    *FRIENDLY_DESCRIPTION_EVENTS,
    *ASSESSMENT_EVENTS,
    *ACCOUNT_EVENTS,
    *COURSE_EVENTS,
    *USER_EVENTS,
    *ENROLLMENT_EVENTS,
    *ASSIGNMENT_EVENTS,
    *SETTING_EVENTS,
    *ERASURE_EVENTS,
    *OBSERVATION_EVENTS,
)
_AGGREGATES: Final[tuple[type[Aggregate[Any]], ...]] = (
    Outcome,
    OutcomeGroup,
    OutcomeLink,
    OutcomeProficiency,
    OutcomeResult,
    CalculationMethodSetting,
    FriendlyDescription,
    Assessment,
    Account,
    Course,
    User,
    Enrollment,
    Assignment,
    Setting,
    Erasure,
    *OBSERVED_AGGREGATES,
)

EVENT_TYPES: Final = {event_type.name: event_type for event_type in _EVENTS}
HISTORIES: Final = {
    name: History(name, event_type.body_type.id_field, event_type.body_type.schema_version, event_type.body_type.shapes)
    for name, event_type in EVENT_TYPES.items()
}
"""The shapes that each event has had. Made on import, so a version that lacks a step does not start."""
NAMES: Final = {
    kind: tuple(name for name, event_type in EVENT_TYPES.items() if event_type.kind is kind) for kind in Kind
}
"""The names of the events of each kind."""
AGGREGATES: Final = {aggregate.kind: aggregate for aggregate in _AGGREGATES}


def parse_event(value: Any) -> Event | OtherEvent:
    """Turn one decoded JSON value into an event; raises NotAnEvent with the reason in words.

    The envelope is under `metadata` (the hosted service) or `attributes` (Canvas's own stream), DOMAIN.md 1.1.
    """
    metadata = _envelope(value)
    name = metadata.get("event_name")
    if not isinstance(name, str) or not name.strip():
        raise NotAnEvent("no event_name in the metadata")
    tenant = metadata.get("root_account_uuid")
    if not isinstance(tenant, str) or not tenant.strip():
        raise NotAnEvent("no tenant: metadata.root_account_uuid is absent or not text")
    event_type = EVENT_TYPES.get(name)
    body = value.get("body")
    envelope = _validated(Metadata, metadata, name, "metadata")
    # One year of slack at both ends keeps every offset inside the log's range.
    if not FIRST_YEAR < envelope.event_time.year <= LAST_YEAR:
        raise NotAnEvent(f"{name}: event_time {metadata['event_time']!r} is outside {FIRST_YEAR + 1}-{LAST_YEAR}")
    event_time = micros(envelope.event_time)
    if event_type is None:
        return OtherEvent(envelope, body, event_time)
    try:
        if not isinstance(body, dict):
            raise NotAnEvent(f'{name}: no object under "body"')  # noqa: TRY301 - the same verdict as a bad field
        return event_type(envelope, _validated(event_type.body_type, upcast(name, body), name, "body"), event_time)
    except NotAnEvent:
        if event_type.kind in BACKGROUND:
            # Nothing of an outcome is lost with it, and a later version may read it: kept, unprojected.
            return OtherEvent(envelope, body, event_time)
        raise


def upcast(name: str, body: dict[str, Any]) -> Json:
    """Return the body of a known event in the present shape; `body` itself is left as it is."""
    return HISTORIES[name].upcast(body)


def _envelope(value: Any) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise NotAnEvent(f"not an event: expected a JSON object, got {_json_type(value)}")
    metadata = value.get("metadata")
    if metadata is None:
        metadata = value.get("attributes")
    if not isinstance(metadata, dict):
        if isinstance(value.get("erased"), dict):
            raise NotAnEvent("erased where it comes from: what was in this event can be read by nobody any more")
        raise NotAnEvent('not an event: no object under "metadata" or "attributes"')
    return metadata


ModelT = TypeVar("ModelT", bound=BaseModel)


def _validated(model: type[ModelT], value: Any, name: str, part: str) -> ModelT:
    try:
        return model.model_validate(value)
    except ValidationError as error:
        raise NotAnEvent(f"{name}: {_reason(error, part)}") from error


def _json_type(value: Any) -> str:
    names = {str: "text", bool: "true or false", int: "a number", float: "a number", list: "an array"}
    return "null" if value is None else names.get(type(value), type(value).__name__)


_LONGEST_SHOWN = 80
_UNION_BRANCHES = {"str", "int", "constrained-str", "chain", "datetime"}


def _reason(error: ValidationError, part: str) -> str:
    """Say in words what is wrong with the first few fields; the bytes themselves are in the quarantine."""
    parts: dict[str, str] = {}
    for problem in error.errors(include_url=False):
        # Union branches append their own names to the path: the field is what comes before them.
        path = [str(step) for step in problem["loc"] if not (isinstance(step, str) and "[" in step)]
        field = ".".join([part, *(step for step in path if step not in _UNION_BRANCHES)])
        shown = "is absent" if problem["type"] == "missing" else f"cannot be {_shorten(problem['input'])}"
        parts.setdefault(field, f"{field} {shown}")
    return "; ".join(list(parts.values())[:3])


def _shorten(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= _LONGEST_SHOWN else text[:_LONGEST_SHOWN] + "…"
