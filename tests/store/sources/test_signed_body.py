"""A signed body is opened if Canvas has signed it, and is then the event that came unsigned elsewhere."""

import hashlib
import hmac
import json
import time
from base64 import urlsafe_b64encode
from pathlib import Path
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

import outcomes
from outcomes.domain.errors import SignatureRefused
from outcomes.store.sources.jwk_set import KeySetOfFile
from outcomes.store.sources.signed_body import SignedBodies
from tests.support.command import Outcomes
from tests.support.given import lines, outcome, result
from tests.support.signing import ISSUER, key_file, private_key, signed

EVENT = outcome("7", "2026-02-01", title="Liest Karten – «größer»", mastery=3.0)


@pytest.fixture
def keys(tmp_path: Path) -> KeySetOfFile:
    """A set of one key."""
    return KeySetOfFile(key_file(tmp_path, "2026-02"))


def with_header(header: dict[str, Any], *, token: bytes = b"") -> bytes:
    """Put another header before a token's claims and signature."""
    _, *rest = (token or signed(EVENT)).split(b".")
    return b".".join([urlsafe_b64encode(json.dumps(header).encode()).rstrip(b"="), *rest])


def by_public_key_as_secret() -> bytes:
    """Sign by HMAC with what everybody knows: taken by those who let the token choose."""
    public = private_key("2026-02").public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    head = with_header({"alg": "HS256", "kid": "2026-02"}).rpartition(b".")[0]
    return head + b"." + urlsafe_b64encode(hmac.digest(public, head, hashlib.sha256)).rstrip(b"=")


def by(algorithm: str, key: Any) -> bytes:
    """Sign by another algorithm."""
    return jwt.encode({"iss": ISSUER, **EVENT}, key, algorithm, headers={"kid": "2026-02"}).encode()


def altered() -> bytes:
    """Take the claims of one token and the signature of another."""
    return signed(outcome("8", "2026-02-01")).rpartition(b".")[0] + b"." + signed(EVENT).rpartition(b".")[2]


