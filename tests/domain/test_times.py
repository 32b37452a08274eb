"""Times as Canvas and people write them, and the one way in which they are written back."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from outcomes.domain.catalog import parse_event
from outcomes.domain.errors import NotAnEvent, UsageError
from outcomes.domain.event import Event
from outcomes.domain.times import micros, moment, parse_argument, parse_moment, to_text
from tests.support.given import outcome, result

FORMS = {
    "2019-11-05T10:03:37.526Z": "2019-11-05T10:03:37.526Z",
    "2019-08-09T21:35:05Z": "2019-08-09T21:35:05.000Z",
    "2019-11-05 07:38:00 -0800": "2019-11-05T15:38:00.000Z",
    "2019-11-05 07:38:00 -08:00": "2019-11-05T15:38:00.000Z",
    "2019-11-05 07:38:00-0800": "2019-11-05T15:38:00.000Z",
    "2020-08-18T17:24:46-06:00": "2020-08-18T23:24:46.000Z",
    "2025-03-01T00:30:00+05:30": "2025-02-28T19:00:00.000Z",
    "2025-03-01T00:30:00.250+00:00": "2025-03-01T00:30:00.250Z",
    "2025-03-01T00:30:00-00:00": "2025-03-01T00:30:00.000Z",
    "2019-11-05 07:38:00 UTC": "2019-11-05T07:38:00.000Z",
    "2019-11-05 07:38:00": "2019-11-05T07:38:00.000Z",
    "2019-11-05T07:38": "2019-11-05T07:38:00.000Z",
    "2012-10-01": "2012-10-01T00:00:00.000Z",
    "2025-03-01T08:00:00.5Z": "2025-03-01T08:00:00.500Z",
    "2025-03-01T08:00:00.000500Z": "2025-03-01T08:00:00.000500Z",
    "2025-03-01T08:00:00.123000Z": "2025-03-01T08:00:00.123Z",
    "2024-02-29T23:59:59.999999-01:00": "2024-03-01T00:59:59.999999Z",
    "  2019-11-05T10:03:37Z\n": "2019-11-05T10:03:37.000Z",
}
NO_TIMES = [
    "",
    "yesterday",
    "2019-13-01",
    "2019-02-29",
    "2019-11-05T25:00:00Z",
    "05/11/2019",
    "2019-11-05T10:03:37+99:00",
]


@pytest.mark.parametrize(("text", "expected"), FORMS.items())
def test_every_form_that_occurs_is_read_and_written_in_utc(text: str, expected: str) -> None:
    """Any offset, none, a space before it, a bare date: one instant, told in UTC with `Z` and milliseconds."""
    assert to_text(parse_argument(text)) == expected


@pytest.mark.parametrize(("text", "expected"), FORMS.items())
def test_an_envelope_reads_times_as_the_command_line_does(text: str, expected: str) -> None:
    """What a person types and what Canvas sends means the same instant."""
    event = parse_event(outcome("7", text, updated=text))
    assert isinstance(event, Event)
    assert to_text(event.event_time) == expected
    assert event.body.state()["updated_at"] == expected


def test_no_offset_means_utc_wherever_the_computer_stands(monkeypatch: pytest.MonkeyPatch) -> None:
    """The zone of the machine has no say, for a person's time or an event's."""
    monkeypatch.setenv("TZ", "America/Denver")
    time.tzset()
    try:
        event = parse_event(outcome("7", "2019-11-05 07:38:00"))
        assert to_text(parse_argument("2019-11-05T07:38:00")) == to_text(event.event_time) == "2019-11-05T07:38:00.000Z"
    finally:
        monkeypatch.undo()
        time.tzset()


def test_times_inside_a_body_are_told_in_utc() -> None:
    """Each instant of a result keeps its own moment, whatever the offset it came in."""
    event = parse_event(
        result(
            "50", "2025-01-01", assessed_at="2025-01-02 03:00:00 -0500", artifact_created_at="2025-01-01T23:00:00+02:00"
        )
    )
    assert isinstance(event, Event)
    state = event.body.state()
    assert state["assessed_at"] == "2025-01-02T08:00:00.000Z"
    assert state["artifact_created_at"] == "2025-01-01T21:00:00.000Z"
    assert state["created_at"] == "2025-01-01T00:00:00.000Z"


@pytest.mark.parametrize(
    ("sent", "told"),
    [
        ("2025-01-02 03:00:00 -0500", "2025-01-02T08:00:00.000Z"),
        ("2025-01-02T03:00:00Z", "2025-01-02T03:00:00.000Z"),
        ("2025-01-02", "2025-01-02"),
        ("2025-01-02T25:00:00Z", "2025-01-02T25:00:00Z"),
        ("soon", "soon"),
        (1735786800, 1735786800),
        (None, None),
    ],
)
def test_times_in_fields_that_are_not_read_are_told_in_utc_too(sent: object, told: object) -> None:
    """Canvas names them `…_at`; what is no time of day on a date stays as it came, and so do fields of other names."""
    event = parse_event(result("50", "2025-01-01", lock_at=sent, motto=sent))
    assert isinstance(event, Event)
    assert (event.body.state().get("lock_at"), event.body.state().get("motto")) == (told, sent)


@pytest.mark.parametrize("text", NO_TIMES)
def test_what_is_no_time_is_refused_with_an_example(text: str) -> None:
    """The refusal shows what was typed and how to write it instead."""
    with pytest.raises(UsageError, match="2012-10-01") as refusal:
        parse_argument(text)
    assert repr(text) in str(refusal.value)


@pytest.mark.parametrize("value", [*NO_TIMES, 1_572_948_217, 1_572_948_217_526, 2019.5, True, None, ["2019-11-05"]])
def test_an_event_without_a_readable_time_is_no_event(value: object) -> None:
    """A number might be seconds or milliseconds: it is not guessed at."""
    event = outcome("7", "2025-01-01")
    event["metadata"]["event_time"] = value
    with pytest.raises(NotAnEvent, match="event_time"):
        parse_event(event)


@pytest.mark.parametrize("text", ["0001-01-01T00:00:00Z", "1969-12-31", "3025-01-01", "9999-12-31T23:59:59-05:00"])
def test_an_event_of_an_incredible_year_is_no_event(text: str) -> None:
    """A clock that was never set, or a typing error of a millennium, does not get into the log."""
    with pytest.raises(NotAnEvent, match="event_time"):
        parse_event(outcome("7", text))


@given(st.integers(0, 4_000_000_000_000_000))
def test_writing_and_reading_an_instant_loses_nothing(instant: int) -> None:
    """Down to the microsecond, for more than a century."""
    assert micros(moment(instant)) == instant
    assert parse_argument(to_text(instant)) == instant
    assert micros(parse_moment(to_text(instant).replace("Z", "+00:00"))) == instant


@given(st.integers(0, 4_000_000_000_000), st.integers(-14 * 60, 14 * 60))
def test_an_offset_changes_the_spelling_and_not_the_instant(millis: int, minutes: int) -> None:
    """The same instant written anywhere on earth is the same instant."""
    local = to_text((millis * 1_000) + minutes * 60_000_000 + 10**12).removesuffix("Z")
    sign, (hours, rest) = "-" if minutes < 0 else "+", divmod(abs(minutes), 60)
    assert parse_argument(f"{local}{sign}{hours:02}:{rest:02}") == millis * 1_000 + 10**12
    assert parse_argument(f"{local.replace('T', ' ')} {sign}{hours:02}{rest:02}") == millis * 1_000 + 10**12
