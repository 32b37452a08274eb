"""A key for every number, all from one root, any of which can be given up for ever while the others stay.

The tree of Goldreich, Goldwasser and Micali: a node's two children are keyed hashes of it, a leaf is the key of the
number that its path spells. To give a number up, the node above it is replaced by the siblings along the way to its
leaf: from what is then kept nobody can compute that leaf. So it opens nothing any more in copies made before, either.
"""

from collections.abc import Iterable, Iterator
from hashlib import blake2b
from secrets import token_bytes

_DEPTH = 32
_NODE_BYTES = 32
# Keys of neighbouring numbers share all but the last steps of their way.
_HELD_DEPTH = 24
_HELD_AT_MOST = 10_000


class KeyTree:
    """What is kept of a tree: nodes by their paths from the root, as text of 0 and 1."""

    def __init__(self, nodes: dict[str, bytes]) -> None:
        self.nodes = nodes
        self._held: dict[str, bytes] = {}

    @classmethod
    def new(cls) -> "KeyTree":
        """Return a whole tree with a random root."""
        return cls({"": token_bytes(_NODE_BYTES)})

    def key(self, number: int) -> bytes | None:
        """Return the key of a number, from 0 to 2^32 - 1; None if it was given up."""
        path = _path(number)
        high = path[:_HELD_DEPTH]
        if high in self._held:
            return _descend(self._held[high], path[_HELD_DEPTH:])
        above = self._above(path)
        if above is None:
            return None
        if len(above) > _HELD_DEPTH:
            return _descend(self.nodes[above], path[len(above) :])
        if len(self._held) >= _HELD_AT_MOST:
            self._held.clear()
        self._held[high] = _descend(self.nodes[above], high[len(above) :])
        return _descend(self._held[high], path[_HELD_DEPTH:])

    def without(self, numbers: Iterable[int]) -> "KeyTree":
        """Return the tree in which these numbers have no key any more."""
        left = KeyTree(dict(self.nodes))
        for number in numbers:
            path = _path(number)
            above = left._above(path)
            if above is not None:
                left.nodes.update(_siblings(left.nodes.pop(above), path, len(above)))
        return left

    def given_up(self, upto: int) -> Iterator[int]:
        """Yield the numbers up to one, from 0, that have no key any more."""
        following = 0
        for path in sorted(self.nodes):
            first = int(path.ljust(_DEPTH, "0"), 2)
            yield from range(following, min(first, upto + 1))
            following = first + (1 << (_DEPTH - len(path)))
        yield from range(following, upto + 1)

    def _above(self, path: str) -> str | None:
        return next((path[:depth] for depth in range(_DEPTH + 1) if path[:depth] in self.nodes), None)


def _path(number: int) -> str:
    return format(number, f"0{_DEPTH}b")


def _child(node: bytes, bit: str) -> bytes:
    return blake2b(bit.encode(), key=node, digest_size=_NODE_BYTES, person=b"outcomes keytree").digest()


def _descend(node: bytes, way: str) -> bytes:
    for bit in way:
        node = _child(node, bit)
    return node


def _siblings(node: bytes, path: str, depth: int) -> Iterator[tuple[str, bytes]]:
    for at in range(depth, _DEPTH):
        other = "1" if path[at] == "0" else "0"
        yield path[:at] + other, _child(node, other)
        node = _child(node, path[at])
