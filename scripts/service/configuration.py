"""How one service is set up: which home, and what it takes upon itself."""

from dataclasses import dataclass
from pathlib import Path

from outcomes.service.disk import free_bytes, lack_of_room

LOCAL_NAMES = frozenset({"127.0.0.1", "localhost", "[::1]"})


@dataclass(frozen=True, kw_only=True)
class Configuration:
    """Times are seconds, sizes bytes."""

    folder: Path
    """Where views, tokens and the record of looks are; and the log, unless `url` says where on PostgreSQL it is."""
    url: str | None = None
    key_file: Path | None = None
    key_command: str | None = None
    hosts: frozenset[str] = LOCAL_NAMES
    """Names under which it may be asked: others are refused, so that no foreign page can reach it by a name of its own.
    """
    is_secure: bool = False
    """Whether people reach it by HTTPS: by our own certificate, or by the proxy before us."""
    readers: int = 2
    """Questions at once. Python computes one at a time; more threads only make every answer slower."""
    question_seconds: float = 5.0
    waiting_seconds: float = 5.0
    """How long `min_position` waits for the log, and a post for its turn to write."""
    queue_bytes: int = 64 << 20
    """How much may wait to be written; what comes then is to be sent again."""
    deliveries_at_once: int = 1_000
    """How many deliveries may be under way: more would only wait, and Canvas gives up after 15 seconds."""
    jwks: str | None = None
    """File or URL of the keys by which Canvas signs; without them no signature is checked."""
    issuers: tuple[str, ...] = ()
    """Whose signatures count, if not Canvas's own."""
    signed_only: bool = False
    """Whether Canvas's deliveries are refused that it has not signed."""

    def lack_of_room(self) -> str | None:
        """Say what to do where the disk of the home is nearly full; None where there is room."""
        lack = lack_of_room(free_bytes(self.folder))
        return None if lack is None else ": ".join(lack)
