"""What is in a source, as text in UTF-8: unpacked and decoded by what it *is*, not by what it is called."""

import codecs
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from outcomes.domain.errors import NoFileOfEvents, UnreadableInput
from outcomes.store.sources import parquet
from outcomes.store.sources.file_types import HEAD_BYTES, PARQUET_MAGIC, refuse_unless_text
from outcomes.store.sources.files import InputChunks, Source, check_there, open_source
from outcomes.store.sources.text_encoding import encoding_of, to_utf8
from outcomes.store.sources.unpacking import packing_of

_DEEPEST_PACKING = 4


def check_readable(sources: Iterable[Source]) -> None:
    """Refuse sources as a whole, before any is read, if a file is not there or is known to hold no events.

    Raises UnreadableInput. What is damaged is not refused: what it still holds is read.
    """
    names = [source for source in sources if isinstance(source, str)]
    check_there(names)
    # A pipe can be read but once: of one, the same is found out when its turn comes.
    for name in (name for name in names if Path(name).is_file()):
        with open_source(name) as stream:
            head = content_of(stream, name)
            with _only_refusals():
                next(head, b"")


def content_of(stream: BinaryIO, name: str) -> Iterator[bytes]:
    """Yield the text of an open source; see `text_in` for what is raised and what an empty chunk says."""
    return text_in(InputChunks(stream, name), name, stream)


def text_in(chunks: Iterable[bytes], name: str, stream: BinaryIO | None = None) -> Iterator[bytes]:
    """Yield the text that a source's bytes hold, however often they are packed: gzip in gzip is one.

    Raises UnreadableInput: at once, before anything is yielded, if it is known to be no file of events; for a packed
    stream that is damaged, after all that can be read. An empty chunk is passed on: nothing came for a while. A Parquet
    file is read from `stream`, if that can be sought in.
    """
    head, chunks, depth = _unpacked(chunks, name)
    if head.startswith(PARQUET_MAGIC) and not depth and stream is not None and stream.seekable():
        yield from parquet.events_in(stream, name)
        return
    encoding = encoding_of(head)
    if encoding is not None:
        head, chunks = _peek(to_utf8(chunks, encoding, name))
    refuse_unless_text(head, name)
    yield from chunks


def any_text_in(chunks: Iterable[bytes], name: str) -> Iterator[bytes]:
    """Yield text that need not be of events, unpacked and in UTF-8; raises UnreadableInput as `text_in` does."""
    head, chunks, _ = _unpacked(chunks, name)
    encoding = encoding_of(head)
    text = chunks if encoding is None else to_utf8(chunks, encoding, name)
    for first in text:
        yield first.removeprefix(codecs.BOM_UTF8)
        break
    yield from text


def _unpacked(chunks: Iterable[bytes], name: str) -> tuple[bytes, Iterator[bytes], int]:
    """Return the first bytes and all chunks of what was packed, and how often it was."""
    head, found = _peek(chunks)
    depth = 0
    while packing := packing_of(head):
        depth += 1
        if depth > _DEEPEST_PACKING:
            raise UnreadableInput(f"{name} is packed more than {_DEEPEST_PACKING} times over: unpack it first")
        head, found = _peek(packing.unpack(found, name))
    return head, found, depth


@contextmanager
def _only_refusals() -> Iterator[None]:
    """Let damage pass: it is told when the source is read."""
    try:
        yield
    except UnreadableInput as error:
        if isinstance(error, NoFileOfEvents):
            raise


def _peek(chunks: Iterable[bytes]) -> tuple[bytes, Iterator[bytes]]:
    """Return the first bytes, as many as there are without waiting, and all chunks from the first on."""
    seen: list[bytes] = []
    rest, size, failure = iter(chunks), 0, None
    try:
        for chunk in rest:
            seen.append(chunk)
            size += len(chunk)
            if size >= HEAD_BYTES or (size and not chunk):
                break
    except UnreadableInput as error:
        failure = error

    def again() -> Iterator[bytes]:
        yield from seen
        if failure is not None:
            raise failure
        yield from rest

    return b"".join(seen)[: max(HEAD_BYTES, 1)], again()
