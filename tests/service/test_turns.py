"""Who asks much waits for their own turn; streams are bounded. Others get their answers meanwhile."""

import asyncio
from collections.abc import Iterator
from contextlib import ExitStack

import httpx
import pytest

import outcomes
from outcomes.api.access import Access
from tests.support.given import lines, outcome
from tests.support.service import Service, running

_WAITS = "/digest?min_position={}"
"""A question that waits until the log has a position."""
_LOOKS = "/students"
"""A question that leaves a record of who looked."""


@pytest.fixture(scope="module")
def fresh(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """A service over a home of its own, to which these tests add."""
    folder = tmp_path_factory.mktemp("turns") / "home"
    outcomes.init(folder).close()
    with running(folder) as service:
        yield service


@pytest.fixture
def position(fresh: Service) -> int:
    """The position that the next event will have."""
    with outcomes.open(fresh.home) as home:
        return home.head + 1


def test_four_questions_of_a_token_are_asked_at_once(fresh: Service, position: int) -> None:
    """The fifth waits for one of them, and is answered then; another token's is answered meanwhile."""
    one, other = (fresh.new_token("tree") for _ in range(2))

    async def ask() -> None:
        async with httpx.AsyncClient(base_url=f"{fresh.url}/api/v1", timeout=30) as client:

            def asked(path: str, token: str) -> "asyncio.Task[httpx.Response]":
                headers = {"Authorization": f"Bearer {token}"}
                return asyncio.create_task(client.get(path, headers=headers))

            held = [asked(_WAITS.format(position), one) for _ in range(4)]
            await asyncio.sleep(0.3)
            fifth = asked("/digest", one)
            assert (await asked("/digest", other)).status_code == 200
            assert not fifth.done()
            await asyncio.to_thread(fresh.post, "/events", lines(outcome(str(position), "2026-02-01")))
            assert [(await task).status_code for task in (*held, fifth)] == [200] * 5

    asyncio.run(ask())


def test_who_has_left_is_not_asked_when_their_turn_comes(fresh: Service, position: int) -> None:
    """Nobody looks for them, so no look is recorded, and the turn is the next one's at once."""
    token = fresh.new_token("tree,students")
    head = f"Host: {fresh.client.base_url.netloc.decode()}\r\nAuthorization: Bearer {token}\r\n\r\n"

    async def ask() -> None:
        async with httpx.AsyncClient(
            base_url=f"{fresh.url}/api/v1", headers={"Authorization": f"Bearer {token}"}, timeout=30
        ) as client:

            def asked(path: str) -> "asyncio.Task[httpx.Response]":
                return asyncio.create_task(client.get(path))

            first, *others = [asked(_WAITS.format(position + number)) for number in (0, 1, 1, 1)]
            await asyncio.sleep(0.3)
            _, gone = await asyncio.open_connection(fresh.client.base_url.host, fresh.client.base_url.port)
            gone.write(f"GET /api/v1{_LOOKS} HTTP/1.1\r\n{head}".encode())
            await gone.drain()
            await asyncio.sleep(0.3)
            following = asked(_LOOKS)
            await asyncio.sleep(0.5)
            gone.close()
            # One turn comes, and the others are still taken.
            await asyncio.to_thread(fresh.post, "/events", lines(outcome(str(position), "2026-02-01")))
            assert [(await task).status_code for task in (first, following)] == [200, 200]
            assert not any(task.done() for task in others)
            await asyncio.to_thread(fresh.post, "/events", lines(outcome(str(position + 1), "2026-02-01")))
            assert [(await task).status_code for task in others] == [200] * 3

    asyncio.run(ask())
    counted = fresh.get("//metrics").text.splitlines()
    for status in (0, 200):
        assert f'outcomes_requests_total{{route="/api/v1{_LOOKS}",status="{status}"}} 1.0' in counted
    with Access.beside(fresh.home) as access:
        assert [look.route for look in access.looks()] == [_LOOKS]


def test_a_hundred_questions_of_a_token_may_wait(fresh: Service, position: int) -> None:
    """The next is told at once to come again; those that wait are answered."""
    headers = {"Authorization": f"Bearer {fresh.new_token('tree')}"}

    async def ask() -> list[int]:
        limits = httpx.Limits(max_connections=None)
        async with httpx.AsyncClient(base_url=fresh.url, headers=headers, timeout=30, limits=limits) as client:
            path = f"/api/v1{_WAITS.format(position)}"
            asked = [asyncio.create_task(client.get(path)) for _ in range(101)]
            done, waiting = await asyncio.wait(asked, return_when=asyncio.FIRST_COMPLETED)
            refused = done.pop().result()
            assert (refused.status_code, "retry-after" in refused.headers) == (429, True)
            await asyncio.to_thread(fresh.post, "/events", lines(outcome(str(position), "2026-02-01")))
            return [(await task).status_code for task in waiting]

    assert asyncio.run(ask()) == [200] * 100


def test_pages_and_their_data_take_turns_too(fresh: Service, position: int) -> None:
    """Whoever asks four questions waits with a page as well; another's is shown meanwhile."""
    one, other = (fresh.new_token("tree,operate") for _ in range(2))

    async def ask() -> None:
        async with httpx.AsyncClient(base_url=fresh.url, timeout=30) as client:

            def asked(path: str, token: str) -> "asyncio.Task[httpx.Response]":
                headers = {"Authorization": f"Bearer {token}"}
                return asyncio.create_task(client.get(path, headers=headers))

            held = [asked(f"/api/v1{_WAITS.format(position)}", one) for _ in range(4)]
            await asyncio.sleep(0.3)
            paths = ("/tree/Account:1", "/tree/Account:1.json", "/metrics")
            waiting = [asked(path, one) for path in paths]
            assert [(await asked(path, other)).status_code for path in paths] == [200] * 3
            assert not any(task.done() for task in waiting)
            await asyncio.to_thread(fresh.post, "/events", lines(outcome(str(position), "2026-02-01")))
            assert [(await task).status_code for task in (*held, *waiting)] == [200] * 7

    asyncio.run(ask())


def test_eight_streams_are_of_one_token_at_most(fresh: Service) -> None:
    """Others have theirs then."""
    one, other = ({"Authorization": f"Bearer {fresh.new_token('tree')}"} for _ in range(2))
    with httpx.Client(base_url=fresh.url, timeout=10) as client, ExitStack() as streams:
        for _ in range(8):
            opened = streams.enter_context(client.stream("GET", "/api/v1/head/events", headers=one))
            assert opened.status_code == 200
        assert client.get("/api/v1/head/events", headers=one).status_code == 503
        with client.stream("GET", "/api/v1/head/events", headers=other) as found:
            assert found.status_code == 200


def test_there_are_fifty_streams_at_most(fresh: Service) -> None:
    """The next is told to come later, and comes in once one has ended."""
    holders = [{"Authorization": f"Bearer {fresh.new_token('tree')}"} for _ in range(7)]
    with httpx.Client(base_url=fresh.url, headers=holders[-1], timeout=10) as client, ExitStack() as streams:
        opened = [
            streams.enter_context(client.stream("GET", "/api/v1/head/events", headers=holders[number // 8]))
            for number in range(50)
        ]
        assert {stream.status_code for stream in opened} == {200}
        refused = client.get("/api/v1/head/events")
        assert (refused.status_code, "retry-after" in refused.headers) == (503, True)
        opened[0].close()
        for _ in range(50):
            with client.stream("GET", "/api/v1/head/events") as again:
                if again.status_code == 200:
                    return
            # That a stream was left, the service sees a moment later.
            assert client.get("/health/live").status_code == 200
    raise AssertionError(again)
