"""Everything that can go wrong and that a person can do something about.

* OutcomesError
    * NotAnEvent        bytes or JSON that cannot be an event: goes to quarantine, never stops an import
    * UsageError        the question cannot be answered as asked
        * SeveralTenants    the log holds several tenants and none was named
    * UnreadableInput   a file that cannot be opened, or ends in the middle
        * InputCutShort     one that ends in the middle: what could be read is in the log, and reported
        * NoFileOfEvents    a file known by its first bytes to be something else: nothing of it is read
    * SignatureRefused  a signed body that cannot be trusted: another key, issuer or algorithm, or altered on its way
    * KeySetUnavailable no key is at hand to check a signature with; one may be soon
    * QueueUnavailable  a queue does not answer, or does not let us in
    * LogDamaged        the log does not say what it said when it was written
    * HomeUnavailable   the data folder cannot be used: locked, full, read-only, made by a newer version
        * HomeBusy          somebody else is writing in it, and has not ended in time
        * ConnectionLost    the server that keeps the log does not answer; it may be back in a moment
    * DatabaseUnavailable a database that a replay is to be written to does not answer, or does not take it
    * QuestionStopped   a question was ended before its answer: it took too long, or nobody waits for it any more
    * MissingExtra      an optional package that an answer needs is not installed
    * SchemaGap         this version lacks a step from an old shape of events to the present one: a defect of ours

Each message says what happened, shows the offending value and says what to do.
"""

from typing import Any


class OutcomesError(Exception):
    """Root of the tree; the command line prints it as one line and exits with 2."""


class NotAnEvent(OutcomesError):  # noqa: N818 - it names a verdict on the input, not a failure of ours
    """The input cannot be read as a Canvas live event; `str(error)` is the reason in words."""


class UsageError(OutcomesError):
    """An argument cannot be understood, or names something that is not there."""


class SeveralTenants(UsageError):  # noqa: N818 - states the fact that the user must resolve
    """A question about one tenant was asked of a log that holds several."""

    def __init__(self, tenants: list[str]) -> None:
        names = ", ".join(tenants)
        super().__init__(f"the log holds {len(tenants)} tenants ({names}): choose one with --tenant UUID")


class UnreadableInput(OutcomesError):  # noqa: N818 - it names the input, as the exit code's text does
    """A source of events cannot be opened or ends before its end."""


class InputCutShort(UnreadableInput):
    """A source of events ended before its end; what could be read of it was taken. `report` is the ingest's."""

    def __init__(self, message: str, report: Any) -> None:
        super().__init__(message)
        self.report = report


class NoFileOfEvents(UnreadableInput):
    """A source is an archive, a database, a picture, a page: known by its first bytes, and not searched for events."""


class SignatureRefused(OutcomesError):  # noqa: N818 - states the verdict
    """A signed body that cannot be trusted. `why` is one word for what counts such verdicts."""

    def __init__(self, why: str, message: str) -> None:
        super().__init__(message)
        self.why = why


class KeySetUnavailable(OutcomesError):  # noqa: N818 - states what is missing
    """A signature cannot be checked now, since its key cannot be had; after `seconds` it is worth another try."""

    def __init__(self, message: str, seconds: float = 0) -> None:
        super().__init__(message)
        self.seconds = seconds


class QueueUnavailable(OutcomesError):  # noqa: N818 - states what is missing
    """A queue gives no messages, and takes no answer; `may_pass` says whether it may do so by itself again."""

    def __init__(self, message: str, *, may_pass: bool) -> None:
        super().__init__(message)
        self.may_pass = may_pass


class LogDamaged(OutcomesError):  # noqa: N818 - reads as the sentence it reports
    """A stored event no longer reads as it did when it was appended."""


class HomeUnavailable(OutcomesError):  # noqa: N818 - reads as the sentence it reports
    """The data folder cannot be used now; nothing was changed."""


class HomeBusy(HomeUnavailable):
    """Somebody else has been writing in the data folder for longer than one would wait."""


class DatabaseUnavailable(OutcomesError):  # noqa: N818 - states what is missing
    """A PostgreSQL database cannot be reached, or does not take what is written to it."""


class ConnectionLost(HomeUnavailable):
    """The server that keeps the log does not answer, or has gone in the middle of it."""


class QuestionStopped(OutcomesError):  # noqa: N818 - states what happened
    """A question was ended before its answer."""

    def __init__(self) -> None:
        super().__init__("the question was stopped before its answer: narrow it, or give it more time")


class MissingExtra(OutcomesError, ImportError):  # noqa: N818 - names what is missing
    """An optional package that is needed for this form of an answer is not installed."""


class SchemaGap(OutcomesError):  # noqa: N818 - names what is missing
    """The chain of upcasters of a family of events has a gap; raised when the catalog is made, before any event."""
