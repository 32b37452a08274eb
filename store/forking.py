"""Work for other cores in forked processes: they need no start-up, and hold what their parent held."""

import gc
import os
import pickle
import signal
import socket
import struct
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import NoReturn

from outcomes.domain.errors import HomeUnavailable

_LENGTH = struct.Struct("=Q")
_DONE, _FAILED = b"d", b"f"

Work = Callable[[bytes], bytes]


def can_fork() -> bool:
    """Say whether a fork is safe: with other threads around a copy might wait for locks that nobody will free."""
    return hasattr(os, "fork") and hasattr(socket, "send_fds") and threading.active_count() == 1 and _cores() > 1


def _cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def end_with_parent(alive: int) -> None:
    """End this process, from a thread, once a pipe closes that the parent alone holds open, however it ends."""

    def wait() -> NoReturn:
        os.read(alive, 1)
        os._exit(1)

    threading.Thread(target=wait, daemon=True).start()


@contextmanager
def forked_map(work: Work, processes: int) -> Iterator[Callable[[Iterable[bytes]], Iterator[bytes]]]:
    """Give a `map` over requests whose work is done in so many forked processes; the answers come in order.

    The processes are ended with the context. What `work` raises is raised here; HomeUnavailable if one was killed.
    """
    alive, held = os.pipe()
    children: list[_Child] = []
    try:
        children.extend(_Child(work, alive, held) for _ in range(processes))
        yield partial(_in_order, children)
    finally:
        for child in children:
            child.end()
        os.close(alive)
        os.close(held)


def _in_order(children: "list[_Child]", requests: Iterable[bytes]) -> Iterator[bytes]:
    idle, busy = deque(children), deque[_Child]()
    for request in requests:
        if idle:
            child, answer = idle.popleft(), None
        else:
            child = busy.popleft()
            answer = child.answer()
        # Busy again before anything is made of its answer. It holds one request at a time, so neither waits for a
        # reader that itself waits to write.
        child.ask(request)
        busy.append(child)
        if answer is not None:
            yield answer
    while busy:
        yield busy.popleft().answer()


class _Child:
    """A forked process, seen from its parent."""

    def __init__(self, work: Work, alive: int, held: int) -> None:
        self._channel, theirs = socket.socketpair()
        self._process = os.fork()
        if self._process == 0:
            os.close(held)
            self._channel.close()
            _serve(work, theirs, alive)
        theirs.close()

    def ask(self, request: bytes) -> None:
        try:
            _send(self._channel, request)
        except OSError as error:
            raise _killed() from error

    def answer(self) -> bytes:
        try:
            data = _received(self._channel)
        except OSError as error:
            raise _killed() from error
        if data is None:
            raise _killed()
        if data[:1] == _FAILED:
            raise pickle.loads(data[1:])  # noqa: S301 - from our own fork
        return data[1:]

    def end(self) -> None:
        self._channel.close()
        os.kill(self._process, signal.SIGKILL)  # nothing that it may still do is of use
        os.waitpid(self._process, 0)


def _serve(work: Work, channel: socket.socket, alive: int) -> NoReturn:
    """Work until nobody asks any more, then leave without any of the parent's clean-up."""
    try:
        end_with_parent(alive)
        gc.freeze()  # what the parent made is the parent's to collect: open files and databases among it
        while (request := _received(channel)) is not None:
            try:
                answer = _DONE + work(request)
            except BaseException as error:  # noqa: BLE001 - it is raised again, over there
                answer = _FAILED + pickle.dumps(error)
            _send(channel, answer)
    finally:
        os._exit(0)


def _send(channel: socket.socket, data: bytes) -> None:
    channel.sendall(_LENGTH.pack(len(data)))
    channel.sendall(data)


def _received(channel: socket.socket) -> bytes | None:
    """Return the next message; None where the other side has closed."""
    length = _exactly(channel, _LENGTH.size)
    return None if length is None else _exactly(channel, *_LENGTH.unpack(length))


def _exactly(channel: socket.socket, size: int) -> bytes | None:
    data = bytearray(size)
    view = memoryview(data)
    while view:
        count = channel.recv_into(view)
        if not count:
            return None
        view = view[count:]
    return bytes(data)


def _killed() -> HomeUnavailable:
    return HomeUnavailable("a process that helps this one was ended: nothing is lost; run the command again")
