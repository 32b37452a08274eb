"""Frames are what zstandard makes of each event by itself, and hold it whole."""

import zstandard

from outcomes.store.encoding.compression import Codec, dictionary_number, shipped_dictionary
from scripts.generator import generate

DICTIONARY = shipped_dictionary()


def test_frames_made_together_are_those_of_each_event() -> None:
    """However many are compressed at once, each frame stands alone: one is read without the others."""
    raws = [*generate(events=1_100, seed=3), b"", b"x" * 100_000]
    codec = Codec({dictionary_number(DICTIONARY): DICTIONARY}, dictionary_number(DICTIONARY))
    frames = list(codec.compress_each(raws))
    assert frames == [codec.compress(raw) for raw in raws]
    reader = zstandard.ZstdDecompressor(dict_data=zstandard.ZstdCompressionDict(DICTIONARY))
    assert [reader.decompress(frame) for frame in frames] == raws
    assert list(codec.compress_each([])) == []
