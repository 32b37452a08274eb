"""Events in the wrappers that they travel in, made as their senders' own documentation describes them."""

import base64
import gzip
import json
from collections.abc import Callable
from hashlib import md5
from typing import Any

Wrap = Callable[[list[bytes]], bytes]
"""From the bytes of events to what a sender makes of them."""


def _text(event: bytes) -> str:
    return event.decode()


def _base64(data: bytes) -> str:
    return base64.b64encode(data).decode()


def _json(value: Any) -> bytes:
    return json.dumps(value).encode()


def _lines(values: list[Any]) -> bytes:
    return b"".join(_json(value) + b"\n" for value in values)


def _around(before: bytes, events: list[bytes], after: bytes, comma: bytes = b",") -> bytes:
    return before + comma.join(events) + after


def _sqs(event: bytes, body: str = "Body") -> dict[str, Any]:
    return {
        "MessageId": "m",
        "ReceiptHandle": "AQEB==",
        "MD5OfBody": md5(event).hexdigest(),  # noqa: S324 - SQS's own
        body: _text(event),
        "Attributes": {"SentTimestamp": "1"},
        "MessageAttributes": {"event_name": {"StringValue": "x", "DataType": "String"}},
    }


def _sns(event: bytes) -> dict[str, Any]:
    return {"Type": "Notification", "MessageId": "n", "TopicArn": "arn:aws:sns:x", "Message": _text(event)}


def _varint(number: int) -> bytes:
    out = bytearray()
    while number > 0x7F:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    return bytes([*out, number])


def _field(number: int, data: bytes) -> bytes:
    return _varint(number << 3 | 2) + _varint(len(data)) + data


def aggregated(events: list[bytes]) -> bytes:
    """Glue records together as Kinesis's producer library does (its aggregation format)."""
    records = b"".join(_field(3, b"\x08\0" + _field(3, event)) for event in events)
    message = _field(1, b"key") + records
    return b"\xf3\x89\x9a\xc2" + message + md5(message).digest()  # noqa: S324 - the format's own checksum


def _cloudwatch(events: list[bytes]) -> bytes:
    return _json(
        {
            "messageType": "DATA_MESSAGE",
            "owner": "1",
            "logGroup": "g",
            "logStream": "s",
            "subscriptionFilters": ["f"],
            "logEvents": [{"id": str(n), "timestamp": n, "message": _text(e)} for n, e in enumerate(events)],
        }
    )


