"""Whether there is room on the disk of a home: health, `serve --check` and the feed's page tell it alike."""

import shutil
from pathlib import Path

_LEAST_FREE_BYTES = 256 << 20


def free_bytes(folder: Path) -> int:
    """Return how much is free on the disk of a folder."""
    return shutil.disk_usage(folder).free


def lack_of_room(free: int) -> tuple[str, str] | None:
    """Return what is wrong and what to do where a disk is nearly full; None where there is room."""
    if free >= _LEAST_FREE_BYTES:
        return None
    return f"only {free >> 20} MiB are free on the disk", "make room, or soon nothing can come in"
