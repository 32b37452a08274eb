"""`outcomes serve --check`: can it serve here? Each part is tried, and what is missing is said with what to do."""

from collections.abc import Callable, Iterator
from contextlib import closing
from importlib.util import find_spec

from outcomes.domain.errors import OutcomesError
from outcomes.service.configuration import Configuration
from outcomes.service.readers import open_home
from outcomes.service.server import Address, listen
from outcomes.store.access.access_file import AccessFile


def checks(configuration: Configuration, address: Address) -> Iterator[tuple[str, str | None]]:
    """Yield each part with what is wrong with it; None where nothing is."""
    tried: dict[str, Callable[[], str | None]] = {
        "libraries": _libraries,
        "log and views": lambda: _home(configuration),
        "access.db": lambda: _access(configuration),
        "disk": configuration.lack_of_room,
        "address": lambda: _address(address),
    }
    for part, look in tried.items():
        try:
            yield part, look()
        except (OutcomesError, OSError) as error:
            yield part, str(error)


def _libraries() -> str | None:
    slower = [name for name in ("httptools", "uvloop") if find_spec(name) is None]
    return (
        f"without {' and '.join(slower)} it works, and is slower: install outcome-projector[serve]" if slower else None
    )


def _home(configuration: Configuration) -> str | None:
    with open_home(configuration) as home:
        return None if home.catch_up() else "another program is writing: the views follow once it is done"


def _access(configuration: Configuration) -> str | None:
    with AccessFile(configuration.folder) as access:
        holding = [token for token in access.tokens() if token.revoked is None]
    return None if holding else "there is no token yet: outcomes token create makes one; people may use the link"


def _address(address: Address) -> str | None:
    address.check()
    with closing(listen(address)):
        pass
    return None
