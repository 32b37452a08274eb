"""`redact`: what is optional in envelopes is dropped before it is written; repeats stay repeats, whatever is on."""

import io
import json
from pathlib import Path

import orjson
import pytest

from outcomes.store.privacy import settings
from outcomes.store.privacy.redaction import redact_refused
from outcomes.store.sources.segment import Segment
from tests.support.given import outcome, result
from tests.support.people import ADA, BY_ADA, class_of_six
from tests.support.world import World

DROPPED = {"client_ip", "user_agent", "session_id", "referrer", "user_login"}
PERSONAL = [value.encode() for name, value in BY_ADA.items() if name in DROPPED]
BY_ADA_ONLY = outcome("7", "2025-02-02", updated="2025-02-02", meta=BY_ADA)


def redact(world: World, value: str) -> None:
    """Set the rule, as `outcomes settings set redact` does."""
    with world.opened() as (log, _), world.home.writing("test"), log.writing() as connection:
        settings.record(connection, settings.REDACT, value, world.clock)


def files(world: World) -> bytes:
    """Return every byte of the home."""
    return b"".join(path.read_bytes() for path in world.home.folder.iterdir())


@pytest.fixture(params=[False, True], ids=["plain", "encrypted"])
def world(request: pytest.FixtureRequest, tmp_path: Path) -> World:
    """A home, plain and encrypted."""
    return World(tmp_path / "home", encrypt=request.param)


def test_what_is_optional_never_reaches_a_file(world: World) -> None:
    """Address, browser, session, referrer and login are in no byte of the home; who acted (by id) is."""
    redact(world, "on")
    unreadable = {"metadata": {**BY_ADA, "event_name": "learning_outcome_created"}, "body": {}}
    assert world.take(BY_ADA_ONLY, unreadable).quarantined == 1
    assert [word for word in PERSONAL if word in files(world)] == []
    (entry,) = world.timeline()
    assert (entry.actor["user_id"], entry.actor["login"]) == (BY_ADA["user_id"], None)
    assert world.verify()["ok"]


def test_everything_else_is_as_it_came(world: World) -> None:
    """Only the fields go; spaces, number forms and order of the rest are untouched."""
    redact(world, "on")
    raw = orjson.dumps(BY_ADA_ONLY, option=orjson.OPT_INDENT_2).replace(b'"points": 5', b'"points": 5.0e0')
    assert b"5.0e0" in raw
    world.take(raw, result("51", "2025-02-01"))
    kept, untouched = world.raw_log()
    assert b'"points": 5.0e0' in kept
    wanted = json.loads(raw)
    wanted["metadata"] = {name: value for name, value in wanted["metadata"].items() if name not in DROPPED}
    assert json.loads(kept) == wanted
    assert untouched == orjson.dumps(result("51", "2025-02-01"))


@pytest.mark.parametrize("rules", [("off", "on"), ("on", "off"), ("on", "off", "on")])
def test_a_repeat_is_a_repeat_whatever_is_on(world: World, rules: tuple[str, ...]) -> None:
    """Stored as it came and sent again while redacting, or the other way round: it is there once."""
    events = [item for item in class_of_six() if isinstance(item, dict)]
    appended = []
    for rule in rules:
        redact(world, rule)
        appended.append(world.take(*events).appended)
    assert appended == [len(events), *([0] * (len(rules) - 1))]
    assert world.verify()["ok"]


def test_other_events_are_no_repeats(world: World) -> None:
    """Two events that differ in more than what is dropped are both kept."""
    redact(world, "on")
    other = outcome("7", "2025-02-02", updated="2025-02-02", meta={**BY_ADA, "request_id": "another"})
    assert world.take(BY_ADA_ONLY, other).appended == 2


def test_a_home_that_never_redacted_keeps_everything(world: World) -> None:
    """Without the rule the bytes are what came."""
    world.take(BY_ADA_ONLY, result("51", "2025-02-01", student=ADA))
    assert world.raw_log()[0] == orjson.dumps(BY_ADA_ONLY)


OPTIONAL_WORDS = ("198.51.100.77", "AdaBrowser", "sessionOfAda", "quill.ada", "gradebook")
WHOLE = (
    b'{"metadata": {"event_name": "x", "client_ip": "198.51.100.77", "user_agent": "Ada\\"Browser/7.7",'
    b' "hostname": "h", "session_id":"sessionOfAda77", "user_login" : "quill.ada@plover.example", "referrer": "https://h/gradebook"'
)
UNREADABLE = {
    "cut between values": WHOLE,
    "cut in a value": WHOLE[:-14],
    "not UTF-8": WHOLE[:-1] + b'\xff"}}',
    "UTF-16, cut": WHOLE.decode().encode("utf-16-le")[:-3],
    "UTF-16, big end first": (WHOLE + b"}}").decode().encode("utf-16-be"),
    "UTF-32": (WHOLE + b"}}").decode().encode("utf-32-le"),
    "JSON in JSON": orjson.dumps({"message": (WHOLE + b"}").decode()}),
    "an array": b"[" + WHOLE + b"}}]",
    "prefixed": b"[2026-01-01] [10.0.0.1] DATA: " + WHOLE + b"}",
    "a number": b'{"metadata": {"session_id": 77, "client_ip" : null, "user_login":true',
}


@pytest.mark.parametrize("name", UNREADABLE)
def test_what_cannot_be_read_is_redacted_too(world: World, name: str) -> None:
    """Cut, not UTF-8, wrapped: the values go, the rest of the bytes stays, with the name of what went."""
    redact(world, "on")
    with world.opened() as (log, _), log.reading() as connection:
        ((kept, reason),) = redact_refused(connection, [(Segment(UNREADABLE[name], 1), "cut off")])
    bare = kept.raw.replace(b"\0", b"")
    assert [word for word in OPTIONAL_WORDS if word.encode() in bare] == []
    assert b"client_ip" in bare
    assert b"sessionOf" not in bare
    assert (b"hostname" in bare) == (name != "a number")
    assert reason == "cut off"


def test_what_is_too_long_to_be_reached_says_so(world: World) -> None:
    """It is kept as it came, and its reason tells that redact has not seen it."""
    redact(world, "on")
    with world.opened() as (log, _), log.reading() as connection:
        spooled = Segment(b"", 1, spool=io.BytesIO(WHOLE))
        ((kept, reason),) = redact_refused(connection, [(spooled, "too long")])
    assert b"".join(kept.chunks()) == WHOLE
    assert reason.startswith("too long (it is too long for redact to reach into")
