"""From a queue into the log: what has gathered in one transaction, taken out of the queue once it is on the disk."""

import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace

from outcomes.api.answers.operations import Consumed, Received
from outcomes.api.arguments import now
from outcomes.api.home import Home
from outcomes.domain.errors import HomeBusy, OutcomesError, QueueUnavailable
from outcomes.domain.times import Micros
from outcomes.service.inlets.consumers import ConsumerFigures, note
from outcomes.service.inlets.sqs_queue import Message, Queue
from outcomes.store.ingest.group_commit import Delivery, why_unreadable

MOST_MESSAGES = 500
_MOST_BYTES = 16 << 20
_GATHER_SECONDS = 1.0
_LONG_POLL, _SHORT_POLL = 20, 1
_TRIES = 3
"""So often an unreadable message is received before it is taken for what it is."""
_PATIENCE = 5.0
_LONGEST_PAUSE = 60.0
_REPORT_SECONDS = 60.0


class Consumer:
    """Takes what comes until it is told to stop, or, to `drain`, until nothing is there any more.

    A message is deleted after the commit of its event, so whatever happens it is in the log or comes again, or both,
    which the log sees. `visibility` is for how many seconds nobody else sees what is received.
    """

    def __init__(
        self, home: Home, queue: Queue, *, visibility: int, drain: bool = False, say: Callable[[str], None]
    ) -> None:
        self._home = home
        self._queue = queue
        self._keep_after = visibility / 3
        self._drain = drain
        self._say = say
        self._has_answered = False
        self._stops = False
        self._is_idle = False
        self._last: Micros | None = None
        self._oldest: float | None = None
        self.report = Consumed(0, 0, 0, 0, 0, head=home.head, seconds=0.0)

    def stop(self) -> None:
        """Finish what is being taken, and end; called by a signal, also amid a wait for the queue."""
        self._stops = True
        if self._is_idle:
            raise KeyboardInterrupt

    def run(self) -> Consumed:
        """Take what comes; raises QueueUnavailable where nothing can come, HomeUnavailable."""
        began = time.monotonic()
        told, told_at = 0, began
        # Nothing is held that would not come again.
        with suppress(KeyboardInterrupt):
            while not self._stops:
                messages = self._gather()
                self._home.check_place()  # whatever was received comes again
                if messages:
                    self._take(messages)
                self._note()
                if self._drain and not messages:
                    break
                if self.report.read > told and time.monotonic() - told_at >= _REPORT_SECONDS:
                    self._tell(messages)
                    told, told_at = self.report.read, time.monotonic()
        return replace(self.report, seconds=round(time.monotonic() - began, 3))

    def _gather(self) -> list[Message]:
        """Wait for a message, and gather more for a moment."""
        messages = self._first()
        end, size = time.monotonic() + _GATHER_SECONDS, sum(len(message.content) for message in messages)
        with suppress(QueueUnavailable):
            while messages and len(messages) < MOST_MESSAGES and size < _MOST_BYTES and time.monotonic() < end:
                more = [] if self._stops else self._queue.receive(_SHORT_POLL)
                if not more:
                    break
                messages += more
                size += sum(len(message.content) for message in more)
        return messages

    def _first(self) -> list[Message]:
        pause = 1.0
        while True:
            self._is_idle = True
            try:
                if self._stops:
                    return []
                messages = self._queue.receive(_SHORT_POLL if self._drain else _LONG_POLL)
            except QueueUnavailable as error:
                # Who cannot reach the queue at all, or shall not wait for it, is told so; else it may be back soon.
                if not error.may_pass or self._drain or not self._has_answered:
                    raise
                self._say(f"{error}; again in {pause:.0f} s")
                time.sleep(pause)
                pause = min(2 * pause, _LONGEST_PAUSE)
            else:
                self._has_answered = True
                return messages
            finally:
                self._is_idle = False

    def _take(self, messages: list[Message]) -> None:
        """Append what can be read, and what can never be; delete that, and leave the rest to come again."""
        due = [message for message in messages if message.times >= _TRIES or why_unreadable(message.content) is None]
        receipts = self._commit(due, messages)
        if receipts is None:
            return
        self._last, self._oldest = now(), round(max(message.age() for message in messages), 3)
        report = self.report.plus(receipts)
        self.report = replace(
            report,
            left=report.left + len(messages) - len(due),
            undeleted=report.undeleted + self._queue.delete(due),
            oldest_message_seconds=max(report.oldest_message_seconds or 0, self._oldest),
        )
        # They catch up at the next question, too.
        with suppress(OutcomesError, OSError):
            self._home.catch_up()

    def _commit(self, due: list[Message], held: list[Message]) -> list[Received] | None:
        """Append; while others write, keep the messages from other consumers. None if it was stopped meanwhile."""
        deliveries = [Delivery(f"sqs:{self._queue.name}", message.content) for message in due]
        kept_at = time.monotonic()
        while True:
            try:
                return self._home.receive(deliveries, patience=min(_PATIENCE, self._keep_after))
            except HomeBusy as error:
                if self._stops:
                    return None
                if time.monotonic() - kept_at >= self._keep_after:
                    kept_at = time.monotonic()
                    self._say(f"{error}; messages that wait for it: {len(held)}")
                    with suppress(QueueUnavailable):  # then they come again, as repeats
                        self._queue.keep(held)

    def _note(self) -> None:
        """Leave figures for the service to tell; a disk that does not take them stops nobody."""
        report = self.report
        with suppress(OSError):
            note(
                self._home.folder,
                ConsumerFigures(
                    queue=self._queue.address,
                    asked=now(),
                    last=self._last,
                    events=report.read,
                    quarantined=report.quarantined,
                    left=report.left,
                    undeleted=report.undeleted,
                    oldest_message_seconds=self._oldest,
                ),
            )

    def _tell(self, messages: list[Message]) -> None:
        report = self.report
        age = max((message.age() for message in messages), default=0)
        self._say(
            f"head {report.head}: {report.appended} appended, {report.duplicates} repeats, "
            f"{report.quarantined} in quarantine, {report.left} left; oldest message {age:.0f} s"
        )
