-- The layout of log.db in format 1, as it made it: what a migration must take.
CREATE TABLE stored_events (
        position INTEGER PRIMARY KEY,
        originator_id TEXT NOT NULL,
        originator_version INTEGER NOT NULL,
        topic TEXT NOT NULL,
        state BLOB NOT NULL,
        content_hash BLOB NOT NULL,
        UNIQUE (originator_id, originator_version));
CREATE TABLE batches (
        last_position INTEGER PRIMARY KEY,
        first_position INTEGER NOT NULL,
        recorded_at INTEGER NOT NULL,
        source TEXT NOT NULL,
        max_event_time INTEGER NOT NULL,
        chain BLOB NOT NULL);
CREATE TABLE tenants (number INTEGER PRIMARY KEY, uuid TEXT NOT NULL UNIQUE);
CREATE TABLE dictionaries (number INTEGER PRIMARY KEY, bytes BLOB NOT NULL);
CREATE TABLE properties (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TRIGGER stored_events_refuse_update BEFORE UPDATE ON stored_events BEGIN SELECT RAISE(ABORT, 'the log is immutable: UPDATE on stored_events is refused'); END;
CREATE TRIGGER stored_events_refuse_delete BEFORE DELETE ON stored_events BEGIN SELECT RAISE(ABORT, 'the log is immutable: DELETE on stored_events is refused'); END;
CREATE TRIGGER batches_refuse_update BEFORE UPDATE ON batches BEGIN SELECT RAISE(ABORT, 'the log is immutable: UPDATE on batches is refused'); END;
CREATE TRIGGER batches_refuse_delete BEFORE DELETE ON batches BEGIN SELECT RAISE(ABORT, 'the log is immutable: DELETE on batches is refused'); END;
CREATE TRIGGER tenants_refuse_update BEFORE UPDATE ON tenants BEGIN SELECT RAISE(ABORT, 'the log is immutable: UPDATE on tenants is refused'); END;
CREATE TRIGGER tenants_refuse_delete BEFORE DELETE ON tenants BEGIN SELECT RAISE(ABORT, 'the log is immutable: DELETE on tenants is refused'); END;
CREATE TRIGGER dictionaries_refuse_update BEFORE UPDATE ON dictionaries BEGIN SELECT RAISE(ABORT, 'the log is immutable: UPDATE on dictionaries is refused'); END;
CREATE TRIGGER dictionaries_refuse_delete BEFORE DELETE ON dictionaries BEGIN SELECT RAISE(ABORT, 'the log is immutable: DELETE on dictionaries is refused'); END;
CREATE TRIGGER properties_refuse_update BEFORE UPDATE ON properties BEGIN SELECT RAISE(ABORT, 'the log is immutable: UPDATE on properties is refused'); END;
CREATE TRIGGER properties_refuse_delete BEFORE DELETE ON properties BEGIN SELECT RAISE(ABORT, 'the log is immutable: DELETE on properties is refused'); END;
CREATE TRIGGER batches_refuse_replace BEFORE INSERT ON batches WHEN EXISTS (SELECT 1 FROM batches WHERE last_position = NEW.last_position) BEGIN SELECT RAISE(ABORT, 'the log is immutable: REPLACE on batches is refused'); END;
CREATE TRIGGER tenants_refuse_replace BEFORE INSERT ON tenants WHEN EXISTS (SELECT 1 FROM tenants WHERE number = NEW.number OR uuid = NEW.uuid) BEGIN SELECT RAISE(ABORT, 'the log is immutable: REPLACE on tenants is refused'); END;
CREATE TRIGGER dictionaries_refuse_replace BEFORE INSERT ON dictionaries WHEN EXISTS (SELECT 1 FROM dictionaries WHERE number = NEW.number) BEGIN SELECT RAISE(ABORT, 'the log is immutable: REPLACE on dictionaries is refused'); END;
CREATE TRIGGER properties_refuse_replace BEFORE INSERT ON properties WHEN EXISTS (SELECT 1 FROM properties WHERE name = NEW.name) BEGIN SELECT RAISE(ABORT, 'the log is immutable: REPLACE on properties is refused'); END;
CREATE TABLE quarantine (
        number INTEGER PRIMARY KEY,
        digest BLOB NOT NULL UNIQUE,
        first_seen INTEGER NOT NULL,
        last_seen INTEGER NOT NULL,
        times INTEGER NOT NULL,
        source TEXT NOT NULL,
        line INTEGER NOT NULL,
        reason TEXT NOT NULL,
        bytes INTEGER NOT NULL,
        taken_at INTEGER);
CREATE TABLE quarantine_parts (
        number INTEGER NOT NULL REFERENCES quarantine (number),
        part INTEGER NOT NULL,
        content BLOB NOT NULL,
        PRIMARY KEY (number, part));
