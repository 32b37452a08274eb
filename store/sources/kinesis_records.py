"""Records that Kinesis's producer library has glued together: a magic number, a protocol buffer, a checksum."""

from collections.abc import Iterator
from hashlib import md5

_MAGIC = b"\xf3\x89\x9a\xc2"
_CHECKSUM_BYTES = 16
_BYTES = 2
"""The wire type of what has a length: text, bytes, messages."""
_RECORDS, _DATA = 3, 3
"""The fields of interest: `AggregatedRecord.records` and `Record.data`."""


def records_in(data: bytes) -> list[bytes] | None:
    """Return the user records in an aggregated one; None if these bytes are none."""
    message, checksum = data[len(_MAGIC) : -_CHECKSUM_BYTES], data[-_CHECKSUM_BYTES:]
    if not data.startswith(_MAGIC) or md5(message, usedforsecurity=False).digest() != checksum:
        return None
    try:
        return [
            value
            for field, record in _fields(message)
            if field == _RECORDS
            for inner, value in _fields(record)
            if inner == _DATA
        ]
    except (IndexError, ValueError):
        return None


def _fields(message: bytes) -> Iterator[tuple[int, bytes]]:
    """Yield the fields of a protocol buffer with their numbers; of plain numbers no bytes. Raises IndexError."""
    at = 0
    while at < len(message):
        key, at = _varint(message, at)
        number, at = _varint(message, at)
        if key & 7 == _BYTES:
            if at + number > len(message):
                raise IndexError(number)
            yield key >> 3, message[at : at + number]
            at += number
        elif key & 7:
            raise ValueError(key)


def _varint(message: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = message[at]
        value |= (byte & 0x7F) << shift
        at, shift = at + 1, shift + 7
        if byte < 0x80:  # noqa: PLR2004 - the bit that says that more follows
            return value, at
