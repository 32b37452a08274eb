"""Where input lies: files of this machine, or whatever Arrow can open by an address, such as s3://bucket/folder."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO, cast

from pyarrow import ArrowException
from pyarrow.fs import FileSelector, FileSystem, FileType

from outcomes.domain.errors import UnreadableInput
from outcomes.store.sources.files import open_source

_HIDDEN = (".", "_")


def is_far(name: str) -> bool:
    """Say whether a name is an address, not that of a file of this machine."""
    return "://" in name


def files_in(sources: Iterable[str]) -> list[str]:
    """Return the files that are named, and those in folders that are; raises UnreadableInput where there is none."""
    found: list[str] = []
    for source in sources:
        inside = _far_files_in(source) if is_far(source) else _files_in(Path(source))
        if not inside:
            raise UnreadableInput(f"cannot read {source}: there is no file in it: name a folder with files of events")
        found += inside
    return found


def size_of(name: str) -> int:
    """Return how many bytes a file has."""
    if not is_far(name):
        return Path(name).stat().st_size
    system, path = system_of(name)
    return int(system.get_file_info(path).size)


@contextmanager
def opened(name: str) -> Iterator[BinaryIO]:
    """Open a file; raises UnreadableInput."""
    if not is_far(name):
        with open_source(name) as stream:
            yield stream
        return
    system, path = system_of(name)
    try:
        file = system.open_input_file(path)
    except OSError as error:
        raise UnreadableInput(f"cannot read {name}: {error}: check the address, and who may read there") from error
    with file:
        yield cast("BinaryIO", file)


def _files_in(source: Path) -> list[str]:
    if not source.is_dir():
        return [str(source)]
    return sorted(str(path) for path in source.rglob("*") if path.is_file() and not path.name.startswith(_HIDDEN))


def _far_files_in(source: str) -> list[str]:
    system, path = system_of(source)
    try:
        told = system.get_file_info(path)
        if told.type is FileType.NotFound:
            raise UnreadableInput(f"cannot read {source}: it does not exist: check the address")
        if told.type is FileType.File:
            return [source]
        inside = system.get_file_info(FileSelector(path, recursive=True))
    except OSError as error:
        raise UnreadableInput(f"cannot read {source}: {error}: check the address, and who may read there") from error
    names = [one.path for one in inside if one.type is FileType.File and not one.base_name.startswith(_HIDDEN)]
    return sorted(source.rstrip("/") + name.removeprefix(path.rstrip("/")) for name in names)


def system_of(name: str) -> tuple[Any, str]:
    """Return the file system behind an address, and the path in it; raises UnreadableInput."""
    try:
        system, path = FileSystem.from_uri(name)
    except (ArrowException, ValueError, OSError) as error:
        raise UnreadableInput(f"cannot open {name}: {error}: name a folder, a file, or an address as s3://…") from error
    return system, path
