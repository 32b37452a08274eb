"""Whoever runs it sees how it is, and nothing of what was asked."""

import json
import time
from pathlib import Path

import httpx
from structlog.testing import capture_logs

import outcomes
from outcomes.service.defects import log_defect
from tests.support.given import lines, outcome
from tests.support.service import running


def test_it_says_whether_it_lives_and_which_part_is_off(tmp_path: Path) -> None:
    """Live and ready need no token, and tell nothing of what the home holds."""
    outcomes.init(tmp_path / "home").close()
    with running(tmp_path / "home") as service:
        assert httpx.get(f"{service.url}/health/live").json() == {"status": "alive"}
        ready = httpx.get(f"{service.url}/health/ready")
        assert ready.status_code == 200
        assert ready.json() == {
            "ready": True,
            "parts": {"readers": "ok", "writer": "ok", "disk": "ok"},
            "lag": {"views_behind": 0, "behind_canvas_seconds": None, "quiet_seconds": None},
        }
        service.post("/events", lines(outcome("1", "2026-02-01")))
        for _ in range(50):  # it looks once a second, however many ask
            lag = httpx.get(f"{service.url}/health/ready").json()["lag"]
            if lag["behind_canvas_seconds"] is not None:
                break
            time.sleep(0.1)
        assert lag["behind_canvas_seconds"] > 0
        assert 0 <= lag["quiet_seconds"] < 60


def test_it_counts_by_route_and_writes_no_address(tmp_path: Path) -> None:
    """Metrics and lines have templates of routes: neither a key, nor a student, nor a token."""
    outcomes.init(tmp_path / "home").close()
    with running(tmp_path / "home") as service:
        key = service.new_token("ingest")
        httpx.post(f"{service.url}/events/in/{key}", content=lines(outcome("1", "2026-02-01"), b"{broken"))
        service.get("/show/outcome/987654321")
        service.get("/explain?course=1&student=secret-student&outcome=2")
        assert httpx.get(f"{service.url}/metrics").status_code == 401
        told = service.get("//metrics").text
        token = service.token
    assert 'outcomes_events_total{fate="appended"} 1.0' in told
    assert 'outcomes_events_total{fate="quarantined"} 1.0' in told
    assert 'outcomes_requests_total{route="/events/in/{key}",status="204"} 1.0' in told
    assert "outcomes_head_position 1.0" in told
    assert "outcomes_late_events_total 1.0" in told
    assert "outcomes_views_behind_positions 0.0" in told
    assert "outcomes_streams 0.0" in told
    assert told.count("outcomes_quarantined_total{reason=") == 1
    said = [json.loads(line) for line in service.said]
    assert {(line["route"], line["status"]) for line in said} >= {
        ("/events/in/{key}", 204),
        ("/api/v1/show/{kind}/{id}", 404),
        ("/api/v1/explain", 404),
    }
    for secret in (key, token, "secret-student", "987654321"):
        assert secret not in told + "".join(service.said)


def test_a_defect_is_told_without_the_values_it_met() -> None:
    """Its kind and the lines of code, so that it can be found; its words may hold a name or a key."""
    with capture_logs() as said:
        try:
            int("ada@school.example")
        except ValueError as error:
            log_defect(error, request="0123")
    line = dict(said[0])
    frames = line.pop("frames")
    assert line == {"event": "a defect of ours", "log_level": "error", "error": "ValueError", "request": "0123"}
    assert [frame.split(":")[0] for frame in frames] == ["test_operations.py"]
    assert "ada" not in str(said)
