"""Lists of names as one says them, wherever an answer puts them into words."""

from collections.abc import Iterable


def listed(names: Iterable[object]) -> str:
    """Return names as one says them: "Clouds, Rivers and Tides"; each once, nothing of none."""
    *others, last = dict.fromkeys(map(str, names)) or ("",)
    return f"{', '.join(others)} and {last}" if others else last


def numbered(noun: str, names: Iterable[object]) -> str:
    """Return things of one kind by their names or numbers: "result 1", "results 1, 2 and 4"."""
    told = list(dict.fromkeys(names))
    return f"{noun}{'' if len(told) == 1 else 's'} {listed(told)}"
