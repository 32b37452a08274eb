"""Other projects on the same events in the same run, each as its own documentation says to use it."""

from scripts.bench.peers.stock import getting, saving
from scripts.bench.peers.tables import as_of

__all__ = ["as_of", "getting", "saving"]
