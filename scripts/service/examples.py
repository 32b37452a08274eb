"""An example of each answer, for the description: what the shipped sample answers, cut short.

They are made by `python -m scripts.bench.answer_examples`, and a test compares them with what is answered now.
"""

import json
from functools import cache
from pathlib import Path
from typing import Any

_FILE = Path(__file__).with_suffix(".json")


@cache
def examples() -> dict[str, dict[str, Any]]:
    """Return the examples by the path of a question, and then by form."""
    found: dict[str, dict[str, Any]] = json.loads(_FILE.read_bytes())
    return found
