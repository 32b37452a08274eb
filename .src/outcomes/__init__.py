"""What happened to learning outcomes in Canvas: keeps every event, shows every past state.

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
    from outcomes.api.answers.base import Answer, Record  # noqa: I001 - as many to a line as there is room for
    from outcomes.api.answers.differences import Diff, Heading, NodeChange, PolicyDifference, ScoreChange
    from outcomes.api.answers.entity import Actor, Blame, BlamedField, EntityState
    from outcomes.api.answers.events import Late, LateEntry, Log, LogEntry, Timeline, TimelineEntry
    from outcomes.api.answers.mastery import (
        ClassFigures, ClassReport, ExplainedResult, Explanation, Flips, History, Impact, KeptFigures, Level, Mastery,
        MasteryRow, PolicyChange, PolicySource, Score, ScoreMove, Setting, SettingList,
    )
    from outcomes.api.answers.moments import Moment, Moments
    from outcomes.api.answers.operations import (
        Backup, ContextMembers, Digest, Dismissed, Erased, Finding, Findings, IngestReport, LogWritten, Problem,
        Quarantined, QuarantineEntry, QuarantineList, Rebuilt, Replayed, ReplayedFiles, SettingRecorded, Status,
        Verdict,
    )
    from outcomes.api.answers.rows import RowList, Rows
    from outcomes.api.answers.tree import OutcomeTree, Place, Places, Student, Students, TreeNode
    from outcomes.api.home import Home, init, open, verify  # noqa: A004 - `outcomes.open`, as gzip.open
    from outcomes.api.point import Point
    from outcomes.cluster.files import replay_files
    from outcomes.domain.errors import (
        ConnectionLost, DatabaseUnavailable, HomeBusy, HomeUnavailable, InputCutShort, KeySetUnavailable, LogDamaged,
        MissingExtra, NoFileOfEvents, NotAnEvent, OutcomesError, QuestionStopped, QueueUnavailable, SchemaGap,
        SeveralTenants, SignatureRefused, UnreadableInput, UsageError,
    )
    from outcomes.store.operations.checkpoint import Checkpoint

__all__ = [
    "Actor", "Answer", "Backup", "Blame", "BlamedField", "Checkpoint", "ClassFigures", "ClassReport", "ConnectionLost",
    "ContextMembers", "DatabaseUnavailable", "Diff", "Digest", "Dismissed", "EntityState", "Erased", "ExplainedResult",
    "Explanation", "Finding", "Findings", "Flips", "Heading", "History", "Home", "HomeBusy", "HomeUnavailable",
    "Impact", "IngestReport", "InputCutShort", "KeptFigures", "KeySetUnavailable", "Late", "LateEntry", "Level", "Log",
    "LogDamaged", "LogEntry", "LogWritten", "Mastery", "MasteryRow", "MissingExtra", "Moment", "Moments",
    "NoFileOfEvents", "NodeChange", "NotAnEvent", "OutcomeTree", "OutcomesError", "Place", "Places", "Point",
    "PolicyChange", "PolicyDifference", "PolicySource", "Problem", "QuarantineEntry", "QuarantineList", "Quarantined",
    "QuestionStopped", "QueueUnavailable", "Rebuilt", "Record", "Replayed", "ReplayedFiles", "RowList", "Rows",
    "SchemaGap", "Score", "ScoreChange", "ScoreMove", "Setting", "SettingList", "SettingRecorded", "SeveralTenants",
    "SignatureRefused", "Status", "Student", "Students", "Timeline", "TimelineEntry", "TreeNode", "UnreadableInput",
    "UsageError", "Verdict", "init", "open", "replay_files", "verify",
]
# fmt: on

_PLACES = {"Home": "api.home", "init": "api.home", "open": "api.home", "verify": "api.home", "Point": "api.point"}
_PLACES["replay_files"] = "cluster.files"
_PLACES["Checkpoint"] = "store.operations.checkpoint"
_SUBJECTS = ("base", "rows", "tree", "entity", "differences", "events", "moments", "mastery", "operations", "exports")
_ELSEWHERE = ("domain.errors", *(f"api.answers.{subject}" for subject in _SUBJECTS))


def __getattr__(name: str) -> Any:
    """Load a name when it is first used."""
    if name not in __all__:
        raise AttributeError(f"module 'outcomes' has no attribute {name!r}")
    modules = (import_module(f"outcomes.{place}") for place in ([_PLACES[name]] if name in _PLACES else _ELSEWHERE))
    value = globals()[name] = next(getattr(module, name) for module in modules if hasattr(module, name))
    return value


def __dir__() -> list[str]:
    """List the names that can be had, loaded or not."""
    return sorted({*globals(), *__all__})
