"""Long answers in parts: at most so many rows, after a row that is named by its key, never by its number."""

from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple, TypeVar
from urllib.parse import quote, unquote

from outcomes.domain.errors import UsageError

Row = TypeVar("Row")


class Page(NamedTuple):
    """Which part of an answer is asked for: `after` is the key at which the part before ended."""

    limit: int | None = None
    after: str | None = None
    newest_first: bool = False


class NextKey:
    """Where the next part begins, once one has been read: None if there is no more."""

    def __init__(self) -> None:
        self.value: str | None = None


def limited(rows: Iterable[Row], page: Page, key_of: Callable[[Row], str], following: NextKey) -> Iterator[Row]:
    """Yield at most so many rows; afterwards `following` has the key of the last, if there are more."""
    following.value = None
    last: Row | None = None
    for count, row in enumerate(rows):
        if page.limit is not None and count >= page.limit:
            following.value = page.after if last is None else key_of(last)
            return
        last = row
        yield row


def key_of_parts(*parts: object) -> str:
    """Write a key: its parts with colons between them."""
    return ":".join(quote(str(part), safe="") for part in parts)


def parts_of_key(key: str, count: int) -> list[str]:
    """Read a key of so many parts; raises UsageError."""
    parts = [unquote(part) for part in key.split(":")]
    if len(parts) != count:
        raise not_a_key(key)
    return parts


def number_of_key(key: str) -> int:
    """Read a key, or a part of one, that is a number; raises UsageError."""
    if not (key.isascii() and key.isdigit() and len(key) <= len(str(1 << 63))):
        raise not_a_key(key)
    return int(key)


def not_a_key(key: str) -> UsageError:
    """Return the refusal of what is no key of this answer."""
    return UsageError(f"not a key of this answer: {key!r}: give --after what the part before named")
