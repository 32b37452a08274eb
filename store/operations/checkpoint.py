"""A checkpoint: one short line, kept elsewhere, that proves later that the log has only grown since.

A chain of hashes alone cannot show that the log was cut back to an earlier batch, or made anew as a whole. Whoever
holds a line from before can.
"""

import re
from pathlib import Path
from typing import Any, NamedTuple

import orjson

from outcomes.domain.errors import UsageError
from outcomes.domain.times import Micros, to_text
from outcomes.store import ledger
from outcomes.store.connection import Connection
from outcomes.store.ledger import Head as LedgerHead
from outcomes.store.log.event_log import EventLog
from outcomes.store.log.hash_chain import NO_CHAIN, Problem, last_batch
from outcomes.store.log.layout import FORMAT, format_of_tables
from outcomes.store.rows import fetch_one

_TEXT = re.compile(
    r"outcomes-checkpoint:(?P<position>\d{1,18}):(?P<chain>[0-9a-f]{64}):(?P<log>[0-9a-f]{32}|-)"
    r"(?::(?P<entries>\d{1,18}):(?P<ledger>[0-9a-f]{64}))?"
)
_LONGEST_FILE = 1 << 16


class Checkpoint(NamedTuple):
    """The head of a log at a moment.

    `log` is its identity, None for a log of format 1; `ledger` the head of its ledger, None before format 3.
    """

    log: str | None
    position: int
    chain: bytes
    recorded_at: Micros | None = None
    ledger: LedgerHead | None = None

    def __str__(self) -> str:
        rows = "" if self.ledger is None else f":{self.ledger.number}:{self.ledger.chain.hex()}"
        return f"outcomes-checkpoint:{self.position}:{self.chain.hex()}:{self.log or '-'}{rows}"

    def as_json(self) -> dict[str, Any]:
        """Return the contract's answer."""
        return {
            "position": self.position,
            "chain": self.chain.hex(),
            "recorded_at": None if self.recorded_at is None else to_text(self.recorded_at),
            "events": self.position,
            "log": self.log,
            "ledger": None if self.ledger is None else self.ledger.number,
            "text": str(self),
        }


def checkpoint_of(connection: Connection, identity: str | None) -> Checkpoint:
    """Return the head of a log as this transaction sees it."""
    last = last_batch(connection)
    rows = ledger.head(connection) if format_of_tables(connection) == FORMAT else None
    if last is None:
        return Checkpoint(identity, 0, NO_CHAIN, ledger=rows)
    return Checkpoint(identity, last.last_position, last.chain, last.recorded_at, rows)


def checkpoint(log: EventLog) -> Checkpoint:
    """Return the head of the log now."""
    identity = log.identity()
    with log.reading() as connection:
        return checkpoint_of(connection, identity)


def parse_checkpoint(given: str) -> Checkpoint:
    """Read a checkpoint as a person gives it: its text, its JSON, or a file that holds either; raises UsageError."""
    text = _content_of(given).strip()
    found = _TEXT.fullmatch(text)
    if found is not None:
        log = None if found["log"] == "-" else found["log"]
        rows = None
        if found["ledger"] is not None:
            rows = LedgerHead(int(found["entries"]), bytes.fromhex(found["ledger"]))
        return Checkpoint(log, int(found["position"]), bytes.fromhex(found["chain"]), ledger=rows)
    try:
        value = orjson.loads(text)
        written = value["text"]
        read = _TEXT.fullmatch(written)
    except (orjson.JSONDecodeError, KeyError, TypeError):
        read = None
    else:
        # Both of its forms must say the same: one of them may have been edited.
        if read is not None and (str(value.get("position")), value.get("chain")) == (read["position"], read["chain"]):
            return parse_checkpoint(written)
    shown = text if len(text) <= 60 else text[:60] + "…"  # noqa: PLR2004 - a line of an error message
    raise UsageError(
        f"not a checkpoint: {shown!r}: give the text that outcomes checkpoint printed, or a file that holds it"
    )


def compare(connection: Connection, identity: str | None, before: Checkpoint) -> list[Problem]:
    """Say how a log, whose own chain is sound, differs from what it was at a checkpoint; nothing if it only grew."""
    problems = []
    if before.log is not None and identity != before.log:
        problems.append(Problem(f"this is log {identity}, the checkpoint is of log {before.log}", 1))
    head = checkpoint_of(connection, identity)
    if head.position < before.position:
        problems.append(
            Problem(
                f"the log ends at position {head.position}; at the checkpoint it went to {before.position}: "
                "it was cut back",
                head.position + 1,
            )
        )
        return problems
    if before.position == 0:
        return problems + _compare_ledger(connection, before)
    row = connection.execute("SELECT chain FROM batches WHERE last_position = ?", (before.position,)).fetchone()
    if row is None or row[0] != before.chain:
        now = "no batch ends there" if row is None else f"it is {row[0].hex()}"
        problems.append(
            Problem(
                f"positions 1 to {before.position} are not those of the checkpoint: "
                f"the chain was {before.chain.hex()} there, now {now}",
                1,
            )
        )
    return problems or _compare_ledger(connection, before)


def _compare_ledger(connection: Connection, before: Checkpoint) -> list[Problem]:
    if before.ledger is None or before.ledger.number == 0:
        return []
    number = before.ledger.number
    row = fetch_one(connection, "SELECT chain FROM ledger WHERE number = ?", (number,))
    if row is not None and row[0] == before.ledger.chain:
        return []
    what = "ends before that: it was cut back" if row is None else "says something else by then"
    return [Problem(f"the checkpoint knew entry {number} of the ledger; the ledger {what}", row=f"ledger/{number}")]


def _content_of(given: str) -> str:
    """Return what a file of that name holds, if there is one; else the text itself."""
    if _TEXT.fullmatch(given.strip()):
        return given
    path = Path(given)
    try:
        if not path.is_file():
            return given
        with path.open("rb") as file:
            return file.read(_LONGEST_FILE).decode(errors="replace")
    except (OSError, ValueError):  # too long for a name, or with a NUL in it: no file
        return given
