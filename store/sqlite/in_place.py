"""Whether a file is still where it was opened.

Who has it open would go on, unnoticed, to read and write what nobody finds any more.
"""

from collections.abc import Callable
from pathlib import Path

from outcomes.domain.errors import HomeUnavailable

_WHAT_TO_DO = "put it back, or name where it is now with --home, and start again"


def presence(path: Path) -> Callable[[], None]:
    """Return what raises HomeUnavailable once a path no longer leads to the file that it leads to now."""
    opened = _identity(path)

    def check() -> None:
        try:
            found = _identity(path)
        except OSError as error:
            raise HomeUnavailable(
                f"{path} was deleted, moved or closed to us while it was in use ({error.strerror}): {_WHAT_TO_DO}"
            ) from error
        if found != opened:
            raise HomeUnavailable(f"{path} was replaced by another file while it was in use: {_WHAT_TO_DO}")

    return check


def _identity(path: Path) -> tuple[int, int]:
    found = path.stat()
    return found.st_dev, found.st_ino
