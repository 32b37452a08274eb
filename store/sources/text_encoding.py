"""Text that is not in UTF-8: UTF-16 and UTF-32, as Windows writes them, known by their mark or by their zero bytes."""

import codecs
from collections.abc import Iterable, Iterator

from outcomes.domain.errors import UnreadableInput

# The longer marks first: that of UTF-32 begins with that of UTF-16.
_MARKS = (
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_WITHOUT_MARK = ("utf-32-le", "utf-32-be", "utf-16-le", "utf-16-be")
_JSON_BEGINS = frozenset('{["')
_BLANK = " \t\r\n"


def encoding_of(head: bytes) -> str | None:
    """Return the encoding of a text that begins like this, None for UTF-8 (or what is no text).

    Without a mark it must be JSON from its first character on, with the zero bytes in the right places.
    """
    marked = next((encoding for mark, encoding in _MARKS if head.startswith(mark)), None)
    if marked is not None:
        return marked
    if b"\0" not in head[:4]:
        return None
    return next((encoding for encoding in _WITHOUT_MARK if _is_json_in(head[:64], encoding)), None)


def _is_json_in(head: bytes, encoding: str) -> bool:
    text = head[: len(head) // 4 * 4].decode(encoding, errors="replace").lstrip(_BLANK)
    return text[:1] in _JSON_BEGINS and bool(text) and text[:8].isascii() and "\0" not in text


def to_utf8(chunks: Iterable[bytes], encoding: str, name: str) -> Iterator[bytes]:
    """Yield the text in UTF-8. What cannot be decoded stays damage, in its place, for whoever reads the lines."""
    decoder = codecs.getincrementaldecoder(encoding)(errors="surrogatepass")
    done = 0
    for chunk in chunks:
        done += len(chunk)
        try:
            yield decoder.decode(chunk).encode(errors="surrogatepass")
        except UnicodeDecodeError as error:
            raise _damaged(name, encoding, done, error.reason) from error
    try:
        decoder.decode(b"", final=True)
    except UnicodeDecodeError as error:
        raise _damaged(name, encoding, done, "the file ends in the middle of a letter") from error


def _damaged(name: str, encoding: str, done: int, why: str) -> UnreadableInput:
    return UnreadableInput(
        f"{name} is damaged {encoding.upper()}: {why} (within its first {done:,} bytes): "
        "what came before was taken; fetch the file again"
    )
