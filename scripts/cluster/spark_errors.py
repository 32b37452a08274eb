"""What Spark says went wrong, some hundred lines of two languages, as an error of one line."""

import re
from typing import Final

from outcomes.domain import errors
from outcomes.domain.errors import HomeUnavailable, OutcomesError

_OURS: Final = re.compile(r"outcomes\.domain\.errors\.(\w+): (.*)")
_PYTHON: Final = (
    (
        re.compile(r"ModuleNotFoundError: No module named '(?P<what>[^']+)'"),
        "the Python that executors run has no module {what}: install outcome-projector[parquet] there",
    ),
    (re.compile(r'Cannot run program "(?P<what>[^"]+)"'), "executors cannot run {what} as their Python"),
    (re.compile(r"\[PYTHON_VERSION_MISMATCH\] (?P<what>[^\n,]+)"), "{what}"),
)
_RAISED: Final = re.compile(r"^(?:Caused by: )?((?:\w+\.)*\w*(?:Error|Exception): .+)$", re.MULTILINE)
_LONGEST: Final = 300


def in_words(told: str) -> OutcomesError:
    """Return what a step raised in another process, or what Spark says."""
    found = _OURS.search(told)
    if found is not None:
        kind = getattr(errors, found[1], HomeUnavailable)
        if isinstance(kind, type) and issubclass(kind, OutcomesError) and kind is not errors.SeveralTenants:
            return kind(found[2])
    for pattern, words in _PYTHON:
        found = pattern.search(told)
        if found is not None:
            return HomeUnavailable(f"Spark gave up: {words.format(what=found['what'])}; PYSPARK_PYTHON names another")
    raised: list[str] = _RAISED.findall(told)
    # Of a traceback the last line says what it was.
    said = raised[-1] if raised else next((line for line in told.splitlines() if line.strip()), "it did not say why")
    return HomeUnavailable(f"Spark gave up: {said.strip()[:_LONGEST]}: OUTCOMES_DEBUG=1 shows its own messages")
