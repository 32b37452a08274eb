"""The service ends under its clients, by signals of both kinds, and begins again: nothing that was answered is lost."""

import signal
from collections.abc import Callable
from pathlib import Path
from threading import Condition, Thread

import httpx
import orjson

import outcomes
from tests.support.command import Outcomes
from tests.support.given import outcome
from tests.support.service import Service, start
from tests.support.signing import KeyServer, signed

EACH, BETWEEN_ENDS, PATIENCE = 120, 50, 60
ENDS = (signal.SIGKILL, signal.SIGTERM, signal.SIGKILL)
Post = Callable[[httpx.Client, str, int], httpx.Response]


class Scene:
    """A service that ends now and then, at another port each time, and what was answered so far."""

    def __init__(self, home: Path, keys: KeyServer) -> None:
        self._arguments = (home, "--jwks", keys.url)
        self.service: Service = start(*self._arguments)
        self.token = self.service.new_token("ingest")
        self.answered: list[int] = []
        self.changed = Condition()

    def ends_and_begins(self, how: signal.Signals) -> int:
        """End it, and start another; return how it ended."""
        code = self.service.stop(how)
        with self.changed:
            self.service = start(*self._arguments)
            self.changed.notify_all()
        return code

    def deliver(self, post: Post, first: int) -> None:
        """Post every second event until it is answered, as whoever has something to tell does."""
        with httpx.Client(timeout=10) as client:
            for number in range(first, first + 2 * EACH, 2):
                while True:
                    at = self.service
                    try:
                        found = post(client, at.url, number)
                    except httpx.TransportError:
                        self._wait_for_another(at)
                        continue
                    if found.is_success:
                        break
                    assert found.status_code == 503, found.text
                with self.changed:
                    self.answered.append(number)
                    self.changed.notify_all()

    def wait_for(self, answers: int) -> None:
        """Wait until so many were answered."""
        with self.changed:
            assert self.changed.wait_for(lambda: len(self.answered) >= answers, PATIENCE)

    def _wait_for_another(self, service: Service) -> None:
        with self.changed:
            assert self.changed.wait_for(lambda: self.service is not service, PATIENCE)


def told(number: int) -> dict[str, object]:
    """Return an event of its own."""
    return outcome(str(number), "2026-02-01")


def test_every_2xx_is_in_the_log_once(tmp_path: Path) -> None:
    """A program posts with a token, and Canvas delivers signed, while the service is killed, stopped and killed."""
    outcomes.init(tmp_path / "home").close()
    with KeyServer("2026-02") as keys:
        scene = Scene(tmp_path / "home", keys)

        def as_program(client: httpx.Client, url: str, number: int) -> httpx.Response:
            headers = {"Authorization": f"Bearer {scene.token}"}
            return client.post(f"{url}/api/v1/events", content=orjson.dumps(told(number)), headers=headers)

        def as_canvas(client: httpx.Client, url: str, number: int) -> httpx.Response:
            return client.post(f"{url}/events/in/{scene.token}", content=signed(told(number)))

        clients = [Thread(target=scene.deliver, args=given) for given in ((as_program, 1), (as_canvas, 2))]
        for client in clients:
            client.start()
        codes = []
        for number, how in enumerate(ENDS, 1):
            scene.wait_for(number * BETWEEN_ENDS)
            codes.append(scene.ends_and_begins(how))
        for client in clients:
            client.join(PATIENCE)
        scene.service.stop()
    assert codes == [-signal.SIGKILL, 0, -signal.SIGKILL]
    assert len(scene.answered) == 2 * EACH
    with outcomes.open(tmp_path / "home") as home:
        stored = [entry.entity for entry in home.log()]
    assert sorted(stored) == sorted(f"outcome:{number}" for number in scene.answered)
    assert Outcomes(tmp_path / "home")("verify", "--all").code == 0
