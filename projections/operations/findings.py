"""What a proof finds: problems in words, each with its place."""

from dataclasses import dataclass, field
from typing import Any

_SHOWN_AT_MOST = 100


@dataclass
class Findings:
    """What is wrong, in words, with the position in the log where there is one."""

    problems: list[dict[str, Any]] = field(default_factory=list)
    more: int = 0
    erased: int = 0
    partly_erased: int = 0
    erasures: set[bytes] = field(default_factory=set)

    def add(self, problem: str, **where: Any) -> None:
        """Note one problem; after a hundred they are only counted."""
        if len(self.problems) < _SHOWN_AT_MOST:
            self.problems.append({"problem": problem, **where})
        else:
            self.more += 1
