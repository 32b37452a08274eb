"""How often the log and the views were written: where neither number is another, what agreed before still does."""

from pathlib import Path

from outcomes.projections.views.views_file import inode_of
from outcomes.store.log.event_log import EventLog
from outcomes.store.log.log_store import Changes
from outcomes.store.sqlite.change_counter import ChangeCounter


class WriteCounters:
    """Both counters, open from the second question on: most programs ask but once."""

    def __init__(self, log: EventLog, views: Path) -> None:
        self._log = log
        self._views = views
        self._opened: tuple[int, Changes, Changes] | None = None
        self._was_asked = False

    def value(self) -> tuple[int, int, int] | None:
        """Return what they say, and of which file of views; None the first time, and where it cannot be told."""
        was_asked, self._was_asked = self._was_asked, True
        inode = inode_of(self._views)
        if not was_asked or inode is None:
            return None
        if self._opened is None or self._opened[0] != inode:
            self.close()
            self._opened = inode, self._log.store.changes(), ChangeCounter(self._views)
        of_log, of_views = (counter.value() for counter in self._opened[1:])
        return None if of_log is None or of_views is None else (inode, of_log, of_views)

    def close(self) -> None:
        """Close the files."""
        for counter in () if self._opened is None else self._opened[1:]:
            counter.close()
        self._opened = None
