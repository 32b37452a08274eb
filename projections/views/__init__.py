"""The read model: versions of every entity in views.db, followed from the log."""
