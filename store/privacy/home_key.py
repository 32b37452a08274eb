"""The key of an encrypted home, kept outside log.db: without it a copy of the log tells nothing about anybody.

It holds the secret of the home's keyed hashes, and the tree of keys under which each person's key is wrapped.
"""

import os
import shlex
import subprocess
from hashlib import blake2b
from os import PathLike
from pathlib import Path
from secrets import token_bytes
from typing import NamedTuple, Protocol

import orjson

from outcomes.domain.errors import HomeUnavailable, UsageError
from outcomes.store.privacy.key_tree import KeyTree
from outcomes.store.sqlite.private_files import make_private, sync_to_disk

FILE_NAME = "home.key"
_SECRET_BYTES = 32
_CHECK_BYTES = 16
_COMMAND_SECONDS = 60.0


class HomeKey(NamedTuple):
    """The key of the home whose log has an identity."""

    log: str
    secret: bytes
    tree: KeyTree

    @classmethod
    def new(cls, log: str) -> "HomeKey":
        """Return a random key."""
        return cls(log, token_bytes(_SECRET_BYTES), KeyTree.new())

    @property
    def check(self) -> str:
        """What the log keeps of it, to know it again: a hash that tells nothing of it."""
        return blake2b(self.secret, digest_size=_CHECK_BYTES, person=b"outcomes check").hexdigest()

    def text(self) -> bytes:
        """Return it as its file holds it."""
        nodes = {path: node.hex() for path, node in self.tree.nodes.items()}
        return orjson.dumps(
            {"outcomes_home_key": 1, "log": self.log, "secret": self.secret.hex(), "tree": nodes},
            option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE,
        )


class KeySource(Protocol):
    """Where the key of a home is."""

    @property
    def place(self) -> str:
        """In words, for messages."""

    def read(self) -> HomeKey:
        """Return the key; raises HomeUnavailable where there is none."""

    def write(self, key: HomeKey, *, is_new: bool = False) -> bool:
        """Keep a key in the place of the one before it; return whether that can be done here."""


class KeyFile(NamedTuple):
    """A file for its owner only."""

    path: Path

    @property
    def place(self) -> str:
        """In words, for messages."""
        return str(self.path)

    def read(self) -> HomeKey:
        """Return the key in the file; raises HomeUnavailable."""
        try:
            text = self.path.read_bytes()
        except OSError as error:
            raise HomeUnavailable(
                f"the home is encrypted, and its key cannot be read at {self.path} ({error.strerror}): "
                "put the key there, or name its place with --key-file"
            ) from error
        return _parsed(text, self.place)

    def write(self, key: HomeKey, *, is_new: bool = False) -> bool:
        """Write the file anew beside itself, wait for the disk, and put it in place. A new key never replaces one."""
        if is_new and self.path.exists():
            raise UsageError(f"{self.path} is there already, the key of another home: move it away first")
        unfinished = self.path.with_name(self.path.name + ".unfinished")
        try:
            unfinished.unlink(missing_ok=True)
            make_private(unfinished)
            unfinished.write_bytes(key.text())
            sync_to_disk(unfinished)
            unfinished.rename(self.path)
            sync_to_disk(self.path.parent)
        except OSError as error:
            unfinished.unlink(missing_ok=True)
            raise HomeUnavailable(f"cannot write the key {self.path}: {error.strerror}: check its folder") from error
        return True


class KeyCommand(NamedTuple):
    """A command that prints the key: of a keyring, a vault, a hardware module. It is only read."""

    command: str

    @property
    def place(self) -> str:
        """In words, for messages."""
        return f"the command {self.command!r}"

    def read(self) -> HomeKey:
        """Return what the command prints; raises HomeUnavailable."""
        try:
            ran = subprocess.run(  # noqa: S603 - the user's own command, without a shell
                shlex.split(self.command), capture_output=True, check=False, timeout=_COMMAND_SECONDS, env=os.environ
            )
        except (OSError, ValueError, subprocess.TimeoutExpired) as error:
            raise HomeUnavailable(f"{self.place} does not run ({error}): it has to print the home's key") from error
        if ran.returncode:
            raise HomeUnavailable(f"{self.place} ended with {ran.returncode}: it has to print the home's key")
        return _parsed(ran.stdout, self.place)

    def write(self, _key: HomeKey, *, is_new: bool = False) -> bool:
        """Say that this cannot be done; for a new key, what can be."""
        if is_new:
            raise UsageError("a key command is only read: make the home with --key-file, then store the file's content")
        return False


def named_source(file: str | PathLike[str] | None, command: str | None) -> KeySource | None:
    """Return where a home's key is said to be, in a file or behind a command; None if neither. Raises UsageError."""
    if file is not None and command is not None:
        raise UsageError("the key is in a file or behind a command, not both: name one of --key-file, --key-command")
    if command is not None:
        return KeyCommand(command)
    return None if file is None else KeyFile(Path(file))


def default_source(folder: Path) -> KeyFile:
    """Return where the key is, if nothing else is said."""
    return KeyFile(folder / FILE_NAME)


def _parsed(text: bytes, place: str) -> HomeKey:
    try:
        value = orjson.loads(text)
        if value["outcomes_home_key"] != 1:
            raise HomeUnavailable(f"{place} holds a key of a newer version: upgrade outcomes")
        nodes = {str(path): bytes.fromhex(node) for path, node in value["tree"].items()}
        return HomeKey(str(value["log"]), bytes.fromhex(value["secret"]), KeyTree(nodes))
    except (orjson.JSONDecodeError, KeyError, TypeError, ValueError, AttributeError) as error:
        raise HomeUnavailable(f"{place} holds no key of a home: restore it from where it is kept") from error
