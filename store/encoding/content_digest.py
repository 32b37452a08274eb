"""One fingerprint for one event, however its JSON is spelled.

Key order, white space and number form (`4`, `4.0`, `4e0`) do not tell two deliveries apart; anything else does.
"""

import json
from decimal import Decimal
from hashlib import blake2b
from typing import Any

import orjson

DIGEST_BYTES = 16
FIRST_AMBIGUOUS = 2.0**53
"""From here on a double cannot tell a whole number from its neighbour."""


class _WideNumberError(Exception):
    """A number that a double cannot tell from its neighbours."""


def content_digest(value: Any, raw: bytes) -> bytes:
    """Return the 16-byte digest of a decoded event. `value` is normalised in place; `raw` is what it came from.

    Events with numbers beyond 64 bits, or nested too deeply to be written anew, are told apart by their bytes:
    treating two of them as equal because the difference cannot be expressed would lose one.
    """
    try:
        try:
            _make_whole_numbers_ints(value)
        except _WideNumberError:
            value = json.loads(raw, parse_float=_exact_number)
        return _digest_of(value)
    except (RecursionError, orjson.JSONEncodeError):
        return blake2b(b"bytes:" + raw.strip(), digest_size=DIGEST_BYTES).digest()


def _digest_of(value: Any) -> bytes:
    """Return the digest of a decoded event whose whole numbers are ints already."""
    return digest_of_canonical(orjson.dumps(value, option=orjson.OPT_SORT_KEYS))


def digest_of_canonical(canonical: bytes) -> bytes:
    """Return the digest of an event in canonical form: keys sorted, no blanks, whole numbers without a point."""
    return blake2b(canonical, digest_size=DIGEST_BYTES).digest()


def _make_whole_numbers_ints(value: Any) -> None:
    items = value.items() if type(value) is dict else enumerate(value)
    for key, item in items:
        kind = type(item)
        if kind is str:
            continue
        if kind is dict or kind is list:
            _make_whole_numbers_ints(item)
        elif kind is float and item.is_integer():
            if not -FIRST_AMBIGUOUS < item < FIRST_AMBIGUOUS:
                raise _WideNumberError
            value[key] = int(item)


def _exact_number(text: str) -> int | float:
    number = Decimal(text)
    return int(number) if number == number.to_integral_value() else float(number)
