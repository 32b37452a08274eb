"""Canvas delivers by HTTPS: what it gets as an answer, and that none of the faults of known receivers is ours."""

import hashlib
import hmac
import json
import os
import signal
from base64 import urlsafe_b64encode
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import httpx
import jwt
import pytest

import outcomes
from tests.support.command import Outcomes
from tests.support.given import event, outcome
from tests.support.service import Service, running, start
from tests.support.signing import ISSUER, KeyServer, private_key, signed

MIB = 1 << 20


class Canvas(NamedTuple):
    """What stands on the other side: it knows the address that was typed in, and has keys."""

    service: Service
    keys: KeyServer
    address: str

    def deliver(self, body: bytes) -> httpx.Response:
        """Post a body as Canvas does, without any header of ours."""
        return self.service.client.post(self.address, content=body)

    def head(self) -> int:
        """Return how many events are in the log."""
        found: int = self.service.json("/status")["head"]
        return found

    def told(self, name: str) -> float:
        """Return a figure of the metrics."""
        lines = self.service.get("//metrics").text.splitlines()
        return sum(float(line.rpartition(" ")[2]) for line in lines if line.startswith(name))


@pytest.fixture(scope="module")
def canvas(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Canvas]:
    """A service that knows where Canvas's keys are, for all tests that only deliver."""
    folder = tmp_path_factory.mktemp("webhook") / "home"
    outcomes.init(folder).close()
    with KeyServer("2026-02") as keys, running(folder, "--jwks", keys.url) as service:
        yield Canvas(service, keys, f"{service.url}/events/in/{service.new_token('ingest')}")


@pytest.mark.parametrize(
    "body", [b"no event", b'{"metadata": {"event_na', b"PK\x03\x04", signed({"greeting": "hello"})]
)
def test_what_cannot_be_read_is_kept_and_answered_2xx(canvas: Canvas, body: bytes) -> None:
    """Rule 1: a refusal would bring it three more times, and count towards the end of the subscription."""
    before = len(canvas.service.json("/quarantine")["items"])
    assert canvas.deliver(body).status_code == 204
    assert len(canvas.service.json("/quarantine")["items"]) == before + 1


def test_strange_claims_are_named_and_readable(canvas: Canvas) -> None:
    """The names of the claims stand in the reason, and the claims in quarantine, so that they need no key any more."""
    canvas.deliver(signed({"subject": "x", "action": {"is": "y"}}))
    entry = canvas.service.json("/quarantine?newest_first=true&limit=1")["items"][0]
    assert entry["reason"].endswith("its claims are 'iss', 'iat', 'subject', 'action'")
    held = canvas.service.json(f"/quarantine/{entry['number']}")
    assert '"action":{"is":"y"}' in str(held)


def refused() -> dict[str, bytes]:
    """Return bodies that Canvas has not sent."""
    told = {"iss": ISSUER, **outcome("66", "2026-02-01")}
    head = {"kid": "2026-02"}
    unsigned = jwt.encode(told, "", "none", headers=head).encode()
    header = urlsafe_b64encode(json.dumps({"alg": "HS256", **head}).encode()).rstrip(b"=")
    secret = header + b"." + unsigned.split(b".")[1]
    public = b"whatever everybody knows"
    return {
        "none": unsigned,
        "HS256": secret + b"." + urlsafe_b64encode(hmac.digest(public, secret, hashlib.sha256)).rstrip(b"="),
        "RS384": jwt.encode(told, private_key("2026-02"), "RS384", headers=head).encode(),
        "PS256": jwt.encode(told, private_key("2026-02"), "PS256", headers=head).encode(),
        "another key": jwt.encode(told, private_key("evil"), "RS256", headers=head).encode(),
        "another issuer": signed(told, iss="https://evil.example"),
        "no issuer": signed(told, iss=None),
        "no token at all": b"eyJhbGciOiJSUzI1NiJ9.e30.c2ln",
    }


@pytest.mark.parametrize("name", refused())
def test_what_canvas_has_not_signed_is_refused(canvas: Canvas, name: str) -> None:
    """Rule 2: 401, nothing stored or kept, and counted; RS256 is the only algorithm, whatever the token says."""
    head, kept = canvas.head(), len(canvas.service.json("/quarantine")["items"])
    counted = canvas.told("outcomes_signatures_refused_total")
    found = canvas.deliver(refused()[name])
    assert (found.status_code, found.headers["content-type"]) == (401, "application/problem+json")
    assert (canvas.head(), len(canvas.service.json("/quarantine")["items"])) == (head, kept)
    assert canvas.told("outcomes_signatures_refused_total") == counted + 1


def test_a_wrong_key_in_the_address_is_refused(canvas: Canvas) -> None:
    """Rule 2, too, however well the body is signed."""
    head = canvas.head()
    for key in ("outcomes_wrong", canvas.service.token[:-1], canvas.service.new_token("tree")):
        body = signed(outcome("67", "2026-02-01"))
        assert httpx.post(f"{canvas.service.url}/events/in/{key}", content=body).status_code in {401, 403}
    assert canvas.head() == head


def test_an_unknown_key_is_to_be_tried_again_and_fetches_nothing(canvas: Canvas) -> None:
    """Rule 3: 503 with a time to wait; names that are made up do not make us ask for keys each time."""
    assert canvas.deliver(signed(outcome("3", "2026-02-01"))).status_code == 204
    for number in range(20):
        found = canvas.deliver(signed(outcome("68", "2026-02-01"), key="made-up", iat=number))
        assert (found.status_code, 1 <= int(found.headers["retry-after"]) <= 30) == (503, True)
    assert canvas.keys.asked == 1


