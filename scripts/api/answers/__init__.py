"""What questions come to: frozen, typed, printable; one module a subject."""

from outcomes.api.answers.base import Answer, Record
from outcomes.api.answers.differences import Diff, Heading, NodeChange, PolicyDifference, ScoreChange
from outcomes.api.answers.entity import Actor, Blame, BlamedField, EntityState
from outcomes.api.answers.events import Late, LateEntry, Log, LogEntry, Timeline, TimelineEntry
from outcomes.api.answers.mastery import (
    ClassFigures,
    ClassReport,
    ExplainedResult,
    Explanation,
    Flips,
    History,
    Impact,
    KeptFigures,
    Level,
    Mastery,
    MasteryRow,
    PolicyChange,
    PolicySource,
    Score,
    ScoreMove,
    Setting,
    SettingList,
)
from outcomes.api.answers.moments import Moment, Moments
from outcomes.api.answers.operations import (
    Backup,
    ContextMembers,
    Digest,
    Dismissed,
    Erased,
    Finding,
    Findings,
    IngestReport,
    Problem,
    Quarantined,
    QuarantineEntry,
    QuarantineList,
    Rebuilt,
    Replayed,
    SettingRecorded,
    Status,
    Verdict,
)
from outcomes.api.answers.rows import RowList, Rows
from outcomes.api.answers.tree import OutcomeTree, Place, Places, Student, Students, TreeNode
from outcomes.store.operations.checkpoint import Checkpoint

# fmt: off
__all__ = [
    "Actor", "Answer", "Backup", "Blame", "BlamedField", "Checkpoint", "ClassFigures", "ClassReport", "ContextMembers",
    "Diff", "Digest", "Dismissed", "EntityState", "Erased", "ExplainedResult", "Explanation", "Finding", "Findings",
    "Flips", "Heading", "History", "Impact", "IngestReport", "KeptFigures", "Late", "LateEntry", "Level", "Log",
    "LogEntry", "Mastery", "MasteryRow", "Moment", "Moments", "NodeChange", "OutcomeTree", "Place", "Places",
    "PolicyChange", "PolicyDifference", "PolicySource", "Problem", "QuarantineEntry", "QuarantineList", "Quarantined",
    "Rebuilt", "Record", "Replayed", "RowList", "Rows", "Score", "ScoreChange", "ScoreMove", "Setting", "SettingList",
    "SettingRecorded", "Status", "Student", "Students", "Timeline", "TimelineEntry", "TreeNode", "Verdict",
]
# fmt: on
