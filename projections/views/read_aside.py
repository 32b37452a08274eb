"""The log read for views by a second process, which opens it by itself: one core extracts what the other one writes.

It is not forked, for SQLite's locks do not survive that, and takes half a second to start; until it is there, what it
would do is done here. Few events are done before that, and it is never asked.
"""

import marshal
import os
import pickle
import select
import struct
import subprocess
import sys
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from io import BufferedReader, FileIO
from pathlib import Path
from typing import IO, Any

from outcomes.domain.errors import HomeUnavailable
from outcomes.projections.views.extract import extract_values
from outcomes.store.cycle_collection import without_cycle_collection
from outcomes.store.ingest.read_ahead import cores
from outcomes.store.log.event_log import EventLog
from outcomes.store.log.log_file import LogFile
from outcomes.store.privacy.home_key import default_source
from outcomes.store.sqlite.posix import fcntl

_WORTH_STARTING = 50_000
"""Events; fewer are done before it has started."""
_AT_ONCE, _PIPE_BYTES = 1_000, 1 << 20
"""So that some thousand events are on their way while those before them are written."""
_START = (
    "import marshal, sys; sys.path[:], place = marshal.load(sys.stdin.buffer); "
    "from outcomes.projections.views.read_aside import serve; serve(place)"
)
_READY, _PAGE, _END, _ERROR = b"r", b"p", b"x", b"e"
_HEADER = struct.Struct("=cQ")

Found = tuple[int, tuple[Any, ...] | None]
"""An event's position, and the values of its row; None of an event that is not projected."""


def read_up_to(log: EventLog, after: int, ends: Sequence[int]) -> Iterator[tuple[int, Iterator[Found]]]:
    """Yield each of the ends with what is found between it and the one before; that is to be taken before the next.

    Raises what reading raises, and HomeUnavailable where the second process was ended.
    """
    left = deque(ends)
    with second_reader(log, ends[-1] - after if ends else 0) as second:
        while left and not (second is not None and second.is_ready()):
            end = left.popleft()
            yield end, found_in(log, after, end)
            after = end
        if left and second is not None:
            second.ask(after, list(left))
            for end in left:
                yield end, second.found()


def found_in(log: EventLog, after: int, end: int) -> Iterator[Found]:
    """Yield what is found in a log behind a position, up to another."""
    for page in log.states(after, end):
        for position, digest, state in page:
            event = log.known_event(position, digest, state)
            yield position, None if event is None else extract_values(event, digest)


@contextmanager
def second_reader(log: EventLog, events: int) -> Iterator["SecondReader | None"]:
    """Start a second reader where it pays and the log can be opened without a key; end it, whatever it is at."""
    is_open_to_all = isinstance(log.store, LogFile) and log.encryption is None
    if events < _WORTH_STARTING or not is_open_to_all or cores() < 2 or not sys.executable or os.name != "posix":  # noqa: PLR2004
        yield None
        return
    with ExitStack() as stack:
        process = subprocess.Popen(  # noqa: S603 - ourselves
            [sys.executable, "-c", _START],
            bufsize=0,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )
        stack.enter_context(process)
        stack.callback(process.kill)
        yield SecondReader(process, log.store.place)


class SecondReader:
    """This end of the pipes to a second process."""

    def __init__(self, process: "subprocess.Popen[bytes]", place: str) -> None:
        assert process.stdin is not None  # noqa: S101 - a pipe
        assert process.stdout is not None  # noqa: S101 - a pipe
        self.pid = process.pid
        self._to, self._from = process.stdin, BufferedReader(FileIO(process.stdout.fileno(), closefd=False))
        self._send((sys.path, place))

    def is_ready(self) -> bool:
        """Say whether it has started and waits to be asked; it never is where it could not open the log."""
        ready, _, _ = select.select([self._from], [], [], 0)
        return bool(ready) and self._from.read(len(_READY)) == _READY

    def ask(self, after: int, ends: list[int]) -> None:
        """Ask for what is after a position, up to each of the ends in turn."""
        self._send((after, ends))

    def found(self) -> Iterator[Found]:
        """Yield what it has found up to the next end."""
        while True:
            header = self._from.read(_HEADER.size)
            kind, size = _HEADER.unpack(header) if len(header) == _HEADER.size else (b"", 0)
            data = self._from.read(size)
            if len(data) < size or kind not in {_PAGE, _END, _ERROR}:
                raise HomeUnavailable(
                    "the process that reads the log for the views was ended: the log is untouched; try again"
                )
            if kind == _END:
                return
            if kind == _ERROR:
                raise pickle.loads(data)  # noqa: S301 - from our own process
            positions, values = marshal.loads(data)  # noqa: S302 - from our own process
            yield from zip(positions, values, strict=True)

    def _send(self, what: Any) -> None:
        with suppress(BrokenPipeError):  # found out when it is read from
            self._to.write(marshal.dumps(what))


def serve(place: str) -> None:
    """Be the second process: open the log, wait to be asked, answer, and end with whoever asks."""
    out = sys.stdout.buffer
    if hasattr(fcntl, "F_SETPIPE_SZ"):
        with suppress(OSError):  # a user may have too many pipes already
            fcntl.fcntl(out, fcntl.F_SETPIPE_SZ, _PIPE_BYTES)
    log = EventLog(LogFile(Path(place)), default_source(Path(place).parent), create=False)
    out.write(_READY)
    out.flush()
    after, ends = marshal.load(sys.stdin.buffer)  # noqa: S302 - from our own parent
    try:
        with without_cycle_collection():
            for end in ends:
                for page in log.states(after, end):
                    for start in range(0, len(page), _AT_ONCE):
                        _send_page(out, log, page[start : start + _AT_ONCE])
                _send(out, _END, b"")
                after = end
    except BrokenPipeError:
        raise
    except Exception as error:  # noqa: BLE001 - it is raised again, over there
        _send(out, _ERROR, pickle.dumps(error))
    # Nothing is cleaned up that ends with the process anyway; whoever asked may be gone.
    os._exit(0)


def _send_page(out: IO[bytes], log: EventLog, page: Sequence[tuple[int, bytes, bytes]]) -> None:
    positions, values = [], []
    for position, digest, state in page:
        event = log.known_event(position, digest, state)
        if event is not None:
            positions.append(position)
            values.append(extract_values(event, digest))
    _send(out, _PAGE, marshal.dumps((positions, values)))


def _send(out: IO[bytes], kind: bytes, data: bytes) -> None:
    out.write(_HEADER.pack(kind, len(data)))
    out.write(data)
    out.flush()
