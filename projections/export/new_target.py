"""Files and folders that an export makes: under their own name only once they are whole."""

from pathlib import Path

from outcomes.domain.errors import HomeUnavailable


def check_new(target: Path) -> None:
    """Raise HomeUnavailable unless a file or folder of this name can be made."""
    parent = target.absolute().parent
    if not parent.is_dir():
        raise HomeUnavailable(f"cannot make {target}: {parent} is no folder: make it, or name another")
    if target.exists():
        raise HomeUnavailable(f"{target} is there already: name a new one")


def unfinished(target: Path) -> Path:
    """Return the name beside it that it has until then."""
    return target.with_name(target.name + ".unfinished")
