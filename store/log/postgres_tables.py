"""The log's tables on PostgreSQL, what refuses every change of them, and who may do what.

The tables are SQLite's, with PostgreSQL's names of the types. Triggers are ENABLE ALWAYS: they hold for the owner and a
superuser, and where replication replays; that they can be dropped is why there is a chain of hashes.
"""

from typing import NamedTuple

from outcomes.store.ledger import LEDGER
from outcomes.store.log import layout, quarantine
from outcomes.store.log.hash_chain import BATCHES
from outcomes.store.log.layout import FORMAT
from outcomes.store.log.recorder import DICTIONARIES, EVENTS, PROPERTIES, TENANTS
from outcomes.store.postgres.server import SCHEMA
from outcomes.store.privacy import keyring, settings

_TYPES = (
    (" INTEGER", " BIGINT"),
    (" BLOB", " BYTEA"),
    (" TEXT", ' TEXT COLLATE "C"'),
    (" WITHOUT ROWID", ""),
)
TYPES = {"integer": "bigint", "text": "text", "blob": "bytea"}
"""By the storage class of a column, what PostgreSQL calls it."""

TABLES = tuple(table for table in layout.ALL if table.name != keyring.TABLE.name)
"""All tables of a log that is not encrypted."""


def of_postgres(statement: str) -> str:
    """Return a statement that makes a table or index of SQLite as PostgreSQL takes it."""
    for theirs, ours in _TYPES:
        statement = statement.replace(theirs, ours)
    return statement


def statements() -> list[str]:
    """Return what makes the tables."""
    made = [of_postgres(statement) for statement in layout.tables(FORMAT, is_encrypted=False)]
    # States are compressed already.
    return [*made, "ALTER TABLE stored_events ALTER state SET STORAGE EXTERNAL"]


_REFUSE = """BEGIN
    RAISE EXCEPTION 'the log is immutable: % on % is refused', TG_OP, TG_TABLE_NAME;
END"""
_ANNOUNCED = """DECLARE
    entry ledger%ROWTYPE;
    old_key text := CASE WHEN TG_OP <> 'INSERT' THEN to_jsonb(OLD) ->> TG_ARGV[1] END;
    new_key text := CASE WHEN TG_OP <> 'DELETE' THEN to_jsonb(NEW) ->> TG_ARGV[1] END;
BEGIN
    SELECT * INTO entry FROM ledger ORDER BY number DESC LIMIT 1;
    IF entry.subject IS DISTINCT FROM TG_ARGV[0] || '/' || coalesce(new_key, old_key)
        OR (entry.row_hash IS NULL) <> (TG_OP = 'DELETE') OR old_key <> new_key
    THEN
        RAISE EXCEPTION 'the log is immutable: % on % without its entry in the ledger is refused',
            TG_OP, TG_TABLE_NAME;
    END IF;
    RETURN CASE WHEN TG_OP = 'DELETE' THEN OLD ELSE NEW END;
END"""
_FOLLOWS = """BEGIN
    IF TG_TABLE_NAME = 'ledger' THEN
        IF NEW.number = (SELECT coalesce(max(number), 0) + 1 FROM ledger) THEN RETURN NEW; END IF;
    ELSIF NEW.first_position = (SELECT coalesce(max(last_position), 0) + 1 FROM batches)
        AND NEW.last_position = (SELECT max(position) FROM stored_events)
    THEN RETURN NEW;
    END IF;
    RAISE EXCEPTION 'the log is immutable: INSERT on % out of its order is refused', TG_TABLE_NAME;
END"""
FUNCTIONS = {"log_refuse": _REFUSE, "log_announced": _ANNOUNCED, "log_follows": _FOLLOWS}
"""What the triggers do, by name."""

_ROW, _BEFORE, _INSERT, _DELETE, _UPDATE, _TRUNCATE = (1 << bit for bit in range(6))
_EVENTS = {"INSERT": _INSERT, "DELETE": _DELETE, "UPDATE": _UPDATE, "TRUNCATE": _TRUNCATE}


class Guard(NamedTuple):
    """A trigger: `events` as SQL says them, for each row or once a statement."""

    table: str
    name: str
    events: tuple[str, ...]
    each_row: bool
    function: str
    arguments: tuple[str, ...] = ()

    @property
    def kind(self) -> int:
        """What pg_trigger.tgtype says of it."""
        return _BEFORE + self.each_row * _ROW + sum(_EVENTS[event] for event in self.events)

    def statements(self) -> list[str]:
        """Return what makes it."""
        when, each = " OR ".join(self.events), "ROW" if self.each_row else "STATEMENT"
        given = ", ".join(f"'{argument}'" for argument in self.arguments)
        does = f"EXECUTE FUNCTION {SCHEMA}.{self.function}({given})"
        return [
            f"CREATE TRIGGER {self.name} BEFORE {when} ON {self.table} FOR EACH {each} {does}",
            f"ALTER TABLE {self.table} ENABLE ALWAYS TRIGGER {self.name}",
        ]


