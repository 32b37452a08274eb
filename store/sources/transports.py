"""The wrappers that events travel in: one table, and how what is inside a wrapper is taken out, byte for byte.

A wrapper is known by the name of the member that holds what it carries. What stands there says how it is carried: an
object, a list, JSON as text (also behind what a logger writes), or base64 of any of those, of gzip, or of records that
Kinesis's library has glued. A body that Canvas has signed is a wrapper, too, for whoever has the keys.
"""

import base64
import binascii
import re
from collections.abc import Callable, Iterable, Iterator
from typing import Any, Final, NamedTuple

import msgspec
import orjson

from outcomes.domain.errors import UnreadableInput
from outcomes.store.sources import kinesis_records
from outcomes.store.sources.json_splitter import split
from outcomes.store.sources.segment import MAX_EVENT_BYTES, Segment
from outcomes.store.sources.unpacking import packing_of
from outcomes.store.sources.wrapper_names import LISTS

Signed = Callable[[bytes], bytes | None]
"""Opens a signed body; None of what is none. Raises SignatureRefused, KeySetUnavailable, NotAnEvent."""


class Reader(NamedTuple):
    """How what is inside is read: `value` is that of `split`; without `signed`, signed bodies are not opened."""

    value: Callable[[bytes], Any]
    signed: Signed | None = None


_DEEPEST: Final = 8
_MOST_UNFOLDED: Final = 8 * MAX_EVENT_BYTES

# Name of the member, and who sends it. The first one that is there counts; a name within a name is found in turn.
_PLACES: Final = {
    "detail": "EventBridge",
    "Message": "SNS",
    "kinesis": "Kinesis (Lambda)",
    "awslogs": "CloudWatch (subscription, Lambda)",
    "Sns": "SNS (Lambda)",
    "dynamodb": "DynamoDB stream",
    "Body": "SQS (receive-message)",
    "body": "SQS (Lambda), API Gateway",
    "event": "Splunk HEC, outcomes log --format ndjson",
    "result": "Splunk (export)",
    "_raw": "Splunk (export)",
    "message": "CloudWatch (log events), Pub/Sub",
    "MESSAGE": "journald",
    "log": "Docker",
    "data": "Kinesis, Firehose, Pub/Sub",
    "Data": "Kinesis (get-records)",
    "rawData": "Firehose (error output)",
    "payload": "Kafka (Connect, kcat)",
    "value": "Kafka (REST)",
    "data_base64": "CloudEvents",
    "hits": "Elasticsearch (search)",
    "_source": "Elasticsearch",
    "requestPayload": "Lambda (destination)",
    "responsePayload": "Lambda (destination)",
}
_MEMBERS: Final = msgspec.json.Decoder(dict[str, msgspec.Raw])
_ELEMENTS: Final = msgspec.json.Decoder(list[msgspec.Raw])
_TEXT: Final = msgspec.json.Decoder(str)
_BASE64: Final = re.compile(rb"[A-Za-z0-9+/_-]{16,}={0,2}\s*")
# What a logger wrote before an event is passed over here, too; other text is none of ours.
_NAMES_AN_EVENT: Final = re.compile(rb'"event_name"\s*:')
_JSON_BEGINS: Final = b'{["'
_BLANK: Final = b" \t\r\n"


class Contents(NamedTuple):
    """What a wrapper carries. Of a list each element stands for itself; else the wrapper stands or falls as one."""

    is_list: bool
    segments: Iterator[Segment]


def contents(segment: Segment, reader: Reader, depth: int = 0) -> Contents | None:
    """Return what is inside a value that is no event; None if it is no wrapper. Raises what `reader.signed` does."""
    if depth >= _DEEPEST:
        return None
    if segment.reason is not None:
        inside = _of_signed(segment.raw, segment.line, reader)
        return None if inside is None else Contents(is_list=False, segments=inside)
    try:
        if isinstance(segment.value, dict):
            return _of_object(segment, reader)
        if isinstance(segment.value, list):
            return _of_list(segment, reader)
        if isinstance(segment.value, str):
            inside = _of_text(segment.value.encode(), segment.line, reader)
            return None if inside is None else Contents(is_list=False, segments=inside)
    except (msgspec.DecodeError, UnicodeEncodeError):
        return None
    return None


