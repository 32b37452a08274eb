"""AES-256-GCM, and the layout of an encrypted state. Everything that the project asks of a cipher is in this module.

    tag 0x01 | subject's key number, 4 | count, 1 | others' key numbers, 4 each | length of the readable part, 4
    | readable part | whole part

A part is a nonce of 12 bytes and the ciphertext of a zstandard frame. The *whole* part is the event as it came; it
opens with the keys of everyone named. The *readable* part is there where others than the subject are named: the event
without what is personal to them, under the subject's key alone, or as a plain frame where there is no subject. Both are
bound to the digest of the event's content and to the numbers before them. A state begins with 0x01; a zstandard frame
never does.
"""

import struct
from collections.abc import Sequence
from hashlib import blake2b
from secrets import token_bytes
from typing import NamedTuple

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from outcomes.domain.errors import LogDamaged

TAG = b"\x01"
NO_SUBJECT = 0
"""The key number of an absent subject; real ones count from 1."""
MOST_OTHERS = 255
_KEY_BYTES = 32
_NONCE_BYTES = 12
_FIXED = struct.Struct(">cIB")
_LENGTH = struct.Struct(">I")


class EncryptedState(NamedTuple):
    """An encrypted state taken apart; an empty `whole` can be read by nobody any more."""

    subject: int
    others: tuple[int, ...]
    readable: bytes
    whole: bytes

    @property
    def heading(self) -> bytes:
        """The bytes that both parts are bound to."""
        return _FIXED.pack(TAG, self.subject, len(self.others)) + b"".join(map(_LENGTH.pack, self.others))

    def packed(self) -> bytes:
        """Return the state to store."""
        return self.heading + _LENGTH.pack(len(self.readable)) + self.readable + self.whole


def is_encrypted(state: bytes) -> bool:
    """Say whether a stored state is an encrypted one."""
    return state[:1] == TAG


def unpack(state: bytes) -> EncryptedState:
    """Take an encrypted state apart; raises LogDamaged."""
    try:
        _, subject, count = _FIXED.unpack_from(state)
        at = _FIXED.size + _LENGTH.size * count
        others = struct.unpack_from(f">{count}I", state, _FIXED.size)
        (length,) = _LENGTH.unpack_from(state, at)
    except struct.error as error:
        raise LogDamaged(f"an encrypted event cannot be taken apart ({error}): restore log.db from a backup") from error
    at += _LENGTH.size
    return EncryptedState(subject, others, state[at : at + length], state[at + length :])


def new_key() -> bytes:
    """Return a random key of 256 bits."""
    return token_bytes(_KEY_BYTES)


def joint_key(keys: Sequence[bytes]) -> bytes:
    """Return the key that needs all of these: without one of them, it cannot be had."""
    return keys[0] if len(keys) == 1 else blake2b(b"".join(keys), digest_size=_KEY_BYTES, person=b"joint").digest()


def encrypt(key: bytes, plain: bytes, bound_to: bytes) -> bytes:
    """Return nonce and ciphertext. Nonces are random: 2^32 messages under one key are far from a repeat."""
    nonce = token_bytes(_NONCE_BYTES)
    return nonce + AESGCM(key).encrypt(nonce, plain, bound_to)


def decrypt(key: bytes, part: bytes, bound_to: bytes) -> bytes:
    """Return what was encrypted; raises LogDamaged where the key, the bytes or what they are bound to is another."""
    try:
        return AESGCM(key).decrypt(part[:_NONCE_BYTES], part[_NONCE_BYTES:], bound_to)
    except (InvalidTag, ValueError) as error:
        raise LogDamaged(
            "an encrypted event does not open with its own key: it or the key was changed; restore log.db from a backup"
        ) from error
