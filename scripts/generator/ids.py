"""Numbers and uuids as a Canvas database hands them out.

Local ids count up per table, with gaps where other rows went. Metadata and the mapping events carry global ids:
shard times 10^13 plus the local id (DOMAIN.md 1.10).
"""

import string

from scripts.generator.dice import Dice

SHARD = 10_000_000_000_000

_ALPHABET = (string.ascii_letters + string.digits).encode()
_TO_ALPHABET = bytes(_ALPHABET[byte % len(_ALPHABET)] for byte in range(256))
UUID_LENGTH = 40

_FIRST = {
    "accounts": 110,
    "assignments": 31_000,
    "calculation_methods": 3,
    "courses": 4_200,
    "enrollments": 88_000,
    "friendly_descriptions": 12,
    "groups": 2_600,
    "jobs": 1_090_000_000_000_000,
    "links": 151_000,
    "live_assessments": 40,
    "live_submissions": 700,
    "migrations": 900,
    "outcomes": 9_300,
    "proficiencies": 4,
    "quizzes": 7_700,
    "quiz_submissions": 210_000,
    "ratings": 60,
    "results": 402_000,
    "rubric_assessments": 73_000,
    "sections": 5_100,
    "submissions": 930_000,
    "users": 20_500,
}
"""About where each table of a school in its fifth year stands: far apart, so that ids are not mistaken."""


def uuids(rng: Dice, how_many: int) -> str:
    """Draw that many Canvas uuids (40 letters and digits each) as one text, to keep large schools small."""
    return rng.randbytes(UUID_LENGTH * how_many).translate(_TO_ALPHABET).decode()


def uuid(rng: Dice) -> str:
    """Draw one Canvas uuid."""
    return uuids(rng, 1)


def request_uuid(rng: Dice) -> str:
    """Draw a dashed hexadecimal uuid, the form of `request_id`."""
    text = f"{rng.getrandbits(128):032x}"
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"


class Sequences:
    """The counters behind the primary keys of one tenant."""

    def __init__(self, rng: Dice) -> None:
        """Start each table somewhere of its own, so that two tenants share numbers without sharing meaning."""
        self._rng = rng
        self._last = {table: first + rng.randrange(first // 3 + 1) for table, first in _FIRST.items()}

    def next(self, table: str) -> int:
        """Hand out the next id of a table; now and then a row we never hear of took one."""
        self._last[table] += 1 + (self._rng.random() < 0.2)  # noqa: PLR2004
        return self._last[table]

    def block(self, table: str, size: int) -> int:
        """Hand out `size` consecutive ids, as one transaction gets them, and return the first."""
        first = self._last[table] + 1
        self._last[table] += size
        return first