_ENTRIES, _PARTS = quarantine.TABLE.name, quarantine.PARTS.name


def _guards() -> list[Guard]:
    whole = ("UPDATE", "DELETE", "TRUNCATE")
    found = [
        Guard(table.name, f"{table.name}_refuse", whole, each_row=False, function="log_refuse")
        for table in (EVENTS, BATCHES, TENANTS, DICTIONARIES, PROPERTIES, settings.TABLE, LEDGER)
    ]
    found += [
        Guard(name, f"{name}_refuse", ("TRUNCATE",), each_row=False, function="log_refuse")
        for name in (_ENTRIES, _PARTS)
    ]
    found += [
        Guard(table.name, f"{table.name}_guard", ("INSERT",), True, "log_announced", (table.name, table.key))
        for table in (BATCHES, TENANTS, DICTIONARIES, PROPERTIES, settings.TABLE)
    ]
    of_entry = (_ENTRIES, quarantine.TABLE.key)
    found += [
        Guard(_ENTRIES, "quarantine_guard", ("INSERT", "UPDATE", "DELETE"), True, "log_announced", of_entry),
        Guard(_PARTS, "quarantine_parts_guard", ("INSERT", "DELETE"), True, "log_announced", of_entry),
        Guard(_PARTS, "quarantine_parts_fixed", ("UPDATE",), False, "log_refuse"),
        Guard(LEDGER.name, "ledger_follows", ("INSERT",), True, "log_follows"),
        Guard(BATCHES.name, "batches_follows", ("INSERT",), True, "log_follows"),
    ]
    return found


GUARDS = tuple(_guards())
"""Every trigger."""


def arming() -> list[str]:
    """Return what makes the functions and triggers."""
    functions = [
        f"CREATE OR REPLACE FUNCTION {SCHEMA}.{name}() RETURNS trigger LANGUAGE plpgsql "
        f"SET search_path = {SCHEMA}, pg_temp AS $guard${body}$guard$"
        for name, body in FUNCTIONS.items()
    ]
    return [*functions, *(statement for guard in GUARDS for statement in guard.statements())]


WRITER, READER, ANALYST = "outcomes_writer", "outcomes_reader", "outcomes_analyst"
"""Who appends, who reads all (a node, a proof), and who reads what is of tenants of theirs (BI)."""
TENANT_ROLE = "outcomes_tenant_"
"""With a tenant's number in six digits: whose events an analyst reads."""

_MAY_SEE = (
    f"SELECT substr(rolname, {len(TENANT_ROLE) + 1}) FROM pg_catalog.pg_roles "
    f"WHERE starts_with(rolname::text, '{TENANT_ROLE}') AND pg_has_role(oid, 'member')"
)
ROLES = (WRITER, READER, ANALYST)
_BATCH_TIMES = "last_position, first_position, recorded_at, max_event_time"


def grants() -> list[str]:
    """Return what gives the roles their rights, as `init` prints it."""
    number = "lpad(number::text, greatest(6, length(number::text)), '0')"
    secured = [
        statement
        for table, its_tenant in ((EVENTS.name, "split_part(originator_id, '/', 1)"), (TENANTS.name, number))
        for statement in _secured(table, its_tenant)
    ]
    return [
        f"GRANT USAGE ON SCHEMA {SCHEMA} TO {', '.join(ROLES)}",
        # A batch is copied to a temporary table first. Everybody may make one, where nobody has revoked it.
        f"DO $$ BEGIN EXECUTE format('GRANT TEMPORARY ON DATABASE %I TO {WRITER}', current_database()); END $$",
        f"GRANT SELECT, INSERT ON ALL TABLES IN SCHEMA {SCHEMA} TO {WRITER}",
        f"GRANT UPDATE ON {SCHEMA}.quarantine TO {WRITER}",
        f"GRANT SELECT ON ALL TABLES IN SCHEMA {SCHEMA} TO {READER}",
        f"GRANT SELECT ON {SCHEMA}.stored_events, {SCHEMA}.tenants TO {ANALYST}",
        # What a batch was read from may name others' files.
        f"GRANT SELECT ({_BATCH_TIMES}) ON {SCHEMA}.batches TO {ANALYST}",
        *secured,
    ]


def _secured(table: str, its_tenant: str) -> list[str]:
    """Return what lets analysts see those rows of a table that are of their tenants."""
    policies = [
        ("everybody", READER, "SELECT", "USING (true)"),
        ("appends", WRITER, "ALL", "USING (true) WITH CHECK (true)"),
        ("of_tenants", ANALYST, "SELECT", f"USING ({its_tenant} IN ({_MAY_SEE}))"),
    ]
    made = [
        statement
        for name, role, command, condition in policies
        for statement in (
            f"DROP POLICY IF EXISTS {name} ON {SCHEMA}.{table}",
            f"CREATE POLICY {name} ON {SCHEMA}.{table} FOR {command} TO {role} {condition}",
        )
    ]
    return [f"ALTER TABLE {SCHEMA}.{table} ENABLE ROW LEVEL SECURITY", *made]
