"""The immutable log: one stream per entity on the eventsourcing library, batches, hash chain, quarantine."""
