"""SQLite's own faults in WAL mode that could lose what was committed, by version, as its authors tell them."""

from typing import NamedTuple

Version = tuple[int, ...]


class Fault(NamedTuple):
    """A fault of all versions from the first up to the one that mends it, unless it was mended on an older branch."""

    words: str
    since: Version
    mended: Version
    mended_on_branch: tuple[Version, ...]

    def is_in(self, version: Version) -> bool:
        """Say whether a version has it."""
        if any(version[:2] == branch[:2] and version >= branch for branch in self.mended_on_branch):
            return False
        return self.since <= version < self.mended


FAULTS = (
    # https://www.sqlite.org/wal.html#walresetbug
    Fault(
        "the WAL-reset bug: a transaction may be lost where one program checkpoints while another commits and begins "
        "the write-ahead log anew; commands of outcomes write in turn, so let no other program write log.db or "
        "views.db, or upgrade SQLite to 3.51.3",
        (3, 7, 0),
        (3, 51, 3),
        ((3, 44, 6), (3, 50, 7)),
    ),
)


def faults_of(version: Version) -> list[str]:
    """Return, in words with what to do, the known faults of a version of SQLite."""
    return [fault.words for fault in FAULTS if fault.is_in(version)]