REFUSED = {
    "no signature": (lambda: with_header({"alg": "none", "kid": "2026-02"}), "algorithm"),
    "the public key as a secret": (by_public_key_as_secret, "algorithm"),
    "RS512": (lambda: by("RS512", private_key("2026-02")), "algorithm"),
    "PS256": (lambda: by("PS256", private_key("2026-02")), "algorithm"),
    "ES256": (lambda: by("ES256", ec.generate_private_key(ec.SECP256R1())), "algorithm"),
    "altered": (altered, "signature"),
    "cut": (lambda: signed(EVENT)[:-2], "signature"),
    "another key of that name": (
        lambda: with_header({"alg": "RS256", "kid": "2026-02"}, token=signed(EVENT, "other")),
        "signature",
    ),
    "an unknown key": (lambda: signed(EVENT, "other"), "key"),
    "no key named": (lambda: with_header({"alg": "RS256"}), "key"),
    "another issuer": (lambda: signed(EVENT, iss="https://canvas.example"), "issuer"),
    "no issuer": (lambda: signed(EVENT, iss=None), "issuer"),
    "long expired": (lambda: signed(EVENT, exp=int(time.time()) - 90_000), "time"),
    "of the day after tomorrow": (lambda: signed(EVENT, nbf=int(time.time()) + 180_000), "time"),
    "no header": (lambda: b"eyJhbGci.eyJh.c2ln", "form"),
    "claims that are none": (
        lambda: with_header({"alg": "RS256", "kid": "2026-02"}, token=b"e30.W10.c2ln"),
        "signature",
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_cannot_be_trusted_is_refused(keys: KeySetOfFile, name: str) -> None:
    """RS256 by a key of the set, of Canvas's issuer, unaltered and not long expired: nothing else."""
    make, why = REFUSED[name]
    with pytest.raises(SignatureRefused) as caught:
        SignedBodies(keys).open(make())
    assert caught.value.why == why
    assert "größer" not in str(caught.value)


@pytest.mark.parametrize("claims", [{}, {"exp": int(time.time()) - 3600}, {"aud": "x", "sub": 7, "jti": 7}])
def test_what_canvas_may_send_is_taken(keys: KeySetOfFile, claims: dict[str, Any]) -> None:
    """No time of expiry is needed, and one that is past at a retry is no fault."""
    assert json.loads(SignedBodies(keys).open(signed(EVENT, **claims)).content) == EVENT


def test_other_issuers_can_be_named(keys: KeySetOfFile) -> None:
    """Others instead of Canvas's, or any at all."""
    other, none = signed(EVENT, iss="https://beta.example"), signed(EVENT, iss=None)
    assert SignedBodies(keys, ["https://beta.example"]).open(other).reason is None
    assert {SignedBodies(keys, ["any"]).open(token).reason for token in (other, none, signed(EVENT))} == {None}
    with pytest.raises(SignatureRefused):
        SignedBodies(keys, ["https://beta.example"]).open(signed(EVENT))


def test_a_body_that_was_signed_is_a_repeat_of_one_that_was_not(tmp_path: Path) -> None:
    """Claims of the token are no part of the event, however often and in whatever wrapping it was signed."""
    home, keys = Outcomes(tmp_path / "home"), key_file(tmp_path, "2026-02", "2026-03")
    events = [EVENT, result("9", "2026-02-02", score=3.5), outcome("8", "2026-02-03")]
    plain = tmp_path / "plain.ndjson"
    plain.write_bytes(lines(*events))
    again = [signed(event, "2026-03", iat=index) for index, event in enumerate(events)]
    one_level_down = signed({"data": EVENT})
    in_transports = [
        b'"%s"' % again[0],
        b"'%s'" % again[1],
        b"%s \r" % again[2],
        json.dumps({"messageId": "1", "body": again[0].decode()}).encode(),
        json.dumps({"Records": [{"body": token.decode()} for token in again]}).encode(),
        one_level_down,
    ]
    bodies = tmp_path / "signed.txt"
    bodies.write_bytes(b"\n".join([*(signed(event) for event in events), *in_transports]))
    first = home.json("ingest", str(bodies), "--jwks", str(keys))
    assert (first["read"], first["appended"], first["duplicates"], first["quarantined"]) == (11, 3, 8, 0)
    assert home.json("ingest", str(plain))["duplicates"] == 3
    unsigned = Outcomes(tmp_path / "unsigned")
    unsigned.json("ingest", str(plain))
    assert unsigned.json("digest") == home.json("digest")


def test_what_cannot_be_trusted_waits_for_its_keys(tmp_path: Path) -> None:
    """Without keys, or with others, a body is in quarantine verbatim and says what to do; later a retry opens it."""
    with outcomes.open(tmp_path / "home", create=True) as home:
        strange = signed({"greeting": "hello"})
        bodies = b"\n".join([signed(EVENT), strange])
        assert home.ingest(bodies).quarantined == 2
        assert {"--jwks" in entry.reason for entry in home.quarantine.list()} == {True}
        assert home.ingest(bodies, jwks=key_file(tmp_path, "other")).quarantined == 2
        assert {"'2026-02'" in entry.reason for entry in home.quarantine.list()} == {True}
        report = home.quarantine.retry(jwks=key_file(tmp_path, "2026-02"))
        assert (report.appended, report.quarantined) == (1, 1)
        [entry] = home.quarantine.list()
        assert entry.reason == "a signed body without metadata and body: its claims are 'iss', 'iat', 'greeting'"
        assert b"".join(home.quarantine.show(entry.number).chunks()) == strange


def test_a_body_of_years_ago_can_be_read_from_a_file(tmp_path: Path) -> None:
    """In a file it may be of any age: that it expired says nothing of what happened."""
    with outcomes.open(tmp_path / "home", create=True) as home:
        report = home.ingest(signed(EVENT, exp=1_500_000_000), jwks=key_file(tmp_path, "2026-02"))
        assert report.appended == 1


def test_keys_that_cannot_be_had_stop_the_command_before_it_reads(tmp_path: Path) -> None:
    """One line, exit 2, nothing in quarantine; so does an issuer without keys."""
    home = Outcomes(tmp_path / "home")
    bodies = tmp_path / "signed.txt"
    bodies.write_bytes(signed(EVENT))
    for arguments, words in (
        (("--jwks", str(tmp_path / "none.json")), "no key set can be read from"),
        (("--jwks", "http://keys.example/jwks"), "not the URL of a key set"),
        (("--issuer", "any"), "give their key set, too"),
    ):
        ran = home("ingest", str(bodies), *arguments)
        assert (ran.code, ran.err.count("\n")) == (2, 1)
        assert words in ran.err
    assert not home.home.exists()


def test_the_shared_signed_bodies_are_named(tmp_path: Path, shared: Any) -> None:
    """Six bodies whose key nobody has: each is named, with what to do, and none is taken."""
    home = Outcomes(tmp_path / "home")
    assert home.json("ingest", str(shared("cases/signed_bodies.txt")))["quarantined"] == 6
    assert {entry["reason"][:19] for entry in home.json("quarantine", "list")} == {"a signed body (JWT)"}
    again = home.json("quarantine", "retry", "--jwks", str(key_file(tmp_path, "2026-03")))
    assert (again["appended"], again["quarantined"]) == (0, 6)