def _of_object(segment: Segment, reader: Reader) -> Contents | None:
    if _is_envelope(segment.value):
        return None
    lists = [name for name, value in segment.value.items() if _is_list_of_values(name, value)]
    places = [] if lists else [name for name in _PLACES if isinstance(segment.value.get(name), (dict, str))]
    if not lists and not places:
        return None
    members = _MEMBERS.decode(segment.raw)
    if lists:
        elements = (part for name in lists for part in _ELEMENTS.decode(members[name]))
        return Contents(is_list=True, segments=_segments(elements, segment.line, reader))
    for name in places:
        value = segment.value[name]
        inside: Iterator[Segment] | None = iter([Segment(bytes(members[name]), segment.line, value)])
        if isinstance(value, str):
            inside = _of_text(_TEXT.decode(members[name]).encode(), segment.line, reader)
        if inside is not None:
            return Contents(is_list=False, segments=_read_anew(inside, reader))
    return None


def _of_list(segment: Segment, reader: Reader) -> Contents | None:
    if not any(isinstance(value, (dict, str)) for value in segment.value):
        return None
    return Contents(is_list=True, segments=_segments(_ELEMENTS.decode(segment.raw), segment.line, reader))


def _is_envelope(value: dict[str, Any]) -> bool:
    """Say whether an object is meant as an event: then what is wrong with it is its own, not a wrapper's."""
    return isinstance(value.get("metadata"), dict) or (
        isinstance(value.get("attributes"), dict) and "event_name" in value["attributes"]
    )


def _is_list_of_values(name: str, value: Any) -> bool:
    if not isinstance(value, list):
        return False
    if name in LISTS:
        return not value or isinstance(value[0], (dict, str))
    return bool(value) and isinstance(value[0], dict) and _is_envelope(value[0])


def _segments(elements: Iterable[msgspec.Raw], line: int, reader: Reader) -> Iterator[Segment]:
    for element in elements:
        raw = bytes(element)
        value = reader.value(raw) if raw.startswith(b"{") else None
        yield Segment(raw, line, orjson.loads(raw) if value is None else value)


def _read_anew(segments: Iterable[Segment], reader: Reader) -> Iterator[Segment]:
    for segment in segments:
        if isinstance(segment.value, dict):
            value = reader.value(segment.raw)
            if value is not None:
                segment.value = value
        yield segment


def _of_text(text: bytes, line: int, reader: Reader) -> Iterator[Segment] | None:
    """Return the values in what a wrapper holds as text: JSON, base64 or a signed body; None if it is none of them."""
    stripped = text.strip(_BLANK)
    if stripped[:1] and stripped[:1] in _JSON_BEGINS:
        return _on_line(split([stripped], reader.value), line)
    if _BASE64.fullmatch(stripped):
        try:
            return _of_bytes(base64.b64decode(_standard(stripped), validate=True), line, reader)
        except binascii.Error:
            return None
    if _NAMES_AN_EVENT.search(stripped):
        return _on_line(split([stripped], reader.value), line)
    return _of_signed(text, line, reader)


def _of_signed(text: bytes, line: int, reader: Reader) -> Iterator[Segment] | None:
    event = None if reader.signed is None else reader.signed(text)
    return None if event is None else _on_line(split([event], reader.value), line)


def _standard(text: bytes) -> bytes:
    plain = text.translate(bytes.maketrans(b"-_", b"+/"), b"= \t\r\n")
    return plain + b"=" * (-len(plain) % 4)


def _of_bytes(data: bytes, line: int, reader: Reader) -> Iterator[Segment] | None:
    packing = packing_of(data)
    if packing is not None:
        return _on_line(split(_bounded(packing.unpack([data], "what is packed here")), reader.value), line)
    glued = kinesis_records.records_in(data)
    if glued is not None:
        return (segment for record in glued for segment in _of_bytes(record, line, reader) or _damage(record, line))
    stripped = data.strip(_BLANK)
    return _on_line(split([stripped], reader.value), line) if stripped[:1] and stripped[:1] in _JSON_BEGINS else None


def _damage(raw: bytes, line: int) -> Iterator[Segment]:
    yield Segment(raw, line, reason="a record that is no JSON")


def _on_line(segments: Iterable[Segment], line: int) -> Iterator[Segment]:
    """Yield what was found in a wrapper with the line of the wrapper."""
    for segment in segments:
        segment.line = line
        yield segment


def _bounded(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """Yield what was packed, up to a bound; damage ends it, and shows as what is cut off there."""
    size = 0
    try:
        for chunk in chunks:
            size += len(chunk)
            if size > _MOST_UNFOLDED:
                return
            yield chunk
    except UnreadableInput:
        return
