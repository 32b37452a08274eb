"""What a caller gives, in the forms that are natural in Python, as the closed types that questions are asked with."""

import re
from datetime import UTC, date, datetime

from outcomes.domain.errors import UsageError
from outcomes.domain.identity import Context, Kind, parse_context, parse_entity, parse_kind
from outcomes.domain.times import DAY, SECOND, Micros, micros, parse_argument, to_text

Time = str | datetime | date
"""An instant: ISO 8601 text, or a datetime. A date is its midnight; what has no offset is UTC."""

Known = int | Time
"""A point of the log: a position (as a number or its digits), or when it was recorded."""

Id = str | int
"""Canvas's own id of something."""

_UNITS = {"s": 1, "m": 60, "h": 3_600, "d": 86_400, "w": 604_800}
_LONGEST_SECONDS = 10_000 * 604_800  # event times lie between 1970 and 2108
_DURATION = re.compile(r"(\d+(?:\.\d+)?)\s*([smhdw])")


def now() -> Micros:
    """Read the clock: here at the edge and nowhere else."""
    return micros(datetime.now(UTC))


def time_text(given: Time | None) -> str | None:
    """Return a time as it is typed; whether text is a time is judged where the question is put together."""
    return given.isoformat() if isinstance(given, date) else given


def known_text(given: Known | None) -> str | None:
    """Return a point of the log as it is typed."""
    return str(given) if isinstance(given, int) else time_text(given)


def instant(given: Time | None) -> Micros | None:
    """Return an instant; raises UsageError that shows the accepted forms."""
    text = time_text(given)
    return None if text is None else parse_argument(text)


def export_time(given: Time, clock: Micros) -> Micros:
    """Return when an export was made; raises UsageError for none, or one that has not come by the clock."""
    found = instant(given)
    if found is None:
        raise UsageError("say when the export was made: --at TIME, as its job told")
    if found > clock + DAY:
        raise UsageError(f"--at {to_text(found)} is more than a day ahead: say when the export was made")
    return found


def id_text(given: Id | None) -> str | None:
    """Return an id as Canvas's bodies are read: as text."""
    return None if given is None else str(given)


def text(given: str | None) -> str | None:
    """Return what is looked for in texts; raises UsageError for what no text can hold."""
    try:
        (given or "").encode()
    except UnicodeEncodeError as error:
        raise UsageError(f"not text in UTF-8: {given!r}: write it in UTF-8") from error
    return given


def entity_of(given: str, local_id: Id | None) -> tuple[Kind, str]:
    """Return the entity that is meant by `outcome:7`, or by a kind and an id; raises UsageError."""
    return parse_entity(given) if local_id is None else (parse_kind(given), str(local_id))


def place(given: str | None) -> Context | None:
    """Return the context that is meant; raises UsageError."""
    return None if given is None else parse_context(given)


def duration(given: str) -> Micros:
    """Return a length of time: a number with s, m, h, d or w; raises UsageError."""
    found = _DURATION.fullmatch(given.strip().lower())
    if found is None:
        raise UsageError(f"not a duration: {given!r}: write a number with s, m, h, d or w, for example 36h")
    seconds = float(found[1]) * _UNITS[found[2]]
    if seconds > _LONGEST_SECONDS:
        raise UsageError(f"longer than any event can be late: {given!r}: at most 10000w")
    return int(seconds * SECOND)
