"""Crash, concurrency and hostile input: what the world does to a home, and what it still answers."""
