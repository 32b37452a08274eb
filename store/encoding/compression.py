"""Stored bytes: zstandard with a dictionary trained on events of our own generator.

Events are small and alike, so a shared dictionary shrinks each to about a sixth, faster than writing it raw. Every
frame names its dictionary, and the log keeps each dictionary that it ever used.
"""

from collections.abc import Iterator, Sequence
from functools import cached_property
from importlib.resources import files
from itertools import chain
from typing import Any

import zstandard

from outcomes.domain.errors import LogDamaged
from outcomes.store.sources.segment import MAX_EVENT_BYTES

# Where speed and size meet for frames of a kilobyte with a dictionary: most of what repeats in events of one kind is
# longer than seven bytes, and shorter matches cost more than they save. Level 3 packs as tightly in 1.3 times the time.
_PARAMETERS = {"strategy": zstandard.STRATEGY_FAST, "window_log": 17, "hash_log": 15, "min_match": 7}
_TOGETHER = 1_000


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
        parameters = zstandard.ZstdCompressionParameters(**_PARAMETERS, write_checksum=False, write_dict_id=True)
        return zstandard.ZstdCompressor(compression_params=parameters, dict_data=dictionary)

    def compress(self, raw: bytes) -> bytes:
        """Return the frame to store."""
        return self._compressor.compress(raw)

    def compress_each(self, raws: Sequence[bytes]) -> Iterator[bytes]:
        """Return the frames to store, made when they are asked for, many together: a tenth sooner than one by one."""
        starts = range(0, len(raws), _TOGETHER)
        return chain.from_iterable(self._compressed(list(raws[start : start + _TOGETHER])) for start in starts)

    def _compressed(self, raws: list[Any]) -> Iterator[bytes]:
        frames: Any = self._compressor.multi_compress_to_buffer(raws)
        return map(zstandard.BufferSegment.tobytes, frames)

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
