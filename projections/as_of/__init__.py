"""One point in both times, and what stands there: versions, tree, names, fingerprint."""
