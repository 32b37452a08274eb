"""A ledger: every change of a guarded table is announced in a chain of hashes before it is made.

An entry says what row of which table it is about, and the hash of the row as it is from then on; none once it is
removed. So what stands in the tables can be proved: each row must be what its last entry says. The guards (triggers)
refuse whatever was not announced; that they can be dropped is why there is a chain.
"""

from collections.abc import Iterator, Mapping, Sequence
from hashlib import sha256
from typing import Any, NamedTuple

from outcomes.domain.errors import LogDamaged
from outcomes.store.connection import Connection

NO_CHAIN = b"\0" * 32
"""What the first entry is chained to."""

TABLES = (
    """CREATE TABLE IF NOT EXISTS ledger (
        number INTEGER PRIMARY KEY,
        subject TEXT NOT NULL,
        row_hash BLOB,
        chain BLOB NOT NULL)""",
    "CREATE INDEX IF NOT EXISTS ledger_subjects ON ledger (subject, number)",
)

_NAME = b"outcomes ledger 1"
_STORAGE = {int: "integer", str: "text", bytes: "blob", float: "real", type(None): "null"}

Row = tuple[Any, ...]


class Table(NamedTuple):
    """A table, its columns with the storage class that belongs in each ("?": or null), its key first."""

    name: str
    columns: Mapping[str, str]

    @property
    def key(self) -> str:
        """The column that tells its rows apart."""
        return next(iter(self.columns))

    @property
    def listed(self) -> str:
        """The columns, for a SELECT."""
        return ", ".join(self.columns)

    def subject(self, key: Any) -> str:
        """Return what the ledger calls a row."""
        return f"{self.name}/{key}"

    def faults(self, row: Sequence[Any]) -> Iterator[str]:
        """Say which values of a row are of another type than belongs there."""
        for value, (column, wanted) in zip(row, self.columns.items(), strict=True):
            found = _STORAGE[type(value)]
            if found != wanted.rstrip("?") and not (value is None and wanted.endswith("?")):
                yield f"{column} of {self.subject(row[0])} is {found}, not {wanted.rstrip('?')}"

    def checked(self, row: Row) -> Row:
        """Return a row; raises LogDamaged where a value is of another type than belongs there."""
        # Nothing else may stand between the disk and code that trusts its types.
        if [_STORAGE[type(value)] for value in row] == [*self.columns.values()]:
            return row
        for fault in self.faults(row):
            raise LogDamaged(f"{fault}: run outcomes verify, and restore the log from a backup")
        return row


LEDGER = Table("ledger", {"number": "integer", "subject": "text", "row_hash": "blob?", "chain": "blob"})


class Head(NamedTuple):
    """The last entry of a ledger."""

    number: int
    chain: bytes


def head(connection: Connection) -> Head:
    """Return the last entry; number 0 for an empty ledger."""
    row = connection.execute("SELECT number, chain FROM ledger ORDER BY number DESC LIMIT 1").fetchone()
    return Head(0, NO_CHAIN) if row is None else Head(*row)


def holds(connection: Connection, entry: Head) -> bool:
    """Say whether an entry is in the ledger: what was announced with it was committed."""
    row = connection.execute("SELECT chain FROM ledger WHERE number = ?", (entry.number,)).fetchone()
    return row is not None and row[0] == entry.chain


def insert(connection: Connection, table: Table, *row: Any, after: Head | None = None) -> None:
    """Announce a new row and add it; the values are all of its columns, in their order.

    `after` is the last entry, for who has just read it.
    """
    announce(connection, table.subject(row[0]), row_hash(row), after)
    connection.execute(f"INSERT INTO {table.name} VALUES ({', '.join('?' * len(row))})", row)


def change(connection: Connection, table: Table, *row: Any) -> None:
    """Announce what a row, known by its key, is from now on, and make it that."""
    announce(connection, table.subject(row[0]), row_hash(row))
    columns = ", ".join(f"{column} = ?" for column in list(table.columns)[1:])
    connection.execute(f"UPDATE {table.name} SET {columns} WHERE {table.key} = ?", (*row[1:], row[0]))


def take_over(connection: Connection, table: Table) -> None:
    """Enter all rows of a table as they are: from here on they are proved."""
    for row in connection.execute(f"SELECT {table.listed} FROM {table.name} ORDER BY {table.key}").fetchall():
        announce(connection, table.subject(row[0]), row_hash(row))


def next_number(connection: Connection, table: Table) -> int:
    """Return the number of the next row of a table whose key counts."""
    return int(connection.execute(f"SELECT coalesce(max({table.key}), 0) + 1 FROM {table.name}").fetchone()[0])


def announce(connection: Connection, subject: str, hashed: bytes | None, after: Head | None = None) -> None:
    """Add an entry, which follows the last: from now on the subject has this hash, or (None) is not there."""
    number, chain = after or head(connection)
    entry = (number + 1, subject, hashed)
    connection.execute("INSERT INTO ledger VALUES (?, ?, ?, ?)", (*entry, chain_after(chain, *entry)))


def row_hash(row: Sequence[Any]) -> bytes:
    """Return the hash of a row, over the type and value of every column."""
    return sha256(b"".join(map(_encoded, row))).digest()


def chain_after(previous: bytes, number: int, subject: str, hashed: bytes | None) -> bytes:
    """Return the hash that ties an entry to all before it."""
    return sha256(_NAME + previous + b"".join(map(_encoded, (number, subject, hashed)))).digest()


def guards(table: Table, *, is_alterable: bool) -> dict[str, str]:
    """Return the triggers that refuse, of a table, every change that is not the one announced last, by name."""
    name, key = table.name, table.key
    found = [_guard(name, "insert", f"INSERT ON {name} WHEN NOT {announced(name, f'NEW.{key}')}")]
    if is_alterable:
        moved = f"NEW.{key} <> OLD.{key} OR NOT {announced(name, f'NEW.{key}')}"
        gone = announced(name, f"OLD.{key}", is_removal=True)
        found += [
            _guard(name, "update", f"UPDATE ON {name} WHEN {moved}"),
            _guard(name, "delete", f"DELETE ON {name} WHEN NOT {gone}"),
        ]
    return dict(found)


def announced(table: str, key: str, *, is_removal: bool = False) -> str:
    """Return the condition that the last entry is about a row."""
    return (
        "EXISTS (SELECT 1 FROM ledger WHERE number = (SELECT max(number) FROM ledger) "
        f"AND subject = '{table}/' || {key} AND row_hash IS {'' if is_removal else 'NOT '}NULL)"
    )


def _guard(table: str, action: str, when: str) -> tuple[str, str]:
    name = f"{table}_guard_{action}"
    refusal = f"the log is immutable: {action.upper()} on {table} without its entry in the ledger is refused"
    return name, f"CREATE TRIGGER {name} BEFORE {when} BEGIN SELECT RAISE(ABORT, '{refusal}'); END"


def _encoded(value: Any) -> bytes:
    if value is None:
        return b"n;"
    if isinstance(value, bytes):
        return b"b%d;" % len(value) + value
    if isinstance(value, str):
        text = value.encode(errors="surrogatepass")
        return b"t%d;" % len(text) + text
    return f"{_STORAGE[type(value)][0]}{value!r};".encode()