TRANSPORTS: dict[str, Wrap] = {
    "SQS, receive-message": lambda events: json.dumps({"Messages": [_sqs(e) for e in events]}, indent=4).encode(),
    "SQS, a message a line": lambda events: _lines([_sqs(e) for e in events]),
    "SQS in Lambda": lambda events: _json(
        {"Records": [{**_sqs(e, "body"), "attributes": {"x": "1"}, "eventSource": "aws:sqs"} for e in events]}
    ),
    "SNS": lambda events: _lines([_sns(e) for e in events]),
    "SNS in SQS": lambda events: _json({"Messages": [_sqs(_json(_sns(e))) for e in events]}),
    "SNS in Lambda": lambda events: _json({"Records": [{"EventSource": "aws:sns", "Sns": _sns(e)} for e in events]}),
    "EventBridge, an object": lambda events: b"\n".join(
        b'{"version": "0", "id": "x", "detail-type": "canvas", "source": "canvas", "resources": [], "detail": %s}' % e
        for e in events
    ),
    "EventBridge, as text": lambda events: _lines([{"version": "0", "detail": _text(e)} for e in events]),
    "EventBridge in SQS": lambda events: _json(
        {"Messages": [_sqs(b'{"version":"0","detail-type":"c","detail":%s}' % e) for e in events]}
    ),
    "Kinesis in Lambda": lambda events: _json(
        {"Records": [{"kinesis": {"partitionKey": "k", "data": _base64(e)}, "eventID": "s:1"} for e in events]}
    ),
    "Kinesis, get-records": lambda events: _json(
        {"Records": [{"SequenceNumber": "1", "Data": _base64(e), "PartitionKey": "k"} for e in events]}
    ),
    "Kinesis, aggregated": lambda events: _json({"Records": [{"kinesis": {"data": _base64(aggregated(events))}}]}),
    "Firehose": lambda events: _json(
        {"invocationId": "i", "region": "r", "records": [{"recordId": "1", "data": _base64(e + b"\n")} for e in events]}
    ),
    "Firehose, glued by lines": lambda events: _json({"records": [{"data": _base64(b"\n".join(events) + b"\n")}]}),
    "Firehose, gzip": lambda events: _json({"records": [{"data": _base64(gzip.compress(b"".join(events)))}]}),
    "Firehose, error output": lambda events: _lines(
        [{"attemptsMade": 1, "errorCode": "E", "errorMessage": "m", "rawData": _base64(e)} for e in events]
    ),
    "data": lambda events: _around(b'{"data": [', events, b"]}"),
    "data, one": lambda events: b"\n".join(b'{"data": %s}' % e for e in events),
    "Records": lambda events: _around(b'{"Records":[', events, b"]}"),
    "Records by lines": lambda events: _around(b'{"Records":[\n', events, b"\n]}\n", b",\n"),
    "a list of another name": lambda events: _around(b'{"count": 2, "our_list" : [ ', events, b"]}"),
    "Splunk HEC": lambda events: b"".join(b'{"time": 1.5, "source": "canvas", "event": %s}' % e for e in events),
    "Splunk, export": lambda events: _lines(
        [{"preview": False, "offset": 0, "result": {"_raw": _text(e), "host": "h"}} for e in events]
    ),
    "CloudWatch, subscription": _cloudwatch,
    "CloudWatch, in Lambda": lambda events: _json({"awslogs": {"data": _base64(gzip.compress(_cloudwatch(events)))}}),
    "CloudWatch, through Kinesis": lambda events: _json(
        {"Records": [{"kinesis": {"data": _base64(gzip.compress(_cloudwatch(events)))}}]}
    ),
    "CloudWatch, of what a function has logged": lambda events: _json(
        {"logEvents": [{"id": "1", "message": f"2026-02-02T10:00:00Z\tr-1\tINFO\t{_text(e)}\n"} for e in events]}
    ),
    "Splunk, export of a log": lambda events: _lines(
        [{"preview": False, "result": {"_raw": f"Feb  2 10:00:00 host app[1]: {_text(e)}"}} for e in events]
    ),
    "Elasticsearch": lambda events: _json(
        {"took": 1, "hits": {"total": 2, "hits": [{"_id": "1", "_source": {"message": _text(e)}} for e in events]}}
    ),
    "CloudEvents": lambda events: _lines([{"specversion": "1.0", "data_base64": _base64(e)} for e in events]),
    "Pub/Sub, pull": lambda events: _json(
        {"receivedMessages": [{"ackId": "a", "message": {"data": _base64(e)}} for e in events]}
    ),
    "JSON as text": lambda events: b"\n".join(_json(_text(e)) for e in events),
    "JSON as text in an array": lambda events: _json([_text(e) for e in events]),
    "JSON as text as text": lambda events: _json(_json([_text(e) for e in events]).decode()),
    "Pub/Sub": lambda events: _lines([{"message": {"data": _base64(e), "messageId": "1"}} for e in events]),
    "Docker": lambda events: _lines([{"log": _text(e) + "\n", "stream": "stdout"} for e in events]),
    "a log with prefixes": lambda events: b"".join(b"[2026-02-02 10:00] [203.0.113.9] DATA: %s\n" % e for e in events),
    "our own log with positions": lambda events: b"".join(
        b'{"position": 1, "recorded_at": "x", "entity": "group:1", "event": %s}\n' % e for e in events
    ),
    "plain lines": b"\n".join,
}
"""What a sender makes of some events, by the sender's name."""
