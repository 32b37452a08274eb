"""Exports of Canvas Data 2 to test with: rows in a word each, files as a folder, and homes to compare them with."""

import json
from pathlib import Path
from typing import Any

import outcomes
from tests.support.given import lines


def row(number: int, **value: Any) -> dict[str, Any]:
    """A row of Canvas Data 2."""
    times = {"created_at": "2025-09-01T08:00:00.120Z", "updated_at": "2025-09-01T08:00:00.120Z"}
    return {"key": {"id": number}, "value": {**times, **value}, "meta": {"ts": "2026-06-01T00:00:00Z"}}


def export(folder: Path, tables: dict[str, list[dict[str, Any]]]) -> Path:
    """Write tables as JSON Lines."""
    folder.mkdir(exist_ok=True)
    for table, rows in tables.items():
        (folder / f"{table}.jsonl").write_text("".join(json.dumps(one) + "\n" for one in rows))
    return folder


def result_row(number: int, student: str, saved: str, **value: Any) -> dict[str, Any]:
    """A row of learning_outcome_results that is as `given.result` tells, unless said otherwise."""
    told = {
        "learning_outcome_id": 7,
        "context_type": "Course",
        "context_id": 200,
        "user_uuid": student,
        "score": 4,
        "possible": 5,
        "percent": 0.8,
        "artifact_type": "RubricAssessment",
        "artifact_id": int(f"9{number}"),
        "workflow_state": "active",
        "assessed_at": saved,
        "created_at": saved,
        "updated_at": saved,
    }
    return row(number, **{**told, **value})


def gone(number: int) -> dict[str, Any]:
    """A row that was deleted for good, as an increment tells it."""
    return {"key": {"id": number}, "meta": {"ts": "2026-06-01T00:00:00Z", "action": "D"}}


def home_of(folder: Path, *events: dict[str, Any]) -> outcomes.Home:
    """Return a new home in a folder that holds events."""
    home = outcomes.open(folder / "home", create=True)
    (folder / "events.ndjson").write_bytes(lines(*events))
    home.ingest(str(folder / "events.ndjson"))
    return home
