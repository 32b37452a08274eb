"""Stored bytes: zstandard with a dictionary trained on events of our own generator.

Events are small and alike, so a shared dictionary shrinks each to about a sixth, faster than writing it raw. Every
frame names its dictionary, and the log keeps each dictionary that it ever used.
"""

from collections.abc import Iterable, Iterator
from functools import cached_property
from importlib.resources import files

import zstandard

from outcomes.domain.errors import LogDamaged
from outcomes.store.sources.segment import MAX_EVENT_BYTES

# Level 3 is where speed and size meet for frames of a kilobyte with a dictionary.
_LEVEL = 3


def shipped_dictionary() -> bytes:
    """Return the dictionary that comes with this version (made by `python -m scripts.generator.train_dictionary`)."""
    return files("outcomes.store.encoding").joinpath("events.zdict").read_bytes()


def dictionary_number(dictionary: bytes) -> int:
    """Return the number by which frames name a dictionary; 0 names none."""
    return zstandard.ZstdCompressionDict(dictionary).dict_id() if dictionary else 0


class Codec:
    """Compresses with one dictionary, decompresses with any that the log holds."""

    def __init__(self, dictionaries: dict[int, bytes], current: int) -> None:
        self._dictionaries = dictionaries
        self._current = current
        self._readers: dict[int, zstandard.ZstdDecompressor] = {}

    @cached_property
    def _compressor(self) -> zstandard.ZstdCompressor:
        dictionary = zstandard.ZstdCompressionDict(self._dictionaries[self._current])
        # The content digest is the check on content; a second checksum in each frame would only take room.
        return zstandard.ZstdCompressor(level=_LEVEL, dict_data=dictionary, write_checksum=False)

    def compress(self, raw: bytes) -> bytes:
        """Return the frame to store."""
        return self._compressor.compress(raw)

    def compress_each(self, raws: Iterable[bytes]) -> Iterator[bytes]:
        """Yield the frames to store, each when it is asked for."""
        return map(self._compressor.compress, raws)

    def decompress(self, frame: bytes) -> bytes:
        """Return the bytes as they came; raises LogDamaged."""
        try:
            number = zstandard.get_frame_parameters(frame).dict_id
            return self._reader(number).decompress(frame, max_output_size=MAX_EVENT_BYTES + 1)
        except (zstandard.ZstdError, KeyError) as error:
            raise LogDamaged(
                f"a stored event cannot be decompressed ({error}): restore the log from a backup"
            ) from error

    def _reader(self, number: int) -> zstandard.ZstdDecompressor:
        if number not in self._readers:
            dictionary = zstandard.ZstdCompressionDict(self._dictionaries[number])
            self._readers[number] = zstandard.ZstdDecompressor(dict_data=dictionary)
        return self._readers[number]
