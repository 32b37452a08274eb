"""Long questions: one at a time, in a thread and a home of its own, which tells how far it is and can be cancelled."""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from http import HTTPStatus
from secrets import token_hex
from threading import Event, Lock, Thread
from typing import Any

import orjson
import zstandard

from outcomes.api.answers.base import Answer
from outcomes.api.arguments import now
from outcomes.api.home import Home
from outcomes.domain.errors import QuestionStopped
from outcomes.domain.times import Micros, to_text
from outcomes.service.answering import Asked, Keeping, admit
from outcomes.service.configuration import Configuration
from outcomes.service.defects import log_defect
from outcomes.service.limits import too_many
from outcomes.service.problems import Problem, problem_of
from outcomes.service.readers import open_home
from outcomes.service.rendering import dump
from outcomes.service.streams import Told

_KEPT = 16
_LARGEST_ANSWER = 64 << 20
"""Packed, of which a kept answer has at most so many bytes: about a gigabyte of rows."""
_PART_BYTES = 1 << 20
"""In which a kept answer is unpacked: it is never held whole."""
_PROGRESS_SECONDS = 0.2


class JobState(StrEnum):
    """How far a job is."""

    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"


@dataclass
class Job:
    """A question that takes long: `asked` by whom, at which `point`. Its answer is kept packed, as JSON."""

    asked: Asked
    point: dict[str, str | None]
    told: Told
    id: str = field(default_factory=lambda: token_hex(8))
    state: JobState = JobState.RUNNING
    started: Micros = field(default_factory=now)
    ended: Micros | None = None
    progress: tuple[int, int | None] = (0, None)
    """How much is done, and of how much if that is known: positions of the log, or rows."""
    problem: dict[str, Any] | None = None
    packed: bytes = b""
    rows: int = 0
    edition: str = ""
    is_cancelled: Event = field(default_factory=Event)

    def as_json(self) -> dict[str, Any]:
        """Return what is told of it, without its answer."""
        return {
            "id": self.id,
            "job": self.asked.question.name,
            "state": self.state,
            **self.point,
            "started": to_text(self.started),
            "ended": None if self.ended is None else to_text(self.ended),
            "progress": dict(zip(("done", "of"), self.progress, strict=True)),
            "problem": self.problem,
        }

    def document(self) -> Iterator[bytes]:
        """Yield, in parts, what is told of it, with its answer: null until there is one."""
        yield dump(self.as_json())[:-1] + b',"result":'
        if self.packed:
            yield from zstandard.ZstdDecompressor().read_to_iter(self.packed, write_size=_PART_BYTES)
        else:
            yield b"null"
        yield b"}"

    def tell(self) -> None:
        """Tell all who listen how it stands."""
        self.told.tell(self.as_json())


class Jobs:
    """All jobs of one service; those that ended are kept for a while."""

    def __init__(self, configuration: Configuration) -> None:
        self._configuration = configuration
        self._jobs: dict[str, Job] = {}
        self._lock = Lock()
        self._thread: Thread | None = None

    def start(self, asked: Asked, point: dict[str, str | None]) -> Job:
        """Begin a job; raises a 429 while another runs."""
        with self._lock:
            if self._thread is not None and self._thread.is_alive():
                raise too_many("another job is running, and there is one at a time: ask again when it is done")
            job = Job(asked, point, Told())
            self._jobs[job.id] = job
            for old in list(self._jobs)[:-_KEPT]:
                del self._jobs[old]
            job.tell()
            # Not waited for at the end of the process: what a job leaves unfinished, its next run clears away.
            self._thread = Thread(target=self._run, args=(job,), name="job", daemon=True)
            self._thread.start()
        return job

    def end(self, job: Job) -> None:
        """Cancel a job that runs; forget one that has ended."""
        if job.state is JobState.RUNNING:
            job.is_cancelled.set()
        else:
            self._jobs.pop(job.id, None)

    def find(self, job_id: str) -> Job | None:
        """Return a job that is kept."""
        return self._jobs.get(job_id)

    def all(self) -> list[Job]:
        """Return all jobs that are kept, oldest first."""
        return list(self._jobs.values())

    def close(self, seconds: float) -> None:
        """Cancel what runs, and wait a while for its end."""
        for job in self.all():
            job.is_cancelled.set()
        if self._thread is not None:
            self._thread.join(seconds)

    def _run(self, job: Job) -> None:
        try:
            with open_home(self._configuration) as home, home.stopping_when(job.is_cancelled.is_set):
                job.edition = home.edition
                self._answer(home, job)
            job.state = JobState.DONE
        except QuestionStopped:
            job.state, job.packed = JobState.CANCELLED, b""
        except Exception as error:  # noqa: BLE001 - whoever asked must be told, whatever it was
            job.state, job.packed = JobState.FAILED, b""
            job.problem = _told(error, job.asked.question.name)
        job.ended = now()
        job.tell()

    def _answer(self, home: Home, job: Job) -> None:
        asked, question = job.asked, job.asked.question
        _, given, keeping = admit(home, asked)
        if "watch" in question.hidden:
            given["watch"] = _watch(job)
        found = question.ask(home, job.point, given)
        if found is None:
            raise Problem(HTTPStatus.NOT_FOUND, f"nothing is known of this {question.name} at this point")
        packed: list[bytes] = []
        for part in _packed(_written(found, keeping, _watch(job))):
            packed.append(part)
            if sum(map(len, packed)) > _LARGEST_ANSWER:
                raise Problem(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "the answer is too long to be kept: narrow it")
        done, of = job.progress
        job.progress = done if of is None else of, of  # what is watched is told every so often, not to the last
        job.packed, job.rows = b"".join(packed), job.progress[0] if found.is_list else 1


def _watch(job: Job) -> Callable[[int, int | None], None]:
    """Return what notes how far a job is, and ends it once it is cancelled."""
    last = 0.0

    def watch(done: int, of: int | None = None) -> None:
        nonlocal last
        if job.is_cancelled.is_set():
            raise QuestionStopped
        job.progress = done, of
        if time.monotonic() - last > _PROGRESS_SECONDS:
            last = time.monotonic()
            job.tell()

    return watch


def _written(answer: Answer, keep: Keeping, watch: Callable[[int, int | None], None]) -> Iterator[bytes]:
    """Yield an answer's JSON in parts, so that a long one is never held unpacked."""
    if not answer.is_list:
        yield dump(keep(answer.as_json()))
        return
    between = b"["
    for number, row in enumerate(answer.as_lines(), 1):
        watch(number, None)
        kept = keep(row)
        if kept is not None:
            yield between + orjson.dumps(kept)
            between = b","
    yield b"[]" if between == b"[" else b"]"


def _packed(parts: Iterator[bytes]) -> Iterator[bytes]:
    packer = zstandard.ZstdCompressor(level=3).compressobj()
    for part in parts:
        if packed := packer.compress(part):
            yield packed
    yield packer.flush()


def _told(error: Exception, name: str) -> dict[str, Any]:
    found = problem_of(error)
    if found is None:
        # As for any request: what it was stands in the log of the process, and no data with it.
        log_defect(error, job=name)
        found = Problem(HTTPStatus.INTERNAL_SERVER_ERROR, "a defect of ours: the log has its kind")
    return found.document()
