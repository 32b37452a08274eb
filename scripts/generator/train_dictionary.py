"""Make store/encoding/events.zdict: `python -m scripts.generator.train_dictionary`.

Needed again only if events come to look very different. Logs keep the dictionaries that they were written with, so a
new one changes nothing that is stored.
"""

from itertools import islice
from pathlib import Path

import zstandard

from scripts.generator import true_events

_SAMPLES = 20_000
_EVERY = 10
_BYTES = 64 * 1024


def main() -> None:
    """Train on every tenth event of a large generated school and write the file that the log ships with."""
    events = true_events(events=_SAMPLES * _EVERY, seed=20_251_101)
    samples: list[bytes | bytearray | memoryview] = list(islice(events, 0, None, _EVERY))
    dictionary = zstandard.train_dictionary(_BYTES, samples)
    target = Path(__file__).parents[2] / "store" / "encoding" / "events.zdict"
    target.write_bytes(dictionary.as_bytes())
    size = sum(len(sample) for sample in samples)
    packer = zstandard.ZstdCompressor(level=3, dict_data=dictionary)
    packed = sum(len(packer.compress(sample)) for sample in samples)
    print(f"{target}: {target.stat().st_size} bytes; its samples shrink to {packed / size:.3f}")


if __name__ == "__main__":
    main()