def test_without_any_key_a_signed_delivery_is_to_come_again(tmp_path: Path) -> None:
    """Rule 3: the keys' address does not answer. What is not signed is refused where only signed bodies are taken."""
    outcomes.init(tmp_path / "home").close()
    with KeyServer() as keys, running(tmp_path / "home", "--jwks", keys.url, "--signed-only") as service:
        address = f"{service.url}/events/in/{service.new_token('ingest')}"
        found = httpx.post(address, content=signed(outcome("1", "2026-02-01")))
        assert keys.url not in found.text
        assert (found.status_code, int(found.headers["retry-after"]) > 0) == (503, True)
        assert httpx.post(address, content=json.dumps(outcome("1", "2026-02-01"))).status_code == 401
        assert service.json("/status")["head"] == 0
        assert httpx.get(f"{service.url}/health/ready").json()["parts"]["keys"] != "ok"


def test_a_service_does_not_start_without_what_it_needs_for_signatures(tmp_path: Path) -> None:
    """One line, exit 2: a file of keys that is not there, keys in the clear, or words about signatures without keys."""
    home = Outcomes(tmp_path / "home")
    outcomes.init(home.home).close()
    for arguments in (("--jwks", str(tmp_path / "none.json")), ("--jwks", "http://keys.example/"), ("--signed-only",)):
        ran = home("serve", "--port", "0", *arguments)
        assert (ran.code, ran.err.count("\n"), ran.err[:7]) == (2, 1, "error: ")


def test_signed_and_unsigned_copies_are_one_event(canvas: Canvas) -> None:
    """Rule 6, and the fault of knowing repeats by the token: signed again, in quotes or not at all, it is the same."""
    told = outcome("7", "2026-02-01", title="Größer «als» 2.0", mastery=3.0)
    before = canvas.head()
    again, deeper, plain = signed(told, iat=1_770_000_000), signed({"event": told}), json.dumps(told).encode()
    for body in (signed(told), again, b'"%s"' % signed(told), b"'%s'\n" % signed(told), deeper, plain):
        assert canvas.deliver(body).status_code == 204
    assert canvas.head() == before + 1


def test_a_key_is_masked(canvas: Canvas) -> None:
    """Rule 7: it stands in no line of ours, no metric, no quarantine, no batch; nor does anything of an event."""
    key = canvas.address.rpartition("/")[2]
    told = outcome("70", "2026-02-01", title="Word-of-the-event", meta={"user_login": "login-of-somebody"})
    canvas.deliver(signed(told))
    canvas.deliver(signed(told)[:-2])
    everything = "".join(canvas.service.said) + canvas.service.get("//metrics").text
    everything += canvas.service.get("/quarantine?limit=1000").text
    for secret in (key, "Word-of-the-event", "login-of-somebody", signed(told).decode()[:60]):
        assert secret not in everything


@pytest.mark.parametrize("size", [100 << 10, 8 * MIB - 2_000], ids=["100 KiB", "8 MiB"])
def test_a_long_description_is_no_fault(canvas: Canvas, size: int) -> None:
    """Tokens are longer than 64 KiB, and up to 12 MiB: an event of 8 MiB in base64."""
    before = canvas.head()
    body = signed(outcome(f"8{size}", "2026-02-01", description="x" * size))
    assert canvas.deliver(body).status_code == 204
    assert canvas.head() == before + 1
    assert canvas.deliver(b"e" + b"y" * 12 * MIB + b".x.y").status_code == 413


def test_unknown_events_are_stored(canvas: Canvas) -> None:
    """What is of no use to us today is no error: it is in the log, and a later version may read it."""
    before = canvas.head()
    assert (
        canvas.deliver(signed(event("conversation_created", "2026-02-01", {"conversation_id": "1"}))).status_code == 204
    )
    assert canvas.head() == before + 1


def test_deliveries_are_counted_by_way_and_status(canvas: Canvas) -> None:
    """When each way in was last used, and what it answered: for Prometheus, and of the last hour for people."""
    canvas.deliver(signed(outcome("71", "2026-02-01")))
    assert canvas.told('outcomes_deliveries_total{inlet="webhook-signed",status="204"}') >= 1
    assert canvas.told('outcomes_delivery_last_seconds{inlet="webhook-signed"}') > 1_700_000_000
    told = {figures["inlet"]: figures for figures in canvas.service.json("/inlets")["items"]}
    assert told["webhook-signed"]["answers"]["204"] >= 1
    assert told["webhook-signed"]["events"] >= 1
    assert canvas.service.get("/inlets", canvas.service.new_token("tree")).status_code == 403


def test_what_was_answered_is_stored(tmp_path: Path) -> None:
    """Rule 5, and the fault of answering first: killed right after its 204, the service has the event."""
    outcomes.init(tmp_path / "home").close()
    with KeyServer("2026-02") as keys:
        service = start(tmp_path / "home", "--jwks", keys.url)
        address = f"{service.url}/events/in/{service.new_token('ingest')}"
        assert httpx.post(address, content=signed(outcome("1", "2026-02-01"))).status_code == 204
        os.kill(service.process.pid, signal.SIGKILL)
        service.stop()
    with outcomes.open(tmp_path / "home") as home:
        assert [entry.entity for entry in home.log()] == ["outcome:1"]
