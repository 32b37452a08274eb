"""A defect of ours in the log of the process: what it was and where, and none of the values that it met."""

from contextlib import suppress
from pathlib import Path
from traceback import extract_tb

import structlog


def log_defect(error: BaseException, **where: str) -> None:
    """Write one line: the kind of an error and the lines of code it came by. Its words may hold anybody's data."""
    frames = [f"{Path(frame.filename).name}:{frame.lineno} {frame.name}" for frame in extract_tb(error.__traceback__)]
    with suppress(OSError):
        structlog.get_logger().error("a defect of ours", error=type(error).__name__, frames=frames, **where)
