"""A large export out of a small one: the results of many schools like it, of other students in other courses.

What a generated school's export has of results is written again and again with other ids, in turn, so that ids that
lie together in the file lie far apart in the database. Outcomes, groups and scales stay those of the one school.
"""

import gzip
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import orjson

_STEP = 10**8
"""Ids of one copy end where those of the next begin."""
_NAMES = ("user_id", "context_id", "artifact_id", "associated_asset_id", "association_id")
_RESULTS = "learning_outcome_results"
_AMOUNTS = ("score", "percent")
_EVERY = 100


def copies(export: Path, to: Path, times: int, *, resaved_at: str | None = None) -> int:
    """Write an export with `times` as many results; return how many there are.

    With `resaved_at` one in a hundred was saved again at that time, with half the score.
    """
    to.mkdir(parents=True, exist_ok=True)
    for table in ("accounts", "learning_outcomes", "learning_outcome_groups", "content_tags"):
        shutil.copy(export / f"{table}.jsonl", to)
    _write(to / "users.jsonl.gz", _users(export / "users.jsonl", times))
    _write(to / "courses.jsonl.gz", _courses(export / "courses.jsonl", times))
    return _write(to / f"{_RESULTS}.jsonl.gz", _results(export / f"{_RESULTS}.jsonl", times, resaved_at))


def _write(path: Path, rows: Iterator[dict[str, Any]]) -> int:
    count = 0
    with gzip.open(path, "wb", compresslevel=1) as out:
        for count, row in enumerate(rows, 1):  # noqa: B007 - counted
            out.write(orjson.dumps(row, option=orjson.OPT_APPEND_NEWLINE))
    return count


def _rows(path: Path) -> Iterator[dict[str, Any]]:
    with path.open("rb") as lines:
        yield from map(orjson.loads, lines)


def _users(path: Path, times: int) -> Iterator[dict[str, Any]]:
    for row in _rows(path):
        number, uuid = row["key"]["id"], row["value"]["uuid"]
        for copy in range(times):
            row["key"]["id"], row["value"]["uuid"] = number + copy * _STEP, _uuid(uuid, copy)
            yield row


def _courses(path: Path, times: int) -> Iterator[dict[str, Any]]:
    for row in _rows(path):
        number = row["key"]["id"]
        for copy in range(times):
            row["key"]["id"], row["value"]["uuid"] = number + copy * _STEP, f"course-{number}-{copy}"
            yield row


def _results(path: Path, times: int, resaved_at: str | None) -> Iterator[dict[str, Any]]:
    count = 0
    for row in _rows(path):
        value = row["value"]
        number, uuid, ids = row["key"]["id"], value["user_uuid"], {name: value.get(name) for name in _NAMES}
        saved, before = value["updated_at"], {name: value.get(name) for name in _AMOUNTS}
        for copy in range(times):
            row["key"]["id"], value["user_uuid"] = number + copy * _STEP, _uuid(uuid, copy)
            for name, of_first in ids.items():
                if of_first is not None:
                    value[name] = of_first + copy * _STEP
            is_resaved = resaved_at is not None and count % _EVERY == 0
            value["updated_at"] = resaved_at if is_resaved else saved
            value.update({name: amount and amount / 2 for name, amount in before.items()} if is_resaved else before)
            count += 1
            yield row


def _uuid(uuid: str, copy: int) -> str:
    return uuid if copy == 0 else f"{uuid}-{copy}"
