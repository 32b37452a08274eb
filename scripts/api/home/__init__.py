"""A home: the folder with the log and its views. Opened here, written here, and asked at its points."""

from outcomes.api.home.home import Home
from outcomes.api.home.opening import init, open, verify  # noqa: A004 - as gzip.open

__all__ = ["Home", "init", "open", "verify"]
