"""Logs as Parquet, replayed: of one home and whole, or refused; and what is written is one table to other tools."""

from pathlib import Path

import pyarrow.parquet as pq
import pytest

import outcomes
from outcomes.domain.errors import UnreadableInput, UsageError
from tests.cluster.archive import Archive, assert_same
from tests.support.command import Asked
from tests.support.given import OTHER_TENANT, outcome
from tests.support.world import World

FLIPS = 12


@pytest.fixture
def command(tmp_path: Path) -> Asked:
    """Run a command beside a folder that is no home."""
    return Asked(tmp_path / "no-home")


def test_every_table_is_one_with_its_tenants(archive: Archive, command: Asked, tmp_path: Path) -> None:
    """The folder of each, `point` among them, is one table to Arrow, with a column that says whose a row is."""
    command.json("replay", "--from", str(archive.log), "--to", str(tmp_path / "state"), "--workers", "1")
    for folder in (tmp_path / "state").iterdir():
        assert set(pq.read_table(folder)["tenant"].to_pylist()) <= set(archive.tenants), folder.name
    points = pq.read_table(tmp_path / "state" / "point")
    assert sorted(points["tenant"].to_pylist()) == sorted(archive.tenants)


def test_a_log_of_which_a_stretch_is_missing_is_refused(archive: Archive, command: Asked, tmp_path: Path) -> None:
    """In parts it is read as it is whole; without the first part, or one between, no state is told."""
    parts = [tmp_path / f"{after}.parquet" for after in (0, 500, 1000)]
    with outcomes.open(archive.home) as home:
        for part, after, known_at in zip(parts, (None, 500, 1000), ("500", "1000", None), strict=True):
            home.write_log(part, after=after, known_at=known_at)
    answer = outcomes.replay_files(parts, tmp_path / "state", workers=1)
    assert_same(archive, tmp_path / "state", answer.as_json(), from_log=True)
    for missing, said in ((0, "position 500, and what came from 1 on"), (1, "position 1000, and what came from 501")):
        some = [word for part in parts if part != parts[missing] for word in ("--from", str(part))]
        ran = command("replay", *some, "--to", str(tmp_path / "none"), "--workers", "1")
        assert (ran.code, said in ran.err, (tmp_path / "none").exists()) == (2, True, False), ran


def test_logs_of_two_homes_have_no_positions_in_common(tmp_path: Path) -> None:
    """Together they are replayed as files are; what was known at a position could be said of one of them alone."""
    logs = []
    for name, tenant in (("a", None), ("b", OTHER_TENANT)):
        world = World(tmp_path / name)
        world.take(outcome("7", "2025-01-01", meta={"tenant": tenant} if tenant else {}))
        with outcomes.open(tmp_path / name) as home:
            home.write_log(tmp_path / f"{name}.parquet")
        logs.append(tmp_path / f"{name}.parquet")
    assert outcomes.replay_files(logs, tmp_path / "both", workers=1).entities == 2
    with pytest.raises(UsageError, match="logs of 2 homes"):
        outcomes.replay_files(logs, tmp_path / "then", workers=1, known_at=1)


def test_what_a_disk_changed_in_a_log_makes_no_other_state(tmp_path: Path) -> None:
    """Wherever one bit of its pages is flipped: the state that it was, or none, and which file to write anew."""
    world = World(tmp_path / "home")
    world.take(*(outcome(str(number), "2025-01-01", title=f"Reads maps {number}") for number in range(400)))
    with outcomes.open(tmp_path / "home") as home:
        home.write_log(tmp_path / "log.parquet")
        digest = home.at().digest().digest
    whole = (tmp_path / "log.parquet").read_bytes()
    events = pq.read_metadata(tmp_path / "log.parquet").row_group(0).column(2)
    assert events.path_in_schema == "raw"
    refused = []
    for number in range(FLIPS):
        place = events.data_page_offset + events.total_compressed_size * number // FLIPS
        (tmp_path / "odd.parquet").write_bytes(whole[:place] + bytes([whole[place] ^ 16]) + whole[place + 1 :])
        try:
            found = outcomes.replay_files([tmp_path / "odd.parquet"], tmp_path / f"s{number}", workers=1)
        except UnreadableInput as error:
            refused.append(str(error))
        else:
            assert found.digest == digest
    # What is not refused is a flip among the remarks before a page, of which nothing is read.
    assert len(refused) > FLIPS // 2
    assert all("odd.parquet is damaged" in said and said.endswith("log --format parquet") for said in refused)
