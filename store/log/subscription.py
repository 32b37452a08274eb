"""Following a log as it grows: SQLite tells nobody of a commit, so a subscription looks again and again."""

from collections import deque
from collections.abc import Callable, Sequence
from threading import Event
from typing import TypeVar

from eventsourcing.persistence import ApplicationRecorder, Notification, Subscription

_LOOK_EVERY_SECONDS = 0.1
_PAGE = 500

RecorderT = TypeVar("RecorderT", bound=ApplicationRecorder)


class PollingSubscription(Subscription[RecorderT]):
    """Yields the notifications of a recorder after a position, then waits for more until it is stopped.

    Whoever appends, in this process or another, is noticed within a tenth of a second; whole batches only.
    """

    def __init__(self, recorder: RecorderT, gt: int | None = None, topics: Sequence[str] = ()) -> None:
        super().__init__(recorder, gt, topics)
        self._reached = gt or 0
        self._page: deque[Notification] = deque()
        self._is_stopping = Event()
        self.check: Callable[[], None] | None = None
        """Called at each look, to raise where there is nothing more to wait for."""

    def stop(self) -> None:
        """End the iteration, also one that waits in another thread."""
        super().stop()
        self._is_stopping.set()

    def __next__(self) -> Notification:
        """Return the next notification, waiting for it if need be."""
        while not self._is_stopping.is_set():
            if self._page:
                return self._page.popleft()
            if self.check is not None:
                self.check()
            self._pull()
            if not self._page:
                self._is_stopping.wait(_LOOK_EVERY_SECONDS)
        raise StopIteration

    def _pull(self) -> None:
        head = self._recorder.max_notification_id() or 0
        if head <= self._reached:
            return
        page = self._recorder.select_notifications(
            self._reached, _PAGE, stop=head, topics=self._topics, inclusive_of_start=False
        )
        self._page.extend(page)
        # There is no index of topics: what was passed over is not to be looked at again.
        self._reached = page[-1].id if len(page) == _PAGE else head
