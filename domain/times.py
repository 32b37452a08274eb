"""Instants: reading every form in which Canvas and people write them, and writing one.

In memory an instant is an aware `datetime`; in tables and keys it is an integer, microseconds since 1970 UTC.
"""

import re
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any

from pydantic_core import core_schema

from outcomes.domain.errors import UsageError

Micros = int
"""Microseconds since 1970-01-01T00:00:00Z."""

SECOND: Micros = 1_000_000
MINUTE: Micros = 60 * SECOND
HOUR: Micros = 60 * MINUTE
DAY: Micros = 24 * HOUR

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_OFFSET = len("+00:00")
FIRST_YEAR, LAST_YEAR = 1970, 2108
"""Event times outside these years are not credible, and do not fit the log's 42 bits of milliseconds."""

_SPACE_BEFORE_OFFSET = re.compile(r"\s+(?=[+-]\d{2}:?\d{2}$)")
_DATE_AND_TIME = re.compile(r"\s*\d{4}-\d{2}-\d{2}[T ]\d{2}:")
_UTC_WORD = re.compile(r"\s*UTC$")


def micros(moment: datetime) -> Micros:
    """Return the instant as integer microseconds; exact, unlike `timestamp()`, and as quick."""
    return (moment - EPOCH) // _MICROSECOND


def moment(micros: Micros) -> datetime:
    """Return the aware UTC datetime of an integer instant."""
    return EPOCH + timedelta(microseconds=micros)


def to_text(micros: Micros) -> str:
    """Write an instant as `2019-11-05T10:03:37.526Z`; microseconds only where they are not zero."""
    return moment_text(moment(micros))


def moment_text(moment: datetime) -> str:
    """Write an aware datetime in the same form."""
    utc = moment if moment.tzinfo is UTC else moment.astimezone(UTC)
    return utc.isoformat(timespec="microseconds" if utc.microsecond % 1000 else "milliseconds")[:-_OFFSET] + "Z"


def in_utc(text: str) -> str:
    """Return a time of day on a date in the form of `to_text`; any other text as it is."""
    if _DATE_AND_TIME.match(text) is None:
        return text
    try:
        return moment_text(parse_moment(text))
    except (ValueError, OverflowError):
        return text


def parse_moment(text: str) -> datetime:
    """Read ISO 8601 in any form that occurs (DOMAIN.md 1.3): `Z`, offsets, a space before the offset, none at all.

    No offset means UTC; a bare date is its midnight. Raises ValueError.
    """
    tidy = _UTC_WORD.sub("Z", _SPACE_BEFORE_OFFSET.sub("", text.strip()))
    found = datetime.fromisoformat(tidy)
    return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)


def parse_argument(text: str) -> Micros:
    """Read a time that a person typed; raises UsageError that shows the accepted forms."""
    try:
        return micros(parse_moment(text))
    except (ValueError, OverflowError) as error:
        raise UsageError(
            f"not a time: {text!r}: write ISO 8601, for example 2012-10-01 or 2012-10-01T09:30:00Z",
        ) from error


# One year inside what a datetime can hold: every offset of these can be told in UTC.
_FIRST_MOMENT, _LAST_MOMENT = datetime(2, 1, 1, tzinfo=UTC), datetime(9998, 12, 31, tzinfo=UTC)


def _parse_field(text: str) -> datetime:
    try:
        found = parse_moment(text)
    except OverflowError as error:
        raise ValueError("the time is beyond what a calendar holds") from error
    if not _FIRST_MOMENT <= found <= _LAST_MOMENT:
        raise ValueError("the time is beyond what a calendar holds")
    return found


def _timestamp_schema() -> core_schema.CoreSchema:
    # The common forms are read by pydantic's own parser (no Python call per field); the odd ones fall through.
    # A number is not a time here: an epoch in seconds or milliseconds would be a guess.
    text = core_schema.str_schema(strict=True, pattern=r"^\s*\d{4}-\d{2}-\d{2}")
    native = core_schema.datetime_schema(
        tz_constraint="aware", microseconds_precision="truncate", ge=_FIRST_MOMENT, le=_LAST_MOMENT
    )
    odd = core_schema.no_info_plain_validator_function(_parse_field)
    return core_schema.chain_schema([text, core_schema.union_schema([native, odd], mode="left_to_right")])


class _TimestampAnnotation:
    @classmethod
    def __get_pydantic_core_schema__(cls, _source: Any, _handler: Any) -> core_schema.CoreSchema:
        return _timestamp_schema()


Timestamp = Annotated[datetime, _TimestampAnnotation]
"""A field that holds an instant as text in any form of DOMAIN.md 1.3; becomes an aware datetime."""
