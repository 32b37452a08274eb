"""What happened to learning outcomes in Canvas: every event kept, every past state to be had.

    import outcomes

    with outcomes.open("outcomes-data") as home:
        then = home.at("2025-12-01")
        print(then.tree("Account:1"))

Nothing is loaded before it is used (PEP 562): `import outcomes` and `import outcomes.domain` cost nothing.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

# fmt: off
if TYPE_CHECKING:
    from outcomes.api.answers import (  # noqa: I001 - as many to a line as there is room for
        Actor, Answer, Backup, Blame, BlamedField, Checkpoint, ClassFigures, ClassReport, ContextMembers, Diff, Digest,
        Dismissed, EntityState, Erased, ExplainedResult, Explanation, Finding, Findings, Flips, Heading, History,
        Impact, IngestReport, KeptFigures, Late, LateEntry, Level, Log, LogEntry, Mastery, MasteryRow, Moment, Moments,
        NodeChange, OutcomeTree, PolicyChange, PolicyDifference, PolicySource, Problem, QuarantineEntry, QuarantineList,
        Quarantined, Rebuilt, Record, Replayed, RowList, Rows, Score, ScoreChange, ScoreMove, Setting, SettingList,
        SettingRecorded, Status, Timeline, TimelineEntry, TreeNode, Verdict,
    )
    from outcomes.api.home import Home, init, open, verify  # noqa: A004 - `outcomes.open`, as gzip.open
    from outcomes.api.point import Point
    from outcomes.domain.errors import (
        HomeBusy, HomeUnavailable, InputCutShort, LogDamaged, MissingExtra, NoFileOfEvents, NotAnEvent, OutcomesError,
        QuestionStopped, SchemaGap, SeveralTenants, UnreadableInput, UsageError,
    )

__all__ = [
    "Actor", "Answer", "Backup", "Blame", "BlamedField", "Checkpoint", "ClassFigures", "ClassReport", "ContextMembers",
    "Diff", "Digest", "Dismissed", "EntityState", "Erased", "ExplainedResult", "Explanation", "Finding", "Findings",
    "Flips", "Heading", "History", "Home", "HomeBusy", "HomeUnavailable", "Impact", "IngestReport", "InputCutShort",
    "KeptFigures", "Late", "LateEntry", "Level", "Log", "LogDamaged", "LogEntry", "Mastery", "MasteryRow",
    "MissingExtra", "Moment", "Moments", "NoFileOfEvents", "NodeChange", "NotAnEvent", "OutcomeTree", "OutcomesError",
    "Point", "PolicyChange", "PolicyDifference", "PolicySource", "Problem", "QuarantineEntry", "QuarantineList",
    "Quarantined", "QuestionStopped", "Rebuilt", "Record", "Replayed", "RowList", "Rows", "SchemaGap", "Score",
    "ScoreChange", "ScoreMove", "Setting", "SettingList", "SettingRecorded", "SeveralTenants", "Status", "Timeline",
    "TimelineEntry", "TreeNode", "UnreadableInput", "UsageError", "Verdict", "init", "open", "verify",
]
# fmt: on

_PLACES = {"Home": "api.home", "init": "api.home", "open": "api.home", "verify": "api.home", "Point": "api.point"}


def __getattr__(name: str) -> Any:
    """Load a name when it is first used."""
    if name not in __all__:
        raise AttributeError(f"module 'outcomes' has no attribute {name!r}")
    errors = import_module("outcomes.domain.errors")
    if hasattr(errors, name):
        value = getattr(errors, name)
    else:
        value = getattr(import_module(f"outcomes.{_PLACES.get(name, 'api.answers')}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    """List the names that can be had, loaded or not."""
    return sorted({*globals(), *__all__})
