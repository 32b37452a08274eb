"""Canvas's side of signed deliveries: keys, the bodies that they sign, and the address where their set is."""

import json
import time
from collections.abc import Mapping, Sequence
from functools import lru_cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from types import TracebackType
from typing import Any, Self

import jwt
from cryptography.hazmat.primitives.asymmetric import rsa
from jwt.algorithms import RSAAlgorithm

ISSUER = "https://live-events.canvas.instructure.com"


@lru_cache
def private_key(name: str) -> rsa.RSAPrivateKey:
    """Return the private key of a name, made once."""
    assert name
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


def public_keys(*names: str) -> str:
    """Return the JWK set of some keys."""
    keys = [
        {**json.loads(RSAAlgorithm.to_jwk(private_key(name).public_key())), "kid": name, "use": "sig", "alg": "RS256"}
        for name in names
    ]
    return json.dumps({"keys": keys})


def key_file(folder: Path, *names: str) -> Path:
    """Write the set of some keys to a file."""
    path = folder / "jwks.json"
    path.write_text(public_keys(*names))
    return path


def signed(event: Mapping[str, Any], key: str = "2026-02", **claims: Any) -> bytes:
    """Sign an event as Canvas does: its members are claims beside those of the token. A claim of None is left out."""
    told = {"iss": ISSUER, "iat": int(time.time()), **event, **claims}
    told = {name: value for name, value in told.items() if value is not None}
    return jwt.encode(told, private_key(key), "RS256", headers={"kid": key}).encode()


class KeyServer:
    """A set of keys at an address on loopback: how often it was asked, and ways for it to fail."""

    def __init__(self, *names: str) -> None:
        self.names: Sequence[str] = names
        self.asked = 0
        self.redirect: str | None = None
        self.hangs_for = 0.0
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                outer.asked += 1
                time.sleep(outer.hangs_for)
                status = 302 if outer.redirect else 200 if outer.names else 500
                self.send_response(status)
                if outer.redirect:
                    self.send_header("Location", outer.redirect)
                self.end_headers()
                self.wfile.write(public_keys(*outer.names).encode() if status == 200 else b"")

            def log_message(self, *_: Any) -> None:
                """Say nothing."""

        class Server(ThreadingHTTPServer):
            def handle_error(self, *_: Any) -> None:
                """Say nothing of who has gone."""

        self._server = Server(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}/jwks"

    def __enter__(self) -> Self:
        Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._server.server_close()
