"""SQLite itself: connections, read-only access, private files, the one writer lock. Knows nothing of events."""
