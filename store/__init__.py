"""The immutable event log on disk, and the way events get into it and out of it. Knows nothing of views."""
