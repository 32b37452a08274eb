"""Files that hold no events, known by their first bytes, so that none of their bytes is taken for an event.

What is named here is what people have been seen to give: archives, exports, downloads that are a login page.
"""

import re
from typing import NamedTuple

from outcomes.domain.errors import NoFileOfEvents

HEAD_BYTES = 512
"""So many of the first bytes are looked at: enough for the mark of a tape archive, at 257."""

PARQUET_MAGIC = b"PAR1"

_UNPACK = "unpack it and ingest the files inside"
_EXPORT = "write its events as NDJSON, one a line, and ingest that"
_NO_EVENTS = "fetch the events themselves again"


class _FileType(NamedTuple):
    magic: bytes
    what: str
    advice: str
    at: int = 0


_TYPES = (
    _FileType(b"PK\x03\x04", "a zip archive (or an office document, which is one)", _UNPACK),
    _FileType(b"PK\x05\x06", "an empty zip archive", _UNPACK),
    _FileType(b"7z\xbc\xaf\x27\x1c", "a 7z archive", _UNPACK),
    _FileType(b"Rar!\x1a\x07", "a RAR archive", _UNPACK),
    _FileType(b"ustar", "a tar archive", f"{_UNPACK} (tar -xOf FILE | outcomes ingest -)", 257),
    _FileType(b"MSCF", "a cabinet archive", _UNPACK),
    _FileType(b"\x1f\x9d", "packed by compress", "unpack it with uncompress"),
    _FileType(b"\x04\x22\x4d\x18", "packed by lz4", "unpack it with lz4 -d"),
    _FileType(b"\xff\x06\0\0sNaPpY", "packed by snappy", "unpack it first"),
    _FileType(b"SQLite format 3\0", "a SQLite database", "the events of an outcomes home come out with outcomes log"),
    _FileType(b"\x37\x7f\x06\x82", "the write-ahead log of a SQLite database", "use the database itself"),
    _FileType(b"\x37\x7f\x06\x83", "the write-ahead log of a SQLite database", "use the database itself"),
    _FileType(b"\xd9\xd5\x05\xf9\x20\xa1\x63\xd7", "the journal of a SQLite database", "use the database itself"),
    _FileType(b"PAR1", "a Parquet file", _EXPORT),
    _FileType(b"ARROW1", "an Arrow file", _EXPORT),
    _FileType(b"Obj\x01", "an Avro file", _EXPORT),
    _FileType(b"ORC", "an ORC file", _EXPORT),
    _FileType(b"\x89HDF\r\n", "an HDF5 file", _EXPORT),
    _FileType(b"PGDMP", "a PostgreSQL dump", _EXPORT),
    _FileType(b"%PDF-", "a PDF document", _NO_EVENTS),
    _FileType(b"%!PS", "a PostScript document", _NO_EVENTS),
    _FileType(b"{\\rtf", "a rich text document", _NO_EVENTS),
    _FileType(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "an old office document", _NO_EVENTS),
    _FileType(b"\x89PNG\r\n", "a PNG picture", _NO_EVENTS),
    _FileType(b"\xff\xd8\xff", "a JPEG picture", _NO_EVENTS),
    _FileType(b"GIF8", "a GIF picture", _NO_EVENTS),
    _FileType(b"\x7fELF", "a program", _NO_EVENTS),
    _FileType(b"MZ\x90\0", "a program", _NO_EVENTS),
    _FileType(b"\xcf\xfa\xed\xfe", "a program", _NO_EVENTS),
    _FileType(b"\xca\xfe\xba\xbe", "a program", _NO_EVENTS),
    _FileType(b"-----BEGIN PGP", "encrypted or signed by PGP", "decrypt it with gpg -d"),
    _FileType(b"age-encryption.org/", "encrypted by age", "decrypt it with age -d"),
    _FileType(b"Salted__", "encrypted by OpenSSL", "decrypt it first"),
    _FileType(b"version https://git-lfs", "a pointer of Git LFS, not the file", "fetch the file with git lfs pull"),
)
_MARKUP = re.compile(rb"\s*<(?:!doctype\b|html\b|head\b|body\b|\?xml\b|!--|error\b)", re.IGNORECASE)
_OUTCOMES_CSV = re.compile(rb"(?=[^\n]*\bvendor_guid\b)(?=[^\n]*\b(?:object_type|title)\b)[\w\"', \t;.-]+\r?(?:\n|\Z)")
_REPORT_CSV = re.compile(rb'"?student (?:name|id)"?,[^\n]*learning outcome', re.IGNORECASE)
# A line feed, a tab and their like stand in text; a terminal's escape and the mark of a JSON text sequence, too.
_CONTROL = bytes(set(range(32)) - set(b"\t\n\v\f\r\x1b\x1e")) + b"\x7f"
_OPENINGS = (b"{", b"[", b'"')
_MOST_ODD = 0.1


def refuse_unless_text(head: bytes, name: str) -> None:
    """Raise NoFileOfEvents, with what it is and what to do, for a source whose beginning shows that it is no text.

    Damage is something else: a file that begins as JSON does is read, however odd the bytes in it are.
    """
    kind = _type_of(head)
    if kind is not None:
        raise _no_events(name, kind.what, kind.advice)
    if _MARKUP.match(head):
        raise _no_events(name, "a page or document of HTML or XML", f"it may be an error or a login: {_NO_EVENTS}")
    line = head.split(b"\n", 1)[0]
    if _OUTCOMES_CSV.match(head) and b"," in line:
        raise _no_events(name, "a CSV of outcomes", "import it in Canvas, which sends an event for each")
    if _REPORT_CSV.match(head):
        raise _no_events(name, "a report of Canvas", "reports are no events: ingest the stream of live events")
    if head and not head.strip(b"\0"):
        raise _no_events(name, "nothing but zero bytes at its beginning", "cut them off: tr -d '\\0' < FILE")
    if is_binary(head):
        raise _no_events(name, "binary data of an unknown kind", _EXPORT)


def known_type(head: bytes) -> str | None:
    """Return what a file is that begins like this, in words; None for text and what is not known."""
    kind = _type_of(head)
    return None if kind is None else kind.what


def _type_of(head: bytes) -> _FileType | None:
    return next((kind for kind in _TYPES if head.startswith(kind.magic, kind.at)), None)


def is_binary(head: bytes) -> bool:
    """Say whether bytes are no text: zeroes where no JSON has begun, or a tenth and more that no text has."""
    if not head or head.lstrip(b" \t\r\n\xef\xbb\xbf\x1e").startswith(_OPENINGS):
        return False
    if b"\0" in head.split(b"\n", 1)[0]:
        return True
    text = head.decode(errors="replace")
    # A letter may be cut in two at the end of what was looked at.
    odd = len(head) - len(head.translate(None, _CONTROL)) + max(0, text.count("\ufffd") - 1)
    return odd > max(1, _MOST_ODD * len(text))


def _no_events(name: str, what: str, advice: str) -> NoFileOfEvents:
    return NoFileOfEvents(f"{name} is no file of events but {what}: nothing of it was stored: {advice}")
