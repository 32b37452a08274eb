"""Whoever keeps up to date is told when there is more."""

import json
from collections.abc import Iterator
from pathlib import Path

import httpx

import outcomes
from tests.support.given import lines, outcome
from tests.support.service import Service, running


def news(stream: httpx.Response) -> Iterator[dict[str, int]]:
    """Yield what a stream tells."""
    for line in stream.iter_lines():
        if line.startswith("data: "):
            yield json.loads(line.removeprefix("data: "))


def test_a_stream_tells_the_head_now_and_when_it_moves(tmp_path: Path) -> None:
    """Whoever wrote: a post here, or `outcomes ingest` beside. It ends when the service does."""
    outcomes.init(tmp_path / "home").close()
    with running(tmp_path / "home") as service:
        headers = {"Authorization": f"Bearer {service.new_token('tree')}"}
        with httpx.stream("GET", f"{service.url}/api/v1/head/events", headers=headers, timeout=10) as stream:
            assert stream.headers["content-type"].startswith("text/event-stream")
            assert stream.headers["x-accel-buffering"] == "no"
            told = news(stream)
            assert next(told) == {"head": 0}
            service.post("/events", lines(outcome("1", "2026-02-01"), outcome("2", "2026-02-01")))
            assert next(told) == {"head": 2}
            with outcomes.open(service.home) as home:
                home.ingest([outcome("3", "2026-02-01")])
            assert next(told) == {"head": 3}
            assert service.stop() == 0
            assert list(told) == []


def test_a_stream_needs_the_right_tree(service: Service) -> None:
    """How fast a school works is told to those only who may read."""
    assert service.get("/head/events", token=service.new_token("ingest")).status_code == 403
