"""Histories that happened, from outside the project: documented examples, the Common Core's revision, a course."""

import gzip
from collections.abc import Callable
from pathlib import Path

Shared = Callable[[str], Path]
DOCUMENTED, COMMON_CORE, OPEN_UNIVERSITY = (
    "data/documented_examples.jsonl",
    "data/ccss_math_2012.jsonl.gz",
    "data/oulad_aaa.jsonl.gz",
)


def lines_of(path: Path) -> list[bytes]:
    """Return the lines of a file, packed or not."""
    data = path.read_bytes()
    return (gzip.decompress(data) if path.suffix == ".gz" else data).splitlines()
