"""Bytes from outside: files and streams opened, decompressed and split into JSON values. Knows nothing of the log."""
