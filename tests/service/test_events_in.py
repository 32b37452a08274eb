"""Events come in by HTTP: what was answered is on the disk, whatever happens next."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import orjson
import pytest

import outcomes
from tests.support.command import Outcomes
from tests.support.given import TENANT, lines, outcome
from tests.support.service import running


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A fresh, empty home."""
    outcomes.init(tmp_path / "home").close()
    return tmp_path / "home"


def one(number: int) -> bytes:
    """Return an event of its own."""
    return orjson.dumps(outcome(str(number), "2026-02-01", title=f"Outcome {number}"))


def test_what_is_posted_can_be_asked_at_once(home: Path) -> None:
    """The report is that of `ingest`; with its head as `min_position` a question sees what was written."""
    with running(home) as service:
        posted = service.post("/events", lines(outcome("1", "2026-02-01"), outcome("2", "2026-02-01"), b"{broken"))
        assert posted.status_code == 200
        assert posted.json() == {
            "read": 3,
            "appended": 2,
            "duplicates": 0,
            "quarantined": 1,
            "unprojected": 0,
            "head": 2,
        }
        assert service.post("/events", lines(outcome("1", "2026-02-01"))).json()["duplicates"] == 1
        found = service.json(f"/show/outcome/2?min_position={posted.json()['head']}")
        assert found["state"]["title"] == "Outcome 2"
        assert service.post("/events", b"").status_code == 400


def test_it_takes_what_ingest_takes_and_comes_to_the_same(home: Path, tmp_path: Path) -> None:
    """An array, a transport's wrapping, a packed body: the digest is that of a file."""
    events = [outcome(str(number), "2026-02-01") for number in range(6)]
    with running(home) as service:
        service.post("/events", orjson.dumps(events[:2]))
        service.post(
            "/events", orjson.dumps({"Records": [{"body": orjson.dumps(event).decode()} for event in events[2:4]]})
        )
        head = service.post("/events", b"\n".join(map(orjson.dumps, events[4:]))).json()["head"]
        digest = service.json(f"/digest?min_position={head}")
    file = tmp_path / "events.ndjson"
    file.write_bytes(b"\n".join(map(orjson.dumps, events)))
    other = Outcomes(tmp_path / "other")
    other("ingest", str(file))
    assert other.json("digest")["digest"] == digest["digest"]
    assert digest["entities"] == 6


def test_canvas_posts_to_an_address_with_a_key(home: Path) -> None:
    """204 for what is an event and for what is none, which is kept: a refusal would only make it come again."""
    with running(home) as service:
        key = service.new_token("ingest")
        where = f"{service.url}/events/in/{key}"
        for body in (
            one(1),
            b"no event at all",
            b"\x1f\x8b\x08broken",
            b"PK\x03\x04 an archive",
            b'{"metadata": {"event_na',
        ):
            assert httpx.post(where, content=body).status_code == 204
        assert httpx.post(f"{service.url}/events/in/outcomes_wrong", content=one(2)).status_code == 401
        assert httpx.post(f"{service.url}/events/in/{service.new_token('tree')}", content=one(2)).status_code == 403
        assert service.get("//" + f"events/in/{key}").status_code == 405
        # The same stands below the base, where all other addresses are.
        assert service.post(f"/events/in/{key}", one(1)).status_code == 204
        assert service.post("/events/in/outcomes_wrong", one(2)).status_code == 401
        assert len(service.json("/quarantine")["items"]) == 4
        assert service.json("/status")["head"] == 1
        assert key not in service.get("/quarantine").text
        assert key not in service.get("/log").text


def test_bringing_in_needs_the_right_for_the_whole_home(home: Path) -> None:
    """A cookie never writes, nor does a token for reading or for a part."""
    with running(home) as service:
        assert service.post("/events", one(1), service.new_token("tree,operate")).status_code == 403
        assert service.post("/events", one(1), service.new_token("ingest", f"tenant:{TENANT}")).status_code == 403
        assert service.post("/events", one(1), "outcomes_wrong").status_code == 401
        with httpx.Client() as browser:
            browser.get(service.link)
            assert browser.post(f"{service.url}/api/v1/events", content=one(1)).status_code == 401
        assert service.json("/status")["head"] == 0


def test_a_body_that_is_too_long_is_refused_before_it_is_read(home: Path) -> None:
    """413 above 12 MiB, by what is told and by what comes."""
    with running(home) as service:
        assert service.post("/events", b" " * (12 << 20) + b" ").status_code == 413

        def streamed() -> "object":
            for _ in range(13):
                yield b" " * (1 << 20)

        bearer = {"Authorization": f"Bearer {service.token}"}
        assert service.client.post("/api/v1/events", content=streamed(), headers=bearer).status_code == 413  # type: ignore[arg-type]


def test_while_others_write_too_long_a_post_is_to_be_sent_again(home: Path) -> None:
    """503 with Retry-After, and nothing taken; once they are done it is."""
    with running(home) as service, outcomes.open(home) as other:
        with other._session.home.writing("a long import"):
            found = service.post("/events", one(1))
            assert (found.status_code, "retry-after" in found.headers) == (503, True)
        assert service.post("/events", one(1)).json() == {
            "read": 1, "appended": 1, "duplicates": 0, "quarantined": 0, "unprojected": 0, "head": 1,
        }  # fmt: skip


def test_many_senders_share_a_commit_and_each_has_its_own_report(home: Path) -> None:
    """Sixteen at once: each event is there once, and a repeat is told to whoever repeated it."""
    with running(home) as service, ThreadPoolExecutor(16) as senders:
        found = list(senders.map(lambda number: service.post("/events", one(number // 2)).json(), range(200)))
        assert [sum(report[name] for report in found) for name in ("appended", "duplicates")] == [100, 100]
        assert service.json("/status")["head"] == 100
    assert Outcomes(home)("verify", "--all").code == 0
