"""The rest of an iteration in a forked process: one core prepares what the other one writes.

A fork needs no start-up and no copy of what the iterator holds. The two share a ring of memory; a socket says which
slot is full and which is free. Should either process die, the other one sees the socket close.
"""

import gc
import marshal
import mmap
import os
import pickle
import signal
import socket
import struct
import threading
from collections import deque
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager, suppress
from io import FileIO
from itertools import accumulate, pairwise
from typing import IO, Any

from outcomes.domain.errors import UnreadableInput
from outcomes.store.encoding.arrival import Arrivals
from outcomes.store.ingest.prepare import Prepared
from outcomes.store.sources.segment import Segment

_SLOTS, _SLOT_BYTES = 16, 2 << 20
# After a batch is written all that lies there is taken at once: nobody has waited for it.
_AWAITED = 3
_HEADER, _SIZE = struct.Struct("=cIQ"), struct.Struct("=Q")
_PART, _LONG, _ERROR, _END = b"p", b"l", b"e", b"x"


def can_fork() -> bool:
    """Say whether a fork is safe: with other threads around a copy might wait for locks that nobody will free."""
    return hasattr(os, "fork") and hasattr(socket, "send_fds") and threading.active_count() == 1 and _cores() > 1


def _cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _ignore(_is_awaited: bool) -> None:
    """Prepare a part like any other."""


@contextmanager
def in_background(
    parts: Iterator[Prepared], tell: Callable[[bool], None] = _ignore
) -> Generator[Iterator[Prepared], None, None]:
    """Give what `parts` has left, prepared by another process from now on, as fast as it is taken here.

    There `tell` is told before each part whether it is waited for here, everything before it having been taken.
    """
    ring = mmap.mmap(-1, _SLOTS * _SLOT_BYTES)
    ours, theirs = socket.socketpair()
    alive, held = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(held)
        _serve(parts, tell, ring, theirs, ours, alive)
    theirs.close()
    os.close(alive)
    try:
        yield _received(ring, ours)
    finally:
        ours.close()
        os.close(held)
        ring.close()
        # It may be waiting for input that never comes; nothing that it has done is of use any more.
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)


def _serve(
    parts: Iterator[Prepared],
    tell: Callable[[bool], None],
    ring: mmap.mmap,
    channel: socket.socket,
    other_end: socket.socket,
    alive: int,
) -> None:
    """Prepare to the end, then leave without any of the parent's clean-up; or at once when the parent is gone."""
    try:
        # Where input never comes, no write would find the parent gone.
        threading.Thread(target=_end_with_parent, args=(alive,), daemon=True).start()
        gc.freeze()  # what the parent made is the parent's to collect: open files and databases among it
        other_end.close()
        sender = _Sender(ring, channel)
        try:
            tell(sender.is_awaited())
            for part in parts:
                sender.send(part)
                tell(sender.is_awaited())
            sender.tell(_END)
        except BaseException as error:  # noqa: BLE001 - it is raised again, over there
            sender.tell(_ERROR, pickle.dumps(error))
        while channel.recv(_SLOTS):
            pass  # slots given back; gone too soon, the last of them would find a closed socket
    finally:
        os._exit(0)


def _end_with_parent(alive: int) -> None:
    """Wait for the end of a pipe that the parent alone holds open, however it ends."""
    os.read(alive, 1)
    os._exit(1)


class _Sender:
    def __init__(self, ring: mmap.mmap, channel: socket.socket) -> None:
        self._ring = ring
        self._channel = channel
        self._free = deque(range(_SLOTS))
        self._taken_at_once = 0

    def send(self, part: Prepared) -> None:
        """Send a part; what is too long to hold goes ahead, as an open file."""
        refused = []
        for segment, reason in part.refused:
            spool = None
            if segment.spool is not None:
                segment.spool.flush()
                socket.send_fds(self._channel, [_HEADER.pack(_LONG, 0, 0)], [segment.spool.fileno()])
                spool = True
            refused.append((segment.raw, segment.line, segment.reason, spool, reason))
        # Of all that is sent nearly all is raw: it is put together once, not moved as a buffer grows.
        raws, *others = part.arrivals.columns()
        told = refused, part.bytes, part.done, part.damage, part.is_due
        besides = marshal.dumps((list(map(len, raws)), others, *told))
        self.tell(_PART, b"".join((_SIZE.pack(len(besides)), besides, *raws)))
        for segment, _ in part.refused:
            segment.close()

    def is_awaited(self) -> bool:
        """Say whether parts are taken as soon as they are sent, several in a row: then more are waited for."""
        with suppress(BlockingIOError):
            self._free.extend(self._channel.recv(_SLOTS, socket.MSG_DONTWAIT) or _gone())
        # For the last part itself there was no time yet.
        self._taken_at_once = self._taken_at_once + 1 if len(self._free) >= _SLOTS - 1 else 0
        return self._taken_at_once >= _AWAITED

    def tell(self, kind: bytes, data: bytes = b"") -> None:
        if len(data) > _SLOT_BYTES:
            self._channel.sendall(_HEADER.pack(kind, _SLOTS, len(data)) + data)
            return
        while not self._free:
            self._free.extend(self._channel.recv(_SLOTS) or _gone())
        slot = self._free.popleft()
        start = slot * _SLOT_BYTES
        self._ring[start : start + len(data)] = data
        self._channel.sendall(_HEADER.pack(kind, slot, len(data)))


def _gone() -> bytes:
    raise BrokenPipeError


def _received(ring: mmap.mmap, channel: socket.socket) -> Iterator[Prepared]:
    spools: list[IO[bytes]] = []
    while True:
        kind, slot, size = _header(channel, spools)
        if kind == _LONG:
            continue
        if slot == _SLOTS:
            data: Any = _exactly(channel, size)
        else:
            data = ring[slot * _SLOT_BYTES : slot * _SLOT_BYTES + size]
            with _or_died():
                channel.sendall(bytes([slot]))
        if kind == _END:
            return
        if kind == _ERROR:
            raise pickle.loads(data)  # noqa: S301 - from our own fork
        yield _part_of(data, spools)


def _part_of(data: bytes, spools: list[IO[bytes]]) -> Prepared:
    """Take apart what `_Sender.send` has put together."""
    (size,) = _SIZE.unpack_from(data)
    lengths, others, refused, *told = marshal.loads(data[_SIZE.size : _SIZE.size + size])  # noqa: S302 - from our fork
    bounds = pairwise(accumulate(lengths, initial=_SIZE.size + size))
    segments = [
        (Segment(raw, line, reason=known, spool=spools.pop(0) if is_long else None), reason)
        for raw, line, known, is_long, reason in refused
    ]
    return Prepared(Arrivals([data[start:end] for start, end in bounds], *others), segments, *told)


def _header(channel: socket.socket, spools: list[IO[bytes]]) -> tuple[bytes, int, int]:
    with _or_died():
        head, handles, _, _ = socket.recv_fds(channel, _HEADER.size, 1)
    spools.extend(FileIO(handle, "rb+") for handle in handles)
    if len(head) < _HEADER.size:
        head += _exactly(channel, _HEADER.size - len(head))
    kind, slot, size = _HEADER.unpack(head)
    return kind, slot, size


def _exactly(channel: socket.socket, size: int) -> bytes:
    data = bytearray()
    while len(data) < size:
        with _or_died():
            part = channel.recv(min(size - len(data), 1 << 20))
        if not part:
            raise _died()
        data += part
    return bytes(data)


@contextmanager
def _or_died() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise _died() from error


def _died() -> UnreadableInput:
    return UnreadableInput("the process that reads ahead was ended: what was taken is safe; run the command again")
