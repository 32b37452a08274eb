"""Keys change by the month, addresses fail, and names can be made up: no delivery waits for it, and we ask seldom."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from outcomes.domain.errors import KeySetUnavailable, SignatureRefused, UsageError
from outcomes.store.sources.jwk_set import KeySetOfFile, KeySetOfUrl, key_set
from tests.support.signing import KeyServer, key_file


@pytest.fixture
def server() -> Iterator[KeyServer]:
    """The address of two keys."""
    with KeyServer("january", "february") as found:
        yield found


def test_the_set_is_fetched_once(server: KeyServer) -> None:
    """However many signatures are checked."""
    keys = KeySetOfUrl(server.url)
    assert [keys.get_signing_key(name).key_id for name in ("january", "february", "january")] == [
        "january",
        "february",
        "january",
    ]
    assert server.asked == 1


def test_a_name_that_nobody_knows_fetches_nothing_for_a_while(server: KeyServer) -> None:
    """Whoever makes names up cannot make us ask: each is to be tried again once the cooldown is over."""
    keys = KeySetOfUrl(server.url)
    for number in range(50):
        with pytest.raises(KeySetUnavailable, match=f"'made-up-{number}'") as caught:
            keys.get_signing_key(f"made-up-{number}")
        assert 0 < caught.value.seconds <= 30
    assert server.asked == 1


def test_a_new_key_is_found_after_the_cooldown(server: KeyServer) -> None:
    """The set is fetched anew for a name that it lacks; a name that it still lacks then is refused."""
    keys = KeySetOfUrl(server.url, cooldown=0)
    keys.get_signing_key("february")
    server.names = ("february", "march")
    assert keys.get_signing_key("march").key_id == "march"
    with pytest.raises(SignatureRefused, match="'april'"):
        keys.get_signing_key("april")


def test_an_expired_set_serves_while_no_other_can_be_had(server: KeyServer) -> None:
    """The address fails, is tried once in a cooldown, and is believed again when it answers."""
    keys = KeySetOfUrl(server.url, lifespan=1e-9, cooldown=0)
    keys.get_signing_key("january")
    server.names = ()
    assert keys.get_signing_key("january").key_id == "january"
    with pytest.raises(KeySetUnavailable, match="no newer one can be fetched"):
        keys.get_signing_key("march")
    server.names = ("march",)
    assert keys.get_signing_key("march").key_id == "march"
    with pytest.raises(SignatureRefused):
        keys.get_signing_key("january")


def test_an_address_that_fails_is_left_alone_for_a_while(server: KeyServer) -> None:
    """Without any key there is none to serve: said at once to the next ones, without asking."""
    server.names = ()
    keys = KeySetOfUrl(server.url)
    for _ in range(3):
        with pytest.raises(KeySetUnavailable, match="cannot be fetched"):
            keys.get_signing_key("january")
    assert server.asked == 1


def test_an_address_that_does_not_answer_is_given_up(server: KeyServer) -> None:
    """After five seconds; here after less."""
    server.hangs_for = 0.5
    with pytest.raises(KeySetUnavailable, match="timed out"):
        KeySetOfUrl(server.url, timeout=0.1).check()


def test_redirects_are_refused(server: KeyServer) -> None:
    """Whoever can answer for an address cannot send us to keys elsewhere."""
    with KeyServer("evil") as elsewhere:
        server.redirect = elsewhere.url
        with pytest.raises(KeySetUnavailable):
            KeySetOfUrl(server.url).get_signing_key("evil")
        assert elsewhere.asked == 0


@pytest.mark.parametrize("url", ["http://keys.example/jwks", "file:///etc/passwd", "https://", "ftp://127.0.0.1/jwks"])
def test_keys_do_not_come_in_the_clear(url: str) -> None:
    """Over HTTPS, or from this machine."""
    with pytest.raises(UsageError, match="https"):
        key_set(url)


def test_a_file_is_read_again_when_it_has_changed(tmp_path: Path) -> None:
    """A key that was taken out is trusted no more; while it cannot be read, the set of before serves."""
    keys = key_set(str(key_file(tmp_path, "january")))
    assert keys.get_signing_key("january").key_id == "january"
    with pytest.raises(SignatureRefused, match="'february'"):
        keys.get_signing_key("february")
    path = key_file(tmp_path, "january", "february")
    assert keys.get_signing_key("february").key_id == "february"
    key_file(tmp_path, "february")
    with pytest.raises(SignatureRefused, match="'january'"):
        keys.get_signing_key("january")
    path.write_text("half a se")
    assert keys.get_signing_key("february").key_id == "february"
    path.unlink()
    assert keys.get_signing_key("february").key_id == "february"


@pytest.mark.parametrize("content", [None, "", "[]", '{"keys": []}', '{"keys": ["x"]}', '{"keys": [{"kty": "RSA"}]}'])
def test_a_file_without_keys_is_told(tmp_path: Path, content: str | None) -> None:
    """That it is not there, is no JSON, or holds no key."""
    path = tmp_path / "jwks.json"
    if content is not None:
        path.write_text(content)
    with pytest.raises(KeySetUnavailable, match="no key set can be read from"):
        KeySetOfFile(path).check()
