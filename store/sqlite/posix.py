"""What only POSIX systems have: `fcntl`. Elsewhere whoever needs it says so in one line."""

from outcomes.domain.errors import HomeUnavailable

try:
    import fcntl
except ImportError:
    raise HomeUnavailable(
        "this system has no POSIX file locks, without which two writers could harm the log: outcomes runs on Linux and "
        "macOS; on Windows run it in WSL (wsl --install)"
    ) from None

__all__ = ["fcntl"]
