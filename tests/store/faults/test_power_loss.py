"""The power goes at any moment of a small run, and what was not synced is lost, in any part: nothing reported is.

What a real run does to the disk is recorded once. From that every image is put together that may be there afterwards:
all or none of the writes that were not synced, each of them alone or missing, half of one. Each is opened, verified,
and given the same files again. OUTCOMES_IMAGES says how many of the images are tried, spread over all; `all` is some
thousand.
"""

import os
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

import pytest

from outcomes.api import home as homes
from outcomes.domain.errors import HomeUnavailable
from tests.support.faulty_disk import Image, compiled, images, recorded, started
from tests.support.given import group, lines, outcome, result

pytestmark = pytest.mark.long
WANTED = os.environ.get("OUTCOMES_IMAGES", "15")
FILES, EVENTS_A_FILE = 3, 3


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[str], str]:
    """The record of three files ingested one after the other, the files, and the digest of it all."""
    folder = tmp_path_factory.mktemp("power")
    library, disk = compiled(folder), folder / "disk"
    disk.mkdir()
    files = [folder / f"{number}.ndjson" for number in range(1, FILES + 1)]
    for number, file in enumerate(files, 1):
        events = (group(f"{number}", "2025-01-01"), outcome(f"{number}", "2025-01-02"))
        file.write_bytes(lines(*events, result(f"{number}0", "2025-02-01", outcome=f"{number}"), "no event"))
    names = [str(file) for file in files]
    started(library, disk, "tests.support.disk_scenario", "record", str(disk / "home"), str(folder / "changes"), *names)
    with homes.open(disk / "home") as home:
        return folder / "changes", names, home.at().digest().digest


def chosen(changes: Path) -> Iterator[Image]:
    """Yield as many of the images as are wanted, spread over all that there are."""
    if WANTED == "all":
        return images(recorded(changes))
    step = max(1, sum(1 for _ in images(recorded(changes))) // int(WANTED))
    return islice(images(recorded(changes)), step // 2, None, step)


def test_nothing_reported_is_lost(run: tuple[Path, list[str], str], tmp_path: Path) -> None:
    """Whatever is left: what was reported is there and verifies, and the next run does the rest."""
    changes, files, digest = run
    tried = 0
    for tried, image in enumerate(chosen(changes), 1):
        home = tmp_path / str(tried)
        home.mkdir(mode=0o700)
        for path, content in image.files.items():
            (home / Path(path).name).write_bytes(content)
        check(home, image, files, digest)
    assert tried >= (1_000 if WANTED == "all" else int(WANTED))


def check(home: Path, image: Image, files: list[str], digest: str) -> None:
    """Look at one image, and go on with it."""
    try:
        verdict = homes.verify(home, all=True)
    except HomeUnavailable:
        assert image.mark == 0, image.where  # nothing had been reported: there may be no home yet
    else:
        assert verdict.problems == (), (image.where, verdict.problems)
        assert verdict.events >= image.mark * EVENTS_A_FILE, image.where
    with homes.open(home, create=True) as opened:
        opened.ingest(*files)
        assert opened.status().head == FILES * EVENTS_A_FILE, image.where
        assert opened.at().digest().digest == digest, image.where
    assert homes.verify(home, all=True).problems == (), image.where


def test_a_log_that_is_not_synced_would_be_found_out(run: tuple[Path, list[str], str], tmp_path: Path) -> None:
    """The same record without the syncs of the log: an image is left that lacks what had been reported."""
    changes, files, digest = run
    lazy = [change for change in recorded(changes) if change.kind != "s" or "log.db" not in change.path]
    image = next(images(lazy, since=1))
    for path, content in image.files.items():
        (tmp_path / Path(path).name).write_bytes(content)
    with pytest.raises(AssertionError):
        check(tmp_path, image, files, digest)
